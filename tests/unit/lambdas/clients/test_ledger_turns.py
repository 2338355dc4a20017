"""Turns at an API that a whole account shares: however many ask at once, the bucket always has what was spoken for."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet.pace import Pace
from lambdas.clients.ledger import Ledger
from localcloud.aws import LocalAws

NOW = datetime(2026, 11, 30, 1, 0, tzinfo=UTC)
PACE = Pace(burst=10, per_second=2)
_NUMBERS = count(1)


@pytest.fixture(scope="module")
def ledger() -> Iterator[Ledger]:
    with LocalAws() as aws:
        dynamodb = aws.client("dynamodb")
        dynamodb.create_table(
            TableName="ledger",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            BillingMode="PAY_PER_REQUEST",
        )
        yield Ledger(dynamodb, "ledger")


def new_api() -> str:
    """A queue that no other test has."""
    return f"api-{next(_NUMBERS)}"


def test_the_store_goes_at_once_and_the_rest_as_fast_as_it_fills(ledger: Ledger) -> None:
    api = new_api()
    waits = [ledger.take_turn(api, 5, PACE, NOW) for _ in range(4)]
    assert waits == pytest.approx([0, 0, 2.5, 5])


def test_a_store_that_nobody_used_is_full_and_no_fuller(ledger: Ledger) -> None:
    api = new_api()
    for later in (0, 3600):
        waits = [ledger.take_turn(api, 10, PACE, NOW + timedelta(seconds=later)) for _ in range(2)]
        assert waits == pytest.approx([0, 5])


@settings(max_examples=25)
@given(st.lists(st.tuples(st.floats(0, 20), st.integers(1, 6)), min_size=1, max_size=12))
def test_no_stretch_of_time_has_more_requests_than_the_bucket_holds_for_it(
    ledger: Ledger, asked: list[tuple[float, int]]
) -> None:
    api, at = new_api(), 0.0
    made: list[tuple[float, int]] = []
    for pause, calls in asked:
        at += pause
        made.append((at + ledger.take_turn(api, calls, PACE, NOW + timedelta(seconds=at)), calls))
    for first, (begin, _) in enumerate(made):
        for last in range(first, len(made)):
            requests = sum(calls for _, calls in made[first : last + 1])
            largest = max(calls for _, calls in made)
            assert requests <= max(PACE.burst, largest) + PACE.per_second * (made[last][0] - begin) + 1e-3


def test_those_who_ask_at_the_same_moment_each_have_a_turn_of_their_own(ledger: Ledger) -> None:
    api = new_api()
    with ThreadPoolExecutor(4) as pool:
        waits = list(pool.map(lambda _: ledger.take_turn(api, 10, PACE, NOW), range(12)))
    assert sorted(waits) == pytest.approx([5 * place for place in range(12)])
