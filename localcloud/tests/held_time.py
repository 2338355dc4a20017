"""Time that stops between a test's steps."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable
from concurrent.futures import Future
from typing import Any

from localcloud.clock import Clock


class HeldTime:
    """Keeps a cloud's clock from skipping waits, but for the moments in which a test lets time pass."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._is_over = False
        self._hold()

    def pass_seconds(self, seconds: float) -> None:
        """Let so many seconds pass, with all that happens in them."""
        self._pass(asyncio.sleep(seconds))

    def until(self, future: Future[Any]) -> Any:
        """Let time pass until *future* is done; its result."""

        async def done() -> Any:
            return await asyncio.wrap_future(future)

        return self._pass(done())

    def release(self) -> None:
        """Let time run from now on, even if something that time was let pass for has not ended."""
        self._is_over = True
        self._released.set()

    def _hold(self) -> None:
        # For the clock this is work under way, during which it skips nothing.
        self._released = threading.Event()
        self._clock.work(self._released.wait)
        if self._is_over:  # a test that gave up waiting has ended meanwhile: the clock must be able to close
            self._released.set()

    def _pass(self, awaited: Awaitable[Any]) -> Any:
        return self._clock.spawn(self._while_passing(awaited)).result(
            timeout=600
        )  # a slow machine's, so that a deadlock ends at all

    async def _while_passing(self, awaited: Awaitable[Any]) -> Any:
        self._released.set()
        try:
            return await awaited
        finally:
            self._hold()  # on the clock's own thread: nothing is skipped before it
