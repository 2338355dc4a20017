"""Questions to a PostgreSQL source, with a driver in pure Python, read-only and in one snapshot."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pg8000.native

from fleet.asking import CATALOGUE_SECONDS, CONNECT_SECONDS, GRACE_SECONDS
from fleet.databases import SslMode
from fleet.failures import Failure, FailureClass, classify
from fleet.source_errors.postgresql import NO_TEXT, QUERY_CANCELED, classify_state
from fleet.tables.catalogue import Table
from fleet.tables.columns import Column
from lambdas.sources.counting import count_tables
from lambdas.sources.encryption import encryption
from lambdas.sources.host import host_of
from lambdas.sources.words import causes_of, describe, find_words

# `format_type` without a modifier gives the names that fleet/tables/columns.py knows; the query itself marks arrays,
# enums and composites.
_CATALOGUE = """
SELECT n.nspname, c.relname, c.relkind = 'v', a.attname,
       CASE WHEN t.typelem <> 0 AND t.typlen = -1 THEN 'array' WHEN t.typtype = 'e' THEN 'enum'
            WHEN t.typtype = 'c' THEN 'composite'
            ELSE format_type(coalesce(nullif(t.typbasetype, 0), t.oid), NULL) END,
       CASE WHEN a.atttypmod > 4 AND t.typname IN ('varchar', 'bpchar') THEN a.atttypmod - 4
            WHEN a.atttypmod > 0 AND t.typname IN ('bit', 'varbit') THEN a.atttypmod END,
       CASE WHEN t.typname = 'numeric' AND a.atttypmod > 4 THEN ((a.atttypmod - 4) >> 16) & 65535 END,
       CASE WHEN t.typname = 'numeric' AND a.atttypmod > 4 THEN (a.atttypmod - 4) & 2047 END,
       NOT a.attnotnull,
       array_position(k.conkey, a.attnum)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'p'
WHERE c.relkind IN ('r', 'v') AND n.nspname = ANY(:schemas) AND has_table_privilege(c.oid, 'SELECT')
ORDER BY n.nspname, c.relname, a.attnum
"""


# The server then converts what its database holds. From SQL_ASCII it converts nothing, and refuses what is no UTF-8.
_IN_UTF8 = {"client_encoding": "UTF8"}


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
    except BaseException:
        plug.close()
        raise
    try:
        milliseconds = int(seconds * 1000)
        connection.run(f"SET statement_timeout = {milliseconds}")
        connection.run(f"SET lock_timeout = {max(1, milliseconds // 2)}")
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


def ask_catalogue(
    secret: Mapping[str, Any], database: str, schemas: Sequence[str], ssl_mode: SslMode = "require"
) -> tuple[Table, ...]:
    """The tables and views of *schemas* that the user may read, in order of schema and name."""
    with connect(secret, database, ssl_mode, CATALOGUE_SECONDS) as connection:
        return tuple(_tables(_rows(connection, _CATALOGUE, schemas=list(schemas))))


def _tables(rows: Iterable[Sequence[Any]]) -> Iterator[Table]:
    found: dict[tuple[str, str, bool], list[Sequence[Any]]] = {}
    for row in rows:
        found.setdefault((row[0], row[1], row[2]), []).append(row)
    for (schema, table, is_view), columns in found.items():
        key = sorted((row for row in columns if row[9] is not None), key=lambda row: row[9])
        yield Table(
            schema,
            table,
            is_view,
            tuple(Column(row[3], row[4], row[5], row[6], row[7], row[8]) for row in columns),
            tuple(row[3] for row in key),
        )


def ask_counts(
    secret: Mapping[str, Any],
    database: str,
    tables: Sequence[tuple[str, str]],
    ssl_mode: SslMode,
    seconds_each: float,
    has_time: Callable[[], bool],
) -> list[list[Any]]:
    """What `count_tables` gives of *tables*, all in one snapshot."""
    with connect(secret, database, ssl_mode, seconds_each) as connection:

        def count(schema: str, table: str) -> int:
            # A statement that fails would take the transaction and its snapshot with it.
            connection.run("SAVEPOINT one_table")
            try:
                return _rows(connection, f"SELECT count(*) FROM {_quote(schema)}.{_quote(table)}")[0][0]
            except pg8000.native.DatabaseError as error:
                if _is_of_statement(error):
                    connection.run("ROLLBACK TO SAVEPOINT one_table")
                raise

        return count_tables(tables, count, lambda error: _explain(error, seconds_each), has_time)


def _explain(error: Exception, seconds_each: float) -> str:
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


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


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
