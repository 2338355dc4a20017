"""Questions to a MySQL or MariaDB source, with a driver in pure Python, read-only and in one snapshot.

The snapshot is InnoDB's: what another storage engine holds is counted as it is at that moment.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pymysql
import pymysql.cursors

from fleet.databases import SslMode
from fleet.failures import Failure, classify
from fleet.tables.catalogue import Table
from fleet.tables.columns import Column
from lambdas.sources.encryption import encryption

CONNECT_TIMEOUT_SECONDS = 10
SOCKET_NAME = "mysqld.sock"
"""The socket's file in the folder that stands in place of a host name, as Debian's package names it."""

OWN_SCHEMAS = ("information_schema", "mysql", "performance_schema", "sys")
_TABLES = "SELECT table_schema, table_name, table_type FROM information_schema.tables"
_COLUMNS = """
SELECT table_schema, table_name, column_name,
       concat(data_type, CASE WHEN numeric_precision IS NOT NULL AND column_type LIKE '%% unsigned%%' THEN ' unsigned'
                              ELSE '' END),
       CASE WHEN data_type IN ('char', 'varchar', 'binary', 'varbinary', 'enum', 'set') THEN character_maximum_length
            WHEN data_type = 'bit' THEN numeric_precision END,
       CASE WHEN data_type = 'decimal' THEN numeric_precision END,
       CASE WHEN data_type = 'decimal' THEN numeric_scale END,
       is_nullable = 'YES'
FROM information_schema.columns
"""
_KEYS = "SELECT table_schema, table_name, column_name FROM information_schema.key_column_usage"
_COUNTS_AT_ONCE = 50
# Source: https://mariadb.com/kb/en/mariadb-error-codes/ and MySQL's manual, "Server Error Message Reference".
_CONNECTION_CODES = {1040, 1053, 1152, 1158, 1159, 1160, 1161, 1203, 2002, 2003, 2006, 2013}
_CREDENTIALS_CODES = {1044, 1045, 1130, 1142, 1143, 1227, 1698}


def connect(
    secret: Mapping[str, Any], database: str | None = None, ssl_mode: SslMode = "verify-full"
) -> pymysql.Connection[pymysql.cursors.Cursor]:
    """A connection to the server that *secret* names, in UTC.

    A host that begins with / is the folder of a socket of this machine, where nothing is encrypted.
    """
    host = str(secret["host"])
    is_local = host.startswith("/")
    wrapped_in = None if is_local else encryption(secret, ssl_mode)
    connection = pymysql.connect(
        host="localhost" if is_local else host,
        port=int(secret["port"]),
        user=secret["username"],
        password=secret["password"],
        database=database,
        charset="utf8mb4",
        # For connecting only; a count over a large table may take long.
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        ssl=wrapped_in,
        ssl_disabled=wrapped_in is None,
        init_command="SET time_zone = '+00:00'",
        program_name="fleet",
        defer_connect=True,
    )
    connection.connect(plug(f"{host}/{SOCKET_NAME}") if is_local else None)
    return connection


def plug(path: str) -> socket.socket:
    """A Unix socket, connected. The driver would leave its own open when nobody listens. Raises the driver's error."""
    opened = socket.socket(socket.AF_UNIX)
    opened.settimeout(CONNECT_TIMEOUT_SECONDS)
    try:
        opened.connect(path)
    except OSError as error:
        opened.close()
        raise pymysql.err.OperationalError(2002, f"Can't connect to local server through {path!r} ({error})") from error
    return opened


@contextmanager
def _snapshot(secret: Mapping[str, Any], database: str, ssl_mode: SslMode) -> Iterator[pymysql.cursors.Cursor]:
    with connect(secret, database, ssl_mode) as connection, connection.cursor() as cursor:
        cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
        yield cursor


def ask_catalogue(
    secret: Mapping[str, Any],
    database: str,
    schemas: Sequence[str],
    ssl_mode: SslMode = "verify-full",
    *,
    has_views: bool,
) -> tuple[Table, ...]:
    """The tables and, where *has_views*, views of *schemas* that the user may read, in order of schema and name.

    Source: the guide, "Limitations on using a MySQL database as a source": views of MariaDB are not migrated. Its
    system-versioned tables are not either, but they are asked for: a table that is missed must be told of.
    """
    with _snapshot(secret, database, ssl_mode) as cursor:
        kinds = {"BASE TABLE", "SYSTEM VERSIONED"} | ({"VIEW"} if has_views else set())
        return tuple(table for table, kind in read_catalogue(cursor, schemas) if kind in kinds)


def read_catalogue(cursor: pymysql.cursors.Cursor, schemas: Sequence[str]) -> Iterator[tuple[Table, str]]:
    """Every table of *schemas* with the kind that the server calls it ('BASE TABLE', 'VIEW', 'SYSTEM VERSIONED', ...).

    A table in partitions is one table.
    """
    if not schemas:
        return
    wanted = set(schemas)  # the catalogue compares names without regard to case
    where = f" WHERE table_schema IN ({', '.join(['%s'] * len(schemas))})"
    columns = _by_table(_ask(cursor, f"{_COLUMNS}{where} ORDER BY table_schema, table_name, ordinal_position", schemas))
    primary = f"{where} AND constraint_name = 'PRIMARY' ORDER BY table_schema, table_name, ordinal_position"
    keys = _by_table(_ask(cursor, _KEYS + primary, schemas))
    for schema, name, kind in _ask(cursor, f"{_TABLES}{where} ORDER BY table_schema, table_name", schemas):
        if schema in wanted:
            found = tuple(_column(row) for row in columns.get((schema, name), ()))
            key = tuple(row[2] for row in keys.get((schema, name), ()))
            yield Table(schema, name, kind == "VIEW", found, key), kind


def _column(row: Sequence[Any]) -> Column:
    _, _, name, kind, length, precision, scale, is_nullable = row
    return Column(name, kind, length, precision, scale, bool(is_nullable))


def _by_table(rows: Iterable[Sequence[Any]]) -> dict[tuple[str, str], list[Sequence[Any]]]:
    found: dict[tuple[str, str], list[Sequence[Any]]] = {}
    for row in rows:
        found.setdefault((row[0], row[1]), []).append(row)
    return found


def _ask(cursor: pymysql.cursors.Cursor, query: str, values: Sequence[str] = ()) -> Sequence[Sequence[Any]]:
    cursor.execute(query, tuple(values))
    return cursor.fetchall()


def ask_counts(
    secret: Mapping[str, Any], database: str, tables: Sequence[Sequence[str]], ssl_mode: SslMode = "verify-full"
) -> list[list[Any]]:
    """[schema, table, rows] of each of *tables*, all in one snapshot."""
    counts: list[list[Any]] = []
    with _snapshot(secret, database, ssl_mode) as cursor:
        for first in range(0, len(tables), _COUNTS_AT_ONCE):
            group = tables[first : first + _COUNTS_AT_ONCE]
            cursor.execute(
                " UNION ALL ".join(
                    f"SELECT {number}, count(*) FROM {quote(schema)}.{quote(table)}"
                    for number, (schema, table) in enumerate(group)
                )
            )
            rows = dict(cursor.fetchall())
            counts += [[schema, table, rows[number]] for number, (schema, table) in enumerate(group)]
    return counts


def quote(name: str) -> str:
    """*name* as MySQL quotes it.

    >>> quote("a`b")
    '`a``b`'
    """
    return "`" + name.replace("`", "``") + "`"


def describe_failure(error: BaseException) -> Failure:
    """What an error of the driver or of the network says of the source."""
    code = error.args[0] if isinstance(error, pymysql.err.Error) and error.args else None
    text = str(error.args[1]) if isinstance(error, pymysql.err.Error) and len(error.args) > 1 else str(error)
    if code in _CREDENTIALS_CODES:
        failure_class = "credentials"
    elif code in _CONNECTION_CODES or isinstance(error, OSError | pymysql.err.InterfaceError):
        failure_class = "connection"
    else:
        failure_class = classify(text)
    return Failure(failure_class, "SourceNotAnswering", f"the source did not answer: {text}")
