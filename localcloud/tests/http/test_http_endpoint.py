"""The local cloud as real clients meet it: boto3, and requests by hand, over a real socket."""

from __future__ import annotations

import http.client
import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime
from email.message import Message
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.http.messages import Request
from localcloud.http.routing import Router
from localcloud.http.server import LOOPBACK
from localcloud.tests.http.http_cloud import Endpoint, by_hand, empty_endpoint, refused, signed

BUCKET = "of-tests"
KEYS = ["a/Ünï ключ+%25&'.txt", "a//b", "z/日本.parquet"]


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """An account that held nothing but a bucket, before the tests of this module."""
    with empty_endpoint(tmp_path_factory.mktemp("cloud"), BUCKET) as opened:
        yield opened


@pytest.fixture(scope="module")
def s3(endpoint: Endpoint) -> Any:
    return endpoint.client("s3")


@pytest.fixture(scope="module")
def dms(endpoint: Endpoint) -> Any:
    return endpoint.client("dms")


# S3


def test_an_object_comes_back_under_the_key_it_was_put_under(s3: Any) -> None:
    for key in KEYS:
        s3.put_object(Bucket=BUCKET, Key=key, Body=key.encode(), Metadata={"of": "tests"})
    for key in KEYS:
        found = s3.get_object(Bucket=BUCKET, Key=key)
        assert (found["Body"].read().decode(), found["Metadata"]) == (key, {"of": "tests"})
        assert s3.head_object(Bucket=BUCKET, Key=key)["ContentLength"] == len(key.encode())
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, PaginationConfig={"PageSize": 1})
    assert sorted(one["Key"] for page in pages for one in page["Contents"]) == sorted(KEYS)
    s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": key} for key in KEYS]})
    assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET)


def test_a_client_that_checks_checksums_finds_them_right(s3: Any) -> None:
    for algorithm in ("CRC32", "SHA256"):
        s3.put_object(Bucket=BUCKET, Key="summed", Body=b"rows", ChecksumAlgorithm=algorithm)
        found = s3.get_object(Bucket=BUCKET, Key="summed", ChecksumMode="ENABLED")
        assert found["Body"].read() == b"rows"
        assert found[f"Checksum{algorithm}"]
    s3.delete_object(Bucket=BUCKET, Key="summed")


def test_a_file_in_parts_comes_together(s3: Any, endpoint: Endpoint) -> None:
    body = bytes(range(256)) * 40_000  # 10 MB: above the size from which boto3 divides an upload
    s3.upload_fileobj(io.BytesIO(body), BUCKET, "in parts")
    assert any("CompleteMultipartUpload" in line for line in endpoint.heard)
    back = io.BytesIO()
    s3.download_fileobj(BUCKET, "in parts", back)
    assert back.getvalue() == body
    s3.delete_object(Bucket=BUCKET, Key="in parts")


def test_one_of_many_conditional_writes_at_once_wins(s3: Any) -> None:
    def put(number: int) -> str:
        try:
            s3.put_object(Bucket=BUCKET, Key="sealed", Body=str(number).encode(), IfNoneMatch="*")
        except ClientError as error:
            return error.response["Error"]["Code"]
        return "won"

    with ThreadPoolExecutor(12) as pool:
        came = list(pool.map(put, range(24)))
    assert sorted(set(came)) == ["PreconditionFailed", "won"]
    winner = s3.get_object(Bucket=BUCKET, Key="sealed")["Body"].read()
    assert [number for number, how in enumerate(came) if how == "won"] == [int(winner)]
    s3.delete_object(Bucket=BUCKET, Key="sealed")


def test_a_presigned_address_needs_no_other_sign(s3: Any, endpoint: Endpoint) -> None:
    s3.put_object(Bucket=BUCKET, Key="shared", Body=b"for you")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": "shared"})
    status, _, body = endpoint.ask("GET", url.removeprefix(endpoint.server.endpoint))
    assert (status, body) == (200, b"for you")
    s3.delete_object(Bucket=BUCKET, Key="shared")


@pytest.mark.parametrize("host", [f"{BUCKET}.s3.eu-central-1.amazonaws.com", f"{BUCKET}.localhost:4566"])
def test_a_bucket_may_stand_in_the_hosts_name(s3: Any, endpoint: Endpoint, host: str) -> None:
    s3.put_object(Bucket=BUCKET, Key="hosted", Body=b"found")
    status, _, body = endpoint.ask("GET", "/hosted", headers=signed("s3", Host=host))
    assert (status, body) == (200, b"found")
    s3.delete_object(Bucket=BUCKET, Key="hosted")


def test_s3_refuses_in_xml(endpoint: Endpoint) -> None:
    status, headers, body = endpoint.ask("GET", f"/{BUCKET}/nothing", headers=signed("s3"))
    assert status == 404
    assert "xml" in headers["Content-Type"]
    assert b"<Code>NoSuchKey</Code>" in body


# Who calls, and for what


def test_the_credentials_of_an_assumed_role_speak_for_that_role(endpoint: Endpoint) -> None:
    trust = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"}}
    role = endpoint.client("iam").create_role(RoleName="reader", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    assumed = endpoint.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="test")["Credentials"]
    sts = endpoint.client(
        "sts",
        aws_access_key_id=assumed["AccessKeyId"],
        aws_secret_access_key=assumed["SecretAccessKey"],
        aws_session_token=assumed["SessionToken"],
    )
    assert sts.get_caller_identity()["Arn"] == "arn:aws:sts::123456789012:assumed-role/reader/test"


@pytest.mark.parametrize(
    ("service", "operation"),
    [("rds", "describe_db_instances"), ("route53", "list_hosted_zones"), ("glue", "get_databases")],
)
def test_a_service_that_nobody_plays_is_refused_by_name(endpoint: Endpoint, service: str, operation: str) -> None:
    with refused("NotEmulated", f"the service '{service}'") as caught:
        getattr(endpoint.client(service), operation)()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_an_operation_that_is_not_emulated_is_refused_by_name(endpoint: Endpoint) -> None:
    with refused("NotEmulated", "lambda ListLayers"):
        endpoint.client("lambda").list_layers()


def test_our_services_have_one_region(endpoint: Endpoint) -> None:
    with refused("NotEmulated", "dms in us-east-1: this endpoint plays eu-central-1"):
        endpoint.client("dms", region_name="us-east-1").describe_endpoints()


@pytest.mark.parametrize(
    ("service", "operation", "member"),
    [
        ("iam", "list_roles", "Roles"),
        ("sts", "get_caller_identity", "Account"),
        ("dynamodb", "list_tables", "TableNames"),
        ("kms", "list_keys", "Keys"),
        ("secretsmanager", "list_secrets", "SecretList"),
        ("sns", "list_topics", "Topics"),
        ("sqs", "list_queues", "ResponseMetadata"),
        ("events", "list_rules", "Rules"),
        ("scheduler", "list_schedules", "Schedules"),
        ("logs", "describe_log_groups", "logGroups"),
        ("cloudwatch", "describe_alarms", "MetricAlarms"),
        ("ssm", "describe_parameters", "Parameters"),
        ("resourcegroupstaggingapi", "get_resources", "ResourceTagMappingList"),
        ("stepfunctions", "list_state_machines", "stateMachines"),
    ],
)
def test_every_other_service_answers_in_its_own_protocol(
    endpoint: Endpoint, service: str, operation: str, member: str
) -> None:
    assert member in getattr(endpoint.client(service), operation)()


def test_a_queue_is_reached_by_the_url_it_was_given(endpoint: Endpoint) -> None:
    sqs = endpoint.client("sqs")
    url = sqs.create_queue(QueueName="dead-letters")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="grün")
    assert [one["Body"] for one in sqs.receive_message(QueueUrl=url)["Messages"]] == ["grün"]


# DMS and Step Functions


def test_dms_keeps_what_was_created(dms: Any) -> None:
    secret = {"SecretsManagerAccessRoleArn": "arn:aws:iam::123456789012:role/secrets", "SecretsManagerSecretId": "shop"}
    kept = {"EndpointIdentifier": "kept", "EndpointType": "source", "EngineName": "postgres", "DatabaseName": "shop"}
    kept["PostgreSQLSettings"] = secret
    made = dms.create_endpoint(**kept)["Endpoint"]
    filters = [{"Name": "endpoint-id", "Values": ["kept"]}]
    assert dms.describe_endpoints(Filters=filters)["Endpoints"] == [made]
    with refused("ResourceAlreadyExistsFault"):
        dms.create_endpoint(**kept)
    dms.delete_endpoint(EndpointArn=made["EndpointArn"])


def test_dms_refuses_in_awss_shape(endpoint: Endpoint) -> None:
    status, headers, body = endpoint.ask(*by_hand("DeleteReplicationTask", ReplicationTaskArn="arn:none"))
    assert (status, headers["x-amzn-ErrorType"]) == (400, "ResourceNotFoundFault")
    assert headers["Content-Type"] == "application/x-amz-json-1.1"
    assert headers["x-amzn-RequestId"]
    assert json.loads(body)["__type"] == "ResourceNotFoundFault"


@pytest.mark.parametrize(
    ("operation", "parameters", "code", "words"),
    [
        ("DeleteReplicationTask", {}, "ValidationException", "ReplicationTaskArn"),
        ("DescribeEndpoints", {"MaxRecords": "ten"}, "ValidationException", "MaxRecords"),
        ("DescribeEndpoints", {"Colour": "red"}, "ValidationException", "Colour"),
        ("DescribeEverything", {}, "UnknownOperationException", "DescribeEverything"),
    ],
)
def test_what_botocore_would_not_have_sent_is_refused(
    endpoint: Endpoint, operation: str, parameters: dict[str, str], code: str, words: str
) -> None:
    status, _, body = endpoint.ask(*by_hand(operation, **parameters))
    fault = json.loads(body)
    assert (status, fault["__type"]) == (400, code)
    assert words in fault["message"]


def test_a_body_that_is_no_json_is_refused(endpoint: Endpoint) -> None:
    method, target, _, headers = by_hand("DescribeEndpoints")
    status, _, body = endpoint.ask(method, target, b"<xml/>", headers)
    assert (status, json.loads(body)["__type"]) == (400, "SerializationException")


@pytest.mark.parametrize("service", ["dms", "stepfunctions"])
def test_no_body_of_any_operation_breaks_the_service(endpoint: Endpoint, service: str) -> None:
    model = endpoint.client(service).meta.service_model
    prefix, kind = model.metadata["targetPrefix"], f"application/x-amz-json-{model.metadata['jsonVersion']}"
    router = Router(endpoint.cloud)
    for operation in model.operation_names:
        marks = {"X-Amz-Target": f"{prefix}.{operation}", "Content-Type": kind}
        headers = Message()
        for name, value in signed(model.signing_name, **marks).items():
            headers[name] = value
        for body in (b"", b"{}", b"[]", b"null", b'"text"', b'{"Filters": null}', b"\xff"):
            reply = router.answer(Request("POST", "/", headers, body))
            assert reply.status in {200, 400, 404, 501}, (operation, body, reply.body)


def test_an_execution_runs_to_its_end(endpoint: Endpoint) -> None:
    machines = endpoint.client("stepfunctions")
    definition = {"StartAt": "Rest", "States": {"Rest": {"Type": "Wait", "Seconds": 86_400, "End": True}}}
    machine = machines.create_state_machine(
        name="rest", definition=json.dumps(definition), roleArn="arn:aws:iam::123456789012:role/machines"
    )["stateMachineArn"]
    started = machines.start_execution(stateMachineArn=machine, name="one", input='{"grün": true}')
    endpoint.cloud.machines.ended(started["executionArn"]).result(timeout=30)
    found = machines.describe_execution(executionArn=started["executionArn"])
    assert (found["status"], json.loads(found["output"])) == ("SUCCEEDED", {"grün": True})
    assert isinstance(found["stopDate"], datetime)
    with refused("ExecutionDoesNotExist"):
        machines.describe_execution(executionArn=started["executionArn"] + "-not")


def test_what_one_client_writes_another_reads_and_so_does_this_process(endpoint: Endpoint) -> None:
    dynamodb = endpoint.client("dynamodb")
    dynamodb.create_table(
        TableName="items",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )

    def put(number: int) -> None:
        dynamodb.put_item(TableName="items", Item={"pk": {"S": f"Nº {number}"}, "is": {"N": str(number)}})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, range(40)))
    for reader in (endpoint.client("dynamodb"), endpoint.cloud.aws.client("dynamodb")):
        assert reader.get_item(TableName="items", Key={"pk": {"S": "Nº 7"}})["Item"]["is"] == {"N": "7"}
        assert reader.scan(TableName="items", Select="COUNT")["Count"] == 40
    with refused("ConditionalCheckFailedException"):
        dynamodb.put_item(TableName="items", Item={"pk": {"S": "Nº 7"}}, ConditionExpression="attribute_not_exists(pk)")


# HTTP


def test_a_connection_is_kept_for_the_next_request(endpoint: Endpoint) -> None:
    method, target, body, headers = by_hand("DescribeEndpoints")
    with closing(http.client.HTTPConnection(LOOPBACK, endpoint.server.port)) as connection:
        connection.connect()
        socket = connection.sock
        for _ in range(3):
            connection.request(method, target, body, headers)
            assert connection.getresponse().read()
            assert connection.sock is socket


def test_a_web_page_gets_nothing(endpoint: Endpoint) -> None:
    status, _, body = endpoint.ask("GET", "/", headers=signed("s3", Origin="https://example.com"))
    assert status == 403
    assert b"web pages" in body


def test_a_request_that_nobody_signed_is_refused_where_no_mark_names_its_service(endpoint: Endpoint) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    status, _, body = endpoint.ask("POST", "/", b"Action=ListRoles&Version=2010-05-08", form)
    assert status == 403
    assert b"<Code>MissingAuthenticationToken</Code>" in body


def test_a_scope_that_cannot_be_read_is_refused(endpoint: Endpoint) -> None:
    headers = {"Authorization": "AWS4-HMAC-SHA256 Credential=key/20260101, Signature=0"}
    status, headers, _ = endpoint.ask("GET", "/", headers=headers)
    assert (status, headers["x-amzn-ErrorType"]) == (400, "IncompleteSignature")


def test_the_warehouse_asks_for_its_own_token(endpoint: Endpoint) -> None:
    status, _, body = endpoint.ask("POST", "/api/v2/statements", b"{}", {"User-Agent": "test"})
    assert (status, json.loads(body)["code"]) == (401, "390144")


def test_every_call_is_heard_with_its_operation(endpoint: Endpoint, dms: Any) -> None:
    with refused("ResourceNotFoundFault"):
        dms.delete_endpoint(EndpointArn="arn:none")
    assert "dms DeleteEndpoint 400" in endpoint.heard
