"""Certificates, schemas, tags, moves, reloads: what a person or Terraform asks of DMS beside
the life of instances, endpoints and tasks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localcloud.dms.requests import model
from localcloud.dms.requests.model import check_answer, check_error, check_request
from localcloud.errors import AnswerBreaksModelError
from localcloud.in_process_transport import AwsError
from localcloud.tests.certificates import make_certificate
from localcloud.tests.dms.dms_cloud import FOLDER, Cloud, Clouds, FakeReader, refusal_of, refused

# The model


@pytest.mark.parametrize(
    ("code", "operation", "parameters"),
    [
        ("UnknownOperationException", "DescribeWhales", {}),
        ("ValidationException", "DeleteEndpoint", {}),
        ("ValidationException", "DeleteEndpoint", {"EndpointArn": 1}),
        ("NotEmulated", "DeleteEndpoint", {"EndpointArn": "a", "Colour": "red"}),
        ("ValidationException", "StartReplicationTask", {"ReplicationTaskArn": "a", "StartReplicationTaskType": "go"}),
    ],
)
def test_a_request_that_no_sdk_has_checked_is_held_against_the_model(
    code: str, operation: str, parameters: dict[str, Any]
) -> None:
    with pytest.raises(AwsError) as caught:
        check_request(operation, parameters)
    assert caught.value.code == code


def test_a_member_that_is_null_is_one_that_was_left_out(cloud: Cloud) -> None:
    given = {"EndpointArn": cloud.target, "SslMode": None, "S3Settings": {"BucketFolder": None, "BucketName": "b"}}
    shown = cloud.service.answer("ModifyEndpoint", given)["Endpoint"]
    assert (shown["SslMode"], shown["S3Settings"]["BucketName"]) == ("none", "b")
    assert shown["S3Settings"]["BucketFolder"] == FOLDER


def test_settings_of_s3_are_taken_in_both_spellings_and_no_third() -> None:
    def create(mode: str) -> dict[str, Any]:
        settings = {"EncryptionMode": mode}
        return {"EndpointIdentifier": "a", "EndpointType": "target", "EngineName": "s3", "S3Settings": settings}

    check_request("CreateEndpoint", create("SSE_KMS"))
    check_request("CreateEndpoint", create("sse-kms"))
    with pytest.raises(AwsError, match="enum value set"):
        check_request("CreateEndpoint", create("SSE_XYZ"))


@pytest.mark.parametrize(
    "answer",
    [
        {"Whales": []},
        {"Endpoints": {}},
        {"Endpoints": [{"Port": "1"}]},
        {"Endpoints": [{"Port": True}]},
        {"Endpoints": [{"SslMode": "some"}]},
    ],
)
def test_an_answer_that_the_model_does_not_allow_is_our_own_error(answer: dict[str, Any]) -> None:
    with pytest.raises(AnswerBreaksModelError):
        check_answer("DescribeEndpoints", answer)


def test_an_error_that_the_model_does_not_list_is_our_own_error() -> None:
    check_error("CreateEndpoint", AwsError("ResourceQuotaExceededFault", ""))
    with pytest.raises(AnswerBreaksModelError, match="DescribeEndpoints may not answer ResourceQuotaExceededFault"):
        check_error("DescribeEndpoints", AwsError("ResourceQuotaExceededFault", ""))


def test_every_operation_of_the_model_is_answered_or_refused_by_its_name(cloud: Cloud) -> None:
    assert cloud.service.operations <= set(model.service().operation_names)
    for operation in sorted(set(model.service().operation_names) - cloud.service.operations):
        shape = model.service().operation_model(operation).input_shape
        known = {"string": "a", "list": [], "structure": {}, "integer": 1, "boolean": True}
        given = {name: known[shape.members[name].type_name] for name in (shape.required_members if shape else ())}
        with pytest.raises(AwsError) as caught:
            cloud.service.answer(operation, given)
        # Some of these hold a structure with required members or an enum, which is refused first.
        assert caught.value.code in {"NotEmulated", "ValidationException"}, operation


# Certificates, schemas, endpoint types


def test_a_certificate_is_read_named_by_an_endpoint_and_then_kept(cloud: Cloud) -> None:
    pem = make_certificate()
    made = cloud.dms.import_certificate(CertificateIdentifier="Root", CertificatePem=pem)["Certificate"]
    assert (made["CertificateIdentifier"], made["CertificatePem"], made["ValidToDate"].year) == ("root", pem, 2027)
    with refused("InvalidParameterCombinationException", "needs a CertificateArn"):
        cloud.dms.modify_endpoint(EndpointArn=cloud.source, SslMode="verify-ca")
    cloud.dms.modify_endpoint(EndpointArn=cloud.source, SslMode="verify-ca", CertificateArn=made["CertificateArn"])
    with refused("InvalidResourceStateFault", "shop-source"):
        cloud.dms.delete_certificate(CertificateArn=made["CertificateArn"])
    other = cloud.dms.import_certificate(CertificateIdentifier="other", CertificatePem=pem)["Certificate"]
    cloud.dms.delete_certificate(CertificateArn=other["CertificateArn"])
    assert [one["CertificateIdentifier"] for one in cloud.dms.describe_certificates()["Certificates"]] == ["root"]
    with refused("InvalidCertificateFault"):
        cloud.dms.import_certificate(CertificateIdentifier="bad", CertificatePem="no certificate")


def test_the_schemas_of_a_source_are_known_once_they_were_refreshed(cloud: Cloud, reader: FakeReader) -> None:
    cloud.until_available()
    assert refusal_of(lambda: cloud.dms.describe_schemas(EndpointArn=cloud.source)) == "ResourceNotFoundFault"

    def refreshed() -> str:
        pair = {"EndpointArn": cloud.source, "ReplicationInstanceArn": cloud.instance}
        assert cloud.dms.refresh_schemas(**pair)["RefreshSchemasStatus"]["Status"] == "refreshing"
        cloud.until(lambda: _status() == "refreshing", False)
        return _status()

    def _status() -> str:
        return cloud.dms.describe_refresh_schemas_status(EndpointArn=cloud.source)["RefreshSchemasStatus"]["Status"]

    assert refreshed() == "successful"
    assert cloud.dms.describe_schemas(EndpointArn=cloud.source)["Schemas"] == ["public"]
    reader.lost = "connection refused"
    assert refreshed() == "failed"
    assert cloud.dms.describe_schemas(EndpointArn=cloud.source)["Schemas"] == ["public"]


def test_the_endpoint_types_are_those_that_can_be_had_here(cloud: Cloud) -> None:
    types = cloud.dms.describe_endpoint_types()["SupportedEndpointTypes"]
    assert [(one["EngineName"], one["EndpointType"]) for one in types] == [("postgres", "source"), ("s3", "target")]


def test_the_side_of_an_endpoint_is_shown_in_capitals_and_taken_in_small_letters(cloud: Cloud) -> None:
    filters = [{"Name": "endpoint-type", "Values": ["target"]}]
    (shown,) = cloud.dms.describe_endpoints(Filters=filters)["Endpoints"]
    assert (shown["EndpointArn"], shown["EndpointType"]) == (cloud.target, "TARGET")
    with refused("ValidationException", "enum value set"):
        cloud.dms.modify_endpoint(EndpointArn=cloud.target, EndpointType="TARGET")


def test_the_old_member_of_the_role_counts_and_may_not_contradict_the_new_one(cloud: Cloud) -> None:
    role = cloud.dms.describe_endpoints(Filters=[{"Name": "engine-name", "Values": ["s3"]}])["Endpoints"][0][
        "S3Settings"
    ]["ServiceAccessRoleArn"]
    cloud.dms.modify_endpoint(EndpointArn=cloud.target, ServiceAccessRoleArn=role, S3Settings={"BucketFolder": "a"})
    with refused("InvalidParameterCombinationException", "ServiceAccessRoleArn"):
        cloud.dms.modify_endpoint(
            EndpointArn=cloud.target,
            ServiceAccessRoleArn="arn:aws:iam::123456789012:role/other",
            S3Settings={"ServiceAccessRoleArn": role},
        )


def test_an_endpoint_encrypted_by_s3_cannot_come_under_a_key(cloud: Cloud) -> None:
    with refused("InvalidParameterCombinationException", "SSE_S3 to SSE_KMS"):
        cloud.dms.modify_endpoint(EndpointArn=cloud.target, S3Settings={"EncryptionMode": "SSE_KMS"})


# Tags


def test_tags_are_added_replaced_and_removed(cloud: Cloud) -> None:
    def tags() -> dict[str, str]:
        found = cloud.dms.list_tags_for_resource(ResourceArn=cloud.source)["TagList"]
        return {tag["Key"]: tag["Value"] for tag in found}

    given = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    cloud.dms.add_tags_to_resource(ResourceArn=cloud.source, Tags=given)
    cloud.dms.add_tags_to_resource(ResourceArn=cloud.source, Tags=[{"Key": "a", "Value": "3"}])
    cloud.dms.remove_tags_from_resource(ResourceArn=cloud.source, TagKeys=["b", "c"])
    assert tags() == {"a": "3"}
    both = cloud.dms.list_tags_for_resource(ResourceArnList=[cloud.source, cloud.target])["TagList"]
    assert both == [{"Key": "a", "Value": "3", "ResourceArn": cloud.source}]
    with refused("InvalidParameterValueException", "aws:"):
        cloud.dms.add_tags_to_resource(ResourceArn=cloud.source, Tags=[{"Key": "aws:x", "Value": "1"}])


# Moves and reloads


def test_a_task_moves_to_another_instance_and_is_then_tested_there(cloud: Cloud) -> None:
    task = cloud.create_task()

    def too_early() -> str:
        made = cloud.dms.create_replication_instance(
            ReplicationInstanceIdentifier="two", ReplicationInstanceClass="dms.r6i.large"
        )
        arn = made["ReplicationInstance"]["ReplicationInstanceArn"]
        with refused("InvalidResourceStateFault", "creating"):
            cloud.dms.move_replication_task(ReplicationTaskArn=task, TargetReplicationInstanceArn=arn)
        return arn

    other = cloud.at_once(too_early)
    cloud.clock.sleep(10)
    with refused("InvalidResourceStateFault", "already"):
        cloud.dms.move_replication_task(ReplicationTaskArn=task, TargetReplicationInstanceArn=cloud.instance)

    def moving() -> None:
        shown = cloud.dms.move_replication_task(ReplicationTaskArn=task, TargetReplicationInstanceArn=other)
        assert shown["ReplicationTask"]["Status"] == "moving"
        assert shown["ReplicationTask"]["TargetReplicationInstanceArn"] == other

    cloud.at_once(moving)
    cloud.until(lambda: cloud.task(task)["Status"], "ready")
    assert cloud.task(task)["ReplicationInstanceArn"] == other
    with refused("InvalidResourceStateFault", "Test connection for replication instance two"):
        cloud.start(task)


def test_tables_are_reloaded_only_while_their_task_runs_and_then_not_here(cloud: Cloud, reader: FakeReader) -> None:
    task = cloud.create_task()

    def reload_orders(*more: str) -> None:
        tables = [{"SchemaName": "public", "TableName": name} for name in ("orders", *more)]
        cloud.dms.reload_tables(ReplicationTaskArn=task, TablesToReload=tables)

    with refused("InvalidResourceStateFault", "cannot be reloaded"):
        reload_orders()
    seen: list[str] = []

    def ask(_: str) -> None:
        with refused("InvalidParameterValueException", "each once"):
            reload_orders("orders")
        with refused("InvalidParameterValueException", "from 1 to 10"):
            reload_orders(*(f"t{number}" for number in range(10)))
        with refused("NotEmulated", "anew"):
            reload_orders()
        seen.append("asked")

    reader.when_writing = ask
    cloud.run(task)
    assert seen == ["asked", "asked"]


def test_table_statistics_can_be_filtered_and_paged(clouds: Clouds) -> None:
    with clouds.open(FakeReader({f"t{number:02}": 0 for number in range(25)} | {"bad": "cannot be read"})) as cloud:
        task = cloud.create_task()
        cloud.run(task)

        def tables(**more: Any) -> list[str]:
            shown = cloud.dms.describe_table_statistics(ReplicationTaskArn=task, **more)
            return [one["TableName"] for one in shown["TableStatistics"]]

        first = cloud.dms.describe_table_statistics(ReplicationTaskArn=task, MaxRecords=20)
        assert len(first["TableStatistics"]) == 20
        assert len(tables(Marker=first["Marker"], MaxRecords=500)) == 6
        assert tables(Filters=[{"Name": "table-state", "Values": ["Table error"]}]) == ["bad"]
        both = [{"Name": "schema-name", "Values": ["public"]}, {"Name": "table-name", "Values": ["t03", "t04"]}]
        assert tables(Filters=both) == ["t03", "t04"]
        assert tables(Filters=[{"Name": "table-name", "Values": ["none"]}]) == []


def test_of_a_running_task_only_the_severities_of_its_log_can_be_changed(cloud: Cloud, reader: FakeReader) -> None:
    task = cloud.create_task()
    louder = {"LogComponents": [{"Id": "SOURCE_UNLOAD", "Severity": "LOGGER_SEVERITY_DEBUG"}]}

    def modify(**groups: Any) -> dict[str, Any]:
        text = json.dumps(groups)
        return cloud.dms.modify_replication_task(ReplicationTaskArn=task, ReplicationTaskSettings=text)

    def ask(_: str) -> None:
        assert modify(Logging=louder)["ReplicationTask"]["Status"] == "running"
        with refused("InvalidResourceStateFault", "excluding logging severity"):
            modify(Logging=louder, FullLoadSettings={"CommitRate": 5})

    reader.when_writing = ask
    assert cloud.run(task)["Status"] == "stopped"
    assert "LOGGER_SEVERITY_DEBUG" in cloud.task(task)["ReplicationTaskSettings"]
