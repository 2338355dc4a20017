"""One run of many databases against an account's limits, on a clock that moves by waits alone, so that what a run's
length comes from is waiting and nothing else: work costs no time, however slow the machine is.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fleet.databases import Registry
from fleet.forecast import Bound, Capacity, Job, find_bounds
from fleet.outcomes import Outcome
from fleet.pace import run_pace
from fleet.plan import Plan
from local.cloud import LocalCloud
from local.faults.calls import current_invocation
from local.night import Night
from localcloud.cloud import AccountLimits
from localcloud.dms.requests.throttle import AWS_RATE
from localcloud.dms.resources import Delays
from localcloud.in_process_transport import AwsError
from localcloud.servers.postgres import EmbeddedPostgres
from localcloud.throttling import Rate

_LONGEST_SECONDS = 1200
_ASK_FOR_ONE = frozenset({"PlanRun", "PrepareTask", "PointEndpoint", "StartTask"})
"""States that describe tasks for their own database alone. PrepareTask looks while a task is modified, too."""


@dataclass(frozen=True)
class Neighbour:
    """Somebody else in the account, who asks DMS *per_second* from *begins_after* on, for *seconds*."""

    per_second: float
    begins_after: float
    seconds: float


@dataclass(frozen=True)
class Account:
    """The limits of an account. *task_seconds*: how long each task takes at DMS before it moves its rows."""

    dms_rate: Rate = AWS_RATE
    task_seconds: float = 20
    lambda_at_once: int = 1_000
    lambda_seconds: float = 0
    neighbour: Neighbour | None = None


@dataclass
class Requests:
    """Requests to DMS that were answered or *refused*, by the state that made them; those of others are `neighbour`.

    *looks*: those of them that describe an instance's tasks or connections for all its databases.
    """

    made: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    looks: int = 0


@dataclass(frozen=True)
class Paced:
    """How a run went. *seconds*: on the run's clock; *wall_seconds*: on this machine's. *bound*: the least that its
    requests, instances and the longest database allow together."""

    outcomes: tuple[Outcome, ...]
    status: str
    seconds: float
    wall_seconds: float
    bound: Bound
    requests: Requests
    databases: int

    @property
    def ratio(self) -> float:
        """Length by bound."""
        return self.seconds / self.bound.seconds

    @property
    def ok(self) -> int:
        """Databases that ended ok."""
        return sum(outcome.outcome == "ok" for outcome in self.outcomes)

    @property
    def answered(self) -> int:
        """Requests of the run's that DMS answered."""
        return sum(calls for state, calls in self.requests.made.items() if state != "neighbour")

    @property
    def waited(self) -> Counter[str]:
        """Seconds in all that databases waited, by what for."""
        waited: Counter[str] = Counter()
        for outcome in self.outcomes:
            waited.update(turn=outcome.waited.turn, throttled=outcome.waited.throttled, server=outcome.waited.server)
        return waited


def for_account(registry: Registry, account: Account) -> Registry:
    """The registry of a fleet in *account*, on instances that bear 16 databases each, whatever is known of them."""
    settings = registry.settings
    limits = replace(
        settings.limits,
        dms_requests_at_once=account.dms_rate.burst,
        dms_requests_per_second=int(account.dms_rate.per_second),
        lambda_at_once=account.lambda_at_once,
        dms_endpoints=max(1_000, 2 * len(registry.databases)),
        dms_tasks=max(600, len(registry.databases)),
    )
    replication = replace(settings.stack.replication, instance_class="dms.r6i.4xlarge", sizes=())
    stack = replace(settings.stack, replication=replication)
    return replace(registry, settings=replace(settings, limits=limits, stack=stack))


def run(server: EmbeddedPostgres, registry: Registry, folder: Path, account: Account) -> Paced:
    """A full run over all of *registry*'s databases."""
    registry = for_account(registry, account)
    night = Night("paced")
    secrets = {one.secret: server.secret("postgres") for one in registry.servers}
    requests = Requests()
    limits = AccountLimits(
        dms_rate=account.dms_rate,
        dms_delays=Delays(starting_task=account.task_seconds),
        lambda_at_once=account.lambda_at_once,
        lambda_seconds=account.lambda_seconds,
    )
    with (
        TemporaryDirectory(dir=folder) as scratch,
        LocalCloud(Path(scratch), registry, secrets, clock="frozen", limits=limits, on_status=night.hear) as cloud,
    ):
        _count(cloud, requests)
        began, began_wall = cloud.clock.monotonic(), time.monotonic()
        if account.neighbour:
            cloud.clock.spawn(_ask(cloud, account.neighbour))
        night.start(cloud)
        while not night.wait(5):
            if time.monotonic() - began_wall > _LONGEST_SECONDS:
                raise TimeoutError(f"the run did not end in {_LONGEST_SECONDS} s")
        seconds, wall = cloud.clock.monotonic() - began, time.monotonic() - began_wall
        outcomes = tuple(night.outcomes())
        plan = cloud.clients.records.find_plan(night.run)
        assert plan is not None  # noqa: S101  it ran
        bound = _bound(outcomes, plan, registry, requests)
        return Paced(outcomes, night.describe().status, seconds, wall, bound, requests, len(registry.databases))


async def _ask(cloud: LocalCloud, neighbour: Neighbour) -> None:
    await asyncio.sleep(neighbour.begins_after)
    for _ in range(int(neighbour.seconds * neighbour.per_second)):
        await asyncio.sleep(1 / neighbour.per_second)
        cloud.clock.work(_describe, cloud)


def _describe(cloud: LocalCloud) -> None:
    try:
        cloud.dms.answer("DescribeReplicationInstances", {})
    except AwsError:
        return


def _count(cloud: LocalCloud, requests: Requests) -> None:
    """Count what DMS is asked from now on, by who asks."""
    answer = cloud.dms.answer

    def counted(operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        invocation = current_invocation()
        who = invocation.state if invocation else "neighbour"
        try:
            answered = answer(operation, parameters)
        except AwsError as error:
            requests.refused[who] += error.code == "ThrottlingException"
            requests.made[who] += error.code != "ThrottlingException"
            raise
        requests.made[who] += 1
        requests.looks += operation in {"DescribeReplicationTasks", "DescribeConnections"} and who not in _ASK_FOR_ONE
        return answered

    cloud.aws.serve("dms", cloud.faults.dms(counted))


def _bound(outcomes: tuple[Outcome, ...], plan: Plan, registry: Registry, requests: Requests) -> Bound:
    """The least length: what DMS answers of these requests at the runs' pace, what each instance's places allow, the
    longest database. A database's time is that of its attempt, without what it waited for others."""

    def seconds_of(outcome: Outcome) -> float:
        began = outcome.marks[0].at if outcome.marks else outcome.started_at
        lasted = datetime.fromisoformat(outcome.ended_at) - datetime.fromisoformat(began)
        return max(1.0, lasted.total_seconds() - outcome.waited.turn - outcome.waited.throttled)

    instances = {one.id: one.instance for one in registry.databases}
    jobs = [Job(one.database, instances[one.database], "", seconds_of(one)) for one in outcomes]
    pace = run_pace(registry.settings.limits)
    capacity = Capacity({lane.instance: lane.at_once for lane in plan.lanes}, {}, pace)
    answered = sum(calls for state, calls in requests.made.items() if state != "neighbour")
    by_requests = Bound(max(0.0, pace.seconds_for(answered - pace.burst)), "requests")
    return max((by_requests, *find_bounds(jobs, capacity)), key=lambda bound: bound.seconds)
