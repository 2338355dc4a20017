"""Functions of another process, called over a connection: here both ends are in this one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import Pipe
from typing import Any

import pytest

from localcloud.process_rpc import Peer, ProcessEndedError, call_alone, hang_up, serve, serve_alone
from localcloud.snowflake.errors import SnowflakeError

SECONDS = 10


@contextmanager
def calling(**functions: Callable[..., Any]) -> Iterator[Peer]:
    ours, theirs = Pipe()
    with ThreadPoolExecutor(4) as pool:
        serving = threading.Thread(target=serve, args=(theirs, functions, pool))
        serving.start()
        peer = Peer("The other end", ours)
        try:
            yield peer
        finally:
            peer.close()
            serving.join(SECONDS)
            assert not serving.is_alive()


def refuse() -> None:
    raise SnowflakeError("002003", "42S02", "no such table")


def test_a_call_returns_what_the_function_returns():
    with calling(add=lambda one, other: one + other) as peer:
        assert peer.call("add", 2, 3) == 5


def test_an_error_keeps_its_class_and_fields_and_says_where_it_was_raised():
    with calling(refuse=refuse) as peer, pytest.raises(SnowflakeError) as raised:
        peer.call("refuse")
    assert (raised.value.code, raised.value.state, raised.value.message) == ("002003", "42S02", "no such table")
    assert any("in refuse" in note for note in raised.value.__notes__)


def test_a_call_that_waits_does_not_hold_up_another():
    may_end = threading.Event()
    with calling(wait=lambda: may_end.wait(SECONDS), answer=lambda: 42) as peer:
        waiting = peer.ask("wait")
        assert peer.call("answer") == 42
        may_end.set()
        assert waiting.result(SECONDS) is True


def test_calls_fail_by_name_when_the_other_end_is_gone():
    ours, theirs = Pipe()
    peer = Peer("The other end", ours)
    under_way = peer.ask("never")
    hang_up(theirs)
    with pytest.raises(ProcessEndedError, match="The other end: its process has ended"):
        under_way.result(SECONDS)
    with pytest.raises(ProcessEndedError):
        peer.ask("never").result(SECONDS)
    peer.close()


def test_one_call_after_the_other_needs_no_thread_of_the_caller():
    ours, theirs = Pipe()
    serving = threading.Thread(target=serve_alone, args=(theirs, {"double": lambda n: 2 * n, "refuse": refuse}))
    serving.start()
    assert call_alone(ours, "double", 21) == 42
    with pytest.raises(SnowflakeError):
        call_alone(ours, "refuse")
    assert call_alone(ours, "double", 1) == 2
    hang_up(ours)
    serving.join(SECONDS)
    assert not serving.is_alive()
