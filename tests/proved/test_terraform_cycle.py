"""Terraform with AWS's real provider applies, plans and destroys DMS resources against the endpoint.

It waits for minutes as Terraform does, so `make prove-cloud` runs it, and `make test` does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from configured_terraform import configured
from local.terraform import Installed
from localcloud.tests.http.http_cloud import Endpoint, empty_endpoint


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    with empty_endpoint(tmp_path_factory.mktemp("cloud")) as opened:
        yield opened


def left_in(endpoint: Endpoint) -> dict[str, int]:
    """How many DMS resources of each kind the account holds."""
    dms = endpoint.client("dms")
    return {
        "endpoint": len(dms.describe_endpoints()["Endpoints"]),
        "event_subscription": len(dms.describe_event_subscriptions()["EventSubscriptionsList"]),
        "instance": len(dms.describe_replication_instances()["ReplicationInstances"]),
        "subnet_group": len(dms.describe_replication_subnet_groups()["ReplicationSubnetGroups"]),
        "task": len(dms.describe_replication_tasks()["ReplicationTasks"]),
    }


def test_what_terraform_applied_differs_in_nothing_and_is_destroyed_to_the_last(
    terraform: Installed, endpoint: Endpoint, tmp_path: Path
) -> None:
    before = left_in(endpoint)
    here = configured(terraform, endpoint, tmp_path)
    here.init()
    here.apply()
    dms = endpoint.client("dms")
    assert {kind: number - before[kind] for kind, number in left_in(endpoint).items()} == {
        "endpoint": 2,
        "event_subscription": 1,
        "instance": 1,
        "subnet_group": 1,
        "task": 1,
    }
    (task,) = dms.describe_replication_tasks()["ReplicationTasks"]
    assert here.outputs()["read"]["task"] == task["ReplicationTaskArn"]
    # What a night does, and the configuration says to overlook.
    folder = {"BucketFolder": "shop/full/night-1/000001"}
    dms.modify_endpoint(EndpointArn=task["TargetEndpointArn"], S3Settings=folder)
    assert here.changes() == ""
    # And what it does not overlook, so that the line above means something.
    dms.add_tags_to_resource(ResourceArn=task["ReplicationTaskArn"], Tags=[{"Key": "by", "Value": "hand"}])
    assert "aws_dms_replication_task.full" in here.changes()
    here.destroy()
    assert left_in(endpoint) == before
    assert endpoint.client("s3").list_buckets()["Buckets"] == []
