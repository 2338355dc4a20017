"""A database of a suite's own on the real MariaDB, a local DMS over it, and tasks that capture its changes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from localcloud.aws import LocalAws
from localcloud.dms.changes.captured import CaptureHooks
from localcloud.dms.engines.mysql import MysqlReader
from localcloud.dms.engines.reader import Login
from localcloud.servers.mariadb import EmbeddedMariadb
from localcloud.tests.dms.changes.dms_captures import HEADERS, Captures, Held, added
from localcloud.tests.dms.dms_cloud import ROLES, Cloud, Clouds, FakeReader, allow, make_role, rules

_TARGET = {"IncludeOpForFullLoad": True, "TimestampColumnName": "_at"}
_LOGGED = {"Logging": {"EnableLogging": True}}


class BinlogCaptures(Captures):
    """What a test does at a MariaDB, to tasks, and what it finds in the bucket."""

    def __init__(self, mariadb: EmbeddedMariadb, database: str, held: Held, cloud: Cloud) -> None:
        self.cloud = cloud
        self.mariadb = mariadb
        self.database = database
        self._held = held

    def execute(self, *statements: str) -> None:
        """Run each statement in a transaction of its own, unless one begins a longer one."""
        try:
            self.mariadb.execute(self.database, *statements)
        except BaseException:
            self._held.end()  # for the other tests
            raise

    def task(self, *more: dict[str, Any], table: str = "%", name: str = "shop", **settings: Any) -> str:
        rule = [added(column, expression) for column, expression in HEADERS]
        mappings = json.loads(rules(table, "table", *rule, *more))
        mappings["rules"][0]["object-locator"]["schema-name"] = self.database
        task = self.cloud.create_task(json.dumps(mappings), name=name, kind="cdc", **{**_LOGGED, **settings})
        assert self.cloud.test(self.cloud.source, self.cloud.target) == ["successful", "successful"]
        return task

    def keys(self, table: str = "") -> list[str]:
        prefix = f"{self.database}/{table}/" if table else ""
        found = self.cloud.keys()
        return [key for key in found if key.startswith(prefix)]

    def log(self, task: str, lines: int) -> list[str]:
        """What the task's log says, without times, once it has that many *lines*."""
        self.cloud.until(lambda: len(self._lines(task)), lines)
        return [line.partition("]")[2] for line in self._lines(task)]

    def _lines(self, task: str) -> list[str]:
        client = self.cloud.aws.client("logs")
        stream = {"logGroupName": "dms-tasks-one", "logStreamName": f"dms-task-{task.rpartition(':')[2]}"}
        try:
            return [event["message"] for event in client.get_log_events(**stream, startFromHead=True)["events"]]
        except client.exceptions.ResourceNotFoundException:
            return []

    def login(self) -> Login:
        secret = self.mariadb.secret()
        return Login(secret["host"], secret["port"], "", secret["username"], secret["password"])


@contextmanager
def binlog_captures(
    mariadb: EmbeddedMariadb,
    database: str,
    schema: Sequence[str],
    hooks: CaptureHooks | None = None,
    **target: Any,
) -> Iterator[BinlogCaptures]:
    """A new *database* with *schema*, gone afterwards, behind a DMS of its own. *target*: of the target's settings."""
    mariadb.create_database(database)
    try:
        mariadb.execute(database, *schema)
        with LocalAws() as aws:
            make_role(aws, "dms-cloudwatch-logs-role", "dms.amazonaws.com", allow("logs:*", "*"))
            clouds = Clouds(aws, mariadb.secret())
            held = Held()
            reader = MysqlReader(has_views=False, memory="64MB")
            with clouds.open(FakeReader({}), {"mariadb": reader}, on_change=held.changed, capture_hooks=hooks) as cloud:
                cloud.source = cloud.dms.create_endpoint(
                    EndpointIdentifier="shop-mariadb",
                    EndpointType="source",
                    EngineName="mariadb",
                    MySQLSettings={"SecretsManagerAccessRoleArn": ROLES["secret"], "SecretsManagerSecretId": "shop"},
                )["Endpoint"]["EndpointArn"]
                cloud.dms.modify_endpoint(EndpointArn=cloud.target, S3Settings=_TARGET | target)
                yield BinlogCaptures(mariadb, database, held, cloud)
                held.end()
    finally:
        mariadb.execute(None, f"DROP DATABASE `{database}`")
