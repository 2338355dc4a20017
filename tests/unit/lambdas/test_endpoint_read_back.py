"""PointEndpoint believes what DMS gives back, not what it asked for: no row may go where nobody looked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from cases import SETTINGS
from fleet.attempts import Attempt
from fleet.databases import Database, Registry, Server
from fleet.dms.endpoints import s3_settings
from fleet.names import plan_key, target_endpoint_id
from fleet.plan import Plan, plan_run
from lambdas.handlers.database_run.point_endpoint import Request, run
from lambdas.wiring import Clients, Environment
from localcloud.aws import LocalAws

NOW = datetime(2026, 11, 29, 22, 0, tzinfo=UTC)
ATTEMPT = Attempt("night-1", "shop", "full", 1, "execution")
SHOP = Database("shop", "one", "Shop", "i", ("public",), onboarded=True)
REGISTRY = Registry(SETTINGS, (Server("one", "postgresql", "secret"),), (SHOP,))
WANTED = s3_settings(SETTINGS, ATTEMPT.folder)
OTHER = {
    "BucketName": "another-bucket",
    "BucketFolder": "shop/full/night-0/000007",
    "ServiceAccessRoleArn": "arn:aws:iam::123456789012:role/another",
    "DataFormat": "csv",
    "CompressionType": "none",
}
"""What the endpoint said before, in every member that decides where rows go and in which form."""


class StubbornDms:
    """DMS with one endpoint, as boto3 shows it: a modify changes all members but the *kept* ones, and says nothing."""

    def __init__(self, settings: Mapping[str, Any], kept: Mapping[str, Any]) -> None:
        self.settings = dict(settings)
        self._kept = kept

    def describe_endpoints(self, **_: Any) -> dict[str, Any]:
        """The endpoint."""
        name = target_endpoint_id(SETTINGS.prefix, SHOP.id)
        one = {"EndpointIdentifier": name, "EndpointArn": "arn", "Status": "active", "S3Settings": dict(self.settings)}
        return {"Endpoints": [one]}

    def modify_endpoint(self, **asked: Any) -> dict[str, Any]:
        """Take in what was asked, but for what is kept."""
        self.settings |= {**asked["S3Settings"], **self._kept}
        return {"Endpoint": self.describe_endpoints()["Endpoints"][0]}

    def describe_replication_tasks(self, **_: Any) -> dict[str, Any]:
        """Nothing moves."""
        return {"ReplicationTasks": []}


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws() as aws:
        for bucket in (SETTINGS.landing_bucket, "control"):
            aws.client("s3").create_bucket(
                Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": SETTINGS.region}
            )
        yield aws


def open_clients(aws: LocalAws, dms: StubbornDms) -> Clients:
    """Clients over an empty ledger in which the attempt holds the database."""
    dynamodb = aws.client("dynamodb")
    if "ledger" in dynamodb.list_tables()["TableNames"]:
        dynamodb.delete_table(TableName="ledger")
    dynamodb.create_table(
        TableName="ledger",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        BillingMode="PAY_PER_REQUEST",
    )
    made = {"dms": dms, "dynamodb": dynamodb, "s3": aws.client("s3")}
    clients = Clients(
        Environment("control", "ledger", "ask", "topic"),
        made.__getitem__,
        _NoSnowflake(),
        lambda: NOW,
        lambda _: None,
        lambda: 0.5,
    )
    clients.records.write("registry/v.json", REGISTRY, Registry)
    plan = plan_run(
        REGISTRY,
        run=ATTEMPT.run,
        mode="full",
        registry_version="v",
        planned_at=NOW.isoformat(),
        databases=[SHOP],
        chosen=[SHOP.id],
        measures={},
    )
    clients.records.write(plan_key(ATTEMPT.run), plan, Plan)
    assert clients.ledger.take(ATTEMPT, previous_holder="", now=NOW)
    clients.ledger.note(ATTEMPT, target_arn="arn")
    return clients


class _NoSnowflake:
    def request(self, method: str, url: str, **_: Any) -> Any:
        raise AssertionError(f"PointEndpoint asks Snowflake: {method} {url}")


def test_an_endpoint_that_reads_back_as_wanted_is_pointed(aws: LocalAws) -> None:
    dms = StubbornDms({**WANTED, **OTHER}, kept={})
    clients = open_clients(aws, dms)
    assert run(Request(attempt=ATTEMPT), clients).verdict == "pointed"
    assert dms.settings == WANTED


@pytest.mark.parametrize("member", OTHER)
def test_an_endpoint_that_reads_back_otherwise_than_asked_is_refused(aws: LocalAws, member: str) -> None:
    dms = StubbornDms({**WANTED, **OTHER}, kept={member: OTHER[member]})
    clients = open_clients(aws, dms)
    assert run(Request(attempt=ATTEMPT), clients).verdict == "refused"
    failure = clients.ledger.record(ATTEMPT).failure
    assert failure
    assert failure.name == "EndpointNotAsWanted"
    assert OTHER[member] in failure.text


def test_an_endpoint_that_reads_back_a_neighbours_folder_is_refused(aws: LocalAws) -> None:
    dms = StubbornDms({**WANTED, **OTHER}, kept={"BucketFolder": "crm/full/night-1/000001"})
    clients = open_clients(aws, dms)
    assert run(Request(attempt=ATTEMPT), clients).verdict == "refused"
    failure = clients.ledger.record(ATTEMPT).failure
    assert failure
    assert failure.name == "FolderOutsideDatabase"
