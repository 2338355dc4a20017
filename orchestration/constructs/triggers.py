"""What starts by itself: nights and the sweep by their schedules, the recorder and messages by AWS's events."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fleet.databases import Settings
from fleet.names import machine_arn, notification_topic_arn, resource_name
from orchestration.constructs import toolchain as tf
from orchestration.events import DMS_PATTERNS, broken_off_pattern, night_request, sweep_schedule
from orchestration.resource_policies import lay_aside
from orchestration.roles import keep_schedules, trust_service

START_EXECUTION = "arn:aws:scheduler:::aws-sdk:sfn:startExecution"
# A night that could not be started for an hour would run into the day: it goes to the queue of missed nights.
_NIGHT_RETRIES = {"maximum_event_age_in_seconds": 3600, "maximum_retry_attempts": 10}
# The next sweep looks for the same.
_SWEEP_RETRIES = {"maximum_event_age_in_seconds": 600, "maximum_retry_attempts": 2}


class Triggers(tf.Construct):
    """Rules, schedules, and a queue for each kind of what could not be delivered.

    Nights have a queue of their own: an alarm goes off once for a queue that holds anything, so that one stray event in
    the same queue would hide every night that is missed after it.
    """

    def __init__(
        self,
        scope: tf.Construct,
        settings: Settings,
        functions: Mapping[str, tf.LambdaFunction],
        machine_arns: Mapping[str, str],
    ) -> None:
        super().__init__(scope, "calls")
        self._settings = settings
        self.missed_nights = self._make_queue("missed-nights")
        self.not_delivered = self._make_queue("not-delivered")
        self.schedule_group = settings.prefix
        self.rules = {"recorder": self._call_recorder(functions["Recorder"], machine_arns)}
        self.rules |= {name: self._tell(name, pattern) for name, pattern in DMS_PATTERNS.items()}
        self._let_rules_lay_aside()
        self._keep_schedules(functions["Sweep"].arn, machine_arns["fleet-run"])

    def _make_queue(self, name: str) -> tf.SqsQueue:
        """Under SQS's own key: who sends needs no right on a key."""
        queue = tf.SqsQueue(
            self,
            name,
            name=resource_name(self._settings.prefix, name),
            message_retention_seconds=14 * 86400,
            sqs_managed_sse_enabled=True,
        )
        queue.override_logical_id(name.replace("-", "_"))
        return queue

    def _make_rule(
        self, name: str, description: str, pattern: Mapping[str, Any], target: str
    ) -> tf.CloudwatchEventRule:
        logical_id = name.replace("-", "_")
        rule = tf.CloudwatchEventRule(
            self,
            name,
            name=resource_name(self._settings.prefix, name),
            description=description,
            event_pattern=json.dumps(pattern),
        )
        rule.override_logical_id(logical_id)
        aim = tf.CloudwatchEventTarget(
            self,
            f"{name}-target",
            rule=rule.name,
            target_id=name,
            arn=target,
            dead_letter_config={"arn": self.not_delivered.arn},
        )
        aim.override_logical_id(logical_id)
        return rule

    def _call_recorder(self, recorder: tf.LambdaFunction, machine_arns: Mapping[str, str]) -> tf.CloudwatchEventRule:
        place = self._settings.account, self._settings.region, self._settings.prefix
        pattern = broken_off_pattern([machine_arn(*place, name) for name in sorted(machine_arns)])
        rule = self._make_rule("recorder", "Executions that ended otherwise than in success", pattern, recorder.arn)
        leave = tf.LambdaPermission(
            self,
            "recorder-leave",
            statement_id="CalledByItsRule",
            action="lambda:InvokeFunction",
            function_name=recorder.function_name,
            principal="events.amazonaws.com",
            source_arn=rule.arn,
        )
        leave.override_logical_id("recorder")
        return rule

    def _tell(self, name: str, pattern: Mapping[str, Any]) -> tf.CloudwatchEventRule:
        settings = self._settings
        topic = notification_topic_arn(settings.account, settings.region, settings.prefix)
        return self._make_rule(name, "Sends DMS's events to the topic", pattern, topic)

    def _let_rules_lay_aside(self) -> None:
        document = lay_aside(self.not_delivered.arn, [rule.arn for rule in self.rules.values()])
        tf.SqsQueuePolicy(
            self, "queue-policy", queue_url=self.not_delivered.url, policy=json.dumps(document)
        ).override_logical_id("not_delivered")

    def _keep_schedules(self, sweep_arn: str, fleet_run_arn: str) -> None:
        settings = self._settings
        group = tf.SchedulerScheduleGroup(self, "group", name=self.schedule_group)
        group.override_logical_id("schedules")
        trust = trust_service("scheduler.amazonaws.com", settings.account, group.arn)
        role = tf.IamRole(
            self, "scheduler", name=resource_name(settings.prefix, "scheduler"), assume_role_policy=json.dumps(trust)
        )
        role.override_logical_id("scheduler")
        may = tf.IamRolePolicy(
            self,
            "scheduler-may",
            name="may",
            role=role.id,
            policy=json.dumps(keep_schedules(settings, [self.missed_nights.arn, self.not_delivered.arn])),
        )
        may.override_logical_id("scheduler")
        sweep = sweep_schedule(settings.prefix, fleet_run_arn)
        tf.SchedulerSchedule(
            self,
            "sweep",
            name=sweep.name,
            group_name=group.name,
            description="Looks for what the recorder missed",
            schedule_expression=sweep.expression,
            flexible_time_window={"mode": "OFF"},
            target={
                "role_arn": role.arn,
                "dead_letter_config": {"arn": self.not_delivered.arn},
                "arn": sweep_arn,
                "input": json.dumps(dict(sweep.content)),
                "retry_policy": _SWEEP_RETRIES,
            },
            depends_on=[may],
        ).override_logical_id("sweep")
        for night in settings.stack.nights:
            window = {"mode": "FLEXIBLE", "maximum_window_in_minutes": night.flexible_minutes}
            tf.SchedulerSchedule(
                self,
                f"night-{night.name}",
                name=resource_name(settings.prefix, night.name),
                group_name=group.name,
                description=f"A {night.mode} run",
                schedule_expression=night.expression,
                schedule_expression_timezone=night.time_zone,
                flexible_time_window=window if night.flexible_minutes else {"mode": "OFF"},
                target={
                    "role_arn": role.arn,
                    "dead_letter_config": {"arn": self.missed_nights.arn},
                    "arn": START_EXECUTION,
                    "input": json.dumps(night_request(night, fleet_run_arn)),
                    "retry_policy": _NIGHT_RETRIES,
                },
                depends_on=[may],
            ).override_logical_id(f"night_{night.name.replace('-', '_')}")
