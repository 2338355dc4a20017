"""A redrive heals: whatever ended red goes on, once its cause is gone, as if nothing had been."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from cases import FULL_RUN, Case, Cases
from fleet.names import function_arn, warehouse_schema
from orchestration.definitions import bind, load
from orchestration.functions import DATABASE_RUN

CASE_COUNT = 48
RUN = "broken-night"
TIMES = 3  # one more than Step Functions calls a function again that died
FENCED = FULL_RUN[1 : FULL_RUN.index("RecordOutcome")]


def fleet_run_arn(run: str) -> str:
    return f"arn:aws:states:eu-central-1:123456789012:execution:fleet-fleet-run:{run}"


def message(described: Mapping[str, Any]) -> str:
    return json.loads(described["cause"])["errorMessage"]


def entered(case: Case, execution: str) -> list[str]:
    """The task states that the execution entered, in order."""
    pages = case.cloud.aws.client("stepfunctions").get_paginator("get_execution_history")
    names = (
        event["stateEnteredEventDetails"]["name"]
        for page in pages.paginate(executionArn=execution)
        for event in page["events"]
        if "stateEnteredEventDetails" in event
    )
    return [name for name in names if name in FULL_RUN]


@dataclass
class Story:
    """One night and what became of it. *broken*: a case for each state whose function died for good.

    *red*: a case whose source was closed. *ends*: descriptions by step; *outcomes*: of *red*, by the same steps.
    """

    broken: dict[str, Case]
    red: Case
    guesses: dict[str, Mapping[str, Any]]
    ends: dict[str, Mapping[str, Any]]
    outcomes: dict[str, Mapping[str, Any]]
    healed: dict[str, Mapping[str, Any]]


@pytest.fixture(scope="module")
def story(cases: Cases) -> Story:
    """A night in which a function died for good at every state and a source was closed; then redrive upon redrive."""
    broken, red = {state: cases.take() for state in FULL_RUN}, cases.take()
    for state, case in broken.items():
        for _ in range(TIMES):
            case.cloud.faults.add(case.id, f"killed-handler:{state}:0")
    red.close_source()
    ids = [case.id for case in (*broken.values(), red)]
    story = Story(broken, red, {}, {"night": cases.run_night(RUN, databases=ids)}, {}, {})
    for case in (*broken.values(), red):
        case.run = RUN
    cases.time.pass_seconds(7200)  # on call looks at it in the morning
    story.guesses = {state: case.outcome for state, case in broken.items()}
    story.outcomes["night"] = red.outcome
    again = {state: cases.start_redrive(case.execution_arn(RUN)) for state, case in broken.items()}
    story.healed = {state: cases.time.until(end) for state, end in again.items()}
    story.ends["cause still there"] = cases.redrive(red.execution_arn(RUN))
    story.outcomes["cause still there"] = red.outcome
    story.ends["run, one red"] = cases.redrive(fleet_run_arn(RUN))
    red.close_source(is_closed=False)
    story.ends["cause gone"] = cases.redrive(red.execution_arn(RUN))
    story.outcomes["cause gone"] = red.outcome
    story.ends["run, none red"] = cases.redrive(fleet_run_arn(RUN))
    return story


# At every state


@pytest.mark.parametrize("state", FULL_RUN)
def test_a_database_whose_function_died_for_good_is_healed_by_a_redrive_with_the_same_attempt(
    story: Story, state: str
) -> None:
    case = story.broken[state]
    assert (story.healed[state]["status"], story.healed[state]["redriveCount"]) == ("SUCCEEDED", 1)
    outcome = case.outcome
    assert (outcome["outcome"], int(outcome["attempt"]), bool(outcome.get("guessed"))) == ("ok", 1, False)
    assert outcome["table_count"] == 4
    claim = case.cloud.clients.ledger.claim(case.id)
    assert (claim.number, claim.holder) == (1, "")
    assert case.task["Status"] == "stopped"


@pytest.mark.parametrize("state", FULL_RUN)
def test_a_redriven_execution_goes_on_in_the_state_in_which_it_ended(story: Story, state: str) -> None:
    states = list(dict.fromkeys(entered(story.broken[state], story.broken[state].execution_arn(RUN))))
    assert states == list(FULL_RUN)


@pytest.mark.parametrize("state", FULL_RUN)
def test_a_database_that_could_not_speak_for_itself_is_guessed_to_have_failed(story: Story, state: str) -> None:
    guess = story.guesses[state]
    if FULL_RUN.index(state) > FULL_RUN.index("RecordOutcome"):  # it had spoken
        assert (guess["outcome"], guess["guessed"]) == ("ok", False)
    else:
        seen = [guess[name] for name in ("outcome", "failure_class", "failure_name", "guessed")]
        assert seen == ["failed", "function_died", "FunctionExited", True]
        assert (
            f"execution {RUN}-{story.broken[state].id}-0 ended FAILED in {state}: its function" in guess["failure_text"]
        )


@pytest.mark.parametrize("state", FULL_RUN)
def test_what_a_redriven_execution_publishes_is_the_source_once(story: Story, state: str) -> None:
    case = story.broken[state]
    schema = warehouse_schema(case.id, "public")
    found = case.ask_warehouse(f'SELECT ID, WHAT FROM "FLEET"."{schema}"."ORDERS"')
    assert [[str(value) for value in row] for row in found] == [[str(n), f"order {n}"] for n in range(1, 6)]


# Red at Conclude


def test_the_night_is_red_and_the_red_database_says_why(story: Story) -> None:
    assert story.ends["night"]["error"] == "RunNotOkError"
    outcome = story.outcomes["night"]
    assert (outcome["outcome"], outcome["failure_name"]) == ("failed", "SourceNotAnswering")
    assert (int(outcome["attempt"]), int(outcome["redrive_count"])) == (1, 0)


def test_a_red_database_redriven_while_its_cause_is_there_is_red_again_after_one_more_attempt(story: Story) -> None:
    outcome = story.outcomes["cause still there"]
    assert story.ends["cause still there"]["error"] == "DatabaseNotOkError"
    assert (outcome["outcome"], outcome["failure_name"]) == ("failed", "SourceNotAnswering")
    assert (int(outcome["attempt"]), int(outcome["redrive_count"])) == (2, 1)


def test_a_red_database_redriven_after_its_cause_is_gone_is_ok_in_a_new_attempt_and_folder(story: Story) -> None:
    outcome = story.outcomes["cause gone"]
    assert story.ends["cause gone"]["status"] == "SUCCEEDED"
    assert outcome["outcome"] == "ok"
    assert (int(outcome["attempt"]), int(outcome["redrive_count"])) == (3, 2)
    assert {key.rsplit("/public/")[0].removesuffix("/_manifest.json") for key in story.red.objects()} == {
        f"{story.red.id}/full/{RUN}/000003"
    }
    assert {int(table["attempt"]) for table in story.red.tables.values()} == {3}


def test_a_run_redriven_while_a_database_is_red_stays_red_and_names_it_alone(story: Story) -> None:
    ended = story.ends["run, one red"]
    assert (ended["status"], ended["error"]) == ("FAILED", "RunNotOkError")
    assert message(ended).startswith(f"1 of 15 databases of run {RUN} did not end ok: {story.red.id} (connection).")


def test_a_run_redriven_once_its_databases_are_ok_counts_again_and_is_green(story: Story) -> None:
    ended = story.ends["run, none red"]
    assert ended["status"] == "SUCCEEDED"
    assert json.loads(ended["output"])["outcomes"] == {"ok": 15}
    report = json.loads(story.red.read_control(f"runs/{RUN}/report.json"))
    assert {one["outcome"] for one in report["outcomes"]} == {"ok"}


def test_a_run_redriven_at_its_end_starts_no_database_again(story: Story) -> None:
    machines = story.red.cloud.aws.client("stepfunctions")
    pages = machines.get_paginator("list_executions").paginate(
        stateMachineArn=story.red.cloud.machine_arns["database-run"]
    )
    names = {one["name"] for page in pages for one in page["executions"] if one["name"].startswith(RUN)}
    assert names == {f"{RUN}-{case.id}-0" for case in (*story.broken.values(), story.red)}


# In the middle of the load


@pytest.fixture
def loading(cases: Cases, case: Case) -> str:
    """An execution whose task runs and never ends, because nothing moves in it any more."""
    case.plan()
    case.cloud.faults.add(case.id, "task-stuck")
    cases.execute("database-run", f"{case.run}-{case.id}-0", {"run": case.run, "database": case.id, "mode": "full"})
    cases.time.pass_seconds(200)
    assert case.task["Status"] == "running"
    return case.execution_arn(case.run)


def test_an_execution_that_was_aborted_in_the_middle_of_its_load_is_healed_by_one_redrive(
    cases: Cases, case: Case, loading: str
) -> None:
    case.cloud.aws.client("stepfunctions").stop_execution(executionArn=loading)
    cases.time.pass_seconds(700)
    assert (case.task["Status"], case.outcome["failure_class"], case.outcome["guessed"]) == (
        "stopped",
        "cancelled",
        True,
    )
    case.cloud.faults.clear(case.id)
    assert cases.redrive(loading)["status"] == "SUCCEEDED"
    outcome = case.outcome
    assert (outcome["outcome"], int(outcome["attempt"]), int(outcome["redrive_count"])) == ("ok", 2, 1)


@contextmanager
def ending_after(cases: Cases, seconds: int) -> Iterator[None]:
    """Executions of database-run that start meanwhile time out after *seconds*."""
    machines, arn = cases.cloud.aws.client("stepfunctions"), cases.cloud.machine_arns["database-run"]
    arns = {name: function_arn("123456789012", "eu-central-1", "fleet", name) for name in DATABASE_RUN}
    definition = bind(load("database-run"), arns)
    machines.update_state_machine(stateMachineArn=arn, definition=json.dumps({**definition, "TimeoutSeconds": seconds}))
    try:
        yield
    finally:
        machines.update_state_machine(stateMachineArn=arn, definition=json.dumps(definition))


def test_an_execution_that_timed_out_is_guessed_unknown_and_healed_by_one_redrive(cases: Cases, case: Case) -> None:
    case.plan()
    case.cloud.faults.add(case.id, "task-stuck")
    content = {"run": case.run, "database": case.id, "mode": "full"}
    with ending_after(cases, 900):
        ended = cases.time.until(cases.execute("database-run", f"{case.run}-{case.id}-0", content))
    assert ended["status"] == "TIMED_OUT"
    cases.time.pass_seconds(700)
    assert (case.task["Status"], case.outcome["failure_class"], case.outcome["guessed"]) == ("stopped", "unknown", True)
    case.cloud.faults.clear(case.id)
    assert cases.redrive(case.execution_arn(case.run))["status"] == "SUCCEEDED"
    assert (case.outcome["outcome"], int(case.outcome["attempt"])) == ("ok", 2)


def test_an_execution_broken_off_whose_cause_is_still_there_makes_one_more_attempt_and_no_other(
    cases: Cases, case: Case, loading: str
) -> None:
    case.cloud.aws.client("stepfunctions").stop_execution(executionArn=loading)
    cases.time.pass_seconds(60)
    ended = cases.redrive(loading)
    assert (ended["error"], case.outcome["failure_name"], int(case.outcome["attempt"])) == (
        "DatabaseNotOkError",
        "TaskStuck",
        2,
    )


# Taken over meanwhile


def test_a_redriven_execution_whose_database_was_taken_over_is_refused_with_the_newer_attempt(
    cases: Cases, case: Case, loading: str
) -> None:
    case.cloud.aws.client("stepfunctions").stop_execution(executionArn=loading)
    case.cloud.faults.clear(case.id)
    assert cases.run_night(f"later-{case.id}", databases=[case.id])["status"] == "SUCCEEDED"
    before = case.everything()
    ended = cases.redrive(loading)
    assert (ended["status"], ended["error"]) == ("FAILED", "ClaimLostError")
    assert message(ended).startswith(f"attempt 1 at {case.id} may not act: the newest is 2, held by nobody")
    cases.time.pass_seconds(60)
    assert case.everything() == before


def test_a_run_that_was_aborted_is_redriven_to_the_end_by_executions_of_another_name(cases: Cases, case: Case) -> None:
    run = f"aborted-{case.id}"
    case.cloud.faults.add(case.id, "task-stuck")
    cases.execute("fleet-run", run, {"mode": "full", "databases": [case.id]})
    cases.time.pass_seconds(200)
    case.cloud.aws.client("stepfunctions").stop_execution(executionArn=fleet_run_arn(run))
    cases.time.pass_seconds(120)
    case.run = run
    assert cases.describe(case.execution_arn(run))["status"] == "ABORTED"
    case.cloud.faults.clear(case.id)
    assert cases.redrive(fleet_run_arn(run))["status"] == "SUCCEEDED"
    assert case.outcome["execution"] == case.execution_arn(run).removesuffix("0") + "1"
    assert (case.outcome["outcome"], int(case.outcome["attempt"])) == ("ok", 2)
