"""A full load into a table that keeps deleted rows: what is gone is kept, what is as it was is left alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from change_warehouse import SNOWFLAKE
from fleet.attempts import Attempt
from fleet.compared_loads import REPEATED, compared_load_statements
from fleet.databases import Deletes
from fleet.folders import LandedFile
from fleet.keeping import plan_published
from fleet.manifests import SealedTable
from fleet.tables.catalogue import Table
from fleet.tables.columns import Column
from fleet.warehouse import qualified, setup_statements
from fleet.warehouse_columns import WarehouseColumn, table_columns
from snowflake_account import BUCKET, EXTERNAL_ID, Account, new_account

_NUMBERS = count(1)
BEGAN = datetime(2026, 11, 30, 14, tzinfo=UTC)
Row = tuple[int, str | None]


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with new_account() as one:
        setup = setup_statements(SNOWFLAKE, landing_bucket=BUCKET, role_arn=one.role_arn, external_id=EXTERNAL_ID)
        one.snowflake.administer(";".join(setup))
        yield one


class Loads:
    """The full loads of one table of its own; load *n* is attempt *n* and began at 14:0*n*."""

    def __init__(self, account: Account, deletes: Deletes) -> None:
        self.account = account
        self.deletes = deletes
        columns = (Column("id", "integer"), Column("name", "character varying", 40))
        self.table = Table("public", f"items_{next(_NUMBERS)}", False, columns, ("id",))
        self.target = qualified(SNOWFLAKE, "shop", self.table.name)
        self.present: tuple[WarehouseColumn, ...] = ()

    def statements(
        self, number: int, files: Sequence[Sequence[Row]], *, says: int | None = None, owner: str = "shop"
    ) -> tuple[str, ...]:
        """Land *files* of rows, and the request that loads them."""
        attempt = Attempt("night-1", "shop", "full", number, "arn")
        landed = []
        for place, rows in enumerate(files, 1):
            key = f"{attempt.folder.table_prefix(self.table.name)}LOAD{place:08X}.parquet"
            values = ", ".join(f"({one}, {'NULL' if name is None else repr(name)})" for one, name in rows)
            self.account.land(
                key,
                f"SELECT 'I' AS \"Op\", id, name::VARCHAR AS name, '{owner}' AS _fleet_database, "
                f"'2026-11-30 14:00:00' AS _fleet_at FROM (VALUES {values}) t(id, name)",
            )
            landed.append(LandedFile(key, 1, "etag"))
        rows = sum(map(len, files)) if says is None else says
        sealed = SealedTable("public", self.table.table, False, "loaded", rows, rows, tuple(landed))
        wanted = table_columns("postgresql", self.table)
        plan = plan_published(self.table.name, self.deletes, wanted, self.present, "partial")
        assert plan.refused is None
        self.present = plan.columns
        began = BEGAN + timedelta(minutes=number)
        return compared_load_statements(SNOWFLAKE, attempt, self.table, sealed, plan, self.deletes, began)

    def load(self, number: int, *files: Sequence[Row]) -> Mapping[str, Any]:
        """Load *files*, twice, as a request that was sent again may be; the counts that the first answers."""
        statements = self.statements(number, files)
        first, held = self.account.done(*statements), self.rows()
        self.account.done(*statements)
        assert self.rows() == held
        repeated = next(at for at, one in enumerate(statements) if one.startswith(REPEATED))
        return {**first[repeated][0], **first[-1][0]}

    def rows(self) -> list[str]:
        """What the table holds: key, name, and the minutes of its own columns."""
        minutes = {"soft": ["_DELETED_AT"], "history": ["_VALID_FROM", "_VALID_TO"], "hard": []}[self.deletes]
        times = "".join(f" || ' ' || COALESCE(SUBSTR(\"{name}\" || '', 15, 2), '-')" for name in minutes)
        found = self.account.rows(f"SELECT \"ID\" || ' ' || COALESCE(\"NAME\", '?'){times} AS R FROM {self.target}")
        return sorted(str(row["r"]) for row in found)


def test_a_soft_table_flags_what_is_absent_and_clears_what_is_back(account: Account) -> None:
    loads = Loads(account, "soft")
    assert loads.load(1, [(1, "a"), (2, "b")], [(3, None)]) == {"rows_repeated": "0", "row_count": "3"}
    assert loads.rows() == ["1 a -", "2 b -", "3 ? -"]
    loads.load(2, [(1, "a2"), (3, None)])
    assert loads.rows() == ["1 a2 -", "2 b 02", "3 ? -"]
    loads.load(3, [(1, "a2")])
    assert loads.rows() == ["1 a2 -", "2 b 02", "3 ? 03"]
    loads.load(4, [(2, "b"), (3, "c")])
    assert loads.rows() == ["1 a2 04", "2 b -", "3 c -"]


def test_a_history_table_closes_what_is_absent_or_changed_and_opens_what_is_new(account: Account) -> None:
    loads = Loads(account, "history")
    loads.load(1, [(1, "a"), (2, "b"), (3, None)])
    loads.load(2, [(1, "a2"), (3, None), (4, "d")])
    assert loads.rows() == ["1 a 01 02", "1 a2 02 -", "2 b 01 02", "3 ? 01 -", "4 d 02 -"]
    assert loads.load(3, [(2, "b"), (3, "c"), (4, "d")])["row_count"] == "3"
    assert loads.rows() == ["1 a 01 02", "1 a2 02 03", "2 b 01 02", "2 b 03 -", "3 ? 01 03", "3 c 03 -", "4 d 02 -"]


@pytest.mark.parametrize("deletes", ["soft", "history"])
def test_an_empty_load_keeps_all_and_none_lives(account: Account, deletes: Deletes) -> None:
    loads = Loads(account, deletes)
    loads.load(1, [(1, "a")])
    assert loads.load(2) == {"rows_repeated": "0", "row_count": "0"}
    assert loads.rows() == (["1 a 02"] if deletes == "soft" else ["1 a 01 02"])


@pytest.mark.parametrize("deletes", ["soft", "history"])
def test_what_is_as_it_was_is_left_alone(account: Account, deletes: Deletes) -> None:
    loads = Loads(account, deletes)
    loads.load(1, [(1, "a"), (2, "b")])
    loads.load(2, [(1, "a"), (2, "b2")])
    living = "_DELETED_AT" if deletes == "soft" else "_VALID_TO"
    files = account.rows(f'SELECT "ID", "_FILE" FROM {loads.target} WHERE "{living}" IS NULL ORDER BY "ID"')
    assert [str(row["_file"]).split("/")[3] for row in files] == ["000001", "000002"]


@pytest.mark.parametrize("deletes", ["soft", "history"])
def test_of_a_key_that_landed_twice_the_last_row_counts_once(account: Account, deletes: Deletes) -> None:
    loads = Loads(account, deletes)
    counts = loads.load(1, [(1, "first"), (2, "b"), (1, "second")], [(1, "third"), (2, "b")])
    assert counts == {"rows_repeated": "3", "row_count": "2"}
    assert [one.split()[:2] for one in loads.rows()] == [["1", "third"], ["2", "b"]]


@pytest.mark.parametrize("deletes", ["soft", "history"])
@pytest.mark.parametrize(
    ("number", "says", "owner", "words"),
    [
        (2, 3, "shop", "full load: 2 rows, 2 of this database, 3 by DMS"),
        (2, 1, "shop", "full load: 2 rows, 2 of this database, 1 by DMS"),
        (2, 2, "crm", "full load: 2 rows, 0 of this database, 2 by DMS"),
        (1, 2, "shop", "attempt 7 is applied already, this is attempt 1"),
    ],
)
def test_a_load_that_a_guard_refuses_changes_nothing(
    account: Account, deletes: Deletes, number: int, says: int, owner: str, words: str
) -> None:
    loads = Loads(account, deletes)
    loads.load(1, [(1, "a")])
    if number == 1:
        loads.load(7, [(1, "a")])
    before = loads.rows()
    failed = account.failed(*loads.statements(number, [[(1, "x"), (2, "y")]], says=says, owner=owner))
    assert words in failed.cause
    assert loads.rows() == before


def test_two_rows_that_live_under_one_key_are_refused(account: Account) -> None:
    loads = Loads(account, "soft")
    loads.load(1, [(1, "a")])
    account.done(f'INSERT INTO {loads.target} ("ID", "NAME") VALUES (1, \'by hand\')')
    failed = account.failed(*loads.statements(2, [[(1, "a")]]))
    assert "compared load: 2 living rows, 1 keys landed" in failed.cause


@pytest.mark.parametrize("deletes", ["soft", "history"])
def test_a_table_that_kept_nothing_begins_to_keep_and_takes_a_new_column(account: Account, deletes: Deletes) -> None:
    loads = Loads(account, deletes)
    wanted = table_columns("postgresql", loads.table)
    schema = loads.target.rpartition(".")[0]
    defined = ", ".join(f'"{one.name}" {one.type}' for one in wanted)
    account.done(
        f"CREATE SCHEMA IF NOT EXISTS {schema}",
        f"CREATE TRANSIENT TABLE {loads.target} ({defined})",
        f'INSERT INTO {loads.target} ("ID", "NAME", "_FLEET_AT") '
        "VALUES (1, 'a', '2026-11-30 13:33:00.000000'), (2, 'b', '2026-11-30 13:34:00.000000')",
    )
    loads.present = wanted
    loads.load(5, [(1, "a")])
    assert loads.rows() == (["1 a -", "2 b 05"] if deletes == "soft" else ["1 a 33 -", "2 b 34 05"])
    loads.table = replace(loads.table, columns=(*loads.table.columns, Column("note", "integer")))
    loads.load(6, [(1, "a")])
    assert loads.rows() == (["1 a -", "2 b 05"] if deletes == "soft" else ["1 a 33 -", "2 b 34 05"])
