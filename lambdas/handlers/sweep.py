"""
Function "Sweep", on a schedule: does what the recorder would have done, where its event was lost, and gives back what
dead executions hold of the places at servers.

Takes   Request: the ARN of fleet-run's state machine
Returns Response: what was found and mended
Raises  EmptyRegistryError
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from fleet.claims import LONGEST_LAMBDA
from fleet.databases import Registry
from fleet.errors import EmptyRegistryError, FleetError
from fleet.names import task_ids
from lambdas.clients.refusals import code_of
from lambdas.ended_executions import end_database, end_run, is_open
from lambdas.entrypoint import Model, entrypoint
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
    databases = sum(
        _sweep_database(database, registry.settings.prefix, clients) for database in _known(registry, clients)
    )
    runs = 0
    for status in ("FAILED", "TIMED_OUT", "ABORTED"):
        # All that Step Functions remembers (90 days): the ledger says which of them are closed.
        pages = clients.executions.get_paginator("list_executions").paginate(
            stateMachineArn=request.fleet_run, statusFilter=status
        )
        for one in [run for page in pages for run in page["executions"] if is_open(run, clients)]:
            described = clients.executions.describe_execution(executionArn=one["executionArn"])
            runs += end_run(described, clients).closed
    return Response(databases=databases, runs=runs)


def _known(registry: Registry, clients: Clients) -> list[str]:
    """The registry's databases, and those that left it and still have a place at a server."""
    placed = {database for server in registry.servers for database in clients.places.look(server.id).databases}
    return sorted({database.id for database in registry.databases} | placed)


def _sweep_database(database: str, prefix: str, clients: Clients) -> bool:
    claim = clients.ledger.claim(database)
    holder = claim.get("holder")
    if holder is None:
        return False
    try:
        described = clients.executions.describe_execution(executionArn=holder)
    except ClientError as error:
        if code_of(error) == "ExecutionDoesNotExist":  # forgotten after 90 days; the next claim takes over
            return _give_place_back(database, claim, None, prefix, clients)
        raise
    if described["status"] == "RUNNING":
        return False
    done = end_database(described, clients)
    is_given_back = _give_place_back(database, claim, described["stopDate"], prefix, clients)
    return done.guessed or done.tasks_stopped > 0 or done.loads_cancelled > 0 or is_given_back


def _give_place_back(
    database: str, claim: Mapping[str, Any], ended_at: datetime | None, prefix: str, clients: Clients
) -> bool:
    """Free the server of a dead execution, once no function of it can act and nothing moves. The claim stays."""
    if "place_at" not in claim or (ended_at is not None and clients.now() - ended_at < LONGEST_LAMBDA):
        return False
    if clients.dms.find_moving(task_ids(prefix, database)):
        return False
    return clients.places.give_back(database, holder=claim["holder"], server=claim["place_at"])


handler = entrypoint("Sweep", Request, run)
