"""One time for the whole local cloud: real, or virtual (a wait that nobody works through is skipped).

Everything local that waits does so on one event loop, in one thread. Work (a handler, a table being copied) runs in a
pool and is counted while it is under way. The virtual clock moves on to the next timer only when nothing is under way,
so a night's waits cost nothing while its work costs what it costs.
"""

from __future__ import annotations

import asyncio
import selectors
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, Literal, Self

from localcloud.clock_reading import Reading

Kind = Literal["real", "virtual", "frozen"]
_MOST_THREADS = 64
"""Those that work and those that pause in their work."""


class Clock:
    """Time, timers and work for one local cloud.

    *kind*: ``real`` waits as AWS would; ``virtual`` flows while something works and skips waits; ``frozen`` moves by
    skipped waits only, so that a test sees the same times on any machine. *scale*: how many of the clock's seconds
    flow in a real one. `kind` may be changed at any time.
    """

    def __init__(
        self, kind: Kind = "virtual", *, start: datetime | None = None, workers: int = 16, scale: float = 1
    ) -> None:
        self.kind: Kind = kind
        self.scale = scale
        self.skipped_seconds = 0.0
        self._under_way = 0
        self._lock = threading.Lock()
        self._origin = time.monotonic()
        self._start = start or datetime.fromtimestamp(time.time(), UTC)  # noqa: TID251  the one place that reads it
        self._pool = ThreadPoolExecutor(_MOST_THREADS, thread_name_prefix="cloud")
        self._workers = threading.Semaphore(workers)
        self._of_thread = threading.local()
        self.loop = _Loop(self)
        self._thread = threading.Thread(target=self._run, name="clock", daemon=True)
        self._thread.start()

    def monotonic(self) -> float:
        """Seconds since this clock was made, on its own time."""
        return self.reading().monotonic()

    def now(self) -> datetime:
        """The moment, aware UTC."""
        return self.reading().now()

    def reading(self) -> Reading:
        """Where this clock is, for another process."""
        return Reading(self._start, self._origin, 0.0 if self.kind == "frozen" else self.scale, self.skipped_seconds)

    def call_later(self, seconds: float, callback: Callable[..., object], *args: object) -> None:
        """Call *callback* on the clock's thread in *seconds*; it must be short. Safe from any thread."""
        self.loop.call_soon_threadsafe(lambda: self.loop.call_later(seconds, callback, *args))

    def work(self, function: Callable[..., Any], *args: Any) -> Future[Any]:
        """Run *function* in the pool; until it ends, no wait is skipped. Safe from any thread.

        When a person has ended the program, it is not run: its future is cancelled, and nobody waits for it any more.
        """
        let_go = self.hold()
        future: Future[Any] = Future()

        def run() -> None:
            # The one who waits is woken (a byte in the loop's pipe) before the hold ends: `_Selector` relies on it.
            self._workers.acquire()
            self._of_thread.is_working = True
            try:
                try:
                    result = function(*args)
                except BaseException as error:  # noqa: BLE001  handed to the one who waits for the future
                    future.set_exception(error)
                else:
                    future.set_result(result)
            finally:
                self._of_thread.is_working = False
                self._workers.release()
                let_go()

        try:
            self._pool.submit(run)
        except RuntimeError as error:
            let_go()
            if "interpreter shutdown" not in str(
                error
            ):  # after `close` who asks must hear of it, to let go what it has
                raise
            future.cancel()
        return future

    def hold(self) -> Callable[[], None]:
        """Until the function that comes back is called, once, no wait is skipped: something works elsewhere than in
        the pool. Safe from any thread.
        """
        with self._lock:
            self._under_way += 1
        return self._let_go

    def _let_go(self) -> None:
        with self._lock:
            self._under_way -= 1
        self.loop.call_soon_threadsafe(lambda: None)

    def spawn(self, coroutine: Coroutine[Any, Any, Any]) -> Future[Any]:
        """Start *coroutine* on the clock's loop. Safe from any thread but the clock's own."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop)

    def sleep(self, seconds: float) -> None:
        """Return when the clock has moved on by *seconds*. Not from the clock's own thread, nor from work."""
        self.spawn(asyncio.sleep(seconds)).result()

    def pause(self, seconds: float) -> None:
        """From work: let *seconds* pass as one who waits, so that others work and the clock may skip the time. From
        elsewhere no time passes: a test that calls a function by hand moves the clock itself.
        """
        if not getattr(self._of_thread, "is_working", False):
            return
        over = threading.Event()

        def end() -> None:
            self.hold()  # on the clock's thread: nothing is skipped before the work goes on
            over.set()

        self.call_later(seconds, end)
        self._let_go()
        self._workers.release()
        over.wait()
        self._workers.acquire()

    def is_idle(self) -> bool:
        """Whether no work is under way."""
        with self._lock:
            return self._under_way == 0

    def close(self) -> None:
        """Cancel what waits, finish the work under way, stop. Work may still ask the loop until it is finished."""
        if self.loop.is_running():
            self.spawn(_cancel_others()).result()
        self._pool.shutdown(wait=True)
        if self.loop.is_running():
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join()
        if not self.loop.is_closed():
            self.loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()
        self.loop.run_until_complete(_cancel_others())


async def _cancel_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    if others:
        await asyncio.wait(others)


class _Loop(asyncio.SelectorEventLoop):
    """asyncio on the clock's time: `asyncio.sleep` and `asyncio.timeout` follow it."""

    def __init__(self, clock: Clock) -> None:
        self._clock_of_loop = clock
        super().__init__(_Selector(clock))
        # A timer counts as due this much early. asyncio's own 1e-9 is lost in a float of a hundred days' seconds, and
        # a time that does not flow would never get past it.
        self._clock_resolution = 1e-6

    def time(self) -> float:
        return self._clock_of_loop.monotonic()


class _Selector(selectors.DefaultSelector):
    """Waits like its parent, except that a virtual clock skips a wait while no work is under way."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if self._clock.kind == "real" or timeout is None or timeout <= 0:
            return super().select(timeout and timeout / self._clock.scale)
        if ready := super().select(0):
            return ready
        if not self._clock.is_idle():
            # Frozen time does not flow, so a timer cannot be what ends this wait.
            return super().select(None if self._clock.kind == "frozen" else timeout / self._clock.scale)
        # Idle, and the last to finish has written to the pipe before the count dropped: look once more.
        if ready := super().select(0):
            return ready
        self._clock.skipped_seconds += timeout
        return []
