"""Reads PostgreSQL's log: a slot of the plugin `pgoutput`, peeked at over an ordinary connection and advanced after.

DMS reads with `test_decoding` or pglogical and needs no publication; `pgoutput`, the only plugin of the embedded
server, does (a difference of the stand-in). The embedded server keeps two by itself, by functions of its own
(`servers/postgres_publications.sql`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
import pyarrow as pa

from localcloud.dms.engines import pgoutput, postgresql_arrays
from localcloud.dms.engines.changes import (
    CaptureRefusedError,
    Change,
    ChangedTable,
    Committed,
    Event,
    LogLostError,
    Run,
    Truncated,
)
from localcloud.dms.engines.driver_words import words_of
from localcloud.dms.engines.postgresql_connection import connect
from localcloud.dms.engines.postgresql_types import read_table
from localcloud.dms.engines.reader import Login, SourceTable, SourceUnreachableError
from localcloud.dms.type_tables.column import DmsType, SourceColumn
from localcloud.dms.type_tables.postgresql import dms_type

_PUBLICATIONS = "dms_changes,dms_inserts"
_PEEK = f"""SELECT lsn, data FROM pg_logical_slot_peek_binary_changes(
    %s, %s::pg_lsn, %s, 'proto_version', '1', 'publication_names', '{_PUBLICATIONS}')"""
_RUN_CHANGES = 2_000  # of one run: what a capture holds before it looks at its bounds
_RUN_BYTES = 4 * 1024 * 1024
_OPERATIONS = {ord("I"): "I", ord("U"): "U", ord("D"): "D"}
_ORDINARY = """SELECT nspname, relname, pg_class.oid FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE relkind = 'r' AND relpersistence = 'p'"""


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
            made = connection.execute("SELECT lsn FROM pg_create_logical_replication_slot(%s, 'pgoutput')", [slot])
            return _number(made.fetchone()[0])  # type: ignore[index]  one row
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
    connection.execute("SELECT dms_publish(%s::oid[])", [wanted])


class PostgresqlChanges:
    """One slot. The log is read over one connection, values are converted over another while the first is busy."""

    def __init__(self, login: Login, name: str) -> None:
        self._slot = slot_name(login, name)
        self._log = connect(login)
        self._values = connect(login)
        self._log.autocommit = self._values.autocommit = True
        self._tables: dict[int, tuple[pgoutput.Relation, ChangedTable]] = {}
        self._require_slot()

    def end(self) -> int:
        """Where the server has written its log to."""
        return _number(self._one("SELECT pg_current_wal_flush_lsn()"))

    def read(self, after: int, upto: int, most: int) -> Iterator[Event]:
        """Peek. The server makes its whole answer before it gives the first row, so the slot is free meanwhile."""
        self._require_slot()
        messages = 0
        position = after
        with self._log.cursor(binary=True) as cursor:
            decoder = _Decoder(self._known, after)
            for lsn, data in cursor.stream(_PEEK, [self._slot, self.show_lsn(upto), most], binary=True):
                messages += 1
                for event in decoder.events(int.from_bytes(lsn, "big"), data):
                    if isinstance(event, Committed):
                        position = event.position
                    yield event
        if messages < most:
            yield Committed(max(position, upto))

    def confirm(self, position: int) -> None:
        """Advance the slot; to where it is already, nothing happens."""
        self._require_slot()
        self._one(
            "SELECT end_lsn FROM pg_replication_slot_advance(%s, %s::pg_lsn)", self._slot, self.show_lsn(position)
        )

    def tables(self) -> dict[tuple[str, str], int]:
        """Every ordinary table by name, with its object number."""
        return {(schema, name): number for schema, name, number in self._values.execute(_ORDINARY).fetchall()}

    def arrays(
        self, table: ChangedTable, wanted: Sequence[tuple[SourceColumn, DmsType, Sequence[Any]]]
    ) -> list[pa.Array]:
        """Texts of the log as values. Raises TableUnreadableError."""
        casts: dict[str, str] = table.about
        named = [(column, casts[column.name], kind, values) for column, kind, values in wanted]
        return postgresql_arrays.arrays(self._values, named)

    def dms_type(self, column: SourceColumn) -> DmsType | None:
        """As a full load has it."""
        return dms_type(column)

    def show(self, position: int) -> str:
        """Eight digits, a slash, eight digits: assumed, as AWS shows it of Oracle's and SQL Server's only.

        >>> PostgresqlChanges.show(None, 0x1_0000_00AB)
        '00000001/000000AB'
        """
        return f"{position >> 32:08X}/{position & 0xFFFFFFFF:08X}"

    @staticmethod
    def show_lsn(position: int) -> str:
        """A position as PostgreSQL writes it."""
        return f"{position >> 32:X}/{position & 0xFFFFFFFF:X}"

    def close(self) -> None:
        """Close the connections; the slot stays."""
        self._log.close()
        self._values.close()

    def _known(self, relation: pgoutput.Relation) -> ChangedTable:
        """The same object for the same relation: the log repeats them in every peek."""
        before, table = self._tables.get(relation.id, (None, None))
        if table is None or before != relation:
            table = read_table(self._values, relation)
            self._tables[relation.id] = relation, table
        return table

    def _require_slot(self) -> None:
        found = self._one("SELECT count(*) FROM pg_replication_slots WHERE slot_name = %s", self._slot)
        if not found:
            raise LogLostError(f'replication slot "{self._slot}" does not exist')

    def _one(self, query: str, *values: object) -> Any:
        try:
            row = self._values.execute(query, values or None).fetchone()  # type: ignore[arg-type]  our own texts
        except psycopg.OperationalError as error:
            raise SourceUnreachableError(words_of(error)) from error
        return row[0] if row else None


class _Decoder:
    """Messages of one peek on their way to events."""

    def __init__(self, known: Any, after: int) -> None:
        self._known = known
        self._after = after
        self._tables: dict[int, ChangedTable] = {}
        self._at = pgoutput.EPOCH
        self._is_read = False
        self._run: list[Change] = []
        self._run_table = 0
        self._run_bytes = 0

    def events(self, position: int, data: bytes) -> list[Event]:
        """What the message ends or says."""
        kind = data[0]
        if kind in _OPERATIONS:
            return [] if self._is_read else self._row(kind, position, data)
        found = self._ended()
        match chr(kind):
            case "B":
                commit, self._at = pgoutput.begin(data)
                self._is_read = commit < self._after
            case "C" if not self._is_read:
                found.append(Committed(pgoutput.commit_end(data)))
            case "R":
                relation = pgoutput.relation(data)
                self._tables[relation.id] = self._known(relation)
            case "T" if not self._is_read:
                found += [Truncated(self._tables[number]) for number in pgoutput.truncated(data)]
            case _:
                pass
        return found

    def _row(self, kind: int, position: int, data: bytes) -> list[Event]:
        number = pgoutput.relation_id(data)
        found: list[Event] = []
        if number != self._run_table or len(self._run) >= _RUN_CHANGES or self._run_bytes >= _RUN_BYTES:
            found = self._ended()
            self._run_table = number
        before, after = pgoutput.rows(data)
        if kind == 68:  # D: what the log holds of the row
            before, after = None, before
        self._run.append(Change(_OPERATIONS[kind], position, after, before))
        self._run_bytes += len(data)
        return found

    def _ended(self) -> list[Event]:
        if not self._run:
            return []
        run = Run(self._tables[self._run_table], self._at, self._run, self._run_bytes)
        self._run, self._run_bytes = [], 0
        return [run]


def _number(lsn: str) -> int:
    high, low = lsn.split("/")
    return int(high, 16) << 32 | int(low, 16)
