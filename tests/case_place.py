"""Where one database of `cases` is: ledger, objects, DMS, warehouse, source."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import ClientError

from fleet.attempts import Attempt
from fleet.names import endpoint_role_name, source_endpoint_id, target_endpoint_id, task_id, warehouse_schema
from lambdas.clients.items import from_item
from lambdas.clients.record_items import attempt_key
from local.cloud import LEDGER_TABLE

if TYPE_CHECKING:
    from cases import Cases


class Place:
    """What there is of one database in a local cloud, and in its source: to look at, and to break."""

    def __init__(self, cases: Cases, name: str) -> None:
        self.cases, self.cloud, self.time = cases, cases.cloud, cases.time
        self.id = name
        self.run = f"run-{name}"
        self.attempt: dict[str, Any] = {}
        self.settings = self.cloud.registry.settings
        self.dms, self.s3 = self.cloud.aws.client("dms"), self.cloud.aws.client("s3")
        self.bucket = self.settings.landing_bucket
        self.task_id = task_id(self.settings.prefix, name, "full")
        self.role = endpoint_role_name(self.settings.prefix, name)

    @property
    def folder(self) -> str:
        """The prefix of the attempt's folder."""
        return f"{self.id}/full/{self.attempt['run']}/{self.attempt['number']:06d}"

    @property
    def record(self) -> dict[str, Any]:
        """The attempt's item in the ledger, as DynamoDB has it: empty before there is one."""
        key = attempt_key(self.id, self.attempt["number"])
        found = self.cloud.aws.client("dynamodb").get_item(TableName=LEDGER_TABLE, Key=key, ConsistentRead=True)
        return from_item(found.get("Item"))

    @property
    def typed_attempt(self) -> Attempt:
        """The attempt as the clients take it."""
        return Attempt(**{**self.attempt, "tables": None})

    @property
    def failure(self) -> dict[str, str] | None:
        """What was noted to have stopped the attempt."""
        return json.loads(self.record["failure"]) if "failure" in self.record else None

    @property
    def outcome(self) -> dict[str, Any]:
        """The outcome's record in the ledger; empty where there is none."""
        record = self.cloud.clients.ledger.outcome(self.run, self.id)
        return vars(record) if record else {}

    @property
    def tables(self) -> dict[str, dict[str, Any]]:
        """The tables of the whole outcome, by name."""
        tables = json.loads(self.read_control(self.outcome["document"]))["tables"]
        return {table["table"]: table for table in tables}

    def read_control(self, key: str) -> bytes:
        """A document of the control bucket."""
        return self.s3.get_object(Bucket=self.cloud.control_bucket, Key=key)["Body"].read()

    def manifest(self) -> dict[str, Any]:
        """The manifest of the attempt's folder."""
        return json.loads(self.s3.get_object(Bucket=self.bucket, Key=f"{self.folder}/_manifest.json")["Body"].read())

    def objects(self, prefix: str | None = None) -> dict[str, str]:
        """The landed objects of the database, with their ETags."""
        return list_objects(self.s3, self.bucket, prefix or f"{self.id}/")

    def put(self, key: str, body: bytes = b"x") -> None:
        """Put an object into the landing bucket, as somebody might."""
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)

    def ask_source(self, query: str) -> list[tuple[Any, ...]]:
        """What the source answers to *query*, which may also change it."""
        with self.cases.postgres.connect(self.id, autocommit=True) as connection:
            cursor = connection.execute(query.encode())
            return cursor.fetchall() if cursor.description else []

    def close_source(self, *, is_closed: bool = True) -> None:
        """Let nobody connect to the source any more, and throw out who is."""
        with self.cases.postgres.connect(autocommit=True) as connection:
            connection.execute(f'ALTER DATABASE "{self.id}" ALLOW_CONNECTIONS {not is_closed}'.encode())
            # Who waits for a lock goes first: it would have it, and might come to its end, once its holder is gone.
            there = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s"
            connection.execute(f"{there} AND wait_event_type = 'Lock'".encode(), [self.id])
            connection.execute(there.encode(), [self.id])

    @contextmanager
    def locked(self, table: str) -> Iterator[None]:
        """Nobody can read *table* at the source: who tries waits, and with it the clock."""
        connection = self.cases.postgres.connect(self.id)
        try:
            connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE".encode())
            yield
        finally:
            connection.close()

    def wait_until_blocked(self) -> None:
        """Return once somebody waits for a lock at the source."""
        with self.cases.postgres.connect(autocommit=True) as connection:
            query = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'"
            for _ in range(100_000):
                if connection.execute(query, [self.id]).fetchall() != [(0,)]:
                    return
        raise AssertionError(f"nobody waits for a lock in {self.id}")

    def put_secret(self, **changed: Any) -> None:
        """Change the secret with which the source is read."""
        secret = {**self.cases.postgres.secret(self.id), **changed}
        self.cloud.aws.client("secretsmanager").put_secret_value(
            SecretId=f"fleet/server/{self.id}", SecretString=json.dumps(secret)
        )

    def ask_warehouse(self, query: str) -> list[list[Any]]:
        """The rows of *query* in Snowflake, in one order."""
        (result,) = self.cloud.snowflake.administer(
            query, database="FLEET", warehouse=self.settings.snowflake.warehouse
        )
        return sorted((list(row) for row in result.rows), key=repr)

    @property
    def warehouse_schema(self) -> str:
        """The quoted name of the Snowflake schema that holds the schema public."""
        return f'"FLEET"."{warehouse_schema(self.id, "public")}"'

    def warehouse_rows(self, table: str) -> list[list[Any]]:
        """Every row of a published table of the schema public, in order."""
        return self.ask_warehouse(f'SELECT * FROM {self.warehouse_schema}."{table.upper()}"')

    @property
    def task(self) -> dict[str, Any]:
        """The task as DMS describes it."""
        filters = [{"Name": "replication-task-id", "Values": [self.task_id]}]
        return self.dms.describe_replication_tasks(Filters=filters)["ReplicationTasks"][0]

    def endpoint(self, side: str) -> dict[str, Any]:
        """The endpoint of that side (`source`, `target`) as DMS describes it."""
        name = {"source": source_endpoint_id, "target": target_endpoint_id}[side](self.settings.prefix, self.id)
        return self.dms.describe_endpoints(Filters=[{"Name": "endpoint-id", "Values": [name]}])["Endpoints"][0]

    def point_elsewhere(self, **settings: Any) -> None:
        """Change the S3 endpoint as a deployment might, and let DMS's own test of it pass."""
        self.dms.modify_endpoint(EndpointArn=self.endpoint("target")["EndpointArn"], S3Settings=settings)
        self.time.pass_seconds(60)

    def everything(self) -> dict[str, Any]:
        """All that a handler may change for this database: ledger, objects, DMS, warehouse."""
        arns = [self.endpoint(side)["EndpointArn"] for side in ("source", "target")]
        try:
            connections = self.dms.describe_connections(Filters=[{"Name": "endpoint-arn", "Values": arns}])
        except ClientError:
            connections = {"Connections": []}
        schema = warehouse_schema(self.id, "public")
        tables = self.ask_warehouse(
            f"SELECT TABLE_NAME FROM FLEET.INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = '{schema}'"
        )
        return {
            "ledger": [self.items(f"DB#{self.id}"), self.items(f"RUN#{self.run}")],
            "landed": self.objects(),
            "kept": list_objects(self.s3, self.cloud.control_bucket, f"runs/{self.run}/"),
            "endpoints": [self.endpoint(side) for side in ("source", "target")],
            "task": self.task,
            "connections": connections["Connections"],
            "rows": {table: self.warehouse_rows(table) for (table,) in tables},
            "applied": self.ask_warehouse(f"SELECT * FROM OPS.APPLIED WHERE DATABASE_ID = '{self.id}'"),
        }

    def items(self, partition: str) -> list[dict[str, Any]]:
        """The ledger's items under one partition key."""
        found = self.cloud.aws.client("dynamodb").query(
            TableName=LEDGER_TABLE,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": partition}},
            ConsistentRead=True,
        )["Items"]
        read = TypeDeserializer().deserialize
        return [{name: read(value) for name, value in item.items()} for item in found]


def list_objects(s3: Any, bucket: str, prefix: str) -> dict[str, str]:
    """Key and ETag of every object under *prefix*."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return {one["Key"]: one["ETag"] for page in pages for one in page.get("Contents", ())}
