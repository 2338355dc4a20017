"""Reads MySQL's and MariaDB's log of changes, the binary log, as a replica does that asks for it and hangs up.

One server has one log for all its databases, and no place in it is kept for a reader: a capture goes on from its own
checkpoint, as long as the server still has the file. Source:
https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html (read 2026-11-30). DMS takes the names of
columns from the catalogue; here the log itself must have them (binlog_row_metadata, a difference of the stand-in), so
that a change is read by the shape that its table had then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any

import pyarrow as pa
import pymysql

from localcloud.dms.engines.binlog import tables, values
from localcloud.dms.engines.binlog.charsets import TextDecoder, read_charsets
from localcloud.dms.engines.binlog.reading import LogReading
from localcloud.dms.engines.binlog.rows import Fixed, TakenRows
from localcloud.dms.engines.binlog.server import Server, file_number
from localcloud.dms.engines.binlog.shapes import LoggedShape, shape_of
from localcloud.dms.engines.binlog.stream import LogPlace, Stream
from localcloud.dms.engines.changes import (
    CaptureRefusedError,
    Carried,
    ChangedTable,
    Event,
    IsWanted,
    LogLostError,
    Unpacked,
)
from localcloud.dms.engines.driver_words import words_of
from localcloud.dms.engines.reader import Login, SourceTable, SourceUnreachableError
from localcloud.dms.type_tables.column import DmsType, SourceColumn
from localcloud.dms.type_tables.mysql import dms_type

# Source: the guide, "Using a self-managed MySQL-compatible database as a source"; the last is ours.
_WANTED = {
    "log_bin": ("1", "ON"),
    "binlog_format": ("ROW",),
    "binlog_row_image": ("FULL",),
    "binlog_row_metadata": ("FULL",),
}


class BinlogReader:
    """The binary logs of MySQL's and MariaDB's servers."""

    def prepare(self, login: Login, name: str, tables: Sequence[SourceTable]) -> int:  # noqa: ARG002  the seam's
        """Where the log ends, if it is one that changes can be read of. Raises CaptureRefusedError,
        SourceUnreachableError."""
        with closing(Server(login)) as server:
            for setting, wanted in _WANTED.items():
                found = server.rows(f"SHOW GLOBAL VARIABLES LIKE '{setting}'")
                value = str(found[0][1]).upper() if found else "not there"
                if value not in wanted:
                    raise CaptureRefusedError(f"{setting} of the source is {value}: it must be {wanted[-1]}")
            return server.end().position()

    def open(self, login: Login, name: str, position: int, is_wanted: IsWanted) -> BinlogChanges:  # noqa: ARG002
        """The log of the whole server. Raises LogLostError, SourceUnreachableError."""
        return BinlogChanges(login, position, is_wanted)

    def drop(self, login: Login, name: str) -> None:
        """Nothing: the server keeps its log as it would."""


class BinlogChanges:
    """The log from *position* on, of the tables that are wanted."""

    def __init__(self, login: Login, position: int, is_wanted: IsWanted) -> None:
        self._login = login
        self._is_wanted = is_wanted
        self._read_to = position
        self._server = server = Server(login)
        try:
            self._base, version = server.rows("SELECT SUBSTRING_INDEX(@@log_bin_basename, '/', -1), VERSION()")[0]
            self._is_mariadb = "mariadb" in version.lower()
            self._charsets = read_charsets(server)
            self._texts = TextDecoder(server, self._charsets)
            self._shapes: dict[bytes, ChangedTable | None] = {}
            self._latest: dict[tuple[str, str], ChangedTable] = {}
            self._require_log(position)
        except BaseException:
            server.close()
            raise

    def end(self) -> int:
        """Where the server has written its log to."""
        found = self._server.end().position()
        if found < self._read_to:  # somebody began it anew
            self._require_log(self._read_to)
        return found

    def read(self, after: int, upto: int, most: int) -> Iterator[Event]:
        """Ask for the log behind *after* and hang up once enough was said."""
        self._require_log(after)
        place = LogPlace.of(after)
        reading = LogReading(self._table, self._named, after)
        try:
            with closing(Stream(self._login, self._file(place.number), place.offset)) as log:
                yield from reading.events(log.events(), upto, most)
        except (pymysql.err.Error, OSError) as error:
            raise SourceUnreachableError(words_of(error)) from error
        self._read_to = max(self._read_to, reading.position)

    def confirm(self, position: int) -> None:
        """Nothing: the server keeps no place for its readers."""

    def tables(self) -> None:
        """That a table is dropped is not followed: the guide, "Limitations"."""

    def unpack(self, table: ChangedTable, rows: Sequence[bytes], after: Carried, before: Carried) -> Unpacked:
        """Values of the log as columns. Raises TableUnreadableError."""
        shape: LoggedShape = table.about
        places = {column.name: place for place, column in enumerate(table.table.columns)}
        taken = TakenRows(shape.logged, rows)

        def arrays(carried: Carried, read: Callable[[int], Fixed | pa.Array]) -> list[pa.Array]:
            found: list[pa.Array] = []
            for column, kind in carried:
                # Documented that a computed column is not captured; that it is NULL in the files is assumed.
                if column.name in shape.computed:
                    found.append(values.nothing(kind, len(rows)))
                else:
                    place = places[column.name]
                    found.append(values.array(shape.logged.columns[place], kind, read(place), self._texts))
            return found

        changed = taken.is_changed([places[name] for name in table.table.key])
        shown = [self.show(position) for position in taken.positions.tolist()]
        return Unpacked(
            pa.array(shown, pa.string()), pa.array(changed), arrays(after, taken.after), arrays(before, taken.before)
        )

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
        self._server.close()

    def _table(self, data: bytes) -> ChangedTable | None:
        """The table of a table map event, None where nobody wants it: the same object as long as it is the same. The
        log repeats the event before every statement, and gives a table another number when it may have changed."""
        if data not in self._shapes:
            name = tables.name_of(data)
            table = None
            if self._is_wanted(*name):
                table = shape_of(data, self._server, self._charsets, is_mariadb=self._is_mariadb)
                latest = self._latest.get(name)
                if latest is not None and (latest.table, latest.about) == (table.table, table.about):
                    table = latest
                self._latest[name] = table
            self._shapes[data] = table
        return self._shapes[data]

    def _named(self, schema: str, name: str) -> ChangedTable | None:
        """The table of that name, of which nothing else may be known."""
        if not self._is_wanted(schema, name):
            return None
        return self._latest.get((schema, name)) or ChangedTable(SourceTable(schema, name, ()), 0)

    def _file(self, number: int) -> str:
        return f"{self._base}.{number:06d}"

    def _require_log(self, position: int) -> None:
        place = LogPlace.of(position)
        sizes: dict[int, Any] = {file_number(row[0]): row[1] for row in self._server.rows("SHOW BINARY LOGS")}
        if sizes.get(place.number, -1) < place.offset:
            raise LogLostError(
                f"binary log {self._file(place.number)} is not there any more, or not up to position {place.offset}"
            )
