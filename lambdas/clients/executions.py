"""Executions of Step Functions as it describes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from lambdas.clients.refusals import code_of

ENDED = ("FAILED", "TIMED_OUT", "ABORTED")
"""The statuses of an execution that did not end well."""


@dataclass(frozen=True)
class Execution:
    """One execution. *begun_at*: its start, or its last redrive if there was one. *stopped_at*: None while it runs.

    *input*, *error* and *cause* are empty in a list.
    """

    arn: str
    name: str
    machine: str
    status: str
    started_at: datetime
    begun_at: datetime
    stopped_at: datetime | None = None
    redrive_count: int = 0
    input: str = ""
    error: str = ""
    cause: str = ""


def describe(stepfunctions: Any, arn: str) -> Execution | None:
    """The execution as it is now, or None if Step Functions knows none: it forgets what ended 90 days ago."""
    try:
        return _read(stepfunctions.describe_execution(executionArn=arn))
    except ClientError as error:
        if code_of(error) == "ExecutionDoesNotExist":
            return None
        raise


def list_newest(stepfunctions: Any, machine: str, count: int) -> list[Execution]:
    """The last *count* executions of *machine*, newest first; at most a page of a thousand."""
    return [
        _read(one) for one in stepfunctions.list_executions(stateMachineArn=machine, maxResults=count)["executions"]
    ]


def list_all(stepfunctions: Any, machine: str, status: str) -> Iterator[Execution]:
    """All executions of *machine* that have *status*, newest first."""
    pages = stepfunctions.get_paginator("list_executions").paginate(stateMachineArn=machine, statusFilter=status)
    return (_read(one) for page in pages for one in page["executions"])


def _read(described: dict[str, Any]) -> Execution:
    return Execution(
        arn=described["executionArn"],
        name=described["name"],
        machine=described["stateMachineArn"],
        status=described["status"],
        started_at=described["startDate"],
        begun_at=described.get("redriveDate") or described["startDate"],
        stopped_at=described.get("stopDate"),
        redrive_count=described.get("redriveCount", 0),
        input=described.get("input", ""),
        error=described.get("error") or "",
        cause=described.get("cause") or "",
    )
