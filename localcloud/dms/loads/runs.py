"""One run of a task: from the start that was granted to the rest it comes to."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from localcloud.dms.changes.runs import CaptureRuns
from localcloud.dms.engines.changes import CaptureHeldError
from localcloud.dms.engines.reader import RunEndedError, SourceTable
from localcloud.dms.engines.sources import login
from localcloud.dms.loads import task_log
from localcloud.dms.loads.capacity import MeteredSource
from localcloud.dms.loads.load import Load, NoTablesError, TableProgress, plan
from localcloud.dms.loads.load_queue import LoadQueue
from localcloud.dms.loads.target import Target, read_settings
from localcloud.dms.resources import Resources, Task

_HELD_SECONDS = 5


class Runs:
    """Starts tasks and brings them to rest."""

    def __init__(self, resources: Resources) -> None:
        self._of = resources
        self._queue = LoadQueue(resources.clock)
        self._begun = itertools.count()
        self.captures = CaptureRuns(resources)

    def start(self, task: Task, *, afresh: bool) -> None:
        """Let *task* be `starting`, and its load begin some time later. *afresh*: all tables anew."""
        task.status = "starting"
        task.started_at = self._of.clock.now()
        task.stopped_at = task.load_started_at = task.load_ended_at = None
        task.stop_reason = task.failure = ""
        if afresh:
            task.fresh_start_at = task.started_at
            task.tables = []
        self._of.later(self._of.delays.starting_task, lambda: self._of.clock.work(self._run, task))

    def _run(self, task: Task) -> None:
        try:
            if task.ended_by is None:
                self._begin(task)
            else:  # the instance took it down before it began
                with self._of.lock:
                    self._ended(task, "")
        except CaptureHeldError:  # the task stays `starting`
            self._of.later(_HELD_SECONDS, lambda: self._of.clock.work(self._run, task))
        except Exception as error:  # noqa: BLE001  whatever it is: a task may not stay `starting` for ever
            with self._of.lock:
                self._ended(task, str(error) or repr(error))

    def _begin(self, task: Task) -> None:
        """Connect to both ends, read the catalogue, and hand over to the load or the capture. In the pool."""
        assert task.started_at is not None  # noqa: S101  a task that runs was started
        take_turn = partial(self._queue.ask, next(self._begun))
        if task.given["MigrationType"] == "cdc":
            self.captures.begin(task, take_turn, lambda why: self._ended(task, why))
            return
        target = Target(self._of.aws, read_settings(task.target.given["S3Settings"]))
        source = self._of.readers[task.source.engine].open(login(self._of.aws, task.source))
        source = MeteredSource(self._of, task, source)
        try:
            tables = self._tables(task, source.catalogue())
        except BaseException:
            source.close()
            raise
        with self._of.lock:
            load = Load(
                self._of.clock,
                take_turn,
                self._of.lock,
                source,
                target,
                task.mappings,
                task.settings,
                task.started_at,
                lambda why: self._ended(task, why),
            )
            task.tables = tables
            task.status = "running"
            task.load_started_at = self._of.clock.now()
            task.request_stop = load.stop
            load.start(tables)

    def _tables(self, task: Task, catalogue: Sequence[SourceTable]) -> list[TableProgress]:
        tables = plan(task.mappings, catalogue, self._of.clock.now())
        if not tables and task.settings["ErrorBehavior"]["FailOnNoTablesCaptured"]:
            raise NoTablesError("No tables were found at task initialization: nothing matches the table mappings.")
        # `resume-processing` of a full load: only what is not completed (documented), begun anew.
        done = {(one.table.schema, one.table.name): one for one in task.tables if one.state == "Table completed"}
        return [done.get((one.table.schema, one.table.name), one) for one in tables]

    def _ended(self, task: Task, failure: str | RunEndedError) -> None:
        task.request_stop = None
        failure, task.ended_by = task.ended_by or failure, None
        if task.load_started_at is not None:
            task.load_ended_at = self._of.clock.now()
        if isinstance(failure, RunEndedError):
            words = f"Last Error {failure.words} Stop Reason {failure.stop_reason} Error Level FATAL"
            self._rest(task, failure.status, failure.stop_reason, words if failure.words else "")
        elif failure:
            words = f"Last Error {failure} Stop Reason FATAL_ERROR Error Level FATAL"
            self._rest(task, "failed", "FATAL_ERROR", words)
        elif task.status == "stopping":
            self._of.later(self._of.delays.stopping_task, self._rest, task, "stopped", "NORMAL", "")
        else:
            self._rest(task, "stopped", "FULL_LOAD_ONLY_FINISHED", "")
        if task_log.has_news(task):
            with suppress(RuntimeError):  # the pool is shut: the cloud was closed in the middle of the load
                self._of.clock.work(task_log.write, self._of.aws, task, self._of.clock.now())

    def _rest(self, task: Task, status: str, reason: str, failure: str) -> None:
        task.stop_reason = f"Stop Reason {reason}"
        task.failure = failure
        task.stopped_at = self._of.clock.now()
        task.status = status  # last: who learns of the status finds the rest in place
