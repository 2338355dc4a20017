"""Rows of many messages of pgoutput at once: column by column, for all rows together, by NumPy.

Row by row in Python this costs more than all else of a capture. A message is `I`, `U` or `D`, the table (4 bytes), and
one or two rows, each behind a letter: `K` or `O` for what was, `N` for what is. A row is a number of columns (2 bytes),
and for each a letter: `t` with a length (4 bytes) and a text, `n` for NULL, `u` for a long value that was left alone.

Source: https://www.postgresql.org/docs/18/protocol-logicalrep-message-formats.html (read 2026-11-30).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

_UPDATE, _DELETE, _NEW, _TEXT = b"UDNt"
_FIRST_ROW = 6
_PADDING = bytes(8)  # so that a length behind the last letter can be looked at

Numbers = npt.NDArray[np.int64]
Truths = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class _Place:
    """Where a column's values begin and end. *is_value*: whether there is one."""

    begin: Numbers
    end: Numbers
    is_value: Truths


class Rows:
    """Messages about the rows of one table that has so many *columns*.

    *has_before*: which of them are updates that say what was: the replica identity is full, or it changed.
    """

    def __init__(self, messages: Sequence[bytes], columns: int) -> None:
        self._data = b"".join([*messages, _PADDING])
        self._bytes = np.frombuffer(self._data, np.uint8)
        lengths = np.fromiter(map(len, messages), np.int64, len(messages))
        starts = np.cumsum(lengths) - lengths
        kinds = self._bytes[starts]
        self.is_update: Truths = kinds == _UPDATE
        self.has_before: Truths = self.is_update & (self._bytes[starts + _FIRST_ROW - 1] != _NEW)
        self._first, ends = self._row(starts + _FIRST_ROW, columns)
        self._second = self._row(ends[self.has_before] + 1, columns)[0] if self.has_before.any() else self._first

    def after(self, column: int) -> pa.Array:
        """The column's texts in the rows as they are; in a delete what is known of the row. NULL where a long value was
        left alone (assumed: DMS writes NULL, as observed)."""
        return self._texts(self._after(column))

    def before(self, column: int, *, is_key: bool) -> pa.Array:
        """The column's texts in the rows as they were before an update. Where the log says nothing a column of the key
        (*is_key*) was what it is, and others are NULL; so are those of inserts and deletes."""
        first, after = self._first[column], self._after(column)
        known = first.is_value & self.has_before
        if not is_key:
            return self._texts(_Place(first.begin, first.end, known))
        same = self.is_update & ~self.has_before
        begin = np.where(same, after.begin, first.begin)
        end = np.where(same, after.end, first.end)
        return self._texts(_Place(begin, end, known | (same & after.is_value)))

    def _after(self, column: int) -> _Place:
        first = self._first[column]
        if self._second is self._first:
            return first
        second = self._second[column]
        merged = _Place(first.begin.copy(), first.end.copy(), first.is_value.copy())
        merged.begin[self.has_before] = second.begin
        merged.end[self.has_before] = second.end
        merged.is_value[self.has_before] = second.is_value
        return merged

    def _row(self, at: Numbers, columns: int) -> tuple[list[_Place], Numbers]:
        """Where the columns lie of rows that begin at *at*, and where the rows end."""
        data, at = self._bytes, at + 2
        found: list[_Place] = []
        for _ in range(columns):
            is_text = data[at] == _TEXT
            begin = at + np.where(is_text, 5, 1)
            size = data[at + 1].astype(np.int64)
            for place in (2, 3, 4):
                size = size << 8 | data[at + place]
            at = begin + np.where(is_text, size, 0)
            found.append(_Place(begin, at, is_text))
        return found, at

    def _texts(self, place: _Place) -> pa.Array:
        """The texts as an array: one over all bytes, whose every other value lies between two of the column's."""
        count = len(place.begin)
        offsets = np.empty(2 * count, np.int32)
        offsets[0::2], offsets[1::2] = place.begin, place.end
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(self._data)]
        whole = pa.Array.from_buffers(pa.string(), 2 * count - 1, buffers)
        return whole.take(pa.array(np.arange(0, 2 * count, 2), mask=~place.is_value))
