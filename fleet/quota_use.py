"""What a fleet takes of DMS's quotas, and the refusal of one that they do not hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from fleet.databases import Database, Limits
from fleet.errors import QuotaExceededError
from fleet.quotas import (
    DMS_ENDPOINTS,
    DMS_ENDPOINTS_PER_INSTANCE,
    DMS_INSTANCES,
    DMS_TASKS,
    DMS_TASKS_PER_INSTANCE,
    Quota,
)

ENDPOINTS_PER_DATABASE = 2


@dataclass(frozen=True)
class QuotaUse:
    """How much of *quota* is *used* by *what*, and the *remedy* where that is too much."""

    quota: Quota
    used: int
    what: str
    remedy: str

    @property
    def percent(self) -> float:
        """How full it is."""
        return 100 * self.used / self.quota.value


def count_use(databases: Sequence[Database], limits: Limits) -> Iterator[QuotaUse]:
    """What *databases* take of each quota of DMS, those of every instance first by name. *limits*: of the account."""
    by_instance: dict[str, list[Database]] = defaultdict(list)
    for database in databases:
        by_instance[database.instance].append(database)
    move, divide = "Move some of its databases to another instance.", "Divide it into cells (docs/design.md 10)."
    yield QuotaUse(DMS_INSTANCES, len(by_instance), "the fleet", divide)
    for instance, held in sorted(by_instance.items()):
        name = f"instance {instance!r}"
        yield QuotaUse(DMS_ENDPOINTS_PER_INSTANCE, len(held) * ENDPOINTS_PER_DATABASE, name, move)
        yield QuotaUse(DMS_TASKS_PER_INSTANCE, _count_tasks(held), name, move)
    yield QuotaUse(
        replace(DMS_ENDPOINTS, value=limits.dms_endpoints), len(databases) * ENDPOINTS_PER_DATABASE, "the fleet", divide
    )
    fewer = "Have fewer of them do deltas, or divide it into cells."
    yield QuotaUse(replace(DMS_TASKS, value=limits.dms_tasks), _count_tasks(databases), "the fleet", fewer)


def _count_tasks(databases: Iterable[Database]) -> int:
    return sum(len(database.modes) for database in databases)


def require_size(databases: Sequence[Database], limits: Limits) -> None:
    """Refuse a fleet that DMS's quotas do not hold.

    Raises:
        QuotaExceededError: Which quota, by how much, what to do.
    """
    for use in count_use(databases, limits):
        require_quota(use.quota, use.used, use.what, use.remedy)


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
