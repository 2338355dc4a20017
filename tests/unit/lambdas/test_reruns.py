"""What a state does when it is entered late, by an execution that was redriven or that another has overtaken."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from cases import Case, Cases, refused
from fleet.measures import count_loads
from fleet.tables.catalogue import Table
from orchestration.functions import DATABASE_RUN

FENCED = DATABASE_RUN[1 : DATABASE_RUN.index("RecordOutcome")]


@pytest.fixture(scope="module")
def overtaken(cases: Cases) -> Case:
    """A case with its first attempt in hand, while another execution works on the second, whose task moves."""
    case = cases.take()
    case.claim()
    old = case.attempt
    case.claim(execution=case.execution_arn("newer"))
    case.go_through("StartTask")
    case.attempt = old
    return case


@pytest.mark.parametrize("state", FENCED)
def test_an_attempt_that_was_overtaken_may_not_act_in_any_state_and_learns_of_the_newer_one(
    overtaken: Case, state: str
) -> None:
    before = overtaken.everything()
    with refused("ClaimLostError", r"attempt 1 at .* may not act: the newest is 2, held by .*:newer-"):
        overtaken.call(state)
    assert overtaken.everything() == before


def test_an_execution_that_was_overtaken_gives_nothing_back_and_asks_nobody_to_stop_the_others_task(
    overtaken: Case,
) -> None:
    assert overtaken.call("ReleaseDatabase") == {"verdict": "nothing", "wait_seconds": 0}
    assert overtaken.cloud.clients.ledger.claim(overtaken.id).holder == overtaken.execution_arn("newer")


def test_a_number_is_never_given_twice_by_whatever_way_the_database_is_taken_and_ends(case: Case) -> None:
    numbers = []
    for name in ("one", "two", "three"):
        case.claim(execution=case.execution_arn(name))
        numbers.append(case.attempt["number"])
    case.go_through("ReleaseDatabase")
    case.next_night(f"next-{case.id}")
    assert [*numbers, case.attempt["number"]] == [1, 2, 3, 4]
    records = [item["sk"] for item in case.items(f"DB#{case.id}") if item["sk"].startswith("ATTEMPT#")]
    assert records == [f"ATTEMPT#00000{number}" for number in (1, 2, 3, 4)]


def test_a_connection_that_is_awaited_again_hours_later_is_tested_and_not_given_up(case: Case) -> None:
    case.go_before("AwaitConnection")
    assert case.call("AwaitConnection")["verdict"] == "wait"
    case.time.pass_seconds(7200)
    assert case.settle("AwaitConnection")["verdict"] == "connected"


def test_the_word_of_an_execution_without_an_attempt_replaces_a_guess(cases: Cases, case: Case) -> None:
    case.plan()
    with refused("RunNotOkError"):
        cases.invoke("CloseRun", {"run": case.run})
    assert case.outcome["guessed"]
    case.attempt = {
        "run": case.run,
        "database": case.id,
        "mode": "full",
        "number": 0,
        "execution": case.execution_arn("declined"),
        "tables": None,
    }
    started_at = case.cloud.clock.now().isoformat()
    case.call("RecordOutcome", declined="claimed: by another", started_at=started_at)
    assert [case.outcome[name] for name in ("outcome", "failure_name", "guessed")] == ["skipped", "Claimed", False]


def test_a_full_load_is_measured_from_its_attempt_and_not_from_an_execution_that_was_redriven_days_later(
    case: Case,
) -> None:
    case.go_before("RecordOutcome")
    began_at = datetime.fromisoformat(case.record["created_at"])
    case.call("RecordOutcome", started_at=(began_at - timedelta(days=3)).isoformat())
    case.call("ReleaseDatabase")
    took = case.outcome["ended_at"] - began_at
    assert case.cloud.clients.ledger.measures([case.id])[case.id].seconds == round(took.total_seconds())


def test_what_a_database_waited_for_its_turns_is_not_counted_as_its_own_time(case: Case) -> None:
    case.go_before("ReleaseDatabase")
    for field, seconds in (("queued_seconds", 30), ("throttled_seconds", 10)):
        case.cloud.clients.ledger.add_seconds(case.typed_attempt, field, seconds)
    waited = case.record["queued_seconds"] + case.record["throttled_seconds"]
    case.call("ReleaseDatabase")
    took = case.outcome["ended_at"] - datetime.fromisoformat(case.record["created_at"])
    assert case.cloud.clients.ledger.measures([case.id])[case.id].seconds == round(took.total_seconds() - int(waited))


def test_a_full_load_leaves_how_many_tables_it_loads_and_their_columns_of_long_values(case: Case) -> None:
    case.go_through("ReleaseDatabase")
    tables = case.cloud.clients.records.read(case.typed_attempt.key("catalogue"), tuple[Table, ...])
    measured = case.cloud.clients.ledger.measures([case.id])[case.id]
    assert tables is not None
    assert (measured.loads, measured.lob_columns) == count_loads("postgresql", tables, ())
    assert measured.loads == len(tables) > 0


def test_conclude_asks_for_another_try_once_for_each_redrive(case: Case) -> None:
    case.ask_source("UPDATE orders SET amount = 'NaN' WHERE id = 1")
    case.go_through("ReleaseDatabase")
    with refused("DatabaseNotOkError"):
        case.call("Conclude")
    assert case.call("Conclude", redrive_count=1) == {"verdict": "again"}
    assert case.call("Conclude", recorded_redrive_count=1, redrive_count=1) == {"verdict": "again"}
    case.cloud.clients.ledger.note(case.typed_attempt, redrive_count=1)
    with refused("DatabaseNotOkError"):
        case.call("Conclude", recorded_redrive_count=1, redrive_count=1)
