"""Task settings: AWS's defaults, what may stand in `ReplicationTaskSettings`, and what a load takes from it. Pure."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any

from fleet.quotas import DMS_COMMIT_RATE, DMS_FULL_LOAD_SUB_TASKS
from local.wire import AwsError, NotEmulatedError

# Source: AWS DMS user guide, "Specifying task settings" (reference/dms.md section 6). Where it gives no default, the
# value AWS's console writes into a new task is taken (observed).
DEFAULTS: Mapping[str, Any] = {
    "TargetMetadata": {
        "TargetSchema": "",
        "SupportLobs": True,
        "FullLobMode": False,
        "LobChunkSize": 64,
        "LimitedSizeLobMode": True,
        "LobMaxSize": 32,
        "InlineLobMaxSize": 0,
        "LoadMaxFileSize": 0,
        "ParallelLoadThreads": 0,
        "ParallelLoadBufferSize": 0,
        "ParallelLoadQueuesPerThread": 0,
        "ParallelApplyThreads": 0,
        "ParallelApplyBufferSize": 0,
        "ParallelApplyQueuesPerThread": 0,
        "BatchApplyEnabled": False,
        "TaskRecoveryTableEnabled": False,
    },
    "FullLoadSettings": {
        "TargetTablePrepMode": "DO_NOTHING",
        "CreatePkAfterFullLoad": False,
        "StopTaskCachedChangesApplied": False,
        "StopTaskCachedChangesNotApplied": False,
        "MaxFullLoadSubTasks": 8,
        "TransactionConsistencyTimeout": 600,
        "CommitRate": 10_000,
    },
    "Logging": {
        "EnableLogging": False,
        "EnableLogContext": False,
        "LogComponents": [],
        "DeleteTaskLogs": False,
        "CloudWatchLogGroup": None,
        "CloudWatchLogStream": None,
    },
    "ControlTablesSettings": {
        "ControlSchema": "",
        "HistoryTimeslotInMinutes": 5,
        "historyTimeslotInMinutes": 5,
        "HistoryTableEnabled": False,
        "SuspendedTablesTableEnabled": False,
        "StatusTableEnabled": False,
        "FullLoadExceptionTableEnabled": False,
    },
    "StreamBufferSettings": {"StreamBufferCount": 3, "StreamBufferSizeInMB": 8, "CtrlStreamBufferSizeInMB": 5},
    "ChangeProcessingDdlHandlingPolicy": {
        "HandleSourceTableDropped": True,
        "HandleSourceTableTruncated": True,
        "HandleSourceTableAltered": True,
    },
    "ChangeProcessingTuning": {
        "BatchApplyPreserveTransaction": True,
        "BatchApplyTimeoutMin": 1,
        "BatchApplyTimeoutMax": 30,
        "BatchApplyMemoryLimit": 500,
        "BatchSplitSize": 0,
        "MinTransactionSize": 1_000,
        "CommitTimeout": 1,
        "MemoryLimitTotal": 1_024,
        "MemoryKeepTime": 60,
        "StatementCacheSize": 50,
    },
    "ErrorBehavior": {
        "DataErrorPolicy": "LOG_ERROR",
        "EventErrorPolicy": "IGNORE",
        "DataTruncationErrorPolicy": "LOG_ERROR",
        "DataErrorEscalationPolicy": "SUSPEND_TABLE",
        "DataErrorEscalationCount": 0,
        "TableErrorPolicy": "SUSPEND_TABLE",
        "TableErrorEscalationPolicy": "STOP_TASK",
        "TableErrorEscalationCount": 0,
        "RecoverableErrorCount": -1,
        "RecoverableErrorInterval": 5,
        "RecoverableErrorThrottling": True,
        "RecoverableErrorThrottlingMax": 1_800,
        "RecoverableErrorStopRetryAfterThrottlingMax": True,
        "ApplyErrorDeletePolicy": "IGNORE_RECORD",
        "ApplyErrorInsertPolicy": "LOG_ERROR",
        "ApplyErrorUpdatePolicy": "LOG_ERROR",
        "ApplyErrorEscalationPolicy": "LOG_ERROR",
        "ApplyErrorEscalationCount": 0,
        "ApplyErrorFailOnTruncationDdl": False,
        "FullLoadIgnoreConflicts": True,
        "FailOnTransactionConsistencyBreached": False,
        "FailOnNoTablesCaptured": False,
    },
    "ValidationSettings": {
        "EnableValidation": False,
        "ValidationMode": "ROW_LEVEL",
        "ThreadCount": 5,
        "PartitionSize": 10_000,
        "FailureMaxCount": 10_000,
        "TableFailureMaxCount": 1_000,
        "RecordFailureDelayInMinutes": 5,
        "RecordFailureDelayLimitInMinutes": 0,
        "RecordSuspendDelayInMinutes": 30,
        "MaxKeyColumnSize": 8_096,
        "ValidationOnly": False,
        "HandleCollationDiff": False,
        "SkipLobColumns": False,
        "ValidationPartialLobSize": 0,
        "ValidationQueryCdcDelaySeconds": 0,
    },
    "PostProcessingRules": None,
    "CharacterSetSettings": None,
    "LoopbackPreventionSettings": None,
    "BeforeImageSettings": None,
    "FailTaskWhenCleanTaskResourceFailed": False,
    "TTSettings": {
        "EnableTT": False,
        "TTRecordSettings": None,
        "TTS3Settings": None,
    },
}
_CHOICES = {
    "TargetTablePrepMode": {"DO_NOTHING", "DROP_AND_CREATE", "TRUNCATE_BEFORE_LOAD"},
    "DataErrorPolicy": {"IGNORE_RECORD", "LOG_ERROR", "SUSPEND_TABLE", "STOP_TASK"},
    "DataTruncationErrorPolicy": {"IGNORE_RECORD", "LOG_ERROR", "SUSPEND_TABLE", "STOP_TASK"},
    "TableErrorPolicy": {"SUSPEND_TABLE", "STOP_TASK"},
}
_MOST = {"MaxFullLoadSubTasks": DMS_FULL_LOAD_SUB_TASKS.value, "CommitRate": DMS_COMMIT_RATE.value}
# Source: AWS DMS user guide, "Limitations to using Amazon S3 as a target" and "Setting LOB support": an S3 target takes
# neither full nor inline LOB mode. What AWS does with a task that asks for one is not documented: starting is refused.
_LOB_MODES = {"FullLobMode", "LimitedSizeLobMode", "InlineLobMaxSize"}
# What a load here does only one way; any other value would be passed over in silence, so starting is refused.
_ONLY = {
    "TargetMetadata": {
        "TargetSchema": {""},
        "FullLobMode": {False},
        "LimitedSizeLobMode": {True},
        "InlineLobMaxSize": {0},
        "LoadMaxFileSize": {0},
        "ParallelLoadThreads": {0},
        "TaskRecoveryTableEnabled": {False},
    },
    "ControlTablesSettings": {
        "HistoryTableEnabled": {False},
        "SuspendedTablesTableEnabled": {False},
        "StatusTableEnabled": {False},
        "FullLoadExceptionTableEnabled": {False},
    },
    "ErrorBehavior": {"DataTruncationErrorPolicy": {"LOG_ERROR", "IGNORE_RECORD"}},
    "ValidationSettings": {"EnableValidation": {False}},
}


def parse(text: str | None) -> dict[str, Any]:
    """The whole settings of a task: what the JSON *text* gives, and AWS's default for every key it leaves out.

    Raises AwsError for a key that DMS does not know or a value of the wrong kind.
    """
    settings = copy.deepcopy(dict(DEFAULTS))
    if not text:
        return settings
    try:
        given = json.loads(text)
    except ValueError as error:
        raise _refusal(str(error)) from error
    if not isinstance(given, dict):
        raise _refusal("it must be an object")
    for group, values in given.items():
        if group not in DEFAULTS:
            raise _refusal(f"unknown group {group}")
        if not isinstance(DEFAULTS[group], dict):
            settings[group] = values
            continue
        if not isinstance(values, dict):
            raise _refusal(f"{group} must be an object")
        for key, value in values.items():
            _check(group, key, value)
            settings[group][key] = value
    return settings


def _check(group: str, key: str, value: object) -> None:
    if key not in DEFAULTS[group]:
        raise _refusal(f"unknown setting {group}.{key}")
    # Source: reference/dms.md 2.4: AWS writes both itself and rejects them on create; on modify too (assumed).
    if key in {"CloudWatchLogGroup", "CloudWatchLogStream"} and value is not None:
        raise _refusal(f"{group}.{key} cannot be set")
    default = DEFAULTS[group][key]
    if default is not None and type(value) is not type(default):
        raise _refusal(f"{group}.{key} must be {_kind(default)}, not {json.dumps(value)}")
    if key in _CHOICES and value not in _CHOICES[key]:
        raise _refusal(f"{group}.{key} must be one of {', '.join(sorted(_CHOICES[key]))}, not {value}")
    if key in _MOST and isinstance(value, int) and not 1 <= value <= _MOST[key]:
        raise _refusal(f"{group}.{key} must be from 1 to {_MOST[key]}, not {value}")


def require_loadable(settings: Mapping[str, Any]) -> None:
    """Raise NotEmulatedError when a load would have to pass over one of *settings*."""
    for group, key, value, allowed in _fixed(settings):
        if value not in allowed:
            raise NotEmulatedError(f"the task setting {group}.{key} = {json.dumps(value)}")
    for group in ("PostProcessingRules", "CharacterSetSettings"):
        if settings[group]:
            raise NotEmulatedError(f"the task setting {group}")


def _fixed(settings: Mapping[str, Any]) -> Iterator[tuple[str, str, Any, set[Any]]]:
    for group, keys in _ONLY.items():
        for key, allowed in keys.items():
            if key in _LOB_MODES and not settings["TargetMetadata"]["SupportLobs"]:
                continue
            yield group, key, settings[group][key], allowed


def _kind(default: object) -> str:
    return {bool: "true or false", int: "a number", str: "a text", list: "a list"}[type(default)]


def _refusal(why: str) -> AwsError:
    # The words "Invalid task settings JSON" are observed (cloudformation-coverage-roadmap#753), the code is assumed.
    return AwsError("InvalidParameterValueException", f"Invalid task settings JSON: {why}")
