"""Answers of DMS that never become what a night waits for, or that are not what DMS was given."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from fleet.databases import Settings
from fleet.names import target_endpoint_id, task_id
from local.faults.causes import Causes


def _is(status: str) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    return lambda shown: {**shown, "Status": status}


def _never_stop(shown: Mapping[str, Any]) -> Mapping[str, Any]:
    was_started = "StartDate" in (shown.get("ReplicationTaskStats") or {})
    return {**shown, "Status": "stopping"} if was_started and shown["Status"] == "stopped" else shown


def _forget_commit_rate(shown: Mapping[str, Any]) -> Mapping[str, Any]:
    if "ReplicationTaskSettings" not in shown:
        return shown
    settings = json.loads(shown["ReplicationTaskSettings"])
    kept = {**settings, "FullLoadSettings": {**settings["FullLoadSettings"], "CommitRate": 1}}
    return {**shown, "ReplicationTaskSettings": json.dumps(kept)}


_CHANGES: dict[str, tuple[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]]] = {
    "test-never-ends": ("Connections", _is("testing")),
    "task-modifies-for-ever": ("ReplicationTasks", _is("modifying")),
    "task-forgets": ("ReplicationTasks", _forget_commit_rate),
    "task-never-stops": ("ReplicationTasks", _never_stop),
    "endpoint-modifies-for-ever": ("Endpoints", _is("modifying")),
}
"""By the fault's name: the list of an answer that it changes, and what it makes of the database's entry there."""


def change_answer(result: Mapping[str, Any], causes: Causes, settings: Settings) -> Mapping[str, Any]:
    """*result* of a call of DMS, as the faults that are asked for want it."""
    if "Endpoint" in result:  # of a ModifyEndpoint: as it is described afterwards
        changed = change_answer({"Endpoints": [result["Endpoint"]]}, causes, settings)
        return {**result, "Endpoint": changed["Endpoints"][0]}
    for fault, (member, change) in _CHANGES.items():
        if member not in result:
            continue
        for cause in causes.named(fault):
            ids = {
                target_endpoint_id(settings.prefix, cause.database),
                task_id(settings.prefix, cause.database, "full"),
            }
            shown = []
            for one in result[member]:
                is_meant = bool(ids & {one.get("EndpointIdentifier"), one.get("ReplicationTaskIdentifier")})
                changed = change(one) if is_meant else one
                if changed != one:
                    cause.strike()
                shown.append(changed)
            result = {**result, member: shown}
    return result
