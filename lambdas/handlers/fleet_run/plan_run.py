"""
State "PlanRun" of fleet-run.asl.json: pins the registry's version, and decides what the run does.

Takes   Request: the execution's own input, and its name, which is the run's id
Returns Response: the lanes; none where another run has the schedule's slot
Raises  MalformedInputError, MalformedIdError, UnknownDatabaseError, UnknownRunError, RunNotOverError,
        NothingToRerunError, EmptyRegistryError, QuotaExceededError
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Literal

from fleet.attempts import Attempt
from fleet.databases import Database, Mode, Registry
from fleet.errors import (
    EmptyRegistryError,
    FleetError,
    MalformedIdError,
    MalformedInputError,
    NothingToRerunError,
    QuotaExceededError,
    RunNotOverError,
    UnknownDatabaseError,
    UnknownRunError,
)
from fleet.failures import Failure
from fleet.names import plan_key, require_run_id, task_id
from fleet.outcome_record import outcome_key
from fleet.outcomes import Outcome, decide
from fleet.plan import Lane, Plan, plan_run
from fleet.quarantine import describe_quarantine, find_quarantine
from fleet.quota_use import require_size
from fleet.run_record import RunRecord
from lambdas.chosen_databases import Input, choose
from lambdas.entrypoint import Model, entrypoint
from lambdas.outcome_records import put_outcome
from lambdas.wiring import Clients


class Request(Model):
    """What the state passes."""

    input: Input
    run: str
    execution: str


class Start(Model):
    """One database, and the time (ISO, UTC) before which it does not start."""

    database: str
    start_at: str


class LanePlan(Model):
    """One lane, as the Map over lanes takes it."""

    instance: str
    databases: tuple[Start, ...]
    at_once: int


class Response(Model):
    """What the Map goes over. *superseded_by*: the run that took the schedule's slot first."""

    run: str
    mode: Mode
    lanes: tuple[LanePlan, ...]
    superseded_by: str | None = None


RAISES: tuple[type[FleetError], ...] = (
    MalformedInputError,
    MalformedIdError,
    UnknownDatabaseError,
    UnknownRunError,
    RunNotOverError,
    NothingToRerunError,
    EmptyRegistryError,
    QuotaExceededError,
)


def run(request: Request, clients: Clients) -> Response:
    """Plan once: entered again, the plan that is there is the answer."""
    run_id, asked = require_run_id(request.run), request.input
    if asked.scheduled_at is not None:
        winner = clients.ledger.take_slot(asked.schedule or asked.mode or "rerun", asked.scheduled_at, run_id)
        if winner != run_id:
            clients.ledger.put_run(RunRecord(run_id, asked.mode, superseded_by=winner))
            return Response(run=run_id, mode="full", lanes=(), superseded_by=winner)
    plan = clients.records.find_plan(run_id) or _plan(request, clients)
    if clients.ledger.run(run_id) is None:  # written last: the call that wrote the plan may have ended before
        _keep(request, plan, clients)
    return Response(
        run=run_id,
        mode=plan.mode,
        lanes=tuple(_lane(one, plan) for one in plan.lanes),
    )


def _lane(lane: Lane, plan: Plan) -> LanePlan:
    planned_at = datetime.fromisoformat(plan.planned_at)
    starts = [
        Start(database=one, start_at=f"{planned_at + timedelta(seconds=plan.offsets.get(one, 0)):%Y-%m-%dT%H:%M:%SZ}")
        for one in lane.databases
    ]
    return LanePlan(instance=lane.instance, databases=tuple(starts), at_once=lane.at_once)


def _plan(request: Request, clients: Clients) -> Plan:
    asked = request.input
    version, registry = clients.records.pin_registry()
    chosen = choose(asked, registry, clients)
    require_size([database for database in registry.databases if database.onboarded], registry.settings.limits)
    deployed_ids, now = clients.dms.task_ids(), clients.now()
    due = [one for one in chosen.databases if find_quarantine(one, now) is None]
    deployed = [one for one in due if _is_deployed(one, chosen.mode, registry, deployed_ids, clients)]
    plan = plan_run(
        registry,
        run=request.run,
        mode=chosen.mode,
        registry_version=version,
        planned_at=now.isoformat(),
        databases=deployed,
        chosen=[one.id for one in chosen.databases],
        measures=clients.ledger.measures([one.id for one in deployed]),
        rerun_of=asked.rerun_of,
        tables=chosen.tables,
        sweep=chosen.sweep,
    )
    clients.records.write(plan_key(request.run), plan, Plan)
    return plan


def _is_deployed(
    database: Database, mode: Mode, registry: Registry, deployed: Collection[str], clients: Clients
) -> bool:
    """Whether DMS has its task, or a run can make it anew: that of a chain of deltas, beside the one for full loads."""
    full, own = (task_id(registry.settings.prefix, database.id, one) for one in ("full", mode))
    return own in deployed or (full in deployed and clients.chains.find(database.id) is not None)


def _keep(request: Request, plan: Plan, clients: Clients) -> None:
    """What the ledger holds of *plan*, which is what CloseRun counts by."""
    registry = clients.records.registry(plan.registry_version)
    for database_id in plan.chosen:
        if database_id not in plan.databases:
            _pass_over(request, plan, registry.database(database_id), registry, clients)
    if plan.rerun_of is not None:
        clients.ledger.link_rerun(plan.rerun_of, plan.run)
    clients.ledger.put_run(
        RunRecord(
            request.run,
            plan.mode,
            request.execution,
            plan.registry_version,
            datetime.fromisoformat(plan.planned_at),
            plan.rerun_of or "",
            plan.chosen,
        )
    )


def _pass_over(request: Request, plan: Plan, database: Database, registry: Registry, clients: Clients) -> None:
    """An onboarded database that is held back or has no task is said to be so, not left out in silence."""
    attempt = Attempt(request.run, database.id, plan.mode, 0, request.execution)
    now = clients.now().isoformat()
    # As the plan was made: entered again after midnight, the day is the same.
    quarantine = find_quarantine(database, datetime.fromisoformat(plan.planned_at))
    failure = (
        describe_quarantine(database.id, quarantine)
        if quarantine is not None
        else _describe_missing_task(database, task_id(registry.settings.prefix, database.id, plan.mode))
    )
    word: Literal["quarantined", "skipped"] = "skipped" if quarantine is None else "quarantined"
    outcome = decide(attempt, failure, (), gaps=(), started_at=now, ended_at=now, without_attempt=word)
    clients.records.write(outcome_key(outcome), outcome, Outcome)
    put_outcome(outcome, clients)


def _describe_missing_task(database: Database, identifier: str) -> Failure:
    text = f"DMS has no task {identifier!r}: {database.id} is onboarded and was not deployed to {database.instance!r}."
    return Failure("not_deployed", "NotDeployed", text)


handler = entrypoint("PlanRun", Request, run)
