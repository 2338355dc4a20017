"""Who may act on a database: its claim, when the claim may be taken over, and how an execution waits for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fleet.attempts import covers
from fleet.databases import Limits
from fleet.outcome_record import OutcomeRecord
from fleet.waits import longest_attempt_seconds, next_look_seconds

SHORTEST_WAIT_SECONDS = 30
LONGEST_PLACE_LOOK_SECONDS = 60
"""Between two looks for a place at the server: twice the shortest pause, so that who waits long hardly comes later."""
LONGEST_LAMBDA = timedelta(seconds=900)
"""A dying function may act for so long after its execution ended."""
RUNS = "which runs"
"""Why the claim of a living execution cannot be taken over."""


@dataclass(frozen=True)
class Claim:
    """The ledger's item of a database. *number*: of its newest attempt, 0 where there was none.

    *holder*: ARN of the execution that holds the database, empty while none does; *holder_run*: of its run.
    *place_at*: the server at which the database has a place. *takes_joins*: whether the holder, before it ends, still
    looks for runs of mode `delta` that have joined it; *joined_by*: the last one that has. *is_admitted*: whether a run
    has published something of the database, so that it is past the gate (`fleet/gate.py`).
    """

    number: int = 0
    holder: str = ""
    holder_run: str = ""
    place_at: str = ""
    takes_joins: bool = False
    joined_by: str = ""
    is_admitted: bool = False


_JOINED = "joined: "


def say_joined(claim: Claim) -> str:
    """Why a delta was not made that was due while another run held the *claim*, and who makes it.

    >>> print(say_joined(Claim(3, "arn:other", "nightly")))
    joined: run nightly holds it (arn:other), and reads what has changed once more before it ends.
    """
    holder = f"run {claim.holder_run} holds it ({claim.holder})"
    return f"{_JOINED}{holder}, and reads what has changed once more before it ends."


def is_joined(words: str) -> bool:
    """Whether *words*, why an attempt was not made, are those of `say_joined`.

    >>> is_joined(say_joined(Claim())), is_joined("claimed: attempt 1 holds it")
    (True, False)
    """
    return words.startswith(_JOINED)


def find_acting(status: str, ended_at: datetime | None, now: datetime) -> str:
    """Why a holder whose execution has *status* may still act by itself, or nothing if it cannot.

    *ended_at*: None while it runs, and where Step Functions has forgotten it.

    >>> now = datetime(2026, 11, 30, 3, 0)
    >>> find_acting("RUNNING", None, now), find_acting("GONE", None, now)
    ('which runs', '')
    >>> find_acting("ABORTED", datetime(2026, 11, 30, 2, 50), now)
    'which ended ABORTED less than 0:15:00 ago, so that a function of it may still act'
    >>> find_acting("ABORTED", datetime(2026, 11, 30, 2, 45), now)
    ''
    """
    if status == "RUNNING":
        return RUNS
    if ended_at is not None and now - ended_at < LONGEST_LAMBDA:
        return f"which ended {status} less than {LONGEST_LAMBDA} ago, so that a function of it may still act"
    return ""


def find_left_moving(status: str, task_statuses: Iterable[str]) -> str:
    """Why the claim of an execution that ended with *status* must wait: a task of the database moves. Else nothing.

    >>> find_left_moving("FAILED", ["running"]), find_left_moving("FAILED", [])
    ('which ended FAILED and left a task running', '')
    """
    return next((f"which ended {status} and left a task {one}" for one in task_statuses), "")


def find_adopted(
    recorded: OutcomeRecord | None,
    recorded_tables: Sequence[str] | None,
    tables: Sequence[str] | None,
    *,
    redrive_count: int,
    since: datetime,
) -> str:
    """Whose outcome of the run is ours too, in words: one that was recorded while we waited. Or nothing.

    *recorded*: the run's outcome of the database, an attempt at *recorded_tables*. *tables*: that we are to move. None
    means all of them. *since*: when our execution started.

    A redriven execution adopts nothing: someone asked for another attempt. Nor is what came of fewer tables than ours
    adopted, unless it made the whole ok.

    >>> late = datetime(2026, 11, 30, 2, 0)
    >>> ok = OutcomeRecord("r", "shop", 2, "ok", "full", "arn:2", "key", late, late)
    >>> began = datetime(2026, 11, 30, 1, 0)
    >>> find_adopted(ok, ["s.t"], None, redrive_count=0, since=began)
    'attempt 2 of this run ended ok meanwhile (arn:2).'
    >>> find_adopted(ok, None, None, redrive_count=1, since=began)
    ''
    >>> find_adopted(ok, None, None, redrive_count=0, since=late)
    ''
    >>> failed = OutcomeRecord("r", "shop", 2, "failed", "full", "arn:2", "key", late, late)
    >>> find_adopted(failed, ["s.t"], None, redrive_count=0, since=began)
    ''
    """
    if redrive_count > 0 or recorded is None or recorded.guessed or recorded.attempt == 0:
        return ""
    if recorded.ended_at <= since or (recorded.outcome != "ok" and not covers(recorded_tables, tables)):
        return ""
    return f"attempt {recorded.attempt} of this run ended {recorded.outcome} meanwhile ({recorded.execution})."


def wait_or_decline(claim: Claim, run: str, why: str, waited_seconds: float, limits: Limits) -> int | str:
    """Seconds until an execution of *run* looks at a held *claim* again, or in words why it waits no longer.

    *why*: the claim cannot be taken over now. A living holder of the same run is waited for as long as an attempt may
    last, a dead one until its task must have stopped; a holder of another run for `claim_wait_seconds`.

    >>> limits = Limits(claim_wait_seconds=900, stop_deadline_seconds=600)
    >>> held = Claim(3, "arn:other", "nightly")
    >>> wait_or_decline(held, "mine", RUNS, 0, limits), wait_or_decline(held, "nightly", RUNS, 2_000, limits)
    (30, 100)
    >>> wait_or_decline(held, "mine", RUNS, 900, limits)
    'claimed: attempt 3 of run nightly holds it (arn:other), which runs; waited 900 s of 900 s.'
    """
    longest = limits.claim_wait_seconds
    if claim.holder_run == run:
        longest = longest_attempt_seconds(limits) if why == RUNS else longest + limits.stop_deadline_seconds
    if waited_seconds < longest:
        return next_look_seconds(SHORTEST_WAIT_SECONDS, waited_seconds, longest + 1)
    return (
        f"claimed: attempt {claim.number} of run {claim.holder_run} holds it ({claim.holder}), {why}; "
        f"waited {waited_seconds:.0f} s of {longest} s."
    )


def place_look_seconds(planned_seconds: int, waited_seconds: float, deadline_seconds: int) -> int:
    """Seconds until the next look for a place, hardly more for those who waited long.

    >>> [place_look_seconds(30, waited, 21_600) for waited in (0, 900, 9_000, 21_595)]
    [30, 45, 60, 6]
    """
    look = next_look_seconds(planned_seconds, waited_seconds, deadline_seconds + 1)
    return min(look, max(planned_seconds, LONGEST_PLACE_LOOK_SECONDS))
