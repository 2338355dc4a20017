"""What is done once an execution has ended without a word of its own: by the recorder, or else by the sweep."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from fleet.attempts import Attempt
from fleet.names import task_ids
from lambdas.chosen_databases import DatabaseRunInput
from lambdas.loads import cancel_loads
from lambdas.run_closing import close_run, explain, guess
from lambdas.wiring import Clients

ENDED = ("FAILED", "TIMED_OUT", "ABORTED")


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


def end_database(described: dict[str, Any], clients: Clients) -> Ended:
    """End what an ended execution of database-run left moving at DMS and at Snowflake, and write a guess if it left no
    outcome."""
    asked = read_input(described)
    plan = clients.records.find_plan(asked.run) if asked else None
    if asked is None or plan is None:
        return Ended()
    registry = clients.records.registry(plan.registry_version)
    if all(database.id != asked.database for database in registry.databases):
        return Ended()
    execution = described["executionArn"]
    claim = clients.ledger.claim(asked.database)
    attempt, stopped, cancelled, gap = Attempt(asked.run, asked.database, asked.mode, 0, execution), 0, 0, ""
    record = None
    if claim.get("holder") == execution:
        stopped = _stop_tasks(registry.settings.prefix, asked.database, clients)
        attempt = replace(attempt, number=int(claim["number"]))
        record = clients.ledger.record(attempt)
        attempt = replace(attempt, tables=record.attempt.tables)
        why = f"execution {described['name']} ended {described['status']}."
        cancelled, gap = cancel_loads(attempt, registry.settings.snowflake, why, clients)
    recorded = clients.ledger.outcome(attempt.run, attempt.database)
    if recorded.get("execution") == execution and attempt.number <= recorded["attempt"]:
        is_of_this_end = datetime.fromisoformat(recorded["ended_at"]) >= described["stopDate"]
        if is_of_this_end or not recorded.get("guessed"):
            return Ended(tasks_stopped=stopped, loads_cancelled=cancelled)
    guessed = guess(attempt, explain(described, record, clients), clients, record, gap)
    return Ended(guessed=guessed, tasks_stopped=stopped, loads_cancelled=cancelled)


def read_input(described: dict[str, Any]) -> DatabaseRunInput | None:
    """What the execution was asked for; None if ClaimDatabase, too, could not read it."""
    try:
        return DatabaseRunInput.model_validate_json(described["input"])
    except ValidationError:
        return None


def _stop_tasks(prefix: str, database: str, clients: Clients) -> int:
    stopped = 0
    for report in clients.dms.find_moving(task_ids(prefix, database)).values():
        if report.status != "stopping":
            clients.dms.stop_task(report.arn)
            stopped += 1
    return stopped


def end_run(described: dict[str, Any], clients: Clients) -> RunEnd:
    """Stop the executions that an ended fleet-run left running; once none runs, count and report."""
    run_id = described["name"]
    if not is_open(described, clients):
        return RunEnd()
    running = [
        one
        for one in _running_children(described["stateMachineArn"], clients)
        if _survives(one, run_id, described["stopDate"], clients)
    ]
    for arn in running:
        clients.executions.stop_execution(executionArn=arn, error="RunEnded", cause=f"{run_id} ended without it.")
    if running:
        return RunEnd(children_stopped=len(running))
    close_run(run_id, clients)
    return RunEnd(closed=True)


def is_open(run: dict[str, Any], clients: Clients) -> bool:
    """Whether *run*, an execution of fleet-run as listed or described, ended and nobody closed it.

    What was closed before a redrive is open again: what the redrive ran needs closing, too.
    """
    planned = clients.ledger.run(run["name"])
    if run["status"] not in ENDED or not planned or planned.get("superseded_by"):
        return False
    begun_at = run.get("redriveDate") or run["startDate"]
    return "closed_at" not in planned or datetime.fromisoformat(planned["closed_at"]) < begun_at


def _running_children(fleet_run_arn: str, clients: Clients) -> list[str]:
    machine = fleet_run_arn.removesuffix("-fleet-run") + "-database-run"
    pages = clients.executions.get_paginator("list_executions").paginate(
        stateMachineArn=machine, statusFilter="RUNNING"
    )
    return [one["executionArn"] for page in pages for one in page["executions"]]


def _survives(execution: str, run: str, ended_at: datetime, clients: Clients) -> bool:
    """Whether it is of *run* and was begun before the run ended: one begun since is somebody's redrive or rerun."""
    described = clients.executions.describe_execution(executionArn=execution)
    begun_at = described.get("redriveDate") or described["startDate"]
    return json.loads(described["input"])["run"] == run and begun_at <= ended_at
