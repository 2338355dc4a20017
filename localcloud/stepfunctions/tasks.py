"""What leaves a machine: a function is invoked in a worker thread, another execution is started and waited for.

Source of the events and their order: https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
and histories recorded in AWS that others published (States.Timeout comes without a cause).
"""

from __future__ import annotations

import asyncio
import json
import traceback
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from localcloud.authorization.iam import AccessDeniedError
from localcloud.clock import Clock
from localcloud.errors import FunctionError
from localcloud.in_process_transport import AwsError
from localcloud.stepfunctions.dataflow import Payload, read_whole_number
from localcloud.stepfunctions.errors import RUNTIME, TASK_FAILED, TIMEOUT, DataFlowError, StateFailedError
from localcloud.stepfunctions.executions import ABORTED, SUCCEEDED, Branch, Execution
from localcloud.stepfunctions.language.state_types import START_EXECUTION
from localcloud.stepfunctions.language.states import ExecutionTask, FunctionTask
from localcloud.stepfunctions.permissions import Permissions
from localcloud.stepfunctions.service.descriptions import describe_to_parent

Invoke = Callable[[str, dict[str, Any]], Any]


class FunctionPlace(Protocol):
    """Where one function runs in Lambda."""

    def left_seconds(self) -> float:
        """How much longer it is held at least."""
        ...

    def give_back(self) -> None:
        """The function has ended."""
        ...


class Unlimited:
    """A place that there is always."""

    def left_seconds(self) -> float:
        """None."""
        return 0

    def give_back(self) -> None:
        """Nothing to give back."""


_RESOURCE = {"resourceType": "states", "resource": START_EXECUTION}


class TaskRunner:
    """Does the tasks of all executions. *start*: StartExecution's parameters to the execution. *take_place*: for each
    function; raises `FunctionError` where Lambda has no place."""

    def __init__(
        self,
        clock: Clock,
        invoke: Invoke,
        start: Callable[[Mapping[str, Any]], Execution],
        region: str,
        permissions: Permissions,
        take_place: Callable[[], FunctionPlace] = Unlimited,
    ) -> None:
        self._clock = clock
        self._take_place = take_place
        self._invoke = invoke
        self._start = start
        self._region = region
        self._permissions = permissions

    async def invoke(
        self, execution: Execution, branch: Branch, task: FunctionTask, payload: Payload, taken: Payload
    ) -> Payload:
        """What the function returns; raises `StateFailedError`."""
        timeout = _read_timeout(task, payload, branch)
        details = {"resource": task.arn, "input": taken.text, "inputDetails": {"truncated": False}}
        execution.record(branch, "LambdaFunctionScheduled", lambdaFunctionScheduledEventDetails=details | timeout)
        execution.record(branch, "LambdaFunctionStarted")
        try:
            # Taken as soon as it is called: that the clock's pool has few workers is no limit of Lambda's.
            place = self._take_place()
            async with asyncio.timeout(None) as limit:

                def begin(at: float) -> None:
                    # Lambda has no queue as the clock's pool has: the time counts from here on.
                    if (seconds := timeout.get("timeoutInSeconds")) and not call.done():
                        limit.reschedule(at + seconds)

                # When the wait for it is cancelled a function runs on, as a Lambda does; its result is dropped.
                working = self._clock.work(self._call, execution, task.arn, taken.text, begin)
                working.add_done_callback(lambda _: place.give_back())
                call = asyncio.wrap_future(working)
                returned = await call
                await asyncio.sleep(place.left_seconds())
        except TimeoutError:
            execution.record(branch, "LambdaFunctionTimedOut", lambdaFunctionTimedOutEventDetails={"error": TIMEOUT})
            raise StateFailedError(TIMEOUT) from None
        except FunctionError as error:
            failure = StateFailedError(error.error_type, _cause(error))
        else:
            try:
                details = {"output": returned.text, "outputDetails": {"truncated": False}}
                execution.record(branch, "LambdaFunctionSucceeded", lambdaFunctionSucceededEventDetails=details)
                return returned
            except DataFlowError as error:
                failure = error
        execution.record(branch, "LambdaFunctionFailed", lambdaFunctionFailedEventDetails=_error_details(failure))
        raise failure

    def _call(self, execution: Execution, arn: str, text: str, begin: Callable[[float], None]) -> Payload:
        self._clock.loop.call_soon_threadsafe(begin, self._clock.monotonic())
        try:
            self._permissions.require(execution.revision.role_arn, execution.name, "lambda:InvokeFunction", arn)
        except AccessDeniedError as error:
            # Observed in AWS: https://github.com/awslabs/aws-deployment-framework/issues/460
            raise FunctionError("Lambda.AWSLambdaException", _denied(error, "AWSLambda", 403)) from None
        # Turned into text and back, as over the network: neither side holds the other's objects.
        try:
            result = self._invoke(arn, json.loads(text))
        except FunctionError:
            raise
        except BaseException as error:  # a handler that exits must not take the clock's loop with it
            raise FunctionError(type(error).__name__, str(error)) from error
        try:
            return Payload(json.loads(json.dumps(result, allow_nan=False)))
        except (TypeError, ValueError) as error:
            # What the Python runtime of Lambda says of a result that is no JSON.
            raise FunctionError("Runtime.MarshalError", f"Unable to marshal response: {error}") from None

    async def execute(
        self, execution: Execution, branch: Branch, task: ExecutionTask, payload: Payload, taken: Payload
    ) -> Payload:
        """How the execution that it starts ended; raises `StateFailedError` unless that succeeded."""
        timeout = _read_timeout(task, payload, branch)
        execution.record(
            branch,
            "TaskScheduled",
            taskScheduledEventDetails={**_RESOURCE, "region": self._region, "parameters": taken.text, **timeout},
        )
        execution.record(branch, "TaskStarted", taskStartedEventDetails=_RESOURCE)
        try:
            child = self._start_child(execution, taken.value)
            details = _output({"ExecutionArn": child.arn, "StartDate": round(child.started_at.timestamp() * 1000)})
            execution.record(branch, "TaskSubmitted", taskSubmittedEventDetails=_RESOURCE | details)
            ended = child.ended
            try:
                async with asyncio.timeout(timeout.get("timeoutInSeconds")):
                    child = await asyncio.shield(ended)
            finally:
                # Cancelled or timed out: the child does not outlive the task that waits for it.
                role_arn = execution.revision.role_arn
                if not ended.done() and self._permissions.allows(
                    role_arn, execution.name, "states:StopExecution", child.arn
                ):
                    child.end(ABORTED)
            return self._end_of_child(execution, branch, child)
        except TimeoutError:
            execution.record(branch, "TaskTimedOut", taskTimedOutEventDetails={**_RESOURCE, "error": TIMEOUT})
            raise StateFailedError(TIMEOUT) from None
        except StateFailedError as failure:
            execution.record(branch, "TaskFailed", taskFailedEventDetails=_RESOURCE | _error_details(failure))
            raise

    def _start_child(self, execution: Execution, taken: Mapping[str, Any]) -> Execution:
        parameters: dict[str, Any] = {}
        for name, parameter in (("StateMachineArn", "stateMachineArn"), ("Name", "name")):
            if name in taken:
                parameters[parameter] = taken[name]
                if not isinstance(taken[name], str):
                    raise DataFlowError(RUNTIME, f"{name} must be a text, found {taken[name]!r}.")
        if "Input" in taken:
            given = taken["Input"]
            parameters["input"] = given if isinstance(given, str) else Payload(given).text
        machine_arn = parameters.get("stateMachineArn", "")
        try:
            self._permissions.require(execution.revision.role_arn, execution.name, "states:StartExecution", machine_arn)
            return self._start(parameters)
        except AccessDeniedError as error:  # by its name as Lambda's: assumed
            raise StateFailedError(
                "StepFunctions.AWSStepFunctionsException", _denied(error, "AWSStepFunctions", 400)
            ) from None
        except AwsError as error:
            # The model of Step Functions does not know ThrottlingException, so that its name is the service's own:
            # assumed, by what was observed of SageMaker and Batch (orchestration/lint/retriers.py).
            name = "AWSStepFunctions" if error.code == "ThrottlingException" else error.code
            raise StateFailedError(
                f"StepFunctions.{name}Exception",
                f"{error.message} (Service: AWSStepFunctions; Status Code: {error.status}; Error Code: {error.code})",
            ) from None

    def _end_of_child(self, execution: Execution, branch: Branch, child: Execution) -> Payload:
        described = describe_to_parent(child)
        if child.status != SUCCEEDED:
            raise StateFailedError(TASK_FAILED, Payload(described).text)
        result = Payload(described | {"Output": json.loads(child.output or "null")})
        details = {"output": result.text, "outputDetails": {"truncated": False}}
        execution.record(branch, "TaskSucceeded", taskSucceededEventDetails=_RESOURCE | details)
        return result


def _read_timeout(task: FunctionTask | ExecutionTask, payload: Payload, branch: Branch) -> dict[str, Any]:
    if task.timeout is None:
        return {}
    return {"timeoutInSeconds": read_whole_number(task.timeout, payload.value, branch.context, low=1)}


def _denied(error: AccessDeniedError, service: str, status: int) -> str:
    return f"{error.message} (Service: {service}; Status Code: {status}; Error Code: AccessDeniedException)"


def _output(value: Any) -> dict[str, Any]:
    return {"output": Payload(value).text, "outputDetails": {"truncated": False}}


def _error_details(failure: StateFailedError) -> dict[str, Any]:
    return {"error": failure.error} | ({} if failure.cause is None else {"cause": failure.cause})


def _cause(error: FunctionError) -> str:
    """What Lambda's Python runtime answers for an exception; an error of a service comes in plain words."""
    if error.error_type.startswith(("Lambda.", "States.")):
        return error.message
    raised = error.__cause__
    trace = list(error.stack_trace) if raised is None else traceback.format_tb(raised.__traceback__)
    return json.dumps({"errorMessage": error.message, "errorType": error.error_type, "stackTrace": trace})
