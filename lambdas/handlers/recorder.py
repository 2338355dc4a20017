"""
Function "Recorder", called by the EventBridge rule on executions that ended FAILED, TIMED_OUT or ABORTED.

Takes   Request: EventBridge's event of a status change
Returns Response: what was done; nothing where the execution spoke for itself, or goes on
Raises  nothing of its own

Events are best effort, late and doubled, so it acts on what DescribeExecution says now.
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict

from fleet.errors import FleetError
from lambdas.clients.refusals import code_of
from lambdas.ended_executions import ENDED, end_database, end_run, read_input
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
    """*tasks_stopped*: that were asked to stop. *loads_cancelled*: statements at Snowflake.

    *children_stopped*: executions of a run that ended without them.
    """

    guessed: bool = False
    tasks_stopped: int = 0
    loads_cancelled: int = 0
    children_stopped: int = 0
    closed: bool = False


RAISES: tuple[type[FleetError], ...] = ()


def run(request: Request, clients: Clients) -> Response:
    """Act only if the execution is over, and was not redriven since."""
    detail = request.detail
    described = clients.executions.describe_execution(executionArn=detail.executionArn)
    if described["status"] not in ENDED or described.get("redriveCount", 0) != detail.redriveCount:
        return Response()
    if not detail.stateMachineArn.endswith("-database-run"):
        ended = end_run(described, clients)
        return Response(children_stopped=ended.children_stopped, closed=ended.closed)
    done = end_database(described, clients)
    return Response(
        guessed=done.guessed,
        tasks_stopped=done.tasks_stopped,
        loads_cancelled=done.loads_cancelled,
        closed=_close_after_last(described, clients),
    )


def _close_after_last(described: dict[str, Any], clients: Clients) -> bool:
    """Close the run that ended before this execution of it did, if no other goes on."""
    asked = read_input(described)
    planned = clients.ledger.run(asked.run) if asked else {}
    if "execution" not in planned:
        return False
    try:
        parent = clients.executions.describe_execution(executionArn=planned["execution"])
    except ClientError as error:
        if code_of(error) == "ExecutionDoesNotExist":
            return False
        raise
    return parent["status"] in ENDED and end_run(parent, clients).closed


handler = entrypoint("Recorder", Request, run)
