"""
State "PlanRun" of fleet-run.asl.json: pins the registry's version, and decides what the run does.

Takes   Request: the execution's own input, and its name, which is the run's id
Returns Response: the lanes; none where another run has the schedule's slot
Raises  MalformedInputError, MalformedIdError, UnknownDatabaseError, UnknownRunError, EmptyRegistryError,
        QuotaExceededError
"""

from __future__ import annotations

from pydantic import ConfigDict

from fleet.attempts import Attempt
from fleet.databases import Database, Mode, Registry
from fleet.errors import (
    EmptyRegistryError,
    FleetError,
    MalformedIdError,
    MalformedInputError,
    QuotaExceededError,
    UnknownDatabaseError,
    UnknownRunError,
)
from fleet.failures import Failure
from fleet.names import require_run_id, task_id
from fleet.outcomes import Outcome, decide
from fleet.plan import Plan, What, choose_databases, choose_rerun, plan_run, refuse_oversize
from fleet.totals import not_arrived
from lambdas.clients.records import plan_key
from lambdas.entrypoint import Model, entrypoint
from lambdas.outcome_records import outcome_key, put_outcome, read_outcome
from lambdas.wiring import Clients


class Input(Model):
    """The input of a run: `mode`, or `rerun_of` an old run, whose mode it then has. *databases* and *tags* narrow.

    *schedule*, *scheduled_at*: the slot that only one run may have.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: Mode | None = None
    databases: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None
    rerun_of: str | None = None
    what: What | None = None
    schedule: str | None = None
    scheduled_at: str | None = None


class Request(Model):
    """What the state passes."""

    input: Input
    run: str
    execution: str


class LanePlan(Model):
    """One lane, as the Map over lanes takes it."""

    instance: str
    databases: tuple[str, ...]
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
    EmptyRegistryError,
    QuotaExceededError,
)


def run(request: Request, clients: Clients) -> Response:
    """Plan once: entered again, the plan that stands is the answer."""
    run_id, asked = require_run_id(request.run), request.input
    if asked.mode == "delta":
        raise MalformedInputError("mode 'delta' is not built yet.", remedy="Use mode 'full'.")
    if asked.scheduled_at is not None:
        winner = clients.ledger.take_slot(asked.schedule or asked.mode or "rerun", asked.scheduled_at, run_id)
        if winner != run_id:
            clients.ledger.put_run(run_id, mode=asked.mode, superseded_by=winner, database_count=0)
            return Response(run=run_id, mode="full", lanes=(), superseded_by=winner)
    plan = clients.records.find_plan(run_id) or _plan(request, clients)
    if not clients.ledger.run(run_id):  # written last: the call that wrote the plan may have ended before
        _keep(request, plan, clients)
    return Response(
        run=run_id,
        mode=plan.mode,
        lanes=tuple(
            LanePlan(instance=one.instance, databases=one.databases, at_once=one.at_once) for one in plan.lanes
        ),
    )


def _plan(request: Request, clients: Clients) -> Plan:
    asked = request.input
    version, registry = clients.records.pin_registry()
    again: dict[str, tuple[str, ...] | None] = {}
    if asked.rerun_of is not None:
        mode, again = _choose_rerun(asked, clients)
        chosen = choose_databases(registry, list(again), asked.tags)
    elif asked.mode is None or asked.what is not None:
        raise MalformedInputError(
            "the input has `what` without `rerun_of`, or neither `mode` nor `rerun_of`.",
            remedy='Give {"mode": "full"}, or {"rerun_of": "<run>", "what": "failed-databases"}.',
        )
    else:
        mode, chosen = asked.mode, choose_databases(registry, asked.databases, asked.tags)
    refuse_oversize([database for database in registry.databases if database.onboarded])
    deployed_ids = clients.dms.task_ids()
    deployed = [one for one in chosen if task_id(registry.settings.prefix, one.id, mode) in deployed_ids]
    plan = plan_run(
        registry,
        run=request.run,
        mode=mode,
        registry_version=version,
        planned_at=clients.now().isoformat(),
        databases=deployed,
        chosen=[one.id for one in chosen],
        measured_seconds=clients.ledger.measured_seconds([one.id for one in deployed]),
        rerun_of=asked.rerun_of,
        tables={database: tables for database, tables in again.items() if tables is not None},
    )
    clients.records.write(plan_key(request.run), plan, Plan)
    return plan


def _choose_rerun(asked: Input, clients: Clients) -> tuple[Mode, dict[str, tuple[str, ...] | None]]:
    """The old run's mode, and what of it is to be done again.

    Raises:
        UnknownRunError: There was no such run.
        MalformedInputError: Nothing of it is left to do, or the input contradicts it.
    """
    assert asked.rerun_of is not None  # noqa: S101  the caller's condition
    old = clients.records.plan(require_run_id(asked.rerun_of))
    if asked.mode not in {None, old.mode}:
        raise MalformedInputError(
            f"mode {asked.mode!r} is asked for, but run {old.run} was {old.mode!r}.", remedy="Leave `mode` out."
        )
    items = {item["sk"].removeprefix("DB#"): item for item in clients.ledger.outcomes(old.run)}
    words = {database: str(item["outcome"]) for database, item in items.items()}
    failed = {
        name: _failed_tables(read_outcome(old.run, items[name], clients))
        for name, word in words.items()
        if word == "partial"
    }
    again = choose_rerun(old.chosen, words, failed, asked.what or "failed-databases")
    if unknown := sorted(set(asked.databases or ()) - set(old.chosen)):
        raise MalformedInputError(
            f"database {unknown[0]!r} is not one of run {old.run}, which had {len(old.chosen)}.",
            remedy=f"See the page of run {old.run}, or leave `databases` out.",
        )
    if asked.databases is not None:
        again = {database: tables for database, tables in again.items() if database in asked.databases}
    if not again:
        raise MalformedInputError(
            f"run {old.run} leaves nothing to run again: {len(words)} databases, "
            f"{sum(word == 'ok' for word in words.values())} ok, {len(failed)} partial.",
            remedy='With partial ones, ask for {"what": "failed-tables"}.',
        )
    return old.mode, again


def _failed_tables(outcome: Outcome) -> tuple[str, ...]:
    return tuple(f"{table.schema}.{table.table}" for table in not_arrived(outcome.tables))


def _keep(request: Request, plan: Plan, clients: Clients) -> None:
    """What the ledger holds of *plan*, which is what CloseRun counts by."""
    registry = clients.records.registry(plan.registry_version)
    for database_id in plan.chosen:
        if database_id not in plan.databases:
            _skip(request, plan, registry.database(database_id), registry, clients)
    if plan.rerun_of is not None:
        clients.ledger.link_rerun(plan.rerun_of, plan.run)
    clients.ledger.put_run(
        request.run,
        mode=plan.mode,
        execution=request.execution,
        registry_version=plan.registry_version,
        planned_at=plan.planned_at,
        rerun_of=plan.rerun_of,
        database_count=len(plan.chosen),
        databases=list(plan.chosen),
    )


def _skip(request: Request, plan: Plan, database: Database, registry: Registry, clients: Clients) -> None:
    """An onboarded database without a task is said to be so, not left out in silence."""
    attempt = Attempt(request.run, database.id, plan.mode, 0, request.execution)
    identifier = task_id(registry.settings.prefix, database.id, plan.mode)
    text = f"DMS has no task {identifier!r}: {database.id} is onboarded and was not deployed to {database.instance!r}."
    now = clients.now().isoformat()
    failure = Failure("not_deployed", "NotDeployed", text)
    outcome = decide(attempt, failure, (), gaps=(), started_at=now, ended_at=now, skipped=True)
    clients.records.write(outcome_key(outcome), outcome, Outcome)
    put_outcome(outcome, clients)


handler = entrypoint("PlanRun", Request, run)
