"""EventBridge's delivery in the local cloud: moto keeps the rules, and knows nothing of the events made here."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

import localcloud.moto_import  # noqa: F401

from botocore.exceptions import ClientError
from moto.events.models import events_backends

from localcloud.authorization.iam import AccessDeniedError
from localcloud.authorization.resource_policies import Sender, require_publish, require_send
from localcloud.aws import ACCOUNT, REGION, LocalAws
from localcloud.deliveries.queues import send_message
from localcloud.errors import FunctionError
from localcloud.functions import Functions

_log = logging.getLogger(__name__)
_SERVICE = "events.amazonaws.com"


class EventBus:
    """Hands each event to the functions, topics and queues that the enabled rules of the default bus name as targets.

    No other targets are delivered to. Functions, topics, queues and the keys of these are asked by their policies
    whether the rule may. What may not be delivered goes to the target's dead-letter queue, if that lets the rule; it is
    not tried again (AWS tries for 24 hours what is not a matter of rights).
    """

    def __init__(self, aws: LocalAws, functions: Functions) -> None:
        self._aws = aws
        self._functions = functions

    def deliver(self, event: Any) -> None:
        """Send *event* to every target of every rule that matches it."""
        # Not asked through EventBridge's API: a night has thousands of events, and moto reads each pattern anew there.
        rules = events_backends[ACCOUNT][REGION].event_buses["default"].rules
        for rule in list(rules.values()):
            if rule.state != "ENABLED" or rule.scheduled_expression or not rule.event_pattern.matches_event(event):
                continue
            for target in list(rule.targets):
                copied = json.loads(json.dumps(event))
                try:
                    self._send(target["Arn"], rule.arn, copied)
                except FunctionError:  # it was called: EventBridge hears nothing of how that ended
                    _log.exception("rule %s: target %s failed", rule.name, target["Arn"])
                except (AccessDeniedError, ClientError) as error:
                    _log.warning("rule %s: target %s was not reached: %s", rule.name, target["Arn"], error)
                    self._lay_aside(target, rule.arn, copied, str(error))

    def _send(self, target: str, rule: str, event: Any) -> None:
        service = target.split(":")[2]
        if service == "sns":
            # Neither the topic's policy nor the key's is passed anything. Source: as in COVERAGE.md.
            require_publish(Sender(_SERVICE), target)
            self._aws.client("sns").publish(TopicArn=target, Message=json.dumps(event))
        elif service == "sqs":
            self._send_to_queue(target, rule, event, {})
        elif service != "lambda":
            _log.warning("rule %s: %s is delivered to by AWS, and not here", rule, target)
        elif self._functions.is_allowed(target, _SERVICE, rule):
            self._functions.invoke_later(target, event)
        else:
            raise AccessDeniedError(f"the policy of {target} does not let {_SERVICE} call it for {rule}")

    def _send_to_queue(self, queue: str, rule: str, event: Any, attributes: Mapping[str, str]) -> None:
        require_send(Sender(_SERVICE, {"aws:SourceArn": rule}), queue)
        send_message(self._aws, queue, json.dumps(event), attributes)

    def _lay_aside(self, target: Mapping[str, Any], rule: str, event: Any, why: str) -> None:
        queue = target.get("DeadLetterConfig", {}).get("Arn")
        if queue is None:
            return
        facts = {"RULE_ARN": rule, "TARGET_ARN": target["Arn"], "ERROR_CODE": "NO_PERMISSIONS", "ERROR_MESSAGE": why}
        try:
            self._send_to_queue(queue, rule, event, facts)
        except (AccessDeniedError, ClientError) as error:
            _log.error("rule %s: the event is lost, %s was not reached either: %s", rule, queue, error)
