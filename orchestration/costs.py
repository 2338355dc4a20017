"""What a fleet costs a month at AWS: quantities counted from machines and settings, times prices that somebody wrote
down. A price that no source was found for is not guessed: its quantity is in the table without an amount."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from fleet.databases import Limits
from fleet.pace import choose_look_seconds, run_pace
from fleet.quotas import DMS_ENDPOINTS_PER_INSTANCE
from fleet.stack_settings import StackSettings
from fleet.waits import next_look_seconds
from orchestration.definitions import load

HOURS = 730
"""Of a month, as AWS reckons."""
_HELD = (DMS_ENDPOINTS_PER_INSTANCE.value - 4) // 2  # two endpoints each, a few kept free


@dataclass(frozen=True)
class Price:
    """US dollars for one of *unit*. *where*: the Region that *source* quotes; *read_on*: ISO date."""

    dollars: float
    unit: str
    where: str
    source: str
    read_on: str = "2026-11-21"

    @property
    def holds_in_frankfurt(self) -> bool:
        """Whether it was quoted for Frankfurt or for every Region; else it replaces one that was not found."""
        return self.where in {"Frankfurt", "all"}


_DMS = "https://github.com/gordonmurray/terraform_dms_redshift"
_DYNAMODB = "https://airbyte.com/data-engineering-resources/dynamodb-pricing"
_LAMBDA = "https://cloudchipr.com/blog/aws-lambda-pricing"
INSTANCE_HOUR = Price(0.23, "hour of dms.r5.large", "Ireland", _DMS)
INSTANCE_STORAGE = Price(0.127, "GB-month of an instance's disk", "Ireland", _DMS)
TRANSITION = Price(0.025 / 1_000, "state transition", "Frankfurt", "https://aws.amazon.com/step-functions/pricing/")
COMPUTE = Price(0.0000133334, "GB-second of Lambda on arm64", "N. Virginia", _LAMBDA)
CALL = Price(0.20 / 1_000_000, "call of a function", "N. Virginia", "https://aws.amazon.com/lambda/pricing/")
WRITE = Price(0.625 / 1_000_000, "write unit of DynamoDB", "N. Virginia", _DYNAMODB)
READ = Price(0.125 / 1_000_000, "read unit of DynamoDB", "N. Virginia", _DYNAMODB)
STORAGE = Price(0.023, "GB-month of S3 Standard", "N. Virginia", "https://gist.github.com/EverettBerry?page=2")
KEY = Price(1.00, "key in KMS", "all", "https://aws.amazon.com/kms/pricing/")
SECRET = Price(
    0.40,
    "secret",
    "not said",
    "https://hivebook.wiki/wiki/aws-secrets-manager-rotated-secrets-dynamic-db-credentials-kms",
)
PRICES = (INSTANCE_HOUR, INSTANCE_STORAGE, TRANSITION, COMPUTE, CALL, WRITE, READ, STORAGE, KEY, SECRET)


@dataclass(frozen=True)
class Fleet:
    """A fleet as it is assumed here. Put yours in: every night's report says tables, bytes and minutes.

    *gigabytes_each*: Parquet of one database and night; *minutes_each*: how long its task runs; *loads_polled*: how
    often Snowflake is asked before its tables are loaded; *seconds_called*: how long a function runs.
    """

    databases: int
    nights: int = 30
    tables_each: int = 48
    gigabytes_each: float = 1.0
    minutes_each: float = 10.0
    loads_polled: int = 6
    seconds_called: float = 0.5
    writes_called: int = 2
    reads_called: int = 4
    databases_per_server: int = 10
    settings: StackSettings = StackSettings()


@dataclass(frozen=True)
class Item:
    """A line of the bill. *price*: None where no source was found."""

    name: str
    quantity: float
    price: Price | None
    unit: str = ""

    @property
    def dollars(self) -> float | None:
        """The amount, if there is a price."""
        return None if self.price is None else self.quantity * self.price.dollars


def instances(databases: int) -> int:
    """How many replication instances hold them.

    >>> [instances(number) for number in (10, 48, 49, 250)]
    [1, 1, 2, 6]
    """
    return ceil(databases / _HELD)


OF_DELTAS = ("ContinueChain", "NextStep")
"""The states that only runs with deltas come to."""


def way_through(machine: Mapping[str, Any], through: Collection[str] = ()) -> list[str]:
    """The states of a run that goes well, each once: a Choice takes the first way that leads on, or one that is named
    in *through*.

    >>> way_through(load("database-run"))[-3:]
    ['Conclude', 'IsConcluded', 'Done']
    >>> way_through(load("database-run"), OF_DELTAS)[:4]
    ['ClaimDatabase', 'IsClaimed', 'ContinueChain', 'CanContinue']
    """
    name, taken = machine["StartAt"], []
    while name:
        taken.append(name)
        state = machine["States"][name]
        ways = [*(one["Next"] for one in state.get("Choices", ())), state.get("Default"), state.get("Next")]
        left = [way for way in ways if way is not None and way not in taken]
        name = next((way for way in left if way in through), left[0] if left else None)
    return taken


def _count(names: list[str], states: Mapping[str, Any], kind: str) -> int:
    return sum(states[name]["Type"] == kind for name in names)


def transitions(fleet: Fleet) -> tuple[int, int]:
    """State transitions and calls of functions, in one night.

    >>> transitions(Fleet(10))
    (1764, 622)
    """
    machine = load("database-run")
    way = way_through(machine)
    # A further look is Wait, Task and Choice.
    looks = _count_looks(fleet.minutes_each * 60, fleet.databases) - 1 + fleet.loads_polled - 1
    each = len(way) + 3 * looks
    called = _count(way, machine["States"], "Task") + looks
    # PlanRun, EachLane and CloseRun; a Map for each lane; a Wait, a Task and a Pass for each database.
    night = 3 + instances(fleet.databases) + (each + 3) * fleet.databases
    return night, 2 + called * fleet.databases


@dataclass(frozen=True)
class Deltas:
    """Databases of which a schedule brings the changes every *minutes*, and no table in full.

    *looks*: at a task, which stops by itself; *loads_polled*: how often Snowflake is asked.
    """

    databases: int
    minutes: int = 5
    looks: int = 2
    loads_polled: int = 2

    @property
    def runs(self) -> int:
        """In a month of 30 days."""
        return 30 * 24 * 60 // self.minutes


def delta_transitions(deltas: Deltas) -> tuple[int, int]:
    """State transitions and calls of functions, in one run.

    >>> delta_transitions(Deltas(10))
    (424, 182)
    """
    machine = load("database-run")
    way = way_through(machine, OF_DELTAS)
    looks = deltas.looks - 1 + deltas.loads_polled - 1
    called = _count(way, machine["States"], "Task") + looks
    run = 3 + instances(deltas.databases) + (len(way) + 3 * looks + 3) * deltas.databases
    return run, 2 + called * deltas.databases


def delta_items(deltas: Deltas) -> Iterator[Item]:
    """What a month of them costs beyond the nights: the instances run anyway."""
    moved, called = (one * deltas.runs for one in delta_transitions(deltas))
    yield from _by_calls(Fleet(deltas.databases), moved, called)


def _count_looks(seconds: float, databases: int) -> int:
    """At a task that takes so long: as PollTask does, rarer the longer it has run."""
    planned, looks, passed = choose_look_seconds(instances(databases), run_pace(Limits())), 0, 0
    while passed < seconds:
        passed += next_look_seconds(planned, passed, Limits().task_deadline_seconds + 1)
        looks += 1
    return looks


def items(fleet: Fleet) -> Iterator[Item]:
    """The bill of a month, the dearest kinds first."""
    settings = fleet.settings
    machines = instances(fleet.databases) * (2 if settings.replication.multi_az else 1)
    moved, called = (one * fleet.nights for one in transitions(fleet))
    files = fleet.databases * fleet.tables_each * fleet.nights
    kept = fleet.databases * fleet.gigabytes_each * fleet.nights / 30 * settings.landing_retention_days
    yield Item("DMS, instances", machines * HOURS, INSTANCE_HOUR)
    yield Item("DMS, their disks", machines * settings.replication.storage_gigabytes, INSTANCE_STORAGE)
    yield Item("S3, Parquet kept", kept, STORAGE)
    yield from _by_calls(fleet, moved, called)
    yield Item("KMS", 2, KEY)
    yield Item("Secrets Manager", ceil(fleet.databases / fleet.databases_per_server), SECRET)
    yield Item("S3, files written", files, None, "PUT requests")
    yield Item("Secrets Manager's endpoint", 2 * HOURS, None, "hours in two zones")
    yield Item("CloudWatch, logs", called * 2 / 1_000_000, None, "GB, at 2 KB a call")


def _by_calls(fleet: Fleet, moved: float, called: float) -> Iterator[Item]:
    """What is paid for *moved* transitions and *called* functions."""
    megabytes = fleet.settings.functions.memory_megabytes
    yield Item("Step Functions", moved, TRANSITION)
    yield Item("Lambda, compute", called * fleet.seconds_called * megabytes / 1024, COMPUTE)
    yield Item("Lambda, calls", called, CALL)
    yield Item("DynamoDB, writes", called * fleet.writes_called, WRITE)
    yield Item("DynamoDB, reads", called * fleet.reads_called, READ)


def total(fleet: Fleet) -> float:
    """US dollars a month, without what has no price here.

    >>> round(total(Fleet(10)))
    188
    """
    return sum(one.dollars or 0 for one in items(fleet))


def total_of_frankfurt(fleet: Fleet) -> float:
    """How much of `total` is reckoned with prices that hold in Frankfurt.

    >>> round(total_of_frankfurt(Fleet(10)), 2)
    3.32
    """
    return sum(one.dollars or 0 for one in items(fleet) if one.price and one.price.holds_in_frankfurt)


def warehouse_credits(fleet: Fleet) -> float:
    """Snowflake's credits a month: 5 seconds for each table, 8 at once, on a warehouse of one credit an hour.

    Source: docs/facts/snowflake.md 3.4 (12,000 tables a night are about 2 credits).

    >>> round(warehouse_credits(Fleet(250)), 1)
    62.5
    """
    return fleet.databases * fleet.tables_each * 5 / 8 / 3600 * fleet.nights
