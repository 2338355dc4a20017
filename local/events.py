"""EventBridge's delivery in the local cloud: moto keeps the rules, and knows nothing of the events made here."""

from __future__ import annotations

import json
import logging
from typing import Any

from botocore.exceptions import ClientError
from moto.events.models import events_backends

from local.aws import ACCOUNT, REGION, LocalAws
from local.functions import Functions
from local.lambda_service.api import LambdaService
from local.stepfunctions.errors import FunctionError

_log = logging.getLogger(__name__)


class EventBus:
    """Hands each event to the functions and topics that the enabled rules of the default bus name as targets.

    No other targets are delivered to. Of the deployed functions those are called whose policy lets the rule; a topic's
    policy is not asked. A target that fails is logged and not tried again (AWS tries for 24 hours).
    """

    def __init__(self, aws: LocalAws, functions: Functions | LambdaService) -> None:
        self._aws = aws
        self._functions = functions

    def deliver(self, event: Any) -> None:
        """Tell every function and topic that a rule matching *event* names."""
        # Not asked through EventBridge's API: a night has thousands of events, and moto reads each pattern anew there.
        rules = events_backends[ACCOUNT][REGION].event_buses["default"].rules
        for rule in list(rules.values()):
            if rule.state != "ENABLED" or rule.scheduled_expression or not rule.event_pattern.matches_event(event):
                continue
            for target in list(rule.targets):
                try:
                    self._tell(target["Arn"], rule.arn, json.loads(json.dumps(event)))
                except (FunctionError, ClientError):
                    _log.exception("rule %s: target %s failed", rule.name, target["Arn"])

    def _tell(self, target: str, rule: str, event: Any) -> None:
        service = target.split(":")[2]
        if service == "sns":
            self._aws.client("sns").publish(TopicArn=target, Message=json.dumps(event))
        elif service != "lambda":
            _log.warning("rule %s: %s is delivered to by AWS, and not here", rule, target)
        elif self._functions.is_allowed(target, "events.amazonaws.com", rule):
            self._functions.invoke(target, event)
        else:
            _log.warning("rule %s may not call %s: the function's policy lacks it", rule, target)
