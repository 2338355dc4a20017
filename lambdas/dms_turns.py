"""The turns in which states ask DMS, and what becomes of a state that an API refuses for coming too often."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from botocore.exceptions import ClientError
from pydantic import BaseModel

from fleet.attempt_record import AttemptChange
from fleet.errors import ThrottledError
from fleet.pace import CALLS, Pace, run_pace
from fleet.waits import seconds_since
from lambdas.attempt_context import AttemptRequest, Opened, look_at_attempt
from lambdas.clients.refusals import is_throttled, translate
from lambdas.wiring import Clients

AT_ONCE_SECONDS = 1
"""A turn that comes within this time has come: the bucket's store makes up for it, and a Wait knows whole seconds."""
FIRST_PAUSE_SECONDS = 5
LONGEST_PAUSE_SECONDS = 120
_ONE_EPISODE_SECONDS = 300

Response = TypeVar("Response", bound=BaseModel)


def take_turn(state: str, opened: Opened, clients: Clients) -> int:
    """In how many seconds *state* may make the requests to DMS that it needs for this database; 0: now.

    The turn is kept in the attempt's record: who comes back for it does not queue anew. It is used up by coming.
    """
    now = clients.now()
    if opened.record.turn_of == state:
        left = -seconds_since(opened.record.turn_at, now)
        if left > 0:
            return math.ceil(left)
        clients.ledger.note(opened.attempt, turn_of=None, turn_at=None)
        return 0
    seconds = clients.ledger.take_turn("dms", CALLS[state], pace_of(opened), now)
    if seconds <= AT_ONCE_SECONDS:
        return 0
    at = datetime.fromtimestamp(now.timestamp() + seconds, now.tzinfo)
    clients.ledger.note(opened.attempt, turn_of=state, turn_at=at)
    clients.ledger.add_seconds(opened.attempt, "queued_seconds", math.ceil(seconds))
    return math.ceil(seconds)


def charge(calls: int, pace: Pace, clients: Clients) -> None:
    """Speak for *calls* requests that are made without waiting, so that others wait for them: looks, and stops."""
    clients.ledger.take_turn("dms", calls, pace, clients.now())


def pace_of(opened: Opened) -> Pace:
    """The pace of the run's registry."""
    return run_pace(opened.settings.limits)


def waiting_when_throttled(
    run: Callable[[Any, Clients], Response], answer: type[Response], verdict: str = "wait"
) -> Callable[[Any, Clients], Response]:
    """*run*, which gives *answer* with *verdict* and `wait_seconds` where an API throttled it for longer than it had
    patience.

    The state is then entered again, as after any wait. Past `throttle_deadline_seconds` the error is raised after all.
    """

    def run_patiently(request: AttemptRequest, clients: Clients) -> Response:
        try:
            return run(request, clients)
        except ClientError as error:
            if not is_throttled(error):
                raise
            raised = translate(error)
        except ThrottledError as error:
            raised = error
        seconds = _pause(request, clients)
        if seconds is None:
            raise raised
        return answer(verdict=verdict, wait_seconds=seconds)

    return run_patiently


def _pause(request: AttemptRequest, clients: Clients) -> int | None:
    """Seconds until the state is entered again, the longer the longer it has been throttled; None past the deadline."""
    opened, now = look_at_attempt(request.attempt, clients), clients.now()
    last = opened.record.throttled_at
    is_new = last is None or seconds_since(last, now) > _ONE_EPISODE_SECONDS
    throttled = 0.0 if is_new else seconds_since(opened.record.throttled_since, now)
    change = AttemptChange(throttled_at=now)
    if is_new:
        change["throttled_since"] = now
    clients.ledger.note(opened.attempt, **change)
    if throttled > opened.settings.limits.throttle_deadline_seconds:
        return None
    longest = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS + throttled / 4)
    seconds = math.ceil(FIRST_PAUSE_SECONDS / 2 + longest * clients.jitter())
    clients.ledger.add_seconds(opened.attempt, "throttled_seconds", seconds)
    return seconds
