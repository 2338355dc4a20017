"""What the ledger keeps of one attempt: every field, its type, what it means and which state writes it.

The attribute in DynamoDB has the field's name; `lambdas/clients/record_items.py` is the one place that converts. A
field without a value has no attribute. Attributes that are not named here are ignored.

Items of the last version are read as they are, with one difference: it kept what PrepareTask could not check as one
text under `gap`, which is read as the first of `gaps` where there are no `gaps`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypedDict

from fleet.attempts import Attempt
from fleet.deltas.chain import Purpose
from fleet.failures import Failure
from fleet.outcomes import Mark, Waited

WaitedFor = Literal["queued_seconds", "throttled_seconds", "server_wait_seconds"]
"""The fields that are added to and never set."""


@dataclass(frozen=True)
class AttemptRecord:
    """One attempt in the ledger. A time is aware and in UTC; None, 0 or empty: not so far.

    The fields stand in the order in which a good attempt comes to them.
    """

    attempt: Attempt
    """Which attempt it is: the item's key, `run`, `mode`, `execution`, `tables`. Written by ClaimDatabase."""
    created_at: datetime
    """When the claim was taken. Written by ClaimDatabase."""
    purpose: Purpose | None = None
    """What it is for, where its execution makes several; else None. Written by ClaimDatabase or NextStep."""
    redrive_count: int = 0
    """How often the execution had been redriven by then. Written by ClaimDatabase."""

    source_answered: bool = False
    """The source gave its catalogue before the load. Written by PrepareTask."""
    gaps: tuple[str, ...] = ()
    """What could not be checked, in words. Begun by ContinueChain and PrepareTask; Reconcile writes all of the
    manifest's."""
    trial: str = ""
    """The one table that it moves, where it is the trial of a new database (`fleet/gate.py`); else empty. Written by
    PrepareTask."""
    task_arn: str = ""
    """The task of the attempt's mode. Written by PrepareTask."""
    instance_arn: str = ""
    """Where that task runs. Written by PrepareTask, and by StartTask where somebody moved the task."""
    source_arn: str = ""
    """The endpoint that it reads. Written by PrepareTask."""
    target_arn: str = ""
    """The endpoint that it writes through. Written by PrepareTask."""
    task_deleted_at: datetime | None = None
    """When DMS was asked to delete the task, to be made anew. Written by ContinueChain."""
    task_made_at: datetime | None = None
    """When DMS was asked to make it. Written by ContinueChain."""
    open_transactions: tuple[str, ...] = ()
    """Those that were open when the wait for their end began; of a full load in a chain. Written by ContinueChain."""
    transactions_seen_at: datetime | None = None
    """When they were first asked for. Written by ContinueChain."""
    task_modified_at: datetime | None = None
    """When DMS was last asked to modify the task. Written by PrepareTask."""
    prepared_at: datetime | None = None
    """When the task was as wanted; the source's rows are counted after that. Written by PrepareTask."""

    pointed_at: datetime | None = None
    """When the S3 endpoint was last modified. Written by PointEndpoint."""

    target_test_sent: datetime | None = None
    """When our test of the S3 endpoint was sent. Written by AwaitConnection; PointEndpoint and StartTask clear it."""
    source_test_sent: datetime | None = None
    """When our test of the source endpoint was sent. Written by AwaitConnection; StartTask clears it."""

    left_by_test: tuple[str, ...] = ()
    """Keys that DMS's tests may have left in the folder, seen before the start. Written by StartTask."""
    started_before: float | None = None
    """The task's last start (epoch seconds) before ours, so that ours is known by a later one. Written by StartTask."""
    started_at: datetime | None = None
    """When DMS was asked to start the task. Written by StartTask."""
    retests: int = 0
    """How often the start sent the attempt back to its connection tests. Written by StartTask."""

    has_mark: bool = False
    """The source has the fleet's mark, and its changes are in the log; of a delta. Written by PrepareTask."""
    marked_at: datetime | None = None
    """When the mark got this attempt's number. Written by PrepareTask."""
    log_place: str = ""
    """Where the source's log ended before the start; of a delta without a mark. Written by PrepareTask."""
    stop_at: datetime | None = None
    """When the task is to stop reading changes by itself; of a delta. Written by StartTask."""

    progress: str = ""
    """`TaskReport.progress` at the last look. Written by PollTask."""
    progress_at: datetime | None = None
    """When that, or `rows_seen`, last changed. Written by PollTask."""
    rows_seen: int = 0
    """Rows that had come when the task last seemed stuck. Written by PollTask."""
    over_at: datetime | None = None
    """When the task was at rest, or was not waited for any more. Written by PollTask."""

    stop_asked_at: datetime | None = None
    """When a task was last asked to stop. Written by StopTask."""

    sealing_since: datetime | None = None
    """When SealFolder had its turn at DMS. Written by SealFolder."""
    seal_test_sent: datetime | None = None
    """When our test of the source after the load was sent. Written by SealFolder."""
    counting_since: datetime | None = None
    """When counting at the source began, where it takes more than one call. Written by SealFolder."""
    sealed_at: datetime | None = None
    """When the manifest was written. Written by SealFolder."""
    folder: str = ""
    """The prefix that is sealed. Written by SealFolder."""
    chain: int = 0
    """The chain that its changes belong to; of a delta. Written by SealFolder."""
    is_closed: bool = False
    """Its folder and those before it may be applied: nothing in them waits for the next; of a delta. Written by
    SealFolder."""
    reaches: datetime | None = None
    """All that was committed at the source before it is in its folder and those before, as far as anybody knows; of a
    delta. Written by SealFolder."""
    checkpoint: str = ""
    """Where the task goes on in the source's log; of a delta. Written by SealFolder."""
    late_noted: bool = False
    """A later attempt has said that objects came to this folder after its seal. Written by that one's SealFolder."""

    loaded_at: datetime | None = None
    """When all loads were over. Written by PollLoads."""

    owes_sweep: bool = False
    """Of a delta: the end of a transaction, of which a part may be lost, makes its run compare keys. Written by
    SealFolder."""

    comparing_since: datetime | None = None
    """When the comparison of keys began; of a delta in a sweep. Written by CompareKeys."""
    compared_at: datetime | None = None
    """When it was over. Written by CompareKeys."""
    is_suspected: bool = False
    """Keys of it differed, which counts only if it stays so after another delta. Written by CompareKeys."""

    failure: Failure | None = None
    """What stopped the attempt; the first stays. Written by the state that found it (`Ledger.note_failure`)."""
    wait_for: str = ""
    """The name of the `Wait` that goes on. Written by each state that waits (`keep_waiting`)."""
    wait_since: datetime | None = None
    """Since when. Written with `wait_for`."""
    turn_of: str = ""
    """The state that has a turn at DMS's request budget before it. Written by each state that asks DMS."""
    turn_at: datetime | None = None
    """When that turn comes. Written with `turn_of`."""
    throttled_since: datetime | None = None
    """Since when an API has throttled the attempt, without a longer pause. Written by each state that asks DMS."""
    throttled_at: datetime | None = None
    """When it last did. Written with `throttled_since`."""
    queued_seconds: int = 0
    """What the attempt waited for turns in all. Added to by each state that asks DMS."""
    throttled_seconds: int = 0
    """What it waited because it was throttled. Added to by each state that asks DMS."""
    server_wait_seconds: int = 0
    """What it waited for a place at its server. Written by ClaimDatabase, added to by StartTask."""

    @property
    def changed_at(self) -> datetime:
        """When the attempt last did what a task's status follows from: what was seen before says nothing."""
        done = (
            self.created_at,
            self.task_deleted_at,
            self.task_made_at,
            self.task_modified_at,
            self.started_at,
            self.stop_asked_at,
        )
        return max(at for at in done if at is not None)

    @property
    def marks(self) -> tuple[Mark, ...]:
        """The states that it got past, in order."""
        passed = (
            ("ClaimDatabase", self.created_at),
            ("StartTask", self.started_at),
            ("PollTask", self.over_at),
            ("SealFolder", self.sealed_at),
            ("PollLoads", self.loaded_at),
        )
        return tuple(Mark(state, at.isoformat()) for state, at in passed if at is not None)

    @property
    def waited(self) -> Waited:
        """What it waited for that others had."""
        return Waited(self.queued_seconds, self.throttled_seconds, self.server_wait_seconds)


class AttemptChange(TypedDict, total=False):
    """What a state may change of a record, with the types that the record has. None takes a value away.

    What ClaimDatabase writes stays. `failure` and the seconds are written in ways of their own.
    """

    source_answered: bool
    gaps: tuple[str, ...]
    trial: str
    task_arn: str
    instance_arn: str
    source_arn: str
    target_arn: str
    task_deleted_at: datetime
    task_made_at: datetime
    open_transactions: tuple[str, ...]
    transactions_seen_at: datetime
    task_modified_at: datetime
    prepared_at: datetime
    pointed_at: datetime
    target_test_sent: datetime | None
    source_test_sent: datetime | None
    left_by_test: tuple[str, ...]
    started_before: float | None
    started_at: datetime | None
    retests: int
    has_mark: bool
    marked_at: datetime
    log_place: str
    stop_at: datetime
    progress: str
    progress_at: datetime
    rows_seen: int
    over_at: datetime
    stop_asked_at: datetime
    sealing_since: datetime
    seal_test_sent: datetime
    counting_since: datetime
    sealed_at: datetime
    folder: str
    chain: int
    is_closed: bool
    reaches: datetime | None
    checkpoint: str
    late_noted: bool
    loaded_at: datetime
    owes_sweep: bool
    comparing_since: datetime
    compared_at: datetime
    is_suspected: bool
    wait_for: str
    wait_since: datetime
    turn_of: str | None
    turn_at: datetime | None
    throttled_since: datetime
    throttled_at: datetime
