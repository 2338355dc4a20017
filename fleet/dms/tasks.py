"""What DMS says of a task, and what follows from it. Decisions only; nothing here calls DMS.

Source: docs/facts/dms.md 3 (botocore's model of `ReplicationTask` and `TableStatistics`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from fleet.databases import Limits, Mode
from fleet.failures import Failure, classify
from fleet.sentences import as_clause

AT_REST = frozenset({"ready", "stopped", "failed", "failed-move"})
_PASSING = frozenset({"creating", "modifying", "moving", "testing", "starting", "running", "stopping", "deleting"})

TableState = Literal["loaded", "empty", "failed", "missing"]


@dataclass(frozen=True)
class TaskReport:
    """A task as DMS describes it. *stop_reason* without its prefix; *started*: epoch seconds of its last start or 0.

    *checkpoint*: where in the source's log it goes on from; empty for a full load.
    """

    arn: str
    status: str
    stop_reason: str
    last_failure: str
    started: float
    tables_loaded: int
    tables_loading: int
    tables_queued: int
    tables_errored: int
    checkpoint: str = ""

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing moves and a start, a modify of the endpoint or a release is safe."""
        return self.status in AT_REST

    @property
    def progress(self) -> str:
        """What changes while the task moves: two equal words far apart mean that it is stuck."""
        return f"{self.status}:{self.tables_loaded}:{self.tables_loading}:{self.tables_queued}:{self.tables_errored}"


def read_task(task: Mapping[str, Any]) -> TaskReport:
    """The report in one `ReplicationTask` of DescribeReplicationTasks."""
    stats = task.get("ReplicationTaskStats") or {}
    started = stats.get("StartDate")
    return TaskReport(
        arn=task["ReplicationTaskArn"],
        status=task["Status"],
        stop_reason=re.sub(r"^Stop Reason ", "", task.get("StopReason") or ""),
        last_failure=task.get("LastFailureMessage") or "",
        started=started.timestamp() if started else 0.0,
        tables_loaded=stats.get("TablesLoaded", 0),
        tables_loading=stats.get("TablesLoading", 0),
        tables_queued=stats.get("TablesQueued", 0),
        tables_errored=stats.get("TablesErrored", 0),
        checkpoint=task.get("RecoveryCheckpoint") or "",
    )


def start_type(report: TaskReport, mode: Mode) -> str:
    """How the task is started: `start-replication` works once in a task's life; then a full load begins anew, and
    changes go on from the checkpoint.

    >>> start_type(read_task({"ReplicationTaskArn": "a", "Status": "ready"}), "full")
    'start-replication'
    >>> [start_type(read_task({"ReplicationTaskArn": "a", "Status": "stopped"}), mode) for mode in ("full", "delta")]
    ['reload-target', 'resume-processing']
    """
    if report.status == "ready":
        return "start-replication"
    return "reload-target" if mode == "full" else "resume-processing"


def stop_position(at: datetime) -> str:
    """Where a task stops reading changes by itself: when its instance's clock is *at*. Source: docs/facts/dms.md 3.5.

    >>> stop_position(datetime(2026, 11, 30, 14, 0, tzinfo=UTC))
    'server_time:2026-11-30T14:00:00'
    """
    return f"server_time:{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}"


StartRefusal = Literal["retest", "wait", "refused"]
_SHORT_STATES = "creating|modifying|moving|testing|upgrading|rebooting|maintenance"
# What DMS says to a start, and what follows. Sources: the first two of Terraform's acceptance tests, right after a
# modify (github.com/hashicorp/terraform-provider-aws issue 44516, pull request 46516), the second also while a task is
# being created; the third of a serverless replication (issue 35650), and in the same frame of other resources.
_START_REFUSALS: tuple[tuple[re.Pattern[str], StartRefusal], ...] = (
    (re.compile("test connection .* should be successful", re.IGNORECASE | re.DOTALL), "retest"),
    (re.compile("cannot be started, invalid state", re.IGNORECASE), "wait"),
    (re.compile(rf"in (state )?({_SHORT_STATES})\b", re.IGNORECASE), "wait"),
)


def judge_start_refusal(said: str) -> StartRefusal:
    """What follows when DMS refuses to start a task and says *said*: a new test, another try later, or the end.

    >>> judge_start_refusal("Replication Task cannot be started, invalid state")
    'wait'
    >>> judge_start_refusal("Start Type : START_REPLICATION, valid only for tasks running for the first time")
    'refused'
    """
    for pattern, follows in _START_REFUSALS:
        if pattern.search(said):
            return follows
    return "refused"


def is_settling(report: TaskReport) -> bool:
    """Whether the task is in a state that passes by itself and in which it moves no rows.

    `testing`: an assessment, which DMS may begin by itself. Source: AWS DMS user guide, "Premigration assessments".
    """
    return report.status in {"creating", "modifying", "moving", "testing"}


Watched = Literal["moving", "at rest", "too long", "stuck"]


def watch(report: TaskReport, *, running_seconds: float, quiet_seconds: float, limits: Limits) -> Watched:
    """Whether a started task is to be waited for.

    *running_seconds*: since the start. *quiet_seconds*: since `progress` last changed.
    """
    if report.is_at_rest:
        return "at rest"
    if running_seconds > limits.task_deadline_seconds:
        return "too long"
    if quiet_seconds > limits.stuck_seconds:
        return "stuck"
    return "moving"


def judge_full_load_end(report: TaskReport) -> Failure | None:
    """A failure, if the task at rest did not end as a whole full load ends.

    `stopped` with `FULL_LOAD_ONLY_FINISHED` alone says only that the load is over: tables may have errored, which the
    table statistics tell.

    >>> end = {"ReplicationTaskArn": "a", "Status": "stopped", "StopReason": "Stop Reason FULL_LOAD_ONLY_FINISHED"}
    >>> judge_full_load_end(read_task(end)) is None
    True
    >>> judge_full_load_end(read_task({**end, "Status": "failed", "LastFailureMessage": "connection lost"})).name
    'TaskFailed'
    """
    if report.status == "stopped" and report.stop_reason == "FULL_LOAD_ONLY_FINISHED":
        return None
    if report.status == "failed":
        said = report.last_failure or report.stop_reason or "nothing"
        return Failure(classify(said), "TaskFailed", f"the task failed; DMS says: {as_clause(said)}")
    if report.status == "ready":
        return Failure(
            "unknown", "TaskNeverStarted", "the task is ready: it was never started, or its start was undone."
        )
    if report.status == "stopped":
        said = " ".join(filter(None, (report.stop_reason, report.last_failure))) or "nothing"
        return Failure(
            "cancelled" if report.stop_reason in {"", "NORMAL"} else classify(said),
            "TaskStoppedEarly",
            f"the task stopped before the load was over; DMS says: {as_clause(said)}. Nothing of it is published.",
        )
    known = "" if report.status in _PASSING else ", which no document of DMS names"
    return Failure("unknown", "TaskNotAtRest", f"the task is {report.status!r}{known}; wanted it at rest.")


def judge_delta_end(report: TaskReport) -> Failure | None:
    """A failure, if the task at rest did not end as a bounded run of changes ends.

    It keeps nothing from being applied: what landed is in order up to some place, and the next delta goes on there.

    >>> end = {"ReplicationTaskArn": "a", "Status": "stopped", "StopReason": "Stop Reason STOPPED_AT_SERVER_TIME"}
    >>> judge_delta_end(read_task(end)) is None
    True
    >>> judge_delta_end(read_task({**end, "Status": "failed", "LastFailureMessage": "connection lost"})).name
    'TaskFailed'
    """
    if report.status != "stopped":
        return judge_full_load_end(report)
    if report.stop_reason in {"STOPPED_AT_SERVER_TIME", "NORMAL"}:
        return None
    said = " ".join(filter(None, (report.stop_reason, report.last_failure))) or "nothing"
    text = f"the task stopped before its stop position; DMS says: {as_clause(said)}."
    return Failure(classify(said), "TaskStoppedEarly", text)


@dataclass(frozen=True)
class ChangeCounts:
    """Changes of one table as DMS counts them over the life of its task."""

    inserts: int = 0
    updates: int = 0
    deletes: int = 0

    @property
    def all(self) -> int:
        """The rows that they are in files."""
        return self.inserts + self.updates + self.deletes

    def since(self, before: ChangeCounts) -> ChangeCounts:
        """What came after *before*. A count that has become smaller began anew at the start (docs/to-verify-on-aws.md).

        >>> ChangeCounts(5, 2, 1).since(ChangeCounts(3, 2, 0)), ChangeCounts(1, 0, 0).since(ChangeCounts(3, 2, 0))
        (ChangeCounts(inserts=2, updates=0, deletes=1), ChangeCounts(inserts=1, updates=0, deletes=0))
        """
        if min(self.inserts - before.inserts, self.updates - before.updates, self.deletes - before.deletes) < 0:
            return self
        return ChangeCounts(self.inserts - before.inserts, self.updates - before.updates, self.deletes - before.deletes)


def read_changes(statistics: Mapping[str, Any]) -> ChangeCounts:
    """The changes in one `TableStatistics`, as far as they were written to the target.

    >>> read_changes({"AppliedInserts": 3, "AppliedUpdates": 1})
    ChangeCounts(inserts=3, updates=1, deletes=0)
    """
    return ChangeCounts(*(int(statistics.get(f"Applied{name}") or 0) for name in ("Inserts", "Updates", "Deletes")))


def read_table_state(statistics: Mapping[str, Any]) -> tuple[TableState, int, str]:
    """State, rows and, where it failed, the words, of one `TableStatistics` after a full load.

    >>> read_table_state({"TableState": "Table completed", "FullLoadRows": 0})
    ('empty', 0, '')
    >>> read_table_state({"TableState": "Table error", "FullLoadRows": 7})
    ('failed', 7, "DMS reports 'Table error' after 7 rows")
    """
    state, rows = statistics.get("TableState", ""), int(statistics.get("FullLoadRows", 0))
    if state == "Table completed":
        return ("loaded" if rows else "empty"), rows, ""
    if state == "Table does not exist":
        return "missing", rows, "DMS reports 'Table does not exist'"
    return "failed", rows, f"DMS reports {state!r} after {rows:,} rows"
