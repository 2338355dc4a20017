"""Connects to SQL Server and reads which tables it has. **No SQL Server was ever reached by this code.**

Source: Microsoft's manual, "Object catalog views": sys.objects, sys.columns, sys.types, sys.key_constraints.
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
    cursor.execute(_CATALOGUE)
    for (schema, name, is_view), rows in groupby(cursor.fetchall(), key=lambda row: tuple(row[:3])):
        found = list(rows)
        key = sorted((row[9], row[3]) for row in found if row[9])
        columns = tuple(_column(*row[3:8]) for row in found)
        yield SourceTable(schema, name, columns, tuple(name for _, name in key), bool(is_view))


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
