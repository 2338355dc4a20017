"""How often DMS is looked at, and PollTask's stuck rule: no table's state for long, and no row either."""

from __future__ import annotations

from dataclasses import replace

from cases import SETTINGS, Case
from fleet.names import plan_key
from fleet.plan import Plan


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
