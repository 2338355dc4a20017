"""Reads PostgreSQL's log: a slot of the plugin `pgoutput`, peeked at over an ordinary connection and advanced after."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.compute as pc

from localcloud.dms.engines import pgoutput, postgresql_arrays, postgresql_slots
from localcloud.dms.engines.changes import (
    Carried,
    ChangedTable,
    ChangeRun,
    Committed,
    Event,
    IsWanted,
    LogLostError,
    Truncated,
    Unpacked,
)
from localcloud.dms.engines.driver_words import words_of
from localcloud.dms.engines.pgoutput_rows import Rows
from localcloud.dms.engines.postgresql_connection import connect
from localcloud.dms.engines.postgresql_slots import (
    CHANGES,
    INSERTS,
    ordinary_tables,
    position_of,
    position_sql,
    slot_name,
)
from localcloud.dms.engines.postgresql_types import read_table
from localcloud.dms.engines.reader import Login, SourceTable, SourceUnreachableError
from localcloud.dms.type_tables.column import DmsType, SourceColumn
from localcloud.dms.type_tables.postgresql import dms_type

_PEEK = f"""SELECT lsn, data FROM pg_logical_slot_peek_binary_changes(
    %s, %s::pg_lsn, %s, 'proto_version', '1', 'publication_names', '{CHANGES},{INSERTS}')"""
# Not with every confirmation: a note is itself a piece of log, which all other captures of the server would read.
_LAG = f"SELECT %s::pg_lsn - restart_lsn > {16 * 1024 * 1024} FROM pg_replication_slots WHERE slot_name = %s"
_MAY_NOTE = "SELECT has_function_privilege('pg_catalog.pg_log_standby_snapshot()', 'EXECUTE')"
_RUN_CHANGES = 2_000  # of one run: what a capture holds before it looks at its bounds
_RUN_BYTES = 4 * 1024 * 1024
_CHUNK = 1_000  # rows that the driver takes at a time
_ROWS = frozenset(b"IUD")


class PostgresqlChangeReader:
    """The slots of PostgreSQL's databases."""

    def prepare(self, login: Login, name: str, tables: Sequence[SourceTable]) -> int:
        """Publish *tables* and make the slot; where it begins."""
        return postgresql_slots.prepare(login, name, tables)

    def open(
        self,
        login: Login,
        name: str,
        position: int,  # noqa: ARG002  a slot keeps its own place
        is_wanted: IsWanted,  # noqa: ARG002  a publication keeps most others away
    ) -> PostgresqlChanges:
        """The slot. Raises LogLostError, SourceUnreachableError."""
        return PostgresqlChanges(login, name)

    def drop(self, login: Login, name: str) -> None:
        """Drop the slot. Raises SourceUnreachableError."""
        postgresql_slots.drop(login, name)


class PostgresqlChanges:
    """One slot. The log is read over one connection, values are converted over another while the first is busy."""

    def __init__(self, login: Login, name: str) -> None:
        self._slot = slot_name(login, name)
        self._tables: dict[int, tuple[pgoutput.Relation, ChangedTable]] = {}
        with ExitStack() as opened:
            self._log = opened.enter_context(connect(login))
            self._values = opened.enter_context(connect(login))
            self._log.autocommit = self._values.autocommit = True
            self._require_slot()
            opened.pop_all()

    def end(self) -> int:
        """Where the server has written its log to."""
        return position_of(self._one("SELECT pg_current_wal_flush_lsn()"))

    def read(self, after: int, upto: int, most: int) -> Iterator[Event]:
        """Peek. The server makes its whole answer before it gives the first row, so the slot is free meanwhile."""
        self._require_slot()
        messages = 0
        with self._log.cursor(binary=True) as cursor:
            reading = _Reading(self._known, after)
            given = [self._slot, position_sql(upto), most]
            for row in cursor.stream(_PEEK, given, binary=True, size=_CHUNK):
                messages += 1
                yield from reading.events(row)
        if messages < most:
            yield Committed(max(reading.position, upto))

    def confirm(self, position: int) -> None:
        """Advance the slot; to where it is already, nothing happens. Where much of the log would be read again with
        each peek, let the server note a later place to begin at."""
        self._require_slot()
        self._one("SELECT end_lsn FROM pg_replication_slot_advance(%s, %s::pg_lsn)", self._slot, position_sql(position))

        if self._one(_LAG, position_sql(position), self._slot) and self._one(_MAY_NOTE):
            self._one("SELECT pg_log_standby_snapshot()")

    def tables(self) -> dict[tuple[str, str], int]:
        """Every ordinary table by name, with its object number."""
        return ordinary_tables(self._values)

    def unpack(self, table: ChangedTable, rows: Sequence[Any], after: Carried, before: Carried) -> Unpacked:
        """A row is what a peek gives: a position, and a message. Raises TableUnreadableError."""
        positions, messages = [position for position, _ in rows], [message for _, message in rows]
        columns = table.table.columns
        found = Rows(messages, len(columns))
        places = {column.name: place for place, column in enumerate(columns)}
        key = set(table.table.key)
        casts: dict[str, str] = table.about
        wanted = [(one, casts[one.name], kind, found.after(places[one.name])) for one, kind in after]
        for one, kind in before:
            wanted.append((one, casts[one.name], kind, found.before(places[one.name], is_key=one.name in key)))
        arrays = postgresql_arrays.arrays(self._values, wanted)
        changed = np.zeros(len(rows), np.bool_)
        if found.has_before.any():
            for name in key:
                was, now = found.before(places[name], is_key=True), found.after(places[name])
                changed |= pc.call_function("not_equal", [was, now]).fill_null(False).to_numpy(zero_copy_only=False)
            changed &= found.is_update
        return Unpacked(_shown(positions), pa.array(changed), arrays[: len(after)], arrays[len(after) :])

    def dms_type(self, column: SourceColumn) -> DmsType | None:
        """As a full load has it."""
        return dms_type(column)

    def show(self, position: int) -> str:
        """As `$AR_H_STREAM_POSITION` has it."""
        return _shown([position.to_bytes(8, "big")])[0].as_py()

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


class _Reading:
    """Messages of one peek on their way to events. *position*: behind the last commit."""

    def __init__(self, known: Callable[[pgoutput.Relation], ChangedTable], after: int) -> None:
        self.position = after
        self._known = known
        self._after = after
        self._tables: dict[bytes, ChangedTable] = {}
        self._at = pgoutput.EPOCH
        self._is_read = False
        self._rows: list[tuple[bytes, bytes]] = []
        self._size = 0
        self._table = b""

    def events(self, row: tuple[bytes, bytes]) -> Sequence[Event]:
        """What the message in *row* ends or says."""
        data = row[1]
        if data[0] in _ROWS:
            if self._is_read:
                return ()
            found = ()
            table = data[1:5]
            if table != self._table or len(self._rows) >= _RUN_CHANGES or self._size >= _RUN_BYTES:
                found = self._ended()
                self._table = table
            self._rows.append(row)
            self._size += len(data)
            return found
        return (*self._ended(), *self._said(data))

    def _said(self, data: bytes) -> Sequence[Event]:
        match chr(data[0]):
            case "B":
                commit, self._at = pgoutput.begin(data)
                self._is_read = commit < self._after
            case "C" if not self._is_read:
                self.position = pgoutput.commit_end(data)
                return (Committed(self.position),)
            case "R":
                relation = pgoutput.relation(data)
                self._tables[relation.id.to_bytes(4, "big")] = self._known(relation)
            case "T" if not self._is_read:
                return [Truncated(self._tables[number]) for number in pgoutput.truncated(data)]
            case _:
                pass
        return ()

    def _ended(self) -> Sequence[Event]:
        if not self._rows:
            return ()
        operations = bytes([data[0] for _, data in self._rows]).decode()
        run = ChangeRun(self._tables[self._table], self._at, operations, self._rows, self._size)
        self._rows, self._size = [], 0
        return (run,)


def _shown(positions: Sequence[bytes]) -> pa.Array:
    """Eight digits, a slash, eight digits: assumed, as AWS shows none of PostgreSQL's.

    >>> _shown([bytes([0, 0, 0, 1, 0, 0, 0, 171])]).to_pylist()
    ['00000001/000000AB']
    """
    digits = b"".join(positions).hex().upper()
    halves = range(0, len(digits), 16)
    return pa.array([f"{digits[at : at + 8]}/{digits[at + 8 : at + 16]}" for at in halves], pa.string())
