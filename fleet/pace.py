"""How runs share DMS's request bucket: requests take turns in one queue of the ledger, before they are made.

The bucket belongs to the account (`DMS_API_BURST`, `DMS_API_PER_SECOND`). A run takes a stated share of what flows into
it, and at most half of what it stores: the rest is for people, deployments and other tools.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from fleet.databases import Limits

CALLS: Mapping[str, int] = MappingProxyType(
    {
        "ContinueChain": 1,  # both tasks; of a delta alone, whose chain may need another task
        "PrepareTask": 1,  # the task with its texts; one more where the tables are not those of the last run
        "PointEndpoint": 2,  # both tasks at rest; the change of the endpoint
        "AwaitConnection": 1,  # the test of the target; the source's too, as long as it never had one
        "StartTask": 3,  # both tasks, both endpoints, the start
        "SealFolder": 1,  # the statistics of up to 500 tables; one more, a test, where the source does not count all
    }
)
"""Requests to DMS that each state makes for one database in an attempt, at its first entry; no other state makes any.

What states look for while they wait is read once for all databases of an instance (`lambdas/lane_looks.py`).
"""
CALLS_PER_DATABASE = sum(CALLS.values()) - CALLS["ContinueChain"]
"""In a full run."""
CALLS_BEFORE_LOAD = CALLS_PER_DATABASE - CALLS["SealFolder"]
LOOK_KINDS = 2
"""What is looked at on an instance, one request each: its tasks, its connections."""

_SHARE_OF_STORE = 0.5
_SHARE_OF_LOOKS = 0.2
_SHORTEST_LOOK_SECONDS = 10


@dataclass(frozen=True)
class Pace:
    """What runs may ask of DMS: *burst* requests at once, *per_second* from then on."""

    burst: float
    per_second: float

    def seconds_for(self, calls: float) -> float:
        """How long *calls* requests take once the burst is spent."""
        return calls / self.per_second


def run_pace(limits: Limits) -> Pace:
    """The runs' share of the account's bucket.

    >>> run_pace(Limits())
    Pace(burst=100.0, per_second=7.2)
    """
    return Pace(
        burst=limits.dms_requests_at_once * _SHARE_OF_STORE,
        per_second=limits.dms_requests_per_second * limits.dms_share_percent / 100,
    )


def choose_look_seconds(lanes: int, pace: Pace) -> int:
    """The shortest time between two looks at one instance, so that all looks keep to a fifth of the pace.

    >>> [choose_look_seconds(lanes, Pace(100, 7.2)) for lanes in (1, 6, 60)]
    [10, 10, 84]
    """
    return max(_SHORTEST_LOOK_SECONDS, -int(-lanes * LOOK_KINDS // (pace.per_second * _SHARE_OF_LOOKS)))


def looks_per_second(lanes: int, look_seconds: int) -> float:
    """Requests a second that looks at *lanes* instances take at most."""
    return lanes * LOOK_KINDS / look_seconds


def seconds_after_planning(place: int, pace: Pace) -> int:
    """When the database that is *place* in the order of the whole run may start, so that its requests find the bucket
    filled.

    >>> [seconds_after_planning(place, Pace(100, 7.2)) for place in (0, 9, 10, 100)]
    [0, 0, 0, 83]
    """
    return max(0, int(pace.seconds_for(place * CALLS_BEFORE_LOAD - pace.burst)))
