"""The API of Step Functions: `StepFunctions.answer` plays the service.

All of its state lives on the clock's loop, where every request is answered; so there are no locks.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from types import MappingProxyType
from typing import Any

from localcloud.authorization.iam import Roles
from localcloud.clock import Clock
from localcloud.in_process_transport import AwsError, NotEmulatedError
from localcloud.quotas import (
    SFN_DESCRIBE_EXECUTION_BURST,
    SFN_DESCRIBE_EXECUTION_PER_SECOND,
    SFN_GET_HISTORY_BURST,
    SFN_GET_HISTORY_PER_SECOND,
    SFN_LIST_EXECUTIONS_BURST,
    SFN_LIST_EXECUTIONS_PER_SECOND,
    SFN_START_EXECUTION_BURST,
    SFN_START_EXECUTION_PER_SECOND,
)
from localcloud.stepfunctions.errors import RUNTIME, StateFailedError
from localcloud.stepfunctions.executions import ABORTED, FAILED, RUNNING, SUCCEEDED, Execution, Machine
from localcloud.stepfunctions.interpreter import Interpreter
from localcloud.stepfunctions.log_delivery import LogDelivery, LogGroups
from localcloud.stepfunctions.permissions import Permissions
from localcloud.stepfunctions.redrives import RedriveTokens, reason_against_redrive
from localcloud.stepfunctions.service.descriptions import describe, status_event, summarise
from localcloud.stepfunctions.service.machines import Machines, describe_revision
from localcloud.stepfunctions.service.paging import next_token, page_after, page_size, read_token
from localcloud.stepfunctions.service.requests import check_execution_arn, check_name, read_input, without_data
from localcloud.stepfunctions.service.validation import check_request
from localcloud.stepfunctions.tasks import FunctionPlace, Invoke, TaskRunner, Unlimited
from localcloud.throttling import Rate, TokenBucket

_log = logging.getLogger(__name__)

AWS_RATES: Mapping[str, Rate] = MappingProxyType(
    {
        "StartExecution": Rate(SFN_START_EXECUTION_BURST.value, SFN_START_EXECUTION_PER_SECOND.value),
        "DescribeExecution": Rate(SFN_DESCRIBE_EXECUTION_BURST.value, SFN_DESCRIBE_EXECUTION_PER_SECOND.value),
        "ListExecutions": Rate(SFN_LIST_EXECUTIONS_BURST.value, SFN_LIST_EXECUTIONS_PER_SECOND.value),
        "GetExecutionHistory": Rate(SFN_GET_HISTORY_BURST.value, SFN_GET_HISTORY_PER_SECOND.value),
    }
)
"""Of a Region that is not one of the three large ones."""


class StepFunctions:
    """Step Functions of one account and Region.

    *invoke* is called with a function's ARN and its event, in a worker thread; it raises `FunctionError`. *on_status*
    gets EventBridge's event for every change of an execution's status, in a worker thread. *jitter* gives the numbers
    from 0 to 1 that JitterStrategy FULL multiplies with. *new_id* names executions, events and revisions. *log_groups*:
    where executions are logged; without it, a machine that wants a log is refused. *roles*: those that bind machines;
    without them, no machine is bound. *take_place*: for each function that a state calls; raises `FunctionError` where
    Lambda has none. *rates*: of the operations that have a bucket; without, all requests are answered.
    """

    def __init__(
        self,
        clock: Clock,
        invoke: Invoke,
        *,
        account: str,
        region: str,
        jitter: Callable[[], float],
        on_status: Callable[[dict[str, Any]], object] | None = None,
        new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
        log_groups: LogGroups | None = None,
        roles: Roles | None = None,
        take_place: Callable[[], FunctionPlace] = Unlimited,
        rates: Mapping[str, Rate] = MappingProxyType({}),
    ) -> None:
        self._clock = clock
        self._account = account
        self._region = region
        self._prefix = f"arn:aws:states:{region}:{account}"
        self._on_status = on_status
        self._new_id = new_id
        self._log = LogDelivery(clock, log_groups)
        permissions = Permissions(roles, self._prefix)
        self._machines = Machines(
            clock,
            self._prefix,
            new_id=new_id,
            has_running=self._has_running,
            log=self._log,
            permissions=permissions,
        )
        self._executions: dict[str, Execution] = {}
        self._redrive_tokens = RedriveTokens()
        self._buckets = {operation: TokenBucket(clock, rate) for operation, rate in rates.items()}
        tasks = TaskRunner(clock, invoke, self._start, region, permissions, take_place)
        self._interpreter = Interpreter(clock, tasks, jitter)
        self._operations: dict[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {
            **self._machines.operations,
            "StartExecution": self._start_execution,
            "StopExecution": self._stop_execution,
            "RedriveExecution": self._redrive_execution,
            "DescribeExecution": self._describe_execution,
            "ListExecutions": self._list_executions,
            "GetExecutionHistory": self._history,
            "DescribeStateMachineForExecution": self._describe_machine_for_execution,
        }

    def answer(self, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        """AWS's answer to *operation*; raises `AwsError`. Safe from any thread."""
        if operation not in self._operations:
            raise NotEmulatedError(operation)
        check_request(operation, parameters)

        def answer() -> Mapping[str, Any]:
            if operation != "StartExecution":  # which its children, too, have to go through
                self._take_token(operation)
            return self._operations[operation](parameters)

        return self._on_loop(answer)

    def ended(self, execution_arn: str) -> Future[Mapping[str, Any]]:
        """DescribeExecution's answer as soon as the execution has ended; once redriven, at its next end. Safe from any
        thread."""
        future: Future[Mapping[str, Any]] = Future()

        def watch() -> None:
            execution = self._execution(execution_arn)
            execution.ended.add_done_callback(lambda ended: future.set_result(describe(ended.result())))

        self._on_loop(watch)
        return future

    def _take_token(self, operation: str) -> None:
        if bucket := self._buckets.get(operation):
            bucket.take()

    def _on_loop(self, function: Callable[[], Any]) -> Any:
        try:
            is_here = asyncio.get_running_loop() is self._clock.loop
        except RuntimeError:
            is_here = False
        if is_here:
            return function()
        done: Future[Any] = Future()

        def run() -> None:
            try:
                done.set_result(function())
            except BaseException as error:  # noqa: BLE001  handed to the thread that asks
                done.set_exception(error)

        self._clock.loop.call_soon_threadsafe(run)
        return done.result()

    def _start_execution(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        execution = self._start(parameters)
        return {"executionArn": execution.arn, "startDate": execution.started_at}

    def _start(self, parameters: Mapping[str, Any]) -> Execution:
        self._take_token("StartExecution")
        machine = self._machines.find_active(parameters["stateMachineArn"])
        name = parameters.get("name") or self._new_id()
        check_name(name)
        payload = read_input(parameters.get("input", "{}"))
        arn = f"{self._prefix}:execution:{machine.name}:{name}"
        execution = self._executions.get(arn)
        if execution is not None:
            if execution.status == RUNNING and execution.payload.text == payload.text:
                return execution
            raise AwsError("ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'")
        number = len(self._executions) + 1
        listener = self._log.listener(machine.revision.settings["loggingConfiguration"])
        execution = Execution(self._clock, machine, arn, name, payload, number, self._tell, listener)
        execution.trace_header = parameters.get("traceHeader")
        self._executions[arn] = execution
        execution.begin(self._run(execution))
        return execution

    async def _run(self, execution: Execution) -> None:
        try:
            result = await self._interpreter.run(
                execution, execution.root, execution.revision.definition.flow, execution.payload
            )
            execution.end(SUCCEEDED, output=result.text)
        except StateFailedError as failure:
            execution.end(FAILED, error=failure.error or None, cause=failure.cause)
        except Exception as fault:  # noqa: BLE001  those who wait for the execution must learn that the engine failed
            _log.exception("the engine failed in %s", execution.arn)
            execution.end(FAILED, error=RUNTIME, cause=f"The engine failed: {fault!r}")

    def _tell(self, execution: Execution) -> None:
        self._machines.forget_deleted(execution.machine)
        if self._on_status is not None:
            event = status_event(execution, event_id=self._new_id(), account=self._account, region=self._region)
            self._clock.work(_deliver, self._on_status, event)

    def _has_running(self, machine: Machine) -> bool:
        return any(each.machine is machine and each.status == RUNNING for each in self._executions.values())

    def _stop_execution(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        execution = self._execution(parameters["executionArn"])
        execution.end(ABORTED, error=parameters.get("error"), cause=parameters.get("cause"))
        return {"stopDate": execution.stopped_at}

    def _redrive_execution(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        execution = self._execution(parameters["executionArn"])
        token = parameters.get("clientToken")
        # Observed in AWS: a known token is answered before the status is looked at.
        redriven_at = self._redrive_tokens.answered(execution, token)
        if redriven_at is None:
            if (reason := reason_against_redrive(execution)) is not None:
                raise AwsError("ExecutionNotRedrivable", f"Execution {execution.arn} invalid for redrive as: {reason}")
            redriven_at = self._clock.now()
            execution.redrive(self._run(execution))
            self._redrive_tokens.keep(execution, token, redriven_at)
        return {"redriveDate": redriven_at}

    def _describe_execution(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        # METADATA_ONLY changes nothing: it is for executions encrypted with a key of the customer's.
        return describe(self._execution(parameters["executionArn"]))

    def _describe_machine_for_execution(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        execution = self._execution(parameters["executionArn"])
        return {
            "stateMachineArn": execution.machine.arn,
            "name": execution.machine.name,
            "updateDate": execution.revision.updated_at,
            **describe_revision(execution.revision, parameters),
        }

    def _list_executions(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        if "mapRunArn" in parameters:
            if "stateMachineArn" in parameters:
                raise AwsError("ValidationException", "Specify either a stateMachineArn or a mapRunArn, but not both")
            raise NotEmulatedError("Map Runs")
        if "stateMachineArn" not in parameters:
            raise AwsError("ValidationException", "Specify a stateMachineArn or a mapRunArn")
        wanted = parameters.get("statusFilter")
        # Both are for a Map Run's executions: documented, and observed in AWS.
        if "redriveFilter" in parameters or wanted == "PENDING_REDRIVE":
            given = "redriveFilter" if "redriveFilter" in parameters else "PENDING_REDRIVE"
            raise AwsError("ValidationException", f"{given} is not supported with a state machine ARN")
        machine = self._machines.find(parameters["stateMachineArn"])
        found = [
            each for each in self._executions.values() if each.machine is machine and wanted in (None, each.status)
        ]
        found.sort(key=_place, reverse=True)
        executions, token = page_after(found, _place, parameters, self._clock.now())
        return {"executions": [summarise(each) for each in executions], **token}

    def _history(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        events = self._execution(parameters["executionArn"]).events
        now = self._clock.now()
        place, size = read_token(parameters, now), page_size(parameters)
        if parameters.get("reverseOrder"):
            end = len(events) if place is None else place
            following = max(0, end - size)
            found, is_more = events[following:end][::-1], following > 0
        else:
            following = (place or 0) + size
            found, is_more = events[place or 0 : following], following < len(events)
        if not parameters.get("includeExecutionData", True):
            found = [without_data(event) for event in found]
        return {"events": found, **(next_token(parameters, following, now) if is_more else {})}

    def _execution(self, arn: str) -> Execution:
        check_execution_arn(arn)
        if arn not in self._executions:
            raise AwsError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
        return self._executions[arn]


def _place(execution: Execution) -> tuple[float, int]:
    """An execution's place in a list: by its start or redrive while it runs, by its end afterwards."""
    moment = execution.stopped_at or execution.redriven_at or execution.started_at
    return moment.timestamp(), execution.number


def _deliver(on_status: Callable[[dict[str, Any]], object], event: dict[str, Any]) -> None:
    try:
        on_status(event)
    except Exception:  # noqa: BLE001  as EventBridge, which delivers whatever the receiver makes of it
        _log.exception("the receiver of a change of status failed on %s", event["detail"]["executionArn"])
