"""
State "ReleaseDatabase" of database-run.asl.json: gives the database back, with its tasks at rest.

Takes   AttemptRequest
Returns Response: whether there was something to give back
Raises  TaskNotAtRestError
"""

from __future__ import annotations

from datetime import datetime

from fleet.errors import FleetError, TaskNotAtRestError
from lambdas.entrypoint import Model, entrypoint
from lambdas.opened import AttemptRequest, look_at_attempt
from lambdas.wiring import Clients

Request = AttemptRequest


class Response(Model):
    """False for an execution that holds nothing."""

    released: bool


RAISES: tuple[type[FleetError], ...] = (TaskNotAtRestError,)


def run(request: Request, clients: Clients) -> Response:
    """Clear the holder if it is us, and keep the number; released again, nothing changes."""
    if request.attempt.number == 0:
        return Response(released=False)
    opened = look_at_attempt(request.attempt, clients)
    claim = clients.ledger.claim(opened.database.id)
    if claim.get("number") != opened.attempt.number:
        return Response(released=False)  # another has it: its tasks may move
    for identifier, report in clients.dms.find_moving(opened.task_ids).items():
        raise TaskNotAtRestError(
            f"{opened.database.id} cannot be given back: task {identifier!r} is {report.status!r}, not at rest.",
            remedy="Stop the task, then redrive this execution.",
        )
    outcome = clients.ledger.outcome(opened.attempt.run, opened.database.id)
    seconds = None
    if outcome.get("outcome") == "ok" and opened.attempt.tables is None:
        # From the attempt's start: the execution's lies days back where it was redriven.
        seconds = round(opened.seconds_since("created_at", datetime.fromisoformat(outcome["ended_at"])))
    clients.ledger.release(opened.attempt, seconds=seconds)
    return Response(released=True)


handler = entrypoint("ReleaseDatabase", Request, run)
