"""
Function "Sweep", on a schedule: does what the recorder would have done, where its event was lost.

Takes   Request: the ARN of fleet-run's state machine
Returns Response: what was found and mended
Raises  EmptyRegistryError
"""

from __future__ import annotations

from botocore.exceptions import ClientError

from fleet.errors import EmptyRegistryError, FleetError
from lambdas.clients.refusals import code_of
from lambdas.entrypoint import Model, entrypoint
from lambdas.recorder import end_database, end_run, is_open
from lambdas.wiring import Clients


class Request(Model):
    """What the schedule passes."""

    fleet_run: str


class Response(Model):
    """Databases whose dead holder was dealt with, and runs that were closed."""

    databases: int
    runs: int


RAISES: tuple[type[FleetError], ...] = (EmptyRegistryError,)


def run(request: Request, clients: Clients) -> Response:
    """Never touches what a living execution holds."""
    registry = clients.records.current_registry()
    databases = sum(_sweep_database(database.id, clients) for database in registry.databases)
    runs = 0
    for status in ("FAILED", "TIMED_OUT", "ABORTED"):
        # All that Step Functions remembers (90 days): the ledger tells which of them are closed.
        pages = clients.executions.get_paginator("list_executions").paginate(
            stateMachineArn=request.fleet_run, statusFilter=status
        )
        for one in [run for page in pages for run in page["executions"] if is_open(run, clients)]:
            described = clients.executions.describe_execution(executionArn=one["executionArn"])
            runs += end_run(described, clients).closed
    return Response(databases=databases, runs=runs)


def _sweep_database(database: str, clients: Clients) -> bool:
    holder = clients.ledger.claim(database).get("holder")
    if holder is None:
        return False
    try:
        described = clients.executions.describe_execution(executionArn=holder)
    except ClientError as error:
        if code_of(error) == "ExecutionDoesNotExist":
            return False  # forgotten after 90 days; the next claim takes over
        raise
    if described["status"] == "RUNNING":
        return False
    done = end_database(described, clients)
    return done.guessed or done.tasks_stopped > 0 or done.loads_cancelled > 0


handler = entrypoint("Sweep", Request, run)
