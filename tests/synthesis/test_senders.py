"""What goes wrong is reported, and the report arrives: alarms, rules, schedules, and the policies of their targets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from fleet.names import DELTAS_OVERDUE, LOGS_AT_RISK, METRICS
from localcloud.authorization.resource_policies import require_allowed
from synthesised import Stacks, as_list, policies


@pytest.fixture(params=["sample", "existing"])
def stacks(request: pytest.FixtureRequest, variants: dict[str, Stacks]) -> Stacks:
    return variants[request.param]


def test_what_goes_wrong_reaches_the_topic(stacks: Stacks) -> None:
    alarms = {body["alarm_name"].partition("-")[2]: body for _, body in stacks.of("aws_cloudwatch_metric_alarm")}
    instances = {name.partition("-")[2] for name in stacks.all if name.startswith("instance-")}
    rules = stacks["pipeline"].of("aws_cloudwatch_event_target")
    assert set(rules) == {"recorder", "dms_instances", "dms_failed_tasks"}
    runs = {"run-failed", "run-timed-out", "recorder-errors", "sweep-errors", "deltas-overdue", "delta-logs-at-risk"}
    lost = {"missed-nights-seen", "not-delivered-seen", "schedules-lost"}
    lost |= {f"{name.replace('_', '-')}-events-lost" for name in rules}
    assert alarms.keys() == runs | lost | {f"{one}-storage" for one in instances}
    assert all(body["alarm_actions"][0].endswith("-runs") for body in alarms.values())
    for name, metric in (("deltas-overdue", DELTAS_OVERDUE), ("delta-logs-at-risk", LOGS_AT_RISK)):
        assert (alarms[name]["namespace"], alarms[name]["metric_name"]) == (METRICS, metric)
        assert alarms[name]["dimensions"] == {"service": "fleet", "fleet": stacks.registry.settings.prefix}
    assert alarms["one-storage"]["threshold"] >= 10 * 2**30


def test_a_missed_night_has_a_queue_and_an_alarm_that_nothing_else_sets_off(stacks: Stacks) -> None:
    pipeline = stacks["pipeline"]
    laid: dict[str, set[str]] = {}
    for kind in ("aws_scheduler_schedule", "aws_cloudwatch_event_target"):
        for name, body in pipeline.of(kind).items():
            target = body.get("target", body)
            laid.setdefault(target["dead_letter_config"]["arn"], set()).add(name)
    nights = {name for name in pipeline.of("aws_scheduler_schedule") if name != "sweep"}
    if nights:
        assert laid["${aws_sqs_queue.missed_nights.arn}"] == nights
    assert laid["${aws_sqs_queue.not_delivered.arn}"] == {"sweep", "recorder", "dms_instances", "dms_failed_tasks"}
    alarm = pipeline.of("aws_cloudwatch_metric_alarm")["missed_nights_seen"]
    assert alarm["dimensions"] == {"QueueName": "${aws_sqs_queue.missed_nights.name}"}
    (may,) = [one for where, one in policies(stacks) if where.endswith(": LaysAside")]
    assert set(may["Resource"]) == {f"${{aws_sqs_queue.{name}.arn}}" for name in ("missed_nights", "not_delivered")}


def test_every_rule_and_alarm_may_send_to_what_it_names_under_the_keys_that_its_service_passes(stacks: Stacks) -> None:
    """A condition on a key that a service does not pass loses everything that it sends, without an error."""
    foundation, pipeline = stacks["foundation"], stacks["pipeline"]
    topic = json.loads(foundation.of("aws_sns_topic_policy")["runs"]["policy"])
    key = json.loads(foundation.of("aws_kms_key")["data_key"]["policy"])
    queue = json.loads(pipeline.of("aws_sqs_queue_policy")["not_delivered"]["policy"])
    for name, target in pipeline.of("aws_cloudwatch_event_target").items():
        rule = {"aws:SourceArn": f"${{aws_cloudwatch_event_rule.{name}.arn}}".replace("$", "")}
        laid = json.loads(json.dumps(queue).replace("$", ""))
        where = target["dead_letter_config"]["arn"].replace("$", "")
        require_allowed("events.amazonaws.com", laid, "sqs:SendMessage", where, rule)
        assert "role_arn" not in target  # to an encrypted topic it may fail: eb-use-resource-based.html
        if ":sns:" in target["arn"]:
            require_allowed("events.amazonaws.com", topic, "sns:Publish", target["arn"], {})
            for action in ("kms:GenerateDataKey", "kms:Decrypt"):
                require_allowed("events.amazonaws.com", key, action, "*", {})
    settings = stacks.registry.settings
    for where, alarm in stacks.of("aws_cloudwatch_metric_alarm"):
        arn = f"arn:aws:cloudwatch:{settings.region}:{settings.account}:alarm:{alarm['alarm_name']}"
        passed = {"aws:SourceAccount": settings.account, "aws:SourceArn": arn}
        assert alarm["alarm_actions"], where
        for action in alarm["alarm_actions"]:
            require_allowed("cloudwatch.amazonaws.com", topic, "sns:Publish", action, passed)
        for action in ("kms:GenerateDataKey", "kms:Decrypt"):
            require_allowed("cloudwatch.amazonaws.com", key, action, "*", passed)


def test_nobody_sends_for_another_account(stacks: Stacks) -> None:
    """Where AWS documents a condition, it is there: EventBridge alone has none for topics and their keys."""
    for where, statement in resource_statements(stacks):
        for service in as_list(statement["Principal"].get("Service", [])):
            if service == "events.amazonaws.com" and "sqs:SendMessage" not in as_list(statement["Action"]):
                assert "Condition" not in statement, where
            else:
                assert "Condition" in statement, where


def resource_statements(stacks: Stacks) -> Iterator[tuple[str, Any]]:
    """Every statement of a key's, topic's or queue's policy that lets somebody do something."""
    for kind in ("aws_kms_key", "aws_sns_topic_policy", "aws_sqs_queue_policy"):
        for where, body in stacks.of(kind):
            for statement in json.loads(body["policy"])["Statement"]:
                yield f"{kind} {where}: {statement['Sid']}", statement
