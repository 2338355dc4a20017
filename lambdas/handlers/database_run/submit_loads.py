"""
State "SubmitLoads" of database-run.asl.json: gives Snowflake as many tables at once as the budget allows.

Takes   AttemptRequest
Returns Response: how long to wait before the first look
Raises  ClaimLostError
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

from fleet.compared_loads import REPEATED, compared_load_statements
from fleet.databases import Engine
from fleet.drift import KnownTable, TableLook, needs_look
from fleet.errors import ClaimLostError, FleetError, ThrottledError
from fleet.failures import Failure
from fleet.keeping import judge_keeping, plan_published
from fleet.manifests import Manifest, SealedTable
from fleet.tables.catalogue import Table, TableName
from fleet.tables.registry_columns import is_left_out
from fleet.waits import ABANDONED_SECONDS, next_load_look_seconds, seconds_since
from fleet.warehouse import find_clashes, full_load_statements, look_statement, rename_columns
from fleet.warehouse_columns import fingerprint, wanted_columns
from lambdas.attempt_context import AttemptRequest, Opened, find_stop_request, open_attempt, read_tables
from lambdas.chain_context import ChainContext, read_chain
from lambdas.change_loads import plan_change_loads, prepare_changes
from lambdas.clients.snowflake import SqlApiError
from lambdas.entrypoint import Model, entrypoint
from lambdas.known_tables import read_known_tables
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
    tables = _tables_as_they_land(opened, clients)
    known = read_known_tables(opened.database.id, clients)
    is_delta = opened.attempt.mode == "delta"
    before = read_loads(opened.attempt, clients)
    if not before:
        before = (
            plan_change_loads(opened, read_tables(opened.attempt, clients), known, clients)
            if is_delta
            else _plan_loads(opened, manifest, tables, known)
        )
    if stopped := find_stop_request(opened, clients):
        before = tuple(load.failed(stopped) if load.state == "waiting" else load for load in before)
    room = opened.plan.loads_per_database - sum(load.state in {"sending", "under way"} for load in before)
    waiting = [load.name for load in before if load.state == "waiting"][: max(0, room)]
    resent = {load.name for load in before if load.state == "sending"}
    loads = {load.name: load.sending() if load.name in waiting else load for load in before}
    # Written before anything is sent: what is found `sending` at the next entry may have arrived already.
    write_loads(opened.attempt, tuple(loads.values()), clients)
    sealed = {table.name: table for table in manifest.handed_off}
    chain = read_chain(opened, clients) if is_delta else None
    to_send = [load for load in loads.values() if load.state == "sending"]
    sent = 0
    try:
        for load in to_send:
            name = load.name
            if chain is None:
                prepared = _prepare(opened, load, tables[name], sealed[name], known.get(name))
            else:
                prepared = _prepare_delta(opened, load, tables[name], known[name], chain)
            if isinstance(prepared, Load):
                loads[name] = prepared
            else:
                loads[name] = _send(opened, prepared, clients, is_resend=name in resent)
            sent += 1
    except ThrottledError:
        # Those after it were not sent. It itself stays `sending`: nobody documents that a 429 takes nothing.
        loads |= {load.name: load.not_sent() for load in to_send[sent + 1 :] if load.name not in resent}
    if to_send:
        write_loads(opened.attempt, tuple(loads.values()), clients)
    wait_seconds = next_load_look_seconds(opened.plan.load_poll_seconds, 0)
    if sent < len(to_send):
        wait_seconds = max(wait_seconds, _pause(opened, clients))
    return Response(sent=sent, wait_seconds=wait_seconds)


def _pause(opened: Opened, clients: Clients) -> int:
    """Seconds until Snowflake is asked again, so that databases refused together do not come back together."""
    share = seconds_since(opened.record.sealed_at, clients.now()) / _SHARE_OF_HAND_OFF
    return math.ceil(max(share, _THROTTLED_PAUSE_SECONDS) * (0.5 + clients.jitter()))


@dataclass(frozen=True)
class _Prepared:
    """What is sent for a load. *wanted*: the numbers of the statements whose answers are read."""

    load: Load
    statements: tuple[str, ...]
    wanted: tuple[int, ...]


def _prepare(
    opened: Opened, load: Load, table: Table, sealed: SealedTable, known: KnownTable | None
) -> _Prepared | Load:
    """The next request of *load*; or the load, over, where its table is withheld."""
    snowflake, engine = opened.settings.snowflake, opened.server.engine
    shape = known if load.look is None else _learn(engine, table, load.look, has_landed=bool(sealed.files))
    if isinstance(shape, Failure):
        return load.failed(shape)
    if shape is None or load.is_looking:
        look = look_statement(snowflake, opened.attempt, table, sealed)
        return _Prepared(replace(load, must_look=True), (look,), (0,))
    deletes = opened.database.deletes_of(load.name)
    policy = opened.database.drift_of(load.name)
    plan = plan_published(
        load.name, deletes, shape.wanted, shape.present, policy, partial(is_left_out, opened.database, load.name)
    )
    if plan.refused:
        return load.failed(plan.refused)
    if deletes == "hard":
        statements = full_load_statements(snowflake, opened.attempt, table, sealed, plan)
    else:
        read_at = opened.record.started_at or opened.record.created_at
        statements = compared_load_statements(snowflake, opened.attempt, table, sealed, plan, deletes, read_at)
    wanted = [number for number, one in enumerate(statements) if one.startswith(("COPY ", "SHOW ", REPEATED))]
    learnt = replace(shape, present=plan.columns)
    return _Prepared(load.planned(plan, learnt), statements, (*wanted, len(statements) - 1))


def _prepare_delta(
    opened: Opened, load: Load, table: Table, known: KnownTable, chain: ChainContext
) -> _Prepared | Load:
    """The one request of a delta's *load*."""
    statements = prepare_changes(opened, load, table, known, chain)
    if isinstance(statements, Failure):
        return load.failed(statements)
    wanted = [number for number, one in enumerate(statements) if one.startswith("COPY ")]
    return _Prepared(load, statements, (*wanted, len(statements) - 1))


def _learn(engine: Engine, table: Table, look: TableLook, *, has_landed: bool) -> KnownTable | Failure:
    """What the table must hold and holds, as *look* found it."""
    wanted = wanted_columns(engine, table, look.landed if has_landed else None)
    if isinstance(wanted, Failure):
        return wanted
    return KnownTable(table.schema, table.table, fingerprint(engine, table), wanted, look.present, has_landed)


def _send(opened: Opened, prepared: _Prepared, clients: Clients, *, is_resend: bool) -> Load:
    load = prepared.load
    try:
        handle = clients.snowflake(opened.settings.snowflake).submit(
            prepared.statements,
            _request_id(opened, load),
            is_resend=is_resend,
            query_tag=f"{opened.attempt.run}:{opened.attempt.database}:{load.name}",
            # Our own functions cancel it earlier. This is for a load whose execution nobody goes on with.
            timeout_seconds=opened.settings.limits.load_deadline_seconds + ABANDONED_SECONDS,
        )
    except SqlApiError as error:
        return load.refused(error)
    return load.sent(handle, prepared.wanted, clients.now())


def _tables_as_they_land(opened: Opened, clients: Clients) -> dict[TableName, Table]:
    """The attempt's tables, with the names that their columns have in the files."""
    tables = read_tables(opened.attempt, clients)
    return {table.name: rename_columns(table, opened.database.renames) for table in tables}


def _plan_loads(
    opened: Opened,
    manifest: Manifest,
    tables: Mapping[TableName, Table],
    known: Mapping[TableName, KnownTable],
) -> tuple[Load, ...]:
    """A load for each table that may be handed off, the largest first; one that Snowflake cannot hold is over."""
    refused = find_clashes(tuple(tables.values()), opened.database.deletes_of)
    largest_first = sorted(manifest.handed_off, key=lambda table: -sum(file.size_bytes for file in table.files))
    loads: list[Load] = []
    for sealed in largest_first:
        name, columns = sealed.name, fingerprint(opened.server.engine, tables[sealed.name])
        must_look = needs_look(known.get(name), columns, has_files=bool(sealed.files))
        load = Load(sealed.schema, sealed.table, "waiting", must_look=must_look)
        failure = refused.get(name) or judge_keeping(opened.server.engine, opened.database, tables[name])
        loads.append(load.failed(failure) if failure else load)
    return tuple(loads)


def _request_id(opened: Opened, load: Load) -> str:
    attempt, step = opened.attempt, "/look" if load.is_looking else ""
    return str(uuid.uuid5(_REQUESTS, f"{attempt.run}/{attempt.database}/{attempt.number}/{load.name}{step}"))


handler = entrypoint("SubmitLoads", Request, run)
