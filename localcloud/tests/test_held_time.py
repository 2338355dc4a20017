"""Time that stops between a test's steps."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from typing import Any

from localcloud.clock import Clock
from localcloud.tests.held_time import HeldTime


class NeverDone(Future[None]):
    """A future that nobody completes; *awaited* is set once somebody waits for it."""

    def __init__(self) -> None:
        super().__init__()
        self.awaited = threading.Event()

    def add_done_callback(self, fn: Callable[[Future[None]], Any]) -> None:
        super().add_done_callback(fn)
        self.awaited.set()


def test_a_clock_closes_though_what_time_was_let_pass_for_has_not_ended() -> None:
    clock, never = Clock(), NeverDone()
    held = HeldTime(clock)

    def wait() -> None:
        with suppress(CancelledError):
            held.until(never)

    waiting = threading.Thread(target=wait, daemon=True)
    waiting.start()
    assert never.awaited.wait(10)
    held.release()
    closing = threading.Thread(target=clock.close, daemon=True)
    closing.start()
    closing.join(10)
    is_closed = not closing.is_alive()
    held.release()
    assert is_closed
