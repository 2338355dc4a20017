"""A database of a suite's own on the real PostgreSQL, a local DMS over it, and tasks that capture its changes."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq

from localcloud.aws import LocalAws
from localcloud.clock import Clock
from localcloud.dms.changes.captured import CaptureHooks, CaptureKilledError
from localcloud.dms.engines.postgresql import PostgresqlReader
from localcloud.dms.engines.reader import Login
from localcloud.servers.postgres import EmbeddedPostgres
from localcloud.tests.dms.dms_cloud import BUCKET, FOLDER, Cloud, Clouds, rules

_TARGET = {"IncludeOpForFullLoad": True, "TimestampColumnName": "_at"}
HEADERS = (("_pos", "$AR_H_STREAM_POSITION"), ("_seq", "$AR_H_CHANGE_SEQ"))


def added(name: str, expression: str, kind: str = "string", **more: Any) -> dict[str, Any]:
    """A rule that adds a column to every table."""
    return {
        "rule-type": "transformation",
        "rule-target": "column",
        "object-locator": {"schema-name": "%", "table-name": "%"},
        "rule-action": "add-column",
        "value": name,
        "expression": expression,
        "data-type": {"type": kind, **({"length": 50} if kind == "string" else {}), **more},
    }


class Killer:
    """Lets the capture die around the put of a file. *when*: `before` or `after`; nothing: it lives."""

    def __init__(self) -> None:
        self.when = ""
        self.keys: list[str] = []

    def __call__(self, when: str, key: str) -> None:
        self.keys.append(key)
        if when == self.when:
            raise CaptureKilledError


class Held:
    """Time, held from the moment that a task runs on: the clock would skip to the task's end while a test writes."""

    def __init__(self) -> None:
        self._clock: Clock | None = None
        self._is_begun = threading.Event()
        self._let_go: Callable[[], None] | None = None

    def changed(self, kind: str, before: str, after: str) -> None:
        """What the DMS calls at each change of a status."""
        del before
        if kind == "replication-task" and after in {"running", "failed", "stopped"} and self._clock is not None:
            if after == "running":
                self._let_go = self._clock.hold()
            self._clock = None
            self._is_begun.set()

    def begin(self, clock: Clock) -> None:
        """Hold time when the next task runs."""
        self._is_begun.clear()
        self._clock = clock

    def wait(self) -> None:
        """Return when it runs, or is at rest again."""
        assert self._is_begun.wait(60)

    def hold_now(self, clock: Clock) -> None:
        """Hold time."""
        self._let_go = clock.hold()

    def end(self) -> None:
        """Let time pass."""
        if self._let_go is not None:
            self._let_go()
            self._let_go = None


class Captures:
    """What a test does at the source, to tasks, and what it finds in the bucket."""

    def __init__(self, postgres: EmbeddedPostgres, database: str, held: Held, cloud: Cloud) -> None:
        self.cloud = cloud
        self._postgres = postgres
        self._database = database
        self._held = held

    def execute(self, *statements: str) -> None:
        """Run each statement in a transaction of its own."""
        try:
            with self._postgres.connect(self._database, autocommit=True) as connection:
                for statement in statements:
                    connection.execute(statement)  # type: ignore[arg-type]  literals of the suites'
        except BaseException:
            self._held.end()  # for the other tests
            raise

    def task(
        self, *more: dict[str, Any], table: str = "%", name: str = "shop", kind: str = "cdc", **settings: Any
    ) -> str:
        """A task that may be started, with the headers of changes as columns and *more* rules."""
        rule = [added(column, expression) for column, expression in HEADERS]
        task = self.cloud.create_task(rules(table, "table", *rule, *more), name=name, kind=kind, **settings)
        assert self.cloud.test(self.cloud.source, self.cloud.target) == ["successful", "successful"]
        return task

    def begin(self, task: str, kind: str = "start-replication", *, seconds: float | None = None) -> None:
        """Start *task*, to stop in that many *seconds*; from when it runs on time is held until `end`."""
        more = {}
        if seconds is not None:
            at = self.cloud.clock.now() + timedelta(seconds=seconds)
            more["CdcStopPosition"] = f"server_time:{at:%Y-%m-%dT%H:%M:%S}"
        self._held.begin(self.cloud.clock)
        self.cloud.dms.start_replication_task(ReplicationTaskArn=task, StartReplicationTaskType=kind, **more)
        self._held.wait()

    def wait(self, seconds: float) -> None:
        """Let so much time pass, and hold it again."""
        over = threading.Event()

        def hold() -> None:
            self._held.hold_now(self.cloud.clock)
            over.set()

        self.cloud.clock.call_later(seconds, hold)
        self._held.end()
        assert over.wait(60)

    def end(self, task: str) -> dict[str, Any]:
        """Let time pass until *task* is at rest; how it is shown then."""
        self._held.end()
        self.cloud.until(lambda: self.cloud.task(task)["Status"] in {"stopped", "failed"}, True)
        return self.cloud.task(task)

    def run(self, task: str, kind: str = "start-replication", *, seconds: float = 60) -> dict[str, Any]:
        """Start *task* and wait until it is at rest."""
        self.begin(task, kind, seconds=seconds)
        return self.end(task)

    def keys(self, table: str = "") -> list[str]:
        """The keys of a table's files, or of all, without the folder."""
        prefix = f"public/{table}/" if table else ""
        found = self.cloud.keys()
        return [key for key in found if key.startswith(prefix)]

    def files(self, table: str) -> list[pa.Table]:
        """What is in a table's files, in the order of their names."""
        return [pq.read_table(io.BytesIO(self.body(key))) for key in self.keys(table)]

    def body(self, key: str) -> bytes:
        """What is in an object."""
        return self.cloud.aws.client("s3").get_object(Bucket=BUCKET, Key=f"{FOLDER}/{key}")["Body"].read()

    def rows(self, table: str) -> list[dict[str, Any]]:
        """The rows in a table's files."""
        return [row for file in self.files(table) for row in file.to_pylist()]

    def login(self) -> Login:
        """Who reads the source."""
        secret = self._postgres.secret(self._database)
        return Login(secret["host"], secret["port"], self._database, secret["username"], secret["password"])

    def connect(self) -> psycopg.Connection:
        """A connection to the source, as its owner, for a transaction that stays open."""
        return self._postgres.connect(self._database)

    def connect_as_reader(self) -> psycopg.Connection:
        """A connection as the login that DMS reads with."""
        login = self.login()
        return psycopg.connect(
            host=login.host, port=login.port, dbname=login.database, user=login.username, password=login.password
        )

    def slots(self) -> list[tuple[str, str]]:
        """The slots of the database, each with the position that is confirmed."""
        query = "SELECT slot_name, confirmed_flush_lsn::text FROM pg_replication_slots WHERE database = %s"
        with self._postgres.connect() as connection:
            return connection.execute(query, [self._database]).fetchall()

    def mappings(self, task: str) -> dict[str, Any]:
        """The rules of *task*."""
        return json.loads(self.cloud.task(task)["TableMappings"])

    def modify(self, task: str, mappings: dict[str, Any]) -> None:
        """Give *task* other rules."""
        before = self.cloud.task(task)["Status"]
        self.cloud.dms.modify_replication_task(ReplicationTaskArn=task, TableMappings=json.dumps(mappings))
        self.cloud.until(lambda: self.cloud.task(task)["Status"], before)

    def statistics(self, task: str) -> dict[str, dict[str, Any]]:
        """The statistics of each table."""
        rows = self.cloud.dms.describe_table_statistics(ReplicationTaskArn=task)["TableStatistics"]
        return {row["TableName"]: row for row in rows}


@contextmanager
def captures_of(
    postgres: EmbeddedPostgres, database: str, schema: str, hooks: CaptureHooks | None = None, **target: Any
) -> Iterator[Captures]:
    """A new *database* with *schema*, gone afterwards, behind a DMS of its own. *target*: of the target's settings."""
    postgres.create_database(database)
    try:
        with postgres.connect(database) as connection:
            connection.execute(schema)  # type: ignore[arg-type]  a literal of the suite's
        with LocalAws() as aws:
            clouds = Clouds(aws, postgres.secret(database))
            held = Held()
            options = {"on_change": held.changed, "capture_hooks": hooks}
            with clouds.open(PostgresqlReader(memory="64MB"), **options) as cloud:
                cloud.dms.modify_endpoint(EndpointArn=cloud.source, DatabaseName=database)
                cloud.dms.modify_endpoint(EndpointArn=cloud.target, S3Settings=_TARGET | target)
                yield Captures(postgres, database, held, cloud)
                held.end()
    finally:
        with postgres.connect(autocommit=True) as connection:
            connection.execute(
                "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = %s", [database]
            )
        postgres.drop_database(database)
