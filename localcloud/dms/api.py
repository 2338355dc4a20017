"""The local DMS: the real API, states and refusals, and rows that really move. `local/COVERAGE.md` says how far."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from localcloud.aws import ACCOUNT, LocalAws
from localcloud.clock import Clock
from localcloud.dms.changes.captured import CaptureHooks
from localcloud.dms.engines.postgresql import PostgresqlReader
from localcloud.dms.engines.reader import Reader
from localcloud.dms.loads import capacity
from localcloud.dms.operations.assessments import Assessments
from localcloud.dms.operations.certificates import Certificates
from localcloud.dms.operations.connections import Connections
from localcloud.dms.operations.endpoints import Endpoints
from localcloud.dms.operations.events import Events
from localcloud.dms.operations.instances import Instances
from localcloud.dms.operations.schemas import Schemas
from localcloud.dms.operations.subnet_groups import SubnetGroups
from localcloud.dms.operations.subscriptions import Subscriptions
from localcloud.dms.operations.tags import Tags
from localcloud.dms.operations.tasks import Tasks
from localcloud.dms.requests import model
from localcloud.dms.resources import Delays, Quotas, Resources
from localcloud.in_process_transport import AwsError, NotEmulatedError
from localcloud.quotas import DMS_INSTANCES, DMS_STORAGE_GIGABYTES
from localcloud.throttling import Rate, TokenBucket

Parameters = Mapping[str, Any]


class Dms:
    """One account's DMS: `aws.serve("dms", Dms(clock, aws).answer)`.

    *readers*: how to read each source engine, under DMS's name of it; PostgreSQL by default. *on_event*: gets each
    event as EventBridge delivers it. *on_change*: called at each change of a status with the kind of thing, its
    status before and after ("" for not there). *capture_hooks*: what of captures of changes is not settled.
    """

    def __init__(
        self,
        clock: Clock,
        aws: LocalAws,
        readers: Mapping[str, Reader] | None = None,
        *,
        delays: Delays | None = None,
        quotas: Quotas | None = None,
        on_event: Callable[[dict[str, Any]], object] | None = None,
        on_change: Callable[[str, str, str], object] | None = None,
        capture_hooks: CaptureHooks | None = None,
    ) -> None:
        self._events = Events(clock, on_event)
        self._on_change = on_change
        self._resources = Resources(
            clock,
            aws,
            readers or {"postgres": PostgresqlReader()},
            delays or Delays(),
            self._changed,
            quotas,
            capture_hooks,
        )
        self._clock = clock
        self._bucket: TokenBucket | None = None
        groups = SubnetGroups(self._resources)
        self._instances = Instances(self._resources, groups, self._events)
        connections = Connections(self._resources)
        certificates = Certificates(self._resources)
        endpoints = Endpoints(self._resources, connections, certificates)
        tasks = self._tasks = Tasks(self._resources, connections, self._events)
        schemas = Schemas(self._resources)
        subscriptions = Subscriptions(self._resources)
        assessments = Assessments(self._resources)
        tags = Tags(self._resources)
        self._operations: dict[str, Callable[[Parameters], dict[str, Any]]] = {
            "CreateReplicationInstance": self._instances.create,
            "DescribeReplicationInstances": self._instances.describe,
            "ModifyReplicationInstance": self._instances.modify,
            "RebootReplicationInstance": self._instances.reboot,
            "DeleteReplicationInstance": self._instances.delete,
            "DescribeOrderableReplicationInstances": self._instances.describe_orderable,
            "DescribeReplicationInstanceTaskLogs": self._instances.describe_task_logs,
            "DescribePendingMaintenanceActions": self._instances.describe_pending_maintenance,
            "CreateReplicationSubnetGroup": groups.create,
            "DescribeReplicationSubnetGroups": groups.describe,
            "ModifyReplicationSubnetGroup": groups.modify,
            "DeleteReplicationSubnetGroup": groups.delete,
            "CreateEndpoint": endpoints.create,
            "DescribeEndpoints": endpoints.describe,
            "ModifyEndpoint": endpoints.modify,
            "DeleteEndpoint": endpoints.delete,
            "DescribeEndpointTypes": endpoints.describe_types,
            "TestConnection": connections.test,
            "DescribeConnections": connections.describe,
            "DeleteConnection": connections.delete,
            "RefreshSchemas": schemas.refresh,
            "DescribeRefreshSchemasStatus": schemas.describe_status,
            "DescribeSchemas": schemas.describe,
            "ImportCertificate": certificates.create,
            "DescribeCertificates": certificates.describe,
            "DeleteCertificate": certificates.delete,
            "CreateReplicationTask": tasks.create,
            "DescribeReplicationTasks": tasks.describe,
            "ModifyReplicationTask": tasks.modify,
            "StartReplicationTask": tasks.start,
            "StopReplicationTask": tasks.stop,
            "MoveReplicationTask": tasks.move,
            "DeleteReplicationTask": tasks.delete,
            "DescribeTableStatistics": tasks.describe_tables,
            "ReloadTables": tasks.reload_tables,
            "StartReplicationTaskAssessment": assessments.start_report,
            "DescribeReplicationTaskAssessmentResults": assessments.describe_reports,
            "StartReplicationTaskAssessmentRun": assessments.start,
            "DescribeApplicableIndividualAssessments": assessments.describe_applicable,
            "DescribeReplicationTaskAssessmentRuns": assessments.describe_runs,
            "DescribeReplicationTaskIndividualAssessments": assessments.describe_individual,
            "CancelReplicationTaskAssessmentRun": assessments.cancel,
            "DeleteReplicationTaskAssessmentRun": assessments.delete,
            "DescribeEvents": self._events.describe,
            "DescribeEventCategories": self._events.describe_categories,
            "CreateEventSubscription": subscriptions.create,
            "DescribeEventSubscriptions": subscriptions.describe,
            "ModifyEventSubscription": subscriptions.modify,
            "DeleteEventSubscription": subscriptions.delete,
            "AddTagsToResource": tags.add,
            "RemoveTagsFromResource": tags.remove,
            "ListTagsForResource": tags.list,
            "DescribeAccountAttributes": self._account_attributes,
        }

    @property
    def operations(self) -> frozenset[str]:
        """The operations that are emulated, or refused for a reason of their own."""
        return frozenset(self._operations)

    def answer(self, operation: str, parameters: Parameters) -> Mapping[str, Any]:
        """What AWS would answer to *operation*; its refusals are raised as AwsError."""
        parameters = model.without_nulls(parameters)
        model.check_request(operation, parameters)
        with self._resources.lock:
            try:
                if self._bucket is not None:
                    self._bucket.take()
                if operation not in self._operations:
                    raise NotEmulatedError(f"DMS {operation}")
                answer = self._operations[operation](parameters)
            except AwsError as error:
                model.check_error(operation, error)
                raise
            model.check_answer(operation, answer)
            return answer

    def start_throttling(self, rate: Rate) -> None:
        """From now on refuse what exceeds *rate*: the limit is the account's, not a caller's."""
        with self._resources.lock:
            self._bucket = TokenBucket(self._clock, rate)

    def tasks(self) -> list[dict[str, Any]]:
        """All tasks as DescribeReplicationTasks shows them; a look from outside, which counts as no request."""
        with self._resources.lock:
            return self._tasks.shown()

    def leave_test_objects(self, *, is_on: bool) -> None:
        """Whether from now on a test of an S3 target leaves an object in its folder, which AWS's may or may not do."""
        with self._resources.lock:
            self._resources.leaves_test_objects = is_on

    def tags(self, arn: str) -> Mapping[str, str]:
        """The tags of a resource, for who judges requests inside of AWS; none for one that does not exist."""
        with self._resources.lock:
            return dict(self._resources.tags.get(arn, {}))

    def hold_storage(self, instance_identifier: str, what: str, size_bytes: int) -> None:
        """Let *what* take so many bytes of an instance's disk from now on; 0 gives them back. A full disk stops its
        tasks, as AWS documents it."""
        with self._resources.lock:
            (instance,) = (one for one in self._resources.instances.values() if one.identifier == instance_identifier)
            capacity.hold(self._resources, instance, what, size_bytes)

    def _changed(self, thing: Any, before: str, after: str) -> None:
        self._events.note(thing, before, after)
        if self._on_change is not None:
            self._on_change(thing.kind, before, after)

    def _account_attributes(self, _: Parameters) -> dict[str, Any]:
        # The names are the model's; that endpoints per instance and tasks are not among them is observed.
        quotas = (
            ("ReplicationInstances", len(self._resources.instances), DMS_INSTANCES.value),
            ("AllocatedStorage", self._instances.storage_gb(), DMS_STORAGE_GIGABYTES.value),
            ("Endpoints", len(self._resources.endpoints), self._resources.quotas.endpoints.value),
        )
        return {
            "AccountQuotas": [{"AccountQuotaName": name, "Used": used, "Max": most} for name, used, most in quotas],
            "UniqueAccountIdentifier": ACCOUNT,
        }
