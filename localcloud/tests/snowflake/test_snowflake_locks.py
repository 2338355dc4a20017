"""Locks of tables."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from localcloud.snowflake.locks import Key, Locks

A: Key = ("RAW", "S", "A")
B: Key = ("RAW", "S", "B")


def test_a_second_writer_of_a_table_waits_for_the_first() -> None:
    locks, order = Locks(), list[str]()
    waiting, never = threading.Event(), threading.Event()

    def second() -> None:
        waiting.set()
        with locks.holding(frozenset({A, B}), cancelled=never):
            order.append("second")

    with ThreadPoolExecutor(1) as pool:
        with locks.holding(frozenset({B}), cancelled=never):
            future = pool.submit(second)
            waiting.wait()
            order.append("first")
        future.result()
    assert order == ["first", "second"]


def test_writers_of_two_tables_do_not_wait_for_each_other() -> None:
    locks, never, entered = Locks(), threading.Event(), list[Key]()
    with locks.holding(frozenset({A}), cancelled=never), locks.holding(frozenset({B}), cancelled=never):
        entered += [A, B]
    assert entered == [A, B]


def test_who_waits_is_let_go_without_the_lock_when_cancelled() -> None:
    locks, cancelled, never = Locks(), threading.Event(), threading.Event()

    def second() -> bool:
        with locks.holding(frozenset({A}), cancelled=cancelled):
            return cancelled.is_set()

    with ThreadPoolExecutor(1) as pool, locks.holding(frozenset({A}), cancelled=never):
        future = pool.submit(second)
        cancelled.set()
        locks.wake()
        assert future.result()
    with locks.holding(frozenset({A}), cancelled=never):
        assert cancelled.is_set()
