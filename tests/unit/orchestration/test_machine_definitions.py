import copy
import json
import re
from pathlib import Path

import pytest

from fleet.databases import Limits
from fleet.function_deaths import DEATHS
from fleet.quotas import SFN_HISTORY_EVENTS
from localcloud.stepfunctions.language.retries import matches
from orchestration.definitions import (
    DefinitionNotBoundError,
    DefinitionNotFoundError,
    bind,
    load,
    placeholders,
)
from orchestration.lint.machine import Machine, State
from orchestration.lint.retriers import WAITING


def test_both_machines_can_be_loaded_and_want_their_handlers() -> None:
    assert placeholders(load("fleet-run")) == {"PlanRun", "CloseRun", "DatabaseRun"}
    assert {"ClaimDatabase", "Conclude"} <= placeholders(load("database-run"))


def test_an_unknown_machine_is_refused_with_the_known_ones() -> None:
    with pytest.raises(DefinitionNotFoundError, match=r"'fleet_run'.* Known: database-run, fleet-run"):
        load("fleet_run")


@pytest.mark.parametrize("name", ["fleet-run", "database-run"])
def test_a_bound_definition_has_every_value_in_its_place_and_no_placeholder(name: str) -> None:
    definition = load(name)
    values = {each: f"arn:aws:lambda:eu-central-1:123456789012:function:{each}" for each in placeholders(definition)}
    bound = bind(definition, values)
    assert placeholders(bound) == frozenset()
    text = json.dumps(definition)
    for each, value in values.items():
        text = text.replace(f"${{{each}}}", value)
    assert bound == json.loads(text)


def test_binding_leaves_the_definition_as_it_was() -> None:
    definition = {"States": {"A": {"Resource": "${A}", "Retry": [{"ErrorEquals": ["${E}"]}]}}}
    before = copy.deepcopy(definition)
    assert bind(definition, {"A": "x", "E": "y"})["States"]["A"]["Retry"] == [{"ErrorEquals": ["y"]}]
    assert definition == before


def test_a_number_becomes_a_number() -> None:
    assert bind({"TimeoutSeconds": "${Seconds}"}, {"Seconds": 60}) == {"TimeoutSeconds": 60}


def test_unbound_placeholders_and_unused_values_are_listed_together() -> None:
    with pytest.raises(DefinitionNotBoundError, match="no value: A, C; unused: D, E") as caught:
        bind({"a": "${A}", "b": "${B}", "c": "${C}"}, {"B": "x", "E": "x", "D": "x"})
    assert "exactly one value for each placeholder" in str(caught.value)


def test_a_placeholder_within_a_longer_text_is_not_one() -> None:
    definition = {"a": "arn:${A}", "b": "States.Format('{}', $.run)"}
    assert placeholders(definition) == frozenset()
    assert bind(definition, {}) == definition


def test_a_database_has_time_for_its_longest_load_and_for_half_a_day_at_most_and_the_fleet_for_a_day() -> None:
    """An execution ends by its own clock first: the Task that waits for it gives it ten minutes more."""
    database_run, fleet_run = load("database-run"), load("fleet-run")
    (waits,) = [state.fields for state in Machine(fleet_run, {}).states if state.name == "RunDatabase"]
    limits = Limits()
    before_the_load = 2 * limits.claim_wait_seconds + limits.test_deadline_seconds * 2
    assert before_the_load + limits.task_deadline_seconds < database_run["TimeoutSeconds"] == 12 * 3600
    assert database_run["TimeoutSeconds"] < waits["TimeoutSeconds"] < fleet_run["TimeoutSeconds"] == 24 * 3600


@pytest.mark.parametrize("name", ["fleet-run", "database-run"])
def test_every_function_is_retried_after_each_fault_of_lambdas_own(name: str) -> None:
    machine = Machine(load(name), {})
    for state in machine.states:
        if state.is_lambda:
            retried = {error for one in state.handlers("Retry") for error in one["ErrorEquals"]}
            # Source: https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html
            assert retried >= {
                "Lambda.ClientExecutionTimeoutException",
                "Lambda.ServiceException",
                "Lambda.AWSLambdaException",
                "Lambda.SdkClientException",
                "Lambda.TooManyRequestsException",
                "Lambda.Unknown",
            }, state.name


def attempts(state: State, error: str) -> int:
    """How often Step Functions tries *state* again after *error*: by the first retrier that means it."""
    for one in state.handlers("Retry"):
        if matches(frozenset(one["ErrorEquals"]), error):
            return one["MaxAttempts"]
    return 0


@pytest.mark.parametrize("name", ["fleet-run", "database-run"])
def test_a_function_that_dies_is_tried_again_a_few_times_and_what_comes_again_is_not(name: str) -> None:
    for state in Machine(load(name), {}).states:
        if state.is_lambda:
            tried = {error: attempts(state, error) for error in DEATHS}
            assert tried == {error: 2 if death.may_pass else 0 for error, death in DEATHS.items()}, state.name
            for error in ("ClaimLostError", "DatabaseNotOkError", "RunNotOkError", "QuotaExceededError"):
                assert attempts(state, error) == 0, (state.name, error)
            assert attempts(state, "TransientError") == 8, state.name
            assert attempts(state, "ThrottledError") == (8 if state.name in WAITING else 120), state.name


def test_the_states_that_wait_by_themselves_are_those_whose_handlers_do() -> None:
    handlers = (Path(__file__).parents[3] / "lambdas" / "handlers").glob("*_run/*.py")
    texts = [file.read_text(encoding="utf-8") for file in handlers]
    found = {
        name for text in texts for name in re.findall(r'entrypoint\("(\w+)", Request, waiting_when_throttled', text)
    }
    assert found == WAITING


@pytest.mark.parametrize("name", ["fleet-run", "database-run"])
def test_an_account_that_runs_no_more_functions_ends_no_execution_before_its_own_time_is_up(name: str) -> None:
    definition = load(name)
    for state in Machine(definition, {}).states:
        if state.is_lambda:
            (one,) = [
                each for each in state.handlers("Retry") if "Lambda.TooManyRequestsException" in each["ErrorEquals"]
            ]
            assert one["ErrorEquals"] == ["Lambda.TooManyRequestsException"]
            # A wait of FULL jitter is half of the longest delay in the mean; each attempt writes three events.
            mean_seconds = one["MaxDelaySeconds"] / 2
            assert one["MaxAttempts"] * mean_seconds > definition["TimeoutSeconds"], state.name
            assert definition["TimeoutSeconds"] / mean_seconds * 3 < SFN_HISTORY_EVENTS.value, state.name


def test_a_throttled_start_is_tried_again_and_a_database_that_failed_is_not() -> None:
    (start,) = [state for state in Machine(load("fleet-run"), {}).states if state.name == "RunDatabase"]
    assert attempts(start, "StepFunctions.ThrottlingException") == 9999
    assert attempts(start, "StepFunctions.AWSStepFunctionsException") == 60
    assert [attempts(start, error) for error in ("States.TaskFailed", "States.Timeout")] == [0, 0]
