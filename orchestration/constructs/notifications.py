"""The topic that runs, alarms and DMS's events are told to, and who listens."""

from __future__ import annotations

import json

from fleet.databases import Settings
from fleet.names import notification_topic_arn
from orchestration.constructs import toolchain as tf
from orchestration.roles import policy


class Notifications(tf.Construct):
    """Encrypted; only alarms, rules and roles of this account may publish."""

    def __init__(self, scope: tf.Construct, settings: Settings, key_arn: str) -> None:
        super().__init__(scope, "notifications")
        arn = notification_topic_arn(settings.account, settings.region, settings.prefix)
        topic = tf.SnsTopic(self, "topic", name=arn.rpartition(":")[2], kms_master_key_id=key_arn)
        topic.override_logical_id("runs")
        services = {
            "Sid": "TellOfTrouble",
            "Effect": "Allow",
            "Principal": {"Service": ["cloudwatch.amazonaws.com", "events.amazonaws.com"]},
            "Action": "sns:Publish",
            "Resource": arn,
            "Condition": {"StringEquals": {"aws:SourceAccount": settings.account}},
        }
        tf.SnsTopicPolicy(self, "policy", arn=topic.arn, policy=json.dumps(policy(services))).override_logical_id(
            "runs"
        )
        for number, address in enumerate(settings.stack.emails):
            subscription = tf.SnsTopicSubscription(
                self, f"email-{number}", topic_arn=topic.arn, protocol="email", endpoint=address
            )
            subscription.override_logical_id(f"email_{number}")
