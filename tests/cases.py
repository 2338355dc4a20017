"""Databases of a local cloud for tests to work on, one handler or one execution at a time, while time is still."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

import pytest

from case_place import Place
from fleet.databases import Database, Limits, Registry, Server, Settings, SnowflakeSettings
from fleet.names import function_name
from judged_functions import JudgedFunctions
from local.cloud import LocalCloud
from localcloud.cloud import AccountLimits
from localcloud.dms.changes.captured import CaptureHooks
from localcloud.errors import FunctionError
from localcloud.servers.postgres import EmbeddedPostgres
from localcloud.tests.held_time import HeldTime
from orchestration.functions import DATABASE_RUN
from orchestration.roles import allow

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
    limits=Limits(loads_in_flight=64, throttle_deadline_seconds=300),
)
TOLERANT = ("case-01", "case-02")
"""Databases whose row counts may be one apart."""

FULL_RUN = tuple(state for state in DATABASE_RUN if state not in {"ContinueChain", "NextStep", "CompareKeys"})
"""What a run of mode `full` goes through, in order."""
CASE_COUNT = 20
"""How many databases a cloud of cases has. A test module that takes more has a CASE_COUNT of its own: 48 at most, as
many as one replication instance holds."""

_AGAIN = {"wait", "moving", "loading"}
_SLEEPER = json.dumps({"StartAt": "Sleep", "States": {"Sleep": {"Type": "Wait", "Seconds": 2_592_000, "End": True}}})
# Executions that stand for those of database-run are of machines that no fleet has.
_ASKS_STAND_INS = allow(
    "AsksStandIns",
    ["states:DescribeExecution", "states:GetExecutionHistory"],
    [f"arn:aws:states:eu-central-1:123456789012:execution:{one}:*" for one in ("sleeper", "short-database-run")],
)
_TEMPLATE = """
CREATE TABLE orders (id integer PRIMARY KEY, what text, amount numeric(10, 2));
INSERT INTO orders SELECT n, 'order ' || n, n * 1.5 FROM generate_series(1, 5) n;
CREATE TABLE customers (id integer PRIMARY KEY, name varchar(40));
INSERT INTO customers VALUES (1, 'Ada'), (2, 'Bo');
CREATE TABLE nothing (id integer PRIMARY KEY, what text);
CREATE VIEW totals AS SELECT count(*) AS orders, sum(amount) AS amount FROM orders;
"""


def make_template(postgres: EmbeddedPostgres) -> str:
    """A source database of three tables, one of them empty, and a view; its name. Made once for a server."""
    with postgres.connect("postgres") as connection:
        if connection.execute("SELECT FROM pg_database WHERE datname = 'case template'").fetchone() is not None:
            return "case template"
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


class Cases:
    """A local cloud over *count* databases `case-01` and so on. Each has a server, a secret and a source of its own, or
    all are on *shared*, and then in turn on two instances. *changed*: what the registry says of some, by name.

    Whatever its functions call must be allowed by the roles that the stack gives them."""

    def __init__(
        self,
        folder: Path,
        postgres: EmbeddedPostgres,
        template: str,
        *,
        count: int = 48,
        shared: Server | None = None,
        changed: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
        captures: CaptureHooks | None = None,
    ) -> None:
        self.postgres = postgres
        self._template = template
        self._left = [f"case-{number:02}" for number in range(count, 0, -1)]
        databases = tuple(
            replace(
                Database(
                    name,
                    shared.id if shared else name,
                    name,
                    "two" if shared and int(name[-2:]) % 2 == 0 else "one",
                    ("public",),
                    onboarded=True,
                    row_tolerance=int(name in TOLERANT),
                ),
                **changed.get(name, {}),
            )
            for name in reversed(self._left)
        )
        servers = (
            (shared,)
            if shared
            else tuple(Server(one.id, "postgresql", f"fleet/server/{one.id}", ssl_mode="none") for one in databases)
        )
        secrets = {one.secret: postgres.secret("postgres" if shared else one.id) for one in servers}
        self.registry = Registry(SETTINGS, servers, databases)
        # A test looks at DMS and at executions as often as it likes.
        limits = AccountLimits(dms_rate=None, machine_rates={})
        self.functions = faults = JudgedFunctions(_ASKS_STAND_INS)
        self.cloud = LocalCloud(
            folder, self.registry, secrets, clock="frozen", limits=limits, faults=faults, captures=captures
        )
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
        name = name or next((one for one in reversed(self._left) if one not in TOLERANT), None)
        assert name, "all are taken: the module needs a larger CASE_COUNT"
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


class Case(Place):
    """One database of `Cases`, and the attempt at it that the test makes by hand."""

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
            event = {
                "mode": "full",
                "steps": "one",
                "declined": None,
                "started_at": started_at,
                "redrive_count": 0,
                **event,
            }
        if state == "NextStep":
            event = {"mode": "full", **event}
        if state == "Conclude":
            event = {"recorded_redrive_count": 0, "redrive_count": 0, **event}
        return self.cases.invoke(state, {"attempt": self.attempt, **event})

    def settle(self, state: str) -> dict[str, Any]:
        """Call *state*'s handler until it has no more to wait for, as the machine does; its last answer."""
        answer: dict[str, Any] = {}
        for _ in range(300):  # the longest wait, for a load at Snowflake, takes half as many looks
            answer = self.call(state)
            if answer.get("verdict") == "more":  # the machine goes back, to send what waits
                self.call("SubmitLoads")
                continue
            if answer.get("verdict") not in _AGAIN:
                return answer
            self.time.pass_seconds(answer["wait_seconds"])
        raise AssertionError(f"{state} still answers {answer}")

    def go_through(self, last: str) -> dict[str, Any]:
        """Every state from the claim, if there is none yet, to *last*, as a good night goes; the last answer."""
        if not self.attempt:
            assert self.claim()["verdict"] == "claimed"
        answer: dict[str, Any] = {}
        for state in FULL_RUN[1 : FULL_RUN.index(last) + 1]:
            answer = self.settle(state)
        return answer

    def go_before(self, state: str) -> None:
        """Every state from the claim up to *state*, which is not entered."""
        self.go_through(FULL_RUN[FULL_RUN.index(state) - 1])

    def finish(self, after: str) -> dict[str, Any]:
        """From the state that follows on a refusal or an end of *after* to the outcome, as the machine goes."""
        states = FULL_RUN[max(FULL_RUN.index(after) + 1, FULL_RUN.index("StopTask")) :]
        nothing = False
        for state in states:
            if state == "Conclude":
                break
            if state in {"SubmitLoads", "PollLoads"} and nothing:
                continue
            nothing = self.settle(state).get("verdict") == "nothing" or nothing
        return self.outcome

    def go_through_from_to(self, first: str, last: str) -> None:
        """Every state from *first* to *last*, as a good night goes."""
        for state in FULL_RUN[FULL_RUN.index(first) : FULL_RUN.index(last) + 1]:
            self.settle(state)

    def go_through_from(self, first: str) -> dict[str, Any]:
        """From *first*, which follows on what the test has done itself, to the outcome, as a good night goes."""
        self.go_through_from_to(first, "ReleaseDatabase")
        return self.outcome

    def next_night(self, run: str) -> None:
        """Claim anew, under the run *run*; the last attempt must be over."""
        self.attempt = {}
        self.plan(run)
        assert self.claim()["verdict"] == "claimed"
