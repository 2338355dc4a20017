"""The schemas of a source, looked up from an instance on request and listed from what was found then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from localcloud.dms.engines.sources import login
from localcloud.dms.requests.paging import page
from localcloud.dms.resources import Endpoint, Instance, Resources, invalid_state, members
from localcloud.in_process_transport import AwsError

Parameters = Mapping[str, Any]


@dataclass
class Refresh:
    """The newest look at the schemas of an endpoint."""

    instance: Instance
    status: str = "refreshing"
    at: datetime | None = None
    failure: str = ""
    schemas: list[str] = field(default_factory=list)


class Schemas:
    """RefreshSchemas, DescribeRefreshSchemasStatus and DescribeSchemas."""

    def __init__(self, resources: Resources) -> None:
        self._of = resources
        self._refreshes: dict[str, Refresh] = {}

    def refresh(self, parameters: Parameters) -> dict[str, Any]:
        endpoint = self._source(parameters)
        instance = self._of.instance(parameters["ReplicationInstanceArn"])
        if instance.status != "available":
            raise invalid_state(f"Replication Instance {instance.arn} is in state {instance.status}")
        before = self._refreshes.get(endpoint.arn)
        if before is not None and before.status == "refreshing":
            raise invalid_state(f"The schemas of {endpoint.arn} are already being refreshed")
        refresh = Refresh(instance, schemas=before.schemas if before else [])
        self._refreshes[endpoint.arn] = refresh
        self._of.later(self._of.delays.refreshing_schemas, lambda: self._of.clock.work(self._look, endpoint, refresh))
        return {"RefreshSchemasStatus": self._show(endpoint, refresh)}

    def describe_status(self, parameters: Parameters) -> dict[str, Any]:
        endpoint = self._source(parameters)
        return {"RefreshSchemasStatus": self._show(endpoint, self._found(endpoint))}

    def describe(self, parameters: Parameters) -> dict[str, Any]:
        return page(parameters, "Schemas", self._found(self._source(parameters)).schemas, str, place=str)

    def _look(self, endpoint: Endpoint, refresh: Refresh) -> None:
        failure, names = "", list[str]()
        try:
            source = self._of.readers[endpoint.engine].open(login(self._of.aws, endpoint))
            try:
                names = sorted({table.schema for table in source.catalogue()})
            finally:
                source.close()
        except Exception as error:  # noqa: BLE001  whatever it is: a refresh may not stay `refreshing` for ever
            failure = str(error) or repr(error)
        with self._of.lock:
            refresh.status = "failed" if failure else "successful"
            refresh.failure = failure
            refresh.at = self._of.clock.now()
            if not failure:
                refresh.schemas = names

    def _source(self, parameters: Parameters) -> Endpoint:
        endpoint = self._of.endpoint(parameters["EndpointArn"])
        if endpoint.status != "active" or endpoint.given["EndpointType"] != "source":
            raise invalid_state(f"Endpoint {endpoint.arn} is no active source endpoint")
        return endpoint

    def _found(self, endpoint: Endpoint) -> Refresh:
        if endpoint.arn not in self._refreshes:
            raise AwsError("ResourceNotFoundFault", f"The schemas of {endpoint.arn} were never refreshed")
        return self._refreshes[endpoint.arn]

    def _show(self, endpoint: Endpoint, refresh: Refresh) -> dict[str, Any]:
        return members(
            EndpointArn=endpoint.arn,
            ReplicationInstanceArn=refresh.instance.arn,
            Status=refresh.status,
            LastRefreshDate=refresh.at,
            LastFailureMessage=refresh.failure,
        )
