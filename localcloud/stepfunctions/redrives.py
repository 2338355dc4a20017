"""Which executions may be redriven, and which requests for it are repetitions.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html and
https://docs.aws.amazon.com/step-functions/latest/apireference/API_RedriveExecution.html (read 2026-11-21)
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

from localcloud.quotas import SFN_HISTORY_EVENTS
from localcloud.stepfunctions.executions import RUNNING, SUCCEEDED, Execution

REDRIVABLE_FOR = timedelta(days=14)
OPEN_AT_MOST = timedelta(days=365)
_ROOM = 2  # ExecutionRedriven and at least one event more
_TOKENS_KEPT = 10
_TOKEN_HOLDS_FOR = timedelta(minutes=15)


def reason_against_redrive(execution: Execution) -> str | None:
    """In AWS's words why *execution* cannot be redriven now; None if it can.

    The words are DescribeExecution's. That a year is counted from the first start is assumed, as is the order.
    """
    if execution.status in (RUNNING, SUCCEEDED):
        return f"Execution is {execution.status} and cannot be redriven"
    now = execution.clock.now()
    if execution.machine.is_deleted:
        return "State machine is in DELETING status"
    if len(execution.events) > SFN_HISTORY_EVENTS.value - _ROOM:
        return "Execution history event limit exceeded"
    if now - execution.started_at >= OPEN_AT_MOST:
        return "Execution has exceeded the max execution time"
    if execution.stopped_at is not None and now - execution.stopped_at >= REDRIVABLE_FOR:
        return "Execution redrivable period exceeded"
    return None


class RedriveTokens:
    """The client tokens with which executions were redriven of late, each with the date it was answered."""

    def __init__(self) -> None:
        self._used: dict[str, deque[tuple[str, datetime]]] = {}

    def answered(self, execution: Execution, token: str | None) -> datetime | None:
        """The date with which *token* was answered for *execution*, whatever has become of it since."""
        now = execution.clock.now()
        for used, redriven_at in self._used.get(execution.arn, ()):
            if used == token and now - redriven_at <= _TOKEN_HOLDS_FOR:
                return redriven_at
        return None

    def keep(self, execution: Execution, token: str | None, redriven_at: datetime) -> None:
        """Remember the answer to *token*."""
        if token is not None:
            self._used.setdefault(execution.arn, deque(maxlen=_TOKENS_KEPT)).appendleft((token, redriven_at))
