"""The topic that gets messages of runs, alarms and DMS's events, and who listens."""

from __future__ import annotations

import json

from fleet.databases import Settings
from fleet.names import notification_topic_arn
from orchestration.constructs import toolchain as tf
from orchestration.resource_policies import publish_to_topic


class Notifications(tf.Construct):
    """Encrypted; only alarms, rules and roles of this account may publish."""

    def __init__(self, scope: tf.Construct, settings: Settings, key_arn: str) -> None:
        super().__init__(scope, "notifications")
        arn = notification_topic_arn(settings.account, settings.region, settings.prefix)
        topic = tf.SnsTopic(self, "topic", name=arn.rpartition(":")[2], kms_master_key_id=key_arn)
        topic.override_logical_id("runs")
        tf.SnsTopicPolicy(
            self, "policy", arn=topic.arn, policy=json.dumps(publish_to_topic(settings))
        ).override_logical_id("runs")
        for number, address in enumerate(settings.stack.emails):
            subscription = tf.SnsTopicSubscription(
                self, f"email-{number}", topic_arn=topic.arn, protocol="email", endpoint=address
            )
            subscription.override_logical_id(f"email_{number}")
