"""Endpoints: made, modified and deleted, and how DMS refuses the rest."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.tests.dms.dms_cloud import BUCKET, ROLES, Cloud, FakeReader, refusal_of, refused


def test_modifying_an_endpoint_changes_only_the_members_that_are_given(cloud: Cloud) -> None:
    shown = cloud.dms.modify_endpoint(EndpointArn=cloud.target, S3Settings={"BucketFolder": "shop/full/night-2/000002"})
    settings = shown["Endpoint"]["S3Settings"]
    assert settings["BucketFolder"] == "shop/full/night-2/000002"
    assert (settings["BucketName"], settings["DataFormat"]) == (BUCKET, "parquet")


def test_exact_settings_replace_the_whole_set(cloud: Cloud) -> None:
    kept = {"ServiceAccessRoleArn": ROLES["objects"], "BucketName": BUCKET}
    shown = cloud.dms.modify_endpoint(EndpointArn=cloud.target, S3Settings=kept, ExactSettings=True)
    assert shown["Endpoint"]["S3Settings"] == kept


def test_a_modified_endpoint_is_tested_unasked_and_the_old_result_stays_until_then(cloud: Cloud) -> None:
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
    cloud.until(lambda: refusal_of(lambda: cloud.dms.describe_endpoints(Filters=filters)), "ResourceNotFoundFault")


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
