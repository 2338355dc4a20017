"""What is asked of a SQL Server's catalogue. No server of this kind was ever reached by this code.

Source: Microsoft's manual, https://learn.microsoft.com/en-us/sql/relational-databases/system-catalog-views/
(sys.objects, sys.tables, sys.columns, sys.types, sys.indexes, sys.index_columns, sys.partitions, sys.schemas,
sys.system_columns) and https://learn.microsoft.com/en-us/sql/t-sql/functions/has-perms-by-name-transact-sql, read
2026-11-30. The queries run on SQL Server 2012 and later: a column of the catalogue that came later is asked for where
it is there. Nothing is decided by the version, because Azure's does not say what its catalogue has.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

Known = Collection[tuple[str, str]]
"""The columns of the catalogue's own views, each with its view."""

# Source: sys.system_objects and sys.system_columns, which list the catalogue's own views.
KNOWN_QUERY = """
SELECT o.name, c.name
FROM sys.system_objects AS o JOIN sys.system_columns AS c ON c.object_id = o.object_id
WHERE o.schema_id = SCHEMA_ID('sys') AND o.name IN ('tables', 'columns', 'security_predicates')
"""
# Source: sys.fn_my_permissions, example B: the rights in effect on the database.
RIGHTS_QUERY = "SELECT permission_name FROM sys.fn_my_permissions(NULL, 'DATABASE')"
MASKS_QUERY = "SELECT COUNT_BIG(*) FROM sys.columns WHERE is_masked = 1"
_NAME = "QUOTENAME(s.name) + '.' + QUOTENAME(o.name)"


def schemas_query(schemas: str) -> str:
    """Source: "Metadata visibility configuration": sys.schemas is for everybody; who has no right on a thing in one
    does not see it, except with VIEW DEFINITION."""
    return (
        "SELECT s.name, HAS_PERMS_BY_NAME(QUOTENAME(s.name), 'SCHEMA', 'VIEW DEFINITION') "
        f"FROM sys.schemas AS s WHERE s.name IN ({schemas}) ORDER BY s.name"
    )


def relations_query(schemas: str, known: Known) -> str:
    """An external table is U or ET; indexes of type 5 and 6 are columnstores; 0 and 1 are the heap and the clustered
    index, which have each row once. What came with the server, as the tables of change data capture, is left alone.

    An object made anew has another id and time of creation. A table that is published, or captured, cannot be emptied
    as a whole. Source: sys.objects; "TRUNCATE TABLE", "Limitations"; "About change data capture".
    """
    memory = _if_known(known, "tables", "is_memory_optimized", "t.is_memory_optimized", "0")  # since 2014
    temporal = _if_known(known, "tables", "temporal_type", "t.temporal_type", "0")  # since 2016, as the next
    external = _if_known(known, "tables", "is_external", "t.is_external", "0")
    return f"""
SELECT s.name, o.name, RTRIM(o.type), {memory}, {temporal}, {external},
       HAS_PERMS_BY_NAME({_NAME}, 'OBJECT', 'SELECT'),
       CASE WHEN EXISTS (SELECT 1 FROM sys.indexes AS i WHERE i.object_id = o.object_id AND i.type IN (5, 6))
            THEN 1 ELSE 0 END,
       (SELECT SUM(p.rows) FROM sys.partitions AS p WHERE p.object_id = o.object_id AND p.index_id IN (0, 1)),
       CONVERT(varchar(11), o.object_id) + '/' + CONVERT(varchar(23), o.create_date, 126),
       CASE WHEN t.is_replicated = 1 OR t.is_tracked_by_cdc = 1 THEN 1 ELSE 0 END
FROM sys.objects AS o
JOIN sys.schemas AS s ON s.schema_id = o.schema_id
LEFT JOIN sys.tables AS t ON t.object_id = o.object_id
WHERE o.type IN ('U', 'V', 'ET') AND o.is_ms_shipped = 0 AND s.name IN ({schemas})
ORDER BY s.name, o.name
"""


def columns_query(schemas: str, known: Known) -> str:
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


class RelationRow(NamedTuple):
    """A row of `relations_query`. *temporal*: 1 for a history table, more for a table whose history another holds.

    *is_published*: for transactional replication, or enabled for change data capture.
    """

    schema: str
    table: str
    type: str
    is_memory_optimized: Any
    temporal: int | None
    is_external: Any
    may_select: int | None
    has_columnstore: int
    rows: int | None
    incarnation: str
    is_published: int


class ColumnRow(NamedTuple):
    """A row of `columns_query`. *alias*: the type of somebody's own that it is declared with. *max_length*: in bytes,
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
