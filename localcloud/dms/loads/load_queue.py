"""Whose segment is loaded next: that of the task that began first, however many tasks run.

If all took turns, all would end together at the very last; so the first can be handed off while others are loaded.
How DMS divides an instance among its tasks is not documented.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable

from localcloud.clock import Clock

# Of the clock's workers: the others are for the functions, which would wait behind a whole fleet's tables.
_AT_ONCE = 3


class LoadQueue:
    """The segments that wait to be loaded, of all tasks."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: list[tuple[int, int, Callable[[], None], Callable[[], None]]] = []
        self._order = itertools.count()
        self._loading = 0
        self._lock = threading.Lock()

    def ask(self, rank: int, load: Callable[[], None], give_up: Callable[[], None]) -> None:
        """Call *load* in the pool when it is its turn, lower *rank* first; *give_up* once the clock is closed."""
        with self._lock:
            heapq.heappush(self._waiting, (rank, next(self._order), load, give_up))
            if self._loading == _AT_ONCE:
                return
            self._loading += 1
        self._give_turn()

    def _give_turn(self) -> None:
        try:
            self._clock.work(self._take)
        except RuntimeError:  # the pool is shut: the cloud was closed in the middle of a load
            with self._lock:
                waiting, self._waiting = self._waiting, []
                self._loading -= 1
            for *_, give_up in waiting:
                give_up()

    def _take(self) -> None:
        with self._lock:
            if not self._waiting:  # others have taken what there was when this turn was given
                self._loading -= 1
                return
            *_, load, _ = heapq.heappop(self._waiting)
        try:
            load()
        finally:  # at the end of the pool's own queue: a function that waits there comes first
            self._give_turn()
