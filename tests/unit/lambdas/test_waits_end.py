"""Every wait of an attempt ends: what never comes is named in the outcome, and what runs at Snowflake is cancelled.

How often DMS is looked at meanwhile, and PollTask's stuck rule: no table's state for long, and no row either.
"""

from __future__ import annotations

import json
import typing
from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest
from test_folder_safety import begin_test
from test_recorder import input_of, sweep

from cases import SETTINGS, Case, Cases
from fleet.names import plan_key
from fleet.plan import Plan
from lambdas.clients.snowflake import HttpResponse
from lambdas.handlers.database_run import submit_loads
from lambdas.loads import read_loads
from lambdas.wiring import Clients
from local.faults.catalogue import KINDS
from localcloud.snowflake.transport import InProcessTransport
from orchestration.functions import DATABASE_RUN, MODULES

WAITING = {"wait", "moving", "loading"}
ENDS = {
    "ClaimDatabase": "Claimed",
    "ContinueChain": "TaskNotRemade",
    "PrepareTask": "TaskModifiesTooLong",
    "PointEndpoint": "EndpointModifiesTooLong",
    "AwaitConnection": "TestTooLong",
    "StartTask": "StartRefused",
    "PollTask": "TaskTooLong",
    "StopTask": "TaskDoesNotStop",
    "SealFolder": "SealTestTooLong",
    "PollLoads": "LoadTooLong",
}
"""The failure that ends a wait of each state that may wait."""
LOOKS_ONLY = {"ReleaseDatabase"}
"""It waits for a look at its instance and for nothing that may fail to come."""
GIVES_UP = {"CompareKeys"}
"""It leaves out what it does not come to in time, and says so: tests/deltas/test_deltas_sweep.py."""


def test_each_state_that_may_wait_has_a_failure_that_ends_its_wait() -> None:
    waiting = set()
    for state in DATABASE_RUN:
        verdict = import_module(MODULES[state]).Response.model_fields.get("verdict")
        if verdict and WAITING & set(typing.get_args(verdict.annotation)):
            waiting.add(state)
    assert waiting == ENDS.keys() | LOOKS_ONLY | GIVES_UP


def test_each_end_of_a_wait_is_held_by_a_fault_of_the_catalogue_or_by_a_test_of_its_own() -> None:
    """tests/night/test_faults.py runs a night for each fault. The others: here, in test_claiming, test_starting
    and tests/deltas."""
    by_fault = {kind.night.failure_name for kind in KINDS.values()}
    assert set(ENDS.values()) - by_fault == {"Claimed", "SealTestTooLong", "StartRefused", "TaskNotRemade"}


# DMS


def test_a_test_after_the_load_that_never_ends_publishes_nothing_and_is_named(case: Case) -> None:
    case.go_before("SealFolder")
    case.ask_source("DROP TABLE nothing")  # it does not count all tables, so its connection is tested
    assert case.call("SealFolder")["verdict"] == "wait"
    case.time.pass_seconds(301)
    begin_test(case, "source")
    assert case.call("SealFolder")["verdict"] == "nothing"
    outcome = case.finish(after="SealFolder")
    assert (outcome["outcome"], outcome["failure_class"], outcome["failure_name"]) == (
        "failed",
        "connection",
        "SealTestTooLong",
    )
    assert "waited 301 s of 300 s (test_deadline_seconds)" in outcome["failure_text"]
    assert case.ask_warehouse(f"SELECT * FROM OPS.APPLIED WHERE DATABASE_ID = '{case.id}'") == []


def test_a_task_that_does_not_keep_its_settings_is_not_started(case: Case) -> None:
    case.cloud.faults.add(case.id, "task-forgets")
    case.go_before("StartTask")
    assert case.settle("StartTask")["verdict"] == "refused"
    assert case.task["Status"] == "ready"
    assert case.failure is not None
    assert "FullLoadSettings.CommitRate is 1, wanted 10000" in case.failure["text"]


def test_an_endpoint_that_stays_modifying_is_not_waited_for_without_end(case: Case) -> None:
    case.go_before("PointEndpoint")
    case.cloud.faults.add(case.id, "endpoint-modifies-for-ever")
    assert case.settle("PointEndpoint")["verdict"] == "refused"
    assert case.failure is not None
    assert case.failure["name"] == "EndpointModifiesTooLong"


def test_a_database_whose_task_does_not_stop_is_recorded_and_stays_claimed_until_the_task_is_at_rest(
    cases: Cases, case: Case
) -> None:
    case.plan()
    case.cloud.faults.add(case.id, "task-never-stops")
    execution = f"{case.run}-{case.id}-0"
    ended = cases.time.until(cases.execute("database-run", execution, input_of(case)))
    assert (ended["status"], ended["error"]) == ("FAILED", "TaskNotAtRestError")
    seen = [case.outcome[name] for name in ("outcome", "failure_class", "failure_name", "guessed")]
    assert seen == ["failed", "unknown", "TaskDoesNotStop", False]
    assert case.cloud.clients.ledger.claim(case.id).holder == ended["executionArn"]
    case.cloud.faults.clear(case.id)
    assert cases.redrive(ended["executionArn"])["status"] == "SUCCEEDED"
    assert (case.outcome["outcome"], int(case.outcome["attempt"])) == ("ok", 2)


# Snowflake


def test_a_load_that_takes_too_long_is_cancelled_at_its_deadline_and_the_others_are_published(case: Case) -> None:
    case.cloud.faults.add(case.id, "load-never-ends:public.orders")
    case.go_through("ReleaseDatabase")
    assert (case.outcome["outcome"], case.outcome["failure_name"]) == ("partial", "LoadTooLong")
    assert "public.orders: its load did not end: waited 7,20" in case.outcome["failure_text"].replace("7201", "7,201")
    assert len(case.warehouse_rows("customers")) == 2
    assert load_of(case, "orders").cancelled_at


def test_a_stop_of_the_run_cancels_what_snowflake_works_on(case: Case) -> None:
    case.cloud.faults.add(case.id, "load-never-ends:public.orders")
    case.go_through("SubmitLoads")
    case.time.pass_seconds(60)
    assert case.call("PollLoads")["verdict"] == "more"  # the looks are answered, and the loads wait
    case.call("SubmitLoads")
    case.time.pass_seconds(60)
    assert case.call("PollLoads")["verdict"] == "loading"
    assert case.cloud.clients.ledger.request_stop(case.run, "the warehouse is needed")
    assert case.call("PollLoads")["verdict"] == "loading"
    assert load_of(case, "orders").cancelled is not None
    case.settle("PollLoads")
    outcome = case.finish(after="PollLoads")
    assert (outcome["outcome"], outcome["failure_class"], outcome["failure_text"]) == (
        "partial",
        "cancelled",
        "the warehouse is needed",
    )


class Listening:
    """A transport that keeps the body of each request."""

    def __init__(self, inner: InProcessTransport) -> None:
        self._inner = inner
        self.bodies: list[dict[str, Any]] = []

    def request(self, method: str, url: str, **options: Any) -> HttpResponse:
        if options.get("body"):
            self.bodies.append(json.loads(options["body"]))
        return self._inner.request(method, url, **options)


def test_a_statement_that_is_sent_carries_the_time_after_which_snowflake_ends_it_by_itself(case: Case) -> None:
    case.go_before("SubmitLoads")
    listening = Listening(InProcessTransport(case.cloud.snowflake))
    known = case.cloud.clients
    clients = Clients(
        known.environment, case.cloud.aws.client, listening, known.now, case.cloud.clock.pause, lambda: 0.5
    )
    submit_loads.run(submit_loads.Request(attempt=case.typed_attempt), clients)
    assert {one["timeout"] for one in listening.bodies} == {7_200 + 3_600}
    case.settle("PollLoads")


@pytest.mark.parametrize("by", ["event", "sweep"])
def test_what_an_execution_that_broke_off_left_at_snowflake_is_cancelled(cases: Cases, case: Case, by: str) -> None:
    case.plan()
    case.cloud.faults.add(case.id, "load-never-ends:public.orders")
    execution = f"arn:aws:states:eu-central-1:123456789012:execution:fleet-database-run:{case.run}-{case.id}-0"
    cases.execute("database-run", f"{case.run}-{case.id}-0", input_of(case))
    for _ in range(60):
        cases.time.pass_seconds(10)
        case.attempt = {**input_of(case), "number": 1, "execution": execution}
        loads = read_loads(case.typed_attempt, case.cloud.clients)
        if loads and [load.state for load in loads].count("over") == len(loads) - 1:
            break
    cases.time.pass_seconds(3)  # the last look is over: a function that still works would write what it read before
    assert load_of(case, "orders").state == "under way"
    events = case.cloud.aws.client("events")
    if by == "sweep":
        events.disable_rule(Name="fleet-recorder")
    try:
        case.cloud.aws.client("stepfunctions").stop_execution(executionArn=execution)
        case.time.pass_seconds(60)
        if by == "sweep":
            assert load_of(case, "orders").cancelled is None
            sweep(cases)
    finally:
        events.enable_rule(Name="fleet-recorder")
    cancelled = load_of(case, "orders").cancelled
    assert cancelled is not None
    assert "ended ABORTED" in cancelled.text
    assert case.outcome["guessed"]


def load_of(case: Case, table: str) -> Any:
    (load,) = [one for one in read_loads(case.typed_attempt, case.cloud.clients) if one.table == table]
    return load


def test_whatever_a_database_waits_for_at_dms_it_looks_no_more_often_than_the_run_planned(case: Case) -> None:
    case.plan()
    records = case.cloud.clients.records
    planned = records.find_plan(case.run)
    assert planned is not None
    records.write(plan_key(case.run), replace(planned, poll_seconds=77), Plan)
    case.claim()
    waits: list[tuple[str, int]] = []
    for state in ("PrepareTask", "PointEndpoint", "AwaitConnection", "StartTask", "PollTask", "SealFolder"):
        if state == "SealFolder":  # it waits at DMS only where a count did not show that the source answers
            case.cloud.clients.ledger.note(case.typed_attempt, source_answered=None)
        for _ in range(10):
            answer = case.call(state)
            if not (state == "PrepareTask" and case.record.get("prepared_at")):  # it waits for its own next entry
                waits += {(state, answer["wait_seconds"])} - {(state, 0)}
            case.time.pass_seconds(answer["wait_seconds"])
            if answer["verdict"] not in {"wait", "moving"}:
                break
    states = ("PrepareTask", "AwaitConnection", "StartTask", "SealFolder")
    assert set(waits) == {(state, 77) for state in states}


def test_a_task_whose_rows_came_since_the_last_question_is_not_stuck_and_without_any_it_is(case: Case) -> None:
    case.cloud.faults.add(case.id, "task-stuck")
    case.go_through("StartTask")
    case.time.pass_seconds(60)
    assert case.call("PollTask")["verdict"] == "moving"
    case.cloud.clients.ledger.note(case.typed_attempt, rows_seen=-1)  # as if fewer had been there
    case.time.pass_seconds(SETTINGS.limits.stuck_seconds + 1)
    assert case.call("PollTask")["verdict"] == "moving"
    case.time.pass_seconds(SETTINGS.limits.stuck_seconds + 1)
    assert case.call("PollTask")["verdict"] == "over"
    assert (case.failure or {})["name"] == "TaskStuck"
