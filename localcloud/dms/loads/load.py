"""One full load: its tables and segments, as many at once as the task may, each read, checked, written and counted."""

from __future__ import annotations

import logging
import tempfile
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from localcloud.clock import Clock
from localcloud.dms.engines.driver_words import words_of
from localcloud.dms.engines.reader import (
    Layout,
    RunEndedError,
    Source,
    SourceTable,
    SourceUnreachableError,
    TableHeldError,
    TableUnreadableError,
)
from localcloud.dms.loads.target import Target
from localcloud.dms.rules.mappings import Mappings, Range
from localcloud.dms.rules.transformations import UnfitRuleError
from localcloud.in_process_transport import AwsError

_LOG = logging.getLogger(__name__)


class NoTablesError(Exception):
    """The mappings match no table, and the task is set to fail then."""


@dataclass
class TableProgress:
    """A table in the statistics of a task. *state*: one of AWS's phrases. *target*: schema and table in its keys,
    where they are not its own.

    *warnings*: what AWS would write into the task's log and nowhere else (no statistic has room for it). *seen*,
    *applied*: changes that were captured, and those of them that are in files: by I, U, D and DDL.
    """

    table: SourceTable
    updated_at: datetime
    state: str = "Before load"
    rows: int = 0
    segments_left: int = 1
    started_at: datetime | None = None
    ended_at: datetime | None = None
    error: str = ""
    target: tuple[str, str] | None = None
    warnings: list[str] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)
    applied: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Segment:
    """A whole table, or one range of it; its keys have *prefix* before `LOAD...`."""

    progress: TableProgress
    prefix: str = ""
    within: Range | None = None


def plan(mappings: Mappings, catalogue: Sequence[SourceTable], now: datetime) -> list[TableProgress]:
    """The tables a task loads, higher load order first, then by name. A table that an explicit rule names and the
    source does not have is listed as such (the state is documented, when it is given is assumed)."""
    ordered = [
        (-order, table.schema, table.name, table)
        for table in catalogue
        if (order := mappings.load_order(table.schema, table.name, is_view=table.is_view)) is not None
    ]
    ordered.sort(key=lambda one: one[:3])
    there = {(table.schema, table.name) for table in catalogue}
    missing = [
        SourceTable(schema, name, ()) for schema, name in mappings.explicit_names() if (schema, name) not in there
    ]
    found = [_begin(mappings, table, now) for *_, table in ordered]
    _refuse_shared_targets(found)
    return found + [TableProgress(table, now, state="Table does not exist") for table in missing]


def _begin(mappings: Mappings, table: SourceTable, now: datetime) -> TableProgress:
    try:
        target = mappings.target_name(table.schema, table.name)
        return TableProgress(table, now, target=None if target == (table.schema, table.name) else target)
    except UnfitRuleError as error:
        return TableProgress(table, now, state="Table error", error=str(error))


def _refuse_shared_targets(tables: Sequence[TableProgress]) -> None:
    """Two tables are never loaded into one (documented: not supported; that both then err is assumed)."""
    if all(progress.target is None for progress in tables):
        return
    taken = Counter(map(_place, tables))
    for progress in tables:
        place = _place(progress)
        if progress.state == "Before load" and taken[place] > 1:
            progress.state = "Table error"
            progress.error = f"{taken[place]} tables are mapped to {'.'.join(place)}"


def _place(progress: TableProgress) -> tuple[str, str]:
    return progress.target or (progress.table.schema, progress.table.name)


class Load:
    """A full load under way. *take_turn* calls its first argument in the pool, or the second if the cloud is closed;
    *finished* is called once, at the end, with what ended it or "".

    Nothing waits in a thread for anything else: each place of the pool loads one segment and hands itself back.
    """

    def __init__(
        self,
        clock: Clock,
        take_turn: Callable[[Callable[[], None], Callable[[], None]], None],
        lock: threading.RLock,
        source: Source,
        target: Target,
        mappings: Mappings,
        settings: Mapping[str, Any],
        started_at: datetime,
        finished: Callable[[str | RunEndedError], None],
    ) -> None:
        self._clock = clock
        self._take_turn = take_turn
        self._lock = lock
        self._source = source
        self._target = target
        self._mappings = mappings
        self._errors = settings["ErrorBehavior"]
        self._at_once: int = settings["FullLoadSettings"]["MaxFullLoadSubTasks"]
        metadata = settings["TargetMetadata"]
        self._lob_bytes: int | None = metadata["LobMaxSize"] * 1024 if metadata["SupportLobs"] else None
        self._started_at = started_at
        self._finished = finished
        self._queue: deque[Segment] = deque()
        self._places = 0
        self._errored = 0
        self._files = 0
        self._fatal: str | RunEndedError = ""
        self._is_stopping = False
        self._folder = tempfile.TemporaryDirectory(prefix="dms-")

    def start(self, tables: Sequence[TableProgress]) -> None:
        """Begin with those of *tables* that are `Before load`."""
        for progress in tables:
            if progress.state == "Before load":
                self._queue.extend(self._segments(progress))
        self._places = max(1, min(self._at_once, len(self._queue)))
        for _ in range(self._places):
            self._go_on()

    def stop(self) -> None:
        """Begin no further segment; those under way are finished (assumed). A table cut off in its middle is
        `Table cancelled`, one not begun stays `Before load`."""
        with self._lock:
            self._is_stopping = True
            for segment in self._queue:
                if segment.progress.started_at is not None:
                    self._mark(segment.progress, "Table cancelled")
            self._queue.clear()

    def _segments(self, progress: TableProgress) -> list[Segment]:
        parallel = self._mappings.parallel_load(progress.table.schema, progress.table.name)
        if parallel is None:
            return [Segment(progress)]
        segments = [Segment(progress, prefix, within) for prefix, within in parallel.segments()]
        progress.segments_left = len(segments)
        return segments

    def _next(self) -> None:
        with self._lock:
            if not self._queue:
                self._places -= 1
                if self._places == 0:
                    self._end()
                return
            segment = self._queue.popleft()
            segment.progress.started_at = segment.progress.started_at or self._clock.now()
            if segment.progress.state in {"Before load", "Table is being reloaded"}:
                self._mark(segment.progress, "Full load")
        try:
            self._load(segment)
        except TableHeldError as held:
            if self._hold(segment, held):
                return
        except RunEndedError as ended:
            with self._lock:
                self._fatal = ended
                self._mark(segment.progress, "Table cancelled")
                self.stop()
        except (TableUnreadableError, UnfitRuleError, AwsError, ClientError) as error:
            self._failed(segment, str(error))
        except UnicodeError as error:
            self._failed(segment, words_of(error))
        except Exception as error:  # noqa: BLE001  our own fault must end the task loudly, not leave it running for ever
            self._failed(segment, repr(error), is_fatal=True)
        self._go_on()

    def _hold(self, segment: Segment, held: TableHeldError) -> bool:
        """Put *segment* back and come again later, unless the load is to end; whether it was put back."""
        with self._lock:
            if self._is_stopping or self._fatal:
                self._mark(segment.progress, "Table cancelled")
                return False
            self._mark(segment.progress, held.state)
            self._queue.append(segment)
        self._clock.call_later(held.seconds, self._go_on)
        return True

    def _go_on(self) -> None:
        self._take_turn(self._next, self._give_up)

    def _give_up(self) -> None:
        with self._lock:
            self._fatal = "the local cloud was closed"
            self._queue.clear()
        self._next()

    def _load(self, segment: Segment) -> None:
        table = segment.progress.table
        with self._lock:
            self._files += 1
            folder = Path(self._folder.name) / str(self._files)
        layout = self._layout(segment.progress)
        files = self._source.write(table, layout, segment.within, folder)
        for number, file in enumerate(files, start=1):
            name = f"{segment.prefix}LOAD{number:08X}{layout.format.suffix}"
            self._target.put(*_place(segment.progress), name, file.read())
            file.remove()
        with self._lock:
            progress = segment.progress
            progress.rows += sum(file.rows for file in files)
            progress.segments_left -= 1
            done = progress.segments_left == 0 and progress.state == "Full load"
            self._mark(progress, "Table completed" if done else progress.state)

    def _layout(self, progress: TableProgress) -> Layout:
        settings, table, now = self._target.settings, progress.table, self._clock.now()
        leading = [("Op", "I")] if settings.include_op else []
        if settings.timestamp_column:
            # One time for a whole segment, where DMS has one per row (assumed to be near enough).
            at = self._started_at if settings.is_task_start_time else now
            leading.append((settings.timestamp_column, at.strftime("%Y-%m-%d %H:%M:%S.%f")))
        return Layout(
            leading=tuple(leading),
            shape=self._mappings.shape(table.schema, table.name, is_view=table.is_view),
            key=table.key,
            lob_bytes=self._lob_bytes,
            suspends_at_cut=self._errors["DataTruncationErrorPolicy"] == "SUSPEND_TABLE",
            format=settings.format,
            file_bytes=settings.file_bytes,
            at=now,
            warn=lambda warning: self._warn(progress, warning),
        )

    def _warn(self, progress: TableProgress, warning: str) -> None:
        with self._lock:
            if warning in progress.warnings:  # every segment of a table notices the same
                return
            progress.warnings.append(warning)
        _LOG.info("%s.%s: %s", progress.table.schema, progress.table.name, warning)

    def _failed(self, segment: Segment, why: str, *, is_fatal: bool = False) -> None:
        try:
            self._source.check()
            is_lost = False
        except SourceUnreachableError as error:
            is_lost, why = True, str(error) or "the source does not answer"
        with self._lock:
            progress = segment.progress
            if not progress.error:
                self._errored += 1
            progress.error = why
            self._mark(progress, "Table error")
            name = f"{progress.table.schema}.{progress.table.name}"
            most = self._errors["TableErrorEscalationCount"]
            escalates = self._errors["TableErrorPolicy"] == "STOP_TASK" or 0 < most <= self._errored
            if is_lost or is_fatal or escalates:
                self._fatal = why if is_lost else f"{name}: {why}"
                self._queue.clear()
            else:
                self._queue = deque(one for one in self._queue if one.progress is not progress)

    def _mark(self, progress: TableProgress, state: str) -> None:
        progress.state = state
        progress.updated_at = self._clock.now()
        if state not in {"Before load", "Full load", "Table is being reloaded"}:
            progress.ended_at = progress.updated_at

    def _end(self) -> None:
        try:
            self._folder.cleanup()
            self._source.close()
        finally:
            self._finished(self._fatal)
