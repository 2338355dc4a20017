"""A place to run small machines in: an engine on a frozen clock, functions as plain callables."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Self

from localcloud.clock import Clock
from localcloud.lambda_service.places import Places
from localcloud.stepfunctions import FunctionError, StepFunctions
from localcloud.throttling import Rate

ACCOUNT, REGION = "123456789012", "eu-central-1"
START = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
SYNC = "arn:aws:states:::states:startExecution.sync:2"
LONG = 20  # seconds of real time after which a test gives up


def function_arn(name: str) -> str:
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


def machine_arn(name: str) -> str:
    return f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{name}"


def execution_arn(machine: str, name: str) -> str:
    return f"arn:aws:states:{REGION}:{ACCOUNT}:execution:{machine}:{name}"


def call(name: str, **more: Any) -> dict[str, Any]:
    """A Task that invokes the function *name*; the last state unless it says where to go on."""
    return {"Type": "Task", "Resource": function_arn(name), **({} if "Next" in more else {"End": True}), **more}


def start(machine: str, **more: Any) -> dict[str, Any]:
    """A Task that runs the machine *machine*."""
    parameters = {"StateMachineArn": machine_arn(machine), **more.pop("Parameters", {})}
    return {"Type": "Task", "Resource": SYNC, "Parameters": parameters, "End": True, **more}


def definition(states: Mapping[str, Any], **top: Any) -> str:
    """A definition that begins at the first of *states*."""
    return json.dumps({"StartAt": next(iter(states)), "States": states, **top})


class Lab:
    """An engine and its functions. `functions[name]` is called with the event."""

    def __init__(
        self,
        *,
        jitter: Callable[[], float] = lambda: 0.5,
        on_status: Callable[[dict[str, Any]], object] | None = None,
        lambda_at_once: int = 1_000,
        lambda_seconds: float = 0,
        rates: Mapping[str, Rate] | None = None,
    ) -> None:
        self.clock = Clock("frozen", start=START)
        self.functions: dict[str, Callable[[Any], Any]] = {}
        self.status_events: list[dict[str, Any]] = []
        self.engine = StepFunctions(
            self.clock,
            self._invoke,
            account=ACCOUNT,
            region=REGION,
            jitter=jitter,
            on_status=on_status or self.status_events.append,
            take_place=Places(self.clock, lambda_at_once, lambda_seconds).take,
            rates=rates or {},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.clock.close()

    def _invoke(self, arn: str, event: Any) -> Any:
        name = arn.rpartition(":")[2]
        if name not in self.functions:
            raise FunctionError("Lambda.ResourceNotFoundException", f"Function not found: {arn}")
        return self.functions[name](event)

    def answer(self, operation: str, **parameters: Any) -> Mapping[str, Any]:
        return self.engine.answer(operation, parameters)

    def create(self, name: str, states: Mapping[str, Any], **top: Any) -> str:
        made = self.answer(
            "CreateStateMachine", name=name, definition=definition(states, **top), roleArn="arn:aws:iam::1:role/r"
        )
        return made["stateMachineArn"]

    def begin(self, machine: str, given: Any = None, **more: str) -> str:
        """The ARN of a new execution of the machine *machine*."""
        given = json.dumps({} if given is None else given)
        return self.answer("StartExecution", stateMachineArn=machine_arn(machine), input=given, **more)["executionArn"]

    def finish(self, arn: str) -> Mapping[str, Any]:
        """DescribeExecution's answer once the execution has ended."""
        return self.engine.ended(arn).result(LONG)

    def run(self, states: Mapping[str, Any], given: Any = None, **top: Any) -> Mapping[str, Any]:
        """How an execution `m:x` of a machine of *states* ended."""
        self.create("m", states, **top)
        return self.finish(self.begin("m", given, name="x"))

    def history(self, machine: str = "m", name: str = "x") -> list[dict[str, Any]]:
        return list(
            self.answer("GetExecutionHistory", executionArn=execution_arn(machine, name), maxResults=1000)["events"]
        )

    def event_types(self, machine: str = "m", name: str = "x") -> list[str]:
        return [event["type"] for event in self.history(machine, name)]

    def seconds_of(self, kind: str) -> list[float]:
        """The times of all events of *kind* in `m:x`, in seconds since the beginning."""
        return [(event["timestamp"] - START).total_seconds() for event in self.history() if event["type"] == kind]

    @contextmanager
    def time_held(self) -> Iterator[None]:
        """No time passes meanwhile."""
        let_go = self.clock.hold()
        try:
            yield
        finally:
            let_go()

    def work_for(self, seconds: float) -> None:
        """Let time pass while the calling function works."""
        self.clock.skipped_seconds += seconds
        self.clock.call_later(0, lambda: None)


class Gate:
    """Holds functions until it is opened, and counts who came."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self._open = threading.Event()

    def __call__(self, event: Any) -> Any:
        self.entered.release()
        assert self._open.wait(LONG)
        return event

    def wait_for(self, count: int) -> None:
        """Return when *count* more have come."""
        for _ in range(count):
            assert self.entered.acquire(timeout=LONG)

    def open(self) -> None:
        self._open.set()


def output_of(states: Mapping[str, Any], given: Any = None, **functions: Callable[[Any], Any]) -> Any:
    """What a machine of *states* gives for *given*."""
    with Lab() as lab:
        lab.functions |= functions
        ended = lab.run(states, given)
        assert ended["status"] == "SUCCEEDED", ended
        return json.loads(ended["output"])


def failure_of(states: Mapping[str, Any], given: Any = None, **functions: Callable[[Any], Any]) -> tuple[str, str]:
    """The error and cause with which a machine of *states* fails on *given*."""
    with Lab() as lab:
        lab.functions |= functions
        ended = lab.run(states, given)
        assert ended["status"] == "FAILED", ended
        return ended["error"], ended.get("cause", "")


def fail_times(count, error_type="TransientError"):
    """A function that fails *count* times, then answers."""
    left = [count]

    def function(event):
        if left[0]:
            left[0] -= 1
            raise FunctionError(error_type, "again")
        return "done"

    return function


def raising(error_type: str, message: str = "it went wrong") -> Callable[[Any], Any]:
    """A function that always fails."""

    def fail(event: Any) -> Any:
        raise FunctionError(error_type, message)

    return fail


def each(*states, **fields):
    """A Map state over the one state given, or over several by name."""
    inner = states[0] if len(states) == 1 and "Type" not in states[0] else {"In": states[0]}
    return {"Type": "Map", "ItemProcessor": {"StartAt": next(iter(inner)), "States": inner}, "End": True, **fields}
