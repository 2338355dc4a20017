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
from fleet.measures import Measured, count_loads
from fleet.waits import seconds_since
from lambdas.attempt_context import AttemptRequest, Opened, look_at_attempt, read_tables
from lambdas.dms_turns import waiting_when_throttled
from lambdas.entrypoint import Model, entrypoint
from lambdas.moving import ask_for_moving, find_moving
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
    if claim.number != opened.attempt.number:
        return Response(verdict="nothing")  # another has it: its tasks may move
    moving = find_moving(opened, clients)
    if isinstance(moving, int):
        return Response(verdict="wait", wait_seconds=moving)
    for identifier, report in (ask_for_moving(opened, clients) if moving else {}).items():
        raise TaskNotAtRestError(
            f"{opened.database.id} cannot be given back: task {identifier!r} is {report.status!r}, not at rest.",
            remedy="Stop the task, then redrive this execution.",
        )
    outcome = clients.ledger.outcome(opened.attempt.run, opened.database.id)
    measured = delta_seconds = None
    is_ours = outcome is not None and outcome.attempt == opened.attempt.number
    is_admitted = is_ours and outcome is not None and outcome.outcome in {"ok", "partial"}
    # A load of which only values were lost took as long as a good one.
    if outcome is not None and outcome.is_whole_load:
        if opened.attempt.mode == "full" and opened.attempt.tables is None:
            measured = _measure(opened, outcome.ended_at, clients)
        # Otherwise its start lies days back; and a sweep takes a delta more than a run without one.
        if outcome.mode == "delta" and outcome.redrive_count == 0 and not outcome.sweep:
            # Of several attempts the first one waited, and is not read: then the wait counts along.
            waited = opened.record.server_wait_seconds
            delta_seconds = max(1.0, seconds_since(outcome.started_at, outcome.ended_at) - waited)
    clients.ledger.release(
        opened.attempt,
        measured=measured,
        delta_seconds=delta_seconds,
        place_at=claim.place_at,
        is_admitted=is_admitted,
    )
    return Response(verdict="released")


def _measure(opened: Opened, ended_at: datetime, clients: Clients) -> Measured:
    """What the next run is planned by. Waiting for turns at an API is no time of the database's own."""
    # From the attempt's start: the execution's lies days back where it was redriven.
    seconds = seconds_since(opened.record.created_at, ended_at)
    waited = opened.record.queued_seconds + opened.record.throttled_seconds
    tables = read_tables(opened.attempt, clients)
    return Measured(
        max(1.0, seconds - waited), *count_loads(opened.server.engine, tables, opened.database.parallel_loads)
    )


handler = entrypoint("ReleaseDatabase", Request, waiting_when_throttled(run, Response))
