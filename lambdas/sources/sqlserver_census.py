"""The census of a SQL Server database. No server of this kind was ever reached by this code."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from fleet.spelling import list_some
from fleet.tables.catalogue import Census, Feature, RelationKind, Table
from fleet.tables.columns import Column
from lambdas.sources.sqlserver_catalogue import (
    KNOWN_QUERY,
    MASKS_QUERY,
    RIGHTS_QUERY,
    ColumnRow,
    RelationRow,
    columns_query,
    relations_query,
    schemas_query,
)
from lambdas.sources.sqlserver_names import literal
from lambdas.sources.sqlserver_row_security import CountRows, RowSecurity, find_row_security

Ask = Callable[[str], Sequence[Sequence[Any]]]
"""What answers a query with its rows."""


def read_census(ask: Ask, count_rows: CountRows, schemas: Sequence[str]) -> Census:
    """Everything under *schemas* that the login sees, in order of schema and name, and what it may not see.

    *count_rows*: asked for tables with row-level security only.
    """
    known = {(view, column) for view, column in ask(KNOWN_QUERY)}
    rights = {row[0] for row in ask(RIGHTS_QUERY)}
    named = ", ".join(map(literal, schemas)) or "NULL"
    seen = {name: may_see for name, may_see in ask(schemas_query(named)) if name in schemas}
    columns = {
        name: list(found)
        for name, found in groupby((ColumnRow(*row) for row in ask(columns_query(named, known))), lambda row: row[:2])
    }
    # A server whose names have no case answers with other schemas, too.
    relations = [one for one in (RelationRow(*row) for row in ask(relations_query(named, known))) if one.schema in seen]
    has_security = ("security_predicates", "target_object_id") in known  # since 2016
    secured = find_row_security(ask, count_rows, seen) if has_security else []
    tables = tuple(_tables(relations, columns, {one.name: one for one in secured}))
    has_masks = ("columns", "is_masked") in known and "UNMASK" not in rights and ask(MASKS_QUERY)[0][0]
    gaps = [
        *_describe_blindness(seen, sees_database="VIEW DEFINITION" in rights),
        *_describe_views(tables, columns, secured, has_masks=bool(has_masks)),
    ]
    return Census(tuple(seen), tables, gaps=tuple(gaps))


def _tables(
    relations: Sequence[RelationRow],
    columns: Mapping[tuple[Any, ...], Sequence[ColumnRow]],
    secured: Mapping[tuple[str, str], RowSecurity],
) -> Iterator[Table]:
    for one in relations:
        name = (one.schema, one.table)
        found = columns.get(name, ())
        key = sorted((column for column in found if column.key_place), key=lambda column: column.key_place or 0)
        security, bar = secured.get(name), _describe_bar(one, found)
        yield Table(
            one.schema,
            one.table,
            one.type == "V",
            tuple(map(_column, found)),
            tuple(column.name for column in key),
            _kind(one),
            barred=bar or (security.why if security else ""),
            rows_estimated=one.rows,
            features=tuple(_features(one, found)),
            incarnation=one.incarnation,
            delta_bars=tuple(_delta_bars(one, found)),
            barred_by="rows" if security and security.why and not bar else "",
        )


def _kind(relation: RelationRow) -> RelationKind:
    if relation.type == "V":
        return "view"
    if relation.is_memory_optimized:
        return "memory-optimized table"
    if relation.temporal:
        return "history table" if relation.temporal == 1 else "system-versioned table"
    return "external table" if relation.is_external or relation.type == "ET" else "table"


def _features(relation: RelationRow, columns: Sequence[ColumnRow]) -> Iterator[Feature]:
    if relation.has_columnstore:
        yield "columnstore index"
    if any(column.is_sparse for column in columns):
        yield "sparse columns"
    if any(column.encryption for column in columns):
        yield "encrypted columns"


def _delta_bars(relation: RelationRow, columns: Sequence[ColumnRow]) -> Iterator[str]:
    """Why changes of *relation* are not all in the log. Source: as `fleet/tables/relations.py`: without MS-Replication
    or MS-CDC no UPDATE is captured, and never one of a computed column."""
    if relation.type == "V":
        return
    if not relation.is_published:
        yield "it is neither published nor enabled for MS-CDC, so that the log does not have its updates"
    if computed := [column.name for column in columns if column.is_computed]:
        yield f"changes of its computed column {computed[0]} are not captured"


def _describe_bar(relation: RelationRow, columns: Sequence[ColumnRow]) -> str:
    """Why the login may not read all of *relation*. A right may be given, or denied, column by column."""
    may = relation.may_select
    hidden = [one.name for one in columns if not (may if one.may_select is None else one.may_select)]
    if len(hidden) == len(columns) and not (may and not columns):
        return "the login may not SELECT from it"
    if hidden:
        return f"the login may not SELECT {list_some(hidden)} of it, and DMS reads all columns or none"
    return ""


_TEXTS = {"char": 1, "varchar": 1, "binary": 1, "varbinary": 1, "nchar": 2, "nvarchar": 2}
_NUMBERS = frozenset({"decimal", "numeric"})
_TIMES = frozenset({"time", "datetime2", "datetimeoffset"})


def _column(row: ColumnRow) -> Column:
    length = row.max_length // _TEXTS[row.type] if row.type in _TEXTS and row.max_length > 0 else None
    precision = row.precision if row.type in _NUMBERS else None
    scale = row.scale if row.type in _NUMBERS | _TIMES else None
    digits = ",".join(str(one) for one in (length, precision, scale) if one is not None)
    if row.type in _TEXTS and length is None:
        digits = "max"
    declared = f"{row.type}({digits})" if digits else row.type
    return Column(
        row.name,
        row.type,
        length,
        precision,
        scale,
        bool(row.is_nullable),
        f"{row.alias} ({declared})" if row.alias else declared,
        is_masked=bool(row.is_masked),
    )


def _describe_blindness(seen: Mapping[str, int | None], *, sees_database: bool) -> Iterator[str]:
    """What the login is kept from seeing. *seen*: for each schema, whether it has VIEW DEFINITION there."""
    if blind := [name for name, may_see in seen.items() if not may_see]:
        schemas = f"schema{'' if len(blind) == 1 else 's'} {list_some(blind)}"
        yield f"tables and views of {schemas} on which the login has no right are not seen: it lacks VIEW DEFINITION"
    if not sees_database:
        yield (
            "masks and security policies that change what the login reads may not be seen: it lacks VIEW DEFINITION on "
            "the database"
        )


def _describe_views(
    tables: Sequence[Table],
    columns: Mapping[tuple[Any, ...], Sequence[ColumnRow]],
    secured: Sequence[RowSecurity],
    *,
    has_masks: bool,
) -> Iterator[str]:
    """What masks and security policies do to what is computed from a table: whether they do is not to be found out.

    Source: "Dynamic data masking" and "Row-level security": both hold for what views and computed columns read.
    """
    has_views = any(table.is_view for table in tables)
    computes = any(
        any(column.is_masked for column in found) and any(column.is_computed for column in found)
        for found in columns.values()
    )
    if has_masks and (has_views or computes):
        yield (
            "views and computed columns that read masked columns have masks for values, and nobody counts them: the "
            "login lacks UNMASK on the database"
        )
    hiding = [f"{one.schema}.{one.table}" for one in secured if one.why or not one.is_asked]
    if has_views and hiding:
        on = list_some(hiding, "tables")
        yield f"views may lack rows that row-level security hides from the login: it is on {on}"
