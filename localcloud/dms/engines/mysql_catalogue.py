"""Connects to MySQL or MariaDB and reads which tables it has.

Source: MySQL's manual, "INFORMATION_SCHEMA Tables"; MariaDB's is alike, with table types of its own.
"""

from __future__ import annotations

import socket
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import pymysql
import pymysql.cursors

from localcloud.dms.engines.reader import Login, SourceTable
from localcloud.dms.type_tables.column import SourceColumn

SOCKET_NAME = "mysqld.sock"
"""The socket's file in the folder that takes the place of a host name."""

_CONNECT_SECONDS = 10
# The server's own schemas, by their exact names: a user may have one called SYS beside sys.
_NOT_OWN = (
    "CAST(table_schema AS BINARY) NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys') "
    "ORDER BY table_schema, table_name"
)
_TABLES = f"SELECT table_schema, table_name, table_type FROM information_schema.tables WHERE {_NOT_OWN}"
_COLUMNS = f"""
SELECT table_schema, table_name, column_name, data_type, column_type, extra,
       character_maximum_length, numeric_precision, numeric_scale
FROM information_schema.columns WHERE {_NOT_OWN}, ordinal_position
"""
_KEYS = f"""
SELECT table_schema, table_name, column_name
FROM information_schema.statistics WHERE index_name = 'PRIMARY' AND {_NOT_OWN}, seq_in_index
"""
COLUMNS_OF_TABLE = """
SELECT table_type, column_name, data_type, column_type, extra, character_maximum_length, numeric_precision,
       numeric_scale
FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position
"""
"""The type of one table, and what `read_column` takes of each column."""

_UNFIT_SIGNS = {"`", "'"}
_OF_LENGTH = {"char", "varchar", "binary", "varbinary", "enum", "set"}


def connect(login: Login, opened: socket.socket | None = None) -> pymysql.Connection[pymysql.cursors.Cursor]:
    """A connection in UTC, over the socket that is *opened* already if there is one. It is not encrypted: of DMS's
    modes for MySQL only `none` is emulated."""
    is_local = login.host.startswith("/")
    connection = pymysql.connect(
        host="localhost" if is_local else login.host,
        port=login.port,
        user=login.username,
        password=login.password,
        charset="utf8mb4",
        connect_timeout=_CONNECT_SECONDS,
        ssl_disabled=True,
        init_command="SET time_zone = '+00:00'",
        program_name="dms",
        defer_connect=True,
    )
    connection.connect(plug(f"{login.host}/{SOCKET_NAME}") if is_local and opened is None else opened)
    return connection


def plug(path: str) -> socket.socket:
    """A connected Unix socket. The driver would leave its own open where nobody listens. Raises the driver's error."""
    opened = socket.socket(socket.AF_UNIX)
    opened.settimeout(_CONNECT_SECONDS)
    try:
        opened.connect(path)
    except OSError as error:
        opened.close()
        raise pymysql.err.OperationalError(2002, f"Can't connect to local server through {path!r} ({error})") from error
    return opened


def read_catalogue(cursor: pymysql.cursors.Cursor) -> Iterator[tuple[SourceTable, str]]:
    """Every table and view of every schema but the server's own, with the type that the server gives it."""
    columns: dict[tuple[str, str], list[SourceColumn]] = defaultdict(list)
    for schema, table, *fields in _ask(cursor, _COLUMNS):
        columns[schema, table].append(read_column(*fields))
    keys: dict[tuple[str, str], list[str]] = defaultdict(list)
    for schema, table, name in _ask(cursor, _KEYS):
        keys[schema, table].append(name)
    for schema, name, kind in _ask(cursor, _TABLES):
        yield SourceTable(schema, name, tuple(columns[schema, name]), tuple(keys[schema, name]), kind == "VIEW"), kind


def read_column(
    name: str, kind: str, declared: str, extra: str, length: int | None, precision: int | None, scale: int | None
) -> SourceColumn:
    """A column of the catalogue. `bit` has its bits as precision. What an enum is declared as has its words in it.

    An invisible column is not migrated (documented), which the name of its type says here.
    """
    if "INVISIBLE" in extra:
        return SourceColumn(name, f"{kind} invisible")
    if kind == "bit":
        return SourceColumn(name, kind, length=precision)
    if precision is not None and " unsigned" in declared:
        kind = f"{kind} unsigned"
    if kind.startswith("decimal"):
        return SourceColumn(name, kind, precision=precision, scale=scale)
    return SourceColumn(name, kind, length if kind in _OF_LENGTH else None)


def unsupported(table: SourceTable, kind: str) -> str:
    """Why DMS does not support *table*, of that *kind* in the catalogue; nothing where it does.

    Source: the guide, "Limitations". That the whole table errors, for a column's name too, is assumed.
    """
    if kind == "SYSTEM VERSIONED":
        return f"{table.schema}.{table.name} is system-versioned: DMS does not support it"
    names = [table.schema, table.name, *(column.name for column in table.columns)]
    if unfit := [name for name in names if set(name) & _UNFIT_SIGNS]:
        return f"{table.schema}.{table.name}: DMS does not support the name {unfit[0]!r}"
    return ""


def _ask(cursor: pymysql.cursors.Cursor, query: str) -> Sequence[Sequence[Any]]:
    cursor.execute(query)
    return cursor.fetchall()


def quote(name: str) -> str:
    """*name* as an identifier.

    >>> quote("odd`name")
    '`odd``name`'
    """
    return f"`{name.replace('`', '``')}`"
