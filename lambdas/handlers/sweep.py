"""
Function "Sweep", on a schedule: does what the recorder would have done, where its event was lost, gives back what dead
executions hold of the places at servers, and counts the databases whose deltas are overdue.

Takes   Request: the ARN of fleet-run's state machine
Returns Response: what was found and mended
Raises  EmptyRegistryError
"""

from __future__ import annotations

from datetime import datetime, timedelta

from aws_lambda_powertools.metrics import MetricUnit

from fleet.claims import LONGEST_LAMBDA, Claim
from fleet.databases import Registry
from fleet.errors import EmptyRegistryError, FleetError
from fleet.names import DELTAS_OVERDUE, task_ids
from lambdas.clients.executions import ENDED, describe, list_all
from lambdas.ended_executions import end_database, end_run, is_open
from lambdas.entrypoint import Model, entrypoint
from lambdas.metrics import put_metric
from lambdas.wiring import Clients


class Request(Model):
    """What the schedule passes."""

    fleet_run: str


class Response(Model):
    """Databases whose dead holder was dealt with, runs that were closed, and databases whose deltas are overdue."""

    databases: int
    runs: int
    overdue: tuple[str, ...]


RAISES: tuple[type[FleetError], ...] = (EmptyRegistryError,)


def run(request: Request, clients: Clients) -> Response:
    """Never touches what a living execution holds."""
    registry = clients.records.current_registry()
    databases = sum(
        _sweep_database(database, registry.settings.prefix, clients) for database in _known(registry, clients)
    )
    runs = 0
    for status in ENDED:
        # All that Step Functions remembers (90 days): the ledger says which of them are closed.
        listed = list_all(clients.executions, request.fleet_run, status)
        for one in [run for run in listed if is_open(run, clients)]:
            if execution := describe(clients.executions, one.arn):
                runs += end_run(execution, clients).closed
    overdue = _find_overdue(registry, clients)
    prefix, found = registry.settings.prefix, {"overdue": ", ".join(overdue)}
    put_metric(DELTAS_OVERDUE, MetricUnit.Count, len(overdue), {"fleet": prefix}, clients.now(), found)
    return Response(databases=databases, runs=runs, overdue=overdue)


def _find_overdue(registry: Registry, clients: Clients) -> tuple[str, ...]:
    """Databases whose log nobody has read for too long: a slot keeps it at the source, until the disk is full."""
    oldest = clients.now() - timedelta(hours=registry.settings.limits.delta_overdue_hours)
    chains = {one.id: clients.chains.find(one.id) for one in registry.databases if one.deltas}
    return tuple(name for name, chain in chains.items() if chain and chain.sealed_at and chain.sealed_at < oldest)


def _known(registry: Registry, clients: Clients) -> list[str]:
    """The registry's databases, and those that left it and still have a place at a server."""
    placed = {database for server in registry.servers for database in clients.places.look(server.id).databases}
    return sorted({database.id for database in registry.databases} | placed)


def _sweep_database(database: str, prefix: str, clients: Clients) -> bool:
    claim = clients.ledger.claim(database)
    if not claim.holder:
        return False
    execution = describe(clients.executions, claim.holder)
    if execution is None:  # the next claim takes over
        return _give_place_back(database, claim, None, prefix, clients)
    if execution.status == "RUNNING":
        return False
    done = end_database(execution, clients)
    is_given_back = _give_place_back(database, claim, execution.stopped_at, prefix, clients)
    return done.guessed or done.tasks_stopped > 0 or done.loads_cancelled > 0 or is_given_back


def _give_place_back(database: str, claim: Claim, ended_at: datetime | None, prefix: str, clients: Clients) -> bool:
    """Free the server of a dead execution, once no function of it can act and nothing moves. The claim stays."""
    if not claim.place_at or (ended_at is not None and clients.now() - ended_at < LONGEST_LAMBDA):
        return False
    if clients.dms.find_moving(task_ids(prefix, database)):
        return False
    return clients.places.give_back(database, holder=claim.holder, server=claim.place_at)


handler = entrypoint("Sweep", Request, run)
