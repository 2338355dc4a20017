"""The census of a SQL Server database, from its catalogue. No server of this kind was ever reached by this code.

Source: Microsoft's manual, https://learn.microsoft.com/en-us/sql/relational-databases/system-catalog-views/
(sys.objects, sys.tables, sys.columns, sys.types, sys.indexes, sys.index_columns, sys.partitions, sys.schemas,
sys.system_columns) and https://learn.microsoft.com/en-us/sql/t-sql/functions/has-perms-by-name-transact-sql, read
2026-11-30. The queries run on SQL Server 2012 and later: a column of the catalogue that came later is asked for where
it is there. Nothing is decided by the version, because Azure's does not say what its catalogue has.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from fleet.spelling import list_some
from fleet.tables.catalogue import Census, Feature, RelationKind, Table
from fleet.tables.columns import Column
from lambdas.sources.sqlserver_names import literal
from lambdas.sources.sqlserver_row_security import CountRows, RowSecurity, find_row_security

Ask = Callable[[str], Sequence[Sequence[Any]]]
"""What answers a query with its rows."""
Known = Collection[tuple[str, str]]
"""The columns of the catalogue's own views, each with its view."""

# Source: sys.system_objects and sys.system_columns, which list the catalogue's own views.
_KNOWN = """
SELECT o.name, c.name
FROM sys.system_objects AS o JOIN sys.system_columns AS c ON c.object_id = o.object_id
WHERE o.schema_id = SCHEMA_ID('sys') AND o.name IN ('tables', 'columns', 'security_predicates')
"""
# Source: sys.fn_my_permissions, example B: the rights in effect on the database.
_RIGHTS = "SELECT permission_name FROM sys.fn_my_permissions(NULL, 'DATABASE')"
_MASKS = "SELECT COUNT_BIG(*) FROM sys.columns WHERE is_masked = 1"
_NAME = "QUOTENAME(s.name) + '.' + QUOTENAME(o.name)"


def _schemas_query(schemas: str) -> str:
    """Source: "Metadata visibility configuration": sys.schemas is for everybody; who has no right on a thing in one
    does not see it, except with VIEW DEFINITION."""
    return (
        "SELECT s.name, HAS_PERMS_BY_NAME(QUOTENAME(s.name), 'SCHEMA', 'VIEW DEFINITION') "
        f"FROM sys.schemas AS s WHERE s.name IN ({schemas}) ORDER BY s.name"
    )


def _relations_query(schemas: str, known: Known) -> str:
    """An external table is U or ET; indexes of type 5 and 6 are columnstores; 0 and 1 are the heap and the clustered
    index, which have each row once. What came with the server, as the tables of change data capture, is left alone."""
    memory = _if_known(known, "tables", "is_memory_optimized", "t.is_memory_optimized", "0")  # since 2014
    temporal = _if_known(known, "tables", "temporal_type", "t.temporal_type", "0")  # since 2016, as the next
    external = _if_known(known, "tables", "is_external", "t.is_external", "0")
    return f"""
SELECT s.name, o.name, RTRIM(o.type), {memory}, {temporal}, {external},
       HAS_PERMS_BY_NAME({_NAME}, 'OBJECT', 'SELECT'),
       CASE WHEN EXISTS (SELECT 1 FROM sys.indexes AS i WHERE i.object_id = o.object_id AND i.type IN (5, 6))
            THEN 1 ELSE 0 END,
       (SELECT SUM(p.rows) FROM sys.partitions AS p WHERE p.object_id = o.object_id AND p.index_id IN (0, 1))
FROM sys.objects AS o
JOIN sys.schemas AS s ON s.schema_id = o.schema_id
LEFT JOIN sys.tables AS t ON t.object_id = o.object_id
WHERE o.type IN ('U', 'V', 'ET') AND o.is_ms_shipped = 0 AND s.name IN ({schemas})
ORDER BY s.name, o.name
"""


def _columns_query(schemas: str, known: Known) -> str:
    """A type of the server's own keeps its name, even where it is stored as another (`vector`); `sysname` is an alias.
    The types of the CLR (240) share one system type. Who may not see a type of somebody's own learns its base. A hidden
    column, as a ledger table's, is a column: a query that names it reads it.

    Source: sys.types; "SQL Graph architecture": nobody can select a graph's inner columns, which are these five;
    "Dynamic data masking": UNMASK is a right on the database, and since 2022 on a table or column too, which an older
    server does not know and answers with NULL.
    """
    on_column = f"HAS_PERMS_BY_NAME({_NAME}, 'OBJECT', 'UNMASK', c.name, 'COLUMN')"
    on_database = "HAS_PERMS_BY_NAME(NULL, 'DATABASE', 'UNMASK')"
    masked = f"CASE WHEN c.is_masked = 1 AND COALESCE({on_column}, {on_database}, 0) = 0 THEN 1 ELSE 0 END"
    masked = _if_known(known, "columns", "is_masked", masked, "0")  # since 2016, as the next
    encryption = _if_known(known, "columns", "encryption_type", "c.encryption_type", "NULL")
    graph = "COALESCE(c.graph_type, 0) NOT IN (1, 3, 4, 6, 7)"
    outer = _if_known(known, "columns", "graph_type", graph, "1 = 1")  # since 2017
    return f"""
SELECT s.name, o.name, c.name,
       CASE WHEN t.is_user_defined = 0 AND t.name <> 'sysname' THEN t.name
            WHEN c.system_type_id = 240 THEN 'clr' ELSE TYPE_NAME(c.system_type_id) END,
       CASE WHEN t.is_user_defined = 1 THEN SCHEMA_NAME(t.schema_id) + '.' + t.name END,
       c.max_length, c.precision, c.scale, c.is_nullable, k.key_ordinal,
       HAS_PERMS_BY_NAME({_NAME}, 'OBJECT', 'SELECT', c.name, 'COLUMN'),
       CASE WHEN c.is_sparse = 1 OR c.is_column_set = 1 THEN 1 ELSE 0 END, {encryption}, {masked}, c.is_computed
FROM sys.objects AS o
JOIN sys.schemas AS s ON s.schema_id = o.schema_id
JOIN sys.columns AS c ON c.object_id = o.object_id
LEFT JOIN sys.types AS t ON t.user_type_id = c.user_type_id
LEFT JOIN sys.indexes AS i ON i.object_id = o.object_id AND i.is_primary_key = 1
LEFT JOIN sys.index_columns AS k
  ON k.object_id = i.object_id AND k.index_id = i.index_id AND k.column_id = c.column_id AND k.key_ordinal > 0
WHERE o.type IN ('U', 'V', 'ET') AND o.is_ms_shipped = 0 AND s.name IN ({schemas}) AND {outer}
ORDER BY s.name, o.name, c.column_id
"""


def _if_known(known: Known, view: str, column: str, there: str, without: str) -> str:
    return there if (view, column) in known else without


class _Relation(NamedTuple):
    """A row of `_relations_query`. *temporal*: 1 for a history table, more for a table whose history another holds."""

    schema: str
    table: str
    type: str
    is_memory_optimized: Any
    temporal: int | None
    is_external: Any
    may_select: int | None
    has_columnstore: int
    rows: int | None


class _Column(NamedTuple):
    """A row of `_columns_query`. *alias*: the type of somebody's own that it is declared with. *max_length*: in bytes,
    -1 for `(max)`; *precision* and *scale* are 0 where the type has none. *encryption*: None without any."""

    schema: str
    table: str
    name: str
    type: str
    alias: str | None
    max_length: int
    precision: int
    scale: int
    is_nullable: Any
    key_place: int | None
    may_select: int | None
    is_sparse: int
    encryption: int | None
    is_masked: int
    is_computed: Any


def read_census(ask: Ask, count_rows: CountRows, schemas: Sequence[str]) -> Census:
    """Everything under *schemas* that the login sees, in order of schema and name, and what it may not see.

    *count_rows*: asked for tables with row-level security only.
    """
    known = {(view, column) for view, column in ask(_KNOWN)}
    rights = {row[0] for row in ask(_RIGHTS)}
    named = ", ".join(map(literal, schemas)) or "NULL"
    seen = {name: may_see for name, may_see in ask(_schemas_query(named)) if name in schemas}
    columns = {
        name: list(found)
        for name, found in groupby((_Column(*row) for row in ask(_columns_query(named, known))), lambda row: row[:2])
    }
    # A server whose names have no case answers with other schemas, too.
    relations = [one for one in (_Relation(*row) for row in ask(_relations_query(named, known))) if one.schema in seen]
    has_security = ("security_predicates", "target_object_id") in known  # since 2016
    secured = find_row_security(ask, count_rows, seen) if has_security else []
    tables = tuple(_tables(relations, columns, {one.name: one for one in secured}))
    has_masks = ("columns", "is_masked") in known and "UNMASK" not in rights and ask(_MASKS)[0][0]
    gaps = [
        *_describe_blindness(seen, sees_database="VIEW DEFINITION" in rights),
        *_describe_views(tables, columns, secured, has_masks=bool(has_masks)),
    ]
    return Census(tuple(seen), tables, gaps=tuple(gaps))


def _tables(
    relations: Sequence[_Relation],
    columns: Mapping[tuple[Any, ...], Sequence[_Column]],
    secured: Mapping[tuple[str, str], RowSecurity],
) -> Iterator[Table]:
    for one in relations:
        name = (one.schema, one.table)
        found = columns.get(name, ())
        key = sorted((column for column in found if column.key_place), key=lambda column: column.key_place or 0)
        security = secured.get(name)
        yield Table(
            one.schema,
            one.table,
            one.type == "V",
            tuple(map(_column, found)),
            tuple(column.name for column in key),
            _kind(one),
            barred=_describe_bar(one, found) or (security.why if security else ""),
            rows_estimated=one.rows,
            features=tuple(_features(one, found)),
        )


def _kind(relation: _Relation) -> RelationKind:
    if relation.type == "V":
        return "view"
    if relation.is_memory_optimized:
        return "memory-optimized table"
    if relation.temporal:
        return "history table" if relation.temporal == 1 else "system-versioned table"
    return "external table" if relation.is_external or relation.type == "ET" else "table"


def _features(relation: _Relation, columns: Sequence[_Column]) -> Iterator[Feature]:
    if relation.has_columnstore:
        yield "columnstore index"
    if any(column.is_sparse for column in columns):
        yield "sparse columns"
    if any(column.encryption for column in columns):
        yield "encrypted columns"


def _describe_bar(relation: _Relation, columns: Sequence[_Column]) -> str:
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


def _column(row: _Column) -> Column:
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
    columns: Mapping[tuple[Any, ...], Sequence[_Column]],
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
