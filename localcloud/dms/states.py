"""Which state may follow which, by AWS's documents. The random sequences compare every change of a status with it.

"" means "not there (any more)". Each line names its source; "BC" is botocore's model, numbers are those of
docs/facts/dms.md.
"""

from __future__ import annotations

from collections.abc import Mapping

_REST = {"starting", "modifying", "moving", "testing", "deleting"}

TRANSITIONS: Mapping[str, Mapping[str, set[str]]] = {
    # The states: BC:ReplicationInstance.ReplicationInstanceStatus.
    "replication-instance": {
        "": {"creating"},
        "creating": {"available", "failed", "incompatible-network"},  # Terraform's replication_instance.go waits so
        # 1.4 (reboot, maintenance); 9.2 (storage); BC:ModifyReplicationInstance, DeleteReplicationInstance
        "available": {"modifying", "rebooting", "upgrading", "maintenance", "storage-full", "deleting"},
        "modifying": {"available", "storage-full", "upgrading"},
        "rebooting": {"available", "storage-full"},
        "storage-full": {"modifying", "available", "deleting"},
        "deleting": set(),
    },
    # The states: 3.1 (BC:ReplicationTask.Status).
    "replication-task": {
        "": {"creating"},
        "creating": {"ready"},  # Terraform's replication_task.go waits so
        # `testing`: 9.3; `moving`: 1.4 (a task that was never started is moved too: BC:MoveReplicationTask)
        "ready": _REST,
        "starting": {"running", "failed", "stopped"},  # 3.1; `stopped`: the instance ran out (3.2)
        "running": {"stopping", "stopped", "failed"},  # 3.1, 3.2
        "stopping": {"stopped", "failed"},  # 3.1
        "stopped": _REST,  # 3.3, 3.4
        "failed": _REST,
        "failed-move": _REST,  # 3.1: may be started, modified, moved or deleted
        "modifying": {"ready", "stopped", "failed", "failed-move"},  # 3.4
        "moving": {"ready", "stopped", "failed", "failed-move"},  # 1.4: the previous one, or failed-move
        "testing": {"ready", "stopped", "failed", "failed-move"},  # 9.3: the previous one
        "deleting": set(),
    },
    # 2.2: `active`, `deleting` (BC waiters, Terraform's constants)
    "endpoint": {"": {"active"}, "active": {"deleting"}, "deleting": set()},
    # 2.2: BC:Connection.Status
    "connection": {
        "": {"testing"},
        "testing": {"successful", "failed", "deleting"},
        "successful": {"testing", "deleting"},
        "failed": {"testing", "deleting"},
        "deleting": set(),
    },
    # 9.3: BC:ReplicationTaskAssessmentRun.Status
    "replication-task-assessment-run": {
        "": {"starting"},
        "starting": {"provisioning", "cancelling"},
        "provisioning": {"running", "error-provisioning", "cancelling"},
        "running": {"passed", "failed", "error-executing", "cancelling"},
        "passed": {"deleting"},
        "failed": {"deleting"},
        "error-provisioning": {"deleting"},
        "error-executing": {"deleting"},
        "cancelling": {"deleting"},
        "deleting": set(),
    },
    # BC:EventSubscription.Status
    "event-subscription": {
        "": {"creating"},
        "creating": {"active"},
        "active": {"modifying", "deleting", "topic-not-exist", "no-permission"},
        "modifying": {"active"},
        "deleting": set(),
    },
}


def may_follow(kind: str, before: str, after: str) -> bool:
    """Whether a thing of that *kind* may go from one status to the other.

    >>> may_follow("replication-task", "running", "ready")
    False
    """
    return after in TRANSITIONS[kind].get(before, set())
