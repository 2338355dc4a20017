"""Changes of tables that keep deleted rows: a row is flagged or closed, comes back, and no version is there twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from change_warehouse import SNOWFLAKE, Change, Warehouse, play
from fleet.warehouse import setup_statements
from snowflake_account import BUCKET, EXTERNAL_ID, Account, new_account

Key = tuple[int, int]
SEEDED = "2026-11-30 13:00:00.000000"
"""When the rows of the full load came."""
MOVES = st.lists(
    st.tuples(
        st.sampled_from(["insert", "update", "update", "move", "delete"]),
        st.integers(0, 2),
        st.integers(0, 2),
        st.sampled_from("ab"),  # so that an update often changes nothing
        st.integers(0, 59),
    ),
    min_size=4,
    max_size=30,
)


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with new_account() as one:
        setup = setup_statements(SNOWFLAKE, landing_bucket=BUCKET, role_arn=one.role_arn, external_id=EXTERNAL_ID)
        one.snowflake.administer(";".join(setup))
        yield one


@dataclass
class Model:
    """What a table must hold after changes, by key: *flagged* the last image and since when it is gone, and *versions*
    each image with its interval."""

    flagged: dict[Key, list[Any]] = field(default_factory=dict)
    versions: dict[Key, list[list[Any]]] = field(default_factory=dict)

    def take(self, change: Change) -> None:
        """Let *change* happen, at its time, unless the version before it begins or ends later."""
        if change.op == "D" or change.before not in {None, change.key}:
            gone = change.key if change.op == "D" else change.before
            assert gone is not None
            self._go(gone, change.at)
        if change.op != "D":
            self._come(change.key, change.name, change.at)

    def _go(self, key: Key, at: str) -> None:
        self.flagged[key][1] = at
        self.versions[key][-1][2] = self._after_all(key, at)

    def _come(self, key: Key, name: str | None, at: str) -> None:
        self.flagged[key] = [name, None]
        versions, at = self.versions.setdefault(key, []), self._after_all(key, at)
        if versions and versions[-1][2] is None:
            if versions[-1][0] == name:
                return
            versions[-1][2] = at
        versions.append([name, at, None])

    def _after_all(self, key: Key, at: str) -> str:
        """*at*, or a microsecond after all times of *key*."""
        latest = max((time for _, *times in self.versions.get(key, []) for time in times if time), default="")
        if latest < at:
            return at
        later = datetime.fromisoformat(latest) + timedelta(microseconds=1)
        return later.isoformat(" ", "microseconds")


def seeded(names: dict[int, str]) -> tuple[dict[Key, str], Model]:
    """The rows of a full load, and the model of the table after it."""
    rows = {(number, number % 2): name for number, name in names.items()}
    model = Model()
    for key, name in rows.items():
        model.take(Change("I", key, name, None, 0, at=SEEDED))
    return rows, model


def happen(rows: dict[Key, str], moves: Sequence[Any]) -> list[Change]:
    """The changes that *moves* make of *rows*, each with a time that may go back."""
    changes: list[Change] = []
    for *move, second in moves:
        for change in play(rows, [tuple(move)]):
            position, at = len(changes) * 7 + 9, f"2026-11-30 14:00:{second:02}.000000"
            changes.append(replace(change, position=position, at=at))
    return changes


def flagged(warehouse: Warehouse) -> dict[Key, list[Any]]:
    """What a soft table holds."""
    query = f'SELECT "ID", "LINE", "NAME", "_DELETED_AT" || \'\' AS "AT" FROM {warehouse.target}'
    found = warehouse.account.rows(query)
    assert len({(row["id"], row["line"]) for row in found}) == len(found)
    return {_key(row): [row["name"], _time(row["at"])] for row in found}


def versions(warehouse: Warehouse) -> dict[Key, list[list[Any]]]:
    """What a history table holds, in the order of time."""
    found = warehouse.account.rows(
        f'SELECT "ID", "LINE", "NAME", "_VALID_FROM" || \'\' AS "A", "_VALID_TO" || \'\' AS "Z" FROM {warehouse.target}'
    )
    kept: dict[Key, list[list[Any]]] = {}
    for row in found:
        kept.setdefault(_key(row), []).append([row["name"], _time(row["a"]), _time(row["z"])])
    return {key: _in_order(one) for key, one in kept.items()}


def _in_order(versions: Sequence[list[Any]]) -> list[list[Any]]:
    return sorted(versions, key=lambda one: (one[1], one[2] or "9", one[0]))


def _key(row: Any) -> Key:
    return int(str(row["id"])), int(str(row["line"]))


def _time(text: str | None) -> str | None:
    return None if text is None else f"{text[:19]}.{(text + '.')[20:26]:0<6}"


def land_batches(warehouse: Warehouse, changes: list[Change], data: st.DataObject) -> list[tuple[str, ...]]:
    """The requests of two batches with *changes*: the first is of a delta that broke off and one that read some of its
    changes again; no file is in order."""
    middle = len(changes) - data.draw(st.integers(0, len(changes) // 2))
    cut = middle - data.draw(st.integers(0, middle // 3))
    again = data.draw(st.sampled_from([0, cut // 2, cut]))
    parts = [data.draw(st.permutations(part)) for part in (changes[:cut], changes[again:middle], changes[middle:])]
    folders = [(number, warehouse.land(number, part)) for number, part in enumerate(parts, 2) if part]
    first = [landed for number, landed in folders if number < 4]
    later = [landed for number, landed in folders if number == 4]
    requests = [warehouse.statements(3, first)] if first else []
    return [*requests, *([warehouse.statements(4, later, 3 if first else 1)] if later else [])]


@given(st.dictionaries(st.integers(0, 3), st.sampled_from("ab"), max_size=4), MOVES, st.data())
@settings(max_examples=8, deadline=None)
def test_a_soft_table_keeps_the_last_image_of_each_key_and_since_when_it_is_gone(
    account: Account, start: dict[int, str], moves: list[Any], data: st.DataObject
) -> None:
    rows, model = seeded(start)
    warehouse = Warehouse(account, rows, "soft")
    changes = happen(rows, moves)
    for change in changes:
        model.take(change)
    for statements in land_batches(warehouse, changes, data):
        account.done(*statements)
        before = flagged(warehouse)
        counted = account.done(*statements)[-1]  # a second time changes nothing
        assert flagged(warehouse) == before
        assert counted == [{"row_count": str(sum(at is None for _, at in before.values()))}]
    assert flagged(warehouse) == model.flagged
    assert {key: name for key, (name, at) in flagged(warehouse).items() if at is None} == rows


@given(st.dictionaries(st.integers(0, 3), st.sampled_from("ab"), max_size=4), MOVES, st.data())
@settings(max_examples=10, deadline=None)
def test_a_history_table_has_each_version_once_and_no_two_at_a_time(
    account: Account, start: dict[int, str], moves: list[Any], data: st.DataObject
) -> None:
    rows, model = seeded(start)
    warehouse = Warehouse(account, rows, "history")
    changes = happen(rows, moves)
    if not changes:
        return
    for change in changes:
        model.take(change)
    for statements in land_batches(warehouse, changes, data):
        account.done(*statements)
        before = versions(warehouse)
        account.done(*statements)
        assert versions(warehouse) == before
    held = versions(warehouse)
    living = {key: one[0] for key, found in held.items() for one in found if one[2] is None}
    assert living == rows
    for found in held.values():
        assert all(start < (end or "9") for _, start, end in found)
        assert all(before[2] is not None and before[2] <= after[1] for before, after in pairwise(found))
    assert held == {key: _in_order(found) for key, found in model.versions.items()}


# The next two are among what the tests before try, but not each time that they are run.
def test_a_deleted_row_keeps_its_last_image_and_comes_back(account: Account) -> None:
    rows = {(1, 1): "old"}
    warehouse = Warehouse(account, rows, "soft")
    changes = happen(rows, [("update", 1, 1, "last", 1), ("delete", 1, 1, "", 2), ("insert", 1, 1, "back", 3)])

    account.done(*warehouse.statements(2, [warehouse.land(2, changes[:2])]))
    assert flagged(warehouse) == {(1, 1): ["last", "2026-11-30 14:00:02.000000"]}
    account.done(*warehouse.statements(3, [warehouse.land(3, changes[2:])], 2))
    assert flagged(warehouse) == {(1, 1): ["back", None]}


def test_versions_follow_each_other_whatever_their_times_and_an_unchanged_image_opens_none(account: Account) -> None:
    rows = {(1, 1): "old"}
    warehouse = Warehouse(account, rows, "history")
    changes = happen(rows, [("update", 1, 1, "a", 1), ("update", 1, 1, "a", 2), ("update", 1, 1, "b", 1)])
    statements = warehouse.statements(2, [warehouse.land(2, changes)])

    for _ in range(2):  # a second time changes nothing
        account.done(*statements)
        assert versions(warehouse)[1, 1] == [
            ["old", SEEDED, "2026-11-30 14:00:01.000000"],
            ["a", "2026-11-30 14:00:01.000000", "2026-11-30 14:00:01.000001"],
            ["b", "2026-11-30 14:00:01.000001", None],
        ]


def test_changes_that_are_read_again_make_no_version(account: Account) -> None:
    warehouse = Warehouse(account, {(1, 1): "old"}, "history")
    changes = happen(
        {(1, 1): "old"},
        [
            ("update", 1, 1, "a", 1),
            ("update", 1, 1, "b", 2),
            ("delete", 1, 1, "", 3),
            ("insert", 1, 1, "a", 4),
            ("move", 1, 2, "", 5),
        ],
    )
    folders = [warehouse.land(2, changes[:4]), warehouse.land(3, changes[1:])]

    account.done(*warehouse.statements(3, folders))

    assert {key: [name for name, _, _ in found] for key, found in versions(warehouse).items()} == {
        (1, 1): ["old", "a", "b", "a"],
        (2, 0): ["a"],
    }
