"""Events, schedules and alarms in a deployed local cloud, judged by the policies of what they reach."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from cases import SETTINGS
from fleet.databases import Registry, Server
from fleet.names import data_key_alias, notification_topic_arn
from fleet.stack_settings import NightSchedule, StackSettings
from local.cloud import LocalCloud
from orchestration.resource_policies import data_key_policy, publish_to_topic
from orchestration.roles import policy, trust_service

TOPIC = notification_topic_arn(SETTINGS.account, SETTINGS.region, SETTINGS.prefix)
AT = datetime(2026, 11, 29, 22, 0, tzinfo=UTC)
NEW_INSTANCE = {
    "source": "aws.dms",
    "detail-type": "DMS Replication Instance State Change",
    "detail": {"eventType": "REPLICATION_INSTANCE_FAILOVER_STARTED"},
}
OF_THIS_ACCOUNT = {"StringEquals": {"aws:SourceAccount": SETTINGS.account}}


class Account:
    """A deployed fleet without databases, one night a day, and a queue that listens to the topic."""

    def __init__(self, cloud: LocalCloud) -> None:
        self.cloud = cloud
        self.sqs, self.sns = cloud.aws.client("sqs"), cloud.aws.client("sns")
        self.listener = self.sqs.create_queue(QueueName="listener")["QueueUrl"]
        named = self.sqs.get_queue_attributes(QueueUrl=self.listener, AttributeNames=["QueueArn"])["Attributes"]
        self.sns.subscribe(
            TopicArn=TOPIC, Protocol="sqs", Endpoint=named["QueueArn"], Attributes={"RawMessageDelivery": "true"}
        )

    def read(self, queue: str) -> list[dict[str, Any]]:
        """The messages of *queue*, which then holds none."""
        url = self.sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        found = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
        messages = found.get("Messages", [])
        for message in messages:
            self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return messages

    def deploy(self) -> None:
        """Everything as it is deployed, and nothing in the queues."""
        self.cloud.deploy(self.cloud.registry)
        kms = self.cloud.aws.client("kms")
        key = kms.describe_key(KeyId=data_key_alias(SETTINGS.prefix))["KeyMetadata"]["KeyId"]
        self.sns.set_topic_attributes(TopicArn=TOPIC, AttributeName="KmsMasterKeyId", AttributeValue=key)
        self.set_topic_policy(publish_to_topic(SETTINGS))
        self.set_key_policy(data_key_policy(SETTINGS))
        iam, name = self.cloud.aws.client("iam"), f"{SETTINGS.prefix}-scheduler"
        group = self.cloud.aws.client("scheduler").get_schedule_group(Name=SETTINGS.prefix)["Arn"]
        trust = trust_service("scheduler.amazonaws.com", SETTINGS.account, group)
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))
        for queue in ("listener", "fleet-not-delivered", "fleet-missed-nights"):
            self.read(queue)

    def set_topic_policy(self, document: dict[str, Any]) -> None:
        self.sns.set_topic_attributes(TopicArn=TOPIC, AttributeName="Policy", AttributeValue=json.dumps(document))

    def set_key_policy(self, document: dict[str, Any]) -> None:
        kms = self.cloud.aws.client("kms")
        key = kms.describe_key(KeyId=data_key_alias(SETTINGS.prefix))["KeyMetadata"]["KeyId"]
        kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(document))

    def allow_scheduler(self, *statements: str) -> None:
        """Leave the scheduler's role only the *statements* of those names."""
        iam, name = self.cloud.aws.client("iam"), f"{SETTINGS.prefix}-scheduler"
        document = iam.get_role_policy(RoleName=name, PolicyName="may")["PolicyDocument"]
        kept = [one for one in document["Statement"] if one["Sid"] in statements]
        iam.put_role_policy(RoleName=name, PolicyName="may", PolicyDocument=json.dumps(policy(*kept)))


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    settings = replace(SETTINGS, stack=StackSettings(nights=(NightSchedule("nightly", "full", "cron(0 22 * * ? *)"),)))
    server = Server(
        "shared",
        "postgresql",
        "fleet/server/shared",
        ssl_mode="none",
        databases_at_once=1000,
        connections_at_once=30_000,
    )
    registry, folder = Registry(settings, (server,), ()), tmp_path_factory.mktemp("cloud")
    with LocalCloud(folder, registry, {server.secret: {}}, clock="frozen") as cloud:
        yield Account(cloud)


@pytest.fixture
def account(deployed: Account) -> Account:
    deployed.deploy()
    return deployed


def with_condition(document: dict[str, Any], condition: dict[str, Any]) -> dict[str, Any]:
    """*document* with one statement for all services that send, under one *condition*: as it was until 2026-11."""
    allowing = [one for one in document["Statement"] if "Service" in one["Principal"]]
    both = {**allowing[-1], "Sid": "Both", "Condition": condition}
    both["Principal"] = {"Service": ["cloudwatch.amazonaws.com", "events.amazonaws.com"]}
    return policy(*(one for one in document["Statement"] if "Service" not in one["Principal"]), both)


def bodies(messages: list[dict[str, Any]]) -> list[Any]:
    return [json.loads(message["Body"]) for message in messages]


def test_an_event_of_dms_reaches_a_subscriber_of_the_encrypted_topic(account: Account) -> None:
    account.cloud.events.deliver(NEW_INSTANCE)
    assert bodies(account.read("listener")) == [NEW_INSTANCE]
    assert account.read("fleet-not-delivered") == []


def test_a_condition_on_the_source_in_the_topics_policy_keeps_events_away_and_lays_them_aside(account: Account) -> None:
    account.set_topic_policy(with_condition(publish_to_topic(SETTINGS), OF_THIS_ACCOUNT))
    account.cloud.events.deliver(NEW_INSTANCE)
    assert account.read("listener") == []
    (laid,) = account.read("fleet-not-delivered")
    assert json.loads(laid["Body"]) == NEW_INSTANCE
    attributes = {name: value["StringValue"] for name, value in laid["MessageAttributes"].items()}
    assert attributes["TARGET_ARN"] == TOPIC
    assert attributes["RULE_ARN"].endswith(":rule/fleet-dms-instances")
    assert "sns:Publish" in attributes["ERROR_MESSAGE"]


def test_a_condition_on_the_source_in_the_keys_policy_keeps_events_away_and_lays_them_aside(account: Account) -> None:
    account.set_key_policy(with_condition(data_key_policy(SETTINGS), OF_THIS_ACCOUNT))
    account.cloud.events.deliver(NEW_INSTANCE)
    assert account.read("listener") == []
    (laid,) = account.read("fleet-not-delivered")
    assert "kms:GenerateDataKey" in laid["MessageAttributes"]["ERROR_MESSAGE"]["StringValue"]


def test_a_topic_under_awss_own_key_is_reached_by_no_rule(account: Account) -> None:
    account.sns.set_topic_attributes(TopicArn=TOPIC, AttributeName="KmsMasterKeyId", AttributeValue="alias/aws/sns")
    account.cloud.events.deliver(NEW_INSTANCE)
    assert account.read("listener") == []


def test_a_rule_that_the_queues_policy_does_not_name_can_lay_nothing_aside(account: Account) -> None:
    queue = "arn:aws:sqs:eu-central-1:123456789012:fleet-not-delivered"
    events = account.cloud.aws.client("events")
    events.put_rule(Name="stray", EventPattern=json.dumps({"source": ["aws.stray"]}))
    nowhere = "arn:aws:sns:eu-central-1:123456789012:nowhere"
    events.put_targets(Rule="stray", Targets=[{"Id": "a", "Arn": nowhere, "DeadLetterConfig": {"Arn": queue}}])
    account.cloud.events.deliver({"source": "aws.stray"})
    assert account.read("fleet-not-delivered") == []


def test_a_rule_reaches_a_queue_whose_policy_names_it(account: Account) -> None:
    events = account.cloud.aws.client("events")
    rule = events.put_rule(Name="to-queue", EventPattern=json.dumps({"source": ["aws.named"]}))["RuleArn"]
    made = account.sqs.create_queue(QueueName="named")["QueueUrl"]
    arn = "arn:aws:sqs:eu-central-1:123456789012:named"
    events.put_targets(Rule="to-queue", Targets=[{"Id": "a", "Arn": arn}])
    account.cloud.events.deliver({"source": "aws.named"})
    assert account.read("named") == []
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
    }
    account.sqs.set_queue_attributes(QueueUrl=made, Attributes={"Policy": json.dumps(policy(statement))})
    account.cloud.events.deliver({"source": "aws.named"})
    assert bodies(account.read("named")) == [{"source": "aws.named"}]


def test_a_schedule_starts_its_run_by_name_and_slot(account: Account) -> None:
    assert account.cloud.schedules.come_due("fleet-nightly", AT)
    found = account.cloud.aws.client("stepfunctions").list_executions(
        stateMachineArn=account.cloud.machine_arns["fleet-run"]
    )["executions"]
    assert [one["name"].startswith("nightly-") for one in found] == [True]
    described = account.cloud.aws.client("stepfunctions").describe_execution(executionArn=found[0]["executionArn"])
    assert json.loads(described["input"])["scheduled_at"] == "2026-11-29T22:00:00Z"
    assert account.read("fleet-missed-nights") == []


def test_a_schedule_that_cannot_start_its_run_leaves_a_message_in_the_queue_of_missed_nights(account: Account) -> None:
    account.allow_scheduler("LaysAside")
    assert not account.cloud.schedules.come_due("fleet-nightly", AT)
    (missed,) = account.read("fleet-missed-nights")
    assert json.loads(missed["Body"])["StateMachineArn"] == account.cloud.machine_arns["fleet-run"]
    assert "states:StartExecution" in missed["MessageAttributes"]["ERROR_MESSAGE"]["StringValue"]
    assert account.read("fleet-not-delivered") == []


def test_neither_a_stray_event_nor_a_lost_sweep_gets_into_the_queue_of_missed_nights(account: Account) -> None:
    account.set_topic_policy(policy())
    account.cloud.events.deliver(NEW_INSTANCE)
    account.allow_scheduler("LaysAside")
    assert not account.cloud.schedules.come_due("fleet-sweep", AT)
    assert account.read("fleet-missed-nights") == []
    assert len(account.read("fleet-not-delivered")) == 2


def test_a_schedule_without_its_role_leaves_nothing_anywhere(account: Account) -> None:
    iam, name = account.cloud.aws.client("iam"), f"{SETTINGS.prefix}-scheduler"
    nobody = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(policy(nobody)))
    assert not account.cloud.schedules.come_due("fleet-nightly", AT)
    assert account.read("fleet-missed-nights") == account.read("fleet-not-delivered") == []


def put_alarm(account: Account, name: str) -> Any:
    alarms = account.cloud.aws.client("cloudwatch")
    alarms.put_metric_alarm(
        AlarmName=name,
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        ComparisonOperator="GreaterThanThreshold",
        Threshold=0,
        EvaluationPeriods=1,
        Period=300,
        Statistic="Sum",
        AlarmActions=[TOPIC],
    )
    return alarms


def test_an_alarm_of_the_fleet_reaches_a_subscriber_of_the_encrypted_topic(account: Account) -> None:
    alarms = put_alarm(account, "fleet-missed-nights-seen")
    for _ in range(2):  # the second changes nothing, and AWS acts on changes
        alarms.set_alarm_state(AlarmName="fleet-missed-nights-seen", StateValue="ALARM", StateReason="to try it")
    (alarm,) = bodies(account.read("listener"))
    assert (alarm["AlarmName"], alarm["NewStateValue"]) == ("fleet-missed-nights-seen", "ALARM")


def test_an_alarm_of_somebody_else_does_not_reach_the_topic(account: Account) -> None:
    put_alarm(account, "others").set_alarm_state(AlarmName="others", StateValue="ALARM", StateReason="to try it")
    assert account.read("listener") == []
