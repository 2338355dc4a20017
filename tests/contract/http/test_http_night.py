"""A small night that is started, watched and asked about over a real socket and by nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import urllib3

from cases import SETTINGS
from fleet.databases import Database, Mode, Registry, Server
from fleet.names import (
    control_bucket,
    endpoint_role_name,
    function_name,
    ledger_table,
    machine_arn,
    notification_topic_arn,
    task_id,
)
from fleet.tables.catalogue import TableName
from fleet.warehouse import qualified
from lambdas.clients.snowflake import KeyPairToken, SqlApi, Succeeded
from local.cloud import LocalCloud
from localcloud.authorization.iam import AccessDeniedError, assume
from localcloud.servers.postgres import EmbeddedPostgres
from localcloud.tests.http.http_cloud import Endpoint, refused
from orchestration.roles import policy

NAMES = ("socket-one", "socket-two")
DOES_DELTAS = "socket-two"
FLEET_RUN = machine_arn(SETTINGS.account, SETTINGS.region, SETTINGS.prefix, "fleet-run")


@pytest.fixture(scope="module")
def endpoint(
    postgres: EmbeddedPostgres, case_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Endpoint]:
    """A fleet of two databases, deployed."""
    for name in NAMES:
        postgres.create_database(name, case_template)
    databases = tuple(
        Database(name, "here", name, "one", ("public",), onboarded=True, deltas=name == DOES_DELTAS) for name in NAMES
    )
    server = Server(
        "here", "postgresql", "fleet/server/here", ssl_mode="none", databases_at_once=1000, connections_at_once=30_000
    )
    registry = Registry(SETTINGS, (server,), databases)
    secrets = {server.secret: postgres.secret("postgres")}
    with LocalCloud(tmp_path_factory.mktemp("cloud"), registry, secrets) as cloud, Endpoint(cloud) as opened:
        yield opened
    for name in NAMES:
        postgres.drop_database(name)


def run_night(endpoint: Endpoint, name: str, **content: Any) -> dict[str, Any]:
    """The execution's description, once it has ended."""
    machines = endpoint.client("stepfunctions")
    started = machines.start_execution(
        stateMachineArn=FLEET_RUN, name=name, input=json.dumps({"mode": "full", **content})
    )
    endpoint.cloud.machines.ended(started["executionArn"]).result(timeout=120)
    return machines.describe_execution(executionArn=started["executionArn"])


@pytest.fixture(scope="module")
def night(endpoint: Endpoint) -> dict[str, Any]:
    """The first night."""
    return run_night(endpoint, "night-1")


def test_a_night_started_over_the_socket_succeeds(endpoint: Endpoint, night: dict[str, Any]) -> None:
    assert night["status"] == "SUCCEEDED", night.get("cause")
    pages = endpoint.client("stepfunctions").get_paginator("get_execution_history")
    events = [event for page in pages.paginate(executionArn=night["executionArn"]) for event in page["events"]]
    assert (events[0]["type"], events[-1]["type"]) == ("ExecutionStarted", "ExecutionSucceeded")


def test_its_objects_counts_and_outcomes_are_read_over_the_socket(endpoint: Endpoint, night: dict[str, Any]) -> None:
    s3, dms, dynamodb = (endpoint.client(name) for name in ("s3", "dms", "dynamodb"))
    for name in NAMES:
        found = s3.list_objects_v2(Bucket=SETTINGS.landing_bucket, Prefix=f"{name}/full/night-1/")["Contents"]
        assert {"orders", "customers", "totals"} <= {one["Key"].split("/")[-2] for one in found}
        filters = [{"Name": "replication-task-id", "Values": [task_id(SETTINGS.prefix, name, "full")]}]
        (task,) = dms.describe_replication_tasks(Filters=filters)["ReplicationTasks"]
        rows = dms.describe_table_statistics(ReplicationTaskArn=task["ReplicationTaskArn"])["TableStatistics"]
        assert {row["TableName"]: row["FullLoadRows"] for row in rows}["orders"] == 5
        key = {"pk": {"S": "RUN#night-1"}, "sk": {"S": f"DB#{name}"}}
        item = dynamodb.get_item(TableName=ledger_table(SETTINGS.prefix), Key=key)["Item"]
        assert item["outcome"] == {"S": "ok"}
    registry = s3.list_objects_v2(Bucket=control_bucket(SETTINGS.prefix, SETTINGS.account), Prefix="registry/")
    assert registry["KeyCount"] > 0


def test_the_second_task_of_a_database_that_does_deltas_has_begun_a_chain(
    endpoint: Endpoint, night: dict[str, Any]
) -> None:
    dms = endpoint.client("dms")
    tasks = {one["ReplicationTaskIdentifier"]: one for one in dms.describe_replication_tasks()["ReplicationTasks"]}
    modes: tuple[Mode, ...] = ("full", "delta")
    assert [task_id(SETTINGS.prefix, NAMES[0], mode) in tasks for mode in modes] == [True, False]
    full, cdc = (tasks[task_id(SETTINGS.prefix, DOES_DELTAS, mode)] for mode in modes)
    assert (cdc["MigrationType"], cdc["Status"]) == ("cdc", "stopped")
    assert cdc["StopReason"] == "Stop Reason STOPPED_AT_SERVER_TIME"
    assert cdc["RecoveryCheckpoint"].startswith("checkpoint:V1#")
    assert all(full[f"{end}EndpointArn"] == cdc[f"{end}EndpointArn"] for end in ("Source", "Target"))


def test_a_function_is_invoked_over_the_socket(endpoint: Endpoint, night: dict[str, Any]) -> None:
    event = {
        "question": "census",
        "run": None,
        "database": NAMES[0],
        "engine": "postgresql",
        "tables": [],
        "seconds_each": 60,
    }
    event |= {"secret": "fleet/server/here", "name_at_source": NAMES[0], "schemas": ["public"], "ssl_mode": "none"}
    functions = endpoint.client("lambda")
    name = function_name(SETTINGS.prefix, "AskSource")
    answer = functions.invoke(FunctionName=name, Payload=json.dumps(event).encode())
    assert "FunctionError" not in answer
    assert "orders" in answer["Payload"].read().decode()
    broken = functions.invoke(FunctionName=name, Payload=b"{}")
    assert broken["FunctionError"] == "Unhandled"
    assert json.loads(broken["Payload"].read())["errorType"]
    with refused("ResourceNotFoundException", "Function not found"):
        functions.invoke(FunctionName="nothing")


def test_the_warehouse_is_asked_over_the_socket(endpoint: Endpoint, night: dict[str, Any]) -> None:
    where = replace(SETTINGS.snowflake, account_url=endpoint.server.endpoint)
    token = KeyPairToken(
        endpoint.client("kms"), where.key_id, account=where.account, user=where.user, now=endpoint.cloud.clock.now
    )
    context = {"database": where.database, "role": where.role, "warehouse": where.warehouse}
    table = qualified(where, NAMES[0], TableName("public", "orders"))
    with urllib3.PoolManager() as pool:
        api = SqlApi(where.account_url, token, context=context, parameters={"timezone": "UTC"}, transport=pool)
        answer = api.run([f"SELECT count(*) FROM {table}"], "asked-over-the-socket")
    assert isinstance(answer, Succeeded)
    assert "5" in repr(answer)


def test_a_rule_sends_the_end_of_a_task_to_a_topic(endpoint: Endpoint, night: dict[str, Any]) -> None:
    sns, sqs, events = (endpoint.client(name) for name in ("sns", "sqs", "events"))
    topic = sns.create_topic(Name="ends")["TopicArn"]
    may = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": topic,
    }
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps(policy(may)))
    queue = sqs.create_queue(QueueName="ends")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    pattern = {"source": ["aws.dms"], "detail": {"eventType": ["REPLICATION_TASK_STOPPED"]}}
    events.put_rule(Name="ends", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="ends", Targets=[{"Id": "topic", "Arn": topic}])
    assert run_night(endpoint, "night-sent", databases=[NAMES[0]])["status"] == "SUCCEEDED"
    (message,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"]
    event = json.loads(message["Body"])
    assert event["detail"]["detailMessage"].endswith("Stop Reason FULL_LOAD_ONLY_FINISHED")
    assert event["detail"]["eventId"] == "DMS-EVENT-0079"


def test_a_rule_of_the_deployment_sends_the_topic_what_happens_to_an_instance(endpoint: Endpoint) -> None:
    sns, sqs, dms = (endpoint.client(name) for name in ("sns", "sqs", "dms"))
    queue = sqs.create_queue(QueueName="instances")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = notification_topic_arn(SETTINGS.account, SETTINGS.region, SETTINGS.prefix)
    subscription = sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"}
    )["SubscriptionArn"]
    made = dms.create_replication_instance(
        ReplicationInstanceIdentifier="reported", ReplicationInstanceClass="dms.t3.medium"
    )["ReplicationInstance"]["ReplicationInstanceArn"]
    named = {"ReplicationInstanceArn": made}
    dms.get_waiter("replication_instance_available").wait(
        Filters=[{"Name": "replication-instance-arn", "Values": [made]}], WaiterConfig={"Delay": 0}
    )
    dms.modify_replication_instance(**named, AllocatedStorage=100, ApplyImmediately=True)
    kinds: set[str] = set()
    while "STORAGE_INCREASED" not in kinds:
        for message in sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"]:
            event = json.loads(message["Body"])
            assert event["resources"] == [made]
            kinds.add(event["detail"]["eventType"].removeprefix("REPLICATION_INSTANCE_"))
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    assert kinds == {"CREATING", "CREATED", "STORAGE_INCREASING", "STORAGE_INCREASED"}
    sns.unsubscribe(SubscriptionArn=subscription)
    dms.delete_replication_instance(**named)


def test_the_deployment_sends_failed_tasks_to_the_topic_and_lets_dms_write_logs(endpoint: Endpoint) -> None:
    topic = notification_topic_arn(SETTINGS.account, SETTINGS.region, SETTINGS.prefix)
    events = endpoint.client("events")
    assert f"{SETTINGS.prefix}-dms-failed-tasks" in events.list_rule_names_by_target(TargetArn=topic)["RuleNames"]
    role = assume(
        endpoint.cloud.aws,
        f"arn:aws:iam::{SETTINGS.account}:role/dms-cloudwatch-logs-role",
        principal="dms.amazonaws.com",
    )
    groups = f"arn:aws:logs:{SETTINGS.region}:{SETTINGS.account}:log-group:"
    role.require("logs:PutLogEvents", f"{groups}dms-tasks-fleet-one:log-stream:dms-task-ABC")
    with pytest.raises(AccessDeniedError):
        role.require("logs:PutLogEvents", f"{groups}another:log-stream:dms-task-ABC")


def test_a_role_that_was_changed_over_the_socket_binds_dms(endpoint: Endpoint, night: dict[str, Any]) -> None:
    deny = {"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"}
    endpoint.client("iam").put_role_policy(
        RoleName=endpoint_role_name(SETTINGS.prefix, NAMES[1]),
        PolicyName="shut",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": deny}),
    )
    assert run_night(endpoint, "night-2", databases=[NAMES[1]])["status"] == "FAILED"
    folder = f"{NAMES[1]}/full/night-2/"
    assert "Contents" not in endpoint.client("s3").list_objects_v2(Bucket=SETTINGS.landing_bucket, Prefix=folder)
