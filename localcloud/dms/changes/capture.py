"""One run of a capture: the source's log is read every few seconds, changes are grouped by table, and become files.

A position is confirmed at the source once everything up to it is in S3, and never before: a capture that dies in
between reads the same changes again. Nothing waits in a thread: each look at the log is a piece of work of its own.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta

from botocore.exceptions import ClientError

from localcloud.clock import Clock
from localcloud.dms.changes.captured import Captured, CaptureKilledError
from localcloud.dms.changes.tables import Tables
from localcloud.dms.engines.changes import ChangeRun, Changes, Committed, LogLostError, Passed, Truncated
from localcloud.dms.engines.reader import RunEndedError, SourceUnreachableError
from localcloud.in_process_transport import AwsError

_LOG = logging.getLogger(__name__)
LOOK_SECONDS = 5.0
"""How often the log is looked at (assumed)."""
PIECE_CHANGES = 1_000_000
"""How many changes are asked for at once: each question makes the source read again what is not confirmed."""
MOST_UNCONFIRMED = 100_000
"""With how many changes that are read and not confirmed all are written: each look would read them again."""
_IDLE = timedelta(seconds=60)
MOST_BYTES = 64 * 1024 * 1024


class Capture:
    """A capture under way. *take_turn* calls its first argument in the pool, or the second if the cloud is closed;
    *finished* is called once, at the end, with what ended it or "". *stop_at*: the time at which it stops by itself."""

    def __init__(
        self,
        clock: Clock,
        take_turn: Callable[[Callable[[], None], Callable[[], None]], None],
        lock: threading.RLock,
        changes: Changes,
        tables: Tables,
        captured: Captured,
        stop_at: datetime | None,
        finished: Callable[[str | RunEndedError], None],
    ) -> None:
        self._clock = clock
        self._take_turn = take_turn
        self._lock = lock
        self._changes = changes
        self._tables = tables
        self._captured = captured
        self._stop_at = stop_at
        self._finished = finished
        assert captured.position is not None  # noqa: S101  set when the log began to be kept
        self._read_to: int = captured.position
        self._is_stopping = self._is_looking = self._is_over = False
        self._turn = 0
        self._unconfirmed = 0
        self._confirmed_at = clock.now()

    def start(self) -> None:
        """Look at the log for the first time."""
        self._look_now()

    def stop(self) -> None:
        """Read and write what there is, then end. Under the lock."""
        self._is_stopping = True
        if not self._is_looking:
            self._look_now()

    def _look_now(self) -> None:
        with self._lock:
            if self._is_over:
                return
            self._turn += 1
            self._is_looking = True
        self._take_turn(self._look, self._give_up)

    def _look_later(self, seconds: float) -> None:
        turn = self._turn

        def slept(wait: Future[None]) -> None:
            if wait.cancelled():  # the cloud is being closed, maybe before the wait began
                self._give_up()
            elif turn == self._turn:
                self._look_now()

        self._clock.spawn(asyncio.sleep(seconds)).add_done_callback(slept)

    def _give_up(self) -> None:
        self._end("the local cloud was closed")

    def _look(self) -> None:
        try:
            now = self._clock.now()
            is_due = self._stop_at is not None and now >= self._stop_at
            with self._lock:
                is_last = self._is_stopping or is_due
            self._read()
            self._tables.write(everything=is_last or self._unconfirmed >= MOST_UNCONFIRMED)
            # A log in which nothing is of these tables is confirmed too, or the source would keep all of it.
            if is_last or self._unconfirmed or now - self._confirmed_at >= _IDLE:
                self._confirm()
        except RunEndedError as ended:
            self._end(ended)
        except CaptureKilledError:
            self._end("Task error notification received from subtask 0, thread 0")
        except (SourceUnreachableError, LogLostError, AwsError, ClientError) as error:
            self._end(str(error) or repr(error))
        except Exception as error:  # noqa: BLE001  our own fault must end the task loudly
            _LOG.exception("capture")
            self._end(repr(error))
        else:
            if is_last:
                self._end("" if self._is_stopping else RunEndedError("stopped", "STOPPED_AT_SERVER_TIME"))
            else:
                self._rest()

    def _rest(self) -> None:
        with self._lock:
            self._is_looking = False
            is_stopping = self._is_stopping
        if is_stopping:
            self._look_now()
            return
        left = LOOK_SECONDS
        if self._stop_at is not None:
            left = min(left, max(0.0, (self._stop_at - self._clock.now()).total_seconds()))
        self._look_later(left)

    def _read(self) -> None:
        """Read the log up to where it ends now, in pieces."""
        end = self._changes.end()
        if self._read_to >= end:
            return
        while self._read_to < end:
            for event in self._changes.read(self._read_to, end, PIECE_CHANGES):
                if isinstance(event, ChangeRun):
                    self._unconfirmed += len(event.operations)
                    self._tables.add(event, self._read_to)
                    if self._tables.bytes >= MOST_BYTES:
                        self._tables.write(everything=True)
                elif isinstance(event, Truncated):
                    self._tables.truncate(event.table)
                elif isinstance(event, Passed):
                    self._tables.pass_over(event)
                elif isinstance(event, Committed):
                    self._read_to = event.position
            if self._read_to < end:
                self._tables.write(everything=True)
                self._confirm()
        if (there := self._changes.tables()) is not None:
            self._tables.drop_missing(there)

    def _confirm(self) -> None:
        """Let the source forget what is in files."""
        position = self._tables.since(self._read_to)
        if self._captured.position is None or position > self._captured.position:
            self._changes.confirm(position)
            self._unconfirmed = 0
            self._confirmed_at = self._clock.now()
            with self._lock:
                self._captured.confirm(position, self._changes.show(position))

    def _end(self, why: str | RunEndedError) -> None:
        with self._lock:
            if self._is_over:
                return
            self._is_over = True
        try:
            self._changes.close()
            self._tables.close()
        finally:
            with self._lock:
                self._finished(why)


def stop_time(position: str | None) -> datetime | None:
    """The time that a `CdcStopPosition` names, UTC; None where there is none. Raises ValueError."""
    if not position:
        return None
    kind, _, moment = position.partition(":")
    if kind != "server_time":
        raise ValueError(position)
    at = datetime.fromisoformat(moment.strip())
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at
