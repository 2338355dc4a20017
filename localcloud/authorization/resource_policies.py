"""What the policy of a topic, a queue or a key lets a service of AWS's do.

A service calls with its own principal and with few condition keys: each `Sender` names its own. A condition on
any other key is not met, as at AWS.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import localcloud.moto_import  # noqa: F401

from moto.kms.models import kms_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from localcloud.authorization.iam import AccessDeniedError, Context, effects_of
from localcloud.aws import ACCOUNT, REGION

_OF_AWS = "alias/aws/"


@dataclass(frozen=True)
class Sender:
    """A service that sends. *passes*: the condition keys of its calls of topic or queue; *passes_kms*: of its calls of
    the key that these are encrypted with."""

    service: str
    passes: Context = field(default_factory=dict)
    passes_kms: Context = field(default_factory=dict)


def require_publish(sender: Sender, topic_arn: str) -> None:
    """Raise AccessDeniedError unless the topic's policy, and its key's if it has one, let *sender* publish to it."""
    topic = sns_backends[ACCOUNT][REGION].topics.get(topic_arn)
    if topic is None:
        raise AccessDeniedError(f"{sender.service} finds no topic {topic_arn}")
    require_allowed(sender.service, json.loads(topic.policy), "sns:Publish", topic_arn, sender.passes)
    _require_key(sender, topic.kms_master_key_id)


def require_send(sender: Sender, queue_arn: str) -> None:
    """The same for a message to a queue."""
    queue = sqs_backends[ACCOUNT][REGION].queues.get(queue_arn.rpartition(":")[2])
    if queue is None:
        raise AccessDeniedError(f"{sender.service} finds no queue {queue_arn}")
    document = json.loads(queue.policy) if queue.policy else {"Statement": []}
    require_allowed(sender.service, document, "sqs:SendMessage", queue_arn, sender.passes)
    _require_key(sender, vars(queue)["kms_master_key_id"] or "")  # moto sets it by name


def _require_key(sender: Sender, key_id: str) -> None:
    if not key_id:
        return
    if key_id.rpartition(":")[2].startswith(_OF_AWS):
        # AWS's own key lets nobody but the account's roles in, and its policy cannot be changed.
        raise AccessDeniedError(f"{sender.service} may not use {key_id}: give it a key of your own")
    backend = kms_backends[ACCOUNT][REGION]
    key = backend.keys.get(backend.any_id_to_key_id(key_id))
    if key is None:
        raise AccessDeniedError(f"{sender.service} finds no key {key_id}")
    for action in ("kms:GenerateDataKey", "kms:Decrypt"):
        require_allowed(sender.service, json.loads(key.policy), action, key.arn, sender.passes_kms)


def require_allowed(service: str, document: Mapping[str, Any], action: str, resource: str, context: Context) -> None:
    """Raise AccessDeniedError unless the resource policy *document* lets *service* do *action* under *context*."""
    statements = document["Statement"]
    found = statements if isinstance(statements, list) else [statements]
    concerned = [one for one in found if _is_for(one.get("Principal", {}), service)]
    if effects_of({"Statement": concerned}, action, resource, context) != {"Allow"}:
        raise AccessDeniedError(
            f"{service} is not authorized to perform: {action} on resource: {resource} by its resource-based policy "
            f"(condition keys of this call: {', '.join(sorted(context)) or 'none'})"
        )


def _is_for(principal: str | Mapping[str, Any], service: str) -> bool:
    if isinstance(principal, str):
        return principal == "*"
    named = [principal.get(kind, ()) for kind in ("Service", "AWS")]
    services, others = ([one] if isinstance(one, str) else list(one) for one in named)
    return service in services or "*" in others
