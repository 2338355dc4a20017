"""A table in the stand-in for Snowflake, and changes of it as DMS writes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count

from fleet.attempts import Attempt
from fleet.databases import Deletes, SnowflakeSettings
from fleet.deltas.change_sql import ChangeBatch, change_statements
from fleet.folders import LandedFile
from fleet.manifests import SealedTable
from fleet.tables.catalogue import Table
from fleet.tables.columns import Column
from fleet.warehouse import qualified
from fleet.warehouse_columns import KEEPING_COLUMNS, table_columns
from lambdas.clients.snowflake import Row
from snowflake_account import Account

SNOWFLAKE = SnowflakeSettings("a", "https://a", "LOADER", "key", "LOADER", "LOAD_WH", "FLEET", "FLEET_READER")
TABLE = Table(
    "public",
    "orders",
    False,
    (Column("id", "integer"), Column("line", "integer"), Column("name", "character varying", 40)),
    ("id", "line"),
)
_RUNS = count(1)


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
    at: str = "2026-11-30 14:00:00.000000"


class Warehouse:
    """One table of its own in the stand-in, with the rows of a full load by attempt 1."""

    def __init__(self, account: Account, rows: dict[tuple[int, int], str], deletes: Deletes = "hard") -> None:
        self.account = account
        self.run = f"run-{next(_RUNS)}"
        self.table = replace(TABLE, table=f"orders_{self.run[4:]}")
        self.target = qualified(SNOWFLAKE, "shop", self.table.name)
        self.columns = table_columns("postgresql", self.table)
        self.deletes: Deletes = deletes
        defined = ", ".join(f'"{one.name}" {one.type}' for one in (*self.columns, *KEEPING_COLUMNS[deletes]))
        schema = self.target.rpartition(".")[0]
        account.done(f"CREATE SCHEMA IF NOT EXISTS {schema}", f"CREATE TRANSIENT TABLE {self.target} ({defined})")
        account.done(
            *(
                f'INSERT INTO {self.target} ("ID", "LINE", "NAME", "_FLEET_AT") '
                f"VALUES ({key[0]}, {key[1]}, '{name}', '2026-11-30 13:00:00.000000')"
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
        batch = ChangeBatch(self.table, tuple(folders), written, self.columns, deletes=self.deletes)
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
        f"('{change.op}', '{change.at}', {change.key[0]}, {change.key[1]}, {name}, '{database}', "
        f"{position}, '{change.sequence:035d}', {before[0]}, {before[1]})"
    )


def play(rows: dict[tuple[int, int], str], moves: Sequence[tuple[str, int, int, str]]) -> list[Change]:
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
