"""The API of Step Functions: `StepFunctions.answer` stands for the service.

All of its state lives on the clock's loop, where every request is answered; so there are no locks.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any

from local.clock import Clock
from local.stepfunctions.descriptions import describe, status_event, summarise
from local.stepfunctions.errors import RUNTIME, StateFailedError
from local.stepfunctions.executions import ABORTED, FAILED, RUNNING, SUCCEEDED, Execution, Machine
from local.stepfunctions.interpreter import Interpreter
from local.stepfunctions.redrives import RedriveTokens, reason_against_redrive
from local.stepfunctions.requests import (
    check_name,
    page,
    read_input,
    read_machine_definition,
    refuse_others,
    without_data,
)
from local.stepfunctions.tasks import Invoke, Tasks
from local.wire import AwsError, NotEmulatedError

_log = logging.getLogger(__name__)

# Kept and given back as they came; none of them changes how an execution goes.
_SETTINGS = ("loggingConfiguration", "tracingConfiguration", "encryptionConfiguration")


class StepFunctions:
    """Step Functions of one account and Region.

    *invoke* is called with a function's ARN and its event, in a worker thread; it raises `FunctionError`. *on_status*
    gets EventBridge's event for every change of an execution's status, in a worker thread. *jitter* gives the numbers
    from 0 to 1 that JitterStrategy FULL multiplies with. *new_id* names executions and events.
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
    ) -> None:
        self._clock = clock
        self._account = account
        self._region = region
        self._on_status = on_status
        self._new_id = new_id
        self._machines: dict[str, Machine] = {}
        self._executions: dict[str, Execution] = {}
        self._redrive_tokens = RedriveTokens()
        self._interpreter = Interpreter(clock, Tasks(clock, invoke, self._start, region), jitter)
        self._operations: dict[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {
            "CreateStateMachine": self._create_machine,
            "UpdateStateMachine": self._update_machine,
            "DescribeStateMachine": self._describe_machine,
            "ListStateMachines": self._list_machines,
            "DeleteStateMachine": self._delete_machine,
            "StartExecution": self._start_execution,
            "StopExecution": self._stop_execution,
            "RedriveExecution": self._redrive_execution,
            "DescribeExecution": self._describe_execution,
            "ListExecutions": self._list_executions,
            "GetExecutionHistory": self._history,
        }

    def answer(self, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        """AWS's answer to *operation*; raises `AwsError`. Safe from any thread."""
        if operation not in self._operations:
            raise NotEmulatedError(operation)
        return self._on_loop(lambda: self._operations[operation](parameters))

    def ended(self, execution_arn: str) -> Future[Mapping[str, Any]]:
        """DescribeExecution's answer as soon as the execution has ended; once redriven, at its next end. Safe from any
        thread."""
        future: Future[Mapping[str, Any]] = Future()

        def watch() -> None:
            execution = self._execution({"executionArn": execution_arn})
            execution.ended.add_done_callback(lambda ended: future.set_result(describe(ended.result())))

        self._on_loop(watch)
        return future

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

    # Machines

    def _create_machine(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        refuse_others(
            "CreateStateMachine", parameters, {"name", "definition", "roleArn", "type", "tags", "publish", *_SETTINGS}
        )
        if parameters.get("type", "STANDARD") != "STANDARD":
            raise NotEmulatedError(f"a state machine of type {parameters['type']}")
        if parameters.get("publish"):
            raise NotEmulatedError("versions of state machines")
        check_name(parameters["name"])
        arn = f"arn:aws:states:{self._region}:{self._account}:stateMachine:{parameters['name']}"
        settings = {name: parameters[name] for name in _SETTINGS if name in parameters}
        machine = self._machines.get(arn)
        if machine is None:
            definition = read_machine_definition(parameters["definition"])
            machine = Machine(arn, parameters["name"], parameters["roleArn"], definition, self._clock.now(), settings)
            self._machines[arn] = machine
        # The role and the tags do not count. Source:
        # https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html
        elif (machine.definition.text, machine.settings) != (parameters["definition"], settings):
            raise AwsError("StateMachineAlreadyExists", f"State Machine Already Exists: '{arn}'", 409)
        return {"stateMachineArn": arn, "creationDate": machine.created_at}

    def _update_machine(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        refuse_others("UpdateStateMachine", parameters, {"stateMachineArn", "definition", "roleArn", *_SETTINGS})
        machine = self._machine(parameters)
        # Executions under way keep the definition that they began with.
        if "definition" in parameters:
            machine.definition = read_machine_definition(parameters["definition"])
        machine.role_arn = parameters.get("roleArn", machine.role_arn)
        machine.settings |= {name: parameters[name] for name in _SETTINGS if name in parameters}
        return {"updateDate": self._clock.now()}

    def _describe_machine(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        refuse_others("DescribeStateMachine", parameters, {"stateMachineArn"})
        machine = self._machine(parameters)
        return {
            **_head(machine),
            "status": "ACTIVE",
            "definition": machine.definition.text,
            "roleArn": machine.role_arn,
            **machine.settings,
        }

    def _list_machines(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        machines, token = page([_head(machine) for machine in self._machines.values()], parameters)
        return {"stateMachines": machines, **token}

    def _delete_machine(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        # Executions under way go on to their end, as in AWS, where the machine is DELETING until then.
        machine = self._machines.pop(parameters["stateMachineArn"], None)
        if machine is not None:
            machine.is_deleted = True
        return {}

    def _machine(self, parameters: Mapping[str, Any]) -> Machine:
        arn = parameters["stateMachineArn"]
        if arn not in self._machines:
            raise AwsError("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
        return self._machines[arn]

    # Executions

    def _start_execution(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        refuse_others("StartExecution", parameters, {"stateMachineArn", "name", "input"})
        execution = self._start(parameters)
        return {"executionArn": execution.arn, "startDate": execution.started_at}

    def _start(self, parameters: Mapping[str, Any]) -> Execution:
        machine = self._machine(parameters)
        name = parameters.get("name") or self._new_id()
        check_name(name)
        payload = read_input(parameters.get("input", "{}"))
        arn = f"arn:aws:states:{self._region}:{self._account}:execution:{machine.name}:{name}"
        execution = self._executions.get(arn)
        if execution is not None:
            if execution.status == RUNNING and execution.payload.text == payload.text:
                return execution
            raise AwsError("ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'")
        execution = Execution(self._clock, machine, arn, name, payload, self._tell)
        self._executions[arn] = execution
        execution.begin(self._run(execution))
        return execution

    async def _run(self, execution: Execution) -> None:
        try:
            result = await self._interpreter.run(
                execution, execution.root, execution.definition.flow, execution.payload
            )
            execution.end(SUCCEEDED, output=result.text)
        except StateFailedError as failure:
            execution.end(FAILED, error=failure.error, cause=failure.cause)
        except Exception as fault:  # noqa: BLE001  whoever waits for the execution must learn that the engine failed
            _log.exception("the engine failed in %s", execution.arn)
            execution.end(FAILED, error=RUNTIME, cause=f"The engine failed: {fault!r}")

    def _tell(self, execution: Execution) -> None:
        if self._on_status is not None:
            event = status_event(execution, event_id=self._new_id(), account=self._account, region=self._region)
            self._clock.work(_deliver, self._on_status, event)

    def _stop_execution(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        refuse_others("StopExecution", parameters, {"executionArn", "error", "cause"})
        execution = self._execution(parameters)
        execution.end(ABORTED, error=parameters.get("error"), cause=parameters.get("cause"))
        return {"stopDate": execution.stopped_at}

    def _redrive_execution(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        refuse_others("RedriveExecution", parameters, {"executionArn", "clientToken"})
        execution = self._execution(parameters)
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
        refuse_others("DescribeExecution", parameters, {"executionArn"})
        return describe(self._execution(parameters))

    def _list_executions(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        if "redriveFilter" in parameters:
            # Documented, and observed in AWS: the filter is for a Map Run's executions.
            raise AwsError("ValidationException", "redriveFilter is not supported with a state machine ARN")
        refuse_others("ListExecutions", parameters, {"stateMachineArn", "statusFilter", "maxResults", "nextToken"})
        machine = self._machine(parameters)
        wanted = parameters.get("statusFilter")
        found = sorted(
            (each for each in reversed(self._executions.values()) if each.machine is machine),
            key=lambda each: each.stopped_at or each.redriven_at or each.started_at,
            reverse=True,
        )
        executions, token = page([summarise(each) for each in found if wanted in (None, each.status)], parameters)
        return {"executions": executions, **token}

    def _history(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        events = self._execution(parameters).events
        if parameters.get("reverseOrder"):
            events = events[::-1]
        found, token = page(events, parameters)
        if not parameters.get("includeExecutionData", True):
            found = [without_data(event) for event in found]
        return {"events": found, **token}

    def _execution(self, parameters: Mapping[str, Any]) -> Execution:
        arn = parameters["executionArn"]
        if arn not in self._executions:
            raise AwsError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
        return self._executions[arn]


def _head(machine: Machine) -> dict[str, Any]:
    return {
        "stateMachineArn": machine.arn,
        "name": machine.name,
        "type": "STANDARD",
        "creationDate": machine.created_at,
    }


def _deliver(on_status: Callable[[dict[str, Any]], object], event: dict[str, Any]) -> None:
    try:
        on_status(event)
    except Exception:  # noqa: BLE001  as EventBridge, which delivers whatever the receiver makes of it
        _log.exception("the receiver of a change of status failed on %s", event["detail"]["executionArn"])
