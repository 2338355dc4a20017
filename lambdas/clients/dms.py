"""AWS DMS, as far as the product uses it. What DMS refuses because of a state is an answer here, not an exception.

A request that is throttled is repeated alone, in a turn of its own, as long as the handler has patience.

Source: docs/facts/dms.md 2 and 3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from fleet.connections import Connection
from fleet.dms.endpoints import FoundSource, read_source
from fleet.dms.first_tasks import FirstTask
from fleet.dms.task_texts import TaskTexts
from fleet.dms.tasks import TaskReport, read_task
from lambdas.clients.refusals import code_of, is_throttled, message_of

PATIENCE_SECONDS = 20
"""How long one request that is throttled is repeated within a handler; then the state is entered again later."""
_REFUSED_BY_STATE = frozenset(
    {"InvalidResourceStateFault", "InvalidParameterCombinationException", "ResourceAlreadyExistsFault"}
)


@dataclass(frozen=True)
class Task:
    """A task as DMS describes it. *texts*: empty unless they were asked for."""

    report: TaskReport
    source_arn: str
    target_arn: str
    instance_arn: str
    texts: TaskTexts


@dataclass(frozen=True)
class Endpoint:
    """An endpoint as DMS describes it. *source*: how it connects, if it is one. *s3*: nothing for a source."""

    arn: str
    status: str
    source: FoundSource
    s3: Mapping[str, Any]


class Dms:
    """The calls a night makes. Each is one request, but for listings.

    *next_turn*: in how many seconds a request that was throttled may be made again. *sleep*: waits so long.
    """

    def __init__(self, client: Any, next_turn: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._dms = client
        self._next_turn = next_turn
        self._sleep = sleep

    def _ask(self, call: Callable[..., Any], **parameters: Any) -> Any:
        waited = 0.0
        while True:
            try:
                return call(**parameters)
            except ClientError as error:
                if not is_throttled(error):
                    raise
                seconds = self._next_turn()
                if waited + seconds > PATIENCE_SECONDS:
                    raise
            self._sleep(seconds)
            waited += seconds

    def _list(self, call: Callable[..., Any], member: str, **parameters: Any) -> Iterator[Mapping[str, Any]]:
        """The items of all pages; none where DMS says that nothing is there."""
        while True:
            try:
                answer = self._ask(call, **parameters)
            except ClientError as error:
                if code_of(error) == "ResourceNotFoundFault":
                    return
                raise
            yield from answer[member]
            if not answer.get("Marker"):
                return
            parameters["Marker"] = answer["Marker"]

    def find_tasks(self, identifiers: Sequence[str], *, with_texts: bool = False) -> dict[str, Task]:
        """Those of *identifiers* that there are, asked for in one request. *with_texts*: with mappings and settings."""
        found = self._list_tasks("replication-task-id", identifiers, without_settings=not with_texts)
        return {one["ReplicationTaskIdentifier"]: _read_task(one) for one in found}

    def tasks_on(self, instance_arn: str) -> dict[str, Task]:
        """All tasks of an instance by identifier, without their texts, a hundred to a request."""
        found = self._list_tasks("replication-instance-arn", [instance_arn])
        return {one["ReplicationTaskIdentifier"]: _read_task(one) for one in found}

    def find_moving(self, identifiers: Sequence[str]) -> dict[str, TaskReport]:
        """The states of those of *identifiers* that are not at rest, asked for in one request."""
        found = self.find_tasks(identifiers)
        return {name: task.report for name, task in found.items() if not task.report.is_at_rest}

    def task_ids(self) -> set[str]:
        """The identifiers of all tasks, a hundred to a request."""
        found = self._list(self._dms.describe_replication_tasks, "ReplicationTasks", WithoutSettings=True)
        return {task["ReplicationTaskIdentifier"] for task in found}

    def _list_tasks(
        self, name: str, values: Sequence[str], *, without_settings: bool = True
    ) -> Iterator[Mapping[str, Any]]:
        return self._list(
            self._dms.describe_replication_tasks,
            "ReplicationTasks",
            Filters=[{"Name": name, "Values": list(values)}],
            WithoutSettings=without_settings,
        )

    def modify_task(self, arn: str, texts: TaskTexts) -> str:
        """Give the task other mappings and settings; DMS's words if it refused, else nothing."""
        return self._refusal(
            self._dms.modify_replication_task,
            ReplicationTaskArn=arn,
            TableMappings=texts.mappings,
            ReplicationTaskSettings=texts.settings,
        )

    def delete_task(self, arn: str) -> str:
        """Delete the task, with its place in the source's log; DMS's words if it refused, else nothing."""
        return self._refusal(self._dms.delete_replication_task, ReplicationTaskArn=arn)

    def make_task(self, like: Task, task: FirstTask, tags: Mapping[str, str]) -> str:
        """Make *task* between the endpoints of *like*, on its instance; DMS's words if it refused, else nothing."""
        return self._refusal(
            self._dms.create_replication_task,
            ReplicationTaskIdentifier=task.id,
            SourceEndpointArn=like.source_arn,
            TargetEndpointArn=like.target_arn,
            ReplicationInstanceArn=like.instance_arn,
            MigrationType=task.migration_type,
            TableMappings=task.mappings,
            ReplicationTaskSettings=task.settings,
            Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
        )

    def start_task(self, arn: str, start_type: str, stop_position: str = "") -> str:
        """Start the task; DMS's words if it refused, else nothing. *stop_position*: where a delta ends."""
        bound = {"CdcStopPosition": stop_position} if stop_position else {}
        return self._refusal(
            self._dms.start_replication_task, ReplicationTaskArn=arn, StartReplicationTaskType=start_type, **bound
        )

    def stop_task(self, arn: str) -> str:
        """Ask the task to stop; DMS's words if it refused, else nothing."""
        return self._refusal(self._dms.stop_replication_task, ReplicationTaskArn=arn)

    def find_endpoints(self, *identifiers: str) -> dict[str, Endpoint]:
        """Those of *identifiers* that there are, asked for in one request."""
        found = self._list(
            self._dms.describe_endpoints, "Endpoints", Filters=[{"Name": "endpoint-id", "Values": list(identifiers)}]
        )
        return {one["EndpointIdentifier"]: _read_endpoint(one) for one in found}

    def modify_s3_endpoint(self, arn: str, s3_settings: Mapping[str, Any]) -> Endpoint | str | None:
        """Give the endpoint new settings, which starts a hidden test of it; the endpoint as DMS answers, DMS's words if
        it refused, or None if there is no such endpoint."""
        try:
            answer = self._unless_refused(
                self._dms.modify_endpoint, EndpointArn=arn, EngineName="s3", S3Settings=dict(s3_settings)
            )
        except ClientError as error:
            if code_of(error) == "ResourceNotFoundFault":
                return None
            raise
        return answer if isinstance(answer, str) else _read_endpoint(answer["Endpoint"])

    def connections_of(self, instance_arn: str) -> dict[str, Connection]:
        """The last test of each endpoint from that instance, by the endpoint's ARN, a hundred to a request."""
        filters = [{"Name": "replication-instance-arn", "Values": [instance_arn]}]
        found = self._list(self._dms.describe_connections, "Connections", Filters=filters)
        return {one["EndpointArn"]: Connection(one["Status"], one.get("LastFailureMessage") or "") for one in found}

    def test_connection(self, instance_arn: str, endpoint_arn: str) -> str:
        """Start a test; DMS's words if it refused, as it does while another test runs."""
        return self._refusal(self._dms.test_connection, ReplicationInstanceArn=instance_arn, EndpointArn=endpoint_arn)

    def table_statistics(self, task_arn: str) -> Iterator[Mapping[str, Any]]:
        """The statistics of every table of the task, 500 to a request."""
        return self._list(
            self._dms.describe_table_statistics, "TableStatistics", ReplicationTaskArn=task_arn, MaxRecords=500
        )

    def _refusal(self, call: Callable[..., Any], **parameters: Any) -> str:
        answer = self._unless_refused(call, **parameters)
        return answer if isinstance(answer, str) else ""

    def _unless_refused(self, call: Callable[..., Any], **parameters: Any) -> dict[str, Any] | str:
        try:
            return self._ask(call, **parameters)
        except ClientError as error:
            if code_of(error) in _REFUSED_BY_STATE:
                return message_of(error)
            raise


def _read_task(found: Mapping[str, Any]) -> Task:
    return Task(
        report=read_task(found),
        source_arn=found["SourceEndpointArn"],
        target_arn=found["TargetEndpointArn"],
        instance_arn=found["ReplicationInstanceArn"],
        texts=TaskTexts(found.get("TableMappings") or "", found.get("ReplicationTaskSettings") or ""),
    )


def _read_endpoint(found: Mapping[str, Any]) -> Endpoint:
    return Endpoint(found["EndpointArn"], found["Status"], read_source(found), found.get("S3Settings") or {})
