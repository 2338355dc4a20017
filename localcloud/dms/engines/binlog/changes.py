"""Reads MySQL's and MariaDB's log of changes, the binary log, as a replica does that asks for it and hangs up.

One server has one log for all its databases, and no place in it is kept for a reader: a capture goes on from its own
checkpoint, as long as the server still has the file. Source:
https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html (read 2026-11-30). DMS takes the names of
columns from the catalogue; here the log itself must have them (binlog_row_metadata, a difference of the stand-in), so
that a change is read by the shape that its table had then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pymysql

from localcloud.dms.engines.binlog import rows, stream, tables, values
from localcloud.dms.engines.binlog.charsets import TextDecoder, read_charsets
from localcloud.dms.engines.binlog.rows import RowDecoder
from localcloud.dms.engines.binlog.stream import LoggedEvent, Place, Stream
from localcloud.dms.engines.binlog.tables import LoggedColumn, LoggedTable
from localcloud.dms.engines.changes import (
    CaptureRefusedError,
    Change,
    ChangedTable,
    Committed,
    Event,
    LogLostError,
    Run,
)
from localcloud.dms.engines.driver_words import words_of
from localcloud.dms.engines.mysql_catalogue import connect
from localcloud.dms.engines.reader import Login, SourceTable, SourceUnreachableError
from localcloud.dms.type_tables.column import DmsType, SourceColumn
from localcloud.dms.type_tables.mysql import dms_type

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HELD_CHANGES = 20_000
"""How many changes of one transaction wait for its commit, whose time they have; of a longer one they have the time of
their statement (assumed)."""
_STANDALONE = 1  # a flag of MariaDB's beginnings: of one statement without an end
_NO_SYSTEM = ("information_schema", "mysql", "performance_schema", "sys")
# Source: the guide, "Using a self-managed MySQL-compatible database as a source"; the last is ours.
_WANTED = {
    "log_bin": ("1", "ON"),
    "binlog_format": ("ROW",),
    "binlog_row_image": ("FULL",),
    "binlog_row_metadata": ("FULL",),
}


def prepare(login: Login) -> int:
    """Where the log ends, if it is one that changes can be read of. Raises CaptureRefusedError."""
    with _Server(login) as server:
        for name, wanted in _WANTED.items():
            found = server.row(f"SHOW GLOBAL VARIABLES LIKE '{name}'")
            value = str(found[1]).upper() if found else "not there"
            if value not in wanted:
                raise CaptureRefusedError(f"{name} of the source is {value}: it must be {wanted[-1]}")
        return server.end().position()


class _Server:
    """A connection that queries go over."""

    def __init__(self, login: Login) -> None:
        try:
            self.connection = connect(login)
        except (pymysql.err.Error, OSError) as error:
            raise SourceUnreachableError(words_of(error)) from error
        self.cursor = self.connection.cursor()
        self._status = "SHOW MASTER STATUS"

    def __enter__(self) -> _Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def rows(self, query: str) -> Sequence[Sequence[Any]]:
        try:
            self.cursor.execute(query)
            return self.cursor.fetchall()
        except (pymysql.err.Error, OSError) as error:
            raise SourceUnreachableError(words_of(error)) from error

    def row(self, query: str) -> Sequence[Any] | None:
        return next(iter(self.rows(query)), None)

    def end(self) -> Place:
        """Where the log ends."""
        try:
            self.cursor.execute(self._status)
        except pymysql.err.ProgrammingError:  # MySQL 8.4 has another word
            self._status = "SHOW BINARY LOG STATUS"
            self.cursor.execute(self._status)
        except (pymysql.err.Error, OSError) as error:
            raise SourceUnreachableError(words_of(error)) from error
        found = self.cursor.fetchone()
        if found is None:
            raise LogLostError("the source keeps no binary log")
        return Place(_number(found[0]), int(found[1]))


@dataclass
class _Shape:
    """*table*: what the log says, and what was made of it."""

    table: LoggedTable
    columns: dict[str, LoggedColumn]
    decoders: dict[bytes, RowDecoder] = field(default_factory=dict)

    def decoder(self, present: bytes) -> RowDecoder:
        if present not in self.decoders:
            self.decoders[present] = RowDecoder(self.table, present)
        return self.decoders[present]


class BinlogChanges:
    """The log from *position* on."""

    def __init__(self, login: Login, position: int) -> None:
        self._login = login
        self._server = _Server(login)
        self._read_to = position
        self._base = str((self._server.row("SELECT @@log_bin_basename") or [""])[0]).rpartition("/")[2]
        self._is_mariadb = "mariadb" in str((self._server.row("SELECT VERSION()") or [""])[0]).lower()
        self._charsets = read_charsets(self._server.cursor)
        self._texts = TextDecoder(self._server.cursor, self._charsets)
        self._tables: dict[tuple[str, str], tuple[bytes, ChangedTable]] = {}
        self._require_log(position)

    def end(self) -> int:
        """Where the server has written its log to."""
        found = self._server.end().position()
        if found < self._read_to:  # somebody began it anew
            self._require_log(self._read_to)
        return found

    def read(self, after: int, upto: int, most: int) -> Iterator[Event]:
        """Ask for the log behind *after* and hang up once enough was said."""
        self._require_log(after)
        place = Place.of(after)
        try:
            with closing(Stream(self._login, self._file(place.number), place.offset)) as log:
                yield from _Reading(self, place.number, after).events(log.events(), upto, most)
        except (pymysql.err.Error, OSError) as error:
            raise SourceUnreachableError(words_of(error)) from error
        self._read_to = max(self._read_to, upto)

    def confirm(self, position: int) -> None:
        """Nothing: the server keeps no place for its readers."""

    def tables(self) -> dict[tuple[str, str], int]:
        """Every table by name. A server says nothing of a table that is made anew under its name: the log does."""
        found = self._server.rows(
            "SELECT table_schema, table_name FROM information_schema.tables WHERE table_type <> 'VIEW'"
        )
        return {(schema, name): 0 for schema, name in found if schema not in _NO_SYSTEM}

    def arrays(
        self, table: ChangedTable, wanted: Sequence[tuple[SourceColumn, DmsType, Sequence[Any]]]
    ) -> list[pa.Array]:
        """Values of the log as columns. Raises TableUnreadableError."""
        shape: _Shape = table.about
        return [values.array(shape.columns[column.name], kind, found, self._texts) for column, kind, found in wanted]

    def dms_type(self, column: SourceColumn) -> DmsType | None:
        """As a full load has it."""
        return dms_type(column)

    def show(self, position: int) -> str:
        """The form is that of a checkpoint in the API's reference (StartReplicationTask, CdcStartPosition):
        `mysql-bin-changelog.157832:1975:-1:2002:677883278264080:mysql-bin-changelog.157832:1876`. What the numbers mean
        is assumed: a place in the log, no row of an event, where the next event begins, a transaction, its place."""
        file, offset = self._file(position >> 32), position & 0xFFFFFFFF
        return f"{file}:{offset}:-1:{offset}:0:{file}:{offset}"

    def close(self) -> None:
        """Close the connection."""
        self._server.connection.close()

    def table(self, data: bytes) -> ChangedTable:
        """The same object for the same shape: the log repeats it before every statement."""
        name = tables.name_of(data)
        known, table = self._tables.get(name, (b"", None))
        if table is None or known != data[8:]:
            logged = tables.read(data, self._charsets, is_mariadb=self._is_mariadb)
            shape = _Shape(logged, {one.source.name: one for one in logged.columns})
            source = SourceTable(*name, tuple(one.source for one in logged.columns))
            table = ChangedTable(source, 0, shape)
            self._tables[name] = data[8:], table
        return table

    def _file(self, number: int) -> str:
        return f"{self._base}.{number:06d}"

    def _require_log(self, position: int) -> None:
        place = Place.of(position)
        sizes = {_number(row[0]): int(row[1]) for row in self._server.rows("SHOW BINARY LOGS")}
        if sizes.get(place.number, -1) < place.offset:
            raise LogLostError(
                f"binary log {self._file(place.number)} is not there any more, or not up to position {place.offset}"
            )


class _Reading:
    """Events of the log on their way to changes."""

    def __init__(self, log: BinlogChanges, number: int, after: int) -> None:
        self._log = log
        self._file = number
        self._position = after
        self._tables: dict[int, ChangedTable] = {}
        self._held: list[tuple[ChangedTable, Sequence[Change], int]] = []
        self._held_changes = 0

    def events(self, logged: Iterator[LoggedEvent], upto: int, most: int) -> Iterator[Event]:
        """What *logged* says, up to the transaction that is enough."""
        count = 0
        is_within = False
        for event in logged:
            if event.end:
                start = Place(self._file, event.end - event.size).position()
                if not is_within and (start >= upto or count > most):
                    yield Committed(self._position)
                    return
                self._position = Place(self._file, event.end).position()
            match event.kind:
                case stream.ROTATE:
                    file, offset = stream.rotated_to(event.data)
                    self._file = _number(file)
                    self._position = max(self._position, Place(self._file, offset).position())
                    self._tables = {}
                case stream.FORMAT_DESCRIPTION:
                    self._tables = {}
                case stream.MARIADB_GTID:
                    is_within = not event.data[12] & _STANDALONE
                case stream.TABLE_MAP:
                    self._tables[tables.table_id(event.data)] = self._log.table(event.data)
                case kind if kind in stream.ROWS:
                    count += self._rows(event)
                    if self._held_changes > _HELD_CHANGES:
                        yield from self._let_go(event.seconds)
                case stream.XID:
                    is_within = False
                    yield from self._let_go(event.seconds)
                    yield Committed(self._position)
                case stream.QUERY:
                    _, statement = stream.query_of(event.data)
                    is_within = statement == "BEGIN"
                    if not is_within:
                        yield from self._let_go(event.seconds)
                        yield Committed(self._position)
                case _:
                    pass
        yield Committed(max(self._position, upto))

    def _rows(self, event: LoggedEvent) -> int:
        data = event.data
        table = self._tables[tables.table_id(data)]
        at = 8
        if event.kind in stream.ROWS_OF_VERSION_2:
            at += int.from_bytes(data[8:10], "little")
        start = self._position - event.size
        found = rows.changes(stream.ROWS[event.kind], data, at, start, table.about.decoder)
        self._held.append((table, found, event.size))
        self._held_changes += len(found)
        return len(found)

    def _let_go(self, seconds: int) -> Iterator[Run]:
        at = _EPOCH + timedelta(seconds=seconds)
        held, self._held, self._held_changes = self._held, [], 0
        for table, changes, size in held:
            yield Run(table, at, changes, size)


def _number(file: str) -> int:
    return int(file.rpartition(".")[2])
