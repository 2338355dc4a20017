"""Questions to a MySQL or MariaDB source, with a driver in pure Python, read-only and in one snapshot.

The snapshot is InnoDB's: what another storage engine holds is counted as it is at that moment.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pymysql
import pymysql.cursors

from fleet.asking import CATALOGUE_SECONDS, CONNECT_SECONDS, GRACE_SECONDS
from fleet.counts import Count
from fleet.databases import SslMode
from fleet.deltas.key_sweep import KeyAnswer
from fleet.deltas.key_text import KeyQuestion, source_statement
from fleet.failures import Failure, FailureClass, classify
from fleet.source_errors.mysql import TOO_LONG, UNKNOWN_VARIABLE, classify_code
from fleet.tables.catalogue import Census
from fleet.tables.losses import CountedLosses, TableLosses
from lambdas.sources.counting import HasTime, count_losses, count_tables, read_keys
from lambdas.sources.encryption import encryption
from lambdas.sources.host import host_of
from lambdas.sources.mysql_census import read_census
from lambdas.sources.mysql_losses import losses_statement, quote
from lambdas.sources.words import describe, find_words

SOCKET_NAME = "mysqld.sock"
"""The socket's file, as Debian's package names it, in the folder that a secret may give as its host."""


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
        init_command="SET time_zone = '+00:00', sql_mode = ''",  # not as the server's: it changes what SHOW writes
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
def snapshot(
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
    secret: Mapping[str, Any], database: str, schemas: Sequence[str], ssl_mode: SslMode = "verify-full"
) -> Census:
    """Everything under *schemas*, in order of schema and name."""
    with snapshot(secret, database, ssl_mode, CATALOGUE_SECONDS) as cursor:
        return read_census(cursor, schemas)


def ask_counts(
    secret: Mapping[str, Any],
    database: str,
    tables: Sequence[tuple[str, str]],
    ssl_mode: SslMode,
    seconds_each: float,
    has_time: HasTime,
) -> list[Count]:
    """What `count_tables` gives of *tables*, all in one snapshot."""
    with snapshot(secret, database, ssl_mode, seconds_each) as cursor:

        def count(schema: str, table: str) -> int:
            return _ask_one_row(cursor, f"SELECT count(*) FROM {quote(schema)}.{quote(table)}")[0]

        return count_tables(tables, count, lambda error: explain(error, seconds_each), has_time)


def ask_losses(
    secret: Mapping[str, Any],
    database: str,
    tables: Sequence[TableLosses],
    ssl_mode: SslMode,
    seconds_each: float,
    has_time: HasTime,
) -> list[CountedLosses]:
    """What `count_losses` gives of *tables*, all in one snapshot."""
    with snapshot(secret, database, ssl_mode, seconds_each) as cursor:
        return count_losses(
            tables,
            lambda table: _ask_one_row(cursor, losses_statement(table)),
            lambda error: explain(error, seconds_each),
            has_time,
        )


def ask_keys(
    secret: Mapping[str, Any],
    database: str,
    tables: Sequence[KeyQuestion],
    ssl_mode: SslMode,
    seconds_each: float,
    has_time: HasTime,
) -> list[KeyAnswer]:
    """What `read_keys` gives of *tables*, all in one snapshot."""
    with snapshot(secret, database, ssl_mode, seconds_each) as cursor:

        def ask(table: KeyQuestion) -> Sequence[Sequence[Any]]:
            cursor.execute(source_statement("mysql", table, quote))
            return cursor.fetchall()

        return read_keys(tables, ask, lambda error: explain(error, seconds_each), has_time)


def _ask_one_row(cursor: pymysql.cursors.Cursor, query: str) -> Sequence[Any]:
    cursor.execute(query)  # without values: with any, even none, a % in a name would be read
    return cursor.fetchall()[0]


def explain(error: Exception, seconds_each: float) -> str:
    """Why one statement failed; nothing where the connection is lost with it."""
    code = _code(error)
    if code is None or classify_code(code) == "connection" or isinstance(error, pymysql.err.InterfaceError):
        return ""
    text = find_words(error)
    return f"no answer within {seconds_each:g} s: {text}" if code in TOO_LONG else text


def _code(error: BaseException) -> int | None:
    """The server's number of *error*, if it is the server's."""
    is_numbered = isinstance(error, pymysql.err.Error) and error.args and isinstance(error.args[0], int)
    return error.args[0] if is_numbered else None


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
