"""Replication instances and subnet groups: made, listed, never resized or deleted here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fleet.quotas import DMS_INSTANCES
from local.dms.paging import filtered, page
from local.dms.resources import Instance, Resources, members, require_below
from local.wire import AwsError

Parameters = Mapping[str, Any]
_DEFAULT_STORAGE_GB = 50  # 50 or 100 by class (reference/dms.md 1.4)


class Instances:
    """The operations on replication instances and their subnet groups."""

    def __init__(self, resources: Resources) -> None:
        self._of = resources

    def create(self, parameters: Parameters) -> dict[str, Any]:
        identifier = parameters["ReplicationInstanceIdentifier"].lower()
        if any(one.identifier == identifier for one in self._of.instances.values()):
            raise AwsError("ResourceAlreadyExistsFault", f"Replication Instance {identifier} already exists")
        require_below(len(self._of.instances), DMS_INSTANCES, "account")
        group = parameters.get("ReplicationSubnetGroupIdentifier")
        if group and group.lower() not in self._of.subnet_groups:
            raise AwsError("ResourceNotFoundFault", f"Replication Subnet Group {group} not found")
        arn = self._of.new_arn("rep", parameters)
        instance = Instance(arn, identifier, dict(parameters), self._of.clock.now())
        self._of.instances[arn] = instance
        self._of.later(self._of.delays.creating_instance, setattr, instance, "status", "available")
        return {"ReplicationInstance": self._show(instance)}

    def describe(self, parameters: Parameters) -> dict[str, Any]:
        values = {
            "replication-instance-arn": lambda one: one.arn,
            "replication-instance-id": lambda one: one.identifier,
            "replication-instance-class": lambda one: one.given["ReplicationInstanceClass"],
            "engine-version": lambda one: one.given.get("EngineVersion", ""),
        }
        found = filtered(parameters, list(self._of.instances.values()), values, "Replication Instance")
        return page(parameters, "ReplicationInstances", found, self._show)

    def create_subnet_group(self, parameters: Parameters) -> dict[str, Any]:
        identifier = parameters["ReplicationSubnetGroupIdentifier"].lower()
        if identifier in self._of.subnet_groups:
            raise AwsError("ResourceAlreadyExistsFault", f"Replication Subnet Group {identifier} already exists")
        self._of.new_arn("subgrp", {**parameters, "ResourceIdentifier": identifier})
        self._of.subnet_groups[identifier] = {
            "ReplicationSubnetGroupIdentifier": identifier,
            "ReplicationSubnetGroupDescription": parameters["ReplicationSubnetGroupDescription"],
            "SubnetGroupStatus": "Complete",
            "Subnets": [{"SubnetIdentifier": one, "SubnetStatus": "Active"} for one in parameters["SubnetIds"]],
        }
        return {"ReplicationSubnetGroup": self._of.subnet_groups[identifier]}

    def describe_subnet_groups(self, parameters: Parameters) -> dict[str, Any]:
        values = {"replication-subnet-group-id": lambda one: one["ReplicationSubnetGroupIdentifier"]}
        found = filtered(parameters, list(self._of.subnet_groups.values()), values, "Replication Subnet Group")
        return page(parameters, "ReplicationSubnetGroups", found, dict)

    def _show(self, instance: Instance) -> dict[str, Any]:
        given = instance.given
        group = given.get("ReplicationSubnetGroupIdentifier")
        return members(
            ReplicationInstanceIdentifier=instance.identifier,
            ReplicationInstanceArn=instance.arn,
            ReplicationInstanceClass=given["ReplicationInstanceClass"],
            ReplicationInstanceStatus=instance.status,
            AllocatedStorage=given.get("AllocatedStorage", _DEFAULT_STORAGE_GB),
            InstanceCreateTime=instance.created_at,
            VpcSecurityGroups=[
                {"VpcSecurityGroupId": one, "Status": "active"} for one in given.get("VpcSecurityGroupIds") or ()
            ],
            ReplicationSubnetGroup=self._of.subnet_groups[group.lower()] if group else None,
            AvailabilityZone=given.get("AvailabilityZone"),
            PreferredMaintenanceWindow=given.get("PreferredMaintenanceWindow"),
            PendingModifiedValues={},
            MultiAZ=given.get("MultiAZ", False),
            EngineVersion=given.get("EngineVersion", "3.5.4"),
            AutoMinorVersionUpgrade=given.get("AutoMinorVersionUpgrade", True),
            KmsKeyId=given.get("KmsKeyId"),
            PubliclyAccessible=given.get("PubliclyAccessible", True),
        )
