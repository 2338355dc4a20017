"""In which order a run starts its databases: list scheduling, with what instances, servers and DMS's bucket allow."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

from fleet.forecast import CALLS_AFTER_LOAD, Capacity, Job, TokenBucket
from fleet.pace import CALLS_BEFORE_LOAD


@dataclass
class _Lane:
    """What is left of one instance. *ready*: the next database of each server, most urgent first.

    *parked*: the servers that had no place when theirs was next.
    """

    places: int
    left: float
    width: int
    groups: dict[str, deque[tuple[float, Job]]]
    ready: list[tuple[int, float, str, str]] = field(default_factory=list)
    parked: set[str] = field(default_factory=set)

    def offer(self, server: str) -> None:
        """Let the next database of *server* be chosen."""
        if self.groups[server]:
            urgency, job = self.groups[server][0]
            heappush(self.ready, (-job.priority, -urgency, job.database, server))


@dataclass(frozen=True)
class PlannedStart:
    """A database of a planned run. *at*: in seconds after the planning, 0 for all that start at once."""

    job: Job
    at: float


def order_starts(jobs: Sequence[Job], capacity: Capacity) -> list[PlannedStart]:
    """All of *jobs* in the order in which they start. Whenever there is room, the most urgent starts of those that may:
    its instance has a place, its server has one.

    A higher priority counts before urgency, in the lane, at the server and for DMS's requests. So a short database of a
    high priority can hold up a long one, and the run lasts longer; it keeps no place free for one that may not start.

    >>> from dataclasses import replace
    >>> from fleet.pace import Pace
    >>> capacity = Capacity({"i": 2}, {"capped": 1}, Pace(burst=100, per_second=8))
    >>> jobs = [Job("a", "i", "capped", 9), Job("b", "i", "capped", 8), Job("c", "i", "other", 1)]
    >>> [(start.job.database, start.at) for start in order_starts(jobs, capacity)]
    [('a', 0.0), ('c', 0.0), ('b', 9.0)]
    >>> first = replace(jobs[2], server="capped", priority=1)
    >>> [(start.job.database, start.at) for start in order_starts([*jobs[:2], first], capacity)]
    [('c', 0.0), ('a', 1.0), ('b', 10.0)]
    """
    lanes = _open_lanes(jobs, capacity)
    free: dict[str, float] = defaultdict(lambda: float("inf"), capacity.servers)
    parked: dict[str, set[str]] = defaultdict(set)
    bucket = TokenBucket(capacity.pace)
    starts, ends = list[PlannedStart](), list[tuple[float, int, str, Job]]()

    def start_all(instances: Sequence[str], now: float) -> None:
        candidates = [_candidate(lanes, one) for one in instances if lanes[one].places and lanes[one].ready]
        heapify(candidates)
        while candidates:
            *_, instance = heappop(candidates)
            lane = lanes[instance]
            *_, server = heappop(lane.ready)
            if free[server] > 0:
                _, job = lane.groups[server].popleft()
                lane.offer(server)
                lane.places, lane.left, free[server] = lane.places - 1, lane.left - job.seconds, free[server] - 1
                starts.append(PlannedStart(job, now))
                ends_at = bucket.take(now, CALLS_BEFORE_LOAD) + job.seconds
                heappush(ends, (ends_at, len(starts), "has moved", job))
            else:
                lane.parked.add(server)
                parked[server].add(instance)
            if lane.places and lane.ready:
                heappush(candidates, _candidate(lanes, instance))

    def wake(instance: str, server: str) -> None:
        lanes[instance].parked.remove(server)
        parked[server].remove(instance)
        lanes[instance].offer(server)

    start_all(sorted(lanes), 0.0)
    while ends:
        now, place, what, job = heappop(ends)
        if what == "has moved":
            heappush(ends, (bucket.take(now, CALLS_AFTER_LOAD), place, "ends", job))
            continue
        lane = lanes[job.instance]
        lane.places, free[job.server] = lane.places + 1, free[job.server] + 1
        for server in [one for one in lane.parked if free[one] > 0]:
            wake(job.instance, server)
        # One place of the server: one of the other lanes can take it.
        others = [(*_urgency(lanes[one], job.server), one) for one in parked[job.server] if lanes[one].places]
        other = min(others)[-1:] if others else ()
        for instance in other:
            wake(instance, job.server)
        start_all((job.instance, *other), now)
    return starts


def _open_lanes(jobs: Sequence[Job], capacity: Capacity) -> dict[str, _Lane]:
    by_instance: dict[str, dict[str, deque[tuple[float, Job]]]] = defaultdict(lambda: defaultdict(deque))
    for urgency, job in _by_urgency(jobs, capacity.servers):
        by_instance[job.instance][job.server].append((urgency, job))
    lanes = {}
    for instance, groups in by_instance.items():
        held = [job.seconds for group in groups.values() for _, job in group]
        width = capacity.instances.get(instance, len(held))
        lanes[instance] = _Lane(width, sum(held), width, groups)
        for server in groups:
            lanes[instance].offer(server)
    return lanes


def _by_urgency(jobs: Sequence[Job], servers: Mapping[str, int]) -> list[tuple[float, Job]]:
    """*jobs*, those of the highest priority first and of one priority the longest, each with its urgency in seconds:
    its own length, or if that is more the time that its server needs for it and all that come after it there. A server
    that few may read at once is begun with early.
    """
    left: dict[str, float] = defaultdict(float)
    urgent = []
    for job in sorted(jobs, key=lambda job: (-job.priority, -job.seconds, job.database))[::-1]:
        left[job.server] += job.seconds
        urgent.append((max(job.seconds, left[job.server] / servers.get(job.server, len(jobs))), job))
    return urgent[::-1]


def _candidate(lanes: Mapping[str, _Lane], instance: str) -> tuple[int, float, float, str, str]:
    """The lane goes first whose next database has the highest priority; of these the one that has the most left per
    place, or whose next database is more urgent than that."""
    lane = lanes[instance]
    *_, database, server = lane.ready[0]
    return (*_urgency(lane, server), database, instance)


def _urgency(lane: _Lane, server: str) -> tuple[int, float, float]:
    urgency, job = lane.groups[server][0]
    return -job.priority, min(-urgency, -lane.left / lane.width), -urgency
