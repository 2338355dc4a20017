"""Tables on their way into their files beside requests, so that little is left when the account is closed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor


class Writeback:
    """Calls *checkpoint* on a thread of its own, after each *every* requests that have ended; where it answers false,
    which says that it was not let, after the next request again.
    """

    def __init__(self, checkpoint: Callable[[], bool], every: int) -> None:
        self._checkpoint = checkpoint
        self._every = every
        self._pool = ThreadPoolExecutor(1)
        self._lock = threading.Lock()
        self._ended = 0
        self._is_under_way = False
        self._is_closed = False

    def count(self) -> None:
        """A request has ended."""
        with self._lock:
            self._ended += 1
            if self._ended >= self._every and not self._is_under_way and not self._is_closed:
                self._is_under_way = True
                self._pool.submit(self._bring, self._ended)

    def close(self) -> None:
        """Begin nothing more, and wait for what is under way."""
        with self._lock:
            self._is_closed = True
        self._pool.shutdown()

    def _bring(self, ended: int) -> None:
        is_brought = self._checkpoint()
        with self._lock:
            self._ended -= ended if is_brought else 0
            self._is_under_way = False
