"""Which events of replication instances and tasks there are: AWS's numbers, categories and names.

Source: AWS DMS user guide, CHAP_Events (numbers and categories) and CHAP_EventBridge; Amazon EventBridge Events
Reference, "AWS Database Migration Service events" (the detail types). Which of the detail types an event comes under,
and the eventType of each but of a task's start, stop and failure, are documented nowhere and assumed. The sentences are
ours, except those of a task's start and stop (docs/facts/dms.md 9.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Kind:
    """A kind of event. *under*: EventBridge's detail type. *message*: its sentence, where it is always the same."""

    number: str
    category: str
    under: str
    event_type: str
    message: str = ""


def _instance(number: str, category: str, under: str, what: str, message: str) -> Kind:
    return Kind(
        f"DMS-EVENT-{number}", category, f"DMS Replication Instance {under}", f"REPLICATION_INSTANCE_{what}", message
    )


def _task(number: str, category: str, what: str, message: str = "") -> Kind:
    return Kind(
        f"DMS-EVENT-{number}", category, "DMS Replication Task State Change", f"REPLICATION_TASK_{what}", message
    )


_CHANGE = "configuration change"
_STATE, _CLASS, _STORAGE = "State Change", "Class State Change", "Storage State Change"
_ZONES, _PATCH, _FAILOVER = "Multi-AZ State Change", "Patch State", "Failover State"

DELETED = _instance("0003", "deletion", _STATE, "DELETED", "Replication instance has been deleted.")
FAILOVER_BEGUN = _instance("0013", "failover", _FAILOVER, "FAILOVER_STARTED", "Failover to the standby has begun.")
FAILOVER_DONE = _instance("0049", "failover", _FAILOVER, "FAILOVER_COMPLETED", "Failover to the standby is complete.")
_DELETING = _instance("0066", "deletion", _STATE, "DELETING", "Replication instance is being deleted.")
# AWS sends it from nine tenths on; here it comes when the disk is full.
_LOW_STORAGE = _instance(
    "0007", "low storage", _STORAGE, "LOW_STORAGE", "The storage of the replication instance is used up."
)
OF_STATUS: Mapping[tuple[str, str], Kind] = {
    ("", "creating"): _instance("0067", "creation", _STATE, "CREATING", "Replication instance is being created."),
    ("creating", "available"): _instance(
        "0005", "creation", _STATE, "CREATED", "Replication instance has been created."
    ),
    ("available", "storage-full"): _LOW_STORAGE,
    ("available", "deleting"): _DELETING,
    ("storage-full", "deleting"): _DELETING,
}
# By what a modify changes: the events at its beginning and at its end.
_OF_CHANGES: Mapping[str, tuple[tuple[Kind, ...], tuple[Kind, ...]]] = {
    "ReplicationInstanceClass": (
        (_instance("0012", _CHANGE, _CLASS, "CLASS_CHANGING", "The class of the instance is being changed."),),
        (_instance("0014", _CHANGE, _CLASS, "CLASS_CHANGED", "The class of the instance has been changed."),),
    ),
    "AllocatedStorage": (
        (
            _instance(
                "0018", _CHANGE, _STORAGE, "STORAGE_INCREASING", "The storage of the instance is being increased."
            ),
        ),
        (_instance("0017", _CHANGE, _STORAGE, "STORAGE_INCREASED", "The storage of the instance has been increased."),),
    ),
    "MultiAZ": (
        (_instance("0024", _CHANGE, _ZONES, "TO_MULTI_AZ", "The instance is being spread over two zones."),),
        (_instance("0025", _CHANGE, _ZONES, "IS_MULTI_AZ", "The instance has been spread over two zones."),),
    ),
    "SingleAZ": (
        (_instance("0030", _CHANGE, _ZONES, "TO_SINGLE_AZ", "The instance is being brought into one zone."),),
        (_instance("0029", _CHANGE, _ZONES, "IS_SINGLE_AZ", "The instance has been brought into one zone."),),
    ),
    "EngineVersion": (
        (
            _instance(
                "0026", "maintenance", _PATCH, "MAINTENANCE_STARTED", "Offline maintenance of the instance has begun."
            ),
        ),
        (
            _instance("0047", "maintenance", _PATCH, "PATCHED", "The software of the instance has been updated."),
            _instance("0027", "maintenance", _PATCH, "MAINTENANCE_COMPLETED", "Offline maintenance is complete."),
        ),
    ),
}
TASK_CREATED = _task("0074", "creation", "CREATED", "Replication task has been created.")
TASK_MODIFIED = _task("0080", _CHANGE, "MODIFIED", "Replication task has been modified.")
TASK_STARTED = _task("0069", "state change", "STARTED")
TASK_STOPPED = _task("0079", "state change", "STOPPED")
TASK_FAILED = _task("0078", "failure", "FAILED", "Replication task has failed.")
TASK_DELETED = _task("0073", "deletion", "DELETED", "Replication task has been deleted.")


def of_changes(changes: Mapping[str, Any], *, is_done: bool) -> list[Kind]:
    """The events of a modify that changes these members of an instance."""
    names = ["SingleAZ" if (name, value) == ("MultiAZ", False) else name for name, value in changes.items()]
    return [kind for name in names if name in _OF_CHANGES for kind in _OF_CHANGES[name][is_done]]
