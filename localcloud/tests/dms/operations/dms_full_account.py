"""An account with more of everything than a page of twenty holds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from localcloud.dms.engines.reader import Login, SourceTable
from localcloud.tests.certificates import make_certificate
from localcloud.tests.dms.dms_cloud import BUCKET, ROLES, STATUS, Cloud, Clouds, FakeReader, FakeSource, subnets

COUNT = 25


class WideReader(FakeReader):
    """A source of many schemas; *rows* are those of `public`."""

    def __init__(self) -> None:
        super().__init__({f"t{number:02}": number % 2 for number in range(COUNT)})

    def open(self, login: Login) -> FakeSource:
        return WideSource(self, login)


class WideSource(FakeSource):
    """One opening of it."""

    def catalogue(self) -> list[SourceTable]:
        return [*super().catalogue(), *(SourceTable(f"s{number:02}", "none", ()) for number in range(COUNT))]


@contextmanager
def full_account(clouds: Clouds) -> Iterator[Cloud]:
    """A cloud whose every list that can be long is."""
    with clouds.open(WideReader()) as cloud:
        cloud.until_available()
        _things_beside(cloud)
        instances = [_instance(cloud, number) for number in range(COUNT)]
        shown = cloud.dms.describe_replication_instances
        cloud.until(lambda: {one[STATUS] for one in shown()["ReplicationInstances"]}, {"available"})
        for instance in instances:
            cloud.dms.test_connection(ReplicationInstanceArn=instance, EndpointArn=cloud.source)
        cloud.dms.refresh_schemas(ReplicationInstanceArn=cloud.instance, EndpointArn=cloud.source)
        loaded = cloud.create_task(name="loaded")
        tasks = [_task(cloud, number, instances) for number in range(COUNT)]
        cloud.run(loaded)
        for number, task in enumerate(tasks):
            _assess(cloud, task, number)
        ended = {"passed", "failed"}
        runs = cloud.dms.describe_replication_task_assessment_runs
        cloud.until(lambda: {one["Status"] for one in runs()["ReplicationTaskAssessmentRuns"]} <= ended, True)
        yield cloud


def _things_beside(cloud: Cloud) -> None:
    topic = cloud.aws.client("sns").create_topic(Name="events")["TopicArn"]
    pem = make_certificate()
    nets = subnets(cloud.aws)
    for number in range(COUNT):
        cloud.dms.create_event_subscription(SubscriptionName=f"es{number}", SnsTopicArn=topic)
        cloud.dms.import_certificate(CertificateIdentifier=f"c{number}", CertificatePem=pem)
        cloud.dms.create_replication_subnet_group(
            ReplicationSubnetGroupIdentifier=f"nets{number}", ReplicationSubnetGroupDescription="d", SubnetIds=nets
        )
        cloud.create_target(f"t{number}")


def _instance(cloud: Cloud, number: int) -> str:
    return cloud.dms.create_replication_instance(
        ReplicationInstanceIdentifier=f"i{number}",
        ReplicationInstanceClass="dms.t3.micro" if number % 2 else "dms.r6i.large",
        EngineVersion="3.5.4" if number % 3 else "3.5.3",
    )["ReplicationInstance"]["ReplicationInstanceArn"]


def _task(cloud: Cloud, number: int, instances: list[str]) -> str:
    arn = cloud.dms.create_replication_task(
        ReplicationTaskIdentifier=f"k{number}",
        SourceEndpointArn=cloud.source,
        TargetEndpointArn=cloud.target,
        ReplicationInstanceArn=instances[number],
        MigrationType="cdc" if number % 2 else "full-load",
        TableMappings=_everything(),
    )["ReplicationTask"]["ReplicationTaskArn"]
    cloud.until(lambda: cloud.task(arn)["Status"], "ready")
    return arn


def _everything() -> str:
    locator = {"schema-name": "%", "table-name": "%"}
    rule: dict[str, Any] = {"rule-type": "selection", "rule-id": "1", "rule-name": "1", "rule-action": "include"}
    return json.dumps({"rules": [{**rule, "object-locator": locator}]})


def _assess(cloud: Cloud, task: str, number: int) -> None:
    cloud.dms.start_replication_task_assessment_run(
        ReplicationTaskArn=task,
        ServiceAccessRoleArn=ROLES["objects"],
        ResultLocationBucket=BUCKET,
        ResultLocationFolder="shop/assessed",
        AssessmentRunName=f"run{number}",
    )
