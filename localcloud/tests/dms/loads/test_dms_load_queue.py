"""Whose segment is loaded next."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any, cast

from localcloud.clock import Clock
from localcloud.dms.loads.load_queue import LoadQueue


def never() -> None:
    raise AssertionError("it was given up")


class Pool:
    """As much of the clock as hands out work: here it is done when the test says so."""

    def __init__(self) -> None:
        self.under_way: deque[Callable[[], None]] = deque()

    def work(self, function: Callable[[], None]) -> None:
        self.under_way.append(function)


def test_the_task_that_began_first_loads_first_and_three_segments_are_under_way_at_once():
    loaded: list[tuple[int, int]] = []
    pool = Pool()
    queue = LoadQueue(cast(Any, pool))
    for each in [(2, 1), (2, 2), (2, 3), (1, 1), (0, 1), (1, 2), (0, 2), (0, 3)]:
        queue.ask(each[0], lambda each=each: loaded.append(each), never)
    assert len(pool.under_way) == 3
    while pool.under_way:
        pool.under_way.popleft()()
        assert len(pool.under_way) <= 3
    assert loaded == [(0, 1), (0, 2), (0, 3), (1, 1), (1, 2), (2, 1), (2, 2), (2, 3)]


def test_what_waits_when_the_clock_closes_is_given_up():
    given_up = threading.Event()
    clock = Clock("frozen")
    queue = LoadQueue(clock)
    clock.close()
    queue.ask(0, never, given_up.set)
    assert given_up.is_set()
