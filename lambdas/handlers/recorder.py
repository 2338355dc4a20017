"""
Function "Recorder", called by the EventBridge rule on executions that ended FAILED, TIMED_OUT or ABORTED.

Takes   Request: EventBridge's event of a status change
Returns Response: what was done; nothing where the execution spoke for itself, or goes on
Raises  nothing of its own

Events are best effort, late and doubled, so it acts on what DescribeExecution says now.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from fleet.errors import FleetError
from fleet.names import is_database_run
from lambdas.clients.executions import ENDED, Execution, describe
from lambdas.ended_executions import end_database, end_run, read_input
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
    execution = describe(clients.executions, detail.executionArn)
    if execution is None or execution.status not in ENDED or execution.redrive_count != detail.redriveCount:
        return Response()
    if not is_database_run(detail.stateMachineArn):
        ended = end_run(execution, clients)
        return Response(children_stopped=ended.children_stopped, closed=ended.closed)
    done = end_database(execution, clients)
    return Response(
        guessed=done.guessed,
        tasks_stopped=done.tasks_stopped,
        loads_cancelled=done.loads_cancelled,
        closed=_close_after_last(execution, clients),
    )


def _close_after_last(execution: Execution, clients: Clients) -> bool:
    """Close the run that ended before this *execution* of it did, if no other goes on."""
    asked = read_input(execution)
    planned = clients.ledger.run(asked.run) if asked else None
    parent = describe(clients.executions, planned.execution) if planned and planned.execution else None
    return parent is not None and parent.status in ENDED and end_run(parent, clients).closed


handler = entrypoint("Recorder", Request, run)
