"""An orderly stop: every database of the run ends with an outcome, its tasks at rest, given back, nothing half done."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from cases import Case, Cases

RUN = "stopped-night"
WHY = "the source's team asked for it"


@dataclass
class Stopped:
    """A run that was asked to end while its databases stood in many places."""

    past: Case
    loading: Case
    waiting: Case
    ended: Mapping[str, Any]


@pytest.fixture(scope="module")
def stopped(cases: Cases) -> Stopped:
    """One database past its hand-off, one in the middle of its load, one that waits for another run's claim."""
    past, loading, waiting = (cases.take() for _ in range(3))
    loading.cloud.faults.add(loading.id, "task-stuck")
    waiting.claim(execution=cases.start_sleeper("holder-of-waiting"))
    ids = [case.id for case in (past, loading, waiting)]
    run = cases.execute("fleet-run", RUN, {"mode": "full", "databases": ids})
    for case in (past, loading, waiting):
        case.run = RUN
    for _ in range(100):
        cases.time.pass_seconds(10)
        if past.outcome:
            break
    assert loading.task["Status"] == "running"
    assert loading.cloud.clients.ledger.request_stop(RUN, WHY)
    return Stopped(past, loading, waiting, cases.time.until(run))


def test_a_database_past_its_hand_off_stays_ok(stopped: Stopped) -> None:
    assert stopped.past.outcome["outcome"] == "ok"
    assert len(stopped.past.warehouse_rows("orders")) == 5


def test_a_database_in_the_middle_of_its_load_fails_as_cancelled_in_the_words_of_who_stopped_it(
    stopped: Stopped,
) -> None:
    outcome = stopped.loading.outcome
    seen = [outcome[name] for name in ("outcome", "failure_class", "failure_name", "failure_text", "guessed")]
    assert seen == ["failed", "cancelled", "RunStopped", WHY, False]
    assert stopped.loading.task["Status"] == "stopped"


def test_nothing_of_a_database_that_was_stopped_in_its_load_is_published(stopped: Stopped) -> None:
    query = f"SELECT COUNT(*) FROM OPS.APPLIED WHERE DATABASE_ID = '{stopped.loading.id}'"
    assert stopped.loading.ask_warehouse(query) == [[0]]


def test_a_database_that_had_not_begun_is_skipped_in_the_words_of_who_stopped_it(stopped: Stopped) -> None:
    outcome = stopped.waiting.outcome
    seen = [outcome[name] for name in ("outcome", "failure_class", "failure_name", "failure_text", "attempt")]
    assert seen == ["skipped", "cancelled", "RunStopped", WHY, 0]


def test_a_stopped_run_is_red_and_names_all_that_it_left_undone(stopped: Stopped) -> None:
    assert (stopped.ended["status"], stopped.ended["error"]) == ("FAILED", "RunNotOkError")
    said = json.loads(stopped.ended["cause"])["errorMessage"]
    assert said.startswith(f"2 of 3 databases of run {RUN} did not end ok: ")
    assert stopped.loading.id in said
    assert stopped.waiting.id in said


def test_a_stopped_run_holds_no_database_any_more(stopped: Stopped) -> None:
    for case in (stopped.past, stopped.loading, stopped.waiting):
        assert case.cloud.clients.ledger.claim(case.id).holder_run != RUN


def test_a_run_whose_databases_had_all_not_begun_is_red_when_it_is_stopped(cases: Cases, case: Case) -> None:
    case.claim(execution=cases.start_sleeper(f"holder-of-{case.id}"))
    case.run = f"not-begun-{case.id}"
    run = cases.execute("fleet-run", case.run, {"mode": "full", "databases": [case.id]})
    cases.time.pass_seconds(60)
    cases.cloud.clients.ledger.request_stop(case.run, WHY)
    ended = cases.time.until(run)
    assert ended["status"] == "FAILED"
    assert case.outcome["outcome"] == "skipped"


def test_a_database_of_a_stopped_run_is_healed_by_a_redrive_once_the_run_has_ended(
    cases: Cases, stopped: Stopped
) -> None:
    case = stopped.loading
    case.cloud.faults.clear(case.id)
    assert cases.redrive(case.execution_arn(RUN))["status"] == "SUCCEEDED"
    assert (case.outcome["outcome"], int(case.outcome["attempt"])) == ("ok", 2)


def test_a_run_that_is_redriven_after_a_stop_can_be_stopped_again(cases: Cases, case: Case) -> None:
    run = f"twice-{case.id}"
    arn = f"arn:aws:states:eu-central-1:123456789012:execution:fleet-fleet-run:{run}"
    case.cloud.faults.add(case.id, "task-stuck")
    cases.execute("fleet-run", run, {"mode": "full", "databases": [case.id]})
    cases.time.pass_seconds(200)
    cases.cloud.aws.client("stepfunctions").stop_execution(executionArn=arn)
    cases.time.pass_seconds(2000)
    assert cases.cloud.clients.ledger.run(run).closed_at
    again = cases.start_redrive(arn)
    cases.time.pass_seconds(200)
    cases.cloud.clients.ledger.request_stop(run, WHY)
    cases.time.until(again)
    case.run = run
    seen = [case.outcome[name] for name in ("outcome", "failure_name", "guessed", "attempt")]
    assert seen == ["failed", "RunStopped", False, 2]
