"""The clock: real, virtual and frozen time, and work that holds it."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime, timedelta

import pytest

from localcloud.clock import Clock

START = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)


@pytest.mark.parametrize("kind", ["virtual", "frozen"])
def test_a_wait_that_nobody_works_through_is_skipped(kind):
    with Clock(kind, start=START) as clock:
        clock.spawn(asyncio.sleep(3600)).result(10)
        assert clock.skipped_seconds >= 3590
        assert clock.now() >= START + timedelta(seconds=3600)


def test_frozen_time_moves_by_exactly_what_is_waited_for():
    async def wait_twice():
        await asyncio.sleep(1.5)
        await asyncio.sleep(30)
        return clock.now()

    with Clock("frozen", start=START) as clock:
        assert clock.spawn(wait_twice()).result(10) == START + timedelta(seconds=31.5)


def test_a_real_clock_skips_nothing():
    with Clock("real") as clock:
        clock.spawn(asyncio.sleep(0.001)).result(10)
        assert clock.skipped_seconds == 0


def test_timers_fire_in_the_order_of_their_times():
    fired = []
    last = threading.Event()

    def fire(name):
        fired.append((name, clock.monotonic()))
        if name == "third":
            last.set()

    async def set_timers():
        for name, seconds in (("third", 30), ("first", 10), ("second", 20)):
            clock.loop.call_later(seconds, fire, name)

    with Clock("frozen") as clock:
        clock.spawn(set_timers()).result(10)
        assert last.wait(10)
    assert fired == [("first", 10), ("second", 20), ("third", 30)]


def test_call_later_may_be_called_from_any_thread():
    called = threading.Event()
    with Clock("frozen") as clock:
        clock.call_later(60, called.set)
        assert called.wait(10)
        assert clock.monotonic() == 60


def test_no_wait_is_skipped_while_work_is_under_way():
    order = []
    begun, release = threading.Event(), threading.Event()

    def work():
        begun.set()
        release.wait(10)
        order.append("work")

    async def wait():
        await asyncio.sleep(10)
        order.append("timer")

    with Clock("frozen") as clock:
        worked = clock.work(work)
        assert begun.wait(10)
        waited = clock.spawn(wait())
        clock.spawn(asyncio.sleep(0)).result(10)  # the loop has turned, with the timer set
        assert clock.monotonic() == 0
        release.set()
        worked.result(10)
        waited.result(10)
    assert order == ["work", "timer"]


def test_a_cancelled_sleeper_does_not_move_the_clock():
    async def cancel_and_wait():
        sleeper = asyncio.create_task(asyncio.sleep(10_000))
        await asyncio.sleep(0)
        sleeper.cancel()
        await asyncio.sleep(1)

    with Clock("frozen") as clock:
        clock.spawn(cancel_and_wait()).result(10)
        assert clock.monotonic() == 1


def test_a_thread_that_waits_for_work_learns_of_its_end_before_time_moves_on():
    async def work_within_no_time():
        for number in range(300):
            async with asyncio.timeout(0.001):
                assert await asyncio.wrap_future(clock.work(lambda each=number: each)) == number

    with Clock("frozen") as clock:
        clock.spawn(work_within_no_time()).result(10)
        assert clock.monotonic() == 0


def test_a_timeout_follows_the_clock():
    async def wait_too_long():
        async with asyncio.timeout(100):
            await asyncio.sleep(1000)

    with Clock("frozen") as clock:
        with pytest.raises(TimeoutError):
            clock.spawn(wait_too_long()).result(10)
        assert clock.monotonic() == 100


def test_the_error_of_work_is_raised_where_it_is_waited_for_and_ends_the_work():
    def fail():
        raise ValueError("no")

    with Clock("frozen") as clock:
        with pytest.raises(ValueError, match="no"):
            clock.work(fail).result(10)
        clock.spawn(asyncio.sleep(5)).result(10)
        assert clock.is_idle()


def test_work_that_nobody_waits_for_any_more_still_holds_the_time_until_it_ends():
    begun, release = threading.Event(), threading.Event()

    def work():
        begun.set()
        release.wait(10)

    async def give_up():
        waiting = asyncio.ensure_future(asyncio.wrap_future(clock.work(work)))
        await asyncio.sleep(0)
        waiting.cancel()

    with Clock("frozen") as clock:
        clock.spawn(give_up()).result(10)
        assert begun.wait(10)
        waited = clock.spawn(asyncio.sleep(7))
        assert not clock.is_idle()
        release.set()
        waited.result(10)
        assert clock.monotonic() == 7


def test_closing_finishes_the_work_under_way_and_lets_it_speak_to_the_loop():
    begun, waiting, closing = threading.Event(), threading.Event(), threading.Event()
    said = []

    def work():
        begun.set()
        closing.wait(10)
        said.append(clock.spawn(asyncio.sleep(0, "heard")).result(10))

    async def wait_for_the_close():
        waiting.set()
        try:
            await asyncio.Event().wait()
        finally:
            closing.set()

    clock = Clock("frozen")
    clock.work(work)
    clock.spawn(wait_for_the_close())
    assert begun.wait(10)
    assert waiting.wait(10)
    clock.close()
    assert said == ["heard"]


def test_closing_leaves_no_task_behind():
    begun = threading.Semaphore(0)

    async def inner():
        begun.release()
        await asyncio.sleep(1000)

    async def outer():
        async with asyncio.TaskGroup() as group:
            group.create_task(inner())
            group.create_task(inner())

    clock = Clock("real")
    running = clock.spawn(outer())
    assert begun.acquire(timeout=10)
    assert begun.acquire(timeout=10)
    clock.close()
    assert running.cancelled()


def test_a_closed_clock_may_be_closed_again():
    clock = Clock("virtual")
    clock.close()
    clock.close()
    assert clock.loop.is_closed()


def test_a_scaled_clock_lets_an_hour_go_by_in_a_moment():
    with Clock("real", start=START, scale=360_000) as clock:
        clock.sleep(3_600)
        assert clock.monotonic() >= 3_600
        assert clock.skipped_seconds == 0


def test_a_clock_that_becomes_real_skips_no_further_wait():
    with Clock("virtual", start=START, scale=1_000) as clock:
        clock.sleep(60)
        clock.kind = "real"
        skipped = clock.skipped_seconds
        clock.sleep(1)
        assert clock.skipped_seconds == skipped


def test_work_that_comes_when_the_program_ends_is_cancelled_and_leaves_no_traceback(monkeypatch):
    def refuse(*_):
        raise RuntimeError("cannot schedule new futures after interpreter shutdown")

    with Clock("virtual", start=START) as clock:
        monkeypatch.setattr("concurrent.futures.ThreadPoolExecutor.submit", refuse)
        assert clock.work(int).cancelled()
