"""The places at a server and the claims they belong to change together, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count

import pytest

from fleet.attempts import Attempt
from fleet.claims import Claim
from fleet.server_places import Place
from lambdas.clients.ledger import Ledger
from lambdas.clients.places import Places
from localcloud.aws import LocalAws

TABLE = "places"
NOW = datetime(2026, 11, 30, 22, tzinfo=UTC)
_NUMBERS = count(1)


class Books:
    """The ledger and its places."""

    def __init__(self, dynamodb: object) -> None:
        self.ledger, self.places = Ledger(dynamodb, TABLE), Places(dynamodb, TABLE)

    def take(self, attempt: Attempt, place: Place, *, previous_holder: str = "") -> bool:
        return self.ledger.take(attempt, previous_holder=previous_holder, now=NOW, place=place)

    def taken(self, place: Place) -> set[str]:
        return set(self.places.look(place.server).databases)


@pytest.fixture(scope="module")
def books() -> Iterator[Books]:
    with LocalAws() as aws:
        dynamodb = aws.client("dynamodb")
        dynamodb.create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            BillingMode="PAY_PER_REQUEST",
        )
        yield Books(dynamodb)


def new_attempt() -> Attempt:
    number = next(_NUMBERS)
    return Attempt(f"run-{number}", f"shop-{number}", "full", 1, f"execution-{number}")


@pytest.fixture
def first() -> Attempt:
    return new_attempt()


@pytest.fixture
def second() -> Attempt:
    return new_attempt()


@pytest.fixture
def place() -> Place:
    """The only place at a server that no other test has."""
    return Place(f"server-{next(_NUMBERS)}", 1)


def test_of_two_who_saw_the_last_place_free_one_gets_it_and_the_other_gets_no_claim(
    books: Books, first: Attempt, second: Attempt, place: Place
) -> None:
    assert books.take(first, place)
    assert not books.take(second, place)
    assert books.taken(place) == {first.database}
    assert books.ledger.claim(second.database) == Claim()
    assert books.ledger.find_record(second) is None


def test_who_does_not_get_the_claim_gets_no_place(books: Books, first: Attempt, place: Place) -> None:
    books.ledger.take(first, previous_holder="", now=NOW)
    assert not books.take(replace(first, number=2, execution="another"), place)
    assert books.taken(place) == set()


def test_a_place_is_given_back_with_the_claim_and_is_free_again(
    books: Books, first: Attempt, second: Attempt, place: Place
) -> None:
    books.take(first, place)
    books.ledger.release(first, measured=None, place_at=place.server)
    assert books.taken(place) == set()
    assert not books.ledger.claim(first.database).place_at
    assert books.take(second, place)


def test_who_does_not_hold_the_claim_gives_no_place_back(books: Books, first: Attempt, place: Place) -> None:
    books.take(first, place)
    other = replace(first, number=2, execution="another")
    books.take(other, place, previous_holder=first.execution)
    books.ledger.release(first, measured=None, place_at=place.server)
    assert not books.places.give_back(first.database, holder=first.execution, server=place.server)
    assert books.taken(place) == {first.database}


def test_a_database_that_moved_to_another_server_leaves_no_place_at_the_old_one(
    books: Books, first: Attempt, place: Place
) -> None:
    books.take(first, place)
    moved = Place(f"{place.server}-new", 1, left=place.server)
    assert books.take(replace(first, number=2, execution="another"), moved, previous_holder=first.execution)
    assert (books.taken(place), books.taken(moved)) == (set(), {first.database})


def test_a_server_that_is_full_above_its_cap_still_lets_its_own_databases_go_on(
    books: Books, first: Attempt, second: Attempt, place: Place
) -> None:
    for attempt in (first, second):
        books.take(attempt, replace(place, most=2))
    assert books.take(replace(first, number=2, execution="another"), place, previous_holder=first.execution)
    assert books.taken(place) == {first.database, second.database}


def test_a_dead_executions_place_is_taken_again_only_where_there_is_one_and_only_by_the_holder(
    books: Books, first: Attempt, second: Attempt, place: Place
) -> None:
    books.take(first, place)
    assert books.places.give_back(first.database, holder=first.execution, server=place.server)
    assert books.ledger.claim(first.database).holder == first.execution
    books.take(second, place)
    assert not books.places.take_again(first, place)
    books.ledger.release(second, measured=None, place_at=place.server)
    assert not books.places.take_again(replace(first, execution="another"), place)
    assert books.places.take_again(first, place)
    assert books.taken(place) == {first.database}


def test_a_place_that_a_claim_has_is_not_dropped(books: Books, first: Attempt, place: Place) -> None:
    books.take(first, place)
    assert not books.places.drop(first.database, server=place.server)
    assert books.taken(place) == {first.database}
