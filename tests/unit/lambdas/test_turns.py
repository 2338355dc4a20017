"""What a handler does where DMS has no token for it: one request waits, the state goes on, the database ends ok."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from cases import FULL_RUN, SETTINGS, Case, Cases
from fleet.pace import CALLS, run_pace
from local.faults.calls import current_invocation

PACE = run_pace(SETTINGS.limits)


@contextmanager
def counted(cases: Cases) -> Iterator[Counter[tuple[str, str]]]:
    """Requests to DMS by the state that makes them and the operation."""
    made: Counter[tuple[str, str]] = Counter()

    def count(params: Mapping[str, Any], model: Any, **_: Any) -> None:
        invocation = current_invocation()
        if invocation is not None and not invocation.depth:
            made[invocation.state, model.name] += 1

    events = cases.cloud.faults.client("dms").meta.events
    events.register_first("before-parameter-build", count, unique_id="counted")
    try:
        yield made
    finally:
        events.unregister("before-parameter-build", unique_id="counted")


def by_state(made: Counter[tuple[str, str]]) -> dict[str, int]:
    """How many requests each state made."""
    states: Counter[str] = Counter()
    for (state, _), calls in made.items():
        states[state] += calls
    return dict(states)


LOOKS = {"DescribeConnections", "DescribeReplicationTasks"}


def go_through(case: Case) -> None:
    """A whole night, state by state."""
    for state in FULL_RUN[1:-1]:
        case.settle(state)


def test_each_state_makes_the_requests_that_are_planned_for_it_and_no_other(cases: Cases, case: Case) -> None:
    case.claim()
    go_through(case)
    case.next_night(f"second-{case.id}")
    with counted(cases) as made:
        go_through(case)
    looks = {state: made[state, "DescribeReplicationTasks"] for state in ("PollTask", "StopTask", "ReleaseDatabase")}
    looks |= {"SealFolder": made["SealFolder", "DescribeReplicationTasks"]}
    looks |= {"AwaitConnection": made["AwaitConnection", "DescribeConnections"]}
    own = {state: calls - looks.get(state, 0) for state, calls in by_state(made).items()}
    planned = {state: calls for state, calls in CALLS.items() if state != "ContinueChain"}  # of deltas alone
    assert {state: calls for state, calls in own.items() if calls} == planned


def test_a_first_night_has_two_requests_more_for_its_mappings_and_the_sources_first_test(
    cases: Cases, case: Case
) -> None:
    case.claim()
    with counted(cases) as made:
        go_through(case)
    assert made["PrepareTask", "ModifyReplicationTask"] == 1
    assert made["AwaitConnection", "TestConnection"] == 2


def test_one_description_of_an_instance_answers_for_all_its_databases(cases: Cases) -> None:
    first, second = cases.take(), cases.take()
    for one in (first, second):
        one.claim()
        one.go_before("PollTask")
    cases.time.pass_seconds(10)
    with counted(cases) as made:
        first.call("PollTask")
        second.call("PollTask")
    assert by_state(made) == {"PollTask": 1}


def test_a_look_from_before_the_start_is_not_taken_for_the_end_of_the_load(cases: Cases) -> None:
    first, second = cases.take(), cases.take()
    for one in (first, second):
        one.claim()
        one.go_before("StartTask")
    cases.time.pass_seconds(10)
    first.settle("StartTask")
    cases.time.pass_seconds(1)
    first.call("PollTask")  # looks at the instance, on which the second's task is at rest
    second.settle("StartTask")
    assert second.call("PollTask")["verdict"] == "moving"


def test_a_look_that_a_dead_handler_began_is_made_by_another_after_a_minute(case: Case) -> None:
    case.claim()
    case.go_before("PollTask")
    case.time.pass_seconds(10)
    ledger, instance = case.cloud.clients.ledger, case.record["instance_arn"]
    before, now = ledger.lane(instance, "TASKS")["read_at"], case.cloud.clock.now().isoformat()
    assert ledger.begin_look(instance, "TASKS", before=before, now=now, given_up_before=now)
    answer = case.call("PollTask")
    assert (answer["verdict"], answer["wait_seconds"]) == ("moving", 2)
    case.time.pass_seconds(61)
    assert case.settle("PollTask")["verdict"] == "over"


def test_who_comes_back_for_a_turn_does_not_queue_anew(cases: Cases, case: Case) -> None:
    case.claim()
    ledger, now = case.cloud.clients.ledger, case.cloud.clock.now()
    ledger.take_turn("dms", int(PACE.burst + 30 * PACE.per_second), PACE, now)
    answer = case.call("PrepareTask")
    assert answer["verdict"] == "wait"
    assert 29 <= answer["wait_seconds"] <= 32
    ledger.take_turn("dms", int(600 * PACE.per_second), PACE, now)  # others come after it
    case.time.pass_seconds(answer["wait_seconds"])
    with counted(cases) as made:
        case.call("PrepareTask")
    assert made["PrepareTask", "DescribeReplicationTasks"] == 1
    assert case.record["queued_seconds"] == answer["wait_seconds"]
    case.time.pass_seconds(700)


@pytest.mark.parametrize("operation", ["StartReplicationTask", "ModifyEndpoint", "TestConnection"])
def test_a_request_that_is_throttled_is_repeated_alone(cases: Cases, case: Case, operation: str) -> None:
    case.cloud.faults.add(case.id, f"throttled-before:{operation}:3")
    case.run = f"alone-{case.id}"
    with counted(cases) as made:
        assert cases.run_night(case.run, databases=[case.id])["status"] == "SUCCEEDED"
    states = {
        "StartReplicationTask": "StartTask",
        "ModifyEndpoint": "PointEndpoint",
        "TestConnection": "AwaitConnection",
    }
    others = {name: calls for (state, name), calls in made.items() if state == states[operation] and name != operation}
    assert made[states[operation], operation] >= 4
    assert all(calls <= 3 for name, calls in others.items() if name not in LOOKS)


def test_a_database_that_is_throttled_for_minutes_waits_and_ends_ok(cases: Cases, case: Case) -> None:
    case.cloud.faults.add(case.id, "throttled-before:StartReplicationTask:60")
    case.run = f"minutes-{case.id}"
    assert cases.run_night(case.run, databases=[case.id])["status"] == "SUCCEEDED"
    waited = case.read_control(case.outcome["document"])
    assert b'"throttled":0' not in waited


def test_a_look_of_another_handler_in_the_second_of_a_change_is_not_taken_for_one_after_it(cases: Cases) -> None:
    first, second = cases.take(), cases.take()
    for one in (first, second):
        one.claim()
        one.go_before("StartTask")
    cases.time.pass_seconds(15)
    second.settle("StartTask")
    ledger, instance = cases.cloud.clients.ledger, second.record["instance_arn"]
    at_once = (cases.cloud.clock.now() + timedelta(milliseconds=500)).isoformat()  # by a clock that is ahead
    old = {**json.loads(ledger.lane(instance, "TASKS")["body"])}
    old[second.task_id]["report"] |= {"status": "stopped", "started": 9e9}
    ledger.end_look(instance, "TASKS", at_once, json.dumps(old))
    cases.time.pass_seconds(1)
    assert second.call("PollTask")["verdict"] == "moving"
