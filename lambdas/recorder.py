"""
Function "Recorder", called by the EventBridge rule on executions that ended FAILED, TIMED_OUT or ABORTED.

Takes   Request: EventBridge's event of a status change
Returns Response: what was done; nothing where the execution spoke for itself, or goes on
Raises  nothing of its own

Events are best effort, late and doubled, so it acts on what DescribeExecution says now.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel, ConfigDict

from fleet.attempts import Attempt
from fleet.errors import FleetError
from fleet.failures import Failure, FailureClass
from fleet.names import task_id
from lambdas.closing import close_run, guess
from lambdas.entrypoint import Model, entrypoint
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
    """*tasks_stopped*: that were asked to stop. *children_stopped*: executions of a run that ended without them."""

    guessed: bool = False
    tasks_stopped: int = 0
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
    if told.stateMachineArn.endswith("-database-run"):
        return end_database(described, clients)
    return end_run(described, clients)


def end_database(described: dict[str, Any], clients: Clients) -> Response:
    """Stop what an ended execution of database-run left moving, and write a guess if it left no outcome."""
    asked = json.loads(described["input"])
    execution = described["executionArn"]
    claim = clients.ledger.claim(asked["database"])
    is_holder = claim.get("holder") == execution
    stopped = _stop_tasks(asked["run"], asked["database"], clients) if is_holder else 0
    attempt = Attempt(
        asked["run"], asked["database"], asked["mode"], int(claim["number"]) if is_holder else 0, execution
    )
    recorded = clients.ledger.outcome(attempt.run, attempt.database)
    if recorded.get("execution") == execution and not recorded.get("guessed") and attempt.number <= recorded["attempt"]:
        return Response(tasks_stopped=stopped)
    return Response(guessed=guess(attempt, _explain(described), clients), tasks_stopped=stopped)


def _explain(described: dict[str, Any]) -> Failure:
    status = described["status"]
    failure_class: FailureClass = "cancelled" if status == "ABORTED" else "unknown"
    why = " ".join(filter(None, (described.get("error"), described.get("cause"))))[:500]
    text = f"execution {described['name']} ended {status} and recorded nothing{': ' + why if why else ''}."
    return Failure(failure_class, "ExecutionBrokenOff", text)


def _stop_tasks(run_id: str, database: str, clients: Clients) -> int:
    plan = clients.records.find_plan(run_id)
    if plan is None:
        return 0
    prefix = clients.records.registry(plan.registry_version).settings.prefix
    stopped = 0
    for mode in ("full", "delta"):
        report = clients.dms.find_report(task_id(prefix, database, mode))
        if report is not None and not report.is_at_rest:
            clients.dms.stop_task(report.arn)
            stopped += 1
    return stopped


def end_run(described: dict[str, Any], clients: Clients) -> Response:
    """Stop the executions that an ended fleet-run left running; once none runs, count and report."""
    run_id = described["name"]
    planned = clients.ledger.run(run_id)
    if not planned or planned.get("closed_at") or planned.get("superseded_by"):
        return Response()
    running = [
        one for one in _running_children(described["stateMachineArn"], clients) if _run_of(one, clients) == run_id
    ]
    for arn in running:
        clients.executions.stop_execution(executionArn=arn, error="RunEnded", cause=f"{run_id} ended without it.")
    if running:
        return Response(children_stopped=len(running))
    close_run(run_id, clients)
    return Response(closed=True)


def _running_children(fleet_run_arn: str, clients: Clients) -> list[str]:
    machine = fleet_run_arn.removesuffix("-fleet-run") + "-database-run"
    pages = clients.executions.get_paginator("list_executions").paginate(
        stateMachineArn=machine, statusFilter="RUNNING"
    )
    return [one["executionArn"] for page in pages for one in page["executions"]]


def _run_of(execution: str, clients: Clients) -> str:
    return json.loads(clients.executions.describe_execution(executionArn=execution)["input"])["run"]


handler = entrypoint("Recorder", Request, run)
