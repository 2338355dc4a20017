"""Questions to a PostgreSQL source, with a driver in pure Python, read-only and in one snapshot."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pg8000.native

from fleet.databases import SslMode
from fleet.failures import Failure, classify
from fleet.tables.catalogue import Table
from fleet.tables.columns import Column
from lambdas.sources.encryption import encryption

# `format_type` without a modifier gives the names that fleet/tables/columns.py knows; arrays, enums and
# composites are told apart here.
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
_COUNTS_AT_ONCE = 50
CONNECT_TIMEOUT_SECONDS = 10


@contextmanager
def connect(
    secret: Mapping[str, Any], database: str, ssl_mode: SslMode = "require"
) -> Iterator[pg8000.native.Connection]:
    """A read-only snapshot of *database* on the server that *secret* names.

    A host that begins with / is a socket of this machine, where nothing is encrypted.
    """
    host, port = str(secret["host"]), int(secret["port"])
    is_local = host.startswith("/")
    plug = socket.socket(socket.AF_UNIX if is_local else socket.AF_INET)
    try:
        # The timeout is for connecting; a count over a large table may take long.
        plug.settimeout(CONNECT_TIMEOUT_SECONDS)
        plug.connect(f"{host}/.s.PGSQL.{port}" if is_local else (host, port))
        plug.settimeout(None)
        connection = pg8000.native.Connection(
            secret["username"],
            password=secret["password"],
            database=database,
            host=host,
            sock=plug,
            ssl_context=False if is_local else encryption(secret, ssl_mode) or False,
            application_name="fleet AskSource",
        )
    except BaseException:
        plug.close()
        raise
    try:
        connection.run("BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield connection
    finally:
        connection.close()
        plug.close()


def _rows(connection: pg8000.native.Connection, query: str, **parameters: Any) -> list[Any]:
    return connection.run(query, **parameters) or []


def ask_catalogue(
    secret: Mapping[str, Any], database: str, schemas: Sequence[str], ssl_mode: SslMode = "require"
) -> tuple[Table, ...]:
    """The tables and views of *schemas* that the user may read, in order of schema and name."""
    with connect(secret, database, ssl_mode) as connection:
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
    secret: Mapping[str, Any], database: str, tables: Sequence[Sequence[str]], ssl_mode: SslMode = "require"
) -> list[list[Any]]:
    """[schema, table, rows] of each of *tables*, all in one snapshot."""
    counts: list[list[Any]] = []
    with connect(secret, database, ssl_mode) as connection:
        for first in range(0, len(tables), _COUNTS_AT_ONCE):
            group = tables[first : first + _COUNTS_AT_ONCE]
            query = " UNION ALL ".join(
                f"SELECT {number}, count(*) FROM {_quote(schema)}.{_quote(table)}"
                for number, (schema, table) in enumerate(group)
            )
            rows: dict[int, int] = dict(_rows(connection, query))
            counts += [[schema, table, rows[number]] for number, (schema, table) in enumerate(group)]
    return counts


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def describe_failure(error: BaseException) -> Failure:
    """What an error of the driver or of the network says of the source."""
    # pg8000 says goodbye to a server that has refused it and hung up: that error hides the server's own words.
    said = error
    while said.__context__ is not None and not isinstance(said, pg8000.native.DatabaseError):
        said = said.__context__
    error = said if isinstance(said, pg8000.native.DatabaseError) else error
    told = error.args[0] if error.args else error
    text = str(told.get("M", told)) if isinstance(told, dict) else str(error)
    failure_class = classify(text)
    if failure_class == "unknown" and isinstance(error, pg8000.native.InterfaceError | OSError):
        failure_class = "connection"
    return Failure(failure_class, "SourceNotAnswering", f"the source did not answer: {text}")
