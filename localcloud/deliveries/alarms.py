"""CloudWatch's alarms in the local cloud: moto keeps them; when one is set to a state, its actions are carried out.

Nothing measures anything into an alarm here. `aws cloudwatch set-alarm-state` is AWS's own way to try its actions.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_SetAlarmState.html
"""

from __future__ import annotations

import json
import logging
from typing import Any

import localcloud.moto_import  # noqa: F401

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ClientError
from moto.cloudwatch.models import Alarm, cloudwatch_backends

from localcloud.authorization.iam import AccessDeniedError
from localcloud.authorization.resource_policies import Sender, require_publish
from localcloud.aws import ACCOUNT, REGION, LocalAws
from localcloud.moto_fast_path import routes

_log = logging.getLogger(__name__)
_SERVICE = "cloudwatch.amazonaws.com"


class Alarms:
    """Answers for CloudWatch: as moto does, and with the actions of the alarms whose state a request changed."""

    def __init__(self, aws: LocalAws) -> None:
        self._aws = aws

    def answer(self, request: AWSPreparedRequest, operation: str) -> AWSResponse:
        """What CloudWatch answers to *request*."""
        if operation != "SetAlarmState":
            return routes.answer(request)
        before = {alarm.name: alarm.state_value for alarm in self._all()}
        response = routes.answer(request)
        for alarm in self._all():
            if alarm.name in before and before[alarm.name] != alarm.state_value and alarm.actions_enabled:
                self._act(alarm)
        return response

    def _all(self) -> list[Alarm]:
        return list(cloudwatch_backends[ACCOUNT][REGION].alarms.values())

    def _act(self, alarm: Alarm) -> None:
        actions = {"ALARM": alarm.alarm_actions, "OK": alarm.ok_actions}
        passed = {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": alarm.alarm_arn}
        for action in actions.get(alarm.state_value, alarm.insufficient_data_actions):
            if action.split(":")[2] != "sns":
                _log.warning("alarm %s: %s is carried out by AWS, and not here", alarm.name, action)
                continue
            try:
                require_publish(Sender(_SERVICE, passed, passed), action)
                self._aws.client("sns").publish(TopicArn=action, Message=json.dumps(_message(alarm)))
            except (AccessDeniedError, ClientError) as error:
                _log.error("alarm %s: nobody hears of it: %s", alarm.name, error)


def _message(alarm: Alarm) -> dict[str, Any]:
    return {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AlarmArn": alarm.alarm_arn,
        "NewStateValue": alarm.state_value,
        "NewStateReason": alarm.state_reason,
    }
