"""What starts by itself and who hears of it, made in the local cloud: topic, queues, rules, schedules, as the stack has
them (`orchestration/constructs/triggers.py` and `notifications.py`), with the same policies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fleet.databases import Settings
from fleet.names import data_key_alias, notification_topic_arn, resource_name
from local.make_once import make_once
from localcloud.aws import LocalAws
from orchestration.events import DMS_PATTERNS, broken_off_pattern, night_request, sweep_schedule
from orchestration.resource_policies import data_key_policy, lay_aside, publish_to_topic
from orchestration.roles import keep_schedules, trust_service

_START_EXECUTION = "arn:aws:scheduler:::aws-sdk:sfn:startExecution"


class DeployedTriggers:
    """Makes them for *settings*."""

    def __init__(self, aws: LocalAws, settings: Settings) -> None:
        self._aws = aws
        self._settings = settings
        self._topic = notification_topic_arn(settings.account, settings.region, settings.prefix)

    def make(self, functions: Mapping[str, str], fleet_run: str, database_run: str) -> None:
        """All. *functions*: the ARNs of Recorder and Sweep by name; *fleet_run*, *database_run*: of the machines."""
        self._make_topic()
        queues = {name: self._make_queue(name) for name in ("missed-nights", "not-delivered")}
        rules = {"recorder": (broken_off_pattern([database_run, fleet_run]), functions["Recorder"])}
        rules |= {name: (dict(pattern), self._topic) for name, pattern in DMS_PATTERNS.items()}
        arns = [self._make_rule(name, *rule, queues["not-delivered"]) for name, rule in rules.items()]
        sqs = self._aws.client("sqs")
        url = sqs.get_queue_url(QueueName=resource_name(self._settings.prefix, "not-delivered"))["QueueUrl"]
        document = json.dumps(lay_aside(queues["not-delivered"], arns))
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": document})
        self._keep_schedules(functions["Sweep"], fleet_run, queues)

    def _make_topic(self) -> None:
        kms, sns = self._aws.client("kms"), self._aws.client("sns")
        alias = data_key_alias(self._settings.prefix)
        keys = {one["AliasName"]: one["TargetKeyId"] for one in kms.list_aliases()["Aliases"] if "TargetKeyId" in one}
        if alias not in keys:
            policy = json.dumps(data_key_policy(self._settings))
            keys[alias] = kms.create_key(KeyUsage="ENCRYPT_DECRYPT", Policy=policy)["KeyMetadata"]["KeyId"]
            kms.create_alias(AliasName=alias, TargetKeyId=keys[alias])
        policy = json.dumps(publish_to_topic(self._settings))
        attributes = {"KmsMasterKeyId": keys[alias], "Policy": policy}
        sns.create_topic(Name=self._topic.rpartition(":")[2], Attributes=attributes)

    def _make_queue(self, name: str) -> str:
        """Its ARN."""
        sqs = self._aws.client("sqs")
        url = sqs.create_queue(QueueName=resource_name(self._settings.prefix, name))["QueueUrl"]
        return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def _make_rule(self, name: str, pattern: Mapping[str, Any], target: str, queue: str) -> str:
        """Its ARN."""
        events, rule = self._aws.client("events"), resource_name(self._settings.prefix, name)
        arn = events.put_rule(Name=rule, EventPattern=json.dumps(pattern))["RuleArn"]
        events.put_targets(Rule=rule, Targets=[{"Id": name, "Arn": target, "DeadLetterConfig": {"Arn": queue}}])
        return arn

    def _keep_schedules(self, sweep_arn: str, fleet_run: str, queues: Mapping[str, str]) -> None:
        """Kept, and never due by themselves (`localcloud/deliveries/schedules.py`)."""
        settings, iam, scheduler = self._settings, self._aws.client("iam"), self._aws.client("scheduler")
        make_once(scheduler.create_schedule_group, Name=settings.prefix)
        group = scheduler.get_schedule_group(Name=settings.prefix)["Arn"]
        name = resource_name(settings.prefix, "scheduler")
        trust = json.dumps(trust_service("scheduler.amazonaws.com", settings.account, group))
        make_once(iam.create_role, RoleName=name, AssumeRolePolicyDocument=trust)
        may = json.dumps(keep_schedules(settings, list(queues.values())))
        iam.put_role_policy(RoleName=name, PolicyName="may", PolicyDocument=may)
        role = iam.get_role(RoleName=name)["Role"]["Arn"]
        sweep = sweep_schedule(settings.prefix, fleet_run)
        schedules = [(sweep.name, sweep.expression, sweep_arn, dict(sweep.content), "not-delivered")]
        for night in settings.stack.nights:
            content = night_request(night, fleet_run)
            schedules.append(
                (
                    resource_name(settings.prefix, night.name),
                    night.expression,
                    _START_EXECUTION,
                    content,
                    "missed-nights",
                )
            )
        for schedule, expression, target, content, queue in schedules:
            make_once(
                scheduler.create_schedule,
                Name=schedule,
                GroupName=settings.prefix,
                ScheduleExpression=expression,
                FlexibleTimeWindow={"Mode": "OFF"},
                Target={
                    "Arn": target,
                    "RoleArn": role,
                    "Input": json.dumps(content),
                    "DeadLetterConfig": {"Arn": queues[queue]},
                },
            )
