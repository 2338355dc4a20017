"""How a database ended, case by case; every failure has a class, and every class an owner and a remedy."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.attempts import Attempt
from fleet.dms.tasks import TableState, judge_full_load_end, read_table_state, read_task
from fleet.failures import _MESSAGES, CLASSES, Budget, Failure, FailureClass, classify
from fleet.outcomes import OutcomeName, TableOutcome, decide, is_red

ATTEMPT = Attempt("r", "nyc", "full", 3, "arn")
GOOD = TableOutcome("s", "t", False, "full", 3, 5, 5, 5, 5, 100)
ERROR = Failure("table_error", "TableNotLoaded", "s.t: no")
REFUSED = Failure("warehouse", "LoadRefused", "s.t: no")
LOST = Failure("connection", "SourceLost", "gone")
BAD, WORSE = replace(GOOD, failure=ERROR), replace(GOOD, failure=REFUSED)


@pytest.mark.parametrize(
    ("failure", "tables", "skipped", "word", "name"),
    [
        (None, [GOOD], False, "ok", None),
        (None, [GOOD, GOOD], False, "ok", None),
        (None, [GOOD, BAD], False, "partial", "TableNotLoaded"),
        (None, [GOOD, WORSE, BAD, WORSE], False, "partial", "LoadRefused"),
        (None, [BAD], False, "failed", "TableNotLoaded"),
        (None, [BAD, WORSE], False, "failed", "TableNotLoaded"),
        (None, [], False, "failed", "NothingMoved"),
        (LOST, [GOOD], False, "failed", "SourceLost"),
        (LOST, [], False, "failed", "SourceLost"),
        (LOST, [GOOD, BAD], False, "failed", "SourceLost"),
        (LOST, [], True, "skipped", "SourceLost"),
    ],
)
def test_an_outcome_is_decided_by_what_stopped_the_attempt_and_then_by_its_tables(
    failure: Failure | None, tables: list[TableOutcome], skipped: bool, word: OutcomeName, name: str | None
) -> None:
    outcome = decide(
        ATTEMPT, failure, tables, gaps=(), started_at="", ended_at="", without_attempt="skipped" if skipped else None
    )
    assert (outcome.outcome, outcome.failure and outcome.failure.name) == (word, name)
    assert bool(outcome.owner) == bool(outcome.remedy) == (word != "ok")


def test_every_word_but_ok_and_quarantined_is_red() -> None:
    assert [word for word in (*get_args(OutcomeName), "a word of next year") if not is_red(word)] == [
        "ok",
        "quarantined",
    ]


# What DMS says

ENDS = [
    ("stopped", "Stop Reason FULL_LOAD_ONLY_FINISHED", "", None, None),
    ("stopped", "Stop Reason NORMAL", "", "TaskStoppedEarly", "cancelled"),
    ("stopped", "", "", "TaskStoppedEarly", "cancelled"),
    ("stopped", "Stop Reason STOPPED_DUE_TO_LOW_MEMORY", "", "TaskStoppedEarly", "instance_exhausted"),
    ("stopped", "Stop Reason STOPPED_DUE_TO_LOW_DISK", "", "TaskStoppedEarly", "instance_exhausted"),
    ("stopped", "Stop Reason RECYCLE_TASK", "", "TaskStoppedEarly", "unknown"),
    (
        "failed",
        "Stop Reason FATAL_ERROR",
        "Last Error Replication task out of memory.",
        "TaskFailed",
        "instance_exhausted",
    ),
    ("failed", "Stop Reason FATAL_ERROR", "password authentication failed for user", "TaskFailed", "credentials"),
    ("failed", "Stop Reason FATAL_ERROR", "No tables were found at task initialization", "TaskFailed", "mapping_empty"),
    ("failed", "", "", "TaskFailed", "unknown"),
    ("ready", "", "", "TaskNeverStarted", "unknown"),
    ("running", "", "", "TaskNotAtRest", "unknown"),
    ("a-status-of-next-year", "", "", "TaskNotAtRest", "unknown"),
]


@pytest.mark.parametrize(("status", "reason", "message", "name", "failure_class"), ENDS)
def test_every_end_of_a_task_maps_to_a_whole_load_or_to_a_failure(
    status: str, reason: str, message: str, name: str | None, failure_class: str | None
) -> None:
    document = {"ReplicationTaskArn": "a", "Status": status, "StopReason": reason, "LastFailureMessage": message}
    failure = judge_full_load_end(read_task(document))
    assert (failure and failure.name, failure and failure.failure_class) == (name, failure_class)


@pytest.mark.parametrize(
    ("state", "rows", "wanted"),
    [
        ("Table completed", 5, "loaded"),
        ("Table completed", 0, "empty"),
        ("Table does not exist", 0, "missing"),
        ("Table error", 3, "failed"),
        ("Table cancelled", 3, "failed"),
        ("Before load", 0, "failed"),
        ("Full load", 9, "failed"),
        ("A state of next year", 9, "failed"),
        ("", 0, "failed"),
    ],
)
def test_every_state_of_a_table_maps_to_one_of_ours(state: str, rows: int, wanted: TableState) -> None:
    found, counted, words = read_table_state({"TableState": state, "FullLoadRows": rows})
    assert (found, counted) == (wanted, rows)
    assert bool(words) == (wanted in {"failed", "missing"})


# Classes


def test_every_class_of_failure_has_an_owner_a_remedy_and_a_budget() -> None:
    assert set(CLASSES) == set(get_args(FailureClass))
    for known in CLASSES.values():
        assert known.owner
        assert known.remedy.endswith(".")
        assert known.budget in get_args(Budget)


def test_every_pattern_of_a_message_leads_to_a_class() -> None:
    assert {failure_class for _, failure_class in _MESSAGES} <= set(CLASSES)


@given(st.text())
def test_any_text_has_a_class(text: str) -> None:
    assert classify(text) in CLASSES
