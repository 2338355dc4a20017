"""Policies of topic, data key and queue that let AWS's services send: for stack and local cloud alike.

One statement a sender, with the conditions that AWS documents for that sender and no other: a condition on a key that
the sender does not pass is never met, and what it sends is lost without an error. Read 2026-11-29.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fleet.databases import Settings
from fleet.names import TASK_LOGS, notification_topic_arn
from orchestration.roles import Policy, Statement, policy

EVENTS, ALARMS = "events.amazonaws.com", "cloudwatch.amazonaws.com"
_USE_KEY = ["kms:GenerateDataKey*", "kms:Decrypt"]


def administer_key(settings: Settings) -> Statement:
    """Leave it to the account's IAM: without this statement nobody could ever change the key.

    Source: https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
    """
    return {
        "Sid": "LeaveItToIam",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{settings.account}:root"},
        "Action": "kms:*",
        "Resource": "*",  # a key's policy: the key itself
    }


def data_key_policy(settings: Settings) -> Policy:
    """Services that encrypt without a role of ours: logs by their group, alarms and events on their way to the topic.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
    """
    logs = f"arn:aws:logs:{settings.region}:{settings.account}:log-group"
    names = ("/aws/lambda/", "/aws/vendedlogs/states/", TASK_LOGS)
    groups = [f"{logs}:{name}{settings.prefix}-*" for name in names]
    return policy(
        administer_key(settings),
        {
            "Sid": "EncryptLogs",
            "Effect": "Allow",
            "Principal": {"Service": f"logs.{settings.region}.amazonaws.com"},
            "Action": ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
            "Resource": "*",
            "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
        },
        *_use_key_to_publish(settings),
    )


def publish_to_topic(settings: Settings) -> Policy:
    """The topic's policy: rules and alarms of this account may publish. Functions may by their own roles.

    EventBridge: "You can't use Condition blocks in Amazon SNS topic policies for EventBridge".
    Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sns-permissions
    Alarms have aws:SourceArn and aws:SourceAccount:
    https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html
    """
    arn = notification_topic_arn(settings.account, settings.region, settings.prefix)
    return policy(
        _let(EVENTS, "RulesPublish", "sns:Publish", arn),
        _let(ALARMS, "AlarmsPublish", "sns:Publish", arn, _of_our_alarms(settings)),
    )


def _use_key_to_publish(settings: Settings) -> list[Statement]:
    """What the data key's policy must add so that the same senders reach the topic, which is encrypted with it.

    "Adding the aws:SourceAccount, aws:SourceArn, and aws:SourceOrgID to a AWS KMS policy is not supported for
    EventBridge-to-encrypted topics"; every other sender should have them. It was seen to fail, too:
    https://github.com/awslabs/landing-zone-accelerator-on-aws/issues/407
    Source: https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    """
    itself = "*"  # in a key's policy: the key
    return [
        _let(EVENTS, "RulesUseTheTopicsKey", _USE_KEY, itself),
        _let(ALARMS, "AlarmsUseTheTopicsKey", _USE_KEY, itself, _of_our_alarms(settings)),
    ]


def lay_aside(queue_arn: str, rule_arns: Sequence[str]) -> Policy:
    """The policy of the queue where rules put the events that they could not deliver. Here the condition is documented.

    Schedules need none: they send with their own role.
    Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html and
    https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html
    """
    condition = {"ArnEquals": {"aws:SourceArn": list(rule_arns)}}
    return policy(_let(EVENTS, "RulesLayAside", "sqs:SendMessage", queue_arn, condition))


def _of_our_alarms(settings: Settings) -> Mapping[str, object]:
    alarms = f"arn:aws:cloudwatch:{settings.region}:{settings.account}:alarm:{settings.prefix}-*"
    return {"StringEquals": {"aws:SourceAccount": settings.account}, "ArnLike": {"aws:SourceArn": alarms}}


def _let(
    service: str, sid: str, action: str | list[str], resource: str, condition: Mapping[str, object] | None = None
) -> Statement:
    statement: Statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": action,
        "Resource": resource,
    }
    return {**statement, "Condition": condition} if condition else statement
