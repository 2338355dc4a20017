"""What runs out on a replication instance: memory while tables are loaded, and the disk.

Memory: DMS takes it in advance for the LOB columns of each table that is being loaded. Source: docs/facts/dms.md 4.8
(LobMaxSize times a bulk array of 1,000 rows, per LOB column and table); how the engine shares the rest of an instance's
memory is not documented and not modelled. A task that finds none ends as AWS shows it (docs/facts/dms.md 11, "out of
memory").

Disk: what is held on an instance is what someone holds there by `hold` (a full load itself stages nothing on it: logs
and cached changes do). When it is full, there is an event, the instance is `storage-full`, and its tasks stop for
STOPPED_DUE_TO_LOW_DISK (docs/facts/dms.md 3.2, 9.2). AWS's event comes at nine tenths already.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from localcloud.dms.engines.reader import Layout, RunEndedError, Source, SourceTable, Written
from localcloud.dms.engines.sources import column_type
from localcloud.dms.instance_classes import memory_bytes
from localcloud.dms.resources import Instance, Resources, Task
from localcloud.dms.rules.mappings import Range

_BULK_ROWS = 1_000


class MeteredSource:
    """A source whose tables take memory of the task's instance while they are read."""

    def __init__(self, resources: Resources, task: Task, source: Source) -> None:
        self._of = resources
        self._task = task
        self._source = source

    def catalogue(self) -> list[SourceTable]:
        return self._source.catalogue()

    def write(self, table: SourceTable, layout: Layout, within: Range | None, folder: Path) -> Sequence[Written]:
        wanted = self._lob_columns(table) * (layout.lob_bytes or 0) * _BULK_ROWS
        instance = self._task.instance
        with self._of.lock:
            if instance.reserved_bytes + wanted > memory_bytes(instance.given["ReplicationInstanceClass"]):
                raise RunEndedError("failed", "FATAL_ERROR", "Replication task out of memory.")
            instance.reserved_bytes += wanted
        try:
            return self._source.write(table, layout, within, folder)
        finally:
            with self._of.lock:
                instance.reserved_bytes -= wanted

    def _lob_columns(self, table: SourceTable) -> int:
        types = (column_type(self._task.source.engine, column) for column in table.columns)
        return sum(one is not None and one.is_lob for one in types)

    def check(self) -> None:
        self._source.check()

    def close(self) -> None:
        self._source.close()


def end_runs(resources: Resources, instance: Instance, ended_by: RunEndedError) -> None:
    """Bring every moving task of *instance* to the end that *ended_by* says. Under the lock.

    Tables that are not finished go to error; those under way are read to their end first (assumed).
    """
    for task in resources.tasks_on(instance):
        if task.status in {"starting", "running", "stopping"}:
            task.ended_by = ended_by
            for progress in task.tables:
                if progress.state == "Before load":
                    progress.state = "Table error"
                    progress.updated_at = progress.ended_at = resources.clock.now()
            if task.request_stop is not None:
                task.request_stop()


def hold(resources: Resources, instance: Instance, what: str, size_bytes: int) -> None:
    """Let *what* hold so many bytes of the disk of *instance* from now on; 0 gives them back."""
    with resources.lock:
        instance.held[what] = size_bytes
        is_full = sum(instance.held.values()) >= instance.storage_bytes
        if is_full and instance.status == "available":
            instance.status = "storage-full"
            end_runs(resources, instance, RunEndedError("stopped", "STOPPED_DUE_TO_LOW_DISK"))
        elif not is_full and instance.status == "storage-full":
            instance.status = "available"  # assumed: what is deleted by hand gives the instance back
