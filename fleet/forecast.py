"""How long a run will take: what it does, played through in seconds, and the length that no order could go below."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from itertools import accumulate
from typing import Literal

from fleet.pace import CALLS_BEFORE_LOAD, CALLS_PER_DATABASE, Pace

CALLS_AFTER_LOAD = CALLS_PER_DATABASE - CALLS_BEFORE_LOAD


@dataclass(frozen=True)
class Job:
    """One database of a run. *seconds*: how long it takes once its requests are answered. *priority*: a higher one
    starts earlier.
    """

    database: str
    instance: str
    server: str
    seconds: float
    priority: int = 0


@dataclass(frozen=True)
class Capacity:
    """How much at once: databases by *instances* and *servers*, any number where one is missing; requests by *pace*."""

    instances: Mapping[str, int]
    servers: Mapping[str, int]
    pace: Pace


@dataclass(frozen=True)
class Span:
    """When a database takes its place in the lane, has its turn at DMS, and is over. Seconds after the planning."""

    starts_at: float
    moves_at: float
    ends_at: float


@dataclass(frozen=True)
class Bound:
    """A length that no order goes below. *by*: what allows no less; *name*: which instance, server or database; of a
    blackout, the database that waits for its end.

    *requests* with a name: the requests before the loads, and then the load of that database.
    """

    seconds: float
    by: Literal["requests", "instance", "server", "database", "blackout"]
    name: str = ""


@dataclass(frozen=True)
class Forecast:
    """*spans*: by database. *bounds*: the highest of each kind, the highest of all first."""

    spans: Mapping[str, Span]
    bounds: tuple[Bound, ...]

    @property
    def seconds(self) -> float:
        """The run's length."""
        return max((span.ends_at for span in self.spans.values()), default=0.0)

    @property
    def bound(self) -> Bound:
        """What decides the length."""
        return self.bounds[0]

    @property
    def percent_above_bound(self) -> float:
        """How much longer than the bound the run takes."""
        return 100 * (self.seconds / self.bound.seconds - 1) if self.bound.seconds else 0.0


@dataclass
class TokenBucket:
    """The token bucket in which requests take turns, as the ledger keeps it (`Ledger.take_turn`)."""

    pace: Pace
    free_at: float = field(default=float("-inf"))

    def take(self, now: float, calls: int) -> float:
        """When *calls* requests may be made that are asked for *now*, behind all that were asked for before."""
        self.free_at = max(self.free_at, now - self.pace.seconds_for(self.pace.burst)) + self.pace.seconds_for(calls)
        return max(now, self.free_at)


def forecast(
    lanes: Iterable[Sequence[Job]],
    capacity: Capacity,
    offsets: Mapping[str, int] | None = None,
    looks_per_second: float = 0.0,
) -> Forecast:
    """What becomes of *lanes*, each in its order: a place of the instance first, then one of the server, then the
    requests, by turns. A database that waits for its server keeps its place in the lane.

    *offsets*: before which a database does not start. *looks_per_second*: requests that looks at instances take.

    >>> two = [Job("a", "one", "s", 60), Job("b", "one", "s", 30)]
    >>> seen = forecast([two], Capacity({"one": 1}, {}, Pace(burst=100, per_second=8)))
    >>> seen.spans["b"], seen.bound
    (Span(starts_at=60.0, moves_at=60.0, ends_at=90.0), Bound(seconds=90.0, by='instance', name='one'))
    """
    waiting = {jobs[0].instance: deque(jobs) for jobs in lanes if jobs}
    everything = [job for jobs in waiting.values() for job in jobs]
    pace = replace(capacity.pace, per_second=capacity.pace.per_second - looks_per_second)
    spans = _play(waiting, replace(capacity, pace=pace), offsets or {})
    return Forecast(spans, find_bounds(everything, capacity))


def _play(lanes: Mapping[str, deque[Job]], capacity: Capacity, offsets: Mapping[str, int]) -> dict[str, Span]:
    bucket, spans = TokenBucket(capacity.pace), dict[str, Span]()
    began, moved = dict[str, float](), dict[str, float]()
    free: dict[str, float] = defaultdict(lambda: float("inf"), capacity.servers)
    queues: dict[str, deque[Job]] = defaultdict(deque)
    events: list[tuple[float, int, str, Job]] = []
    count = 0

    def note(at: float, what: str, job: Job) -> None:
        nonlocal count
        count += 1
        heappush(events, (at, count, what, job))

    def begin_next(instance: str, now: float) -> None:
        if lanes[instance]:
            job = lanes[instance].popleft()
            began[job.database] = max(now, float(offsets.get(job.database, 0)))
            note(began[job.database], "begins", job)

    def move(job: Job, now: float) -> None:
        moved[job.database] = bucket.take(now, CALLS_BEFORE_LOAD)
        note(moved[job.database] + job.seconds, "has moved", job)

    for instance in lanes:
        for _ in range(capacity.instances.get(instance, len(lanes[instance]))):
            begin_next(instance, 0.0)
    while events:
        now, _, what, job = heappop(events)
        if what == "begins":
            if free[job.server] > 0:
                free[job.server] -= 1
                move(job, now)
            else:
                queues[job.server].append(job)
        elif what == "has moved":
            note(bucket.take(now, CALLS_AFTER_LOAD), "ends", job)
        else:
            spans[job.database] = Span(began[job.database], moved[job.database], now)
            if queues[job.server]:
                move(queues[job.server].popleft(), now)
            else:
                free[job.server] += 1
            begin_next(job.instance, now)
    return spans


def find_bounds(jobs: Sequence[Job], capacity: Capacity) -> tuple[Bound, ...]:
    """The highest bound of each kind, the highest of all first."""
    longest = max(jobs, key=lambda job: job.seconds, default=Job("", "", "", 0.0))
    bounds = (
        Bound(float(longest.seconds), "database", longest.database),
        _highest("instance", [(job.instance, job.seconds) for job in jobs], capacity.instances),
        _highest("server", [(job.server, job.seconds) for job in jobs], capacity.servers),
        _bound_of_requests(jobs, capacity.pace),
    )
    return tuple(sorted(bounds, key=lambda bound: -bound.seconds))


def _bound_of_requests(jobs: Sequence[Job], pace: Pace) -> Bound:
    """Until the bucket has answered all requests; or those before the loads, the longest load first, and then the load.

    >>> _bound_of_requests([Job("a", "i", "s", 50), Job("b", "i", "s", 40)], Pace(burst=0, per_second=1))
    Bound(seconds=57.0, by='requests', name='a')
    """
    answered = max(0.0, pace.seconds_for(len(jobs) * CALLS_PER_DATABASE - pace.burst))
    loaded = (
        Bound(
            max(0.0, pace.seconds_for(place * CALLS_BEFORE_LOAD - pace.burst)) + job.seconds, "requests", job.database
        )
        for place, job in enumerate(sorted(jobs, key=lambda job: -job.seconds), 1)
    )
    return max((Bound(answered, "requests"), *loaded), key=lambda bound: bound.seconds)


def _highest(
    by: Literal["instance", "server"], seconds: Iterable[tuple[str, float]], places: Mapping[str, int]
) -> Bound:
    groups: dict[str, list[float]] = defaultdict(list)
    for name, one in seconds:
        groups[name].append(one)
    bounds = (Bound(bound_of_places(group, places[name]), by, name) for name, group in groups.items() if name in places)
    return max(bounds, key=lambda bound: bound.seconds, default=Bound(0.0, by))


def bound_of_places(seconds: Iterable[float], places: int) -> float:
    """Until *places* have done it all: the sum through the places; and, since of the k * places + 1 longest k + 1 share
    a place, the sum of the k + 1 shortest of those.

    >>> bound_of_places([10, 10, 10], 2), bound_of_places([9, 1, 1], 2), bound_of_places([5], 2)
    (20, 9.0, 5.0)
    """
    longest_first = sorted(seconds, reverse=True)
    sums = [0.0, *accumulate(longest_first)]
    shared = (sums[k * places + 1] - sums[k * places - k] for k in range((len(longest_first) - 1) // places + 1))
    return max(sums[-1] / places, *shared, 0.0)
