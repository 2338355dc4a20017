"""Terraform with AWS's real provider applies, plans and destroys DMS resources against the endpoint."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.terraform import MIRROR, Installed, Terraform, find, target
from localcloud.tests.http.http_cloud import KEY, Endpoint, empty_endpoint
from orchestration.terraform import TerraformFailedError, TerraformMissingError

CONFIGURATION = Path(__file__).parents[2] / "terraform" / "dms.tf"


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    with empty_endpoint(tmp_path_factory.mktemp("cloud")) as opened:
        yield opened


def configured(installed: Installed, endpoint: Endpoint, folder: Path) -> Terraform:
    shutil.copy(CONFIGURATION, folder)
    environment = {
        "AWS_ENDPOINT_URL": endpoint.server.endpoint,
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": "eu-central-1",
    }
    return Terraform(installed, folder, environment)


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


def test_terraform_says_why_it_failed(terraform: Installed, endpoint: Endpoint, tmp_path: Path) -> None:
    here = configured(terraform, endpoint, tmp_path)
    (tmp_path / "wrong.tf").write_text('resource "aws_s3_bucket" "b" {', encoding="utf-8")
    with pytest.raises(TerraformFailedError, match=r"(?s)terraform init ended with 1:.*wrong\.tf"):
        here.init()


def test_what_is_missing_for_terraform_is_said(tmp_path: Path) -> None:
    with pytest.raises(TerraformMissingError, match=r"^No terraform on the PATH\."):
        find({"PATH": str(tmp_path)})
    (tmp_path / "terraform").write_text("#!/bin/sh\n", encoding="utf-8")
    (tmp_path / "terraform").chmod(0o755)
    with pytest.raises(TerraformMissingError, match=rf"looked below {tmp_path}\), so nothing is proven"):
        find({"PATH": str(tmp_path), MIRROR: str(tmp_path)}, usual=())


@pytest.mark.parametrize(
    "kept", ["6.9.0/{target}/terraform-provider-aws_v6.9.0_x5", "terraform-provider-aws_6.9.0_{target}.zip"]
)
def test_the_newest_provider_is_found_unpacked_or_packed(tmp_path: Path, kept: str) -> None:
    (tmp_path / "terraform").write_text("#!/bin/sh\n", encoding="utf-8")
    (tmp_path / "terraform").chmod(0o755)
    for name in (kept, kept.replace("6.9.0", "5.100.0")):
        file = tmp_path / "registry.terraform.io/hashicorp/aws" / name.format(target=target())
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    found = find({"PATH": str(tmp_path), MIRROR: str(tmp_path)}, usual=())
    assert found == Installed(tmp_path / "terraform", tmp_path, "6.9.0")
