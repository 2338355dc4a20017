"""
State "ReleaseDatabase" of database-run.asl.json: gives the database back, with its tasks at rest.

Takes   AttemptRequest
Returns Response: `released`; `nothing` where there was nothing to give back; `wait` until the tasks can be looked at
Raises  TaskNotAtRestError
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from fleet.errors import FleetError, TaskNotAtRestError
from lambdas.entrypoint import Model, entrypoint
from lambdas.moving import find_moving
from lambdas.opened import AttemptRequest, look_at_attempt
from lambdas.turns import waiting_when_throttled
from lambdas.wiring import Clients

Request = AttemptRequest


class Response(Model):
    """*nothing*: of an execution that holds nothing."""

    verdict: Literal["released", "nothing", "wait"]
    wait_seconds: int = 0


RAISES: tuple[type[FleetError], ...] = (TaskNotAtRestError,)


def run(request: Request, clients: Clients) -> Response:
    """Clear the holder if it is us, give its place at the server back, and keep the number; released again, nothing
    changes."""
    if request.attempt.number == 0:
        return Response(verdict="nothing")
    opened = look_at_attempt(request.attempt, clients)
    claim = clients.ledger.claim(opened.database.id)
    if claim.get("number") != opened.attempt.number:
        return Response(verdict="nothing")  # another has it: its tasks may move
    moving = find_moving(opened, clients)
    if isinstance(moving, int):
        return Response(verdict="wait", wait_seconds=moving)
    for identifier, report in moving.items():
        raise TaskNotAtRestError(
            f"{opened.database.id} cannot be given back: task {identifier!r} is {report.status!r}, not at rest.",
            remedy="Stop the task, then redrive this execution.",
        )
    outcome = clients.ledger.outcome(opened.attempt.run, opened.database.id)
    seconds = None
    if outcome.get("outcome") == "ok" and opened.attempt.tables is None:
        # From the attempt's start: the execution's lies days back where it was redriven.
        seconds = round(opened.seconds_since("created_at", datetime.fromisoformat(outcome["ended_at"])))
    clients.ledger.release(opened.attempt, seconds=seconds, place_at=claim.get("place_at", ""))
    return Response(verdict="released")


def _later(seconds: int) -> Response:
    return Response(verdict="wait", wait_seconds=seconds)


handler = entrypoint("ReleaseDatabase", Request, waiting_when_throttled(run, _later))
