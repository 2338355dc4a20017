"""
State "ClaimDatabase" of database-run.asl.json: takes the database and the next attempt's number.

Takes   Request: the execution's own input, its ARN, when it started
Returns Response: `claimed` with the attempt; `wait` while a living holder works, or while the database's server has no
        place for it; `declined` where another execution has this run's outcome, or either wait lasted too long, or the
        run was asked to end
Raises  MalformedInputError, UnknownRunError, UnknownDatabaseError
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from botocore.exceptions import ClientError

from fleet.attempts import Attempt, covers
from fleet.claims import LONGEST_LAMBDA, SHORTEST_WAIT_SECONDS, place_look_seconds
from fleet.databases import Registry, Server
from fleet.errors import FleetError, MalformedInputError, TransientError, UnknownDatabaseError, UnknownRunError
from fleet.names import require_database_id, require_run_id, task_ids
from fleet.run_input import require_names
from fleet.server_places import Place, Taken, count_places, say_full
from fleet.waits import longest_attempt_seconds, next_look_seconds
from lambdas.chosen_databases import DatabaseRunInput
from lambdas.clients.refusals import code_of
from lambdas.entrypoint import Model, entrypoint
from lambdas.wiring import Clients

_LIVES = "which runs"


class Request(Model):
    """What the state passes."""

    input: DatabaseRunInput
    execution: str
    started_at: datetime
    redrive_count: int


class Response(Model):
    """*attempt* has number 0 where no attempt was made; *declined* then says why."""

    verdict: Literal["claimed", "wait", "declined"]
    attempt: Attempt
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
    if asked.mode == "delta":
        raise MalformedInputError("mode 'delta' is not built yet.", remedy="Use mode 'full'.")
    plan = clients.records.plan(asked.run)
    registry = clients.records.registry(plan.registry_version)
    server = registry.server_of(registry.database(asked.database))

    tables = plan.tables.get(asked.database) if asked.tables is None else asked.tables
    claim = clients.ledger.claim(asked.database)
    newest, holder = int(claim.get("number", 0)), claim.get("holder")
    if holder == request.execution:
        return Response(verdict="claimed", attempt=_attempt(request, newest, tables))
    if stopped := clients.ledger.stop_requested(asked.run):
        return Response(verdict="declined", attempt=_attempt(request, 0, tables), declined=stopped)
    if adopted := _adopt(request, tables, clients):
        return Response(verdict="declined", attempt=_attempt(request, 0, tables), declined=adopted)
    if holder is not None and (waiting := _wait_for(holder, asked.database, registry, clients)):
        return _wait_or_decline(request, claim, waiting, registry, clients)
    place = Place(server.id, count_places(server, registry.settings.profile), claim.get("place_at", ""))
    taken = _look_at_places(asked.database, place, clients)
    since = taken.waits.get(_waiter(request))
    if not taken.admits(asked.database, place.most):
        waited = _seconds_since(since, clients) if since else 0.0
        return _wait_for_place(request, server, taken, waited, plan.poll_seconds, registry, clients)
    attempt = _attempt(request, newest + 1, tables)
    if not clients.ledger.take(
        attempt,
        previous_holder=holder,
        now=clients.now(),
        redrive_count=request.redrive_count,
        place=place,
        waiter=_waiter(request) if since else "",
        waited_seconds=round(_seconds_since(since, clients)) if since else None,
    ):
        raise TransientError(
            f"{asked.database}, or the last place at {server.id!r}, was claimed by another execution meanwhile.",
            remedy="It is tried again.",
        )
    return Response(verdict="claimed", attempt=attempt)


def _attempt(request: Request, number: int, tables: tuple[str, ...] | None = None) -> Attempt:
    asked = request.input
    return Attempt(asked.run, asked.database, asked.mode, number, request.execution, tables)


def _adopt(request: Request, tables: tuple[str, ...] | None, clients: Clients) -> str:
    """Whose outcome of this run is ours too: one that was recorded while we waited, or nothing.

    A redriven execution adopts nothing: someone asked for another attempt. Nor is what came of fewer tables than ours
    adopted, unless it made the whole ok.
    """
    if request.redrive_count > 0:
        return ""
    outcome = clients.ledger.outcome(request.input.run, request.input.database)
    is_own_word = outcome and not outcome.get("guessed") and int(outcome["attempt"]) > 0
    if not is_own_word or datetime.fromisoformat(outcome["ended_at"]) <= request.started_at:
        return ""
    if outcome["outcome"] != "ok":
        asked = request.input
        theirs = Attempt(asked.run, asked.database, asked.mode, int(outcome["attempt"]), outcome["execution"])
        if not covers(clients.ledger.record(theirs).attempt.tables, tables):
            return ""
    return f"attempt {outcome['attempt']} of this run ended {outcome['outcome']} meanwhile ({outcome['execution']})."


def _wait_for(holder: str, database: str, registry: Registry, clients: Clients) -> str:
    """Why *holder*'s claim cannot be taken over now, or nothing if it can."""
    try:
        described: dict[str, Any] = clients.executions.describe_execution(executionArn=holder)
    except ClientError as error:
        if code_of(error) != "ExecutionDoesNotExist":
            raise
        described = {"status": "GONE"}
    if described["status"] == "RUNNING":
        return _LIVES
    stopped_at = described.get("stopDate")
    if stopped_at is not None and clients.now() - stopped_at < LONGEST_LAMBDA:
        return (
            f"which ended {described['status']} less than {LONGEST_LAMBDA} ago, so that a function of it may still act"
        )
    moving = clients.dms.find_moving(task_ids(registry.settings.prefix, database))
    for report in moving.values():
        clients.dms.stop_task(report.arn)
        return f"which ended {described['status']} and left a task {report.status}"
    return ""


def _wait_or_decline(
    request: Request, claim: dict[str, Any], waiting: str, registry: Registry, clients: Clients
) -> Response:
    """A living holder of the same run is waited for as long as an attempt may last, a dead one until its task must have
    stopped; a holder of another run for the setting's time.
    """
    no_attempt = _attempt(request, 0)
    began_at = request.started_at
    if request.redrive_count > 0:  # whoever redrives it waits anew
        described = clients.executions.describe_execution(executionArn=request.execution)
        began_at = described.get("redriveDate") or began_at
    waited = (clients.now() - began_at).total_seconds()
    limits = registry.settings.limits
    longest = limits.claim_wait_seconds
    if claim.get("holder_run") == request.input.run:
        longest = longest_attempt_seconds(limits) if waiting == _LIVES else longest + limits.stop_deadline_seconds
    if waited < longest:
        look = next_look_seconds(SHORTEST_WAIT_SECONDS, waited, longest + 1)
        return Response(verdict="wait", attempt=no_attempt, wait_seconds=look)
    return Response(
        verdict="declined",
        attempt=no_attempt,
        declined=f"claimed: attempt {claim['number']} of run {claim.get('holder_run')} holds it ({claim['holder']}), "
        f"{waiting}; waited {waited:.0f} s of {longest} s.",
    )


def _waiter(request: Request) -> str:
    """Under which name the execution waits for a place: who redrives it waits anew."""
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
    claim = clients.ledger.claim(database)
    return claim.get("place_at") != server and clients.places.drop(database, server=server)


def _wait_for_place(
    request: Request, server: Server, taken: Taken, waited: float, planned: int, registry: Registry, clients: Clients
) -> Response:
    no_attempt, limits, profile = _attempt(request, 0), registry.settings.limits, registry.settings.profile
    if waited <= limits.server_wait_seconds:
        if _waiter(request) not in taken.waits:
            clients.places.begin_wait(server.id, _waiter(request), taken, clients.now())
        look = place_look_seconds(max(SHORTEST_WAIT_SECONDS, planned), waited, limits.server_wait_seconds)
        return Response(verdict="wait", attempt=no_attempt, wait_seconds=look)
    held = [_say_holder(one, clients) for one in sorted(taken.databases)]
    return Response(verdict="declined", attempt=no_attempt, declined=say_full(server, profile, held, waited, limits))


def _say_holder(database: str, clients: Clients) -> str:
    claim = clients.ledger.claim(database)
    if "holder" not in claim:
        return database
    return f"{database} (attempt {claim['number']} of run {claim.get('holder_run')})"


handler = entrypoint("ClaimDatabase", Request, run)
