"""When tables are brought into their files beside requests."""

from __future__ import annotations

import queue
import threading

import pytest

from localcloud.snowflake.writeback import Writeback


class _Checkpoints:
    """Those that were begun; each ends with the answer that the test gives it."""

    def __init__(self) -> None:
        self.begun: queue.SimpleQueue[None] = queue.SimpleQueue()
        self.answers: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self.count = 0

    def __call__(self) -> bool:
        self.count += 1
        self.begun.put(None)
        return self.answers.get(timeout=10)


@pytest.fixture
def checkpoints() -> _Checkpoints:
    return _Checkpoints()


def test_each_so_many_requests_begin_one_checkpoint_whatever_ends_beside_it(checkpoints: _Checkpoints) -> None:
    writeback = Writeback(checkpoints, 3)
    for _ in range(3):
        writeback.count()
    checkpoints.begun.get(timeout=10)
    for _ in range(5):  # beside the first, which is still under way
        writeback.count()
    assert checkpoints.count == 1
    checkpoints.answers.put(True)
    writeback.close()
    assert checkpoints.count == 1


def test_a_checkpoint_that_was_not_let_comes_again_with_the_next_request() -> None:
    turned_away, let = threading.Event(), threading.Event()

    def checkpoint() -> bool:
        if not turned_away.is_set():
            turned_away.set()
            return False
        let.set()
        return True

    writeback = Writeback(checkpoint, 2)
    writeback.count()
    assert not turned_away.is_set()
    writeback.count()
    assert turned_away.wait(10)
    while not let.is_set():  # the first may have reported its end only after this request's
        writeback.count()
    writeback.close()


def test_nothing_begins_once_it_is_closed(checkpoints: _Checkpoints) -> None:
    writeback = Writeback(checkpoints, 1)
    writeback.close()
    writeback.count()
    assert checkpoints.count == 0
