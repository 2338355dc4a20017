"""
State "StopTask" of database-run.asl.json: brings both tasks of the database to rest.

Takes   AttemptRequest
Returns Response: `at rest`, or `wait` while one stops
Raises  ClaimLostError
"""

from __future__ import annotations

from typing import Literal

from fleet.errors import ClaimLostError, FleetError
from lambdas.entrypoint import Model, entrypoint
from lambdas.opened import AttemptRequest, open_attempt
from lambdas.wiring import Clients

Request = AttemptRequest


class Response(Model):
    """Whether anything still moves."""

    verdict: Literal["at rest", "wait"]
    wait_seconds: int


RAISES: tuple[type[FleetError], ...] = (ClaimLostError,)


def run(request: Request, clients: Clients) -> Response:
    """Do nothing to a task at rest, or that does not exist; ask any other to stop, and look again later."""
    opened = open_attempt(request.attempt, clients)
    moving = clients.dms.find_moving(opened.task_ids).values()
    for report in moving:
        if report.status != "stopping":
            clients.dms.stop_task(report.arn)  # refused while it is starting: the next look asks again
    return Response(verdict="wait" if moving else "at rest", wait_seconds=opened.plan.poll_seconds)


handler = entrypoint("StopTask", Request, run)
