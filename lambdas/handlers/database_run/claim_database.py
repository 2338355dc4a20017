"""
State "ClaimDatabase" of database-run.asl.json: takes the database and the next attempt's number.

Takes   Request: the execution's own input, its ARN, when it started
Returns Response: `claimed` with the attempt, or `delta` where it is one of several; `wait` while a living holder
        works, or while the database's server has no place for it or is in a blackout; `declined` where another
        execution has this run's outcome or makes its delta too, or a wait lasted too long, or the run was asked to end
Raises  MalformedInputError, UnknownRunError, UnknownDatabaseError
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from math import ceil
from typing import Literal

from fleet.attempts import Attempt
from fleet.blackouts import PREPARING_SECONDS, ReadStart, say_blackout, start_of_waiting
from fleet.claims import (
    RUNS,
    SHORTEST_WAIT_SECONDS,
    Claim,
    find_acting,
    find_adopted,
    find_left_moving,
    place_look_seconds,
    say_joined,
    wait_or_decline,
)
from fleet.databases import Mode, Registry, Server
from fleet.deltas.chain import Purpose, first_step
from fleet.errors import FleetError, MalformedInputError, TransientError, UnknownDatabaseError, UnknownRunError
from fleet.names import require_database_id, require_run_id, task_ids
from fleet.run_input import require_deltas, require_names
from fleet.server_places import Place, Taken, count_places, say_full
from lambdas.chosen_databases import DatabaseRunInput
from lambdas.clients.executions import describe
from lambdas.entrypoint import Model, entrypoint
from lambdas.wiring import Clients


class Request(Model):
    """What the state passes."""

    input: DatabaseRunInput
    execution: str
    started_at: datetime
    redrive_count: int


class Response(Model):
    """*attempt* has number 0 where no attempt was made; *declined* then says why. *mode*: of the run; *steps*:
    how many attempts the execution may make, one after the other."""

    verdict: Literal["claimed", "delta", "wait", "declined"]
    attempt: Attempt
    mode: Mode = "full"
    steps: Literal["one", "several"] = "one"
    wait_seconds: int = 0
    declined: str | None = None


RAISES: tuple[type[FleetError], ...] = (MalformedInputError, UnknownRunError, UnknownDatabaseError)


def run(request: Request, clients: Clients) -> Response:
    """Take the claim if it is free, already ours, or a dead execution's whose tasks are at rest."""
    asked = request.input
    require_run_id(asked.run)
    require_database_id(asked.database)
    if "tables" in asked.model_fields_set:
        require_names("tables", asked.tables)
    plan = clients.records.plan(asked.run)
    registry = clients.records.registry(plan.registry_version)
    database = registry.database(asked.database)
    server = registry.server_of(database)
    if asked.mode == "delta":
        require_deltas(database, asked.tables)

    tables = plan.tables.get(asked.database) if asked.tables is None else asked.tables
    claim = clients.ledger.claim(asked.database)
    if claim.holder == request.execution:
        record = clients.ledger.record(_attempt(request, claim.number, tables))
        return _claimed(record.attempt, record.purpose, asked.mode)
    if stopped := clients.ledger.stop_requested(asked.run):
        return Response(verdict="declined", attempt=_attempt(request, 0, tables), declined=stopped)
    if adopted := _find_adopted(request, tables, clients):
        return Response(verdict="declined", attempt=_attempt(request, 0, tables), declined=adopted)
    if claim.holder and (why := _why_held(claim.holder, asked.database, registry, clients)):
        if why == RUNS and plan.sweep is None and _joins(request, claim, clients):
            return Response(verdict="declined", attempt=_attempt(request, 0), declined=say_joined(claim))
        return _wait_for_claim(request, claim, why, registry, clients)
    place = Place(server.id, count_places(server, registry.profile_at(server.id)), claim.place_at)
    taken = _look_at_places(asked.database, place, clients)
    since = taken.waits.get(_waiter(request))
    if server.blackouts:
        now, seconds = clients.now(), plan.read_seconds.get(asked.database, 0) + PREPARING_SECONDS
        start = start_of_waiting(server.blackouts, datetime.fromisoformat(since) if since else now, now, seconds)
        if start.at > now:
            return _wait_for_blackout(request, server, start, taken, plan.poll_seconds, registry, clients)
    if not taken.admits(asked.database, place.most):
        waited = _seconds_since(since, clients) if since else 0.0
        return _wait_for_place(request, server, taken, waited, plan.poll_seconds, registry, clients)
    may_begin = database.deltas and tables is None
    step = first_step(asked.mode, clients.chains.find(asked.database)) if may_begin else None
    attempt = replace(_attempt(request, claim.number + 1, tables), mode=step.mode if step else asked.mode)
    if not clients.ledger.take(
        attempt,
        previous_holder=claim.holder,
        now=clients.now(),
        redrive_count=request.redrive_count,
        place=place,
        waiter=_waiter(request) if since else "",
        waited_seconds=round(_seconds_since(since, clients)) if since else None,
        purpose=step.purpose if step else None,
        takes_joins=step is not None,
    ):
        raise TransientError(
            f"{asked.database}, or the last place at {server.id!r}, was claimed by another execution meanwhile.",
            remedy="It is tried again.",
        )
    return _claimed(attempt, step.purpose if step else None, asked.mode)


def _claimed(attempt: Attempt, purpose: Purpose | None, mode: Mode) -> Response:
    if purpose is None:
        return Response(verdict="claimed", attempt=attempt, mode=mode)
    return Response(verdict="delta", attempt=attempt, mode=mode, steps="several")


def _attempt(request: Request, number: int, tables: tuple[str, ...] | None = None) -> Attempt:
    asked = request.input
    return Attempt(asked.run, asked.database, asked.mode, number, request.execution, tables)


def _find_adopted(request: Request, tables: tuple[str, ...] | None, clients: Clients) -> str:
    """Whose outcome of this run is ours too, in words, or nothing."""
    asked = request.input
    recorded = clients.ledger.outcome(asked.run, asked.database)
    theirs = None
    if recorded is not None and recorded.attempt > 0 and recorded.outcome != "ok":
        attempt = Attempt(asked.run, asked.database, asked.mode, recorded.attempt, recorded.execution)
        theirs = clients.ledger.record(attempt).attempt.tables
    return find_adopted(recorded, theirs, tables, redrive_count=request.redrive_count, since=request.started_at)


def _why_held(holder: str, database: str, registry: Registry, clients: Clients) -> str:
    """Why *holder*'s claim cannot be taken over now, or nothing if it can. What a dead one left moving is stopped."""
    execution = describe(clients.executions, holder)
    status = execution.status if execution else "GONE"
    if acting := find_acting(status, execution.stopped_at if execution else None, clients.now()):
        return acting
    moving = clients.dms.find_moving(task_ids(registry.settings.prefix, database))
    for report in moving.values():
        clients.dms.stop_task(report.arn)
    return find_left_moving(status, [report.status for report in moving.values()])


def _joins(request: Request, claim: Claim, clients: Clients) -> bool:
    """Whether the holder, of another run, makes our delta too. Who redrives an execution wants one of its own.

    Nobody makes the sweep of another run (`plan.sweep`).
    """
    asked = request.input
    is_ours = asked.run == claim.holder_run or request.redrive_count > 0
    return asked.mode == "delta" and not is_ours and clients.ledger.join(asked.database, claim.holder, asked.run)


def _wait_for_claim(request: Request, claim: Claim, why: str, registry: Registry, clients: Clients) -> Response:
    began_at = request.started_at
    if request.redrive_count > 0 and (ours := describe(clients.executions, request.execution)):
        began_at = ours.begun_at  # a redriven execution waits anew
    waited = (clients.now() - began_at).total_seconds()
    left = wait_or_decline(claim, request.input.run, why, waited, registry.settings.limits)
    if isinstance(left, int):
        return Response(verdict="wait", attempt=_attempt(request, 0), wait_seconds=left)
    return Response(verdict="declined", attempt=_attempt(request, 0), declined=left)


def _waiter(request: Request) -> str:
    """Under which name the execution waits for a place: a redriven one waits anew."""
    return f"{request.execution.rpartition(':')[2]} {request.redrive_count}"


def _seconds_since(at: str, clients: Clients) -> float:
    return (clients.now() - datetime.fromisoformat(at)).total_seconds()


def _look_at_places(database: str, place: Place, clients: Clients) -> Taken:
    """Who has the places at the server. Where none is left, those are taken away that no claim has."""
    taken = clients.places.look(place.server)
    if taken.admits(database, place.most):
        return taken
    dropped = [one for one in taken.databases if _is_nobodys(one, place.server, clients)]
    return clients.places.look(place.server) if dropped else taken


def _is_nobodys(database: str, server: str, clients: Clients) -> bool:
    return clients.ledger.claim(database).place_at != server and clients.places.drop(database, server=server)


def _wait_for_place(
    request: Request, server: Server, taken: Taken, waited: float, planned: int, registry: Registry, clients: Clients
) -> Response:
    no_attempt, limits = _attempt(request, 0), registry.settings.limits
    if waited <= limits.server_wait_seconds:
        if _waiter(request) not in taken.waits:
            clients.places.begin_wait(server.id, _waiter(request), taken, clients.now())
        look = place_look_seconds(max(SHORTEST_WAIT_SECONDS, planned), waited, limits.server_wait_seconds)
        return Response(verdict="wait", attempt=no_attempt, wait_seconds=look)
    held = [_say_holder(one, clients) for one in sorted(taken.databases)]
    why = say_full(server, registry.profile_at(server.id), held, waited, limits)
    return Response(verdict="declined", attempt=no_attempt, declined=why)


def _wait_for_blackout(
    request: Request,
    server: Server,
    start: ReadStart,
    taken: Taken,
    planned: int,
    registry: Registry,
    clients: Clients,
) -> Response:
    """A wait that would be too long is not begun: it would keep a place of the lane for nothing."""
    no_attempt, limit = _attempt(request, 0), registry.settings.limits.server_wait_seconds
    since = taken.waits.get(_waiter(request))
    waited, left = _seconds_since(since, clients) if since else 0.0, (start.at - clients.now()).total_seconds()
    if waited + left > limit:
        return Response(verdict="declined", attempt=no_attempt, declined=say_blackout(server.id, start, waited, limit))
    if since is None:
        clients.places.begin_wait(server.id, _waiter(request), taken, clients.now())
    look = place_look_seconds(max(SHORTEST_WAIT_SECONDS, planned), waited, limit)
    return Response(verdict="wait", attempt=no_attempt, wait_seconds=min(look, ceil(left)))


def _say_holder(database: str, clients: Clients) -> str:
    claim = clients.ledger.claim(database)
    return f"{database} (attempt {claim.number} of run {claim.holder_run})" if claim.holder else database


handler = entrypoint("ClaimDatabase", Request, run)
