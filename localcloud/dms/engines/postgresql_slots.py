"""Slots of PostgreSQL, and the publications that `pgoutput` asks for.

On the embedded server a function keeps the publications (`servers/postgres_publications.sql`). On any other server
DMS's login makes them if it may, else the start fails with the statements to run. That there must be any is a
difference of the stand-in: DMS reads with `test_decoding` or pglogical.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import psycopg
from psycopg import sql

from localcloud.dms.engines.changes import CaptureHeldError, CaptureRefusedError
from localcloud.dms.engines.driver_words import words_of
from localcloud.dms.engines.postgresql_connection import connect
from localcloud.dms.engines.reader import Login, SourceTable

# A slot waits for every transaction that was open when it was asked for.
_PATIENCE = "500ms"
CHANGES, INSERTS = "dms_changes", "dms_inserts"
_ORDINARY = """SELECT nspname, relname, pg_class.oid FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE relkind = 'r' AND relpersistence = 'p'"""
_MAY_PUBLISH = """SELECT CASE WHEN to_regprocedure('pg_catalog.dms_publish(oid[])') IS NULL THEN false
    ELSE has_function_privilege('pg_catalog.dms_publish(oid[])', 'EXECUTE') END"""
_PUBLISHED = "SELECT count(*) FROM pg_publication WHERE pubname IN (%s, %s)"
_IDENTITY = """SELECT pg_class.oid FROM pg_class WHERE pg_class.oid = ANY (%s::oid[]) AND CASE relreplident
    WHEN 'f' THEN true WHEN 'n' THEN false ELSE EXISTS (
        SELECT FROM pg_index WHERE indrelid = pg_class.oid AND indisvalid AND indimmediate
        AND CASE relreplident WHEN 'i' THEN indisreplident ELSE indisprimary END) END"""


def slot_name(login: Login, name: str) -> str:
    """The slot of the capture *name*: one server has one list of them for all its databases. Its form is assumed."""
    digest = hashlib.sha256(f"{name} {login.database}".encode()).hexdigest()
    return f"dms_{digest[:16]}_{digest[16:24]}"


def prepare(login: Login, name: str, tables: Sequence[SourceTable]) -> int:
    """Publish *tables* and make the slot; where it begins."""
    slot = slot_name(login, name)
    with connect(login) as connection:
        connection.autocommit = True
        try:
            _publish(connection, {(one.schema, one.name) for one in tables})
            # One of an earlier start that failed keeps what nobody has read.
            _drop(connection, slot)
            connection.execute("SELECT set_config('statement_timeout', %s, false)", [_PATIENCE])
            made = connection.execute("SELECT lsn FROM pg_create_logical_replication_slot(%s, 'pgoutput')", [slot])
            return position_of(made.fetchone()[0])  # type: ignore[index]  one row
        except psycopg.errors.QueryCanceled as error:
            raise CaptureHeldError from error
        except psycopg.Error as error:
            raise CaptureRefusedError(words_of(error)) from error


def drop(login: Login, name: str) -> None:
    """Drop the slot if it is there."""
    with connect(login) as connection:
        connection.autocommit = True
        _drop(connection, slot_name(login, name))


def _drop(connection: psycopg.Connection, slot: str) -> None:
    connection.execute(
        "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = %s AND NOT active",
        [slot],
    )


def _publish(connection: psycopg.Connection, names: set[tuple[str, str]]) -> None:
    there = connection.execute(_ORDINARY).fetchall()
    wanted = [number for schema, name, number in there if (schema, name) in names]
    if _one(connection, _MAY_PUBLISH):
        connection.execute("SELECT dms_publish(%s::oid[])", [wanted])
    elif _one(connection, _PUBLISHED, CHANGES, INSERTS) < 2:
        _make_publications(connection, names, wanted)


def _make_publications(connection: psycopg.Connection, names: set[tuple[str, str]], numbers: list[int]) -> None:
    with_identity = {number for (number,) in connection.execute(_IDENTITY, [numbers]).fetchall()}
    there = {number: (schema, name) for schema, name, number in connection.execute(_ORDINARY).fetchall()}
    full = [there[number] for number in numbers if number in with_identity]
    statements = [
        _statement(CHANGES, full, "insert, update, delete, truncate"),
        _statement(INSERTS, sorted(names & set(there.values()) - set(full)), "insert, truncate"),
    ]
    try:
        with connection.transaction():
            for statement in statements:
                connection.execute(statement)
    except psycopg.Error as error:
        run = "; ".join(statement.as_string(connection) for statement in statements)
        refused = words_of(error).splitlines()[0]
        advice = f"DMS's login may not publish the tables. Let their owner run: {run}"
        raise CaptureRefusedError(f"{refused}. {advice}") from error


def _statement(name: str, tables: Sequence[tuple[str, str]], what: str) -> sql.Composed:
    listed = sql.SQL(" FOR TABLE {}").format(sql.SQL(", ").join(sql.Identifier(*table) for table in tables))
    return sql.SQL("CREATE PUBLICATION {}{} WITH (publish = {})").format(
        sql.Identifier(name), listed if tables else sql.SQL(""), sql.Literal(what)
    )


def ordinary_tables(connection: psycopg.Connection) -> dict[tuple[str, str], int]:
    """Every table that can be published by name, with its object number."""
    return {(schema, name): number for schema, name, number in connection.execute(_ORDINARY).fetchall()}


def _one(connection: psycopg.Connection, query: str, *values: object) -> int:
    row = connection.execute(query, values or None).fetchone()  # type: ignore[arg-type]  our own texts
    return row[0] if row else 0


def position_of(lsn: str) -> int:
    """A position as PostgreSQL writes it, as a number.

    >>> position_of("1/AB") == (1 << 32) + 0xAB
    True
    """
    high, low = lsn.split("/")
    return int(high, 16) << 32 | int(low, 16)


def position_sql(position: int) -> str:
    """A number as PostgreSQL writes a position.

    >>> position_sql(position_of("1/AB"))
    '1/AB'
    """
    return f"{position >> 32:X}/{position & 0xFFFFFFFF:X}"
