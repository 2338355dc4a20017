"""What tests of redrives share: a function that fails until it is mended, and how to ask for a redrive."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from localcloud.in_process_transport import AwsError
from localcloud.stepfunctions import FunctionError
from localcloud.tests.stepfunctions.stepfunctions_lab import LONG, Lab, execution_arn

ARN = execution_arn("m", "x")
DAY = 86_400


class Mendable:
    """A function that fails until it is mended, and keeps every event it got."""

    def __init__(self, error_type: str = "BrokenError") -> None:
        self._error_type = error_type
        self.is_mended = False
        self.events: list[Any] = []

    def __call__(self, event: Any) -> Any:
        self.events.append(event)
        if not self.is_mended:
            raise FunctionError(self._error_type, "not yet")
        return "mended"


def redrive(lab: Lab, arn: str = ARN, **more: str) -> Any:
    return lab.answer("RedriveExecution", executionArn=arn, **more)["redriveDate"]


def mend(lab: Lab, function: Mendable) -> Any:
    """How `m:x` ends when it is redriven after *function* has been mended."""
    function.is_mended = True
    redrive(lab)
    return lab.finish(ARN)


def refusal(lab: Lab, arn: str = ARN) -> str:
    with pytest.raises(AwsError) as refused:
        redrive(lab, arn)
    if refused.value.code == "ExecutionNotRedrivable":
        described = lab.answer("DescribeExecution", executionArn=arn)
        assert described["redriveStatus"] == "NOT_REDRIVABLE"
        assert refused.value.message == f"Execution {arn} invalid for redrive as: {described['redriveStatusReason']}"
        return described["redriveStatusReason"]
    return refused.value.code


def in_one_turn(lab: Lab, *requests: Callable[[], object]) -> None:
    """Make all *requests* before the engine does anything of its own."""
    done = threading.Event()

    def ask() -> None:
        for request in requests:
            request()
        done.set()

    lab.clock.call_later(0, ask)
    assert done.wait(LONG)


def links(lab: Lab, after: int) -> list[tuple[int, int, str]]:
    """Id, previous id and type of the events of `m:x` behind the first *after*."""
    return [(event["id"], event["previousEventId"], event["type"]) for event in lab.history()[after:]]
