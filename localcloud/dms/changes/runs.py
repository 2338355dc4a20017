"""Begins and forgets captures of changes: what is the same whether a task starts for the first time or resumes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress

import duckdb

from localcloud.dms.changes.capture import Capture, stop_time
from localcloud.dms.changes.change_settings import ChangeSettings, read_change_settings
from localcloud.dms.changes.table_files import TableFiles
from localcloud.dms.changes.tables import Tables
from localcloud.dms.engines.changes import CaptureRefusedError, CapturingReader, ChangeReader, Changes, IsWanted
from localcloud.dms.engines.reader import Login, RunEndedError, SourceTable, SourceUnreachableError
from localcloud.dms.engines.sources import login
from localcloud.dms.loads.load import NoTablesError, TableProgress, plan
from localcloud.dms.loads.target import Target, read_settings
from localcloud.dms.resources import Resources, Task
from localcloud.in_process_transport import NotEmulatedError

_LOG = logging.getLogger(__name__)
_MEMORY = "512MB"
TakeTurn = Callable[[Callable[[], None], Callable[[], None]], None]


class CaptureRuns:
    """The captures of one local DMS. One DuckDB serves all."""

    def __init__(self, resources: Resources) -> None:
        self._of = resources
        self._connection: duckdb.DuckDBPyConnection | None = None

    def begin(self, task: Task, take_turn: TakeTurn, finished: Callable[[str | RunEndedError], None]) -> None:
        """Connect to both ends, let the log be kept if this is the first start, and hand over. In the pool."""
        of, name = self._of, _name(task)
        target = Target(of.aws, read_settings(task.target.given["S3Settings"]))
        settings = read_change_settings(task.target.given["S3Settings"])
        reader = change_reader(of, task)
        access = login(of.aws, task.source)
        tables = self._tables(task, access)
        if task.captured.position is None:
            position = reader.prepare(access, name, [one.table for one in tables])
            with of.lock:
                task.captured.position = position
        changes = reader.open(access, name, task.captured.position, _is_wanted(task))
        try:
            capture = self._capture(task, changes, target, settings, tables, take_turn, finished)
        except BaseException:
            changes.close()
            raise
        with of.lock:
            task.captured.show(changes.show(task.captured.position or 0))
            task.tables = tables
            task.status = "running"
            task.request_stop = capture.stop
            capture.start()

    def _capture(
        self,
        task: Task,
        changes: Changes,
        target: Target,
        settings: ChangeSettings,
        tables: list[TableProgress],
        take_turn: TakeTurn,
        finished: Callable[[str | RunEndedError], None],
    ) -> Capture:
        of, hooks = self._of, self._of.capture_hooks
        files = TableFiles(
            of.clock,
            of.lock,
            self._duckdb(),
            changes,
            target,
            task.mappings,
            task.settings,
            settings,
            task.captured,
            hooks.key_updates,
            hooks.around_put,
        )
        held = Tables(of.clock, of.lock, changes, files, task.mappings, task.settings, task.captured, tables)
        stop_at = stop_time(task.given.get("CdcStopPosition"))
        return Capture(of.clock, take_turn, of.lock, changes, held, task.captured, stop_at, finished)

    def forget(self, task: Task) -> None:
        """Let the source keep no log for *task*, which is gone. A source that is out of reach keeps it (assumed)."""
        if task.captured.position is None:
            return
        with suppress(SourceUnreachableError, CaptureRefusedError):
            change_reader(self._of, task).drop(login(self._of.aws, task.source), _name(task))

    def _tables(self, task: Task, access: Login) -> list[TableProgress]:
        source = self._of.readers[task.source.engine].open(access)
        try:
            catalogue = [table for table in source.catalogue() if not table.is_view]
        finally:
            source.close()
        now = self._of.clock.now()
        before = {_place(one.table): one for one in task.tables}
        tables = [before.get(_place(one.table), one) for one in plan(task.mappings, catalogue, now)]
        for one in tables:
            if one.state != "Table error" or one.started_at is None:  # the log of an earlier run has said why
                one.started_at = now
            one.warnings.clear()
            if one.state == "Before load":
                one.state = "Table completed"
        if not tables and task.settings["ErrorBehavior"]["FailOnNoTablesCaptured"]:
            raise NoTablesError("No tables were found at task initialization: nothing matches the table mappings.")
        return tables

    def _duckdb(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            self._connection = duckdb.connect(config={"memory_limit": _MEMORY, "threads": 1})
        return self._connection


def change_reader(resources: Resources, task: Task) -> ChangeReader:
    """What reads the changes of *task*'s source. Raises NotEmulatedError."""
    reader = resources.readers[task.source.engine]
    if isinstance(reader, CapturingReader) and (found := reader.changes()) is not None:
        return found
    raise NotEmulatedError(f"capturing changes of a source of engine {task.source.engine}")


def _is_wanted(task: Task) -> IsWanted:
    return lambda schema, table: task.mappings.load_order(schema, table, is_view=False) is not None


def _name(task: Task) -> str:
    return task.arn.rpartition(":")[2]


def _place(table: SourceTable) -> tuple[str, str]:
    return table.schema, table.name
