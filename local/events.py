"""EventBridge's delivery in the local cloud: moto keeps the rules, and knows nothing of Step Functions' events."""

from __future__ import annotations

import json
import logging
from typing import Any

from moto.events.models import EventPattern

from local.aws import LocalAws
from local.functions import Functions
from local.lambda_service.api import LambdaService
from local.stepfunctions.errors import FunctionError

_log = logging.getLogger(__name__)


class EventBus:
    """Hands each event to the functions that the enabled rules of the default bus name as targets.

    Only Lambda targets are delivered to, and of the deployed functions those whose policy lets the rule call them. A
    function that fails is logged and not tried again (AWS tries for 24 hours).
    """

    def __init__(self, aws: LocalAws, functions: Functions | LambdaService) -> None:
        self._aws = aws
        self._functions = functions

    def deliver(self, event: Any) -> None:
        """Call every function that a rule matching *event* names."""
        events = self._aws.client("events")
        for rule in events.list_rules()["Rules"]:
            if rule["State"] != "ENABLED" or not EventPattern.load(rule["EventPattern"]).matches_event(event):
                continue
            for target in events.list_targets_by_rule(Rule=rule["Name"])["Targets"]:
                if not self._functions.is_allowed(target["Arn"], "events.amazonaws.com", rule["Arn"]):
                    _log.warning("rule %s may not call %s: the function's policy lacks it", rule["Name"], target["Arn"])
                    continue
                try:
                    self._functions.invoke(target["Arn"], json.loads(json.dumps(event)))
                except FunctionError:
                    _log.exception("rule %s: target %s failed", rule["Name"], target["Arn"])
