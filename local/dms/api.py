"""The local DMS: the real API, states and refusals, and rows that really move. `local/COVERAGE.md` says how far."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fleet.quotas import DMS_API_BURST, DMS_API_PER_SECOND, DMS_ENDPOINTS, DMS_INSTANCES
from local.aws import ACCOUNT, LocalAws
from local.clock import Clock
from local.dms.connections import Connections
from local.dms.endpoints import Endpoints
from local.dms.instances import Instances
from local.dms.postgresql import PostgresqlReader
from local.dms.reader import Reader
from local.dms.resources import Delays, Resources
from local.dms.tasks import Tasks
from local.dms.throttle import TokenBucket
from local.wire import AwsError, NotEmulatedError

Parameters = Mapping[str, Any]


class Dms:
    """One account's DMS: `aws.serve("dms", Dms(clock, aws).answer)`.

    *readers*: how to read each source engine, under DMS's name of it; PostgreSQL by default. *throttles*: refuse what
    exceeds AWS's request rate.
    """

    def __init__(
        self,
        clock: Clock,
        aws: LocalAws,
        readers: Mapping[str, Reader] | None = None,
        *,
        delays: Delays | None = None,
        throttles: bool = False,
    ) -> None:
        self._resources = Resources(clock, aws, readers or {"postgres": PostgresqlReader()}, delays or Delays())
        self._bucket = TokenBucket(clock, DMS_API_BURST.value, DMS_API_PER_SECOND.value) if throttles else None
        connections = Connections(self._resources)
        instances = Instances(self._resources)
        endpoints = Endpoints(self._resources, connections)
        tasks = Tasks(self._resources, connections)
        self._operations: dict[str, Callable[[Parameters], dict[str, Any]]] = {
            "CreateReplicationInstance": instances.create,
            "DescribeReplicationInstances": instances.describe,
            "CreateReplicationSubnetGroup": instances.create_subnet_group,
            "DescribeReplicationSubnetGroups": instances.describe_subnet_groups,
            "CreateEndpoint": endpoints.create,
            "DescribeEndpoints": endpoints.describe,
            "ModifyEndpoint": endpoints.modify,
            "DeleteEndpoint": endpoints.delete,
            "TestConnection": connections.test,
            "DescribeConnections": connections.describe,
            "DeleteConnection": connections.delete,
            "CreateReplicationTask": tasks.create,
            "DescribeReplicationTasks": tasks.describe,
            "ModifyReplicationTask": tasks.modify,
            "StartReplicationTask": tasks.start,
            "StopReplicationTask": tasks.stop,
            "DeleteReplicationTask": tasks.delete,
            "DescribeTableStatistics": tasks.describe_tables,
            "DescribeAccountAttributes": self._account_attributes,
            "AddTagsToResource": self._add_tags,
            "ListTagsForResource": self._list_tags,
        }

    def answer(self, operation: str, parameters: Parameters) -> Mapping[str, Any]:
        """What AWS would answer to *operation*; its refusals are raised as AwsError."""
        with self._resources.lock:
            if self._bucket is not None:
                self._bucket.take()
            if operation not in self._operations:
                raise NotEmulatedError(f"DMS {operation}")
            return self._operations[operation](parameters)

    def _account_attributes(self, _: Parameters) -> dict[str, Any]:
        # The names are the model's; that endpoints per instance and tasks are not among them is observed.
        quotas = (
            ("ReplicationInstances", len(self._resources.instances), DMS_INSTANCES.value),
            ("Endpoints", len(self._resources.endpoints), DMS_ENDPOINTS.value),
        )
        return {
            "AccountQuotas": [{"AccountQuotaName": name, "Used": used, "Max": most} for name, used, most in quotas],
            "UniqueAccountIdentifier": ACCOUNT,
        }

    def _add_tags(self, parameters: Parameters) -> dict[str, Any]:
        tags = self._tags(parameters["ResourceArn"])
        tags.update({tag["Key"]: tag["Value"] for tag in parameters["Tags"]})
        return {}

    def _list_tags(self, parameters: Parameters) -> dict[str, Any]:
        arns = parameters.get("ResourceArnList") or [parameters["ResourceArn"]]
        return {
            "TagList": [
                {"Key": key, "Value": value, "ResourceArn": arn}
                for arn in arns
                for key, value in self._tags(arn).items()
            ]
        }

    def _tags(self, arn: str) -> dict[str, str]:
        if arn not in self._resources.tags:
            raise AwsError("ResourceNotFoundFault", f"Resource {arn} not found")
        return self._resources.tags[arn]
