"""Runs the states of one branch: one coroutine, one function per type of state."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from localcloud.clock import Clock
from localcloud.stepfunctions.dataflow import (
    Payload,
    effective_input,
    output,
    put_result,
    read_moment,
    read_whole_number,
)
from localcloud.stepfunctions.errors import (
    DATA_LIMIT_EXCEEDED,
    NO_CHOICE_MATCHED,
    RUNTIME,
    DataFlowError,
    StateFailedError,
)
from localcloud.stepfunctions.executions import ABORTED, Branch, Execution, Standing, iso
from localcloud.stepfunctions.language.retries import find_catcher, next_delay
from localcloud.stepfunctions.language.states import (
    Choice,
    ExecutionTask,
    Fail,
    FunctionTask,
    Map,
    Parallel,
    PassOn,
    State,
    States,
    Succeed,
    Wait,
    WaitUntil,
)
from localcloud.stepfunctions.language.templates import Template
from localcloud.stepfunctions.maps import begin_map, run_map
from localcloud.stepfunctions.parallels import begin_parallel, run_parallel
from localcloud.stepfunctions.tasks import TaskRunner


class Interpreter:
    """Runs machines on *clock*; *tasks* does what leaves the machine; *jitter* gives numbers from 0 to 1."""

    def __init__(self, clock: Clock, tasks: TaskRunner, jitter: Callable[[], float]) -> None:
        self._clock = clock
        self._tasks = tasks
        self._jitter = jitter

    async def run(self, execution: Execution, branch: Branch, flow: States, payload: Payload) -> Payload:
        """The output of *flow* on *payload*; a redriven *branch* goes on from the state that it is in.

        Raises:
            StateFailedError: No Catch takes the error.
        """
        name: str | None = flow.start_at
        if branch.standing is not None:
            payload, name = await self._pass_state(execution, branch, branch.standing, is_redriven=True)
        while name is not None:
            if execution.machine.is_deleted:
                # Source: https://docs.aws.amazon.com/step-functions/latest/apireference/API_DeleteStateMachine.html
                execution.end(ABORTED)
                raise asyncio.CancelledError
            standing = self._enter(execution, branch, flow.states[name], payload)
            payload, name = await self._pass_state(execution, branch, standing, is_redriven=False)
        return payload

    def _enter(self, execution: Execution, branch: Branch, state: State, payload: Payload) -> Standing:
        execution.record(
            branch,
            f"{state.kind}StateEntered",
            stateEnteredEventDetails={
                "name": state.name,
                "input": payload.text,
                "inputDetails": {"truncated": False},
            },
        )
        branch.standing = Standing(state, payload, branch.last_event_id, iso(self._clock.now()))
        return branch.standing

    async def _pass_state(
        self, execution: Execution, branch: Branch, standing: Standing, *, is_redriven: bool
    ) -> tuple[Payload, str | None]:
        """The state's output and the next state's name."""
        state, payload = standing.state, standing.payload
        retried = [0] * len(state.retriers)
        while True:
            branch.context["State"] = {
                "Name": state.name,
                "EnteredTime": standing.entered_at,
                "RetryCount": sum(retried),
            }
            try:
                passed, name = await self._try(execution, branch, state, payload, is_redriven=is_redriven)
                text = passed.text
                break
            except StateFailedError as error:
                failure = _located(error, state, standing.entered_id)
            if failure.error == DATA_LIMIT_EXCEEDED:
                # Such a Map is redriven as a whole, with the iterations that succeeded. Source:
                # https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
                branch.iterations = []
            delay = next_delay(state.retriers, retried, failure.error, self._jitter)
            if delay is None:
                passed, name = _caught(state, payload, failure)
                text = passed.text
                break
            is_redriven = False
            await asyncio.sleep(delay)
        execution.record(
            branch,
            f"{state.kind}StateExited",
            stateExitedEventDetails={"name": state.name, "output": text, "outputDetails": {"truncated": False}},
        )
        branch.standing, branch.iterations = None, []
        return passed, name

    async def _try(
        self, execution: Execution, branch: Branch, state: State, payload: Payload, *, is_redriven: bool
    ) -> tuple[Payload, str | None]:
        taken = effective_input(state, payload, branch.context)
        name = state.next
        match state.does:
            case FunctionTask() as task:
                result = await self._tasks.invoke(execution, branch, task, payload, taken)
            case ExecutionTask() as task:
                result = await self._tasks.execute(execution, branch, task, payload, taken)
            case Map() as each:
                if not (is_redriven and branch.iterations):
                    begin_map(execution, branch, each, taken)
                result = await run_map(self.run, execution, branch, state, each, taken)
            case Parallel() as parallel:
                if not (is_redriven and branch.iterations):
                    begin_parallel(execution, branch, parallel)
                result = await run_parallel(self.run, execution, branch, parallel, taken)
            case Wait() as wait:
                await asyncio.sleep(read_whole_number(wait.seconds, taken.value, branch.context))
                result = taken
            case WaitUntil() as wait:
                moment = read_moment(wait.moment, taken.value, branch.context)
                await asyncio.sleep(max(0.0, (moment - self._clock.now()).total_seconds()))
                result = taken
            case Choice() as choice:
                name, result = _choose(choice, taken, branch), taken
            case PassOn() as passing:
                result = Payload(passing.result) if passing.replaces else taken
            case Succeed():
                result = taken
            case Fail() as fail:
                raise StateFailedError(_tell(fail.error, taken, branch) or "", _tell(fail.cause, taken, branch))
        return output(state, payload, result, branch.context), name


def _choose(choice: Choice, taken: Payload, branch: Branch) -> str:
    for rule, name in choice.rules:
        if rule(taken.value, branch.context):
            return name
    if choice.default is None:
        raise DataFlowError(NO_CHOICE_MATCHED, "No rule of the Choice state matched, and it has no Default.")
    return choice.default


def _tell(given: str | Template | None, taken: Payload, branch: Branch) -> str | None:
    if given is None or isinstance(given, str):
        return given
    text = given(taken.value, branch.context)
    if not isinstance(text, str):
        raise DataFlowError(RUNTIME, f"The Error and the Cause of a Fail state are texts, found {text!r}.")
    return text


def _caught(state: State, payload: Payload, failure: StateFailedError) -> tuple[Payload, str]:
    catcher = find_catcher(state.catchers, failure.error)
    if catcher is None:
        raise failure
    error = Payload({"Error": failure.error, "Cause": failure.cause or ""})
    return put_result(catcher.result_path, payload, error), catcher.next


def _located(error: StateFailedError, state: State, entered_id: int) -> StateFailedError:
    if not isinstance(error, DataFlowError):
        return error
    return StateFailedError(
        error.error,
        f"An error occurred while executing the state '{state.name}' (entered at the event id #{entered_id}). "
        f"{error.cause}",
    )
