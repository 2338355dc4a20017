"""An account runs so many functions at once: what comes beyond is refused, or waits where nobody waits for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from localcloud.clock import Clock
from localcloud.lambda_service.event_queue import EventQueue
from localcloud.lambda_service.places import NoPlaceError, Places
from localcloud.tests.stepfunctions.stepfunctions_lab import LONG, Gate, Lab, call, each

RETRY = {"ErrorEquals": ["Lambda.TooManyRequestsException"], "IntervalSeconds": 1, "MaxAttempts": 99, "BackoffRate": 1}


@pytest.fixture
def clock() -> Iterator[Clock]:
    with Clock("frozen") as opened:
        yield opened


def test_a_place_that_was_given_back_is_taken_again(clock: Clock) -> None:
    places = Places(clock, 2)
    one, _ = places.take(), places.take()
    with pytest.raises(NoPlaceError, match=r"Lambda\.TooManyRequestsException"):
        places.take()
    one.give_back()
    places.take()


def test_a_function_holds_its_place_for_the_seconds_that_are_stated(clock: Clock) -> None:
    places = Places(clock, 1, seconds=5)
    let_go = clock.hold()
    with places.held():
        pass
    with pytest.raises(NoPlaceError):
        places.take()
    let_go()
    clock.sleep(6)
    places.take()


def test_an_event_that_nobody_waits_for_is_delivered_once_there_is_a_place(clock: Clock) -> None:
    places, heard, arrived = Places(clock, 1), [], threading.Event()

    def invoke(arn: str, event: Any) -> None:
        heard.append((arn, event, clock.monotonic()))
        arrived.set()

    place = places.take()
    let_go = clock.hold()
    EventQueue(clock, places, invoke).send("arn", "event")
    clock.call_later(10, place.give_back)
    assert heard == []
    let_go()
    assert arrived.wait(LONG)
    (call,) = heard
    assert call[:2] == ("arn", "event")
    assert call[2] >= 10


def test_an_event_that_finds_no_place_in_six_hours_is_lost_and_the_log_says_so(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    places = Places(clock, 1)
    places.take()
    EventQueue(clock, places, lambda _, event: event).send("arn:lost", "event")
    clock.sleep(7 * 3600)
    assert "an event for arn:lost is lost: no place for it in six hours" in caplog.text


@pytest.fixture
def lab() -> Iterator[Lab]:
    """An engine whose account runs two functions at once, each for ten seconds."""
    with Lab(lambda_at_once=2, lambda_seconds=10) as opened:
        yield opened


def test_a_state_whose_function_finds_no_place_fails_by_that_name_and_may_be_retried(lab: Lab) -> None:
    lab.functions["f"] = lambda event: event
    ended = lab.run({"M": each(call("f", Retry=[RETRY]))}, [1, 2, 3, 4, 5])
    assert ended["output"] == "[1,2,3,4,5]"
    refused = [
        event["lambdaFunctionFailedEventDetails"]["error"]
        for event in lab.history()
        if event["type"] == "LambdaFunctionFailed"
    ]
    assert set(refused) == {"Lambda.TooManyRequestsException"}
    # Two at a time, ten seconds each, and a second between two tries.
    assert sorted(map(int, lab.seconds_of("LambdaFunctionSucceeded"))) == [10, 10, 20, 20, 30]


def test_functions_that_wait_for_a_worker_hold_their_places_already() -> None:
    with Lab(lambda_at_once=1) as lab:
        gate = lab.functions["f"] = Gate()
        lab.create("m", {"A": call("f")})
        first = lab.begin("m", name="one")
        gate.wait_for(1)
        second = lab.begin("m", name="two")
        assert lab.finish(second)["error"] == "Lambda.TooManyRequestsException"
        gate.open()
        assert lab.finish(first)["status"] == "SUCCEEDED"
