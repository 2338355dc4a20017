"""Changes applied by one MERGE: whatever happened to a key, in whatever order files hold it, the last change counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from change_warehouse import SNOWFLAKE, Change, Warehouse, play
from fleet.warehouse import setup_statements
from snowflake_account import BUCKET, EXTERNAL_ID, Account, new_account


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with new_account() as one:
        setup = setup_statements(SNOWFLAKE, landing_bucket=BUCKET, role_arn=one.role_arn, external_id=EXTERNAL_ID)
        one.snowflake.administer(";".join(setup))
        yield one


MOVES = st.lists(
    st.tuples(
        st.sampled_from(["insert", "update", "move", "delete"]),
        st.integers(0, 3),
        st.integers(0, 3),
        st.sampled_from("abcdef"),
    ),
    min_size=1,
    max_size=30,
)


@given(st.dictionaries(st.integers(0, 3), st.sampled_from("xyz"), max_size=4), MOVES, st.data())
@settings(max_examples=20, deadline=None)
def test_the_table_becomes_what_the_source_is(
    account: Account, start: dict[int, str], moves: list[Any], data: st.DataObject
) -> None:
    rows = {(number, number % 2): name for number, name in start.items()}
    warehouse = Warehouse(account, rows)
    changes = play(rows, moves)
    # Cut anywhere into two deltas, the second of which repeats some of the first; no file is in order.
    cut = data.draw(st.integers(0, len(changes)))
    again = data.draw(st.integers(0, cut))
    parts = [data.draw(st.permutations(part)) for part in (changes[:cut], changes[again:])]
    folders = [warehouse.land(number, part) for number, part in enumerate(parts, 2) if part]
    if not folders:
        return
    statements = warehouse.statements(3, folders)

    account.done(*statements)
    assert warehouse.rows() == rows
    account.done(*statements)  # a second time changes nothing
    assert warehouse.rows() == rows


ONE, OTHER, ELSEWHERE = (1, 1), (2, 0), (3, 1)


def update(name: str, position: int, sequence: int = 0) -> Change:
    """One of ONE."""
    return Change("U", ONE, name, ONE, position, sequence)


# Each of these is among what the test before tries, but not each time that it is run.
@pytest.mark.parametrize(
    ("folders", "left"),
    [
        pytest.param([[update("a", 0x9), update("b", 0x10)]], {ONE: "b"}, id="places are numbers"),
        pytest.param([[update("a", 9, 1), update("b", 9, 2)]], {ONE: "b"}, id="a place is shared"),
        pytest.param([[update("a", 30)], [update("b", 20)]], {ONE: "b"}, id="a later folder comes later"),
        pytest.param([[Change("U", ELSEWHERE, "a", ONE, 9)]], {ELSEWHERE: "a"}, id="an old key goes"),
        pytest.param([[Change("D", ONE, None, None, 9)]], {}, id="a delete takes its row away"),
        pytest.param([[Change("D", ELSEWHERE, None, None, 9)]], {ONE: "old"}, id="nothing is there to delete"),
    ],
)
def test_the_last_change_of_each_key_is_what_is_left(
    account: Account, folders: list[list[Change]], left: dict[tuple[int, int], str]
) -> None:
    warehouse = Warehouse(account, {ONE: "old", OTHER: "other"})
    landed = [warehouse.land(number, changes) for number, changes in enumerate(folders, 2)]

    account.done(*warehouse.statements(len(folders) + 1, landed))

    assert warehouse.rows() == {**left, OTHER: "other"}


def test_eight_thousand_changes_of_one_row_leave_the_last(account: Account) -> None:
    warehouse = Warehouse(account, {(1, 1): "old"})
    changes = [Change("U", (1, 1), str(number), (1, 1), 9, number) for number in range(8_000)]  # of one transaction

    account.done(*warehouse.statements(2, [warehouse.land(2, changes)]))

    assert warehouse.rows() == {(1, 1): "7999"}


def test_a_delta_waits_for_the_one_before_it(account: Account) -> None:
    warehouse = Warehouse(account, {(1, 1): "old"})
    landed = warehouse.land(3, [Change("U", (1, 1), "new", (1, 1), 1)])

    failed = account.failed(*warehouse.statements(3, [landed], written=2))

    assert "attempt 1 is applied, wanted 2 before attempt 3" in failed.cause
    assert warehouse.rows() == {(1, 1): "old"}


def test_changes_of_another_database_are_refused(account: Account) -> None:
    warehouse = Warehouse(account, {(1, 1): "old"})
    landed = warehouse.land(2, [Change("U", (1, 1), "new", (1, 1), 1)], database="other")

    assert (
        "delta: 1 changes, 0 of this database, 1 by footers" in account.failed(*warehouse.statements(2, [landed])).cause
    )
    assert warehouse.rows() == {(1, 1): "old"}


@pytest.mark.parametrize("said", [0, 2])
def test_other_changes_than_the_footers_of_their_files_had_are_refused(account: Account, said: int) -> None:
    warehouse = Warehouse(account, {(1, 1): "old"})
    attempt, sealed = warehouse.land(2, [Change("U", (1, 1), "new", (1, 1), 1)])

    failed = account.failed(*warehouse.statements(2, [(attempt, replace(sealed, rows=said))]))

    assert f"delta: 1 changes, 1 of this database, {said} by footers" in failed.cause
    assert warehouse.rows() == {(1, 1): "old"}
