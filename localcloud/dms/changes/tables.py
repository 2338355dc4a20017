"""The tables of a capture: whose changes are taken, counted, held, and written into files."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb

from localcloud.clock import Clock
from localcloud.dms.changes import change_files
from localcloud.dms.changes.batch import Batch
from localcloud.dms.changes.captured import Captured
from localcloud.dms.changes.change_settings import ChangeSettings
from localcloud.dms.engines.changes import ChangedTable, Changes, Run
from localcloud.dms.engines.reader import TableUnreadableError, carried
from localcloud.dms.loads.load import TableProgress
from localcloud.dms.loads.target import Target
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
        connection: duckdb.DuckDBPyConnection,
        changes: Changes,
        target: Target,
        mappings: Mappings,
        settings: Mapping[str, Any],
        change_settings: ChangeSettings,
        captured: Captured,
        progress: list[TableProgress],
    ) -> None:
        self._clock = clock
        self._lock = lock
        self._connection = connection
        self._changes = changes
        self._target = target
        self._mappings = mappings
        self._settings = settings
        self._of_changes = change_settings
        metadata = settings["TargetMetadata"]
        self._lob_bytes: int | None = metadata["LobMaxSize"] * 1024 if metadata["SupportLobs"] else None
        self._captured = captured
        self._progress = progress
        self._by_name: dict[Name, TableProgress | None] = {(one.table.schema, one.table.name): one for one in progress}
        self._batches: dict[Name, Batch] = {}
        self._loose_rows = self._loose_bytes = 0
        self._folder = tempfile.TemporaryDirectory(prefix="dms-")
        self._files = 0

    @property
    def bytes(self) -> int:
        """How much is held."""
        return sum(batch.bytes for batch in self._batches.values())

    def since(self, read_to: int) -> int:
        """Up to where everything that was read is in files."""
        return min((batch.since for batch in self._batches.values()), default=read_to)

    def add(self, run: Run, read_to: int) -> None:
        """Take *run*, which came when the log had been read up to *read_to*."""
        name = run.table.table.schema, run.table.table.name
        progress = self._of(run.table)
        if progress is None or progress.state == "Table error":
            return
        batch = self._batches.get(name)
        if batch is not None and batch.table is not run.table:
            self._write(name)
            batch = None
        if batch is None:
            try:
                batch = self._begin(progress, run.table, read_to)
            except (TableUnreadableError, UnfitRuleError) as error:
                self._suspend(progress, str(error))
                return
        count = len(run.changes)
        captured = self._captured
        captured.sequence_at = max(captured.sequence_at, run.committed_at)
        batch.add(run.changes, run.size, run.committed_at, captured.sequence_at, captured.sequence + 1)
        captured.sequence += count
        with self._lock:
            progress.seen.update([change[0] for change in run.changes])
            progress.updated_at = self._clock.now()
        self._loose_rows += count
        self._loose_bytes += run.size
        if self._loose_rows >= _LOOSE_ROWS or self._loose_bytes >= _LOOSE_BYTES:
            self._pack()
        if batch.bytes >= self._of_changes.batch_bytes:
            self._write(name)

    def truncate(self, table: ChangedTable) -> None:
        """All rows of *table* are gone."""

    def write(self, *, everything: bool) -> None:
        """Write the batches that are old enough, or all."""
        oldest = self._clock.now() - timedelta(seconds=self._of_changes.batch_seconds)
        for name, batch in list(self._batches.items()):
            if everything or batch.began_at <= oldest:
                self._write(name)

    def close(self) -> None:
        """Give back what is held."""
        self._folder.cleanup()

    def _of(self, table: ChangedTable) -> TableProgress | None:
        """The progress of *table*; None where the task does not take it. A table that was made since the start is
        taken where a rule selects it (assumed)."""
        name = table.table.schema, table.table.name
        if name not in self._by_name:
            found = None
            if self._mappings.load_order(*name, is_view=False) is not None:
                found = TableProgress(table.table, self._clock.now(), state="Table completed")
                with self._lock:
                    self._progress.append(found)
            self._by_name[name] = found
        return self._by_name[name]

    def _begin(self, progress: TableProgress, table: ChangedTable, read_to: int) -> Batch:
        found = carried(table.table, self._layout(progress), self._changes.dms_type)
        name = table.table.schema, table.table.name
        self._batches[name] = batch = Batch(table, found, (), read_to, self._clock.now())
        return batch

    def _layout(self, progress: TableProgress) -> Any:
        table = progress.table
        return change_files.layout_of(
            self._target.settings,
            self._of_changes,
            self._mappings.shape(table.schema, table.name, is_view=False),
            self._lob_bytes,
            self._clock.now(),
            suspends_at_cut=self._settings["ErrorBehavior"]["DataTruncationErrorPolicy"] == "SUSPEND_TABLE",
            warn=progress.warnings.append,
        )

    def _pack(self) -> None:
        for name in list(self._batches):
            self._guard(name, lambda batch: batch.pack(self._changes))
        self._loose_rows = self._loose_bytes = 0

    def _write(self, name: Name) -> None:
        self._guard(name, lambda batch: self._put(name, batch))
        self._batches.pop(name, None)

    def _guard(self, name: Name, act: Callable[[Batch], None]) -> None:
        try:
            act(self._batches[name])
        except (TableUnreadableError, UnfitRuleError) as error:
            self._batches.pop(name, None)
            progress = self._by_name[name]
            assert progress is not None  # noqa: S101  it has a batch
            self._suspend(progress, str(error))

    def _put(self, name: Name, batch: Batch) -> None:
        progress = self._by_name[name]
        assert progress is not None  # noqa: S101  it has a batch
        batch.pack(self._changes)
        layout = self._layout(progress)
        self._files += 1
        folder = Path(self._folder.name) / str(self._files)
        kinds = [(column.name, kind) for column, kind in batch.carried]
        place = progress.target or name
        for file in change_files.write(self._connection, batch, kinds, layout, folder):
            named = self._captured.file_name(place, self._clock.now(), layout.format.suffix)
            self._target.put(*place, named, file.read())
            file.remove()
        with self._lock:
            progress.applied.update(batch.counts)
            progress.updated_at = self._clock.now()

    def _suspend(self, progress: TableProgress, why: str) -> None:
        with self._lock:
            progress.state = "Table error"
            progress.error = progress.error or why
            progress.updated_at = self._clock.now()
