"""The life of DMS's resources: what each state allows, and how DMS refuses the rest."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from dms_cloud import (
    BUCKET,
    FOLDER,
    ROLES,
    Cloud,
    Clouds,
    FakeReader,
    allow,
    document,
    make_role,
    refused,
    rules,
    subnets,
)
from local.aws import LocalAws

SECRET = {"username": "dms", "password": "p", "host": "h", "port": 1}


@pytest.fixture(scope="module")
def clouds() -> Iterator[Clouds]:
    with LocalAws() as aws:
        yield Clouds(aws, SECRET)


@pytest.fixture
def reader() -> FakeReader:
    return FakeReader({"orders": 10, "lines": 20})


@pytest.fixture
def cloud(clouds: Clouds, reader: FakeReader) -> Iterator[Cloud]:
    with clouds.open(reader) as cloud:
        yield cloud


# Connections


def test_an_instance_that_is_being_created_tests_no_connection(clouds: Clouds, reader: FakeReader) -> None:
    with clouds.open(reader) as cloud:

        def soon() -> None:
            made = cloud.dms.create_replication_instance(
                ReplicationInstanceIdentifier="two", ReplicationInstanceClass="dms.r6i.large"
            )["ReplicationInstance"]
            assert made["ReplicationInstanceStatus"] == "creating"
            with refused("InvalidResourceStateFault", "creating"):
                cloud.dms.test_connection(
                    ReplicationInstanceArn=made["ReplicationInstanceArn"], EndpointArn=cloud.source
                )

        cloud.at_once(soon)


def test_describing_connections_before_any_test_is_a_fault(cloud: Cloud) -> None:
    with refused("ResourceNotFoundFault"):
        cloud.dms.describe_connections()


def test_a_connection_that_is_being_tested_cannot_be_tested_again(cloud: Cloud) -> None:
    cloud.until_available()

    def twice() -> None:
        cloud.dms.test_connection(ReplicationInstanceArn=cloud.instance, EndpointArn=cloud.source)
        assert cloud.connection(cloud.source)["Status"] == "testing"
        with refused("InvalidResourceStateFault", "already being tested"):
            cloud.dms.test_connection(ReplicationInstanceArn=cloud.instance, EndpointArn=cloud.source)

    cloud.at_once(twice)
    cloud.until(lambda: cloud.connection(cloud.source)["Status"], "successful")


def test_a_source_that_does_not_answer_fails_its_test_and_says_why(cloud: Cloud, reader: FakeReader) -> None:
    reader.lost = "connection refused"
    assert cloud.test(cloud.source) == ["failed"]
    assert "connection refused" in cloud.connection(cloud.source)["LastFailureMessage"]


def test_a_folder_that_the_role_may_not_write_fails_the_test_of_the_target(cloud: Cloud) -> None:
    other = cloud.create_target("other", BucketFolder="stock/full/night-1/000001")
    assert cloud.test(other) == ["failed"]
    assert f's3:PutObject on resource: "arn:aws:s3:::{BUCKET}/stock/' in cloud.connection(other)["LastFailureMessage"]


def test_a_role_that_may_put_but_not_list_fails_the_test_of_the_target(cloud: Cloud) -> None:
    only_put = document(allow("s3:PutObject", f"arn:aws:s3:::{BUCKET}/*"))
    cloud.aws.client("iam").put_role_policy(RoleName="objects", PolicyName="own", PolicyDocument=only_put)
    assert cloud.test(cloud.target) == ["failed"]
    assert "s3:ListBucket" in cloud.connection(cloud.target)["LastFailureMessage"]


def test_a_bucket_that_does_not_exist_fails_the_test_of_the_target(cloud: Cloud) -> None:
    cloud.aws.client("iam").put_role_policy(
        RoleName="objects", PolicyName="own", PolicyDocument=document(allow("s3:*", "*"))
    )
    assert cloud.test(cloud.create_target("other", BucketName="nowhere")) == ["failed"]


def test_a_secrets_role_that_trusts_only_the_global_principal_fails_the_test(cloud: Cloud) -> None:
    role = make_role(cloud.aws, "global", "dms.amazonaws.com", allow("secretsmanager:GetSecretValue", "*"))
    other = cloud.create_source("other", SecretsManagerAccessRoleArn=role)
    assert cloud.test(other) == ["failed"]
    assert "sts:AssumeRole" in cloud.connection(other)["LastFailureMessage"]


def test_a_deleted_connection_is_gone_and_may_be_tested_anew(cloud: Cloud) -> None:
    cloud.test(cloud.source)
    cloud.dms.delete_connection(ReplicationInstanceArn=cloud.instance, EndpointArn=cloud.source)
    cloud.until(lambda: _is_gone(lambda: cloud.dms.describe_connections()), True)
    assert cloud.test(cloud.source) == ["successful"]


def test_the_hundred_and_first_endpoint_on_an_instance_is_refused(cloud: Cloud) -> None:
    cloud.until_available()
    for number in range(100):
        cloud.dms.test_connection(ReplicationInstanceArn=cloud.instance, EndpointArn=cloud.create_target(f"t{number}"))
    with refused("ResourceQuotaExceededFault", "100"):
        cloud.dms.test_connection(ReplicationInstanceArn=cloud.instance, EndpointArn=cloud.source)


# Endpoints


def test_modifying_an_endpoint_changes_only_the_members_that_are_given(cloud: Cloud) -> None:
    shown = cloud.dms.modify_endpoint(EndpointArn=cloud.target, S3Settings={"BucketFolder": "shop/full/night-2/000002"})
    settings = shown["Endpoint"]["S3Settings"]
    assert settings["BucketFolder"] == "shop/full/night-2/000002"
    assert (settings["BucketName"], settings["DataFormat"]) == (BUCKET, "parquet")


def test_exact_settings_replace_the_whole_set(cloud: Cloud) -> None:
    kept = {"ServiceAccessRoleArn": ROLES["objects"], "BucketName": BUCKET}
    shown = cloud.dms.modify_endpoint(EndpointArn=cloud.target, S3Settings=kept, ExactSettings=True)
    assert shown["Endpoint"]["S3Settings"] == kept


def test_a_modified_endpoint_is_tested_unasked_and_the_old_result_stands_until_then(cloud: Cloud) -> None:
    cloud.test(cloud.target)

    def modify() -> None:
        cloud.dms.modify_endpoint(EndpointArn=cloud.target, S3Settings={"BucketFolder": "stock/1"})
        assert cloud.connection(cloud.target)["Status"] == "successful"

    shown = cloud.seen(modify, lambda: cloud.connection(cloud.target)["Status"], "failed")
    assert shown == ["successful", "testing", "failed"]


def test_an_endpoint_whose_task_moves_cannot_be_modified(cloud: Cloud, reader: FakeReader) -> None:
    task = cloud.create_task()
    cloud.test(cloud.source, cloud.target)

    def started() -> None:
        cloud.start(task)
        for endpoint in (cloud.source, cloud.target):
            with refused("InvalidResourceStateFault", "starting"):
                cloud.dms.modify_endpoint(EndpointArn=endpoint, DatabaseName="other")

    cloud.at_once(started)
    cloud.until(lambda: cloud.task(task)["Status"], "stopped")
    cloud.dms.modify_endpoint(EndpointArn=cloud.target, S3Settings={"BucketFolder": "shop/2"})


def test_an_endpoint_of_a_task_cannot_be_deleted_and_a_free_one_can(cloud: Cloud) -> None:
    cloud.create_task()
    with refused("InvalidResourceStateFault", "shop"):
        cloud.dms.delete_endpoint(EndpointArn=cloud.target)
    free = cloud.create_target("free")
    cloud.dms.delete_endpoint(EndpointArn=free)
    filters = [{"Name": "endpoint-arn", "Values": [free]}]
    cloud.until(lambda: _is_gone(lambda: cloud.dms.describe_endpoints(Filters=filters)), True)


@pytest.mark.parametrize(
    "more",
    [
        {"EngineName": "oracle", "EndpointType": "source"},
        {"EngineName": "s3", "EndpointType": "source"},
        {"EngineName": "postgres", "EndpointType": "source", "DatabaseName": "a", "Username": "u"},
        {"EngineName": "s3", "EndpointType": "target", "ExtraConnectionAttributes": "dataFormat=parquet"},
    ],
)
def test_an_endpoint_that_cannot_be_stood_in_for_is_refused_by_name(cloud: Cloud, more: dict[str, Any]) -> None:
    with refused("NotEmulated", "COVERAGE"):
        cloud.dms.create_endpoint(EndpointIdentifier="odd", **more)


def test_two_endpoints_cannot_have_one_name_whatever_its_case(cloud: Cloud) -> None:
    with refused("ResourceAlreadyExistsFault", "shop-source"):
        cloud.create_source("Shop-Source")


# Tasks


def test_a_task_starts_only_once_both_connections_are_successful(cloud: Cloud) -> None:
    task = cloud.create_task()
    words = "Test connection for replication instance one and endpoint shop-.* should be successful"
    with refused("InvalidResourceStateFault", words + " for starting the replication task"):
        cloud.start(task)
    cloud.test(cloud.source)
    with refused("InvalidResourceStateFault", words):
        cloud.start(task)
    cloud.test(cloud.target)
    cloud.start(task)


def test_a_modify_between_test_and_start_makes_the_start_wait_for_the_hidden_test(cloud: Cloud) -> None:
    task = cloud.create_task()
    cloud.test(cloud.source, cloud.target)
    cloud.dms.modify_endpoint(EndpointArn=cloud.target, S3Settings={"BucketFolder": "shop/2"})
    cloud.until(lambda: cloud.connection(cloud.target)["Status"], "testing")

    def started() -> None:
        if cloud.connection(cloud.target)["Status"] == "testing":
            with refused("InvalidResourceStateFault", "Test connection"):
                cloud.start(task)

    cloud.at_once(started)


def test_start_replication_works_once_in_the_life_of_a_task(cloud: Cloud) -> None:
    task = cloud.create_task()
    assert cloud.run(task)["Status"] == "stopped"
    words = "Start Type : START_REPLICATION, valid only for tasks running for the first time"
    with refused("InvalidParameterCombinationException", words):
        cloud.start(task)
    assert cloud.run(task, "reload-target")["Status"] == "stopped"


@pytest.mark.parametrize("kind", ["reload-target", "resume-processing"])
def test_a_task_that_never_ran_can_only_be_started_afresh(cloud: Cloud, kind: str) -> None:
    task = cloud.create_task()
    cloud.test(cloud.source, cloud.target)
    with refused("InvalidParameterCombinationException", "first time"):
        cloud.start(task, kind)


def test_a_task_passes_every_state_on_its_way_and_refuses_what_the_state_forbids(cloud: Cloud) -> None:
    task = cloud.create_task()
    cloud.test(cloud.source, cloud.target)

    def started() -> None:
        cloud.start(task)
        assert cloud.task(task)["Status"] == "starting"
        with refused("InvalidResourceStateFault", "cannot be started, invalid state"):
            cloud.start(task, "reload-target")
        with refused("InvalidResourceStateFault", "excluding logging severity task settings, cannot be modified"):
            cloud.dms.modify_replication_task(ReplicationTaskArn=task, TableMappings=rules())
        with refused("InvalidResourceStateFault", "cannot be deleted"):
            cloud.dms.delete_replication_task(ReplicationTaskArn=task)

    cloud.at_once(started)
    cloud.until(lambda: cloud.task(task)["Status"], "stopped")
    with refused("InvalidResourceStateFault", "cannot be stopped"):
        cloud.dms.stop_replication_task(ReplicationTaskArn=task)


def test_a_modified_task_is_modifying_and_then_as_it_was(cloud: Cloud) -> None:
    task = cloud.create_task()

    def modify() -> None:
        changed = cloud.dms.modify_replication_task(
            ReplicationTaskArn=task, TableMappings=rules("orders"), MigrationType="full-load"
        )
        assert changed["ReplicationTask"]["Status"] == "modifying"

    cloud.at_once(modify)
    cloud.until(lambda: cloud.task(task)["Status"], "ready")
    assert json.loads(cloud.task(task)["TableMappings"])["rules"][0]["object-locator"]["table-name"] == "orders"


def test_the_migration_type_of_a_task_cannot_be_changed(cloud: Cloud) -> None:
    with refused("InvalidParameterCombinationException", "migration type"):
        cloud.dms.modify_replication_task(ReplicationTaskArn=cloud.create_task(), MigrationType="cdc")


def test_a_cdc_task_can_be_made_and_modified_but_not_started_here(cloud: Cloud) -> None:
    task = cloud.create_task(kind="cdc")
    cloud.dms.modify_replication_task(ReplicationTaskArn=task, CdcStopPosition="server_time:2026-11-21T01:00:00")
    cloud.until(lambda: cloud.task(task)["Status"], "ready")
    assert cloud.task(task)["CdcStopPosition"] == "server_time:2026-11-21T01:00:00"
    cloud.test(cloud.source, cloud.target)
    with refused("NotEmulated", "cdc"):
        cloud.start(task)


def test_settings_left_out_are_shown_with_their_defaults(cloud: Cloud) -> None:
    task = cloud.create_task(FullLoadSettings={"MaxFullLoadSubTasks": 3})
    settings = json.loads(cloud.task(task)["ReplicationTaskSettings"])
    assert settings["FullLoadSettings"]["MaxFullLoadSubTasks"] == 3
    assert settings["FullLoadSettings"]["CommitRate"] == 10_000
    assert settings["TargetMetadata"]["LobMaxSize"] == 32


def test_malformed_settings_and_mappings_are_refused_on_create_and_on_modify(cloud: Cloud) -> None:
    task = cloud.create_task()
    before = cloud.task(task)
    for more in ({"ReplicationTaskSettings": '{"FullLoadSettings": {"Speed": 9}}'}, {"TableMappings": '{"rules": []}'}):
        with refused("InvalidParameterValueException"):
            cloud.dms.create_replication_task(
                **{
                    "ReplicationTaskIdentifier": "other",
                    "SourceEndpointArn": cloud.source,
                    "TargetEndpointArn": cloud.target,
                    "ReplicationInstanceArn": cloud.instance,
                    "MigrationType": "full-load",
                    "TableMappings": rules(),
                    **more,
                }
            )
        with refused("InvalidParameterValueException"):
            cloud.dms.modify_replication_task(ReplicationTaskArn=task, **more)
    assert cloud.task(task) == before


def test_a_deleted_task_is_not_found(cloud: Cloud) -> None:
    task = cloud.create_task()
    cloud.dms.delete_replication_task(ReplicationTaskArn=task)
    cloud.until(lambda: _is_gone(lambda: cloud.task(task)), True)


def test_the_two_hundred_and_first_task_on_an_instance_is_refused(cloud: Cloud) -> None:
    cloud.until_available()
    wanted = {
        "SourceEndpointArn": cloud.source,
        "TargetEndpointArn": cloud.target,
        "ReplicationInstanceArn": cloud.instance,
        "MigrationType": "full-load",
        "TableMappings": rules(),
    }
    for number in range(200):
        cloud.dms.create_replication_task(ReplicationTaskIdentifier=f"t{number}", **wanted)
    with refused("ResourceQuotaExceededFault", "200"):
        cloud.dms.create_replication_task(ReplicationTaskIdentifier="t200", **wanted)


# The API itself


def test_pages_hold_what_was_asked_for_and_lead_to_the_next(cloud: Cloud) -> None:
    for number in range(23):
        cloud.create_target(f"t{number}")
    first = cloud.dms.describe_endpoints(MaxRecords=20)
    second = cloud.dms.describe_endpoints(MaxRecords=20, Marker=first["Marker"])
    assert (len(first["Endpoints"]), len(second["Endpoints"])) == (20, 5)
    assert "Marker" not in second
    with refused("InvalidParameterValueException", "MaxRecords"):
        cloud.dms.describe_endpoints(MaxRecords=19)


def test_filters_are_anded_and_their_values_ored(cloud: Cloud) -> None:
    def ids(**filters: list[str]) -> list[str]:
        given = [{"Name": name.replace("_", "-"), "Values": values} for name, values in filters.items()]
        return [one["EndpointIdentifier"] for one in cloud.dms.describe_endpoints(Filters=given)["Endpoints"]]

    assert ids(endpoint_id=["shop-source", "shop-target"], engine_name=["s3"]) == ["shop-target"]
    with refused("ResourceNotFoundFault"):
        ids(endpoint_id=["none"])
    with refused("InvalidParameterValueException", "colour"):
        ids(colour=["red"])


def test_tasks_are_found_by_either_of_their_endpoints_and_come_without_settings_on_request(cloud: Cloud) -> None:
    cloud.create_task()
    for endpoint in (cloud.source, cloud.target):
        filters = [{"Name": "endpoint-arn", "Values": [endpoint]}]
        (task,) = cloud.dms.describe_replication_tasks(Filters=filters, WithoutSettings=True)["ReplicationTasks"]
        assert not {"TableMappings", "ReplicationTaskSettings"} & set(task)


def test_requests_beyond_the_burst_are_throttled_until_tokens_come_back(clouds: Clouds, reader: FakeReader) -> None:
    with clouds.open(reader) as cloud:
        cloud.service.start_throttling()

        def exhaust() -> None:
            with refused("ThrottlingException", "Rate exceeded"):
                for _ in range(101):
                    cloud.dms.describe_account_attributes()

        cloud.at_once(exhaust)
        cloud.clock.call_later(2, lambda: None)
        cloud.until(lambda: cloud.clock.monotonic() > 2, True)
        cloud.dms.describe_account_attributes()


def test_tags_are_kept_from_creation_and_added_to(cloud: Cloud) -> None:
    arn = (
        cloud.dms.create_replication_subnet_group(
            ReplicationSubnetGroupIdentifier="nets",
            ReplicationSubnetGroupDescription="d",
            SubnetIds=subnets(cloud.aws),
            Tags=[{"Key": "a", "Value": "1"}],
        )
        and "arn:aws:dms:eu-central-1:123456789012:subgrp:nets"
    )
    cloud.dms.add_tags_to_resource(ResourceArn=arn, Tags=[{"Key": "b", "Value": "2"}])
    tags = cloud.dms.list_tags_for_resource(ResourceArn=arn)["TagList"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"a": "1", "b": "2"}
    assert (
        cloud.dms.describe_replication_subnet_groups()["ReplicationSubnetGroups"][0]["SubnetGroupStatus"] == "Complete"
    )


def test_the_account_says_how_much_of_its_quotas_is_used(cloud: Cloud) -> None:
    quotas = {
        one["AccountQuotaName"]: (one["Used"], one["Max"])
        for one in cloud.dms.describe_account_attributes()["AccountQuotas"]
    }
    assert quotas["Endpoints"] == (2, 1_000)
    assert quotas["ReplicationInstances"] == (1, 60)


def test_an_operation_that_is_not_stood_in_for_is_refused_by_name(cloud: Cloud) -> None:
    with refused("NotEmulated", "CreateReplicationConfig"):
        cloud.dms.create_replication_config(
            ReplicationConfigIdentifier="a",
            SourceEndpointArn="a",
            TargetEndpointArn="a",
            ComputeConfig={"MaxCapacityUnits": 1},
            ReplicationType="full-load",
            TableMappings="{}",
        )
    assert FOLDER.startswith("shop/")


def _is_gone(describe: Any) -> bool:
    try:
        describe()
    except Exception as error:  # noqa: BLE001  botocore makes the class at run time
        return "ResourceNotFoundFault" in str(error)
    return False
