"""
State "SubmitLoads" of database-run.asl.json: gives Snowflake as many tables at once as the budget allows.

Takes   AttemptRequest
Returns Response: how long to wait before the first look
Raises  ClaimLostError
"""

from __future__ import annotations

import math
import uuid

from fleet.errors import ClaimLostError, FleetError, ThrottledError
from fleet.manifests import Manifest, SealedTable
from fleet.tables.catalogue import Table
from fleet.waits import ABANDONED_SECONDS, seconds_since
from fleet.warehouse import find_clashes, full_load_statements
from lambdas.attempt_context import AttemptRequest, Opened, find_stop_request, open_attempt, read_tables
from lambdas.clients.snowflake import SqlApiError
from lambdas.entrypoint import Model, entrypoint
from lambdas.landing import read_manifest
from lambdas.loads import Load, read_loads, write_loads
from lambdas.wiring import Clients

Request = AttemptRequest
_THROTTLED_PAUSE_SECONDS = 10
_SHARE_OF_HAND_OFF = 300
"""As PollLoads has it: half a day of refusals fits into 25,000 events."""
_REQUESTS = uuid.UUID("5d2c6f0e-9d2b-4c55-9b6e-3f1f6f0f7a11")


class Response(Model):
    """How many requests Snowflake took now."""

    sent: int
    wait_seconds: int


RAISES: tuple[type[FleetError], ...] = (ClaimLostError,)


def run(request: Request, clients: Clients) -> Response:
    """Send what waits, up to the budget. A request has the same id each time, so one sent twice runs once.

    What Snowflake refuses with 429, because it has enough to do, waits for the next entry: no load fails of that.
    """
    opened = open_attempt(request.attempt, clients)
    manifest = read_manifest(opened, clients)
    if manifest is None:
        raise ValueError(f"{opened.attempt.folder.prefix} is not sealed, yet its loads are asked for")
    before = read_loads(opened.attempt, clients) or _plan_loads(opened, manifest, clients)
    if stopped := find_stop_request(opened, clients):
        before = tuple(load.failed(stopped) if load.state == "waiting" else load for load in before)
    room = opened.plan.loads_per_database - sum(load.state in {"sending", "under way"} for load in before)
    waiting = [load.name for load in before if load.state == "waiting"][: max(0, room)]
    resent = {load.name for load in before if load.state == "sending"}
    loads = {load.name: load.sending() if load.name in waiting else load for load in before}
    # Written before anything is sent: what is found `sending` at the next entry may have arrived already.
    write_loads(opened.attempt, tuple(loads.values()), clients)
    tables = {table.name: table for table in read_tables(opened.attempt, clients)}
    sealed = {table.name: table for table in manifest.handed_off}
    to_send = [load for load in loads.values() if load.state == "sending"]
    sent = 0
    try:
        for load in to_send:
            loads[load.name] = _send(
                opened, load, tables[load.name], sealed[load.name], clients, is_resend=load.name in resent
            )
            sent += 1
    except ThrottledError:
        # Those after it were not sent. It itself stays `sending`: nobody documents that a 429 takes nothing.
        loads |= {load.name: load.not_sent() for load in to_send[sent + 1 :] if load.name not in resent}
    if to_send:
        write_loads(opened.attempt, tuple(loads.values()), clients)
    wait_seconds = opened.plan.load_poll_seconds
    if sent < len(to_send):
        wait_seconds = max(wait_seconds, _pause(opened, clients))
    return Response(sent=sent, wait_seconds=wait_seconds)


def _pause(opened: Opened, clients: Clients) -> int:
    """Seconds until Snowflake is asked again, so that databases refused together do not come back together."""
    share = seconds_since(opened.record.sealed_at, clients.now()) / _SHARE_OF_HAND_OFF
    return math.ceil(max(share, _THROTTLED_PAUSE_SECONDS) * (0.5 + clients.jitter()))


def _send(opened: Opened, load: Load, table: Table, sealed: SealedTable, clients: Clients, *, is_resend: bool) -> Load:
    snowflake = opened.settings.snowflake
    statements = full_load_statements(snowflake, opened.server.engine, opened.attempt, table, sealed)
    wanted = [number for number, statement in enumerate(statements) if statement.startswith("COPY ")]
    try:
        handle = clients.snowflake(snowflake).submit(
            statements,
            _request_id(opened, load),
            is_resend=is_resend,
            query_tag=f"{opened.attempt.run}:{opened.attempt.database}:{load.name}",
            # Our own functions cancel it earlier. This is for a load whose execution nobody goes on with.
            timeout_seconds=opened.settings.limits.load_deadline_seconds + ABANDONED_SECONDS,
        )
    except SqlApiError as error:
        return load.refused(error)
    return load.sent(handle, (*wanted, len(statements) - 1), clients.now())


def _plan_loads(opened: Opened, manifest: Manifest, clients: Clients) -> tuple[Load, ...]:
    """A load for each table that may be handed off, the largest first; one that Snowflake cannot hold is over."""
    clashes = find_clashes(read_tables(opened.attempt, clients))
    largest_first = sorted(manifest.handed_off, key=lambda table: -sum(file.size_bytes for file in table.files))
    waiting = [Load(table.schema, table.table, "waiting") for table in largest_first]
    return tuple(load.failed(clashes[load.name]) if load.name in clashes else load for load in waiting)


def _request_id(opened: Opened, load: Load) -> str:
    attempt = opened.attempt
    return str(uuid.uuid5(_REQUESTS, f"{attempt.run}/{attempt.database}/{attempt.number}/{load.name}"))


handler = entrypoint("SubmitLoads", Request, run)
