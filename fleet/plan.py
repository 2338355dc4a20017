"""In which order and lane a run takes its databases, how many at once, and how often DMS is asked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import ceil

from fleet.blackouts import PREPARING_SECONDS, ReadStart, next_start
from fleet.databases import Database, Limits, Mode, Registry
from fleet.forecast import Bound, Capacity, Forecast, Job, forecast
from fleet.measures import Estimates, Measured, estimate
from fleet.ordering import PlannedStart, order_starts
from fleet.pace import Pace, choose_look_seconds, looks_per_second, run_pace, seconds_after_planning
from fleet.waits import SHORTEST_LOAD_LOOK_SECONDS
from fleet.widths import Demand, Width, choose_instance_width, choose_server_width, demand_of, limit_of

FEWEST_LOADS = 16
"""Loads in flight of one database, however many run at once: docs/decisions/0004."""
_LOAD_LOOKS_PER_SECOND = 8
"""Of the whole run: as many as loads run at once on a warehouse (`MAX_CONCURRENCY_LEVEL`)."""


@dataclass(frozen=True)
class Lane:
    """The databases of one replication instance in the order in which they start, and how many of them at once."""

    instance: str
    databases: tuple[str, ...]
    at_once: int


@dataclass(frozen=True)
class Length:
    """How long a run is expected to take, in seconds, and the *bound* that no order goes below: what decides it.

    *measured*, *expected*, *assumed*: how many of the databases' times were measured, are the registry's, are guesses.
    """

    seconds: float
    bound: Bound
    measured: int
    expected: int
    assumed: int


@dataclass(frozen=True)
class Plan:
    """What a run will do. *registry_version*: the one every state of the run reads. *planned_at*: ISO time, UTC.

    *poll_seconds*: between two looks at one instance in DMS, whatever its databases wait for there. *offsets*: seconds
    after the planning before which each database does not start, so that DMS answers. *loads_per_database*:
    Snowflake requests in flight for each; *load_poll_seconds*: between two looks at them, at most.
    *chosen*: all databases it answers for, deployed or not. *tables*: for a database of which only some tables are
    rerun, their exact `schema.table` names. *sweep*: the tables whose keys are compared after the delta, all of them if
    empty; None for no sweep. *widths*: how many at once, by instance and server, and why. *length*: how
    long it should take, and what decides that. *read_seconds*: how long databases of servers with blackouts are read,
    as far as known.
    """

    run: str
    mode: Mode
    registry_version: str
    planned_at: str
    poll_seconds: int
    loads_per_database: int
    lanes: tuple[Lane, ...]
    chosen: tuple[str, ...]
    load_poll_seconds: int = SHORTEST_LOAD_LOOK_SECONDS
    offsets: Mapping[str, int] = field(default_factory=dict)
    rerun_of: str | None = None
    tables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sweep: tuple[str, ...] | None = None
    widths: tuple[Width, ...] = ()
    length: Length | None = None
    read_seconds: Mapping[str, int] = field(default_factory=dict)

    @property
    def databases(self) -> tuple[str, ...]:
        """All of them, lane by lane."""
        return tuple(database for lane in self.lanes for database in lane.databases)


@dataclass(frozen=True)
class Arrangement:
    """Who runs when, and why. *starts*: in their order over all lanes. *poll_seconds*, *offsets*: as in a plan.

    *held*: the databases that wait for the end of a blackout of their server; *skipped*: those of them
    that would wait for longer than `server_wait_seconds`.
    """

    widths: tuple[Width, ...]
    starts: tuple[PlannedStart, ...]
    lanes: tuple[Lane, ...]
    offsets: Mapping[str, int]
    poll_seconds: int
    estimates: Estimates
    forecast: Forecast
    held: Mapping[str, ReadStart]
    skipped: frozenset[str]


def arrange(
    registry: Registry,
    databases: Sequence[Database],
    measures: Mapping[str, Measured],
    tables: Mapping[str, tuple[str, ...]] | None = None,
    mode: Mode = "full",
    now: datetime | None = None,
) -> Arrangement:
    """Order, widths and offsets for *databases*; the same input gives the same, in whatever order it comes.

    *tables*: of databases that a rerun narrows to them. *now*: when the run begins; None leaves blackouts out. A
    database whose server is in one starts after it, behind all others of its lane, so that it keeps no place from them.
    """
    widths = _choose_widths(registry, databases, measures, tables or {})
    pace = run_pace(registry.settings.limits)
    capacity = Capacity(limit_of(widths, "instance"), limit_of(widths, "server"), pace)
    estimates = estimate(databases, measures, mode)
    jobs = [Job(one.id, one.instance, one.server, estimates.seconds[one.id], one.priority) for one in databases]
    held = _find_held(registry, databases, estimates, mode, now) if now else {}
    waits = {name: (start.at - now).total_seconds() for name, start in held.items()} if now else {}
    free = order_starts([job for job in jobs if job.database not in held], capacity)
    later = sorted(
        (job for job in jobs if job.database in held),
        key=lambda job: (waits[job.database], -job.priority, -job.seconds, job.database),
    )
    starts = (*free, *(PlannedStart(job, waits[job.database]) for job in later))
    by_instance: dict[str, list[Job]] = defaultdict(list)
    for start in starts:
        by_instance[start.job.instance].append(start.job)
    lanes = tuple(
        Lane(instance, tuple(job.database for job in held), capacity.instances[instance])
        for instance, held in sorted(by_instance.items())
    )
    skipped = frozenset(name for name, wait in waits.items() if wait > registry.settings.limits.server_wait_seconds)
    offsets = {  # one that is skipped says so at its turn, and waits for nothing
        name: turn if name in skipped else max(turn, ceil(waits.get(name, 0)))
        for name, turn in choose_offsets(starts, pace).items()
    }
    poll_seconds = choose_look_seconds(len(lanes), pace)
    looks = looks_per_second(len(lanes), poll_seconds)
    played = forecast(by_instance.values(), capacity, offsets, looks)
    return Arrangement(
        widths,
        starts,
        lanes,
        offsets,
        poll_seconds,
        estimates,
        _add_bound_of_blackouts(played, [one for one in starts if one.job.database in held.keys() - skipped]),
        held,
        skipped,
    )


def _add_bound_of_blackouts(played: Forecast, held: Sequence[PlannedStart]) -> Forecast:
    ends = [Bound(one.at + one.job.seconds, "blackout", one.job.database) for one in held]
    return replace(played, bounds=tuple(sorted((*played.bounds, *ends), key=lambda bound: -bound.seconds)))


def _find_held(
    registry: Registry, databases: Sequence[Database], estimates: Estimates, mode: Mode, now: datetime
) -> dict[str, ReadStart]:
    """The databases that may not start *now*, because their server is in a blackout or would be too soon."""
    found = {}
    for one in databases:
        seconds = find_read_seconds(one, estimates, mode, registry.settings.limits) + PREPARING_SECONDS
        start = next_start(registry.server_of(one).blackouts, now, seconds)
        if start.at > now:
            found[one.id] = start
    return found


def find_read_seconds(database: Database, estimates: Estimates, mode: Mode, limits: Limits) -> int:
    """How long *database* is read. Where that is only assumed, a delta reads for as long as it may, and a full load
    counts as nothing, which keeps nobody from starting."""
    if estimates.origins[database.id] != "assumed":
        return ceil(estimates.seconds[database.id])
    return limits.delta_seconds if mode == "delta" else 0


def _choose_widths(
    registry: Registry,
    databases: Sequence[Database],
    measures: Mapping[str, Measured],
    tables: Mapping[str, tuple[str, ...]],
) -> tuple[Width, ...]:
    instances: dict[str, list[Demand]] = defaultdict(list)
    for one in databases:
        narrowed = len(tables[one.id]) if one.id in tables else None
        demand = demand_of(measures.get(one.id), registry.settings.profile_of(one), narrowed)
        instances[one.instance].append(demand)
    known = {server.id: server for server in registry.servers}
    return (
        *(choose_instance_width(name, held, registry.settings) for name, held in sorted(instances.items())),
        *(
            choose_server_width(known[name], registry.profile_at(name))
            for name in sorted({one.server for one in databases})
        ),
    )


def choose_offsets(starts: Sequence[PlannedStart], pace: Pace) -> dict[str, int]:
    """When each database may start, in seconds after the planning: not before DMS's bucket has room for its requests,
    behind those of all that start before it.

    Only those need that which start at once. Who follows on a place that another left may start as soon as the bucket
    has served them: should a place be free earlier than expected, nobody waits for the plan.

    >>> starts = [PlannedStart(Job(name, "one", "s", 9), at) for name, at in (("a", 0), ("b", 0), ("c", 60), ("d", 70))]
    >>> choose_offsets(starts, Pace(burst=0, per_second=1))
    {'a': 0, 'b': 7, 'c': 14, 'd': 14}
    """
    first = sum(start.at == 0 for start in starts)
    return {start.job.database: seconds_after_planning(min(place, first), pace) for place, start in enumerate(starts)}


def choose_load_poll_seconds(lanes: Sequence[Lane]) -> int:
    """How long a database waits between two looks at its loads, once it has waited that long. The more databases hand
    off at once, the longer theirs queue in Snowflake, and the more looks would be in vain.

    >>> choose_load_poll_seconds([Lane("one", tuple("abc"), 40)])
    5
    >>> choose_load_poll_seconds([Lane(str(n), tuple(map(str, range(48))), 40) for n in range(6)])
    30
    """
    return max(SHORTEST_LOAD_LOOK_SECONDS, round(_count_at_once(lanes) / _LOAD_LOOKS_PER_SECOND))


def _count_at_once(lanes: Sequence[Lane]) -> int:
    return sum(min(lane.at_once, len(lane.databases)) for lane in lanes)


def plan_run(
    registry: Registry,
    *,
    run: str,
    mode: Mode,
    registry_version: str,
    planned_at: str,
    databases: Sequence[Database],
    chosen: Sequence[str],
    measures: Mapping[str, Measured],
    rerun_of: str | None = None,
    tables: Mapping[str, tuple[str, ...]] | None = None,
    sweep: tuple[str, ...] | None = None,
) -> Plan:
    """The plan over *databases*, those of *chosen* that are deployed; the same input gives the same plan."""
    arranged = arrange(registry, databases, measures, tables, mode, datetime.fromisoformat(planned_at))
    lanes, estimates = arranged.lanes, arranged.estimates
    in_flight = registry.settings.limits.loads_in_flight
    return Plan(
        run=run,
        mode=mode,
        registry_version=registry_version,
        planned_at=planned_at,
        poll_seconds=arranged.poll_seconds,
        offsets=arranged.offsets,
        loads_per_database=max(FEWEST_LOADS, in_flight // max(1, _count_at_once(lanes))),
        load_poll_seconds=choose_load_poll_seconds(lanes),
        lanes=lanes,
        chosen=tuple(chosen),
        rerun_of=rerun_of,
        tables=tables or {},
        sweep=sweep,
        widths=arranged.widths,
        length=Length(
            arranged.forecast.seconds,
            arranged.forecast.bound,
            estimates.count("measured"),
            estimates.count("expected"),
            estimates.count("assumed"),
        ),
        read_seconds={
            one.id: seconds
            for one in databases
            if registry.server_of(one).blackouts
            and (seconds := find_read_seconds(one, estimates, mode, registry.settings.limits))
        },
    )
