"""What an execution that broke off leaves behind: its task stopped, a guess written; by event, and by sweep."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from cases import Case, Cases

CASE_COUNT = 48
FLEET_RUN = "arn:aws:states:eu-central-1:123456789012:stateMachine:fleet-fleet-run"
RULE = "fleet-recorder"


def input_of(case: Case, **content: Any) -> dict[str, Any]:
    return {"run": case.run, "database": case.id, "mode": "full", **content}


def begin(cases: Cases, case: Case, name: str = "", **content: Any) -> str:
    """An execution of database-run in the middle of a load that never ends; its ARN."""
    if not case.cloud.clients.records.find_plan(case.run):
        case.plan()
    case.cloud.faults.add(case.id, "task-stuck")
    name = name or f"{case.run}-{case.id}-0"
    cases.execute("database-run", name, input_of(case, **content))
    execution = f"arn:aws:states:eu-central-1:123456789012:execution:fleet-database-run:{name}"
    for _ in range(20):
        cases.time.pass_seconds(100)
        claim = case.cloud.clients.ledger.claim(case.id)
        if (claim.holder, case.task["Status"]) == (execution, "running"):
            return execution
    raise AssertionError(f"{name} does not load: the task is {case.task['Status']}")


@pytest.fixture(autouse=True)
def nothing_left_running(cases: Cases) -> Iterator[None]:
    """What a test leaves running ends with it: it would be worked on through all the time that later tests let pass."""
    yield
    machines = cases.cloud.aws.client("stepfunctions")
    arn = cases.cloud.machine_arns["database-run"]
    for one in machines.list_executions(stateMachineArn=arn, statusFilter="RUNNING")["executions"]:
        machines.stop_execution(executionArn=one["executionArn"])
        cases.time.pass_seconds(700)


def stop(case: Case, execution: str) -> None:
    """Abort it as a person does in the console, and let its task come to rest."""
    case.cloud.aws.client("stepfunctions").stop_execution(executionArn=execution)
    case.time.pass_seconds(700)


def tell(cases: Cases, execution: str, status: str = "ABORTED", redrive_count: int = 0) -> dict[str, Any]:
    """EventBridge's event once more, or late."""
    machine = "fleet-run" if ":fleet-fleet-run:" in execution else "database-run"
    detail = {
        "executionArn": execution,
        "stateMachineArn": cases.cloud.machine_arns[machine],
        "name": execution.rpartition(":")[2],
        "status": status,
        "redriveCount": redrive_count,
    }
    return cases.invoke("Recorder", {"source": "aws.states", "detail": detail})


def sweep(cases: Cases) -> dict[str, Any]:
    return cases.invoke("Sweep", {"fleet_run": FLEET_RUN})


@contextmanager
def deaf(cases: Cases) -> Iterator[None]:
    """The rule is disabled: every event is lost."""
    events = cases.cloud.aws.client("events")
    events.disable_rule(Name=RULE)
    try:
        yield
    finally:
        events.enable_rule(Name=RULE)


NOTHING = {"guessed": False, "tasks_stopped": 0, "loads_cancelled": 0, "children_stopped": 0, "closed": False}


# An execution of database-run


def test_an_aborted_execution_has_its_task_stopped_and_its_outcome_guessed_by_the_rule_alone(
    cases: Cases, case: Case
) -> None:
    stop(case, begin(cases, case))
    assert case.task["Status"] == "stopped"
    outcome = case.outcome
    seen = [outcome[name] for name in ("outcome", "failure_class", "failure_name", "guessed", "attempt")]
    assert seen == ["failed", "cancelled", "ExecutionBrokenOff", True, 1]
    assert re.search(
        r"ended ABORTED in (PollTask|WaitForRows) and recorded nothing after StartTask", outcome["failure_text"]
    )


def test_the_claim_of_an_aborted_execution_stays_with_it_so_that_a_redrive_can_go_on(cases: Cases, case: Case) -> None:
    execution = begin(cases, case)
    stop(case, execution)
    assert case.cloud.clients.ledger.claim(case.id).holder == execution


def test_an_event_that_comes_twice_changes_nothing_the_second_time(cases: Cases, case: Case) -> None:
    execution = begin(cases, case)
    stop(case, execution)
    before = case.everything()
    assert tell(cases, execution) == NOTHING
    assert case.everything() == before


def test_an_execution_whose_function_died_each_time_is_guessed_with_the_state_and_what_happened(
    cases: Cases, case: Case
) -> None:
    case.plan()
    case.cloud.faults.add(case.id, "dies-each-time:Reconcile:timed-out")
    cases.time.until(cases.execute("database-run", f"{case.run}-{case.id}-0", input_of(case)))
    case.time.pass_seconds(1)
    assert (case.outcome["failure_class"], case.outcome["guessed"]) == ("function_died", True)
    assert " in Reconcile: its function ran out of its 60 s, each time" in case.outcome["failure_text"]
    assert [one.times for one in case.cloud.faults.struck() if one.database == case.id] == [3]


def test_an_execution_that_ran_out_of_time_is_recorded_as_too_long_and_its_task_stopped(
    cases: Cases, case: Case
) -> None:
    machines = cases.cloud.aws.client("stepfunctions")
    described = machines.describe_state_machine(stateMachineArn=cases.cloud.machine_arns["database-run"])
    short = json.dumps({**json.loads(described["definition"]), "TimeoutSeconds": 600})
    arn = machines.create_state_machine(name="short-database-run", definition=short, roleArn=described["roleArn"])[
        "stateMachineArn"
    ]
    case.plan()
    case.cloud.faults.add(case.id, "task-stuck")
    started = machines.start_execution(stateMachineArn=arn, name=case.id, input=json.dumps(input_of(case)))
    ended = cases.time.until(cases.cloud.machines.ended(started["executionArn"]))
    assert (ended["status"], case.task["Status"]) == ("TIMED_OUT", "running")
    detail = {"executionArn": ended["executionArn"], "stateMachineArn": arn, "name": case.id, "status": "TIMED_OUT"}
    assert cases.invoke("Recorder", {"source": "aws.states", "detail": detail})["tasks_stopped"] == 1
    seen = [case.outcome[name] for name in ("outcome", "failure_class", "failure_name", "guessed", "attempt")]
    assert seen == ["failed", "unknown", "ExecutionTooLong", True, 1]
    text = case.outcome["failure_text"]
    assert f"execution {case.id} ended TIMED_OUT in " in text
    assert "and recorded nothing after StartTask" in text


def test_an_execution_that_ended_red_by_its_own_word_is_left_as_it_is(cases: Cases, case: Case) -> None:
    case.ask_source("UPDATE orders SET amount = 'NaN' WHERE id = 1")
    case.plan()
    cases.time.until(cases.execute("database-run", f"{case.run}-{case.id}-0", input_of(case)))
    before = case.everything()
    assert tell(cases, case.execution_arn(case.run), "FAILED") == NOTHING
    assert case.everything() == before
    assert (case.outcome["outcome"], case.outcome["guessed"]) == ("partial", False)


def test_an_event_of_before_a_redrive_does_nothing(cases: Cases, case: Case) -> None:
    with deaf(cases):
        execution = begin(cases, case)
        stop(case, execution)
        cases.start_redrive(execution)
        cases.time.pass_seconds(1)
        stop(case, execution)
    before = case.everything()
    assert tell(cases, execution, redrive_count=0) == NOTHING
    assert case.everything() == before
    assert tell(cases, execution, redrive_count=1)["guessed"]


def test_an_event_for_an_execution_that_runs_does_nothing(cases: Cases, case: Case) -> None:
    execution = begin(cases, case)
    before = case.everything()
    assert tell(cases, execution) == NOTHING
    assert case.everything() == before
    assert case.task["Status"] == "running"


def test_the_task_of_another_holder_is_left_running(cases: Cases, case: Case) -> None:
    with deaf(cases):
        first = begin(cases, case)
        stop(case, first)
        case.time.pass_seconds(1000)
        case.attempt = {}
        second = begin(cases, case, name=f"second-{case.id}")
    assert tell(cases, first)["tasks_stopped"] == 0
    assert case.task["Status"] == "running"
    assert case.cloud.clients.ledger.claim(case.id).holder == second


def test_the_guess_of_an_older_attempt_does_not_replace_that_of_a_newer_one(cases: Cases, case: Case) -> None:
    with deaf(cases):
        first = begin(cases, case)
        stop(case, first)
        case.time.pass_seconds(1000)
        second = begin(cases, case, name=f"second-{case.id}")
        stop(case, second)
    assert tell(cases, second)["guessed"]
    before = case.outcome
    assert not tell(cases, first)["guessed"]
    assert case.outcome == before
    assert (int(before["attempt"]), before["execution"]) == (2, second)


def test_a_guess_never_replaces_the_outcome_of_an_attempt_as_new(cases: Cases, case: Case) -> None:
    case.plan()
    cases.time.until(cases.execute("database-run", f"{case.run}-{case.id}-0", input_of(case)))
    before = case.outcome
    sleeper = cases.start_sleeper(f"never-claimed-{case.id}")
    stop(case, sleeper)
    name = f"typo-{case.id}"
    ended = cases.time.until(cases.execute("database-run", name, input_of(case, table=["public.orders"])))
    case.time.pass_seconds(1)
    assert ended["error"] == "MalformedInputError"
    assert case.outcome == before


WRONG_INPUTS = [
    {"run": "no-such-run"},
    {"database": "no-such-database"},
    {"mode": "both"},
    {"run": 7},
]


@pytest.mark.parametrize("wrong", WRONG_INPUTS, ids=str)
def test_an_execution_with_an_input_of_nothing_known_leaves_no_trace_in_the_ledger(
    cases: Cases, planned: Case, wrong: dict[str, Any]
) -> None:
    content = input_of(planned, **wrong)
    name = "wrong-" + "-".join(f"{key}-{value}" for key, value in wrong.items())
    cases.time.until(cases.execute("database-run", name, content))
    cases.time.pass_seconds(1)
    execution = f"arn:aws:states:eu-central-1:123456789012:execution:fleet-database-run:{name}"
    assert tell(cases, execution, "FAILED") == NOTHING
    assert planned.items(f"RUN#{content['run']}")[1:] == []
    assert planned.items(f"DB#{content['database']}") == []


@pytest.mark.parametrize("content", [{}, {"run": "a"}, [], "text", None], ids=str)
def test_an_execution_whose_input_lacks_what_every_one_has_is_let_be(cases: Cases, content: Any) -> None:
    name = f"lacking-{abs(hash(str(content)))}"
    ended = cases.time.until(cases.execute("database-run", name, content))
    assert ended["error"] == "MalformedInputError"
    execution = f"arn:aws:states:eu-central-1:123456789012:execution:fleet-database-run:{name}"
    assert tell(cases, execution, "FAILED") == NOTHING


@pytest.fixture(scope="module")
def planned(cases: Cases) -> Case:
    """A database that is planned and never claimed."""
    case = cases.take()
    case.plan()
    return case


# An execution of fleet-run


def start_run(cases: Cases, case: Case) -> str:
    """A run in the middle of the load of its one database; the ARN of fleet-run's execution."""
    case.run = f"night-{case.id}"
    case.cloud.faults.add(case.id, "task-stuck")
    cases.execute("fleet-run", case.run, {"mode": "full", "databases": [case.id]})
    cases.time.pass_seconds(200)
    return f"arn:aws:states:eu-central-1:123456789012:execution:fleet-fleet-run:{case.run}"


def report(case: Case) -> dict[str, Any]:
    return json.loads(case.read_control(f"runs/{case.run}/report.json"))


def test_an_aborted_run_stops_its_databases_and_reports_them_cancelled_by_the_rule_alone(
    cases: Cases, case: Case
) -> None:
    stop(case, start_run(cases, case))
    assert cases.describe(case.execution_arn(case.run))["status"] == "ABORTED"
    assert case.task["Status"] == "stopped"
    (outcome,) = report(case)["outcomes"]
    assert (outcome["database"], outcome["failure"]["failure_class"]) == (case.id, "cancelled")


def test_an_execution_that_survived_its_run_is_stopped_and_the_run_reported_once_it_has_ended(
    cases: Cases, case: Case
) -> None:
    execution = start_run(cases, case)
    cases.execute("database-run", f"by-hand-{case.id}", input_of(case))  # waits for the claim, as no child of the run's
    survivor = f"arn:aws:states:eu-central-1:123456789012:execution:fleet-database-run:by-hand-{case.id}"
    stop(case, execution)
    ended = cases.describe(survivor)
    assert (ended["status"], ended["error"]) == ("ABORTED", "RunEnded")
    assert ended["cause"] == f"{case.run} ended without it."
    assert case.cloud.clients.ledger.run(case.run).closed_at
    assert [one["database"] for one in report(case)["outcomes"]] == [case.id]


def test_a_run_that_is_aborted_again_after_a_redrive_has_its_databases_stopped_again(cases: Cases, case: Case) -> None:
    execution = start_run(cases, case)
    stop(case, execution)
    case.time.pass_seconds(1000)
    cases.start_redrive(execution)
    case.time.pass_seconds(200)
    cases.execute("database-run", f"again-by-hand-{case.id}", input_of(case))
    case.time.pass_seconds(1)
    stop(case, execution)
    survivor = f"arn:aws:states:eu-central-1:123456789012:execution:fleet-database-run:again-by-hand-{case.id}"
    assert cases.describe(survivor)["status"] == "ABORTED"


def test_a_run_that_closed_itself_is_not_closed_again_by_its_event(cases: Cases, case: Case) -> None:
    case.ask_source("UPDATE orders SET amount = 'NaN' WHERE id = 1")
    case.run = f"closed-{case.id}"
    cases.run_night(case.run, databases=[case.id])
    case.time.pass_seconds(60)
    before = report(case)
    execution = f"arn:aws:states:eu-central-1:123456789012:execution:fleet-fleet-run:{case.run}"
    assert tell(cases, execution, "FAILED")["closed"] is False
    assert report(case) == before


def test_a_run_that_never_planned_is_let_be(cases: Cases) -> None:
    ended = cases.run_night("never-planned", databases=["case-99"])
    assert ended["error"] == "UnknownDatabaseError"
    execution = "arn:aws:states:eu-central-1:123456789012:execution:fleet-fleet-run:never-planned"
    assert tell(cases, execution, "FAILED") == NOTHING


# Closing


def test_closing_a_run_guesses_nothing_of_a_database_that_a_living_execution_works_on(cases: Cases, case: Case) -> None:
    begin(cases, case)
    with pytest.raises(Exception, match=f"RunNotOkError.*1 of 1 .* {case.id}.*still"):
        cases.invoke("CloseRun", {"run": case.run})
    assert case.outcome == {}


def test_a_run_that_closes_before_the_recorder_hears_of_an_end_reports_that_ends_own_class(
    cases: Cases, case: Case
) -> None:
    case.run = f"early-{case.id}"
    case.cloud.faults.add(case.id, "throttled-before:StartReplicationTask:9999")
    with deaf(cases):
        cases.run_night(case.run, databases=[case.id])
    (outcome,) = report(case)["outcomes"]
    seen = [outcome["failure"][name] for name in ("failure_class", "name")]
    assert (seen, outcome["attempt"]) == (["throttled", "ExecutionBrokenOff"], 1)
    assert [mark["state"] for mark in outcome["marks"]] == ["ClaimDatabase", "StartTask"]


def test_an_end_before_the_claim_is_reported_in_its_own_class_too(cases: Cases, case: Case) -> None:
    case.run = f"early-{case.id}"
    case.cloud.faults.add(case.id, "dies-each-time:ClaimDatabase:out-of-memory")
    with deaf(cases):
        cases.run_night(case.run, databases=[case.id])
    (outcome,) = report(case)["outcomes"]
    assert (outcome["failure"]["name"], outcome["attempt"]) == ("FunctionOutOfMemory", 0)
    assert " in ClaimDatabase: its function ran out of memory" in outcome["failure"]["text"]


# The sweep


@pytest.fixture
def swept(cases: Cases) -> Cases:
    """The same cloud, where what other tests left is swept up, the places of their dead executions included."""
    for _ in range(5):
        cases.time.pass_seconds(1000)
        if sweep(cases) == {"databases": 0, "runs": 0, "overdue": []}:
            return cases
    raise AssertionError("each sweep finds something to do")


def test_the_sweep_does_for_a_database_what_the_lost_event_would_have_done(swept: Cases, case: Case) -> None:
    with deaf(swept):
        stop(case, begin(swept, case))
    assert (case.outcome, case.task["Status"]) == ({}, "running")
    assert sweep(swept)["databases"] == 1
    case.time.pass_seconds(700)
    seen = [case.outcome[name] for name in ("failure_class", "guessed", "attempt")]
    assert (case.task["Status"], seen) == ("stopped", ["cancelled", True, 1])


def test_the_sweep_closes_a_dead_run_in_which_nothing_runs_any_more(cases: Cases, case: Case) -> None:
    with deaf(cases):
        stop(case, start_run(cases, case))
    assert case.cloud.clients.ledger.run(case.run).closed_at is None
    assert sweep(cases)["runs"] == 1
    assert [one["failure"]["failure_class"] for one in report(case)["outcomes"]] == ["cancelled"]


def test_the_sweep_leaves_a_living_execution_and_its_task_alone(swept: Cases, case: Case) -> None:
    begin(swept, case)
    before = case.everything()
    assert sweep(swept) == {"databases": 0, "runs": 0, "overdue": []}
    assert case.everything() == before


def test_a_second_sweep_finds_nothing_to_do(swept: Cases, case: Case) -> None:
    with deaf(swept):
        stop(case, begin(swept, case))
    sweep(swept)
    case.time.pass_seconds(100)
    assert_nothing_is_swept(swept, case)


def test_once_a_dead_executions_place_is_given_back_a_sweep_finds_nothing_to_do(swept: Cases, case: Case) -> None:
    with deaf(swept):
        stop(case, begin(swept, case))
    sweep(swept)
    case.time.pass_seconds(600)  # 15 minutes after its end no function of it can act
    assert sweep(swept) == {"databases": 1, "runs": 0, "overdue": []}
    assert not case.cloud.clients.ledger.claim(case.id).place_at
    assert_nothing_is_swept(swept, case)


def assert_nothing_is_swept(cases: Cases, case: Case) -> None:
    before = case.everything()
    assert sweep(cases) == {"databases": 0, "runs": 0, "overdue": []}
    assert case.everything() == before
