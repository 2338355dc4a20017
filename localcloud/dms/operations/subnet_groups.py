"""Replication subnet groups, over the subnets of the account's EC2 (moto's)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from localcloud.dms.requests import names
from localcloud.dms.requests.paging import filtered, page
from localcloud.dms.resources import Resources, arn_of, invalid_state, require_below
from localcloud.in_process_transport import AwsError
from localcloud.quotas import DMS_SUBNET_GROUPS, DMS_SUBNETS_PER_GROUP

Parameters = Mapping[str, Any]
# The group of an instance that names none. That it is called so is documented by the name being reserved; here it has
# no subnets, because a default VPC is nothing that the product relies on.
_DEFAULT = {
    "ReplicationSubnetGroupIdentifier": "default",
    "ReplicationSubnetGroupDescription": "default group created by the local cloud",
    "SubnetGroupStatus": "Complete",
    "Subnets": [],
}


class SubnetGroups:
    """The operations on replication subnet groups."""

    def __init__(self, resources: Resources) -> None:
        self._of = resources
        self._groups: dict[str, dict[str, Any]] = {}

    def group(self, name: str) -> dict[str, Any]:
        """The group as AWS shows it. Raises AwsError when there is none of that name."""
        if name.lower() == "default":
            return _DEFAULT
        if name.lower() not in self._groups:
            raise AwsError("ResourceNotFoundFault", f"Replication Subnet Group {name} not found")
        return self._groups[name.lower()]

    def create(self, parameters: Parameters) -> dict[str, Any]:
        name = names.subnet_group(parameters["ReplicationSubnetGroupIdentifier"])
        if name in self._groups:
            raise AwsError("ResourceAlreadyExistsFault", f"Replication Subnet Group {name} already exists")
        require_below(len(self._groups), DMS_SUBNET_GROUPS, "account")
        subnets = self._subnets(parameters["SubnetIds"])
        self._of.new_arn("subgrp", parameters, name)
        self._groups[name] = {
            "ReplicationSubnetGroupIdentifier": name,
            "ReplicationSubnetGroupDescription": parameters["ReplicationSubnetGroupDescription"],
            "SubnetGroupStatus": "Complete",
            "SupportedNetworkTypes": ["IPV4"],
            **subnets,
        }
        return {"ReplicationSubnetGroup": self._groups[name]}

    def describe(self, parameters: Parameters) -> dict[str, Any]:
        values = {"replication-subnet-group-id": lambda one: one["ReplicationSubnetGroupIdentifier"]}
        found = filtered(parameters, list(self._groups.values()), values, "Replication Subnet Group")
        return page(parameters, "ReplicationSubnetGroups", found, dict, place=self._place)

    def modify(self, parameters: Parameters) -> dict[str, Any]:
        group = self._own(parameters)
        used = self._of_instances(group["ReplicationSubnetGroupIdentifier"])
        subnets = self._subnets(parameters["SubnetIds"])
        if used and subnets["VpcId"] != group["VpcId"]:
            raise AwsError("InvalidSubnet", f"The subnets are not in {group['VpcId']}, where {used[0]} is")
        if description := parameters.get("ReplicationSubnetGroupDescription"):
            group["ReplicationSubnetGroupDescription"] = description
        group.update(subnets)
        return {"ReplicationSubnetGroup": group}

    def delete(self, parameters: Parameters) -> dict[str, Any]:
        name = self._own(parameters)["ReplicationSubnetGroupIdentifier"]
        if used := self._of_instances(name):
            raise invalid_state(f"Replication Subnet Group {name} is used by the replication instance {used[0]}")
        del self._groups[name]
        self._of.forget(arn_of("subgrp", name))
        return {}

    def _place(self, group: Mapping[str, Any]) -> int:
        return self._of.place(arn_of("subgrp", group["ReplicationSubnetGroupIdentifier"]))

    def _own(self, parameters: Parameters) -> dict[str, Any]:
        name = parameters["ReplicationSubnetGroupIdentifier"].lower()
        if name not in self._groups:
            raise AwsError("ResourceNotFoundFault", f"Replication Subnet Group {name} not found")
        return self._groups[name]

    def _of_instances(self, name: str) -> list[str]:
        return [
            one.identifier
            for one in self._of.instances.values()
            if one.given.get("ReplicationSubnetGroupIdentifier", "default").lower() == name
        ]

    def _subnets(self, wanted: Sequence[str]) -> dict[str, Any]:
        """VPC and subnets as a group shows them. Raises AwsError unless they exist, lie in one VPC and cover two zones.

        Source: AWS DMS user guide, "Creating a replication subnet group" (CHAP_ReplicationInstance.VPC).
        """
        require_below(len(wanted) - 1, DMS_SUBNETS_PER_GROUP, "group")
        try:
            # An empty list would mean all of them.
            found = self._of.aws.client("ec2").describe_subnets(SubnetIds=list(wanted))["Subnets"] if wanted else []
        except ClientError as error:
            raise AwsError("InvalidSubnet", error.response["Error"]["Message"]) from error
        if len({one["VpcId"] for one in found}) > 1:
            raise AwsError("InvalidSubnet", "The subnets of a replication subnet group must be in one VPC")
        if len({one["AvailabilityZone"] for one in found}) < 2:
            raise AwsError(
                "ReplicationSubnetGroupDoesNotCoverEnoughAZs",
                "The subnets of a replication subnet group must cover at least two Availability Zones",
            )
        return {
            "VpcId": found[0]["VpcId"],
            "Subnets": [
                {
                    "SubnetIdentifier": one["SubnetId"],
                    "SubnetAvailabilityZone": {"Name": one["AvailabilityZone"]},
                    "SubnetStatus": "Active",
                }
                for one in found
            ],
        }
