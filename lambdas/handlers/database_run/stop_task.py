"""
State "StopTask" of database-run.asl.json: brings both tasks of the database to rest.

Takes   AttemptRequest
Returns Response: `at rest`; `wait` while one stops; `given up` with the failure noted
Raises  ClaimLostError
"""

from __future__ import annotations

from typing import Literal

from fleet.errors import ClaimLostError, FleetError
from fleet.failures import Failure
from fleet.waits import Wait
from lambdas.attempt_context import AttemptRequest, open_attempt, refuse
from lambdas.dms_turns import charge, pace_of, waiting_when_throttled
from lambdas.entrypoint import Model, entrypoint
from lambdas.moving import find_moving
from lambdas.waiting import keep_waiting
from lambdas.wiring import Clients

Request = AttemptRequest


class Response(Model):
    """Whether anything still moves."""

    verdict: Literal["at rest", "wait", "given up"]
    wait_seconds: int = 0


RAISES: tuple[type[FleetError], ...] = (ClaimLostError,)


def run(request: Request, clients: Clients) -> Response:
    """Do nothing to a task at rest, or that does not exist; ask any other to stop, and look again later.

    Given up, the database keeps its claim: ReleaseDatabase refuses while a task moves.
    """
    opened = open_attempt(request.attempt, clients)
    moving = find_moving(opened, clients)
    if isinstance(moving, int):
        return Response(verdict="wait", wait_seconds=moving)
    if not moving:
        return Response(verdict="at rest")
    is_asked = False
    for report in moving.values():
        if report.status != "stopping":
            charge(1, pace_of(opened), clients)
            clients.dms.stop_task(report.arn)  # refused while it is starting: the next look asks again
            is_asked = True
    if is_asked:
        clients.ledger.note(opened.attempt, stop_asked_at=clients.now())
    identifier, report = next(iter(moving.items()))
    missing = f"task {identifier!r} is {report.status!r} and did not come to rest"
    left = keep_waiting(opened, Wait("TaskDoesNotStop", missing, "stop_deadline_seconds"), clients)
    if isinstance(left, Failure):
        return refuse(opened, left, clients, Response, verdict="given up")
    return Response(verdict="wait", wait_seconds=left)


handler = entrypoint("StopTask", Request, waiting_when_throttled(run, Response))
