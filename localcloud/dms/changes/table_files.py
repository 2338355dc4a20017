"""Puts batches of a table's changes into its folder, and empties that."""

from __future__ import annotations

import logging
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from localcloud.clock import Clock
from localcloud.dms.changes import change_files
from localcloud.dms.changes.batch import Batch
from localcloud.dms.changes.captured import Captured, KeyUpdates
from localcloud.dms.changes.change_settings import ChangeSettings
from localcloud.dms.engines.changes import Carried, ChangedTable, Changes
from localcloud.dms.engines.reader import Layout, carried
from localcloud.dms.loads.load import TableProgress
from localcloud.dms.loads.target import Target
from localcloud.dms.rules.mappings import Mappings
from localcloud.dms.type_tables.column import SourceColumn

_LOG = logging.getLogger(__name__)


class TableFiles:
    """The folders of a capture's tables. *around_put*: called around the put of each file, where a test lets a capture
    die."""

    def __init__(
        self,
        clock: Clock,
        lock: threading.RLock,
        connection: duckdb.DuckDBPyConnection,
        changes: Changes,
        target: Target,
        mappings: Mappings,
        task_settings: Mapping[str, Any],
        settings: ChangeSettings,
        captured: Captured,
        key_updates: KeyUpdates,
        around_put: Callable[[str, str], None],
    ) -> None:
        self.settings = settings
        self._clock = clock
        self._lock = lock
        self._connection = connection
        self._changes = changes
        self._target = target
        self._mappings = mappings
        metadata = task_settings["TargetMetadata"]
        self._lob_bytes: int | None = metadata["LobMaxSize"] * 1024 if metadata["SupportLobs"] else None
        self._suspends_at_cut = task_settings["ErrorBehavior"]["DataTruncationErrorPolicy"] == "SUSPEND_TABLE"
        self._captured = captured
        self._key_updates: KeyUpdates = key_updates
        self._around_put = around_put
        self._folder = tempfile.TemporaryDirectory(prefix="dms-")
        self._written = 0

    def begin(
        self, progress: TableProgress, table: ChangedTable, since: int, known: Sequence[SourceColumn] | None
    ) -> Batch:
        """An empty batch. *known*: the only columns that are carried, by name. Raises TableUnreadableError,
        UnfitRuleError."""
        layout = self._layout(progress, table)
        columns = carried(table.table, layout, self._changes.dms_type)
        if known is not None:
            names = {column.name for column in known}
            columns = [(column, kind) for column, kind in columns if column.name in names]
        images = layout.shape.before_images([(column.name, kind) for column, kind in columns], table.table.key)
        wanted = {name for _, name, kind in images if not kind.is_lob}
        before: Carried = [(column, kind) for column, kind in columns if column.name in wanted]
        return Batch(table, columns, before, since, self._clock.now())

    def put(self, progress: TableProgress, batch: Batch) -> Counter[str]:
        """Write *batch*; how many changes of each operation are in the files. Raises TableUnreadableError,
        UnfitRuleError, AwsError, ClientError."""
        batch.pack(self._changes)
        table = batch.table
        rows = change_files.chosen(batch.rows(), self.settings, self._key_updates, table.table.key)
        if not rows.num_rows:
            return Counter()
        self._written += 1
        folder = Path(self._folder.name) / str(self._written)
        kinds = [(column.name, kind) for column, kind in batch.carried]
        layout = self._layout(progress, table)
        files, counts = change_files.write(self._connection, rows, kinds, layout, folder)
        place = place_of(progress)
        for file in files:
            name = self._captured.file_name(place, self._clock.now(), layout.format.suffix)
            key = "/".join((*place, name))
            self._around_put("before", key)
            self._target.put(*place, name, file.read())
            self._around_put("after", key)
            file.remove()
        return counts

    def empty(self, progress: TableProgress) -> None:
        """Take away all that is in the table's folder. Raises AwsError, ClientError."""
        self._target.empty(*place_of(progress))

    def close(self) -> None:
        """Give back what is held."""
        self._folder.cleanup()

    def _layout(self, progress: TableProgress, table: ChangedTable) -> Layout:
        settings, name = self._target.settings, (table.table.schema, table.table.name)
        return Layout(
            of_changes=change_files.leading(self.settings, settings.timestamp_column),
            shape=self._mappings.shape(*name, is_view=False),
            key=table.table.key,
            lob_bytes=self._lob_bytes,
            suspends_at_cut=self._suspends_at_cut,
            format=settings.format,
            file_bytes=settings.file_bytes,
            at=self._clock.now(),
            warn=lambda warning: self.warn(progress, warning),
        )

    def warn(self, progress: TableProgress, warning: str) -> None:
        """Let the task's log say it, once."""
        with self._lock:
            if warning in progress.warnings:
                return
            progress.warnings.append(warning)
        _LOG.info("%s.%s: %s", progress.table.schema, progress.table.name, warning)


def place_of(progress: TableProgress) -> tuple[str, str]:
    """Schema and table in the keys of the table's files."""
    return progress.target or (progress.table.schema, progress.table.name)
