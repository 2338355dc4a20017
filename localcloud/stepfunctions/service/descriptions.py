"""How an execution is described: to the API, to the parent that waits for it, and to EventBridge."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from localcloud.stepfunctions.executions import Execution
from localcloud.stepfunctions.redrives import reason_against_redrive

_INCLUDED = {"included": True}


def summarise(execution: Execution) -> dict[str, Any]:
    """An entry of ListExecutions."""
    return _without_none(
        {
            "executionArn": execution.arn,
            "stateMachineArn": execution.machine.arn,
            "name": execution.name,
            "status": execution.status,
            "startDate": execution.started_at,
            "stopDate": execution.stopped_at,
            "redriveCount": execution.redrive_count,
            "redriveDate": execution.redriven_at,
        }
    )


def describe(execution: Execution) -> dict[str, Any]:
    """DescribeExecution's answer."""
    return summarise(execution) | _without_none(
        {
            "input": execution.payload.text,
            "inputDetails": _INCLUDED,
            "output": execution.output,
            "outputDetails": _INCLUDED if execution.output is not None else None,
            "error": execution.error,
            "cause": execution.cause,
            "traceHeader": execution.trace_header,
            **_redrive_status(execution),
        }
    )


def describe_to_parent(execution: Execution) -> dict[str, Any]:
    """What `startExecution.sync:2` returns: DescribeExecution's members in PascalCase, times in ms since 1970.

    Observed in published outputs; that Input stays a text while Output is parsed is assumed.
    """
    described = describe(execution)
    for name in ("startDate", "stopDate", "redriveDate"):
        if name in described:
            described[name] = _milliseconds(described[name])
    for name in ("inputDetails", "outputDetails"):
        if name in described:
            described[name] = {"Included": True}
    return {name[0].upper() + name[1:]: value for name, value in described.items()}


def status_event(execution: Execution, *, event_id: str, account: str, region: str) -> dict[str, Any]:
    """The event that EventBridge gets on a change of status.

    Source: https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
    """
    changed_at = execution.stopped_at or execution.redriven_at or execution.started_at
    return {
        "version": "0",
        "id": event_id,
        "detail-type": "Step Functions Execution Status Change",
        "source": "aws.states",
        "account": account,
        "time": changed_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": region,
        "resources": [execution.arn],
        "detail": {
            "executionArn": execution.arn,
            "stateMachineArn": execution.machine.arn,
            "stateMachineVersionArn": None,
            "stateMachineAliasArn": None,
            "name": execution.name,
            "status": execution.status,
            "startDate": _milliseconds(execution.started_at),
            "stopDate": execution.stopped_at and _milliseconds(execution.stopped_at),
            "input": execution.payload.text,
            "inputDetails": _INCLUDED,
            "output": execution.output,
            "outputDetails": _INCLUDED if execution.output is not None else None,
            "error": execution.error,
            "cause": execution.cause,
            "redriveCount": execution.redrive_count,
            "redriveDate": execution.redriven_at and _milliseconds(execution.redriven_at),
            "redriveStatusReason": None,
            **_redrive_status(execution),
        },
    }


def _redrive_status(execution: Execution) -> dict[str, str]:
    reason = reason_against_redrive(execution)
    if reason is None:
        return {"redriveStatus": "REDRIVABLE"}
    return {"redriveStatus": "NOT_REDRIVABLE", "redriveStatusReason": reason}


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _without_none(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
