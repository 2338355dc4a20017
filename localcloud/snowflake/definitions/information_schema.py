"""INFORMATION_SCHEMA: what a query sees of the definitions, laid out for its session when it asks.

Source: https://docs.snowflake.com/en/sql-reference/info-schema (the columns that stand here are documented; the others
of each view are not there).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import duckdb

from localcloud.snowflake.definitions import views
from localcloud.snowflake.definitions.catalogue import Catalogue, Table
from localcloud.snowflake.errors import not_emulated
from localcloud.snowflake.sql.lexing import literal, quoted

_VIEWS = {
    "TABLES": (
        "TABLE_CATALOG VARCHAR, TABLE_SCHEMA VARCHAR, TABLE_NAME VARCHAR, TABLE_TYPE VARCHAR, IS_TRANSIENT VARCHAR"
    ),
    "COLUMNS": (
        "TABLE_CATALOG VARCHAR, TABLE_SCHEMA VARCHAR, TABLE_NAME VARCHAR, COLUMN_NAME VARCHAR, "
        "ORDINAL_POSITION INTEGER, COLUMN_DEFAULT VARCHAR, IS_NULLABLE VARCHAR, DATA_TYPE VARCHAR, "
        "CHARACTER_MAXIMUM_LENGTH BIGINT, NUMERIC_PRECISION INTEGER, NUMERIC_SCALE INTEGER, DATETIME_PRECISION INTEGER"
    ),
    "SCHEMATA": "CATALOG_NAME VARCHAR, SCHEMA_NAME VARCHAR",
}


def lay_out(
    cursor: duckdb.DuckDBPyConnection, catalogue: Catalogue, database: str, view: str, pinned: Mapping[str, str]
) -> str:
    """Make the rows of *view* for the session of *cursor*; the name under which DuckDB has them.

    *pinned*: texts that the statement wants in columns. Of tables with another schema or name no row is made: a look at
    one table among thousands would cost what all of them cost.
    """
    if view not in _VIEWS:
        raise not_emulated(f"INFORMATION_SCHEMA.{view}")
    place = quoted("temp", "main", f"{database}.INFORMATION_SCHEMA.{view}")
    cursor.execute(f"CREATE OR REPLACE TEMPORARY TABLE {place} ({_VIEWS[view]})")
    for rows in _rows(catalogue, database, view, pinned):
        cursor.execute(f"INSERT INTO {place} VALUES {', '.join(map(_values, rows))}")
    return place


def _rows(catalogue: Catalogue, database: str, view: str, pinned: Mapping[str, str]) -> Iterator[list[tuple[Any, ...]]]:
    """The rows in parts that are not empty."""
    tables = catalogue.tables(database, pinned.get("TABLE_SCHEMA"), pinned.get("TABLE_NAME"))
    if view == "SCHEMATA":
        yield [(database, name) for name in catalogue.schemas(database)]
    elif view == "TABLES":
        found = [(*table.key, "BASE TABLE", _yes(table.is_transient)) for table in tables]
        found += [(*view.key, "VIEW", "NO") for view in views.all_in(catalogue, database)]
        if found:
            yield found
    else:
        yield from map(_columns, tables)


def _columns(table: Table) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    for at, column in enumerate(table.columns.values(), 1):
        kind = column.type
        numbers = (kind.precision, kind.scale, None) if kind.kind == "NUMBER" else (None, None, kind.scale)
        name = (*table.key, column.name, at, column.default, _yes(column.is_nullable))
        rows.append((*name, kind.information_schema, kind.length, *numbers))
    return rows


def _yes(is_so: bool) -> str:
    return "YES" if is_so else "NO"


def _values(row: tuple[Any, ...]) -> str:
    written = ("NULL" if value is None else literal(value) if isinstance(value, str) else str(value) for value in row)
    return f"({', '.join(written)})"
