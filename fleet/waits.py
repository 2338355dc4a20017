"""How long a state waits for something, how often it looks, and what it says when the time is up.

Every wait has a bound (docs/decisions/0014). Looks grow rarer, because an execution's history holds 25,000 events
(`SFN_HISTORY_EVENTS`) and each look takes nine of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fleet.databases import Limits
from fleet.failures import Failure, FailureClass

LONGEST_LOOK_SECONDS = 120
"""The longest pause between two looks, unless the run plans a longer one."""
SHORTEST_LOAD_LOOK_SECONDS = 5
_SHARE_OF_WAITED = 20
CANCEL_GRACE_SECONDS = 300
"""How long a cancelled statement may take to end before its table is given up."""
ABANDONED_SECONDS = 3600
"""How long after its deadline Snowflake cancels a statement by itself, if nobody of ours did."""


@dataclass(frozen=True)
class Wait:
    """Something a state waits for. *name*: of the failure that its end without success is, and of the wait itself.

    *missing* says what did not happen, as a clause. *limit*: the field of `Limits` that bounds the wait, in seconds.
    """

    name: str
    missing: str
    limit: str
    failure_class: FailureClass = "unknown"


def seconds_since(at: datetime | None, now: datetime) -> float:
    """Seconds from *at* to *now*; 0 where there is no such time.

    >>> seconds_since(datetime(2026, 11, 29, 22, 0), datetime(2026, 11, 29, 22, 1)), seconds_since(None, datetime.min)
    (60.0, 0.0)
    """
    return (now - at).total_seconds() if at is not None else 0.0


def next_load_look_seconds(planned_seconds: int, waited_seconds: float) -> int:
    """Seconds until the next look at a load, which mostly ends soon: as long as was waited, and at most as planned.

    >>> [next_load_look_seconds(12, waited) for waited in (0, 5, 10, 100)]
    [5, 5, 10, 12]
    """
    return min(planned_seconds, max(SHORTEST_LOAD_LOOK_SECONDS, int(waited_seconds)))


def next_look_seconds(planned_seconds: int, waited_seconds: float, deadline_seconds: float) -> int:
    """Seconds until the next look: as planned at first, then a twentieth of what was waited, never past the deadline.

    >>> [next_look_seconds(10, waited, 3_600) for waited in (0, 200, 1_000, 3_000, 3_590)]
    [10, 10, 50, 120, 10]
    >>> next_look_seconds(300, 1_000, 3_600)
    300
    """
    rarer = min(LONGEST_LOOK_SECONDS, int(waited_seconds) // _SHARE_OF_WAITED)
    return max(1, min(max(planned_seconds, rarer), int(deadline_seconds - waited_seconds)))


def judge_wait(wait: Wait, waited_seconds: float, planned_seconds: int, limits: Limits) -> int | Failure:
    """Seconds until the next look, or the failure once *wait* has lasted longer than its limit.

    >>> wait = Wait("TaskDoesNotStop", "task 'x' did not stop", "stop_deadline_seconds")
    >>> judge_wait(wait, 30, 10, Limits(stop_deadline_seconds=60))
    10
    >>> judge_wait(wait, 61, 10, Limits(stop_deadline_seconds=60)).text
    "task 'x' did not stop: waited 61 s of 60 s (stop_deadline_seconds)."
    """
    deadline = getattr(limits, wait.limit)
    if waited_seconds <= deadline:
        return next_look_seconds(planned_seconds, waited_seconds, deadline + 1)
    text = f"{wait.missing}: waited {waited_seconds:.0f} s of {deadline:,} s ({wait.limit})."
    return Failure(wait.failure_class, wait.name, text)


def longest_attempt_seconds(limits: Limits) -> int:
    """How long an attempt may last by its limits: claim, hand-off, and one time in which an API refuses it included.

    Not in it: the wait for a place at the server, which comes before the attempt (docs/decisions/0025), and what a
    table takes beyond the load deadline while it queues.

    >>> longest_attempt_seconds(Limits()) < 12 * 3600
    True
    """
    return (
        limits.claim_wait_seconds
        + 2 * limits.modify_deadline_seconds
        + 2 * limits.test_deadline_seconds
        + limits.transaction_wait_seconds
        + limits.delta_seconds
        + limits.task_deadline_seconds
        + limits.stop_deadline_seconds
        + limits.count_deadline_seconds
        + limits.load_deadline_seconds
        + limits.throttle_deadline_seconds
        + CANCEL_GRACE_SECONDS
    )
