"""PollTask's stuck rule: no table's state for long, and no row either."""

from __future__ import annotations

from cases import SETTINGS, Case


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
