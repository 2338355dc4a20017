"""The ledger's conditions: two writers never both win, and what was written first stays where it must."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count, product

import pytest

from fleet.attempts import Attempt
from fleet.claims import Claim
from fleet.errors import ClaimLostError
from fleet.failures import Failure
from fleet.measures import Measured
from fleet.outcome_record import OutcomeRecord
from fleet.outcomes import OutcomeName
from fleet.run_record import RunRecord
from lambdas.clients.ledger import Ledger
from localcloud.aws import LocalAws

TABLE = "ledger"
NOW = datetime(2026, 11, 29, 22, tzinfo=UTC)
SLOT = NOW.isoformat()
MEASURED = Measured(77.0, 3, (2, 1))
_NUMBERS = count(1)


@pytest.fixture(scope="module")
def ledger() -> Iterator[Ledger]:
    with LocalAws() as aws:
        dynamodb = aws.client("dynamodb")
        dynamodb.create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            BillingMode="PAY_PER_REQUEST",
        )
        yield Ledger(dynamodb, TABLE)


@pytest.fixture
def first() -> Attempt:
    """The first attempt at a database that no other test has; nobody has taken it yet."""
    number = next(_NUMBERS)
    return Attempt(f"run-{number}", f"shop-{number}", "full", 1, "execution-one")


def of_another(attempt: Attempt, number: int) -> Attempt:
    """An attempt at the same database by another execution."""
    return replace(attempt, number=number, execution="execution-two")


# Claims


def test_a_database_that_nobody_holds_is_taken_with_its_next_number(ledger: Ledger, first: Attempt) -> None:
    assert ledger.take(first, previous_holder="", now=NOW)
    claim = ledger.claim(first.database)
    assert claim == Claim(1, first.execution, first.run)
    ledger.release(first, measured=None)
    assert ledger.take(of_another(first, 2), previous_holder="", now=NOW)


def test_a_database_that_is_held_is_not_taken_by_an_execution_that_believes_it_free(
    ledger: Ledger, first: Attempt
) -> None:
    ledger.take(first, previous_holder="", now=NOW)
    before = ledger.claim(first.database)
    assert not ledger.take(of_another(first, 2), previous_holder="", now=NOW)
    assert ledger.claim(first.database) == before
    assert ledger.find_record(of_another(first, 2)) is None


def test_a_dead_holders_place_is_taken_only_from_the_holder_that_was_found_dead(ledger: Ledger, first: Attempt) -> None:
    ledger.take(first, previous_holder="", now=NOW)
    second = of_another(first, 2)
    assert not ledger.take(second, previous_holder="execution-three", now=NOW)
    assert ledger.claim(first.database).holder == first.execution
    assert ledger.take(second, previous_holder=first.execution, now=NOW)
    assert ledger.claim(first.database).holder == second.execution


def test_a_place_that_was_given_back_meanwhile_is_not_taken_over(ledger: Ledger, first: Attempt) -> None:
    ledger.take(first, previous_holder="", now=NOW)
    ledger.release(first, measured=None)
    assert not ledger.take(of_another(first, 2), previous_holder=first.execution, now=NOW)
    assert not ledger.claim(first.database).holder


@pytest.mark.parametrize("number", [1, 3])
def test_only_the_number_after_the_newest_is_given(ledger: Ledger, first: Attempt, number: int) -> None:
    ledger.take(first, previous_holder="", now=NOW)
    ledger.release(first, measured=None)
    assert not ledger.take(of_another(first, number), previous_holder="", now=NOW)
    assert ledger.claim(first.database).number == 1
    assert ledger.record(first).attempt.execution == first.execution


def test_only_the_newest_attempt_of_the_holding_execution_may_act(ledger: Ledger, first: Attempt) -> None:
    ledger.take(first, previous_holder="", now=NOW)
    assert ledger.open(first).attempt.execution == first.execution
    for other in (replace(first, execution="execution-two"), replace(first, number=2), replace(first, number=0)):
        with pytest.raises(ClaimLostError):
            ledger.open(other)
    ledger.release(first, measured=None)
    with pytest.raises(ClaimLostError):
        ledger.open(first)


def test_a_database_is_given_back_by_its_holders_newest_attempt_alone(ledger: Ledger, first: Attempt) -> None:
    ledger.take(first, previous_holder="", now=NOW)
    second = of_another(first, 2)
    ledger.take(second, previous_holder=first.execution, now=NOW)
    before = ledger.claim(first.database)
    for other in (first, replace(first, number=2), replace(second, number=1)):
        ledger.release(other, measured=MEASURED)
        assert ledger.claim(first.database) == before
    ledger.release(second, measured=MEASURED)
    assert ledger.claim(first.database).number == 2
    assert not ledger.claim(first.database).holder
    assert ledger.measures([first.database, "never-loaded"]) == {first.database: MEASURED}


# Attempts


def test_the_first_failure_of_an_attempt_stays(ledger: Ledger, first: Attempt) -> None:
    cause, consequence = Failure("connection", "SourceLost", "gone"), Failure("cancelled", "TaskStoppedEarly", "over")
    ledger.take(first, previous_holder="", now=NOW)
    ledger.note_failure(first, cause)
    ledger.note_failure(first, consequence)
    assert ledger.record(first).failure == cause


def test_the_attempts_before_one_are_those_below_it_newest_first(ledger: Ledger, first: Attempt) -> None:
    for number in range(1, 14):
        previous_holder = first.execution if number > 1 else ""
        assert ledger.take(replace(first, number=number), previous_holder=previous_holder, now=NOW)
    found = [one.attempt for one in ledger.attempts_before(replace(first, number=12))]
    assert found == [replace(first, number=number) for number in range(11, 1, -1)]


# Runs and outcomes


def test_the_run_that_takes_a_slot_first_has_it(ledger: Ledger) -> None:
    assert ledger.take_slot("nightly", SLOT, "one") == "one"
    assert ledger.take_slot("nightly", SLOT, "two") == "one"
    assert ledger.take_slot("nightly", SLOT, "one") == "one"
    assert ledger.take_slot("sales", SLOT, "two") == "two"


def test_a_run_is_planned_once_and_is_not_asked_to_stop_before_or_after_it_is_open(ledger: Ledger) -> None:
    assert not ledger.request_stop("planned-once", "why")
    assert ledger.run("planned-once") is None
    ledger.put_run(RunRecord("planned-once", "full"))
    ledger.put_run(RunRecord("planned-once", "delta"))
    assert ledger.run("planned-once").mode == "full"
    assert ledger.stop_requested("planned-once") == ""
    assert ledger.request_stop("planned-once", "why")
    assert ledger.stop_requested("planned-once") == "why"
    ledger.close_run("planned-once", SLOT)
    assert ledger.stop_requested("planned-once") == ""
    assert ledger.request_stop("planned-once", "again")
    assert ledger.stop_requested("planned-once") == "again"


def test_an_outcome_replaces_a_guess_and_whatever_is_not_of_a_newer_attempt_and_a_guess_only_what_is_worth_less(
    ledger: Ledger,
) -> None:
    for was_guessed, before, is_guess, after in product((False, True), (1, 2, 3), (False, True), (1, 2, 3)):
        run = f"{was_guessed}-{before}-{is_guess}-{after}"
        put = ledger.put_guess if is_guess else ledger.put_outcome
        assert ledger.put_outcome(an_outcome(run, before, "failed", guessed=was_guessed))
        may = before < after or (before == after and (was_guessed or not is_guess)) or (was_guessed and not is_guess)
        assert put(an_outcome(run, after, "ok", guessed=is_guess)) == may, run
        assert ledger.outcome(run, "shop").outcome == ("ok" if may else "failed"), run


def test_a_guess_is_written_where_nothing_is(ledger: Ledger) -> None:
    assert ledger.put_guess(an_outcome("no-word-yet", 0, "failed", guessed=True))
    assert [one.database for one in ledger.outcomes("no-word-yet")] == ["shop"]


def test_a_record_comes_back_as_it_was_written(ledger: Ledger) -> None:
    plain = an_outcome("comes-back", 1, "ok", guessed=False)
    whole = replace(
        an_outcome("comes-back-whole", 2, "failed", guessed=True),
        redrive_count=1,
        table_count=3,
        not_ok_count=2,
        row_count=5,
        bytes=7,
        failure_class="table_error",
        failure_name="TableNotLoaded",
        failure_text="s.t: no such table",
        owner="source team",
        remedy="Read the task's log.",
        gaps=("one", "two"),
    )
    for outcome in (plain, whole):
        ledger.put_outcome(outcome)
        assert ledger.outcome(outcome.run, "shop") == outcome
    run = RunRecord("comes-back", "full", "arn:run", "v1", NOW, "old", ("shop", "stock"))
    ledger.put_run(run)
    ledger.link_rerun("comes-back", "again")
    ledger.close_run("comes-back", NOW.isoformat())
    assert ledger.run("comes-back") == replace(run, reruns=frozenset({"again"}), closed_at=NOW)


def an_outcome(run: str, attempt: int, name: OutcomeName, *, guessed: bool) -> OutcomeRecord:
    return OutcomeRecord(run, "shop", attempt, name, "full", "arn:one", "key", NOW, NOW, guessed=guessed)
