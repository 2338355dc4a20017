"""Changes applied by one MERGE: whatever happened to a key, in whatever order files hold it, the last change counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet.attempts import Attempt
from fleet.databases import SnowflakeSettings
from fleet.deltas.change_sql import ChangeBatch, change_statements
from fleet.folders import LandedFile
from fleet.manifests import SealedTable
from fleet.tables.catalogue import Table
from fleet.tables.columns import Column
from fleet.warehouse import qualified, setup_statements
from fleet.warehouse_columns import table_columns
from lambdas.clients.snowflake import Row
from snowflake_account import BUCKET, EXTERNAL_ID, Account, new_account

SNOWFLAKE = SnowflakeSettings("a", "https://a", "LOADER", "key", "LOADER", "LOAD_WH", "FLEET", "FLEET_READER")
TABLE = Table(
    "public",
    "orders",
    False,
    (Column("id", "integer"), Column("line", "integer"), Column("name", "character varying", 40)),
    ("id", "line"),
)
_RUNS = count(1)


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with new_account() as one:
        setup = setup_statements(SNOWFLAKE, landing_bucket=BUCKET, role_arn=one.role_arn, external_id=EXTERNAL_ID)
        one.snowflake.administer(";".join(setup))
        yield one


@dataclass(frozen=True)
class Change:
    """One change as DMS writes it: the row after it (before it for D), the key before it, its place in the log, and the
    order of those that share it."""

    op: str
    key: tuple[int, int]
    name: str | None
    before: tuple[int, int] | None
    position: int
    sequence: int = 0


class Warehouse:
    """One table of its own in the stand-in, with the rows of a full load by attempt 1."""

    def __init__(self, account: Account, rows: dict[tuple[int, int], str]) -> None:
        self.account = account
        self.run = f"run-{next(_RUNS)}"
        self.table = replace(TABLE, table=f"orders_{self.run[4:]}")
        self.target = qualified(SNOWFLAKE, "shop", self.table.name)
        self.columns = table_columns("postgresql", self.table)
        defined = ", ".join(f'"{column.name}" {column.type}' for column in self.columns)
        schema = self.target.rpartition(".")[0]
        account.done(f"CREATE SCHEMA IF NOT EXISTS {schema}", f"CREATE TRANSIENT TABLE {self.target} ({defined})")
        account.done(
            *(
                f'INSERT INTO {self.target} ("ID", "LINE", "NAME") VALUES ({key[0]}, {key[1]}, \'{name}\')'
                for key, name in rows.items()
            ),
            f"INSERT INTO \"FLEET\".OPS.APPLIED SELECT 'shop', 'public', '{self.table.table}', 1, '{self.run}', "
            f"'full', {len(rows)}, CURRENT_TIMESTAMP()",
        )

    def land(self, number: int, changes: Sequence[Change], *, database: str = "shop") -> tuple[Attempt, SealedTable]:
        """A delta's folder with *changes* in two files, and what was sealed of it."""
        attempt = Attempt(self.run, "shop", "delta", number, "arn")
        files = []
        for place in range(2):
            part = changes[place::2]
            if not part:
                continue
            key = f"{attempt.folder.table_prefix(self.table.name)}20261130-14000000{place}.parquet"
            values = ", ".join(_values(change, database) for change in part)
            self.account.land(
                key,
                f'SELECT * FROM (VALUES {values}) AS v("Op", _fleet_at, id, line, name, _fleet_database, '
                f"_fleet_position, _fleet_sequence, _fleet_before_id, _fleet_before_line)",
            )
            files.append(LandedFile(key, 1, "e"))
        return attempt, SealedTable("public", self.table.table, False, "loaded", len(changes), None, tuple(files))

    def statements(
        self, number: int, folders: Sequence[tuple[Attempt, SealedTable]], written: int = 1
    ) -> tuple[str, ...]:
        """The request that applies *folders*."""
        attempt = Attempt(self.run, "shop", "delta", number, "arn")
        batch = ChangeBatch(self.table, tuple(folders), written, self.columns)
        return change_statements(SNOWFLAKE, "postgresql", attempt, batch)

    def rows(self) -> dict[tuple[int, int], str | None]:
        """What the table holds."""
        found: list[Row] = self.account.rows(f'SELECT "ID", "LINE", "NAME" FROM {self.target}')
        assert len({(row["id"], row["line"]) for row in found}) == len(found)
        return {(int(str(row["id"])), int(str(row["line"]))): row["name"] for row in found}


def _values(change: Change, database: str) -> str:
    name = "NULL::VARCHAR" if change.name is None else f"'{change.name}'"
    before = change.before or ("NULL::INTEGER", "NULL::INTEGER")
    position = f"'0/{change.position:X}'"  # not padded: text would not order it
    return (
        f"('{change.op}', '2026-11-30 14:00:00.000000', {change.key[0]}, {change.key[1]}, {name}, '{database}', "
        f"{position}, '{change.sequence:035d}', {before[0]}, {before[1]})"
    )


def _play(rows: dict[tuple[int, int], str], moves: Sequence[tuple[str, int, int, str]]) -> list[Change]:
    """What happens to *rows*, a map of all keys, and what DMS writes of it: what cannot happen does not."""
    changes: list[Change] = []
    for what, first, second, name in moves:
        key, other = (first, first % 2), (second, second % 2)
        # Three changes share a place of the log, as those of one transaction may; places pass a change of length.
        at = len(changes) // 3 * 7 + 9, len(changes)
        if what == "insert" and key not in rows:
            rows[key] = name
            changes.append(Change("I", key, name, None, *at))
        elif what == "update" and key in rows:
            rows[key] = name
            changes.append(Change("U", key, name, key, *at))
        elif what == "move" and key in rows and other not in rows:
            rows[other] = rows.pop(key)
            changes.append(Change("U", other, rows[other], key, *at))
        elif what == "delete" and key in rows:
            del rows[key]
            changes.append(Change("D", key, None, None, *at))
    return changes


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
@settings(max_examples=40, deadline=None)
def test_the_table_becomes_what_the_source_is(
    account: Account, start: dict[int, str], moves: list[Any], data: st.DataObject
) -> None:
    rows = {(number, number % 2): name for number, name in start.items()}
    warehouse = Warehouse(account, rows)
    changes = _play(rows, moves)
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
