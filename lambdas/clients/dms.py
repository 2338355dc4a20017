"""AWS DMS, as far as the product uses it. What DMS refuses because of a state is an answer here, not an exception.

Source: reference/dms.md 2 and 3.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from fleet.dms.tasks import TaskReport, read_task
from lambdas.clients.refusals import code_of, message_of

_REFUSED_BY_STATE = frozenset({"InvalidResourceStateFault", "InvalidParameterCombinationException"})


@dataclass(frozen=True)
class Task:
    """A task as DMS describes it. *mappings*, *settings*: the texts it carries, where they were asked for."""

    report: TaskReport
    source_arn: str
    target_arn: str
    instance_arn: str
    mappings: str
    settings: str


@dataclass(frozen=True)
class Endpoint:
    """An endpoint as DMS describes it. *s3*: nothing for a source."""

    arn: str
    status: str
    ssl_mode: str
    s3: Mapping[str, Any]


@dataclass(frozen=True)
class Connection:
    """The result of the last test of an endpoint from an instance; `never` if there was none."""

    status: str
    failure: str


class Dms:
    """The calls a night makes. Each is one request, but for listings."""

    def __init__(self, client: Any) -> None:
        self._dms = client

    def find_task(self, identifier: str, *, with_texts: bool = False) -> Task | None:
        """The task, or None if there is none. *with_texts*: with its mappings and settings, which may be long."""
        found = next(iter(self._describe_tasks([identifier], without_settings=not with_texts)), None)
        if found is None:
            return None
        return Task(
            report=read_task(found),
            source_arn=found["SourceEndpointArn"],
            target_arn=found["TargetEndpointArn"],
            instance_arn=found["ReplicationInstanceArn"],
            mappings=found.get("TableMappings") or "",
            settings=found.get("ReplicationTaskSettings") or "",
        )

    def find_report(self, identifier: str) -> TaskReport | None:
        """The task's state alone, which is what polling needs."""
        return self.find_reports([identifier]).get(identifier)

    def find_reports(self, identifiers: Sequence[str]) -> dict[str, TaskReport]:
        """The states of those of *identifiers* that there are, asked for in one request."""
        found = self._describe_tasks(identifiers, without_settings=True)
        return {one["ReplicationTaskIdentifier"]: read_task(one) for one in found}

    def find_moving(self, identifiers: Sequence[str]) -> dict[str, TaskReport]:
        """The states of those of *identifiers* that are not at rest, asked for in one request."""
        return {name: report for name, report in self.find_reports(identifiers).items() if not report.is_at_rest}

    def _describe_tasks(self, identifiers: Sequence[str], *, without_settings: bool) -> Sequence[Mapping[str, Any]]:
        try:
            answer = self._dms.describe_replication_tasks(
                Filters=[{"Name": "replication-task-id", "Values": list(identifiers)}],
                WithoutSettings=without_settings,
            )
        except ClientError as error:
            if code_of(error) == "ResourceNotFoundFault":
                return []
            raise
        return answer["ReplicationTasks"]

    def task_ids(self) -> set[str]:
        """The identifiers of all tasks, a hundred to a request."""
        pages = self._dms.get_paginator("describe_replication_tasks").paginate(WithoutSettings=True)
        try:
            return {task["ReplicationTaskIdentifier"] for page in pages for task in page["ReplicationTasks"]}
        except ClientError as error:
            if code_of(error) == "ResourceNotFoundFault":
                return set()
            raise

    def modify_task(self, arn: str, mappings: str, settings: str) -> str:
        """Give the task new mappings and settings; DMS's words if it refused, else nothing."""
        return self._refusal(
            self._dms.modify_replication_task,
            ReplicationTaskArn=arn,
            TableMappings=mappings,
            ReplicationTaskSettings=settings,
        )

    def start_task(self, arn: str, start_type: str) -> str:
        """Start the task; DMS's words if it refused, else nothing."""
        return self._refusal(
            self._dms.start_replication_task, ReplicationTaskArn=arn, StartReplicationTaskType=start_type
        )

    def stop_task(self, arn: str) -> str:
        """Ask the task to stop; DMS's words if it refused, else nothing."""
        return self._refusal(self._dms.stop_replication_task, ReplicationTaskArn=arn)

    def find_endpoint(self, identifier: str) -> Endpoint | None:
        """The endpoint, or None if there is none."""
        return self.find_endpoints(identifier).get(identifier)

    def find_endpoints(self, *identifiers: str) -> dict[str, Endpoint]:
        """Those of *identifiers* that there are, asked for in one request."""
        try:
            answer = self._dms.describe_endpoints(Filters=[{"Name": "endpoint-id", "Values": list(identifiers)}])
        except ClientError as error:
            if code_of(error) == "ResourceNotFoundFault":
                return {}
            raise
        return {
            one["EndpointIdentifier"]: Endpoint(
                one["EndpointArn"], one["Status"], one.get("SslMode") or "none", one.get("S3Settings") or {}
            )
            for one in answer["Endpoints"]
        }

    def modify_s3_endpoint(self, arn: str, s3_settings: Mapping[str, Any]) -> str:
        """Give the endpoint new settings, which starts a hidden test of it; DMS's words if it refused."""
        return self._refusal(self._dms.modify_endpoint, EndpointArn=arn, EngineName="s3", S3Settings=dict(s3_settings))

    def connections(self, instance_arn: str, *endpoint_arns: str) -> dict[str, Connection]:
        """The last test of each of *endpoint_arns* from that instance, asked for in one request; both filters, else
        other instances mix in."""
        filters = [
            {"Name": "endpoint-arn", "Values": list(endpoint_arns)},
            {"Name": "replication-instance-arn", "Values": [instance_arn]},
        ]
        try:
            found = self._dms.describe_connections(Filters=filters)["Connections"]
        except ClientError as error:
            if code_of(error) != "ResourceNotFoundFault":  # that is how DMS says "never tested"
                raise
            found = []
        never = dict.fromkeys(endpoint_arns, Connection("never", ""))
        tested = {one["EndpointArn"]: Connection(one["Status"], one.get("LastFailureMessage") or "") for one in found}
        return never | tested

    def test_connection(self, instance_arn: str, endpoint_arn: str) -> str:
        """Start a test; DMS's words if it refused, as it does while another test runs."""
        return self._refusal(self._dms.test_connection, ReplicationInstanceArn=instance_arn, EndpointArn=endpoint_arn)

    def table_statistics(self, task_arn: str) -> Iterator[Mapping[str, Any]]:
        """The statistics of every table of the task, 500 to a request."""
        pages = self._dms.get_paginator("describe_table_statistics").paginate(
            ReplicationTaskArn=task_arn, PaginationConfig={"PageSize": 500}
        )
        for page in pages:
            yield from page["TableStatistics"]

    @staticmethod
    def _refusal(call: Any, **parameters: Any) -> str:
        try:
            call(**parameters)
        except ClientError as error:
            if code_of(error) in _REFUSED_BY_STATE:
                return message_of(error)
            raise
        return ""
