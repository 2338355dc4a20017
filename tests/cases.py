"""Databases of a local cloud for tests to work on, one handler or one execution at a time, while time stands still."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Coroutine, Iterator, Mapping
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self

import pytest
from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import ClientError

from fleet.attempts import Attempt
from fleet.databases import Database, Limits, Registry, Server, Settings, SnowflakeSettings
from fleet.names import endpoint_role_name, source_endpoint_id, target_endpoint_id, task_id, warehouse_schema
from local.clock import Clock
from local.cloud import LEDGER_TABLE, LocalCloud
from local.sources.postgres import EmbeddedPostgres
from local.stepfunctions.errors import FunctionError
from orchestration.functions import DATABASE_RUN, function_name

SETTINGS = Settings(
    prefix="fleet",
    account="123456789012",
    region="eu-central-1",
    landing_bucket="fleet-landing-123456789012",
    snowflake=SnowflakeSettings(
        account="DEMO-FLEET",
        account_url="https://demo-fleet.snowflakecomputing.com",
        user="FLEET_LOADER",
        key_id="alias/fleet-snowflake",
        role="FLEET_LOADER",
        warehouse="FLEET_LOADING",
        database="FLEET",
    ),
    limits=Limits(loads_in_flight=64),
)
TOLERANT = ("case-01", "case-02")
"""Databases whose row counts may be one apart."""

_COUNT = 48  # as many as one replication instance holds
_AGAIN = {"wait", "moving", "loading"}
_SLEEPER = json.dumps({"StartAt": "Sleep", "States": {"Sleep": {"Type": "Wait", "Seconds": 2_592_000, "End": True}}})
_TEMPLATE = """
CREATE TABLE orders (id integer PRIMARY KEY, what text, amount numeric(10, 2));
INSERT INTO orders SELECT n, 'order ' || n, n * 1.5 FROM generate_series(1, 5) n;
CREATE TABLE customers (id integer PRIMARY KEY, name varchar(40));
INSERT INTO customers VALUES (1, 'Ada'), (2, 'Bo');
CREATE TABLE nothing (id integer PRIMARY KEY, what text);
CREATE VIEW totals AS SELECT count(*) AS orders, sum(amount) AS amount FROM orders;
"""


def make_template(postgres: EmbeddedPostgres) -> str:
    """A source database of three tables, one of them empty, and a view; its name."""
    postgres.create_database("case template")
    with postgres.connect("case template") as connection:
        connection.execute(_TEMPLATE.encode())
    return "case template"


@contextmanager
def refused(error: str, words: str = ".") -> Iterator[None]:
    """A handler raises the error of that name, with *words* (a regular expression) in its message."""
    with pytest.raises(FunctionError, match=words) as caught:
        yield
    assert caught.value.error_type == error


class HeldTime:
    """Keeps a cloud's clock from skipping waits, but for the moments in which a test lets time pass."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._hold()

    def pass_seconds(self, seconds: float) -> None:
        """Let so many seconds pass, with all that happens in them."""
        self._pass(asyncio.sleep(seconds))

    def until(self, future: Future[Any]) -> Any:
        """Let time pass until *future* is done; its result."""

        async def done() -> Any:
            return await asyncio.wrap_future(future)

        return self._pass(done())

    def release(self) -> None:
        """Let time run."""
        self._released.set()

    def _hold(self) -> None:
        # For the clock this is work under way, during which it skips nothing.
        self._released = threading.Event()
        self._clock.work(self._released.wait)

    def _pass(self, awaited: Awaitable[Any]) -> Any:
        return self._clock.spawn(self._while_passing(awaited)).result(timeout=60)

    async def _while_passing(self, awaited: Awaitable[Any]) -> Any:
        self._released.set()
        try:
            return await awaited
        finally:
            self._hold()  # on the clock's own thread: nothing is skipped before it


class Cases:
    """A local cloud over databases `case-01` and so on, each with a server, a secret and a source of its own."""

    def __init__(self, folder: Path, postgres: EmbeddedPostgres, template: str) -> None:
        self.postgres = postgres
        self._template = template
        self._left = [f"case-{number:02}" for number in range(_COUNT, 0, -1)]
        databases = tuple(
            Database(name, name, name, "one", ("public",), onboarded=True, row_tolerance=int(name in TOLERANT))
            for name in reversed(self._left)
        )
        servers = tuple(Server(one.id, "postgresql", f"fleet/server/{one.id}") for one in databases)
        secrets = {server.secret: postgres.secret(server.id) for server in servers}
        self.registry = Registry(SETTINGS, servers, databases)
        self.cloud = LocalCloud(folder, self.registry, secrets, clock="frozen")
        self._open = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            opening.enter_context(self.cloud)
            self.time = HeldTime(self.cloud.clock)
            opening.callback(self.time.release)
            self._sleeper = self.cloud.aws.client("stepfunctions").create_state_machine(
                name="sleeper", definition=_SLEEPER, roleArn="arn:aws:iam::123456789012:role/fleet-machines"
            )["stateMachineArn"]
            self._open = opening.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._let_loads_end()
        finally:
            self._open.close()

    def _let_loads_end(self) -> None:
        """A load that a fault holds in its middle when the cloud goes would leave its files behind."""
        broken = {one.database for one in self.cloud.faults.struck()}
        for database in broken:
            self.cloud.faults.clear(database)
        if broken:
            self.time.pass_seconds(900)

    def take(self, name: str | None = None) -> Case:
        """A database that nobody has touched, *name* if given, its source just made."""
        name = name or next(one for one in reversed(self._left) if one not in TOLERANT)
        self._left.remove(name)
        self.postgres.drop_database(name)
        self.postgres.create_database(name, self._template)
        return Case(self, name)

    def invoke(self, state: str, event: Mapping[str, Any]) -> dict[str, Any]:
        """One call of a state's handler."""
        return self.cloud.functions.invoke(function_name(SETTINGS.prefix, state), dict(event))

    def start_sleeper(self, name: str) -> str:
        """An execution that does nothing and runs for a month; its ARN."""
        machines = self.cloud.aws.client("stepfunctions")
        return machines.start_execution(stateMachineArn=self._sleeper, name=name)["executionArn"]

    def execute(self, machine: str, name: str, content: Any) -> Future[Mapping[str, Any]]:
        """Start *machine*; its description once it has ended, which needs time to pass (`time.until`)."""
        arn = self.cloud.aws.client("stepfunctions").start_execution(
            stateMachineArn=self.cloud.machine_arns[machine], name=name, input=json.dumps(content)
        )["executionArn"]
        return self.cloud.machines.ended(arn)

    def run_night(self, name: str, **content: Any) -> Mapping[str, Any]:
        """`fleet-run` from its start to its end, under the name *name*; its description."""
        return self.time.until(self.execute("fleet-run", name, {"mode": "full", **content}))

    def start_redrive(self, execution: str) -> Future[Mapping[str, Any]]:
        """Redrive an execution that has ended; its description at its next end."""
        self.cloud.aws.client("stepfunctions").redrive_execution(executionArn=execution)
        return self.cloud.machines.ended(execution)

    def redrive(self, execution: str) -> Mapping[str, Any]:
        """Redrive an execution that has ended, to its next end; its description."""
        return self.time.until(self.start_redrive(execution))

    def describe(self, execution: str) -> Mapping[str, Any]:
        """The execution as Step Functions describes it now."""
        return self.cloud.aws.client("stepfunctions").describe_execution(executionArn=execution)

    def spawn(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run *coroutine* on the clock's loop."""
        return self.cloud.clock.spawn(coroutine).result(timeout=60)


class Case:
    """One database of `Cases`, and the attempt at it that the test makes by hand."""

    def __init__(self, cases: Cases, name: str) -> None:
        self.cases, self.cloud, self.time = cases, cases.cloud, cases.time
        self.id = name
        self.run = f"run-{name}"
        self.attempt: dict[str, Any] = {}
        self.dms, self.s3 = self.cloud.aws.client("dms"), self.cloud.aws.client("s3")
        self.bucket = SETTINGS.landing_bucket
        self.task_id = task_id(SETTINGS.prefix, name, "full")
        self.role = endpoint_role_name(SETTINGS.prefix, name)

    # Steps

    def plan(self, run: str | None = None) -> dict[str, Any]:
        """PlanRun for this database alone."""
        self.run = run or self.run
        content = {"mode": "full", "databases": [self.id]}
        arn = f"arn:aws:states:eu-central-1:123456789012:execution:fleet-fleet-run:{self.run}"
        return self.cases.invoke("PlanRun", {"input": content, "run": self.run, "execution": arn})

    def claim(self, execution: str = "", **content: Any) -> dict[str, Any]:
        """ClaimDatabase once, by an execution that Step Functions has forgotten unless *execution* is one it knows."""
        if not self.cloud.clients.records.find_plan(self.run):
            self.plan()
        answer = self.cases.invoke(
            "ClaimDatabase",
            {
                "input": {"run": self.run, "database": self.id, "mode": "full", **content},
                "execution": execution or self.execution_arn(self.run),
                "started_at": self.cloud.clock.now().isoformat(),
                "redrive_count": 0,
            },
        )
        self.attempt = answer["attempt"] if answer["verdict"] == "claimed" else self.attempt
        return answer

    def execution_arn(self, name: str) -> str:
        """The ARN that a `database-run` execution of this database would have."""
        return f"arn:aws:states:eu-central-1:123456789012:execution:fleet-database-run:{name}-{self.id}-0"

    def call(self, state: str, **event: Any) -> dict[str, Any]:
        """One call of a state's handler with the attempt."""
        if state == "RecordOutcome":
            started_at = self.record.get("created_at")
            event = {"declined": None, "started_at": started_at, "redrive_count": 0, **event}
        if state == "Conclude":
            event = {"recorded_redrive_count": 0, "redrive_count": 0, **event}
        return self.cases.invoke(state, {"attempt": self.attempt, **event})

    def settle(self, state: str) -> dict[str, Any]:
        """Call *state*'s handler until it has no more to wait for, as the machine does; its last answer."""
        for _ in range(100):
            answer = self.call(state)
            if answer.get("verdict") not in _AGAIN:
                return answer
            self.time.pass_seconds(answer["wait_seconds"])
        raise AssertionError(f"{state} still answers {answer}")

    def go_through(self, last: str) -> dict[str, Any]:
        """Every state from the claim, if there is none yet, to *last*, as a good night goes; the last answer."""
        if not self.attempt:
            assert self.claim()["verdict"] == "claimed"
        answer: dict[str, Any] = {}
        for state in DATABASE_RUN[1 : DATABASE_RUN.index(last) + 1]:
            answer = self.settle(state)
        return answer

    def go_before(self, state: str) -> None:
        """Every state from the claim up to *state*, which is not entered."""
        self.go_through(DATABASE_RUN[DATABASE_RUN.index(state) - 1])

    def finish(self, after: str) -> dict[str, Any]:
        """From the state that follows on a refusal or an end of *after* to the outcome, as the machine goes."""
        states = DATABASE_RUN[max(DATABASE_RUN.index(after) + 1, DATABASE_RUN.index("StopTask")) :]
        nothing = False
        for state in states:
            if state == "Conclude":
                break
            if state in {"SubmitLoads", "PollLoads"} and nothing:
                continue
            nothing = self.settle(state).get("verdict") == "nothing" or nothing
        return self.outcome

    def go_through_from(self, first: str) -> dict[str, Any]:
        """From *first*, which follows on what the test has done itself, to the outcome, as a good night goes."""
        for state in DATABASE_RUN[DATABASE_RUN.index(first) : DATABASE_RUN.index("Conclude")]:
            self.settle(state)
        return self.outcome

    def next_night(self, run: str) -> None:
        """Claim anew, under the run *run*; the last attempt must be over."""
        self.attempt = {}
        self.plan(run)
        assert self.claim()["verdict"] == "claimed"

    # What stands where

    @property
    def folder(self) -> str:
        """The prefix of the attempt's folder."""
        return f"{self.id}/full/{self.attempt['run']}/{self.attempt['number']:06d}"

    @property
    def record(self) -> dict[str, Any]:
        """The attempt's item in the ledger."""
        return self.cloud.clients.ledger.record(self.typed_attempt)

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
        """The outcome's item in the ledger."""
        return self.cloud.clients.ledger.outcome(self.run, self.id)

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
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [self.id])

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
        (result,) = self.cloud.snowflake.administer(query, database="FLEET", warehouse=SETTINGS.snowflake.warehouse)
        return sorted((list(row) for row in result.rows), key=repr)

    def warehouse_rows(self, table: str) -> list[list[Any]]:
        """Every row of a published table of the schema public, in order."""
        schema = warehouse_schema(self.id, "public")
        return self.ask_warehouse(f'SELECT * FROM "FLEET"."{schema}"."{table.upper()}"')

    @property
    def task(self) -> dict[str, Any]:
        """The task as DMS describes it."""
        filters = [{"Name": "replication-task-id", "Values": [self.task_id]}]
        return self.dms.describe_replication_tasks(Filters=filters)["ReplicationTasks"][0]

    def endpoint(self, side: str) -> dict[str, Any]:
        """The endpoint of that side (`source`, `target`) as DMS describes it."""
        name = {"source": source_endpoint_id, "target": target_endpoint_id}[side](SETTINGS.prefix, self.id)
        return self.dms.describe_endpoints(Filters=[{"Name": "endpoint-id", "Values": [name]}])["Endpoints"][0]

    def point_elsewhere(self, **settings: Any) -> None:
        """Change the S3 endpoint as a deployment might, and let DMS's own test of it pass."""
        self.dms.modify_endpoint(EndpointArn=self.endpoint("target")["EndpointArn"], S3Settings=settings)
        self.time.pass_seconds(60)

    def test_connection(self, side: str) -> None:
        """Test a connection as somebody might, to its end."""
        arn = self.endpoint(side)["EndpointArn"]
        self.dms.test_connection(ReplicationInstanceArn=self.task["ReplicationInstanceArn"], EndpointArn=arn)
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
