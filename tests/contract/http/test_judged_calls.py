"""Calls over a real socket with the credentials of a role's session: boto3 is let through, or refused as by AWS."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import urllib3
from botocore.exceptions import ClientError

from lambdas.handlers import ask_source
from lambdas.wiring import Clients, Environment
from localcloud.tests.http.http_cloud import Endpoint, empty_endpoint
from orchestration.roles import Statement, allow, policy, trust_service

ROLE = "arn:aws:iam::123456789012:role/judged"
USER = "arn:aws:sts::123456789012:assumed-role/judged/night"
BUCKET = "judged-landing"
TABLE = "arn:aws:dynamodb:eu-central-1:123456789012:table/judged"
EXECUTION = "arn:aws:states:eu-central-1:123456789012:execution:m:x"
MACHINE = "arn:aws:states:eu-central-1:123456789012:stateMachine:m"
FUNCTION = "arn:aws:lambda:eu-central-1:123456789012:function:asked"
SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:none"
TASK = "arn:aws:dms:eu-central-1:123456789012:task:NONE"
KEY = {"pk": {"S": "a"}}


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    with empty_endpoint(tmp_path_factory.mktemp("cloud")) as opened:
        opened.client("iam").create_role(
            RoleName="judged", AssumeRolePolicyDocument=json.dumps(trust_service("lambda.amazonaws.com"))
        )
        opened.client("s3").create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        opened.client("s3").put_object(Bucket=BUCKET, Key="runs/plan.json", Body=b"{}")
        yield opened


@pytest.fixture
def session(endpoint: Endpoint) -> Callable[[str], Any]:
    """Clients as a function of that role has them."""
    credentials = endpoint.client("sts").assume_role(RoleArn=ROLE, RoleSessionName="night")["Credentials"]
    may(endpoint)
    return lambda service: endpoint.client(
        service,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )


def may(endpoint: Endpoint, *statements: Statement) -> None:
    """From now on the role may do just this."""
    document = policy(*statements or [allow("Nothing", "sqs:PurgeQueue", "*")])
    endpoint.client("iam").put_role_policy(RoleName="judged", PolicyName="may", PolicyDocument=json.dumps(document))


@contextmanager
def denied(action: str, resource: str, code: str = "AccessDeniedException", status: int = 400) -> Iterator[None]:
    """AWS refuses *action* on *resource* in its words, by *code*."""
    with pytest.raises(ClientError) as caught:
        yield
    error = caught.value.response
    why = f"because no identity-based policy allows the {action} action"
    assert (
        error["Error"]["Message"]
        == f"User: {USER} is not authorized to perform: {action} on resource: {resource} {why}"
    )
    assert (error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)


CALLS: list[tuple[str, str, dict[str, Any], str, str, str, int]] = [
    ("dms", "describe_replication_tasks", {}, "dms:DescribeReplicationTasks", "*", "AccessDeniedException", 400),
    (
        "dms",
        "start_replication_task",
        {"ReplicationTaskArn": TASK, "StartReplicationTaskType": "reload-target"},
        "dms:StartReplicationTask",
        TASK,
        "AccessDeniedException",
        400,
    ),
    (
        "dynamodb",
        "get_item",
        {"TableName": "judged", "Key": KEY},
        "dynamodb:GetItem",
        TABLE,
        "AccessDeniedException",
        400,
    ),
    (
        "dynamodb",
        "batch_get_item",
        {"RequestItems": {"judged": {"Keys": [KEY]}}},
        "dynamodb:BatchGetItem",
        TABLE,
        "AccessDeniedException",
        400,
    ),
    (
        "dynamodb",
        "transact_write_items",
        {"TransactItems": [{"Put": {"TableName": "judged", "Item": KEY}}]},
        "dynamodb:PutItem",
        TABLE,
        "AccessDeniedException",
        400,
    ),
    (
        "s3",
        "get_object",
        {"Bucket": BUCKET, "Key": "runs/plan.json"},
        "s3:GetObject",
        f'"arn:aws:s3:::{BUCKET}/runs/plan.json"',
        "AccessDenied",
        403,
    ),
    (
        "s3",
        "put_object",
        {"Bucket": BUCKET, "Key": "a b/ü.json", "Body": b"x", "IfNoneMatch": "*"},
        "s3:PutObject",
        f'"arn:aws:s3:::{BUCKET}/a b/ü.json"',
        "AccessDenied",
        403,
    ),
    (
        "s3",
        "list_objects_v2",
        {"Bucket": BUCKET, "Prefix": "runs/"},
        "s3:ListBucket",
        f'"arn:aws:s3:::{BUCKET}"',
        "AccessDenied",
        403,
    ),
    (
        "lambda",
        "invoke",
        {"FunctionName": FUNCTION, "Payload": b"{}"},
        "lambda:InvokeFunction",
        FUNCTION,
        "AccessDeniedException",
        403,
    ),
    (
        "stepfunctions",
        "describe_execution",
        {"executionArn": EXECUTION},
        "states:DescribeExecution",
        EXECUTION,
        "AccessDeniedException",
        400,
    ),
    (
        "logs",
        "filter_log_events",
        {"logGroupName": "dms-tasks-fleet-one"},
        "logs:FilterLogEvents",
        "arn:aws:logs:eu-central-1:123456789012:log-group:dms-tasks-fleet-one:log-stream:",
        "AccessDeniedException",
        400,
    ),
    (
        "stepfunctions",
        "list_executions",
        {"stateMachineArn": MACHINE},
        "states:ListExecutions",
        MACHINE,
        "AccessDeniedException",
        400,
    ),
    (
        "secretsmanager",
        "get_secret_value",
        {"SecretId": "none"},
        "secretsmanager:GetSecretValue",
        SECRET,
        "AccessDeniedException",
        400,
    ),
    (
        "sns",
        "publish",
        {"TopicArn": "arn:aws:sns:eu-central-1:123456789012:runs", "Message": "a & b"},
        "sns:Publish",
        "arn:aws:sns:eu-central-1:123456789012:runs",
        "AuthorizationError",
        403,
    ),
]


@pytest.mark.parametrize(("service", "operation", "given", "action", "resource", "code", "status"), CALLS)
def test_a_call_that_the_role_does_not_allow_is_refused_in_the_services_own_form(
    session: Callable[[str], Any],
    service: str,
    operation: str,
    given: dict[str, Any],
    action: str,
    resource: str,
    code: str,
    status: int,
) -> None:
    with denied(action, resource, code, status):
        getattr(session(service), operation)(**given)


def test_a_change_of_the_role_counts_from_the_next_call_on(endpoint: Endpoint, session: Callable[[str], Any]) -> None:
    s3, wanted = session("s3"), {"Bucket": BUCKET, "Key": "runs/plan.json"}
    with denied("s3:GetObject", f'"arn:aws:s3:::{BUCKET}/runs/plan.json"', "AccessDenied", 403):
        s3.get_object(**wanted)
    may(endpoint, allow("Reads", "s3:GetObject", f"arn:aws:s3:::{BUCKET}/runs/*"))
    assert s3.get_object(**wanted)["Body"].read() == b"{}"
    may(endpoint)
    with denied("s3:GetObject", f'"arn:aws:s3:::{BUCKET}/runs/plan.json"', "AccessDenied", 403):
        s3.get_object(**wanted)


def test_who_may_not_list_is_denied_what_is_not_there(endpoint: Endpoint, session: Callable[[str], Any]) -> None:
    reads = allow("Reads", "s3:GetObject", f"arn:aws:s3:::{BUCKET}/*")
    may(endpoint, reads)
    with denied("s3:ListBucket", f'"arn:aws:s3:::{BUCKET}"', "AccessDenied", 403):
        session("s3").get_object(Bucket=BUCKET, Key="none")
    may(endpoint, reads, allow("Finds", "s3:ListBucket", f"arn:aws:s3:::{BUCKET}"))
    with pytest.raises(ClientError, match="NoSuchKey"):
        session("s3").get_object(Bucket=BUCKET, Key="none")


def make_key(endpoint: Endpoint, alias: str, **more: Any) -> str:
    """The ARN of a key under *alias*."""
    kms = endpoint.client("kms")
    arn = kms.create_key(**more)["KeyMetadata"]["Arn"]
    kms.create_alias(AliasName=alias, TargetKeyId=arn)
    return arn


def use(alias: str, service: str, *actions: str) -> Statement:
    """Leave to use the key of *alias* through *service*."""
    return allow(
        "Uses",
        [f"kms:{action}" for action in actions],
        "arn:aws:kms:eu-central-1:123456789012:key/*",
        StringEquals={"kms:ViaService": [f"{service}.eu-central-1.amazonaws.com"]},
        **{"ForAnyValue:StringEquals": {"kms:ResourceAliases": alias}},
    )


def test_objects_at_rest_under_a_key_need_that_key_too(endpoint: Endpoint, session: Callable[[str], Any]) -> None:
    arn, bucket = make_key(endpoint, "alias/at-rest"), "judged-sealed"
    admin, s3 = endpoint.client("s3"), session("s3")
    admin.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    encryption = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": arn}
    admin.put_bucket_encryption(
        Bucket=bucket,
        ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": encryption}]},
    )
    objects = allow("Objects", ["s3:GetObject", "s3:PutObject"], f"arn:aws:s3:::{bucket}/*")
    may(endpoint, objects)
    with denied("kms:GenerateDataKey", arn, "AccessDenied", 403):
        s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    may(endpoint, objects, use("alias/at-rest", "s3", "GenerateDataKey"))
    s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    with denied("kms:Decrypt", arn, "AccessDenied", 403):
        s3.get_object(Bucket=bucket, Key="a")
    may(endpoint, objects, use("alias/at-rest", "dynamodb", "Decrypt"))
    with denied("kms:Decrypt", arn, "AccessDenied", 403):
        s3.get_object(Bucket=bucket, Key="a")
    may(endpoint, objects, use("alias/at-rest", "s3", "Decrypt"))
    assert s3.get_object(Bucket=bucket, Key="a")["Body"].read() == b"x"


def test_a_table_and_a_topic_under_a_key_need_that_key_too(endpoint: Endpoint, session: Callable[[str], Any]) -> None:
    arn = make_key(endpoint, "alias/of-table")
    endpoint.client("dynamodb").create_table(
        TableName="sealed",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": arn},
    )
    topic = endpoint.client("sns").create_topic(Name="sealed", Attributes={"KmsMasterKeyId": arn})["TopicArn"]
    reads, publishes = allow("Reads", "dynamodb:GetItem", "*"), allow("Publishes", "sns:Publish", topic)
    may(endpoint, reads, publishes)
    with denied("kms:Decrypt", arn):
        session("dynamodb").get_item(TableName="sealed", Key=KEY)
    with denied("kms:GenerateDataKey", arn, "KMSAccessDenied"):
        session("sns").publish(TopicArn=topic, Message="m")
    may(endpoint, reads, use("alias/of-table", "dynamodb", "Decrypt"))
    assert "Item" not in session("dynamodb").get_item(TableName="sealed", Key=KEY)
    may(endpoint, publishes, use("alias/of-table", "sns", "Decrypt", "GenerateDataKey"))
    session("sns").publish(TopicArn=topic, Message="m")


def test_a_key_is_found_by_its_alias_and_judged_by_it(endpoint: Endpoint, session: Callable[[str], Any]) -> None:
    arn = make_key(endpoint, "alias/signs", KeyUsage="SIGN_VERIFY", KeySpec="RSA_2048")
    with denied("kms:GetPublicKey", arn):
        session("kms").get_public_key(KeyId="alias/signs")
    named = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/signs"}}
    may(endpoint, allow("Signs", "kms:GetPublicKey", "arn:aws:kms:eu-central-1:123456789012:key/*", **named))
    assert session("kms").get_public_key(KeyId="alias/signs")["KeyUsage"] == "SIGN_VERIFY"


def test_an_endpoints_tag_and_the_role_that_it_is_given_are_asked_for(
    endpoint: Endpoint, session: Callable[[str], Any]
) -> None:
    given = "arn:aws:iam::123456789012:role/fleet/endpoint/given"
    arn = endpoint.client("dms").create_endpoint(
        EndpointIdentifier="judged",
        EndpointType="target",
        EngineName="s3",
        S3Settings={"ServiceAccessRoleArn": given, "BucketName": BUCKET},
        Tags=[{"Key": "fleet", "Value": "theirs"}],
    )["Endpoint"]["EndpointArn"]
    wanted: dict[str, Any] = {"EndpointArn": arn, "S3Settings": {"ServiceAccessRoleArn": given, "BucketFolder": "a"}}
    tagged = {"StringEquals": {"aws:ResourceTag/fleet": "ours"}}
    modifies = allow("Modifies", "dms:ModifyEndpoint", arn, **tagged)
    may(endpoint, modifies)
    with denied("dms:ModifyEndpoint", arn):
        session("dms").modify_endpoint(**wanted)
    endpoint.client("dms").add_tags_to_resource(ResourceArn=arn, Tags=[{"Key": "fleet", "Value": "ours"}])
    with denied("iam:PassRole", given):
        session("dms").modify_endpoint(**wanted)
    passed = {"StringEquals": {"iam:PassedToService": "dms.amazonaws.com"}}
    may(endpoint, modifies, allow("Passes", "iam:PassRole", "arn:aws:iam::123456789012:role/fleet/*", **passed))
    assert session("dms").modify_endpoint(**wanted)["Endpoint"]["S3Settings"]["BucketFolder"] == "a"


def test_a_test_needs_leave_for_the_endpoint_and_for_the_instance(
    endpoint: Endpoint, session: Callable[[str], Any]
) -> None:
    tested = "arn:aws:dms:eu-central-1:123456789012:endpoint:E"
    instance = "arn:aws:dms:eu-central-1:123456789012:rep:R"
    may(endpoint, allow("Tests", "dms:TestConnection", tested))
    with denied("dms:TestConnection", instance):
        session("dms").test_connection(EndpointArn=tested, ReplicationInstanceArn=instance)


def test_what_nobody_looked_up_is_refused_and_never_passed(endpoint: Endpoint, session: Callable[[str], Any]) -> None:
    may(endpoint, allow("Everything", "*", "*"))
    for service, operation in (
        ("s3", "list_buckets"),
        ("dms", "describe_replication_instances"),
        ("iam", "list_roles"),
    ):
        with pytest.raises(ClientError, match="not judged here") as caught:
            getattr(session(service), operation)()
        assert caught.value.response["Error"]["Code"] == "NotEmulated"


def test_everyone_may_ask_who_they_are_and_who_signs_otherwise_is_not_bound(
    endpoint: Endpoint, session: Callable[[str], Any]
) -> None:
    assert session("sts").get_caller_identity()["Arn"] == USER
    assert endpoint.client("dms").describe_replication_instances()["ReplicationInstances"] == []


def test_a_secret_that_is_not_there_is_a_failure_of_the_source_whether_or_not_the_role_may_ask_for_it(
    endpoint: Endpoint, session: Callable[[str], Any]
) -> None:
    clients = Clients(
        Environment("control", "ledger", "ask", "topic"),
        session,
        urllib3.PoolManager(),
        endpoint.cloud.clock.now,
        endpoint.cloud.clock.pause,
        lambda: 0.5,
    )
    asked = ask_source.Request(
        question="counts",
        run=None,
        database="judged",
        engine="postgresql",
        secret="none",
        ssl_mode="require",
        name_at_source="Judged",
        schemas=[],
        tables=[],
        seconds_each=60,
    )
    denied_to = ask_source.run(asked, clients).failure
    may(endpoint, allow("Reads", "secretsmanager:GetSecretValue", SECRET))
    given_to = ask_source.run(asked, clients).failure
    assert denied_to
    assert given_to
    assert (denied_to["failure_class"], denied_to["name"]) == ("credentials", "SecretDenied")
    assert "not authorized to perform: secretsmanager:GetSecretValue" in denied_to["text"]
    assert (given_to["failure_class"], given_to["name"]) == ("credentials", "SecretMissing")
