"""What the input of a run comes to: the mode and the databases, as the account has them now.

PlanRun asks before it plans, and the command line before it starts a run at all. Nothing is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import ConfigDict, Field

from fleet.databases import Database, Mode, Registry, Settings
from fleet.errors import MalformedInputError, UnknownRunError
from fleet.names import execution_arn, require_run_id
from fleet.outcome_record import OutcomeRecord
from fleet.outcomes import JOINED
from fleet.run_input import OldRun, What, choose_databases, choose_rerun, choose_sweep
from fleet.spelling import did_you_mean
from fleet.totals import not_arrived
from lambdas.clients.executions import describe
from lambdas.entrypoint import Model
from lambdas.outcome_records import read_outcome
from lambdas.wiring import Clients


class Input(Model):
    """The input of a run: `mode`, or `rerun_of` an old run, whose mode it then has. *databases* and *tags* narrow.

    *sweep*: whether a run of mode `delta` compares the keys of source and Snowflake, or of which tables it does.
    *schedule*, *scheduled_at*: the slot that only one run may have.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: Mode | None = None
    databases: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None
    rerun_of: str | None = None
    what: What | None = None
    sweep: bool | tuple[str, ...] | None = None
    schedule: str | None = None
    scheduled_at: str | None = None


class DatabaseRunInput(Model):
    """The input of an execution of database-run, as a person may edit it: a misspelt `tables` must not move them all.

    *started_by*: what `fleet-run` adds, so that the console links the two.
    """

    run: str
    database: str
    mode: Mode
    tables: tuple[str, ...] | None = None
    started_by: str | None = Field(default=None, alias="AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID")


@dataclass(frozen=True)
class Chosen:
    """What a run is to do. *tables*: for a database of which only some are moved, their `schema.table` names. *sweep*:
    the tables whose keys are compared, all of them if empty; None for no sweep."""

    mode: Mode
    databases: tuple[Database, ...]
    tables: Mapping[str, tuple[str, ...]]
    sweep: tuple[str, ...] | None = None


def choose(asked: Input, registry: Registry, clients: Clients) -> Chosen:
    """What *asked* comes to under *registry*.

    Raises:
        MalformedInputError, MalformedIdError, UnknownDatabaseError, EmptyRegistryError: The input is wrong.
        UnknownRunError, RunNotOverError, NothingToRerunError: There is no such old run, it goes on, or it was all ok.
    """
    if nulls := sorted(name for name in asked.model_fields_set if getattr(asked, name) is None):
        raise MalformedInputError(f"`{nulls[0]}` is null.", remedy="Give it a value, or leave the field out.")
    if asked.rerun_of is not None:
        old = _old_run(asked.rerun_of, registry.settings, clients)
        if asked.mode not in {None, old.mode}:
            raise MalformedInputError(
                f"mode {asked.mode!r} is asked for, but run {old.run} was {old.mode!r}.", remedy="Leave `mode` out."
            )
        again = choose_rerun(old, asked.what or "failed-databases", asked.databases)
        chosen = choose_databases(registry, list(again), asked.tags, old.mode)
        # A delta reads one log for all tables, so that it is never narrowed.
        tables = {name: found for name, found in again.items() if found is not None and old.mode == "full"}
        return Chosen(old.mode, chosen, tables, clients.records.plan(old.run).sweep)
    if asked.mode is None or asked.what is not None:
        raise MalformedInputError(
            "the input has `what` without `rerun_of`, or neither `mode` nor `rerun_of`.",
            remedy='Give {"mode": "full"}, or {"rerun_of": "<run>", "what": "failed-databases"}.',
        )
    databases = choose_databases(registry, asked.databases, asked.tags, asked.mode)
    sweep = choose_sweep(asked.mode, asked.sweep)
    if sweep:
        _require_tables(sweep, databases, clients)
    return Chosen(asked.mode, databases, {}, sweep)


def _require_tables(names: Sequence[str], databases: Sequence[Database], clients: Clients) -> None:
    """Refuse a sweep of tables that no run has moved, or of several databases' tables by one list.

    Raises:
        MalformedInputError: So it is.
    """
    if len(databases) > 1:
        raise MalformedInputError(
            f"`sweep` names tables, and the run is over {len(databases)} databases.",
            remedy="Name the one database that has them, or sweep all tables: `true`.",
        )
    known = {str(name) for name in clients.chains.states(databases[0].id)}
    if unknown := [name for name in names if name not in known]:
        raise MalformedInputError(
            f"no run has loaded a table {unknown[0]!r} of {databases[0].id} since its deltas began.",
            remedy=did_you_mean(unknown[0], known) if known else "Run it in mode 'delta' first.",
        )


def _old_run(run: str, settings: Settings, clients: Clients) -> OldRun:
    """How far the run is that is to be run again.

    Raises:
        UnknownRunError: There was no such run, or another did its work.
    """
    planned = clients.ledger.run(require_run_id(run))
    if planned is not None and (winner := planned.superseded_by):
        raise UnknownRunError(f"run {run} did nothing: run {winner} had its slot.", remedy=f"Run {winner} again.")
    plan = clients.records.plan(run)
    arn = execution_arn(settings.account, settings.region, settings.prefix, "fleet-run", run)
    execution = describe(clients.executions, arn)
    records = clients.ledger.outcomes(run)
    return OldRun(
        run,
        plan.mode,
        execution.status if execution else "forgotten",
        plan.chosen,
        {record.database: "ok" if record.failure_name == JOINED else record.outcome for record in records},
        {record.database: _failed_tables(record, clients) for record in records if record.outcome == "partial"},
        plan.tables,
    )


def _failed_tables(record: OutcomeRecord, clients: Clients) -> tuple[str, ...]:
    return tuple(f"{table.schema}.{table.table}" for table in not_arrived(read_outcome(record, clients).tables))
