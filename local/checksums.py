"""Whether the rows of a warehouse are the rows of their source: one checksum a table on either side.

Neither side is read the way the rows took: psycopg reads the source, DuckDB the warehouse's file. What DMS changes by
its documents (time zones to UTC, LOBs cut, decimals rounded, ...) is changed here by the source's own SQL, written a
second time, so that a fault in the local DMS's casts does not hide itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString, cast

import duckdb
import psycopg

from fleet.names import warehouse_name, warehouse_schema
from fleet.tables.catalogue import Table, TableName
from fleet.tables.columns import Column, DmsType, dms_type

_NULL = "\x00"
_ROWS_AT_ONCE = 10_000


@dataclass(frozen=True)
class Checksum:
    """How many rows, and the sum of their digests: equal for the same rows in any order."""

    rows: int
    total: int


def sum_rows(rows: Iterable[Sequence[object]]) -> Checksum:
    """The checksum of *rows* of text, float and None; None, the empty text, NaN and -0.0 all differ."""
    count, total = 0, 0
    for row in rows:
        text = "\x1f".join(map(_text, row))
        total = (total + int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest(), "big")) % (1 << 128)
        count += 1
    return Checksum(count, total)


def _text(value: object) -> str:
    if value is None:
        return _NULL
    return value.hex() if isinstance(value, float) else str(value)


def sum_source(connection: psycopg.Connection[Any], table: Table, lob_bytes: int) -> Checksum:
    """The checksum of a PostgreSQL table's rows, as they must arrive; *lob_bytes*: where LOBs are cut."""
    expressions = ", ".join(_at_source(column, kind, lob_bytes) for column, kind in _carried(table))
    query = f"SELECT {expressions} FROM {_quote(table.schema)}.{_quote(table.table)}"
    with connection.cursor("checksum") as cursor:
        cursor.itersize = _ROWS_AT_ONCE
        cursor.execute(cast(LiteralString, query))
        return sum_rows(cursor)


def sum_warehouse(connection: duckdb.DuckDBPyConnection, database: str, table: Table) -> Checksum:
    """The checksum of the rows that the warehouse holds of *database*'s *table*."""
    expressions = ", ".join(_in_warehouse(column, kind) for column, kind in _carried(table))
    connection.execute(f"SELECT {expressions} FROM {warehouse_table(database, table.name)}")
    return sum_rows(_fetched(connection))


def warehouse_table(database: str, name: TableName) -> str:
    """The table in the warehouse's DuckDB file, quoted."""
    return f"{_quote(warehouse_schema(database, name.schema))}.{_quote(warehouse_name(name.table))}"


def _fetched(connection: duckdb.DuckDBPyConnection) -> Iterator[Sequence[object]]:
    while rows := connection.fetchmany(_ROWS_AT_ONCE):
        yield from rows


def _carried(table: Table) -> list[tuple[Column, DmsType]]:
    kinds = ((column, dms_type("postgresql", column)) for column in table.columns)
    return [(column, kind) for column, kind in kinds if kind is not None]


def _at_source(column: Column, kind: DmsType, lob_bytes: int) -> str:
    name = _quote(column.name)
    match kind.name:
        case "REAL4" | "REAL8":
            return f"{name}::float8"
        case "NUMERIC":
            return f"({name}::numeric({kind.precision},{kind.scale}))::text"
        case "DATETIME":
            utc = f"{name} AT TIME ZONE 'UTC'" if column.type_name == "timestamp with time zone" else name
            return f"to_char({utc}, 'YYYY-MM-DD HH24:MI:SS.US')"
        case "DATE":
            return f"to_char({name}, 'YYYY-MM-DD')"
        case "TIME":
            return f"to_char({name}::time, 'HH24:MI:SS.MS')"
        case "BLOB":
            return f"encode(substr({name}, 1, {lob_bytes}), 'hex')"
        case "NCLOB":
            return f"substr({name}::text, 1, {lob_bytes // 2})"
        case "CLOB":
            return f"substr({name}::text, 1, {lob_bytes})"
        case "STRING" | "WSTRING":
            return f"substr({name}::text, 1, {kind.length})"
        case _:
            return f"{name}::text"


def _in_warehouse(column: Column, kind: DmsType) -> str:
    name = _quote(warehouse_name(column.name))
    match kind.name:
        case "REAL4" | "REAL8":
            return f"CAST({name} AS DOUBLE)"
        case "DATETIME":
            return f"strftime({name}, '%Y-%m-%d %H:%M:%S.%f')"
        case "DATE":
            return f"strftime({name}, '%Y-%m-%d')"
        case "TIME":
            return f"strftime(DATE '2000-01-01' + {name}, '%H:%M:%S.%g')"
        case "BLOB":
            return f"lower(hex({name}))"
        case _:
            return f"CAST({name} AS VARCHAR)"


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
