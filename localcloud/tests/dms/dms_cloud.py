"""A local cloud for the DMS suites: moto once, a new DMS on a frozen clock for every test, a source made of dicts."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.aws import LocalAws
from localcloud.clock import Clock
from localcloud.dms.api import Dms
from localcloud.dms.engines.reader import (
    Layout,
    Login,
    Reader,
    SourceTable,
    SourceUnreachableError,
    TableUnreadableError,
    Written,
)
from localcloud.dms.resources import Delays
from localcloud.dms.rules.mappings import Range

BUCKET = "landing"
SECRET = {"username": "dms", "password": "p", "host": "h", "port": 1}
FOLDER = "shop/full/night-1/000001"


class FakeReader:
    """A source engine without an engine. *rows*: how many a table has, or why it cannot be read."""

    def __init__(self, rows: Mapping[str, int | str]) -> None:
        self.rows = dict(rows)
        self.files = 1
        self.lost: str | None = None
        self.at_once = 0
        self.most_at_once = 0
        self.written: list[tuple[str, Range | None]] = []
        self.when_writing: Callable[[str], None] = lambda _: None
        self.lock = threading.Lock()

    def check(self, login: Login) -> None:  # noqa: ARG002  the seam's
        if self.lost is not None:
            raise SourceUnreachableError(self.lost)

    def open(self, login: Login) -> FakeSource:
        self.check(login)
        return FakeSource(self, login)


class FakeSource:
    """One opening of the fake."""

    def __init__(self, reader: FakeReader, login: Login) -> None:
        self._reader = reader
        self._login = login

    def catalogue(self) -> list[SourceTable]:
        return [SourceTable("public", name, (), is_view=name.startswith("v_")) for name in self._reader.rows]

    def write(self, table: SourceTable, layout: Layout, within: Range | None, folder: Path) -> Sequence[Written]:  # noqa: ARG002
        reader = self._reader
        with reader.lock:
            reader.at_once += 1
            reader.most_at_once = max(reader.most_at_once, reader.at_once)
            reader.written.append((table.name, within))
        try:
            reader.when_writing(table.name)
            rows = reader.rows[table.name]
            if isinstance(rows, str):
                raise TableUnreadableError(rows)
            if not rows:
                return []
            folder.mkdir()
            paths = [folder / f"{number}" for number in range(reader.files)]
            for path in paths:
                path.write_text(table.name)
            return [Written(path, rows) for path in paths]
        finally:
            with reader.lock:
                reader.at_once -= 1

    def check(self) -> None:
        self._reader.check(self._login)

    def close(self) -> None:
        """Nothing is held."""


async def _shown(look: Callable[[], Any], wanted: Any) -> list[Any]:
    """What *look()* shows, second by second, each once, until it is *wanted* or an hour of the clock is over."""
    shown: list[Any] = []
    for _ in range(3_600):
        if (found := look()) not in shown[-1:]:
            shown.append(found)
        if found == wanted:
            break
        await asyncio.sleep(1)
    return shown


class Cloud:
    """A DMS with one instance, one source, one target, and whatever a test adds."""

    def __init__(self, aws: LocalAws, clock: Clock, service: Dms) -> None:
        self.aws = aws
        self.clock = clock
        self.service = service
        self.dms = aws.client("dms")
        self.instance = self.dms.create_replication_instance(
            ReplicationInstanceIdentifier="one", ReplicationInstanceClass="dms.r6i.large"
        )["ReplicationInstance"]["ReplicationInstanceArn"]
        self.source = self.create_source("shop-source")
        self.target = self.create_target("shop-target")

    def at_once(self, actions: Callable[[], Any]) -> Any:
        """Run *actions* while time does not move: no timer fires before they end."""
        return self.clock.work(actions).result()

    def until(self, look: Callable[[], Any], wanted: Any) -> None:
        """Let time pass until *look()* is *wanted*; an hour on the clock is too long."""
        assert self.clock.spawn(_shown(look, wanted)).result(timeout=60)[-1] == wanted

    def seen(self, actions: Callable[[], Any], look: Callable[[], Any], wanted: Any) -> list[Any]:
        """Run *actions* while time does not move; what *look()* shows from then on until it is *wanted*."""

        def begin() -> Any:
            actions()
            return self.clock.spawn(_shown(look, wanted))  # before time flows again

        return self.clock.work(begin).result().result(timeout=60)

    def create_source(self, name: str, **more: Any) -> str:
        settings = {"SecretsManagerAccessRoleArn": ROLES["secret"], "SecretsManagerSecretId": "shop"}
        return self.dms.create_endpoint(
            EndpointIdentifier=name,
            EndpointType="source",
            EngineName="postgres",
            DatabaseName="shop",
            PostgreSQLSettings={**settings, **more},
        )["Endpoint"]["EndpointArn"]

    def create_target(self, name: str, **more: Any) -> str:
        settings = {
            "ServiceAccessRoleArn": ROLES["objects"],
            "BucketName": BUCKET,
            "BucketFolder": FOLDER,
            "DataFormat": "parquet",
        }
        return self.dms.create_endpoint(
            EndpointIdentifier=name, EndpointType="target", EngineName="s3", S3Settings={**settings, **more}
        )["Endpoint"]["EndpointArn"]

    def create_task(self, mappings: str = "", name: str = "shop", kind: str = "full-load", **settings: Any) -> str:
        """A task that is `ready`. *settings*: groups of ReplicationTaskSettings."""
        self.until_available()
        arn = self.dms.create_replication_task(
            ReplicationTaskIdentifier=name,
            SourceEndpointArn=self.source,
            TargetEndpointArn=self.target,
            ReplicationInstanceArn=self.instance,
            MigrationType=kind,
            TableMappings=mappings or rules(),
            ReplicationTaskSettings=json.dumps(settings),
        )["ReplicationTask"]["ReplicationTaskArn"]
        self.until(lambda: self.task(arn)["Status"], "ready")
        return arn

    def until_available(self) -> None:
        self.until(lambda: self.dms.describe_replication_instances()["ReplicationInstances"][0][STATUS], "available")

    def test(self, *endpoints: str) -> list[str]:
        """Test the connection of each endpoint; what became of it, in order."""
        self.until_available()
        for endpoint in endpoints:
            self.dms.test_connection(ReplicationInstanceArn=self.instance, EndpointArn=endpoint)
        for endpoint in endpoints:
            self.until(lambda endpoint=endpoint: self.connection(endpoint)["Status"] == "testing", False)
        return [self.connection(endpoint)["Status"] for endpoint in endpoints]

    def connection(self, endpoint: str) -> dict[str, Any]:
        """What is known of the connection between the one instance and *endpoint*."""
        filters = [
            {"Name": "endpoint-arn", "Values": [endpoint]},
            {"Name": "replication-instance-arn", "Values": [self.instance]},
        ]
        return self.dms.describe_connections(Filters=filters)["Connections"][0]

    def task(self, arn: str) -> dict[str, Any]:
        filters = [{"Name": "replication-task-arn", "Values": [arn]}]
        return self.dms.describe_replication_tasks(Filters=filters)["ReplicationTasks"][0]

    def tables(self, arn: str) -> dict[str, tuple[str, int]]:
        """State and rows of each table of the task."""
        rows = self.dms.describe_table_statistics(ReplicationTaskArn=arn)["TableStatistics"]
        return {row["TableName"]: (row["TableState"], row["FullLoadRows"]) for row in rows}

    def start(self, arn: str, kind: str = "start-replication") -> None:
        self.dms.start_replication_task(ReplicationTaskArn=arn, StartReplicationTaskType=kind)

    def run(self, arn: str, kind: str = "start-replication") -> dict[str, Any]:
        """Test both ends, start the task, and wait until it is at rest."""
        assert self.test(self.source, self.target) == ["successful", "successful"]
        self.start(arn, kind)
        self.until(lambda: self.task(arn)["Status"] in {"stopped", "failed"}, True)
        return self.task(arn)

    def keys(self) -> list[str]:
        """The objects of the bucket, without the folder when they lie in it."""
        found = self.aws.client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", [])
        return [one["Key"].removeprefix(f"{FOLDER}/") for one in found]


STATUS = "ReplicationInstanceStatus"
ROLES: dict[str, str] = {}


def rules(table: str = "%", kind: str = "all", *more: Mapping[str, Any]) -> str:
    """Mappings that include *table* of the schema public, and *more* rules, numbered."""
    first = {
        "rule-type": "selection",
        "object-locator": {"schema-name": "public", "table-name": table, "table-type": kind},
        "rule-action": "include",
    }
    numbered = [{"rule-id": str(n), "rule-name": str(n), **rule} for n, rule in enumerate([first, *more], 1)]
    return json.dumps({"rules": numbered})


@contextmanager
def refused(code: str, words: str = ".") -> Iterator[None]:
    """DMS refuses what is asked within, by *code*, with *words* in the message (a regular expression)."""
    with pytest.raises(ClientError, match=words) as caught:
        yield
    assert caught.value.response["Error"]["Code"] == code


def refusal_of(call: Callable[[], Any]) -> str:
    """By which code DMS refuses *call*, or nothing."""
    try:
        call()
    except ClientError as error:
        return error.response["Error"]["Code"]
    return ""


def make_role(aws: LocalAws, name: str, service: str, *allowed: Mapping[str, Any]) -> str:
    """A role that *service* may assume and that may do what is *allowed*."""
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
    made = aws.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))
    aws.client("iam").put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document(*allowed))
    return made["Role"]["Arn"]


def document(*statements: Mapping[str, Any]) -> str:
    """A policy of *statements*."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str | Sequence[str], resource: str) -> dict[str, Any]:
    """A statement of a policy."""
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def subnets(aws: LocalAws) -> list[str]:
    """The account's own subnets, one in each zone."""
    return [one["SubnetId"] for one in aws.client("ec2").describe_subnets()["Subnets"]]


OBJECTS = (
    allow(("s3:PutObject", "s3:DeleteObject", "s3:PutObjectTagging"), f"arn:aws:s3:::{BUCKET}/shop/*"),
    allow("s3:ListBucket", f"arn:aws:s3:::{BUCKET}"),
)


# Short, because `until` looks once a second; that they are passed through is what matters.
_DELAYS = Delays(
    creating_instance=2,
    modifying_instance=2,
    rebooting=2,
    moving_task=2,
    refreshing_schemas=2,
    assessing=2,
    subscribing=2,
    creating_task=2,
    modifying_task=2,
    deleting=2,
    hidden_test_starts=2,
    testing=4,
    starting_task=4,
    stopping_task=2,
)


class Clouds:
    """What is made once for a suite: moto, its clients, a bucket, a secret, two roles. Every test gets a new DMS."""

    def __init__(self, aws: LocalAws, secret: Mapping[str, Any]) -> None:
        self._aws = aws
        self._served: list[Dms] = []
        aws.serve("dms", lambda operation, parameters: self._served[-1].answer(operation, parameters))
        aws.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        aws.client("secretsmanager").create_secret(Name="shop", SecretString=json.dumps(dict(secret)))
        ROLES["objects"] = make_role(aws, "objects", "dms.amazonaws.com", *OBJECTS)
        readable = allow("secretsmanager:GetSecretValue", "*")
        ROLES["secret"] = make_role(aws, "secret", "dms.eu-central-1.amazonaws.com", readable)

    @contextmanager
    def open(self, reader: Reader, others: Mapping[str, Reader] | None = None, **options: Any) -> Iterator[Cloud]:
        """A cloud whose source is read by *reader*; the bucket is empty and the role as it was. *others*: readers of
        other engines, by DMS's name."""
        s3 = self._aws.client("s3")
        for one in s3.list_objects_v2(Bucket=BUCKET).get("Contents", []):
            s3.delete_object(Bucket=BUCKET, Key=one["Key"])
        self._aws.client("iam").put_role_policy(RoleName="objects", PolicyName="own", PolicyDocument=document(*OBJECTS))
        with Clock("frozen") as clock:
            self._served.append(
                Dms(clock, self._aws, {"postgres": reader, **(others or {})}, delays=_DELAYS, **options)
            )
            yield Cloud(self._aws, clock, self._served[-1])
