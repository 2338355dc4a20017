"""In which order and lane a run takes its databases, how many at once, and how often DMS is asked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from fleet.databases import Database, Mode, Registry
from fleet.errors import QuotaExceededError
from fleet.pace import Pace, choose_look_seconds, run_pace, seconds_after_planning
from fleet.quotas import (
    DMS_ENDPOINTS,
    DMS_ENDPOINTS_PER_INSTANCE,
    DMS_INSTANCES,
    DMS_TASKS,
    DMS_TASKS_PER_INSTANCE,
    SFN_INLINE_MAP_AT_ONCE,
    Quota,
)

ENDPOINTS_PER_DATABASE = 2
SHORTEST_LOAD_POLL_SECONDS = 5
FEWEST_LOADS = 16
"""Loads in flight of one database, however many run at once: docs/decisions/0004."""
_LOAD_LOOKS_PER_SECOND = 8
"""Of the whole run: as many as loads run at once on a warehouse (`MAX_CONCURRENCY_LEVEL`)."""


@dataclass(frozen=True)
class Lane:
    """The databases of one replication instance, longest first, and how many of them at once."""

    instance: str
    databases: tuple[str, ...]
    at_once: int


@dataclass(frozen=True)
class Plan:
    """What a run will do. *registry_version*: the one every state of the run reads. *planned_at*: ISO time, UTC.

    *poll_seconds*: between two looks at one instance in DMS, whatever its databases wait for there. *offsets*: seconds
    after the planning before which each database does not start, so that DMS answers. *loads_per_database*:
    Snowflake requests in flight for each; *load_poll_seconds*: between two looks at them.
    *chosen*: all databases it answers for, deployed or not. *tables*: for a database of which only some tables are
    rerun, their exact `schema.table` names.
    """

    run: str
    mode: Mode
    registry_version: str
    planned_at: str
    poll_seconds: int
    loads_per_database: int
    lanes: tuple[Lane, ...]
    chosen: tuple[str, ...]
    load_poll_seconds: int = SHORTEST_LOAD_POLL_SECONDS
    offsets: Mapping[str, int] = field(default_factory=dict)
    rerun_of: str | None = None
    tables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def databases(self) -> tuple[str, ...]:
        """All of them, lane by lane."""
        return tuple(database for lane in self.lanes for database in lane.databases)


def plan_lanes(databases: Sequence[Database], measured_seconds: Mapping[str, float], at_once: int) -> tuple[Lane, ...]:
    """One lane an instance; the longest database starts first, as measured the last time, else as the registry says.

    >>> a, b = Database("a", "s", "A", "one", ()), Database("b", "s", "B", "one", (), expected_seconds=60)
    >>> plan_lanes([a, b], {}, 40)
    (Lane(instance='one', databases=('b', 'a'), at_once=40),)
    >>> plan_lanes([a, b], {"a": 99.0}, 40)[0].databases
    ('a', 'b')
    """
    by_instance: dict[str, list[Database]] = defaultdict(list)
    for database in databases:
        by_instance[database.instance].append(database)
    width = min(at_once, SFN_INLINE_MAP_AT_ONCE.value)
    return tuple(
        Lane(
            instance,
            tuple(
                database.id
                for database in sorted(
                    group, key=lambda one: (-measured_seconds.get(one.id, one.expected_seconds), one.id)
                )
            ),
            width,
        )
        for instance, group in sorted(by_instance.items())
    )


def plan_offsets(lanes: Sequence[Lane], seconds: Mapping[str, float], pace: Pace) -> dict[str, int]:
    """When each database may start, in seconds after the planning: at no other time would DMS answer its requests.

    Those go first that can, all lanes together: the first that a lane takes at once, then the next; of them the
    longest.

    >>> lanes = [Lane("one", ("a", "b"), 1), Lane("two", ("c",), 1)]
    >>> plan_offsets(lanes, {"a": 9.0, "b": 8.0, "c": 99.0}, Pace(burst=0, per_second=1))
    {'c': 0, 'a': 7, 'b': 14}
    """
    waves = [
        (place // lane.at_once, -seconds.get(database, 0.0), database)
        for lane in lanes
        for place, database in enumerate(lane.databases)
    ]
    return {database: seconds_after_planning(place, pace) for place, (_, _, database) in enumerate(sorted(waves))}


def choose_load_poll_seconds(lanes: Sequence[Lane]) -> int:
    """How long a database waits between two looks at its loads. The more databases hand off at once, the longer theirs
    queue in Snowflake, and the more looks would be in vain.

    >>> choose_load_poll_seconds([Lane("one", tuple("abc"), 40)])
    5
    >>> choose_load_poll_seconds([Lane(str(n), tuple(map(str, range(48))), 40) for n in range(6)])
    30
    """
    return max(SHORTEST_LOAD_POLL_SECONDS, round(_count_at_once(lanes) / _LOAD_LOOKS_PER_SECOND))


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
    measured_seconds: Mapping[str, float],
    rerun_of: str | None = None,
    tables: Mapping[str, tuple[str, ...]] | None = None,
) -> Plan:
    """The plan over *databases*, those of *chosen* that are deployed; the same input gives the same plan."""
    limits = registry.settings.limits
    pace = run_pace(limits)
    lanes = plan_lanes(databases, measured_seconds, limits.databases_at_once)
    seconds = {one.id: measured_seconds.get(one.id, one.expected_seconds) for one in databases}
    return Plan(
        run=run,
        mode=mode,
        registry_version=registry_version,
        planned_at=planned_at,
        poll_seconds=choose_look_seconds(len(lanes), pace),
        offsets=plan_offsets(lanes, seconds, pace),
        loads_per_database=max(FEWEST_LOADS, limits.loads_in_flight // max(1, _count_at_once(lanes))),
        load_poll_seconds=choose_load_poll_seconds(lanes),
        lanes=lanes,
        chosen=tuple(chosen),
        rerun_of=rerun_of,
        tables=tables or {},
    )


def refuse_oversize(databases: Sequence[Database]) -> None:
    """Refuse a fleet that DMS's quotas do not hold.

    Raises:
        QuotaExceededError: Which quota, by how much, what to do.
    """
    by_instance: dict[str, list[Database]] = defaultdict(list)
    for database in databases:
        by_instance[database.instance].append(database)
    move, divide = "Move some of its databases to another instance.", "Divide it into cells (design.md section 10)."
    require_quota(DMS_INSTANCES, len(by_instance), "the fleet", divide)
    for instance, held in sorted(by_instance.items()):
        require_quota(DMS_ENDPOINTS_PER_INSTANCE, len(held) * ENDPOINTS_PER_DATABASE, f"instance {instance!r}", move)
        require_quota(DMS_TASKS_PER_INSTANCE, _count_tasks(held), f"instance {instance!r}", move)
    require_quota(DMS_ENDPOINTS, len(databases) * ENDPOINTS_PER_DATABASE, "the fleet", divide)
    require_quota(
        DMS_TASKS, _count_tasks(databases), "the fleet", "Have fewer of them do deltas, or divide it into cells."
    )


def _count_tasks(databases: Iterable[Database]) -> int:
    return sum(len(database.modes) for database in databases)


def require_quota(quota: Quota, needed: int, what: str, remedy: str) -> None:
    """Refuse *what*, which needs more than *quota* holds.

    Raises:
        QuotaExceededError: Which quota, by how much, and *remedy*.
    """
    if needed > quota.value:
        raise QuotaExceededError(
            f"{what} needs {needed:,} of at most {quota.value:,} {quota.what}: {needed - quota.value:,} too many.",
            remedy=remedy,
        )
