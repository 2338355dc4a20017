"""EventBridge Scheduler in the local cloud: moto keeps the schedules, and one is carried out when it is asked for.

Nothing becomes due by itself: a clock that skips waits would make every schedule due without end.
"""

from __future__ import annotations

import json
import logging
import uuid
from datetime import datetime
from typing import Any

import localcloud.moto_import  # noqa: F401

from botocore.exceptions import ClientError
from moto.scheduler.models import Schedule, scheduler_backends

from localcloud.authorization.iam import AccessDeniedError, Role, assume
from localcloud.aws import ACCOUNT, REGION, LocalAws
from localcloud.deliveries.queues import send_message
from localcloud.errors import FunctionError
from localcloud.functions import Functions
from localcloud.in_process_transport import NotEmulatedError

_log = logging.getLogger(__name__)
_START_EXECUTION = "arn:aws:scheduler:::aws-sdk:sfn:startExecution"


class Schedules:
    """Carries out schedules, each with its own role, which also sends to its dead-letter queue."""

    def __init__(self, aws: LocalAws, functions: Functions) -> None:
        self._aws = aws
        self._functions = functions

    def come_due(self, name: str, at: datetime) -> bool:
        """Whether the target of the schedule *name* was called for the time *at*. It is tried once.

        Raises:
            LookupError: There is no such schedule.
            NotEmulatedError: Its target is neither StartExecution nor a function.
        """
        group, schedule = _find(name)
        target: dict[str, Any] = schedule.target
        execution_id = uuid.uuid4().hex[:16]
        text = target.get("Input", "{}")
        for key, value in (("scheduled-time", f"{at:%Y-%m-%dT%H:%M:%SZ}"), ("execution-id", execution_id)):
            text = text.replace(f"<aws.scheduler.{key}>", value)
        context = {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": group}
        try:
            role = assume(self._aws, target["RoleArn"], principal="scheduler.amazonaws.com", context=context)
        except AccessDeniedError as error:
            _log.error("schedule %s is lost: %s", name, error)
            return False
        try:
            self._call(role, target["Arn"], json.loads(text))
        except (AccessDeniedError, ClientError) as error:
            _log.warning("schedule %s: %s was not called: %s", name, target["Arn"], error)
            attributes = {"SCHEDULE_ARN": schedule.arn, "TARGET_ARN": target["Arn"], "ERROR_MESSAGE": str(error)}
            self._lay_aside(role, target, text, attributes)
            return False
        return True

    def _call(self, role: Role, arn: str, content: dict[str, Any]) -> None:
        if arn == _START_EXECUTION:
            role.require("states:StartExecution", content["StateMachineArn"])
            parameters = {f"{key[0].lower()}{key[1:]}": value for key, value in content.items()}
            self._aws.client("stepfunctions").start_execution(**parameters)
        elif arn.split(":")[2] == "lambda":
            role.require("lambda:InvokeFunction", arn)
            try:
                self._functions.invoke_later(arn, content)
            except FunctionError:  # it was called: Scheduler hears nothing of how that ended
                _log.exception("the scheduled function %s failed", arn)
        else:
            raise NotEmulatedError(f"a schedule whose target is {arn}")

    def _lay_aside(self, role: Role, target: dict[str, Any], text: str, attributes: dict[str, str]) -> None:
        queue = target.get("DeadLetterConfig", {}).get("Arn")
        if queue is None:
            return
        try:
            role.require("sqs:SendMessage", queue)
            send_message(self._aws, queue, text, attributes)
        except (AccessDeniedError, ClientError) as error:
            _log.error("schedule %s is lost, %s was not reached: %s", attributes["SCHEDULE_ARN"], queue, error)


def _find(name: str) -> tuple[str, Schedule]:
    groups: Any = scheduler_backends[ACCOUNT][REGION].schedule_groups
    for group in groups.values():
        if name in group.schedules:
            return group.arn, group.schedules[name]
    raise LookupError(f"no schedule is called {name!r}")
