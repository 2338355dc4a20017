"""Questions to a PostgreSQL source, with a driver in pure Python, read-only and in one snapshot."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pg8000.native

from fleet.asking import CATALOGUE_SECONDS, CONNECT_SECONDS, GRACE_SECONDS
from fleet.counts import Count
from fleet.databases import SslMode
from fleet.deltas.key_sweep import KeyAnswer
from fleet.deltas.key_text import KeyQuestion, source_statement
from fleet.failures import Failure, FailureClass, classify
from fleet.source_errors.postgresql import NO_TEXT, QUERY_CANCELED, classify_state
from fleet.tables.catalogue import Census, Table
from fleet.tables.losses import CountedLosses, TableLosses
from lambdas.sources.counting import HasTime, count_losses, count_tables, read_keys
from lambdas.sources.encryption import encryption
from lambdas.sources.host import host_of
from lambdas.sources.postgresql_census import CENSUS, SCHEMAS, read_tables
from lambdas.sources.postgresql_losses import losses_statement, quote
from lambdas.sources.words import causes_of, describe, find_words

# The server is asked whether a view can be read, row security and all: with `row_security = off` it raises where rows
# would be hidden, in its own words. Source: PostgreSQL's manual, "Row Security Policies" and "Client Connection
# Defaults".
_HAS_ROW_SECURITY = "SELECT EXISTS (SELECT FROM pg_class WHERE relrowsecurity)"
# The server then converts what its database holds. From SQL_ASCII it converts nothing, and refuses what is no UTF-8.
_IN_UTF8 = {"client_encoding": "UTF8"}
_INSUFFICIENT_PRIVILEGE = "42501"
# Of two errors of that state, the routine says which one it is, in any language (src/backend/utils/misc/rls.c).
_HIDES_ROWS = "check_enable_rls"
# What row security hides raises an error instead. Values are as text what they are to a driver of ODBC's, whatever the
# database's own settings say. Source: https://odbc.postgresql.org/docs/ (DateStyle is ISO); the rest is assumed.
_SESSION = (
    "SET row_security = off; SET datestyle = 'ISO'; SET intervalstyle = 'postgres'; SET timezone = 'UTC'; "
    "SET extra_float_digits = 2"
)


# What the driver raises of bytes that are no message of PostgreSQL's, for instance a MariaDB's greeting. A text that it
# cannot read is another matter.
_NOT_UNDERSTOOD = (LookupError, TypeError, AttributeError, ValueError, AssertionError, struct.error)


@contextmanager
def connect(
    secret: Mapping[str, Any], database: str, ssl_mode: SslMode, seconds: float
) -> Iterator[pg8000.native.Connection]:
    """A read-only snapshot of *database* on the server that *secret* names. The server ends each statement after
    *seconds*, and each wait for a lock after half of that.

    A host that begins with / is a socket of this machine, where nothing is encrypted. Source: PostgreSQL's manual,
    "Client Connection Defaults": both time-outs are in milliseconds; that for locks must be the shorter one to matter.
    """
    host, port = host_of(secret), int(secret["port"])
    is_local = host.startswith("/")
    plug = _plug(f"{host}/.s.PGSQL.{port}") if is_local else socket.create_connection((host, port), CONNECT_SECONDS)
    try:
        plug.settimeout(seconds + GRACE_SECONDS)  # for a server that says nothing any more
        connection = pg8000.native.Connection(
            secret["username"],
            password=secret["password"],
            database=database,
            host=host,
            sock=plug,
            ssl_context=False if is_local else encryption(secret, ssl_mode) or False,
            application_name="fleet AskSource",
            startup_params=_IN_UTF8,
        )
    except _NOT_UNDERSTOOD as error:
        plug.close()
        if isinstance(error, UnicodeError):
            raise
        words = (
            f"what listens on {host}, port {port}, is no PostgreSQL; correct `engine`, or the secret's host and port"
        )
        raise pg8000.native.InterfaceError(words) from error
    except BaseException:
        plug.close()
        raise
    try:
        milliseconds = int(seconds * 1000)
        connection.run(f"SET statement_timeout = {milliseconds}")
        connection.run(f"SET lock_timeout = {max(1, milliseconds // 2)}")
        connection.run(_SESSION)
        connection.run("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield connection
    finally:
        connection.close()
        plug.close()


def _plug(path: str) -> socket.socket:
    """A Unix socket, connected."""
    opened = socket.socket(socket.AF_UNIX)
    try:
        opened.settimeout(CONNECT_SECONDS)
        opened.connect(path)
    except BaseException:
        opened.close()
        raise
    return opened


def _rows(connection: pg8000.native.Connection, query: str, **parameters: Any) -> list[Any]:
    return connection.run(query, **parameters) or []


def ask_census(
    secret: Mapping[str, Any], database: str, schemas: Sequence[str], ssl_mode: SslMode = "require"
) -> Census:
    """Everything under *schemas*, and under those that a mapping could take for them, in order of schema and name."""
    with connect(secret, database, ssl_mode, CATALOGUE_SECONDS) as connection:
        there = tuple(row[0] for row in _rows(connection, SCHEMAS, schemas=list(schemas)))
        tables = tuple(read_tables(_rows(connection, CENSUS, schemas=list(schemas))))
        if _rows(connection, _HAS_ROW_SECURITY)[0][0]:
            tables = tuple(_with_hidden_rows(connection, table) for table in tables)
        return Census(there, tables)


def _with_hidden_rows(connection: pg8000.native.Connection, table: Table) -> Table:
    """*table*, barred where it is a view over rows that the login does not see, or may not read."""
    if table.kind != "view" or table.barred:
        return table
    try:
        _ask_alone(connection, f"EXPLAIN SELECT * FROM {quote(table.schema)}.{quote(table.table)}")
    except pg8000.native.DatabaseError as error:
        if not _is_of_statement(error):
            raise
        if _fields(error).get("C") == _INSUFFICIENT_PRIVILEGE:
            hides_rows = _fields(error).get("R") == _HIDES_ROWS
            return replace(table, barred=find_words(error), barred_by="rows" if hides_rows else "broken")
    return table


def ask_counts(
    secret: Mapping[str, Any],
    database: str,
    tables: Sequence[tuple[str, str]],
    ssl_mode: SslMode,
    seconds_each: float,
    has_time: HasTime,
) -> list[Count]:
    """What `count_tables` gives of *tables*, all in one snapshot.

    Where row security would hide rows from the login, the server refuses. In the functions of a view `ask_census` could
    not see that.
    """
    refused: set[tuple[str, str]] = set()
    with connect(secret, database, ssl_mode, seconds_each) as connection:

        def count_rows(schema: str, table: str) -> int:
            try:
                return _ask_alone(connection, f"SELECT count(*) FROM {quote(schema)}.{quote(table)}")[0]
            except pg8000.native.DatabaseError as error:
                if _fields(error).get("C") == _INSUFFICIENT_PRIVILEGE:
                    refused.add((schema, table))
                raise

        counts = count_tables(tables, count_rows, lambda error: explain(error, seconds_each), has_time)
    return [replace(count, is_refused=True) if count.name in refused else count for count in counts]


def ask_losses(
    secret: Mapping[str, Any],
    database: str,
    tables: Sequence[TableLosses],
    ssl_mode: SslMode,
    seconds_each: float,
    has_time: HasTime,
) -> list[CountedLosses]:
    """What `count_losses` gives of *tables*, all in one snapshot."""
    with connect(secret, database, ssl_mode, seconds_each) as connection:
        return count_losses(
            tables,
            lambda table: _ask_alone(connection, losses_statement(table))[0],
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
    with connect(secret, database, ssl_mode, seconds_each) as connection:
        return read_keys(
            tables,
            lambda table: ask_rows_alone(connection, source_statement("postgresql", table, quote)),
            lambda error: explain(error, seconds_each),
            has_time,
        )


def _ask_alone(connection: pg8000.native.Connection, query: str) -> list[Any]:
    """The one row that answers *query*."""
    return ask_rows_alone(connection, query)[0]


def ask_rows_alone(connection: pg8000.native.Connection, query: str) -> list[Any]:
    """The rows that answer *query*. A statement that fails would take the transaction and its snapshot with it."""
    connection.run("SAVEPOINT one_table")
    try:
        return _rows(connection, query)
    except pg8000.native.DatabaseError as error:
        if _is_of_statement(error):
            connection.run("ROLLBACK TO SAVEPOINT one_table")
        raise


def explain(error: Exception, seconds_each: float) -> str:
    """Why one statement failed; nothing where the connection is lost with it."""
    if not isinstance(error, pg8000.native.DatabaseError) or not _is_of_statement(error):
        return ""
    text = find_words(error)
    return f"no answer within {seconds_each:g} s: {text}" if _fields(error).get("C") == QUERY_CANCELED else text


def _is_of_statement(error: pg8000.native.DatabaseError) -> bool:
    """Whether the connection outlives *error*: FATAL and PANIC end it. Source: PostgreSQL's manual, "Error and Notice
    Message Fields": `V` is the severity in no language but English."""
    fields = _fields(error)
    return fields.get("V", fields.get("S")) == "ERROR"


def _fields(error: pg8000.native.DatabaseError) -> Mapping[str, str]:
    return error.args[0] if error.args and isinstance(error.args[0], dict) else {}


def describe_failure(error: BaseException) -> Failure:
    """What an error of the driver or of the network says of the source: by SQLSTATE, where the server gave one."""
    # pg8000 says goodbye to a server that has refused it and hung up: that error hides the server's own words.
    said = next((one for one in causes_of(error) if isinstance(one, pg8000.native.DatabaseError)), error)
    return describe(said, _classify(said))


def _classify(error: BaseException) -> FailureClass:
    fields = _fields(error) if isinstance(error, pg8000.native.DatabaseError) else {}
    state = fields.get("C", "")
    failure_class = classify_state(state)
    if state in NO_TEXT:
        return "table_error"
    if failure_class == "table_error":
        # No table was asked for: the statement took too long, or the server is not ready ("not currently accepting
        # connections" is 55000), or the statement was wrong.
        is_away = state == QUERY_CANCELED or fields.get("V", fields.get("S")) in {"FATAL", "PANIC"}
        return "connection" if is_away else "unknown"
    if failure_class == "unknown" and not state:
        failure_class = classify(find_words(error))
    is_network = isinstance(error, pg8000.native.InterfaceError | OSError)
    return "connection" if failure_class == "unknown" and is_network else failure_class
