"""How an execution is told: to the API, to the parent that waits for it, and to EventBridge."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from local.stepfunctions.executions import ABORTED, FAILED, RUNNING, SUCCEEDED, TIMED_OUT, Execution

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
            **_redrive_status(execution),
        }
    )


def describe_to_parent(execution: Execution) -> dict[str, Any]:
    """What `startExecution.sync:2` tells: DescribeExecution's members in PascalCase, times in ms since 1970.

    Observed in published outputs; that Input stays a text while Output is parsed is assumed.
    """
    told = describe(execution)
    for name in ("startDate", "stopDate"):
        told[name] = round(told[name].timestamp() * 1000)
    for name in ("inputDetails", "outputDetails"):
        if name in told:
            told[name] = {"Included": True}
    return {name[0].upper() + name[1:]: value for name, value in told.items()}


def status_event(execution: Execution, *, event_id: str, account: str, region: str) -> dict[str, Any]:
    """The event that EventBridge gets on a change of status.

    Source: https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
    """
    changed_at = execution.stopped_at or execution.started_at
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
            "startDate": round(execution.started_at.timestamp() * 1000),
            "stopDate": execution.stopped_at and round(execution.stopped_at.timestamp() * 1000),
            "input": execution.payload.text,
            "inputDetails": _INCLUDED,
            "output": execution.output,
            "outputDetails": _INCLUDED if execution.output is not None else None,
            "error": execution.error,
            "cause": execution.cause,
            "redriveCount": execution.redrive_count,
            "redriveDate": None,
            "redriveStatusReason": None,
            **_redrive_status(execution),
        },
    }


def _redrive_status(execution: Execution) -> dict[str, str]:
    if execution.status in (FAILED, TIMED_OUT, ABORTED):
        return {"redriveStatus": "REDRIVABLE"}
    reason = {RUNNING: "is RUNNING", SUCCEEDED: "is SUCCEEDED"}[execution.status]
    return {
        "redriveStatus": "NOT_REDRIVABLE",
        "redriveStatusReason": f"Execution {reason} and cannot be redriven",
    }


def _without_none(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
