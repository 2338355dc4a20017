"""The clients every handler takes, made in one place: in AWS from the environment, locally from the local cloud.

Importing this module reads no environment and opens no client.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, cached_property
from typing import Any

import boto3
import urllib3
from botocore.config import Config

from fleet.asking import CLIENT_SECONDS
from fleet.databases import SnowflakeSettings
from fleet.errors import MalformedSettingError
from fleet.pace import run_pace
from lambdas.clients.chains import Chains
from lambdas.clients.dms import Dms
from lambdas.clients.ledger import Ledger
from lambdas.clients.objects import Objects
from lambdas.clients.places import Places
from lambdas.clients.records import Records
from lambdas.clients.snowflake import KeyPairToken, SqlApi, Transport
from lambdas.clients.source import Source
from lambdas.clients.task_logs import TaskLogs

LONGEST_JITTER_SECONDS = 2
"""By how much requests that were throttled together are spread."""


@dataclass(frozen=True)
class Environment:
    """All that a function learns from its environment."""

    control_bucket: str
    ledger_table: str
    ask_source_function: str
    notification_topic: str


def read_environment(environment: Mapping[str, str]) -> Environment:
    """The settings in *environment*.

    Raises:
        MalformedSettingError: Names every variable that is missing, at once.
    """
    names = {
        "control_bucket": "FLEET_CONTROL_BUCKET",
        "ledger_table": "FLEET_LEDGER_TABLE",
        "ask_source_function": "FLEET_ASK_SOURCE_FUNCTION",
        "notification_topic": "FLEET_NOTIFICATION_TOPIC",
    }
    if missing := [name for name in names.values() if not environment.get(name)]:
        raise MalformedSettingError(
            f"the function's environment lacks {', '.join(missing)}.", remedy="Deploy the pipeline stack again."
        )
    return Environment(**{field: environment[name] for field, name in names.items()})


class Clients:
    """What a handler may touch. Each client is made when first used, because a handler uses few of them.

    *sleep*: waits so many seconds. *jitter*: a new number from 0 to 1 at each call.
    """

    def __init__(
        self,
        environment: Environment,
        client: Callable[[str], Any],
        http: Transport,
        now: Callable[[], datetime],
        sleep: Callable[[float], None],
        jitter: Callable[[], float],
    ) -> None:
        self.environment = environment
        self.now = now
        self.jitter = jitter
        self._sleep = sleep
        self._client = client
        self._http = http
        self._snowflake: dict[SnowflakeSettings, SqlApi] = {}

    @cached_property
    def dms(self) -> Dms:
        """AWS DMS."""
        return Dms(self._client("dms"), self._next_turn, self._sleep)

    def _next_turn(self) -> float:
        """In how many seconds a request to DMS that was throttled may be repeated: behind those that wait already."""
        pace = run_pace(self.records.current_registry().settings.limits)
        return self.ledger.take_turn("dms", 1, pace, self.now()) + LONGEST_JITTER_SECONDS * self.jitter()

    @cached_property
    def ledger(self) -> Ledger:
        """The durable record of runs, databases and claims."""
        return Ledger(self._client("dynamodb"), self.environment.ledger_table)

    @cached_property
    def chains(self) -> Chains:
        """How far the deltas of each database and table are."""
        return Chains(self._client("dynamodb"), self.environment.ledger_table)

    @cached_property
    def places(self) -> Places:
        """Which databases of a server are read now."""
        return Places(self._client("dynamodb"), self.environment.ledger_table)

    @cached_property
    def objects(self) -> Objects:
        """S3."""
        return Objects(self._client("s3"))

    @cached_property
    def records(self) -> Records:
        """What the run keeps in the control bucket."""
        return Records(self.objects, self.environment.control_bucket)

    @cached_property
    def source(self) -> Source:
        """The way to AskSource, the one handler that speaks to sources."""
        return Source(self._client("lambda"), self.environment.ask_source_function)

    @cached_property
    def task_logs(self) -> TaskLogs:
        """The logs of DMS's tasks."""
        return TaskLogs(self._client("logs"), self.now)

    @cached_property
    def executions(self) -> Any:
        """Step Functions, as boto3 has it."""
        return self._client("stepfunctions")

    @cached_property
    def secrets(self) -> Any:
        """Secrets Manager, as boto3 has it. Only AskSource may use it."""
        return self._client("secretsmanager")

    @cached_property
    def notifications(self) -> Any:
        """SNS, as boto3 has it."""
        return self._client("sns")

    def service(self, name: str) -> Any:
        """Any other service, as boto3 has it: for what a person asks of an account."""
        return self._client(name)

    def snowflake(self, settings: SnowflakeSettings) -> SqlApi:
        """The SQL API of the account in *settings*."""
        if settings not in self._snowflake:
            token = KeyPairToken(
                self._client("kms"), settings.key_id, account=settings.account, user=settings.user, now=self.now
            )
            context = {"database": settings.database, "role": settings.role, "warehouse": settings.warehouse}
            # Snowflake's default zone is Los Angeles, which would shift timestamps on their way in.
            self._snowflake[settings] = SqlApi(
                settings.account_url, token, context=context, parameters={"timezone": "UTC"}, transport=self._http
            )
        return self._snowflake[settings]


LOCAL: ContextVar[Clients | None] = ContextVar("clients", default=None)
"""Set by the local cloud around each call; in AWS it stays empty."""


def current_clients() -> Clients:
    """The local cloud's clients inside of it, else those of this function's process, made once."""
    return LOCAL.get() or _live_clients()


def client_config(service: str) -> Config:
    """How long a client of *service* waits, and how often it asks.

    The client of a function waits longer than the function may run, and asks once: by default it would give up after
    60 s and ask up to three times more while the first still worked.
    Source: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html (time-outs, keep-alive of long connections).
    """
    if service == "lambda":
        return Config(read_timeout=CLIENT_SECONDS, tcp_keepalive=True, retries={"total_max_attempts": 1})
    if service == "dms":  # each request is counted, and has a turn (fleet/pace.py)
        return Config(retries={"total_max_attempts": 1})
    return Config(retries={"mode": "standard", "total_max_attempts": 4})


@cache
def _live_clients() -> Clients:
    return Clients(
        read_environment(os.environ),
        lambda service: boto3.client(service, config=client_config(service)),
        urllib3.PoolManager(maxsize=16),
        lambda: datetime.now(UTC),  # noqa: TID251  where time enters in AWS
        time.sleep,  # noqa: TID251
        random.random,  # noqa: TID251
    )
