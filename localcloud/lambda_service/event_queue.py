"""Lambda's own queue: events whose sender waits for no answer wait there for a place.

Source: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html (six hours, with pauses from
one second to five minutes)
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from localcloud.clock import Clock
from localcloud.errors import FunctionError
from localcloud.lambda_service.places import NoPlaceError, Places

_log = logging.getLogger(__name__)
_LONGEST_PAUSE_SECONDS = 300
_MOST_TRIES = 79  # pauses that double from one second on fill six hours with so many


class EventQueue:
    """Calls functions by *invoke* as soon as there is a place for them."""

    def __init__(self, clock: Clock, places: Places, invoke: Callable[[str, Any], Any]) -> None:
        self._clock = clock
        self._places = places
        self._invoke = invoke

    def send(self, arn: str, event: Any, tried: int = 0) -> None:
        """Call *arn* now, or let the event wait. Raises FunctionError if it was called now and failed."""
        try:
            with self._places.held():
                self._invoke(arn, event)
        except NoPlaceError:
            if tried == _MOST_TRIES:
                _log.error("an event for %s is lost: no place for it in six hours", arn)
                return
            pause = min(2.0**tried, _LONGEST_PAUSE_SECONDS)
            self._clock.call_later(pause, self._clock.work, self._send_again, arn, event, tried + 1)

    def _send_again(self, arn: str, event: Any, tried: int) -> None:
        try:
            self.send(arn, event, tried)
        except FunctionError:  # its sender has gone
            _log.exception("the function %s failed on an event that had waited", arn)
