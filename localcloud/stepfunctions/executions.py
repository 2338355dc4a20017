"""Executions: what AWS says of one, its history, and the state that each of its branches is in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from localcloud.clock import Clock
from localcloud.quotas import SFN_HISTORY_EVENTS
from localcloud.stepfunctions.dataflow import Payload
from localcloud.stepfunctions.errors import RUNTIME, TIMEOUT
from localcloud.stepfunctions.language.states import Definition, State

RUNNING, SUCCEEDED, FAILED = "RUNNING", "SUCCEEDED", "FAILED"
TIMED_OUT, ABORTED = "TIMED_OUT", "ABORTED"

_END_EVENTS = {
    SUCCEEDED: "ExecutionSucceeded",
    FAILED: "ExecutionFailed",
    TIMED_OUT: "ExecutionTimedOut",
    ABORTED: "ExecutionAborted",
}


@dataclass(frozen=True, slots=True)
class Revision:
    """The part of a machine that an update replaces, and that an execution keeps from its beginning. *settings*: given
    back unchanged; *revision_id*: none for the first revision."""

    definition: Definition
    role_arn: str
    settings: dict[str, Any]
    revision_id: str | None
    updated_at: datetime


@dataclass(slots=True, eq=False)
class Machine:
    """A state machine. *number* counts the account's machines. Deleted, it stays until its executions have ended."""

    arn: str
    name: str
    number: int
    created_at: datetime
    revision: Revision
    tags: dict[str, str]
    is_deleted: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """The state that a branch has entered and not left, with its input."""

    state: State
    payload: Payload
    entered_id: int
    entered_at: str


@dataclass(slots=True, eq=False)
class Branch:
    """One line of states under way: a whole execution's, or that of one item of a Map.

    *standing* and, in a Map, *iterations* are where a redrive goes on. *attempt*: the redrives before it began.
    *last_event_id*: what its next event names as its previous one; *begun_id*: an item's MapIterationStarted.
    """

    context: dict[str, Any]
    attempt: int
    last_event_id: int = 0
    begun_id: int = 0
    standing: Standing | None = None
    output: Payload | None = None
    iterations: list[Branch] = field(default_factory=list)

    def redriven(self, about: dict[str, Any], attempt: int) -> Branch:
        """A branch that goes on where this one is; *about* is what the context object says of the execution."""
        last_event_id = self.last_event_id
        if self.output is None:
            last_event_id = self.standing.entered_id if self.standing is not None else self.begun_id or last_event_id
        return replace(
            self,
            context=self.context | {"Execution": about},
            attempt=attempt,
            last_event_id=last_event_id,
            iterations=[each.redriven(about, attempt) for each in self.iterations],
        )


class Execution:
    """One execution; *number* counts the account's. Everything here happens on the clock's loop."""

    def __init__(
        self,
        clock: Clock,
        machine: Machine,
        arn: str,
        name: str,
        payload: Payload,
        number: int,
        on_change: Callable[[Execution], None],
        on_event: Callable[[Execution, dict[str, Any]], None] | None,
    ) -> None:
        self.machine = machine
        self.revision = machine.revision
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
        self.redriven_at: datetime | None = None
        self.events: list[dict[str, Any]] = []
        # The end of the attempt under way, or of the last one, as the execution was at that moment.
        self.ended: asyncio.Future[Execution] = clock.loop.create_future()
        self.root = Branch(self._context(), attempt=0)
        self.clock = clock
        self.number = number
        self.trace_header: str | None = None
        self._on_change = on_change
        self._on_event = on_event
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Write the first event; *work* runs the machine and is cancelled if the execution ends otherwise."""
        self._append(
            0,
            "ExecutionStarted",
            executionStartedEventDetails={
                "input": self.payload.text,
                "inputDetails": {"truncated": False},
                "roleArn": self.revision.role_arn,
            },
        )
        self._go(work)

    def redrive(self, work: Coroutine[Any, Any, None]) -> None:
        """Go on from the states in which the last attempt ended.

        Work of that attempt that is still being cancelled may run until *work* reaches the same state; its events are
        dropped.
        """
        self.status, self.stopped_at, self.error, self.cause = RUNNING, None, None, None
        self.redrive_count += 1
        self.redriven_at = self.clock.now()
        self.ended = self.clock.loop.create_future()
        about = self.root.context["Execution"] | {
            "RedriveCount": self.redrive_count,
            "RedriveTime": iso(self.redriven_at),
        }
        self.root = self.root.redriven(about, self.redrive_count)
        self._append(
            len(self.events), "ExecutionRedriven", executionRedrivenEventDetails={"redriveCount": self.redrive_count}
        )
        self._go(work)

    def _go(self, work: Coroutine[Any, Any, None]) -> None:
        self._task = self.clock.loop.create_task(work)
        seconds = self.revision.definition.timeout_seconds
        if seconds is not None:
            self._timer = self.clock.loop.call_later(seconds, self.end, TIMED_OUT)
        self._on_change(self)

    def record(self, branch: Branch, kind: str, **details: dict[str, Any]) -> None:
        """Add an event of *branch*, unless its attempt has ended: then it is cancelled. A full history ends the
        execution."""
        if self.status != RUNNING or branch.attempt != self.redrive_count:
            raise asyncio.CancelledError
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
        """Enter *status*, unless ended already; what is under way is cancelled, children included."""
        if self.status != RUNNING:
            return
        kind = _END_EVENTS[status]
        # Observed in AWS: the history alone has the error of a time-out; an end from outside follows no event.
        shown = TIMEOUT if status == TIMED_OUT else error
        if status == SUCCEEDED:
            details: dict[str, Any] = {"output": output, "outputDetails": {"truncated": False}}
        else:
            details = {name: text for name, text in (("error", shown), ("cause", cause)) if text is not None}
        previous = 0 if status in (TIMED_OUT, ABORTED) else self.root.last_event_id
        self._append(previous, kind, **{f"e{kind[1:]}EventDetails": details})
        self.status, self.output, self.error, self.cause = status, output, error, cause
        self.stopped_at = self.clock.now()
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None and status != SUCCEEDED:
            self._task.cancel()
        self.ended.set_result(copy(self))
        self._on_change(self)

    def _append(self, previous: int, kind: str, **details: dict[str, Any]) -> int:
        event_id = len(self.events) + 1
        event = {"timestamp": self.clock.now(), "type": kind, "id": event_id, "previousEventId": previous, **details}
        self.events.append(event)
        if self._on_event is not None:
            self._on_event(self, event)
        return event_id

    def _context(self) -> dict[str, Any]:
        return {
            "Execution": {
                "Id": self.arn,
                "Input": self.payload.value,
                "Name": self.name,
                "RoleArn": self.revision.role_arn,
                "StartTime": iso(self.started_at),
                "RedriveCount": self.redrive_count,
            },
            "StateMachine": {"Id": self.machine.arn, "Name": self.machine.name},
        }


def iso(moment: datetime) -> str:
    """*moment* as the context object writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
