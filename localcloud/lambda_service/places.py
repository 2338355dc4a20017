"""How many functions the account runs at once. What comes beyond that is refused at once, and not queued.

Source: https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from localcloud.clock import Clock
from localcloud.errors import FunctionError
from localcloud.quotas import LAMBDA_AT_ONCE

_REFUSED = "Rate Exceeded. (Service: AWSLambda; Status Code: 429; Error Code: TooManyRequestsException)"


class NoPlaceError(FunctionError):
    """The account runs as many functions as it may."""

    def __init__(self) -> None:
        super().__init__("Lambda.TooManyRequestsException", _REFUSED)


class Place:
    """The place of one invocation, from its arrival on."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._clock = places.clock
        self._ends_at = self._clock.monotonic() + places.seconds

    def left_seconds(self) -> float:
        """How much longer it is held, however fast the function was here."""
        return max(0.0, self._ends_at - self._clock.monotonic())

    def give_back(self) -> None:
        """The function has ended: give the place back once its time is over."""
        if left := self.left_seconds():
            self._clock.call_later(left, self._places.free)
        else:
            self._places.free()


class Places:
    """*at_once*: how many there are. *seconds*: how long an invocation holds its place on the clock, at least: here a
    function takes no time on a clock that skips its waits, and thousands would share one place."""

    def __init__(self, clock: Clock, at_once: int = LAMBDA_AT_ONCE.value, seconds: float = 0) -> None:
        self.clock = clock
        self.at_once = at_once
        self.seconds = seconds
        self._held = 0
        self._lock = threading.Lock()

    def take(self) -> Place:
        """A place for one invocation; NoPlaceError if none is free."""
        with self._lock:
            if self._held >= self.at_once:
                raise NoPlaceError
            self._held += 1
        return Place(self)

    @contextmanager
    def held(self) -> Iterator[None]:
        """A place, while a function runs. Who called it does not wait until the place is free."""
        place = self.take()
        try:
            yield
        finally:
            place.give_back()

    def free(self) -> None:
        """One place less is held."""
        with self._lock:
            self._held -= 1
