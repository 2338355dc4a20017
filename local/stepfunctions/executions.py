"""Executions: what AWS tells of one, its history, and where each of its branches stands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from fleet.quotas import SFN_HISTORY_EVENTS
from local.clock import Clock
from local.stepfunctions.dataflow import Payload
from local.stepfunctions.errors import RUNTIME
from local.stepfunctions.states import Definition

RUNNING, SUCCEEDED, FAILED = "RUNNING", "SUCCEEDED", "FAILED"
TIMED_OUT, ABORTED = "TIMED_OUT", "ABORTED"

_END_EVENTS = {
    SUCCEEDED: "ExecutionSucceeded",
    FAILED: "ExecutionFailed",
    TIMED_OUT: "ExecutionTimedOut",
    ABORTED: "ExecutionAborted",
}


@dataclass(slots=True)
class Machine:
    """A state machine as it was last created or updated; *settings* are what AWS gives back as they were given."""

    arn: str
    name: str
    role_arn: str
    definition: Definition
    created_at: datetime
    settings: dict[str, Any]


@dataclass(slots=True, eq=False)
class Branch:
    """One line of states under way: a whole execution's, or that of one item of a Map.

    *at* and *payload* are the state it entered last and that state's input, *iterations* the branches of the Map it
    stands in: what a redrive would begin from. *last_event_id*: what its next event names as its previous one.
    """

    context: dict[str, Any]
    last_event_id: int = 0
    at: str = ""
    kind: str = ""
    payload: Payload | None = None
    output: Payload | None = None
    iterations: list[Branch] = field(default_factory=list)


class Execution:
    """One execution. Everything here happens on the clock's loop."""

    def __init__(
        self,
        clock: Clock,
        machine: Machine,
        arn: str,
        name: str,
        payload: Payload,
        on_change: Callable[[Execution], None],
    ) -> None:
        self.machine = machine
        self.definition = machine.definition
        self.arn = arn
        self.name = name
        self.payload = payload
        self.status = RUNNING
        self.started_at = clock.now()
        self.stopped_at: datetime | None = None
        self.output: str | None = None
        self.error: str | None = None
        self.cause: str | None = None
        self.redrive_count = 0
        self.events: list[dict[str, Any]] = []
        self.ended: asyncio.Future[None] = clock.loop.create_future()
        self.root = Branch(self._context())
        self._clock = clock
        self._on_change = on_change
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, task: asyncio.Task[None]) -> None:
        """Write the first event; *task* runs the machine and is cancelled when the execution ends otherwise."""
        self._task = task
        self._append(
            0,
            "ExecutionStarted",
            executionStartedEventDetails={
                "input": self.payload.text,
                "inputDetails": {"truncated": False},
                "roleArn": self.machine.role_arn,
            },
        )
        if self.definition.timeout_seconds is not None:
            self._timer = self._clock.loop.call_later(self.definition.timeout_seconds, self.end, TIMED_OUT)
        self._on_change(self)

    def record(self, branch: Branch, kind: str, **details: dict[str, Any]) -> None:
        """Add an event of *branch*; after the end nothing is added. A full history ends the execution."""
        if self.status != RUNNING:
            return
        if len(self.events) >= SFN_HISTORY_EVENTS.value - 1:
            # Source: https://docs.aws.amazon.com/step-functions/latest/dg/bp-history-limit.html
            self.end(
                FAILED,
                error=RUNTIME,
                cause=f"The execution reached the maximum number of history events ({SFN_HISTORY_EVENTS.value}).",
            )
            raise asyncio.CancelledError
        branch.last_event_id = self._append(branch.last_event_id, kind, **details)

    def end(
        self, status: str, *, output: str | None = None, error: str | None = None, cause: str | None = None
    ) -> None:
        """Enter *status* for good, unless ended already; what is under way is cancelled, children included."""
        if self.status != RUNNING:
            return
        kind = _END_EVENTS[status]
        if status == SUCCEEDED:
            details: dict[str, Any] = {"output": output, "outputDetails": {"truncated": False}}
        else:
            details = {name: text for name, text in (("error", error), ("cause", cause)) if text is not None}
        self._append(self.root.last_event_id, kind, **{f"e{kind[1:]}EventDetails": details})
        self.status, self.output, self.error, self.cause = status, output, error, cause
        self.stopped_at = self._clock.now()
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None and status != SUCCEEDED:
            self._task.cancel()
        self.ended.set_result(None)
        self._on_change(self)

    def _append(self, previous: int, kind: str, **details: dict[str, Any]) -> int:
        event_id = len(self.events) + 1
        self.events.append(
            {"timestamp": self._clock.now(), "type": kind, "id": event_id, "previousEventId": previous, **details}
        )
        return event_id

    def _context(self) -> dict[str, Any]:
        return {
            "Execution": {
                "Id": self.arn,
                "Input": self.payload.value,
                "Name": self.name,
                "RoleArn": self.machine.role_arn,
                "StartTime": iso(self.started_at),
                "RedriveCount": self.redrive_count,
            },
            "StateMachine": {"Id": self.machine.arn, "Name": self.machine.name},
        }


def iso(moment: datetime) -> str:
    """*moment* as the context object writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
