"""Conclude and CloseRun: red or green, what to paste for another try, a guess for each database without an outcome."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from cases import Case, Cases, refused
from localcloud.errors import FunctionError


def close(case: Case) -> dict[str, object]:
    return case.cases.invoke("CloseRun", {"run": case.run})


def test_conclude_ends_green_on_ok(case: Case) -> None:
    assert case.go_through("Conclude") == {"verdict": "ok"}


@pytest.mark.parametrize("tables", [None, ["public.orders", "public.customers"]])
def test_conclude_ends_red_otherwise_with_an_input_to_paste_for_the_same_again(
    case: Case, tables: list[str] | None
) -> None:
    case.ask_source("UPDATE orders SET amount = 'NaN' WHERE id = 1")
    narrowed: dict[str, Any] = {"tables": tables} if tables else {}
    case.claim(**narrowed)
    case.go_through("ReleaseDatabase")
    with pytest.raises(FunctionError) as caught:
        case.call("Conclude")
    message = str(caught.value)
    assert re.match(rf"DatabaseNotOkError: {case.id} ended partial in run {case.run}: table_error: ", message)
    assert "source team: " in message
    paste = json.loads(message[message.index("{") :])
    assert paste == {"run": case.run, "database": case.id, "mode": "full", **narrowed}
    assert case.cases.invoke(
        "ClaimDatabase",
        {
            "input": paste,
            "execution": "arn",
            "started_at": case.cloud.clock.now().isoformat(),
            "redrive_count": 0,
        },
    )["attempt"] == {**case.attempt, "number": 2, "execution": "arn"}


def test_conclude_says_that_no_outcome_was_recorded(case: Case) -> None:
    case.claim()
    with refused("DatabaseNotOkError", "without an outcome .* no outcome was recorded"):
        case.call("Conclude")


def test_a_run_whose_databases_are_ok_closes_green_and_leaves_a_report(case: Case) -> None:
    case.go_through("Conclude")
    assert close(case) == {"outcomes": {"ok": 1}, "superseded_by": None}
    report = json.loads(case.read_control(f"runs/{case.run}/report.json"))
    assert [(one["database"], one["outcome"]) for one in report["outcomes"]] == [(case.id, "ok")]
    assert [mark["state"] for mark in report["outcomes"][0]["marks"]] == [
        "ClaimDatabase",
        "StartTask",
        "PollTask",
        "SealFolder",
        "PollLoads",
    ]


def test_a_database_that_left_no_outcome_is_guessed_to_have_failed(case: Case) -> None:
    case.claim()
    with refused("RunNotOkError", rf"1 of 1 databases of run {case.run} did not end ok: {case.id} \(unknown\)"):
        close(case)
    assert (case.outcome["outcome"], case.outcome["failure_name"], case.outcome["guessed"]) == (
        "failed",
        "NoOutcome",
        True,
    )
    assert case.outcome["gaps"] == ("the outcome is a guess",)


def test_a_databases_own_word_replaces_a_guess_and_the_run_then_closes_green(case: Case) -> None:
    case.claim()
    with refused("RunNotOkError"):
        close(case)
    case.go_through("Conclude")
    assert not case.outcome["guessed"]
    assert close(case) == {"outcomes": {"ok": 1}, "superseded_by": None}


def test_an_older_attempts_outcome_does_not_replace_a_newer_ones(case: Case) -> None:
    case.claim()
    old = case.attempt
    case.attempt = {}
    case.claim(execution=case.execution_arn("another"))
    case.go_through("ReleaseDatabase")
    newer = case.outcome
    case.attempt = old
    assert case.call("RecordOutcome") == {"outcome": "failed", "recorded": False, "redrive_count": 0}
    assert case.outcome == newer


def test_closing_twice_says_the_same_and_changes_nothing_but_the_reports_time(case: Case) -> None:
    case.go_through("Conclude")
    first = close(case)
    before = case.everything()
    assert close(case) == first
    assert case.everything() == before


def test_a_run_that_was_never_planned_cannot_be_closed(cases: Cases) -> None:
    with refused("UnknownRunError", "'never-planned' has no plan in the ledger.*Start fleet-run"):
        cases.invoke("CloseRun", {"run": "never-planned"})


def test_a_plan_broken_off_after_its_first_effect_is_completed_by_the_next_call(case: Case) -> None:
    first = case.plan()
    ledger = case.items(f"RUN#{case.run}")
    case.cloud.aws.client("dynamodb").delete_item(
        TableName="fleet-ledger", Key={"pk": {"S": f"RUN#{case.run}"}, "sk": {"S": "RUN"}}
    )
    assert case.plan() == first
    assert case.items(f"RUN#{case.run}") == ledger


def test_an_outcome_that_nobody_can_read_any_more_is_red_and_says_what_the_ledger_knows(case: Case) -> None:
    case.go_through("Conclude")
    key = case.outcome["document"]
    for body, words in ((None, "does not exist"), (b"{}", "cannot be read")):
        case.s3.delete_object(Bucket=case.cloud.control_bucket, Key=key)
        if body is not None:
            case.s3.put_object(Bucket=case.cloud.control_bucket, Key=key, Body=body)
        with refused("RunNotOkError", rf"1 of 1 databases of run {case.run} did not end ok: {case.id} \(unknown\)"):
            close(case)
        (one,) = json.loads(case.read_control(f"runs/{case.run}/report.json"))["outcomes"]
        assert (one["outcome"], one["failure"]["name"]) == ("failed", "OutcomeUnreadable")
        assert words in one["failure"]["text"]
        assert "the ledger says 'ok'" in one["failure"]["text"]


def test_an_outcome_in_short_counts_only_what_arrived(case: Case) -> None:
    case.ask_source("UPDATE orders SET amount = 'NaN' WHERE id = 1")
    case.go_through("ReleaseDatabase")
    arrived = [table for table in case.tables.values() if not table["failure"]]
    assert 0 < len(arrived) < 4
    assert case.outcome["row_count"] == sum(table["rows_in_warehouse"] for table in arrived)
    assert case.outcome["bytes"] == sum(table["bytes"] for table in arrived)
