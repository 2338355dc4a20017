"""Takes rows events of a binary log apart: row by row while the log is read, column by column once values are wanted.

Source: https://dev.mysql.com/doc/dev/mysql-server/latest/classmysql_1_1binlog_1_1event_1_1Rows__event.html (read
2026-11-30). A row is a bit for each column that is NULL, then the other values. How long it is can only be found by
going through it, so that is done in Python; all else is done for many rows at once.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from localcloud.dms.engines.binlog.tables import LoggedTable

Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]
_HEAD = struct.Struct(">qc")  # of a row that was taken out: its place in the log, its operation
_Steps = tuple[list[tuple[int, int]], int]  # bytes of fixed size, then of a length; bytes behind the last length


class RowTaker:
    """Takes the rows out of a table's events."""

    def __init__(self, table: LoggedTable) -> None:
        self._columns = table.columns
        self._null_bytes = (len(table.columns) + 7) // 8
        self._steps: dict[bytes, _Steps] = {}

    def rows(self, operation: str, data: bytes, at: int, position: int) -> list[bytes] | None:
        """The rows of an event whose number of columns lies at *at*; None where they do not have all columns.
        *position*: of the event: a row's own is beyond by as many bytes as it lies in the event."""
        count, at = (data[at], at + 1) if data[at] < 251 else (int.from_bytes(data[at + 1 : at + 3], "little"), at + 3)
        images = 2 if operation == "U" else 1
        for _ in range(images):
            if int.from_bytes(data[at : at + self._null_bytes], "little").bit_count() < count:
                return None
            at += self._null_bytes
        code = operation.encode()
        found: list[bytes] = []
        end = len(data)
        while at < end:
            start = at
            for _ in range(images):
                at = self._end(data, at)
            found.append(_HEAD.pack(position + start, code) + data[start:at])
        return found

    def _end(self, data: bytes, at: int) -> int:
        start = at + self._null_bytes
        nulls = data[at:start]
        steps, rest = self._steps.get(nulls) or self._plan(nulls)
        at = start
        for gap, prefix in steps:
            at += gap
            if prefix == 1:
                at += data[at] + 1
            else:
                at += int.from_bytes(data[at : at + prefix], "little") + prefix
        return at + rest

    def _plan(self, nulls: bytes) -> _Steps:
        steps: list[tuple[int, int]] = []
        gap = 0
        for place, column in enumerate(self._columns):
            if nulls[place // 8] & 1 << place % 8:
                continue
            if column.is_prefixed:
                steps.append((gap, column.size))
                gap = 0
            else:
                gap += column.size
        self._steps[nulls] = steps, gap
        return steps, gap


@dataclass(frozen=True)
class Fixed:
    """Values of a fixed size: a row of bytes for each, and which of them is one."""

    data: Bytes
    is_known: Flags


class Image:
    """The rows that begin at *starts* in *data*. *ends*: where they end."""

    def __init__(self, table: LoggedTable, data: Bytes, starts: Numbers) -> None:
        self._columns = table.columns
        self._data = data
        self._places: list[tuple[Numbers, Numbers, Flags]] = []  # of each column: where, how long, whether
        at = starts + (len(table.columns) + 7) // 8
        for place, column in enumerate(table.columns):
            is_known = data[starts + place // 8] >> place % 8 & 1 == 0
            lengths: Numbers = is_known * np.int64(column.size)
            if column.is_prefixed:
                at = at + lengths
                lengths = self._lengths(at - column.size, column.size, is_known)
            self._places.append((at, lengths, is_known))
            at = at + lengths
        self.ends = at

    def column(self, place: int, among: Flags | None = None) -> Fixed | pa.Array:
        """The values of a column; *among*: NULL in the other rows."""
        at, lengths, is_known = self._places[place]
        if among is not None:
            is_known = is_known & among
            lengths = lengths * is_known
        column = self._columns[place]
        if column.is_prefixed:
            return self._texts(at, lengths, is_known)
        found = np.zeros((len(at), column.size), np.uint8)
        found[is_known] = self._data[at[is_known][:, None] + np.arange(column.size)]
        return Fixed(found, is_known)

    def _lengths(self, at: Numbers, size: int, is_known: Flags) -> Numbers:
        found = np.zeros(len(at), np.int64)
        for byte in range(size):
            found[is_known] += self._data[at[is_known] + byte].astype(np.int64) << 8 * byte
        return found

    def _texts(self, at: Numbers, lengths: Numbers, is_known: Flags) -> pa.Array:
        """Values end to end, each of whose bytes is found by the distance between where it is and where it was."""
        ends = np.cumsum(lengths)
        distances = np.repeat(at - (ends - lengths), lengths)
        values = self._data[distances + np.arange(len(distances))]
        offsets = np.concatenate([[0], ends]).astype(np.int32)
        buffers = [pa.array(is_known).buffers()[1], pa.py_buffer(offsets), pa.py_buffer(values)]
        return pa.Array.from_buffers(pa.binary(), len(at), buffers)


class TakenRows:
    """Rows that were taken out of a table's events. *positions*: their places in the log. *after*: the rows after the
    change, of deletes what was there. *before*: the rows before it, which only those have that *is_update* says."""

    def __init__(self, table: LoggedTable, rows: Sequence[bytes]) -> None:
        data = np.frombuffer(b"".join(rows), np.uint8)
        sizes = np.fromiter(map(len, rows), np.int64, len(rows))
        heads = np.cumsum(sizes) - sizes
        starts = heads + _HEAD.size
        self.positions: Numbers = data[heads[:, None] + np.arange(8)].view(">i8")[:, 0].astype(np.int64)
        self.is_update: Flags = data[heads + 8] == ord("U")
        self._table = table
        self._before = self._after = Image(table, data, starts)
        if self.is_update.any():
            self._after = Image(table, data, np.where(self.is_update, self._before.ends, starts))

    def after(self, place: int) -> Fixed | pa.Array:
        """A column after the change."""
        return self._after.column(place)

    def before(self, place: int) -> Fixed | pa.Array:
        """A column before an update."""
        return self._before.column(place, self.is_update)

    def is_changed(self, places: Sequence[int]) -> Flags:
        """Of updates, whether they changed any of those columns."""
        found = np.zeros(len(self.is_update), np.bool_)
        for place in places if self.is_update.any() else ():
            was, now = self.before(place), self.after(place)
            if isinstance(was, Fixed):
                assert isinstance(now, Fixed)  # noqa: S101  the same column
                found |= (was.data != now.data).any(axis=1)
            else:
                assert not isinstance(now, Fixed)  # noqa: S101  the same column
                pairs = zip(was.to_pylist(), now.to_pylist(), strict=True)
                found |= np.array([one != other for one, other in pairs], np.bool_)
        return found & self.is_update
