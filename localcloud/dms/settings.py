"""Task settings: what may stand in `ReplicationTaskSettings`, what AWS makes of it, what a load can follow. Pure."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any

from localcloud.dms.settings_defaults import DEFAULTS, LOG_COMPONENTS, OPTIONAL
from localcloud.in_process_transport import AwsError, NotEmulatedError
from localcloud.quotas import DMS_COMMIT_RATE, DMS_FULL_LOAD_SUB_TASKS

# Source: the tables of docs/facts/dms.md 6.1 to 6.4.
_ERROR = {"IGNORE_RECORD", "LOG_ERROR", "SUSPEND_TABLE", "STOP_TASK"}
_CHOICES = {
    "TargetTablePrepMode": {"DO_NOTHING", "DROP_AND_CREATE", "TRUNCATE_BEFORE_LOAD"},
    "DataErrorPolicy": _ERROR,
    "DataTruncationErrorPolicy": _ERROR,
    "DataErrorEscalationPolicy": {"SUSPEND_TABLE", "STOP_TASK"},
    "EventErrorPolicy": {"IGNORE", "STOP_TASK"},
    "TableErrorPolicy": {"SUSPEND_TABLE", "STOP_TASK"},
    "TableErrorEscalationPolicy": {"STOP_TASK"},
    "ApplyErrorDeletePolicy": _ERROR,
    "ApplyErrorInsertPolicy": _ERROR | {"INSERT_RECORD"},
    "ApplyErrorUpdatePolicy": _ERROR | {"UPDATE_RECORD"},
    "ApplyErrorEscalationPolicy": {"LOG_ERROR", "SUSPEND_TABLE", "STOP_TASK"},
    "ValidationMode": {"ROW_LEVEL", "GROUP_LEVEL"},
}
_RANGES = {
    "MaxFullLoadSubTasks": (1, DMS_FULL_LOAD_SUB_TASKS.value),
    "CommitRate": (1, DMS_COMMIT_RATE.value),
    "InlineLobMaxSize": (0, 102_400),
    "ParallelLoadBufferSize": (0, 1_000),
    "CtrlStreamBufferSizeInMB": (1, 8),
    "StatementCacheSize": (0, 200),
    "RecoverableErrorCount": (-1, 2**31 - 1),
}
_ANY_NUMBER = (0, 2**31 - 1)
_SEVERITIES = frozenset(
    f"LOGGER_SEVERITY_{name}" for name in ("DEFAULT", "ERROR", "WARNING", "INFO", "DEBUG", "DETAILED_DEBUG")
)
# What a load here does only one way; any other value would be passed over in silence, so starting is refused.
_ONLY = {
    "TargetMetadata": {
        "TargetSchema": {""},
        "LoadMaxFileSize": {0},
        "ParallelLoadThreads": {0},
        "TaskRecoveryTableEnabled": {False},
        "BatchApplyEnabled": {False},
    },
    "ControlTablesSettings": {
        "HistoryTableEnabled": {False},
        "SuspendedTablesTableEnabled": {False},
        "StatusTableEnabled": {False},
        "FullLoadExceptionTableEnabled": {False},
    },
    "ErrorBehavior": {"DataTruncationErrorPolicy": {"LOG_ERROR", "SUSPEND_TABLE"}},
    "ValidationSettings": {"EnableValidation": {False}},
    "TTSettings": {"EnableTT": {False}},
}
# Source: AWS DMS user guide, "Limitations to using Amazon S3 as a target" and "Setting LOB support": an S3 target takes
# neither full nor inline LOB mode. What AWS does with a task that asks for one is not documented: starting is refused.
_ONLY_LOBS = {"FullLobMode": {False}, "LimitedSizeLobMode": {True}, "InlineLobMaxSize": {0}}


def parse(text: str | None, before: Mapping[str, Any] = DEFAULTS) -> dict[str, Any]:
    """The whole settings of a task: what the JSON *text* gives, and *before* for every key that it leaves out.

    On create *before* are AWS's defaults (documented); on modify, what the task had (observed: Terraform's provider
    relies on it). Raises AwsError for a key that DMS does not know, a value of the wrong kind, a contradiction.
    """
    settings = copy.deepcopy(dict(before))
    if not text:
        return settings
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _refusal(str(error)) from error
    if not isinstance(given, dict):
        raise _refusal("it must be an object")
    for group, values in given.items():
        _take(settings, group, values)
    _agree(settings, given)
    return settings


def _take(settings: dict[str, Any], group: str, values: Any) -> None:
    if group not in DEFAULTS:
        raise _refusal(f"unknown group {group}")
    if group in OPTIONAL:
        if values is not None and not isinstance(values, dict):
            raise _refusal(f"{group} must be an object or null")
        if unknown := set(values or ()) - OPTIONAL[group]:
            raise _refusal(f"unknown setting {group}.{min(unknown)}")
        settings[group] = values
        return
    if not isinstance(DEFAULTS[group], dict):
        if type(values) is not type(DEFAULTS[group]):
            raise _refusal(f"{group} must be {_kind(DEFAULTS[group])}, not {json.dumps(values)}")
        settings[group] = values
        return
    if not isinstance(values, dict):
        raise _refusal(f"{group} must be an object")
    for key, value in values.items():
        _check(group, key, value)
        settings[group][key] = _components(settings[group][key], value) if key == "LogComponents" else value


def _check(group: str, key: str, value: Any) -> None:
    if key not in DEFAULTS[group]:
        raise _refusal(f"unknown setting {group}.{key}")
    # Source: AWS DMS user guide, "Saving task settings", whose words these are; on modify too (assumed).
    if key in {"CloudWatchLogGroup", "CloudWatchLogStream"} and value is not None:
        raise AwsError(
            "InvalidParameterValueException",
            "SYSTEM ERROR MESSAGE:Task Settings CloudWatchLogGroup or CloudWatchLogStream cannot be set on create.",
        )
    default = DEFAULTS[group][key]
    if default is not None and type(value) is not type(default):
        raise _refusal(f"{group}.{key} must be {_kind(default)}, not {json.dumps(value)}")
    if key in _CHOICES and value not in _CHOICES[key]:
        raise _refusal(f"{group}.{key} must be one of {', '.join(sorted(_CHOICES[key]))}, not {value}")
    if type(value) is int:
        least, most = _RANGES.get(key, _ANY_NUMBER)
        if not least <= value <= most:
            raise _refusal(f"{group}.{key} must be from {least} to {most}, not {value}")


def _components(before: list[dict[str, str]], given: list[Any]) -> list[dict[str, str]]:
    """All log components, those of *given* with its severities (that the others stay is observed: Terraform)."""
    found = {one["Id"]: one["Severity"] for one in before}
    for one in given:
        if not isinstance(one, dict) or set(one) != {"Id", "Severity"}:
            raise _refusal("Logging.LogComponents must hold objects of Id and Severity")
        if one["Id"] not in LOG_COMPONENTS or str(one["Severity"]) not in _SEVERITIES:
            raise _refusal(f"Logging.LogComponents knows no {one['Id']} with {one['Severity']}")
        found[one["Id"]] = one["Severity"]
    return [{"Id": name, "Severity": severity} for name, severity in found.items()]


def _agree(settings: dict[str, Any], given: Mapping[str, Any]) -> None:
    """Raise AwsError where settings contradict each other; let a mode that is asked for end the other one.

    That these exclude each other is documented (docs/facts/dms.md 6.1, 6.2; the pages of the groups); that AWS refuses
    rather than passes over is assumed, except for the log context (observed: Terraform's provider).
    """
    lobs, asked = settings["TargetMetadata"], given.get("TargetMetadata", {})
    if lobs["FullLobMode"] and lobs["LimitedSizeLobMode"]:
        if asked.get("FullLobMode") and asked.get("LimitedSizeLobMode"):
            raise _refusal("TargetMetadata.FullLobMode excludes LimitedSizeLobMode")
        lobs["LimitedSizeLobMode"] = not asked.get("FullLobMode", False)
        lobs["FullLobMode"] = not lobs["LimitedSizeLobMode"]
    load = settings["FullLoadSettings"]
    if load["StopTaskCachedChangesApplied"] and load["StopTaskCachedChangesNotApplied"]:
        raise _refusal("FullLoadSettings.StopTaskCachedChangesApplied excludes StopTaskCachedChangesNotApplied")
    tuning = settings["ChangeProcessingTuning"]
    if tuning["BatchApplyTimeoutMin"] > tuning["BatchApplyTimeoutMax"]:
        raise _refusal("ChangeProcessingTuning.BatchApplyTimeoutMin is above BatchApplyTimeoutMax")
    if settings["Logging"]["EnableLogContext"] and not settings["Logging"]["EnableLogging"]:
        raise AwsError(
            "InvalidParameterValueException",
            "The parameter Logging.EnableLogContext is not allowed when Logging.EnableLogging is not set to true.",
        )
    validation = settings["ValidationSettings"]
    if validation["ValidationOnly"] and not validation["EnableValidation"]:
        raise _refusal("ValidationSettings.ValidationOnly needs EnableValidation")
    tables = given.get("ControlTablesSettings", {})
    for one, other in (("Hist", "hist"), ("hist", "Hist")):  # one setting, which AWS shows in two spellings
        if f"{one}oryTimeslotInMinutes" in tables and f"{other}oryTimeslotInMinutes" not in tables:
            settings["ControlTablesSettings"][f"{other}oryTimeslotInMinutes"] = tables[f"{one}oryTimeslotInMinutes"]


def without_severities(settings: Mapping[str, Any]) -> dict[str, Any]:
    """*settings* but for what may be changed while a task runs (docs/facts/dms.md 3.4)."""
    return {**settings, "Logging": {**settings["Logging"], "LogComponents": None}}


def require_loadable(settings: Mapping[str, Any]) -> None:
    """Raise NotEmulatedError when a load would have to pass over one of *settings*."""
    for group, key, value, allowed in _fixed(settings):
        if value not in allowed:
            raise NotEmulatedError(f"the task setting {group}.{key} = {json.dumps(value)}")
    for group in OPTIONAL:
        if any((settings[group] or {}).values()):
            raise NotEmulatedError(f"the task setting {group}")


def _fixed(settings: Mapping[str, Any]) -> Iterator[tuple[str, str, Any, set[Any]]]:
    only = dict(_ONLY)
    if settings["TargetMetadata"]["SupportLobs"]:  # otherwise LOB columns are left out, in whatever mode
        only["TargetMetadata"] = _ONLY["TargetMetadata"] | _ONLY_LOBS
    for group, keys in only.items():
        for key, allowed in keys.items():
            yield group, key, settings[group][key], allowed


def _kind(default: object) -> str:
    return {bool: "true or false", int: "a number", str: "a text", list: "a list"}[type(default)]


def _refusal(why: str) -> AwsError:
    # The words "Invalid task settings JSON" are observed (cloudformation-coverage-roadmap#753), the code is assumed.
    return AwsError("InvalidParameterValueException", f"Invalid task settings JSON: {why}")
