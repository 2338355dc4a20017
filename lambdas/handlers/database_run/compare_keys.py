"""
State "CompareKeys" of database-run.asl.json: compares the keys of source and warehouse after a delta, and removes rows
that a second comparison finds too many.

Takes   AttemptRequest
Returns Response: `wait` while some of it is left, `compared` when it is over
Raises  ClaimLostError, ThrottledError, TransientError
"""

from __future__ import annotations

from typing import Literal

from fleet.errors import ClaimLostError, FleetError, ThrottledError, TransientError
from lambdas.attempt_context import AttemptRequest, open_attempt
from lambdas.entrypoint import Model, entrypoint
from lambdas.key_sweeps import go_on
from lambdas.wiring import Clients

Request = AttemptRequest


class Response(Model):
    """Whether the comparison is over, and how long to wait before it goes on."""

    verdict: Literal["wait", "compared"]
    wait_seconds: int = 0


RAISES: tuple[type[FleetError], ...] = (ClaimLostError, ThrottledError, TransientError)


def run(request: Request, clients: Clients) -> Response:
    """Go on with the comparison. Entered again after its end, it changes nothing."""
    opened = open_attempt(request.attempt, clients)
    if opened.record.compared_at is not None or go_on(opened, clients):
        return Response(verdict="compared")
    return Response(verdict="wait", wait_seconds=opened.plan.load_poll_seconds)


handler = entrypoint("CompareKeys", Request, run)
