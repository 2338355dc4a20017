"""Connects to SQL Server and reads which tables it has. **No SQL Server was ever reached by this code.**

Source: Microsoft's manual, "Object catalog views": sys.objects, sys.columns, sys.types, sys.key_constraints,
sys.tables, sys.indexes; "SQL Graph architecture" for inner columns. A column that came after SQL Server 2012 is asked
for where sys.system_columns has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from localcloud.dms.engines.reader import Login, SourceTable
from localcloud.dms.engines.tds_encryption import COMPARE_NOTHING, let_driver_compare_nothing
from localcloud.dms.engines.tds_texts import let_driver_drop_halves
from localcloud.dms.type_tables.column import SourceColumn

Connect = Callable[..., Any]
"""What opens a connection of the DB-API: pytds, or a test's stand-in for a server."""

_CATALOGUE = (Path(__file__).parent / "sqlserver_catalogue.sql").read_text(encoding="utf-8")
_HAS = """
SELECT viewed.name + '.' + col.name
FROM sys.system_objects AS viewed
JOIN sys.system_columns AS col ON col.object_id = viewed.object_id
WHERE viewed.name IN ('tables', 'columns') AND viewed.schema_id = SCHEMA_ID('sys')
"""
# Source: AWS's guide, "Limitations"; that such a table errors in a full load is assumed. What it is, by the condition,
# and by the column of the catalogue without which there is no such table.
_UNSUPPORTED = (
    ("memory-optimized", "tables.is_memory_optimized", "t.is_memory_optimized = 1"),
    ("temporal", "tables.temporal_type", "t.temporal_type <> 0"),
    (
        "a columnstore",
        "tables.object_id",
        "EXISTS (SELECT 1 FROM sys.indexes AS i WHERE i.object_id = t.object_id AND i.type IN (5, 6))",
    ),
    (
        "a table with sparse columns",
        "columns.is_sparse",
        "EXISTS (SELECT 1 FROM sys.columns AS c WHERE c.object_id = t.object_id"
        " AND (c.is_sparse = 1 OR c.is_column_set = 1))",
    ),
    (
        "a table with encrypted columns",
        "columns.encryption_type",
        "EXISTS (SELECT 1 FROM sys.columns AS c WHERE c.object_id = t.object_id AND c.encryption_type IS NOT NULL)",
    ),
)
_CONNECT_SECONDS = 10
_BYTES_A_CHARACTER = {"char": 1, "varchar": 1, "binary": 1, "varbinary": 1, "nchar": 2, "nvarchar": 2}


def connect(login: Login, driver: Connect) -> Any:
    """A connection, each statement for itself. The host may be HOST\\INSTANCE: the port says which instance it is."""
    let_driver_compare_nothing()
    let_driver_drop_halves()
    return driver(
        dsn=login.host.split("\\")[0],
        port=login.port,
        database=login.database,
        user=login.username,
        password=login.password,
        login_timeout=_CONNECT_SECONDS,
        appname="dms",
        autocommit=True,
        cafile=COMPARE_NOTHING if login.ssl_mode == "require" else None,
        validate_host=False,
    )


def read_catalogue(cursor: Any) -> Iterator[SourceTable]:
    """Every table and view that the user may read."""
    is_inner = "col.graph_type IN (1, 3, 4, 6, 7)" if "columns.graph_type" in _asked(cursor, _HAS) else "1 = 0"
    cursor.execute(_CATALOGUE.replace("/* is inner */", is_inner))
    for (schema, name, is_view), rows in groupby(cursor.fetchall(), key=lambda row: tuple(row[:3])):
        found = list(rows)
        key = sorted((row[9], row[3]) for row in found if row[9])
        columns = tuple(_column(*row[3:8]) for row in found)
        yield SourceTable(schema, name, columns, tuple(name for _, name in key), bool(is_view))


def read_unsupported(cursor: Any) -> dict[tuple[str, str], str]:
    """The tables that DMS does not support, each with what it is."""
    has = _asked(cursor, _HAS)
    found = [(what, condition) for what, column, condition in _UNSUPPORTED if column in has]
    if not found:
        return {}
    cases = " ".join(f"WHEN {condition} THEN '{what}'" for what, condition in found)
    cursor.execute(
        f"SELECT s.name, t.name, CASE {cases} END "
        "FROM sys.tables AS t JOIN sys.schemas AS s ON s.schema_id = t.schema_id "
        f"WHERE {' OR '.join(condition for _, condition in found)}"
    )
    return {(schema, name): what for schema, name, what in cursor.fetchall()}


def _asked(cursor: Any, query: str) -> set[str]:
    cursor.execute(query)
    return {row[0] for row in cursor.fetchall()}


def _column(name: str, kind: str, max_length: int, precision: int, scale: int) -> SourceColumn:
    """*max_length* is in bytes; -1 means `(max)`."""
    if kind in {"decimal", "numeric"}:
        return SourceColumn(name, kind, precision=precision, scale=scale)
    size = _BYTES_A_CHARACTER.get(kind)
    return SourceColumn(name, kind, max_length // size if size and max_length > 0 else None)


def quote(name: str) -> str:
    """*name* as an identifier.

    >>> quote("odd]name")
    '[odd]]name]'
    """
    return f"[{name.replace(']', ']]')}]"
