"""Replication instances: made, changed, rebooted, deleted, listed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from localcloud.aws import REGION
from localcloud.dms.engines.reader import RunEndedError
from localcloud.dms.instance_classes import ENGINE_VERSIONS, MEMORY_GIB, STORAGE_GB, default_storage_gb, orderable
from localcloud.dms.loads.capacity import end_runs
from localcloud.dms.operations import event_kinds
from localcloud.dms.operations.events import Events
from localcloud.dms.operations.subnet_groups import SubnetGroups
from localcloud.dms.requests.names import identifier, refusal
from localcloud.dms.requests.paging import filtered, page
from localcloud.dms.resources import Instance, Resources, invalid_state, members, require_below
from localcloud.in_process_transport import AwsError, NotEmulatedError
from localcloud.quotas import DMS_INSTANCES, DMS_STORAGE_GIGABYTES

Parameters = Mapping[str, Any]
# What a modify may change, and which of it waits for the maintenance window unless it is to be applied at once: the
# members of PendingModifiedValues (BC:ReplicationPendingModifiedValues).
_PENDING = ("ReplicationInstanceClass", "AllocatedStorage", "MultiAZ", "EngineVersion", "NetworkType")
_AT_ONCE = ("VpcSecurityGroupIds", "PreferredMaintenanceWindow", "AutoMinorVersionUpgrade")
_DAYS = "(Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_WINDOW = re.compile(rf"{_DAYS}:[0-2]\d:[0-5]\d-{_DAYS}:[0-2]\d:[0-5]\d", re.IGNORECASE)


class Instances:
    """The operations on replication instances."""

    def __init__(self, resources: Resources, groups: SubnetGroups, events: Events) -> None:
        self._of = resources
        self._groups = groups
        self._events = events

    def create(self, parameters: Parameters) -> dict[str, Any]:
        name = identifier("ReplicationInstanceIdentifier", parameters["ReplicationInstanceIdentifier"], most=63)
        self._require_free(name)
        given = {key: value for key, value in parameters.items() if key not in {"Tags", "ResourceIdentifier"}}
        given = {"EngineVersion": ENGINE_VERSIONS[-1], "MultiAZ": False, "NetworkType": "IPV4", **given}
        _check(given)
        given.setdefault("AllocatedStorage", default_storage_gb(given["ReplicationInstanceClass"]))
        require_below(len(self._of.instances), DMS_INSTANCES, "account")
        self._require_storage(given["AllocatedStorage"])
        self._groups.group(given.get("ReplicationSubnetGroupIdentifier", "default"))
        arn = self._of.new_arn("rep", parameters)
        instance = Instance(arn, name, given, self._of.clock.now())
        self._of.instances[arn] = instance
        self._of.watch(instance)
        self._of.later(self._of.delays.creating_instance, self._settle, instance, "creating")
        return {"ReplicationInstance": self._show(instance)}

    def describe(self, parameters: Parameters) -> dict[str, Any]:
        values = {
            "replication-instance-arn": lambda one: one.arn,
            "replication-instance-id": lambda one: one.identifier,
            "replication-instance-class": lambda one: one.given["ReplicationInstanceClass"],
            "engine-version": lambda one: one.given["EngineVersion"],
        }
        found = filtered(parameters, list(self._of.instances.values()), values, "Replication Instance")
        return page(parameters, "ReplicationInstances", found, self._show, place=lambda one: self._of.place(one.arn))

    def modify(self, parameters: Parameters) -> dict[str, Any]:
        """At once with `ApplyImmediately`; otherwise what has to wait is shown as pending, and applied by the next
        modify that says so: no maintenance window opens here."""
        instance = self._of.instance(parameters["ReplicationInstanceArn"])
        if instance.status not in {"available", "storage-full"}:
            raise invalid_state(f"Replication Instance {instance.arn} is in state {instance.status}")
        wanted = {name: parameters[name] for name in (*_PENDING, *_AT_ONCE) if parameters.get(name) is not None}
        after = {**instance.given, **instance.pending, **wanted}
        _check({**after, "AvailabilityZone": None})  # a zone that was chosen at first does not forbid a second one
        if _version(after) < _version(instance.given):
            raise AwsError("InvalidParameterCombinationException", "An engine version cannot be lowered")
        if _version(after)[:2] != _version(instance.given)[:2] and not parameters.get("AllowMajorVersionUpgrade"):
            # Source: BC:ModifyReplicationInstanceMessage.AllowMajorVersionUpgrade. That the first two numbers are the
            # major version, and the fault, are assumed.
            raise AwsError(
                "InvalidParameterCombinationException",
                f"The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version "
                f"({instance.given['EngineVersion']} to {after['EngineVersion']})",
            )
        if after["AllocatedStorage"] < instance.given["AllocatedStorage"]:
            # That storage cannot shrink is documented for RDS, whose instances these resemble; assumed for DMS.
            raise AwsError("InvalidParameterCombinationException", "AllocatedStorage cannot be lowered")
        self._require_storage(after["AllocatedStorage"] - instance.given["AllocatedStorage"])
        name = identifier(
            "ReplicationInstanceIdentifier",
            parameters.get("ReplicationInstanceIdentifier") or instance.identifier,
            most=63,
        )
        if name != instance.identifier:
            self._require_free(name)
            instance.identifier = name
        instance.given.update({name: value for name, value in wanted.items() if name in _AT_ONCE})
        now = {name: after[name] for name in _PENDING if name in after and after[name] != instance.given.get(name)}
        if not parameters.get("ApplyImmediately"):
            instance.pending = now
        elif now:
            instance.pending = {}
            if {"ReplicationInstanceClass", "EngineVersion"} & set(now):
                # Both mean another host or engine: what runs ends as at a reboot (assumed from 1.4).
                end_runs(self._of, instance, RunEndedError("failed", "FATAL_ERROR", "Replication instance restarted"))
            self._events.tell(instance, *event_kinds.of_changes(now, is_done=False))
            instance.status = "modifying"
            self._of.later(self._of.delays.modifying_instance, self._apply, instance, now)
        return {"ReplicationInstance": self._show(instance)}

    def reboot(self, parameters: Parameters) -> dict[str, Any]:
        """Source: a task in its full load stops in error, finished tables stay finished (docs/facts/dms.md 1.4)."""
        instance = self._of.instance(parameters["ReplicationInstanceArn"])
        if instance.status != "available":
            raise invalid_state(f"Replication Instance {instance.arn} is in state {instance.status}")
        forced = [name for name in ("ForceFailover", "ForcePlannedFailover") if parameters.get(name)]
        if len(forced) == 2 or (forced and not instance.given["MultiAZ"]):
            raise AwsError(
                "InvalidParameterCombinationException", f"{' and '.join(forced)}: only one, and of a Multi-AZ instance"
            )
        end_runs(self._of, instance, RunEndedError("failed", "FATAL_ERROR", "Replication instance was rebooted"))
        instance.status = "rebooting"
        self._of.later(self._of.delays.rebooting, self._settle, instance, "rebooting")
        if forced:
            self._events.tell(instance, event_kinds.FAILOVER_BEGUN)
            self._of.later(self._of.delays.rebooting, self._events.tell, instance, event_kinds.FAILOVER_DONE)
        return {"ReplicationInstance": self._show(instance)}

    def delete(self, parameters: Parameters) -> dict[str, Any]:
        """Source: the tasks of an instance must be deleted before it (BC:DeleteReplicationInstance)."""
        instance = self._of.instance(parameters["ReplicationInstanceArn"])
        if instance.status not in {"available", "storage-full", "failed", "incompatible-network"}:
            raise invalid_state(f"Replication Instance {instance.arn} is in state {instance.status}")
        for task in self._of.tasks.values():
            if instance in (task.instance, task.move_to):
                raise invalid_state(
                    f"Replication Instance {instance.arn} has the replication task {task.identifier}; delete it first"
                )
        instance.status = "deleting"
        self._of.later(self._of.delays.deleting, self._remove, instance)
        return {"ReplicationInstance": self._show(instance)}

    def describe_orderable(self, parameters: Parameters) -> dict[str, Any]:
        return page(parameters, "OrderableReplicationInstances", list(orderable()), dict)

    def describe_task_logs(self, parameters: Parameters) -> dict[str, Any]:
        """No task keeps a log on the instance here (it goes to CloudWatch Logs at once), so none is listed."""
        instance = self._of.instance(parameters["ReplicationInstanceArn"])
        return {
            "ReplicationInstanceArn": instance.arn,
            **page(parameters, "ReplicationInstanceTaskLogs", [], dict),
        }

    def describe_pending_maintenance(self, parameters: Parameters) -> dict[str, Any]:
        """Nothing here needs maintenance. BC has the member Filters, and names no filter."""
        if arn := parameters.get("ReplicationInstanceArn"):
            self._of.instance(arn)
        none = filtered(parameters, list[str](), {}, "Pending Maintenance Action", is_empty_fine=True)
        return page(parameters, "PendingMaintenanceActions", none, str)

    def storage_gb(self) -> int:
        """GB of storage of all instances."""
        return sum(one.given["AllocatedStorage"] for one in self._of.instances.values())

    def _settle(self, instance: Instance, before: str) -> None:
        if instance.status == before:
            instance.status = "available"

    def _apply(self, instance: Instance, changes: Parameters) -> None:
        instance.given.update(changes)
        is_full = sum(instance.held.values()) >= instance.storage_bytes
        instance.status = "storage-full" if is_full else "available"
        self._events.tell(instance, *event_kinds.of_changes(changes, is_done=True))

    def _remove(self, instance: Instance) -> None:
        self._events.tell(instance, event_kinds.DELETED)
        del self._of.instances[instance.arn]
        self._of.forget(instance.arn)
        self._of.forget_connections(instance)

    def _require_free(self, name: str) -> None:
        if any(one.identifier == name for one in self._of.instances.values()):
            raise AwsError("ResourceAlreadyExistsFault", f"Replication Instance {name} already exists")

    def _require_storage(self, more_gb: int) -> None:
        if self.storage_gb() + more_gb > DMS_STORAGE_GIGABYTES.value:
            raise AwsError(
                "StorageQuotaExceededFault",
                f"Quota exceeded: at most {DMS_STORAGE_GIGABYTES.value} {DMS_STORAGE_GIGABYTES.what}",
            )

    def _show(self, instance: Instance) -> dict[str, Any]:
        given = instance.given
        zone = given.get("AvailabilityZone") or f"{REGION}a"
        return members(
            ReplicationInstanceIdentifier=instance.identifier,
            ReplicationInstanceArn=instance.arn,
            ReplicationInstanceClass=given["ReplicationInstanceClass"],
            ReplicationInstanceStatus=instance.status,
            AllocatedStorage=given["AllocatedStorage"],
            InstanceCreateTime=None if instance.status == "creating" else instance.created_at,
            VpcSecurityGroups=[
                {"VpcSecurityGroupId": one, "Status": "active"} for one in given.get("VpcSecurityGroupIds") or ()
            ],
            ReplicationSubnetGroup=self._groups.group(given.get("ReplicationSubnetGroupIdentifier", "default")),
            AvailabilityZone=zone,
            PreferredMaintenanceWindow=given.get("PreferredMaintenanceWindow", "sun:04:00-sun:04:30").lower(),
            PendingModifiedValues=dict(instance.pending),
            MultiAZ=given["MultiAZ"],
            EngineVersion=given["EngineVersion"],
            AutoMinorVersionUpgrade=given.get("AutoMinorVersionUpgrade", True),
            KmsKeyId=given.get("KmsKeyId"),
            PubliclyAccessible=given.get("PubliclyAccessible", True),
            NetworkType=given["NetworkType"],
            DnsNameServers=given.get("DnsNameServers"),
        )


def _check(given: Parameters) -> None:
    """Raise AwsError unless an instance may have these members. The codes are assumed."""
    name = given["ReplicationInstanceClass"]
    if name not in MEMORY_GIB:
        raise NotEmulatedError(f"the replication instance class {name}")
    if given["EngineVersion"] not in ENGINE_VERSIONS:
        raise NotEmulatedError(f"the engine version {given['EngineVersion']}")
    storage = given.get("AllocatedStorage", STORAGE_GB[0])
    if not STORAGE_GB[0] <= storage <= STORAGE_GB[1]:
        raise refusal(f"AllocatedStorage must be from {STORAGE_GB[0]} to {STORAGE_GB[1]}, not {storage}")
    if given.get("MultiAZ") and given.get("AvailabilityZone"):
        # Source: BC:CreateReplicationInstanceMessage.MultiAZ.
        raise AwsError("InvalidParameterCombinationException", "AvailabilityZone cannot be set for a Multi-AZ instance")
    if (window := given.get("PreferredMaintenanceWindow")) and not _WINDOW.fullmatch(window):
        raise refusal(f"PreferredMaintenanceWindow must be like Mon:02:00-Mon:02:30, not {window}")
    if (network := given.get("NetworkType", "IPV4")).upper() not in {"IPV4", "DUAL"}:
        raise refusal(f"NetworkType must be IPV4 or DUAL, not {network}")
    if given.get("KerberosAuthenticationSettings"):
        raise NotEmulatedError("KerberosAuthenticationSettings")


def _version(given: Parameters) -> tuple[int, ...]:
    return tuple(int(part) for part in given["EngineVersion"].split("."))
