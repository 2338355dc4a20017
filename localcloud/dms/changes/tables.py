"""The tables of a capture: whose changes are taken, counted, held, and given to be written.

What becomes of a table in which something goes wrong: AWS DMS user guide, "Error handling task settings".
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from localcloud.clock import Clock
from localcloud.dms.changes.batch import Batch
from localcloud.dms.changes.captured import Captured
from localcloud.dms.changes.table_files import TableFiles
from localcloud.dms.engines.changes import ChangedTable, ChangeRun, Changes, Passed
from localcloud.dms.engines.reader import RunEndedError, SourceTable, TableUnreadableError
from localcloud.dms.loads.load import TableProgress
from localcloud.dms.rules.mappings import Mappings
from localcloud.dms.rules.transformations import UnfitRuleError

_LOOSE_ROWS = 20_000
_LOOSE_BYTES = 16 * 1024 * 1024
Name = tuple[str, str]


class Tables:
    """*progress*: the statistics of the task's tables, to which a new table is added."""

    def __init__(
        self,
        clock: Clock,
        lock: threading.RLock,
        changes: Changes,
        files: TableFiles,
        mappings: Mappings,
        settings: Mapping[str, Any],
        captured: Captured,
        progress: list[TableProgress],
    ) -> None:
        self._clock = clock
        self._lock = lock
        self._changes = changes
        self._files = files
        self._mappings = mappings
        self._errors = settings["ErrorBehavior"]
        self._follows = settings["ChangeProcessingDdlHandlingPolicy"]
        self._captured = captured
        self._progress = progress
        self._by_name: dict[Name, TableProgress | None] = {_name(one.table): one for one in progress}
        self._shapes: dict[Name, ChangedTable] = {}
        there = changes.tables() or {}
        for name, one in self._by_name.items():
            if name in there and one is not None:
                captured.incarnations.setdefault(name, there[name])
        self._batches: dict[Name, Batch] = {}
        self._loose_rows = self._loose_bytes = 0

    @property
    def bytes(self) -> int:
        """How much is held."""
        return sum(batch.bytes for batch in self._batches.values())

    def since(self, read_to: int) -> int:
        """Up to where everything that was read is in files."""
        return min((batch.since for batch in self._batches.values()), default=read_to)

    def add(self, run: ChangeRun, read_to: int) -> None:
        """Take *run*, which came when the log had been read up to *read_to*."""
        name = _name(run.table.table)
        progress = self._of(run.table)
        if progress is None or progress.state == "Table error":
            return
        self._follow(name, progress, run.table)
        batch = self._batches.get(name)
        if batch is not None and batch.table is not run.table:
            self._write(name)
            batch = None
        if batch is None and (batch := self._begin(name, progress, run.table, read_to)) is None:
            return
        count, captured = len(run.operations), self._captured
        # Commit times may go back by a little; sequences never do. Source: Qlik's page on AR_H_CHANGE_SEQ.
        captured.sequence_at = max(captured.sequence_at, run.committed_at)
        batch.add(run, captured.sequence_at, captured.sequence + 1)
        captured.sequence += count
        with self._lock:
            for operation in "IUD":
                progress.seen[operation] += run.operations.count(operation)
            progress.updated_at = self._clock.now()
        self._loose_rows += count
        self._loose_bytes += run.size
        if self._loose_rows >= _LOOSE_ROWS or self._loose_bytes >= _LOOSE_BYTES:
            self._pack()
        if batch.bytes >= self._files.settings.batch_bytes:
            self._write(name)

    def truncate(self, table: ChangedTable) -> None:
        """All rows of *table* are gone: so are its files, unless the task passes over that."""
        if (progress := self._of(table)) is not None:
            self._empty(_name(table.table), progress, "HandleSourceTableTruncated")

    def pass_over(self, passed: Passed) -> None:
        """Say in the task's log why changes of a table are not taken, or take none from here on."""
        progress = self._of(passed.table)
        if progress is None or progress.state == "Table error":
            return
        if passed.is_final:
            name = _name(passed.table.table)
            if name in self._batches:
                self._write(name)
            self._suspend(progress, passed.why)
        else:
            self._files.warn(progress, passed.why)

    def drop_missing(self, there: Mapping[Name, int]) -> None:
        """Follow the drop of tables that are not *there* any more (by name, with their incarnation)."""
        for name, incarnation in list(self._captured.incarnations.items()):
            if there.get(name) != incarnation:
                self._forget(name, there.get(name))

    def write(self, *, everything: bool) -> None:
        """Write the batches that are old enough, or all."""
        oldest = self._clock.now() - timedelta(seconds=self._files.settings.batch_seconds)
        for name, batch in list(self._batches.items()):
            if everything or batch.began_at <= oldest:
                self._write(name)

    def close(self) -> None:
        """Give back what is held."""
        self._files.close()

    def _of(self, table: ChangedTable) -> TableProgress | None:
        """The progress of *table*; None where the task does not take it. A table that was made since the start is
        taken where a rule selects it (assumed)."""
        name = _name(table.table)
        if name not in self._by_name:
            found = None
            if self._mappings.load_order(*name, is_view=False) is not None:
                found = begin(self._mappings, table.table, self._clock.now())
                with self._lock:
                    self._progress.append(found)
            self._by_name[name] = found
        return self._by_name[name]

    def _follow(self, name: Name, progress: TableProgress, table: ChangedTable) -> None:
        """Notice that *table* was made anew or altered."""
        before, self._shapes[name] = self._shapes.get(name), table
        if before is table:
            return
        if self._captured.incarnations.setdefault(name, table.incarnation) != table.incarnation:
            self._forget(name, table.incarnation)
            return
        known = progress.table.columns if before is None else before.table.columns
        # The log may lack a column that the catalogue has: one that is computed when it is read.
        is_altered = bool(set(table.table.columns) - set(known)) if before is None else known != table.table.columns
        if is_altered:
            with self._lock:
                progress.seen["DDL"] += 1
                progress.applied["DDL"] += self._follows["HandleSourceTableAltered"]

    def _forget(self, name: Name, incarnation: int | None) -> None:
        """A table was dropped; one of its name may be there in its place, which has that *incarnation*."""
        if incarnation is None:
            del self._captured.incarnations[name]
        else:
            self._captured.incarnations[name] = incarnation
        if (progress := self._by_name.get(name)) is not None:
            self._empty(name, progress, "HandleSourceTableDropped")

    def _begin(self, name: Name, progress: TableProgress, table: ChangedTable, read_to: int) -> Batch | None:
        try:
            known = None if self._follows["HandleSourceTableAltered"] else progress.table.columns
            self._batches[name] = self._files.begin(progress, table, read_to, known)
        except (TableUnreadableError, UnfitRuleError) as error:
            self._suspend(progress, str(error))
            return None
        with self._lock:
            progress.state = "Table completed"  # one that a rule names and that was not there at the start
        return self._batches[name]

    def _empty(self, name: Name, progress: TableProgress, setting: str) -> None:
        with self._lock:
            progress.seen["DDL"] += 1
            progress.updated_at = self._clock.now()
        if self._follows[setting]:
            self._batches.pop(name, None)
            self._files.empty(progress)
            with self._lock:
                progress.applied["DDL"] += 1

    def _pack(self) -> None:
        for name in list(self._batches):
            self._guard(name, lambda _, batch: batch.pack(self._changes))
        self._loose_rows = self._loose_bytes = 0

    def _write(self, name: Name) -> None:
        self._guard(name, self._put)
        self._batches.pop(name, None)

    def _put(self, progress: TableProgress, batch: Batch) -> None:
        counts = self._files.put(progress, batch)
        with self._lock:
            progress.applied.update(counts)
            progress.updated_at = self._clock.now()

    def _guard(self, name: Name, act: Callable[[TableProgress, Batch], None]) -> None:
        progress = self._by_name[name]
        assert progress is not None  # noqa: S101  it has a batch
        try:
            act(progress, self._batches[name])
        except (TableUnreadableError, UnfitRuleError) as error:
            self._batches.pop(name, None)
            self._suspend(progress, str(error))

    def _suspend(self, progress: TableProgress, why: str) -> None:
        """Take no more changes of the table. Raises RunEndedError where the task is to end of it."""
        with self._lock:
            progress.error = progress.error or why
            progress.state = "Table error"
            progress.updated_at = progress.ended_at = self._clock.now()
            errored = sum(one.state == "Table error" for one in self._progress)
        most = self._errors["TableErrorEscalationCount"]
        if self._errors["TableErrorPolicy"] == "STOP_TASK" or 0 < most <= errored:
            words = f"{progress.table.schema}.{progress.table.name}: {why}"
            raise RunEndedError("failed", "FATAL_ERROR", words)


def begin(mappings: Mappings, table: SourceTable, now: datetime) -> TableProgress:
    """The statistics of a table that is captured from now on."""
    try:
        target = mappings.target_name(table.schema, table.name)
    except UnfitRuleError as error:
        return TableProgress(table, now, state="Table error", error=str(error), started_at=now)
    own = (table.schema, table.name)
    return TableProgress(table, now, "Table completed", started_at=now, target=None if target == own else target)


def _name(table: SourceTable) -> Name:
    return table.schema, table.name
