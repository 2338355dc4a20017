"""The changes of one table that wait for their file: loose rows first, then columns, which take a tenth of the room."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import repeat
from typing import Any

import pyarrow as pa

from localcloud.dms.engines.changes import Change, ChangedTable, Changes
from localcloud.dms.type_tables.column import DmsType, SourceColumn

Carried = Sequence[tuple[SourceColumn, DmsType]]
_TIMES = pa.timestamp("us")
_HEADERS = {
    "dms operation": pa.string(),
    "dms position": pa.string(),
    "dms committed": _TIMES,
    "dms sequence time": _TIMES,
    "dms sequence": pa.int64(),
}


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    return pa.array(values, pa.int64()).cast(kind) if kind == _TIMES else pa.array(values, kind)


def before_name(column: str) -> str:
    """How the relation of a batch calls what a column held before.

    >>> before_name("id")
    'before id'
    """
    return f"before {column}"


class Batch:
    """*since*: up to where the log had been read when the first of the changes came. *began_at*: when that was.
    *before*: the columns whose values before a change are kept."""

    def __init__(self, table: ChangedTable, carried: Carried, before: Carried, since: int, began_at: datetime) -> None:
        self.table = table
        self.since = since
        self.began_at = began_at
        self.counts: Counter[str] = Counter()
        self.loose_bytes = self.packed_bytes = 0
        self.carried = carried
        self._before = before
        self._places = {column.name: place for place, column in enumerate(table.table.columns)}
        self._changes: list[Change] = []
        self._columns: dict[str, list[Any]] = {name: [] for name in _HEADERS}
        self._packed: list[pa.Table] = []

    @property
    def loose_rows(self) -> int:
        return len(self._changes)

    @property
    def bytes(self) -> int:
        return self.loose_bytes + self.packed_bytes

    def add(
        self, changes: Sequence[Change], size: int, committed_at: datetime, sequence_at: datetime, sequence: int
    ) -> None:
        """Take changes of one transaction; the first has that number in the task's sequence."""
        count = len(changes)
        self._changes += changes
        self._columns["dms committed"] += repeat(_micros(committed_at), count)
        self._columns["dms sequence time"] += repeat(_micros(sequence_at), count)
        self._columns["dms sequence"] += range(sequence, sequence + count)
        self.loose_bytes += size
        self.counts.update([change[0] for change in changes])

    def pack(self, changes: Changes) -> None:
        """Turn the loose rows into columns. Raises TableUnreadableError."""
        if not self._changes:
            return
        operations, positions, after, before = zip(*self._changes, strict=True)
        header = dict(self._columns)
        header["dms operation"] = list(operations)
        header["dms position"] = [changes.show(position) for position in positions]
        columns = list(zip(*after, strict=True))
        wanted = [(column, kind, columns[self._places[column.name]]) for column, kind in self.carried]
        wanted += [(column, kind, self._before_values(column, columns, before)) for column, kind in self._before]
        names = [column.name for column, _ in self.carried]
        names += [before_name(column.name) for column, _ in self._before]
        arrays = changes.arrays(self.table, wanted)
        arrays += [_array(header[name], kind) for name, kind in _HEADERS.items()]
        packed = pa.table(arrays, names=[*names, *_HEADERS])
        self._packed.append(packed)
        self.packed_bytes += packed.nbytes
        self._changes = []
        self._columns = {name: [] for name in _HEADERS}
        self.loose_bytes = 0

    def rows(self) -> pa.Table:
        """All that was packed."""
        return pa.concat_tables(self._packed)

    def _before_values(
        self, column: SourceColumn, columns: Sequence[Sequence[Any]], before: Sequence[Any]
    ) -> list[Any]:
        """What the log says of the row before an update. Where it says nothing, a column of the key was what it is."""
        place = self._places[column.name]
        is_key = column.name in self.table.table.key
        found: list[Any] = []
        for change, row, now in zip(self._changes, before, columns[place], strict=True):
            if row is not None:
                found.append(row[place])
            else:
                found.append(now if change[0] == "U" and is_key else None)
        return found
