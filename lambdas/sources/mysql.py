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

from fleet.asking import CATALOGUE_SECONDS, CONNECT_SECONDS, GRACE_SECONDS
from fleet.counts import Count
from fleet.databases import SslMode
from fleet.failures import Failure, FailureClass, classify
from fleet.source_errors.mysql import TOO_LONG, UNKNOWN_VARIABLE, classify_code
from fleet.tables.catalogue import Census, Table
from fleet.tables.columns import Column
from fleet.tables.losses import CountedLosses, TableLosses
from lambdas.sources.counting import HasTime, count_tables
from lambdas.sources.encryption import encryption
from lambdas.sources.host import host_of
from lambdas.sources.words import describe, find_words

SOCKET_NAME = "mysqld.sock"
"""The socket's file, as Debian's package names it, in the folder that a secret may give as its host."""

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


def connect(
    secret: Mapping[str, Any],
    database: str | None = None,
    ssl_mode: SslMode = "verify-full",
    *,
    read_seconds: float | None = None,
) -> pymysql.Connection[pymysql.cursors.Cursor]:
    """A connection to the server that *secret* names, in UTC. *read_seconds*: how long the server may say nothing.

    A host that begins with / is the folder of a socket of this machine, where nothing is encrypted.
    """
    host = host_of(secret)
    is_local = host.startswith("/")
    wrapped_in = None if is_local else encryption(secret, ssl_mode)
    connection = pymysql.connect(
        host="localhost" if is_local else host,
        port=int(secret["port"]),
        user=secret["username"],
        password=secret["password"],
        database=database,
        charset="utf8mb4",
        connect_timeout=CONNECT_SECONDS,
        read_timeout=read_seconds,
        write_timeout=read_seconds,
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
    opened.settimeout(CONNECT_SECONDS)
    try:
        opened.connect(path)
    except OSError as error:
        opened.close()
        raise pymysql.err.OperationalError(2002, f"Can't connect to local server through {path!r} ({error})") from error
    return opened


@contextmanager
def _snapshot(
    secret: Mapping[str, Any], database: str, ssl_mode: SslMode, seconds: float
) -> Iterator[pymysql.cursors.Cursor]:
    """A read-only snapshot in which the server ends each statement after *seconds*."""
    connected = connect(secret, database, ssl_mode, read_seconds=seconds + GRACE_SECONDS)
    with connected as connection, connection.cursor() as cursor:
        _limit(cursor, connection.get_server_info(), seconds)
        cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
        yield cursor


def _limit(cursor: pymysql.cursors.Cursor, version: str, seconds: float) -> None:
    """Let the server end each statement after *seconds*, and each wait for a table's lock.

    Source: https://mariadb.com/kb/en/aborting-statements/ (seconds, from 10.1.1 on) and
    https://dev.mysql.com/doc/refman/8.0/en/server-system-variables.html (milliseconds, SELECT only, from 5.7.8 on);
    lock_wait_timeout is in whole seconds in both. An older server has no such variable: there it is the driver that
    gives up, and the statement goes on.
    """
    is_mariadb = "mariadb" in version.lower()
    limit = f"max_statement_time = {seconds:g}" if is_mariadb else f"max_execution_time = {int(seconds * 1000)}"
    try:
        cursor.execute(f"SET SESSION {limit}")
    except pymysql.err.Error as error:
        if error.args[:1] != (UNKNOWN_VARIABLE,):
            raise
    cursor.execute(f"SET SESSION lock_wait_timeout = {max(1, int(seconds))}")


def ask_census(
    secret: Mapping[str, Any],
    database: str,
    schemas: Sequence[str],
    ssl_mode: SslMode = "verify-full",
    *,
    has_views: bool,
) -> Census:
    """The tables and, where *has_views*, views of *schemas* that the user may read, in order of schema and name.

    Source: the guide, "Limitations on using a MySQL database as a source": views of MariaDB are not migrated. Its
    system-versioned tables are not either, but they are asked for: a table that DMS misses must be reported.
    """
    with _snapshot(secret, database, ssl_mode, CATALOGUE_SECONDS) as cursor:
        kinds = {"BASE TABLE", "SYSTEM VERSIONED"} | ({"VIEW"} if has_views else set())
        return Census(tuple(schemas), tuple(table for table, kind in read_catalogue(cursor, schemas) if kind in kinds))


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
    secret: Mapping[str, Any],
    database: str,
    tables: Sequence[tuple[str, str]],
    ssl_mode: SslMode,
    seconds_each: float,
    has_time: HasTime,
) -> list[Count]:
    """What `count_tables` gives of *tables*, all in one snapshot."""
    with _snapshot(secret, database, ssl_mode, seconds_each) as cursor:

        def count(schema: str, table: str) -> int:
            return _ask(cursor, f"SELECT count(*) FROM {quote(schema)}.{quote(table)}")[0][0]

        return count_tables(tables, count, lambda error: _explain(error, seconds_each), has_time)


def ask_losses(
    secret: Mapping[str, Any],
    database: str,
    tables: Sequence[TableLosses],
    ssl_mode: SslMode,
    seconds_each: float,
    has_time: HasTime,
) -> list[CountedLosses]:
    """No loss of this engine is counted yet."""
    del secret, database, ssl_mode, seconds_each, has_time
    return [CountedLosses(one.schema, one.table, (), "not counted on this engine yet") for one in tables]


def _explain(error: Exception, seconds_each: float) -> str:
    code = _code(error)
    if code is None or classify_code(code) == "connection" or isinstance(error, pymysql.err.InterfaceError):
        return ""
    text = find_words(error)
    return f"no answer within {seconds_each:g} s: {text}" if code in TOO_LONG else text


def _code(error: BaseException) -> int | None:
    """The server's number of *error*, if it is the server's."""
    is_numbered = isinstance(error, pymysql.err.Error) and error.args and isinstance(error.args[0], int)
    return error.args[0] if is_numbered else None


def quote(name: str) -> str:
    """*name* as MySQL quotes it.

    >>> quote("a`b")
    '`a``b`'
    """
    return "`" + name.replace("`", "``") + "`"


def describe_failure(error: BaseException) -> Failure:
    """What an error of the driver or of the network says of the source: by number, where the server gave one."""
    code = _code(error)
    failure_class: FailureClass = "unknown" if code is None else classify_code(code)
    if failure_class == "table_error":  # no table was asked for: the statement took too long, or was wrong
        failure_class = "connection" if code in TOO_LONG else "unknown"
    elif isinstance(error, OSError | pymysql.err.InterfaceError):
        failure_class = "connection"
    elif code is None:
        failure_class = classify(find_words(error))
    return describe(error, failure_class)
