"""What is done once an execution has ended and recorded nothing: by the recorder, or else by the sweep."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime

from pydantic import ValidationError

from fleet.attempts import Attempt
from fleet.names import database_run_of, task_ids
from lambdas.chosen_databases import DatabaseRunInput
from lambdas.clients.executions import ENDED, Execution, describe, list_all
from lambdas.loads import cancel_loads
from lambdas.run_closing import close_run, explain, guess
from lambdas.wiring import Clients


@dataclass(frozen=True)
class Ended:
    """What was done for a database: whether an outcome was guessed, tasks asked to stop, statements cancelled."""

    guessed: bool = False
    tasks_stopped: int = 0
    loads_cancelled: int = 0


@dataclass(frozen=True)
class RunEnd:
    """What was done for a run: executions stopped that it had left running; or, where none ran, it was closed."""

    children_stopped: int = 0
    closed: bool = False


def end_database(execution: Execution, clients: Clients) -> Ended:
    """End what an ended *execution* of database-run left moving at DMS and at Snowflake, and write a guess if it left
    no outcome."""
    asked = read_input(execution)
    plan = clients.records.find_plan(asked.run) if asked else None
    if asked is None or plan is None:
        return Ended()
    registry = clients.records.registry(plan.registry_version)
    if all(database.id != asked.database for database in registry.databases):
        return Ended()
    claim = clients.ledger.claim(asked.database)
    attempt, stopped, cancelled, gap = Attempt(asked.run, asked.database, asked.mode, 0, execution.arn), 0, 0, ""
    record = None
    if claim.holder == execution.arn:
        stopped = _stop_tasks(registry.settings.prefix, asked.database, clients)
        attempt = replace(attempt, number=claim.number)
        record = clients.ledger.record(attempt)
        attempt = replace(attempt, tables=record.attempt.tables)
        why = f"execution {execution.name} ended {execution.status}."
        cancelled, gap = cancel_loads(attempt, registry.settings.snowflake, why, clients)
    guessed = False
    if not _has_spoken(execution, attempt, clients):
        guessed = guess(attempt, explain(execution, record, clients), clients, record, gap)
    return Ended(guessed=guessed, tasks_stopped=stopped, loads_cancelled=cancelled)


def _has_spoken(execution: Execution, attempt: Attempt, clients: Clients) -> bool:
    """Whether the run's outcome is this *execution*'s own, or the guess that was made at this end of it."""
    recorded = clients.ledger.outcome(attempt.run, attempt.database)
    if recorded is None or recorded.execution != execution.arn or attempt.number > recorded.attempt:
        return False
    return not recorded.guessed or recorded.ended_at >= _ended_at(execution)


def _ended_at(execution: Execution) -> datetime:
    if execution.stopped_at is None:
        raise ValueError(f"{execution.arn} is {execution.status}, wanted one that has ended")
    return execution.stopped_at


def read_input(execution: Execution) -> DatabaseRunInput | None:
    """What the execution was asked for; None if ClaimDatabase, too, could not read it."""
    try:
        return DatabaseRunInput.model_validate_json(execution.input)
    except ValidationError:
        return None


def _stop_tasks(prefix: str, database: str, clients: Clients) -> int:
    stopped = 0
    for report in clients.dms.find_moving(task_ids(prefix, database)).values():
        if report.status != "stopping":
            clients.dms.stop_task(report.arn)
            stopped += 1
    return stopped


def end_run(run: Execution, clients: Clients) -> RunEnd:
    """Stop the executions that an ended fleet-run left running; once none runs, count and report."""
    if not is_open(run, clients):
        return RunEnd()
    listed = list_all(clients.executions, database_run_of(run.machine), "RUNNING")
    running = [one.arn for one in listed if _survives(one.arn, run, clients)]
    for arn in running:
        clients.executions.stop_execution(executionArn=arn, error="RunEnded", cause=f"{run.name} ended without it.")
    if running:
        return RunEnd(children_stopped=len(running))
    close_run(run.name, clients)
    return RunEnd(closed=True)


def is_open(run: Execution, clients: Clients) -> bool:
    """Whether *run*, an execution of fleet-run as listed or described, ended and nobody closed it.

    What was closed before a redrive is open again: what the redrive ran needs closing, too.
    """
    planned = clients.ledger.run(run.name)
    if run.status not in ENDED or planned is None or planned.superseded_by:
        return False
    return planned.closed_at is None or planned.closed_at < run.begun_at


def _survives(child: str, run: Execution, clients: Clients) -> bool:
    """Whether it is of *run* and was begun before the run ended: one begun since is somebody's redrive or rerun."""
    execution = describe(clients.executions, child)
    if execution is None:
        return False
    return json.loads(execution.input)["run"] == run.name and execution.begun_at <= _ended_at(run)
