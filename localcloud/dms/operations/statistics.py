"""What a client sees of a task and its tables: the shapes of DescribeReplicationTasks and DescribeTableStatistics."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from localcloud.dms.loads.load import TableProgress
from localcloud.dms.resources import Task, members

_ENDED = {"Table completed", "Table error", "Table cancelled", "Table does not exist"}


def show_task(task: Task, now: datetime) -> dict[str, Any]:
    """A task without its mappings and settings. `ReplicationTaskStats` appears with the first start (assumed)."""
    return members(
        ReplicationTaskIdentifier=task.identifier,
        ReplicationTaskArn=task.arn,
        SourceEndpointArn=task.source.arn,
        TargetEndpointArn=task.target.arn,
        ReplicationInstanceArn=task.instance.arn,
        TargetReplicationInstanceArn=task.move_to.arn if task.move_to else None,
        MigrationType=task.given["MigrationType"],
        Status=task.status,
        StopReason=task.stop_reason,
        LastFailureMessage=task.failure,
        ReplicationTaskCreationDate=task.created_at,
        ReplicationTaskStartDate=task.started_at,
        CdcStartPosition=task.given.get("CdcStartPosition"),
        CdcStopPosition=task.given.get("CdcStopPosition"),
        TaskData=task.given.get("TaskData"),
        RecoveryCheckpoint=task.captured.checkpoint,
        ReplicationTaskStats=_statistics(task, now) if task.started_at else None,
    )


def _statistics(task: Task, now: datetime) -> dict[str, Any]:
    states = [progress.state for progress in task.tables]
    ended = sum(state in _ENDED for state in states)
    started = task.started_at or now
    return members(
        FullLoadProgressPercent=100 * ended // len(states) if states else 0,
        ElapsedTimeMillis=int(((task.stopped_at or now) - started).total_seconds() * 1000),
        TablesLoaded=states.count("Table completed"),
        TablesLoading=states.count("Full load"),
        TablesQueued=states.count("Before load"),
        TablesErrored=states.count("Table error"),
        FreshStartDate=task.fresh_start_at,
        StartDate=task.started_at,
        StopDate=task.stopped_at,
        FullLoadStartDate=task.load_started_at,
        FullLoadFinishDate=task.load_ended_at,
    )


def show_table(progress: TableProgress) -> dict[str, Any]:
    """A table's statistics. Nothing is validated here, so those numbers are 0."""
    counts = {"Inserts": "I", "Updates": "U", "Deletes": "D", "Ddls": "DDL"}
    return members(
        SchemaName=progress.table.schema,
        TableName=progress.table.name,
        **{name: progress.seen[key] for name, key in counts.items()},
        **{f"Applied{name}": progress.applied[key] for name, key in counts.items()},
        FullLoadRows=progress.rows,
        FullLoadCondtnlChkFailedRows=0,
        FullLoadErrorRows=0,
        FullLoadStartTime=progress.started_at,
        FullLoadEndTime=progress.ended_at,
        FullLoadReloaded=False,
        LastUpdateTime=progress.updated_at,
        TableState=progress.state,
        ValidationPendingRecords=0,
        ValidationFailedRecords=0,
        ValidationSuspendedRecords=0,
        ValidationState="Not enabled",
    )
