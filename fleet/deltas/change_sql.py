"""The SQL that applies changes. One multi-statement request brings one table from one delta to a later one, or not.

Changes go to a table of the session's own, from there by one MERGE of the last change of each key to the published one.
The guards are those of a full load (`fleet/warehouse.py`): casts after the MERGE, whose lock orders them.
Source: https://docs.snowflake.com/en/sql-reference/sql/merge (documented).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fleet.attempts import Attempt
from fleet.databases import Deletes, Engine, SnowflakeSettings
from fleet.dms.endpoints import OPERATION_COLUMN
from fleet.dms.mappings import BEFORE_PREFIX, DATABASE_COLUMN, POSITION_COLUMN, SEQUENCE_COLUMN
from fleet.keeping_sql import (
    BY_ATTEMPT,
    BY_POSITION,
    BY_SEQUENCE,
    IS_GONE,
    SINCE,
    TIME_OF_ROW,
    KeepingTable,
    merge_steps,
    where_living,
)
from fleet.manifests import SealedTable
from fleet.names import warehouse_name
from fleet.tables.catalogue import Table
from fleet.warehouse import applied_table, copy_statements, define, list_names, literal, qualified, quote
from fleet.warehouse_columns import FILE_COLUMN, OWN_NAMES, WarehouseColumn, type_parts

_OPERATION, _POSITION, _SEQUENCE = map(warehouse_name, (OPERATION_COLUMN, POSITION_COLUMN, SEQUENCE_COLUMN))
_ATTEMPT_PART = 4
"""The place of the attempt's number in a file's key (`fleet/folders.py`)."""


@dataclass(frozen=True)
class ChangeBatch:
    """The changes of one table that are applied together.

    *folders*: each attempt with what it sealed of the table, in order. *written*: the attempt of the table's last row
    in OPS.APPLIED, which must still be the last. *columns*: of the published table. *may_lack_values*: an update may
    leave out what it does not change. *deletes*: what becomes of rows that are deleted. *cut_at*: how many characters
    at least a long value keeps.
    """

    table: Table
    folders: tuple[tuple[Attempt, SealedTable], ...]
    written: int
    columns: tuple[WarehouseColumn, ...]
    may_lack_values: bool = False
    deletes: Deletes = "hard"
    cut_at: int = 16_384

    @property
    def rows(self) -> int:
        """Changes by the files' footers."""
        return sum(sealed.rows for _, sealed in self.folders)


def position_order(engine: Engine, column: str) -> str:
    """SQL that orders as the source's log does what DMS writes as a position; text alone would not.

    PostgreSQL: a log position, `16/B374D848`. MySQL and MariaDB: a file of the log and a place in it, with more behind:
    `mysql-bin.000024:373:...`. SQL Server: a sequence number of fixed width, `00000014:00000061:0001`.
    Source: AWS DMS user guide, "Creating tasks for ongoing replication" (docs/facts/dms.md 3.5); its form in this
    column is assumed (docs/to-verify-on-aws.md).

    >>> print(position_order("sqlserver", "P"))
    "P"
    """
    name = quote(column)
    if engine == "sqlserver":
        return name
    # Half a log position has 8 digits at most. Short texts: to sort them is most of what an apply takes.
    split, *widths = ("/", 8, 8) if engine == "postgresql" else (":", 64, 20)
    padded = (f"LPAD(SPLIT_PART({name}, '{split}', {part}), {width}, '0')" for part, width in enumerate(widths, 1))
    return " || ".join(padded)


def change_statements(
    snowflake: SnowflakeSettings, engine: Engine, attempt: Attempt, batch: ChangeBatch
) -> tuple[str, ...]:
    """One request of *attempt*: afterwards the published table has all changes of *batch*, or is as it was before.

    A change comes to its key as it is after it; where the key itself has changed, what was under the old one goes. The
    last statement answers how many rows of the source the table then holds, the one before COMMIT how many changes
    there were.
    """
    target = qualified(snowflake, attempt.database, batch.table.name)
    beside = qualified(snowflake, attempt.database, batch.table.name, suffix=f"__CHANGES_{attempt.number}")
    keys = [warehouse_name(name) for name in batch.table.key]
    by_name = {column.name: column.type for column in batch.columns}
    extra = [
        WarehouseColumn(_OPERATION, "VARCHAR(1)"),
        WarehouseColumn(_POSITION, "VARCHAR(64)"),
        WarehouseColumn(_SEQUENCE, "VARCHAR(35)"),
        *(WarehouseColumn(before, by_name[key]) for before, key in zip(_before(batch.table), keys, strict=True)),
    ]
    return (
        f"CREATE OR REPLACE TEMPORARY TABLE {beside} ({define([*batch.columns, *extra])})",
        *(
            statement
            for folder_attempt, sealed in batch.folders
            for statement in copy_statements(snowflake, folder_attempt, batch.table, sealed, beside)
        ),
        _refuse_keyless(keys, beside),
        *_refuse_incomplete(batch, keys, target, beside),
        "BEGIN TRANSACTION",
        *_merge(snowflake, engine, attempt, batch, keys, target, beside),
        f"INSERT INTO {applied_table(snowflake)} {_guards(snowflake, attempt, batch, beside)}",
        "COMMIT",
        f"DROP TABLE {beside}",
        f"SELECT COUNT(*) AS ROW_COUNT FROM {target}{where_living(batch.deletes)}",
    )


INCOMPLETE = "incomplete changes: "
"""Begins what a request says that is refused because its updates may lack values."""
KEYLESS = "changes without a key: "
"""Begins what a request says that is refused because nobody knows which rows its changes are of."""
_KEPT_APART_BYTES = 1_900
"""In a shorter row PostgreSQL keeps no value apart (TOAST_TUPLE_THRESHOLD is 2,032 bytes of an 8 KB page, header
included). Source: https://www.postgresql.org/docs/current/storage-toast.html (documented)."""


def _refuse_keyless(keys: Sequence[str], beside: str) -> str:
    """A statement that fails where a change lacks a column of its key, which is null nowhere at a source.

    PostgreSQL leaves a long key out of an update that does not change it, as any other long value; and a deletion has
    no key in the log if the table had another replica identity then, whatever it has now. As a null it would match no
    row: the row would stay as it was, and a row without a key come beside it.

    >>> print(_refuse_keyless(["A", "B"], "T").partition(" FROM ")[2])
    T WHERE "A" IS NULL OR "B" IS NULL
    """
    lacks = " OR ".join(f"{quote(key)} IS NULL" for key in keys)
    return f"SELECT CAST(IFF(COUNT(*) = 0, '0', '{KEYLESS}' || COUNT(*)) AS NUMBER(9,0)) FROM {beside} WHERE {lacks}"


def _refuse_incomplete(batch: ChangeBatch, keys: Sequence[str], target: str, beside: str) -> list[str]:
    """Nothing, or a statement that fails where an update may have left out a value that it does not change.

    PostgreSQL keeps a long value apart from its row, and writes nothing of it into the log when a row is updated and it
    is not. In the file it is null then, as if it had been set to null. So a null counts as one only where the row had
    none before, in the table or in an earlier change, or where that row was too short to keep anything apart. A value
    of which the table has as much as is kept of a long one may have been longer. What the table keeps of deleted rows
    says nothing of it.
    """
    if not batch.may_lack_values:
        return []
    old = _before(batch.table)
    long = [column.name for column in batch.columns if type_parts(column.type)[0] in {"VARCHAR", "BINARY"}]
    long = [name for name in long if name not in keys and name not in OWN_NAMES]
    if not long:
        return []
    columns = list_names([*keys, *long])
    living = where_living(batch.deletes)
    bytes_of_row = " + ".join(
        [f"COALESCE(OCTET_LENGTH(K.{quote(name)}), 0)" for name in long] + [str(16 * len(batch.columns))]
    )
    lacks = " OR ".join(f"(C.{quote(name)} IS NULL AND K.{quote(name)} IS NOT NULL)" for name in long)
    same = " AND ".join(
        f"K.{quote(key)} = COALESCE(C.{quote(before)}, C.{quote(key)})" for key, before in zip(keys, old, strict=True)
    )
    return [
        f"SELECT CAST(IFF(COUNT(*) = 0, '0', '{INCOMPLETE}' || COUNT(*)) AS NUMBER(9,0)) FROM {beside} AS C "
        f"JOIN (SELECT {columns} FROM {target}{living} UNION ALL SELECT {columns} FROM {beside}) AS K ON {same} "
        f"WHERE C.{quote(_OPERATION)} = 'U' AND ({lacks}) "
        f"AND {bytes_of_row} > {min(_KEPT_APART_BYTES, batch.cut_at - 1)}"
    ]


def _before(table: Table) -> list[str]:
    return [warehouse_name(f"{BEFORE_PREFIX}{name}") for name in table.key]


def _merge(
    snowflake: SnowflakeSettings,
    engine: Engine,
    attempt: Attempt,
    batch: ChangeBatch,
    keys: Sequence[str],
    target: str,
    beside: str,
) -> tuple[str, ...]:
    columns = [column.name for column in batch.columns]
    steps = _steps(engine, batch, keys, beside)
    if batch.deletes != "hard":
        # History that is applied twice would have versions twice, so a request that was sent again finds no steps.
        once = f"(SELECT {_latest(snowflake, attempt, batch)}) = {batch.written}"
        table = KeepingTable(target, batch.deletes, tuple(keys), tuple(columns))
        return merge_steps(table, f"SELECT *, {TIME_OF_ROW} AS {SINCE} FROM ({steps}) WHERE {once}")
    last = (
        f"SELECT * FROM ({steps}) QUALIFY ROW_NUMBER() OVER (PARTITION BY {list_names(keys)} "
        f"ORDER BY {BY_ATTEMPT} DESC, {BY_POSITION} DESC, {BY_SEQUENCE} DESC) = 1"
    )
    same = " AND ".join(f"P.{quote(key)} = C.{quote(key)}" for key in keys)
    sets = ", ".join(f"{quote(name)} = C.{quote(name)}" for name in columns if name not in keys)
    values = ", ".join(f"C.{quote(name)}" for name in columns)
    return (
        f"MERGE INTO {target} AS P USING ({last}) AS C ON {same} "
        f"WHEN MATCHED AND C.{IS_GONE} THEN DELETE "
        f"WHEN MATCHED THEN UPDATE SET {sets} "
        f"WHEN NOT MATCHED AND NOT C.{IS_GONE} THEN INSERT ({list_names(columns)}) VALUES ({values})",
    )


def _steps(engine: Engine, batch: ChangeBatch, keys: Sequence[str], beside: str) -> str:
    """A SELECT of what happened to each key: of a change that gives a row another key, to both of them."""
    columns = [column.name for column in batch.columns]
    old_keys = dict(zip(keys, _before(batch.table), strict=True))
    order = (
        f"CAST(SPLIT_PART({quote(FILE_COLUMN)}, '/', {_ATTEMPT_PART}) AS NUMBER(9,0)) AS {BY_ATTEMPT}, "
        f"{position_order(engine, _POSITION)} AS {BY_POSITION}, {quote(_SEQUENCE)} AS {BY_SEQUENCE}"
    )
    after = f"SELECT {list_names(columns)}, {quote(_OPERATION)} = 'D' AS {IS_GONE}, {order} FROM {beside}"
    left = ", ".join(
        f"{quote(old_keys[name])} AS {quote(name)}" if name in old_keys else quote(name) for name in columns
    )
    moved = " OR ".join(f"{quote(old)} <> {quote(key)}" for key, old in old_keys.items())
    before = f"SELECT {left}, TRUE AS {IS_GONE}, {order} FROM {beside} WHERE {quote(_OPERATION)} = 'U' AND ({moved})"
    return f"{after} UNION ALL {before}"


def _latest(snowflake: SnowflakeSettings, attempt: Attempt, batch: ChangeBatch) -> str:
    """What a SELECT of the last attempt that was applied to the table has after its first word."""
    keys = tuple(map(literal, (attempt.database, batch.table.schema, batch.table.table)))
    where = f"DATABASE_ID = {keys[0]} AND SCHEMA_NAME = {keys[1]} AND TABLE_NAME = {keys[2]}"
    return f"COALESCE(MAX(ATTEMPT), 0) AS LATEST FROM {applied_table(snowflake)} WHERE {where}"


def _guards(snowflake: SnowflakeSettings, attempt: Attempt, batch: ChangeBatch, beside: str) -> str:
    """A row of OPS.APPLIED; a cast in it fails where another attempt came between, or changes are missing or foreign.

    COPY must read as many as the footers of the files had at their seal, those that DMS wrote twice among them.
    """
    keys = tuple(map(literal, (attempt.database, batch.table.schema, batch.table.table)))
    is_own = f"{quote(warehouse_name(DATABASE_COLUMN))} = {literal(attempt.database)}"
    return (
        f"SELECT {', '.join(keys)}, "
        f"CAST(IFF(LATEST IN ({batch.written}, {attempt.number}), '{attempt.number}', 'attempt ' || LATEST || "
        f"' is applied, wanted {batch.written} before attempt {attempt.number}') AS NUMBER(9,0)), "
        f"{literal(attempt.run)}, {literal(attempt.mode)}, "
        f"CAST(IFF(HELD = {batch.rows} AND OWN = HELD, HELD || '', "
        f"'delta: ' || HELD || ' changes, ' || OWN || ' of this database, {batch.rows} by footers') AS NUMBER(19,0)), "
        f"CURRENT_TIMESTAMP() "
        f"FROM (SELECT {_latest(snowflake, attempt, batch)}), "
        f"(SELECT COUNT(*) AS HELD, COUNT_IF({is_own}) AS OWN FROM {beside})"
    )
