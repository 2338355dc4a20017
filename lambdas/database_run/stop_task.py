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
WAIT_SECONDS = 10


class Response(Model):
    """Whether anything still moves."""

    verdict: Literal["at rest", "wait"]
    wait_seconds: int = WAIT_SECONDS


RAISES: tuple[type[FleetError], ...] = (ClaimLostError,)


def run(request: Request, clients: Clients) -> Response:
    """Do nothing to a task at rest, or that does not exist; ask any other to stop, and look again later."""
    opened = open_attempt(request.attempt, clients)
    verdict: Literal["at rest", "wait"] = "at rest"
    for identifier in opened.task_ids:
        report = clients.dms.find_report(identifier)
        if report is not None and not report.is_at_rest:
            if report.status != "stopping":
                clients.dms.stop_task(report.arn)  # refused while it is starting: the next look asks again
            verdict = "wait"
    return Response(verdict=verdict)


handler = entrypoint("StopTask", Request, run)
