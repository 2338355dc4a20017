"""
State "SubmitLoads" of database-run.asl.json: gives Snowflake as many tables at once as the budget allows.

Takes   AttemptRequest
Returns Response: how long to wait before the first look
Raises  ClaimLostError
"""

from __future__ import annotations

import uuid

from fleet.errors import ClaimLostError, FleetError
from fleet.manifests import Manifest
from fleet.outcomes import LoadResult
from fleet.warehouse import find_clashes, full_load_statements
from lambdas.database_run.seal_folder import read_manifest
from lambdas.entrypoint import Model, entrypoint
from lambdas.loads import Load, read_loads, write_loads
from lambdas.opened import AttemptRequest, Opened, open_attempt, read_tables
from lambdas.wiring import Clients

Request = AttemptRequest
WAIT_SECONDS = 2
_REQUESTS = uuid.UUID("5d2c6f0e-9d2b-4c55-9b6e-3f1f6f0f7a11")


class Response(Model):
    """How many requests were sent now."""

    sent: int
    wait_seconds: int = WAIT_SECONDS


RAISES: tuple[type[FleetError], ...] = (ClaimLostError,)


def run(request: Request, clients: Clients) -> Response:
    """Send what waits, up to the budget. A request has the same id each time, so one sent twice runs once."""
    opened = open_attempt(request.attempt, clients)
    manifest = read_manifest(opened, clients)
    if manifest is None:
        raise ValueError(f"{opened.attempt.folder.prefix} is not sealed, yet its loads are asked for")
    loads = list(read_loads(opened.attempt, clients) or _plan_loads(opened, manifest, clients))
    under_way = sum(load.state == "under way" for load in loads)
    tables = {table.name: table for table in read_tables(opened.attempt, clients)}
    sealed = {table.name: table for table in manifest.handed_off}
    api = clients.snowflake(opened.settings.snowflake)
    sent = 0
    for position, load in enumerate(loads):
        if load.state != "waiting" or under_way + sent >= opened.plan.loads_per_database:
            continue
        statements = full_load_statements(
            opened.settings.snowflake, opened.server.engine, opened.attempt, tables[load.name], sealed[load.name]
        )
        loads[position] = load.sent(api.submit(statements, request_id=_request_id(opened, load)))
        sent += 1
    write_loads(opened.attempt, tuple(loads), clients)
    return Response(sent=sent)


def _plan_loads(opened: Opened, manifest: Manifest, clients: Clients) -> list[Load]:
    """A load for each table that may be handed off, the largest first; one that Snowflake cannot hold is over."""
    clashes = find_clashes(read_tables(opened.attempt, clients))
    largest_first = sorted(manifest.handed_off, key=lambda table: -sum(file.size_bytes for file in table.files))
    waiting = [Load(table.schema, table.table, "waiting") for table in largest_first]
    return [load.over(LoadResult(0, 0, clashes[load.name])) if load.name in clashes else load for load in waiting]


def _request_id(opened: Opened, load: Load) -> str:
    attempt = opened.attempt
    return str(uuid.uuid5(_REQUESTS, f"{attempt.run}/{attempt.database}/{attempt.number}/{load.name}"))


handler = entrypoint("SubmitLoads", Request, run)
