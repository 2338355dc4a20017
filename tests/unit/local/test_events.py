"""EventBridge in the local cloud: who hears of which change."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from local.functions import HandlersInProcess
from localcloud.aws import LocalAws
from localcloud.deliveries.event_bus import EventBus
from localcloud.errors import FunctionError
from orchestration.events import broken_off_pattern
from orchestration.roles import policy

MACHINE = "arn:aws:states:eu-central-1:123456789012:stateMachine:fleet-database-run"
TARGET = "arn:aws:lambda:eu-central-1:123456789012:function:fleet-Recorder"


class Ears(HandlersInProcess):
    """Functions that keep what they hear; one of them may fail."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, Any]] = []
        self.deaf = ""

    def invoke(self, arn_or_name: str, event: dict[str, Any]) -> Any:
        """Keep it."""
        if arn_or_name == self.deaf:
            raise FunctionError("BrokenError", "not today")
        self.heard.append((arn_or_name, event))


@pytest.fixture
def bus() -> Iterator[tuple[EventBus, Ears, Any]]:
    """A bus with the recorder's rule, what it calls, and EventBridge's client."""
    with LocalAws() as aws:
        ears, events = Ears(), aws.client("events")
        events.put_rule(Name="recorder", EventPattern=json.dumps(broken_off_pattern([MACHINE])))
        events.put_targets(Rule="recorder", Targets=[{"Id": "one", "Arn": TARGET}])
        yield EventBus(aws, ears), ears, events


def event(status: str, machine: str = MACHINE, **more: Any) -> dict[str, Any]:
    return {
        "source": "aws.states",
        "detail-type": "Step Functions Execution Status Change",
        "detail": {"status": status, "stateMachineArn": machine},
        **more,
    }


Bus = tuple[EventBus, Ears, Any]


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED"])
def test_the_rules_target_gets_the_whole_event_of_an_execution_that_ended_without_success(
    bus: Bus, status: str
) -> None:
    bus[0].deliver(event(status))
    assert bus[1].heard == [(TARGET, event(status))]


@pytest.mark.parametrize("status", ["RUNNING", "SUCCEEDED", "PENDING_REDRIVE"])
def test_the_event_of_an_execution_that_runs_or_succeeded_goes_to_nobody(bus: Bus, status: str) -> None:
    bus[0].deliver(event(status))
    assert bus[1].heard == []


@pytest.mark.parametrize(
    "other",
    [
        event("FAILED", MACHINE + "-of-somebody-else"),
        event("FAILED", source="aws.dms"),
        event("FAILED", **{"detail-type": "DMS Replication Task State Change"}),
    ],
    ids=["machine", "source", "detail-type"],
)
def test_an_event_of_something_else_goes_to_nobody(bus: Bus, other: dict[str, Any]) -> None:
    bus[0].deliver(other)
    assert bus[1].heard == []


def test_a_disabled_rule_sends_nothing_until_it_is_enabled_again(bus: Bus) -> None:
    bus[2].disable_rule(Name="recorder")
    bus[0].deliver(event("FAILED"))
    assert bus[1].heard == []
    bus[2].enable_rule(Name="recorder")
    bus[0].deliver(event("FAILED"))
    assert len(bus[1].heard) == 1


def test_every_target_of_every_matching_rule_gets_the_event_once_even_after_one_that_failed(bus: Bus) -> None:
    bus[2].put_targets(Rule="recorder", Targets=[{"Id": "two", "Arn": TARGET + "-too"}])
    bus[2].put_rule(Name="another", EventPattern=json.dumps({"source": ["aws.states"]}))
    bus[2].put_targets(Rule="another", Targets=[{"Id": "one", "Arn": TARGET + "-of-another"}])
    bus[1].deaf = TARGET
    bus[0].deliver(event("FAILED"))
    assert sorted(arn for arn, _ in bus[1].heard) == [TARGET + "-of-another", TARGET + "-too"]


def test_a_topic_that_a_rule_names_gets_the_whole_event(bus: Bus) -> None:
    sns, sqs = (boto3.client(service, region_name="eu-central-1") for service in ("sns", "sqs"))
    topic, queue = sns.create_topic(Name="broken")["TopicArn"], sqs.create_queue(QueueName="broken")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    may = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": topic,
    }
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps(policy(may)))
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    bus[2].put_targets(Rule="recorder", Targets=[{"Id": "topic", "Arn": topic}])
    bus[0].deliver(event("FAILED"))
    assert [json.loads(one["Body"]) for one in sqs.receive_message(QueueUrl=queue)["Messages"]] == [event("FAILED")]


@pytest.mark.parametrize("target", ["arn:aws:sns:eu-central-1:123456789012:none", "arn:aws:sqs:eu-central-1:1:none"])
def test_a_target_that_cannot_be_reached_keeps_no_other_from_its_event(bus: Bus, target: str) -> None:
    bus[2].put_targets(Rule="recorder", Targets=[{"Id": "a", "Arn": target}, {"Id": "b", "Arn": TARGET + "-last"}])
    bus[0].deliver(event("FAILED"))
    assert [arn for arn, _ in bus[1].heard] == [TARGET, TARGET + "-last"]
