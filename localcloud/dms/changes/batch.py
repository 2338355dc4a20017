"""The changes of one table that wait for their file: loose at first, as the engine holds them, then columns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from localcloud.dms.engines.changes import Carried, ChangedTable, ChangeRun, Changes
from localcloud.dms.rules.before_images import before_name

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIMES = pa.timestamp("us")


class Batch:
    """*since*: up to where the log had been read when the first of the changes came. *began_at*: when that was.
    *before*: the columns whose values before a change are kept."""

    def __init__(self, table: ChangedTable, carried: Carried, before: Carried, since: int, began_at: datetime) -> None:
        self.table = table
        self.carried = carried
        self.since = since
        self.began_at = began_at
        self.loose_rows = self.loose_bytes = self.packed_bytes = 0
        self._before = before
        self._rows: list[Any] = []
        self._operations: list[str] = []
        self._runs: list[tuple[int, int, int, int]] = []  # of each: rows, commit time, sequence's time and first number
        self._packed: list[pa.Table] = []

    @property
    def bytes(self) -> int:
        """How much is held."""
        return self.loose_bytes + self.packed_bytes

    def add(self, run: ChangeRun, sequence_at: datetime, sequence: int) -> None:
        """Take *run*; its first change has that number in the task's sequence, and all of them that time."""
        count = len(run.operations)
        self._rows += run.rows
        self._operations.append(run.operations)
        self._runs.append((count, _micros(run.committed_at), _micros(sequence_at), sequence))
        self.loose_rows += count
        self.loose_bytes += run.size

    def pack(self, changes: Changes) -> None:
        """Turn what is loose into columns. Raises TableUnreadableError."""
        if not self._rows:
            return
        found = changes.unpack(self.table, self._rows, self.carried, self._before)
        counts, committed, sequence_at, sequence = np.array(self._runs, np.int64).T
        firsts = np.cumsum(counts) - counts
        numbers = np.arange(self.loose_rows) + np.repeat(sequence - firsts, counts)
        columns: dict[str, pa.Array] = {
            **_named([column.name for column, _ in self.carried], found.after),
            **_named([before_name(column.name) for column, _ in self._before], found.before),
            "dms operation": pa.array(list("".join(self._operations)), pa.string()),
            "dms position": found.positions,
            "dms key changed": found.is_key_changed,
            "dms committed": pa.array(np.repeat(committed, counts)).cast(_TIMES),
            "dms sequence time": pa.array(np.repeat(sequence_at, counts)).cast(_TIMES),
            "dms sequence": pa.array(numbers),
        }
        packed = pa.table(columns)
        self._packed.append(packed)
        self.packed_bytes += packed.nbytes
        self._rows, self._operations, self._runs = [], [], []
        self.loose_rows = self.loose_bytes = 0

    def rows(self) -> pa.Table:
        """All that was packed."""
        return pa.concat_tables(self._packed)


def _named(names: Sequence[str], arrays: Sequence[pa.Array]) -> dict[str, pa.Array]:
    return dict(zip(names, arrays, strict=True))


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)
