"""DMS's API itself: pages, filters, tags, quotas, throttling, and operations that are not stood in for."""

from __future__ import annotations

from localcloud.tests.dms.dms_cloud import (
    FOLDER,
    Cloud,
    Clouds,
    FakeReader,
    refused,
    subnets,
)
from localcloud.throttling import Rate


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
        cloud.service.start_throttling(Rate(100, 4))

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
