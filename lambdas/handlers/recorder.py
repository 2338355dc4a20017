"""
Function "Recorder", called by the EventBridge rule on executions that ended FAILED, TIMED_OUT or ABORTED.

Takes   Request: EventBridge's event of a status change
Returns Response: what was done; nothing where the execution spoke for itself, or goes on
Raises  nothing of its own

Events are best effort, late and doubled, so it acts on what DescribeExecution says now.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict, ValidationError

from fleet.attempts import Attempt
from fleet.errors import FleetError
from fleet.names import task_ids
from lambdas.clients.refusals import code_of
from lambdas.entrypoint import Model, entrypoint
from lambdas.handlers.database_run.claim_database import Input
from lambdas.loads import cancel_loads
from lambdas.run_closing import close_run, explain, guess
from lambdas.wiring import Clients


class Detail(BaseModel):
    """As much of the event as is used. AWS adds fields as it likes."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    executionArn: str  # noqa: N815  AWS's name
    stateMachineArn: str  # noqa: N815
    name: str
    status: str
    redriveCount: int = 0  # noqa: N815


class Request(BaseModel):
    """EventBridge's event."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    detail: Detail


class Response(Model):
    """*tasks_stopped*: that were asked to stop. *loads_cancelled*: statements at Snowflake.

    *children_stopped*: executions of a run that ended without them.
    """

    guessed: bool = False
    tasks_stopped: int = 0
    loads_cancelled: int = 0
    children_stopped: int = 0
    closed: bool = False


RAISES: tuple[type[FleetError], ...] = ()
_ENDED = ("FAILED", "TIMED_OUT", "ABORTED")


def run(request: Request, clients: Clients) -> Response:
    """Act only if the execution is over, and was not redriven since."""
    told = request.detail
    described = clients.executions.describe_execution(executionArn=told.executionArn)
    if described["status"] not in _ENDED or described.get("redriveCount", 0) != told.redriveCount:
        return Response()
    if not told.stateMachineArn.endswith("-database-run"):
        return end_run(described, clients)
    done = end_database(described, clients)
    return done.model_copy(update={"closed": _close_after_last(described, clients)})


def end_database(described: dict[str, Any], clients: Clients) -> Response:
    """End what an ended execution of database-run left moving at DMS and at Snowflake, and write a guess if it left no
    outcome."""
    asked = _read_input(described)
    plan = clients.records.find_plan(asked.run) if asked else None
    if asked is None or plan is None:
        return Response()
    registry = clients.records.registry(plan.registry_version)
    if all(database.id != asked.database for database in registry.databases):
        return Response()
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
            return Response(tasks_stopped=stopped, loads_cancelled=cancelled)
    guessed = guess(attempt, explain(described, record, clients), clients, record, gap)
    return Response(guessed=guessed, tasks_stopped=stopped, loads_cancelled=cancelled)


def _read_input(described: dict[str, Any]) -> Input | None:
    """What the execution was asked for; None if ClaimDatabase, too, could not read it."""
    try:
        return Input.model_validate_json(described["input"])
    except ValidationError:
        return None


def _stop_tasks(prefix: str, database: str, clients: Clients) -> int:
    stopped = 0
    for report in clients.dms.find_moving(task_ids(prefix, database)).values():
        if report.status != "stopping":
            clients.dms.stop_task(report.arn)
            stopped += 1
    return stopped


def end_run(described: dict[str, Any], clients: Clients) -> Response:
    """Stop the executions that an ended fleet-run left running; once none runs, count and report."""
    run_id = described["name"]
    if not is_open(described, clients):
        return Response()
    running = [
        one
        for one in _running_children(described["stateMachineArn"], clients)
        if _survives(one, run_id, described["stopDate"], clients)
    ]
    for arn in running:
        clients.executions.stop_execution(executionArn=arn, error="RunEnded", cause=f"{run_id} ended without it.")
    if running:
        return Response(children_stopped=len(running))
    close_run(run_id, clients)
    return Response(closed=True)


def is_open(run: dict[str, Any], clients: Clients) -> bool:
    """Whether *run*, an execution of fleet-run as listed or described, ended and nobody closed it.

    What was closed before a redrive is open again: what the redrive ran needs closing, too.
    """
    planned = clients.ledger.run(run["name"])
    if run["status"] not in _ENDED or not planned or planned.get("superseded_by"):
        return False
    begun_at = run.get("redriveDate") or run["startDate"]
    return "closed_at" not in planned or datetime.fromisoformat(planned["closed_at"]) < begun_at


def _close_after_last(described: dict[str, Any], clients: Clients) -> bool:
    """Close the run that ended before this execution of it did, if no other goes on."""
    asked = _read_input(described)
    planned = clients.ledger.run(asked.run) if asked else {}
    if "execution" not in planned:
        return False
    try:
        parent = clients.executions.describe_execution(executionArn=planned["execution"])
    except ClientError as error:
        if code_of(error) == "ExecutionDoesNotExist":
            return False
        raise
    return parent["status"] in _ENDED and end_run(parent, clients).closed


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


handler = entrypoint("Recorder", Request, run)
