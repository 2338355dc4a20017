"""Connections: the tested pairs of replication instance and endpoint. A test really connects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.dms.engines.sources import login
from localcloud.dms.loads.target import Target, read_settings
from localcloud.dms.requests.paging import filtered, page
from localcloud.dms.resources import Connection, Endpoint, Instance, Resources, invalid_state, members, require_below
from localcloud.in_process_transport import AwsError
from localcloud.quotas import DMS_ENDPOINTS_PER_INSTANCE

Parameters = Mapping[str, Any]


class Connections:
    """The operations on connections, and the tests that a ModifyEndpoint sets off unasked."""

    def __init__(self, resources: Resources) -> None:
        self._of = resources
        self._made = 0

    def test(self, parameters: Parameters) -> dict[str, Any]:
        instance = self._of.instance(parameters["ReplicationInstanceArn"])
        endpoint = self._of.endpoint(parameters["EndpointArn"])
        if instance.status != "available":
            raise invalid_state(f"Replication Instance {instance.arn} is in state {instance.status}")
        if endpoint.status != "active":
            raise invalid_state(f"Endpoint {endpoint.arn} is {endpoint.status}")
        connection = self._of.connections.get((instance.arn, endpoint.arn))
        if connection is None:
            # How AWS counts the endpoints of an instance is unknown; tested pairs fit best (docs/facts/dms.md 1.1).
            used = sum(one.instance is instance for one in self._of.connections.values())
            require_below(used, DMS_ENDPOINTS_PER_INSTANCE, instance.identifier)
            self._made += 1
            connection = Connection(instance, endpoint, self._made)
            self._of.connections[(instance.arn, endpoint.arn)] = connection
            self._of.watch(connection)
        elif connection.status == "deleting":
            raise invalid_state(f"The connection of {endpoint.identifier} on {instance.identifier} is being deleted")
        elif connection.status == "testing":
            raise invalid_state(
                f"Connection of Endpoint {endpoint.identifier} on Replication Instance {instance.identifier} "
                "is already being tested"
            )
        self._begin(connection)
        return {"Connection": self._show(connection)}

    def describe(self, parameters: Parameters) -> dict[str, Any]:
        connections = list(self._of.connections.values())
        if not connections:
            raise AwsError("ResourceNotFoundFault", "No connections found")
        values = {
            "endpoint-arn": lambda one: one.endpoint.arn,
            "replication-instance-arn": lambda one: one.instance.arn,
        }
        found = filtered(parameters, connections, values, "Connection")
        return page(parameters, "Connections", found, self._show, place=lambda one: one.place)

    def delete(self, parameters: Parameters) -> dict[str, Any]:
        pair = (parameters["ReplicationInstanceArn"], parameters["EndpointArn"])
        connection = self._of.connections.get(pair)
        if connection is None:
            raise AwsError("ResourceNotFoundFault", f"Connection of {pair[1]} on {pair[0]} not found")
        if any(task.instance is connection.instance for task in self._of.tasks_on(connection.endpoint)):
            raise invalid_state(f"Connection of {pair[1]} is used by a task")  # assumed
        if connection.status == "deleting":
            raise invalid_state(f"Connection of {pair[1]} on {pair[0]} is already being deleted")
        connection.status = "deleting"
        connection.test += 1
        self._of.later(self._of.delays.deleting, self._of.connections.pop, pair, None)
        return {"Connection": self._show(connection)}

    def test_after_modify(self, endpoint: Endpoint) -> None:
        """Set off the tests that DMS begins by itself, a moment after an endpoint was modified: on every instance it
        was ever tested on (assumed; docs/facts/dms.md 2.2 knows that there are such tests, not where)."""
        for connection in self._of.connections.values():
            if connection.endpoint is endpoint:
                self._of.later(self._of.delays.hidden_test_starts, self._begin_hidden, connection)

    def is_successful(self, instance: Instance, endpoint: Endpoint) -> bool:
        """Whether the newest test of this pair succeeded."""
        connection = self._of.connections.get((instance.arn, endpoint.arn))
        return connection is not None and connection.status == "successful"

    def _begin_hidden(self, connection: Connection) -> None:
        if connection.status in {"successful", "failed"}:
            self._begin(connection)

    def _begin(self, connection: Connection) -> None:
        connection.status = "testing"
        connection.failure = ""
        connection.test += 1
        self._of.later(self._of.delays.testing, self._try, connection, connection.test)

    def _try(self, connection: Connection, test: int) -> None:
        if connection.test != test:
            return

        def work() -> None:
            failure = self._failure(connection.endpoint)
            with self._of.lock:
                if connection.test == test:
                    connection.status = "failed" if failure else "successful"
                    connection.failure = failure

        self._of.clock.work(work)

    def _failure(self, endpoint: Endpoint) -> str:
        """Why the endpoint cannot be used, or "". The frame of the message is observed, its number is one of AWS's."""
        try:
            if endpoint.engine == "s3":
                Target(self._of.aws, read_settings(endpoint.given["S3Settings"])).check(
                    leaves=self._of.leaves_test_objects
                )
            else:
                self._of.readers[endpoint.engine].check(login(self._of.aws, endpoint))
        except Exception as error:  # noqa: BLE001  whatever it is: a connection may not stay `testing` for ever
            return f"Test Endpoint failed: Application-Status: 1020912, Application-Message: {error}"
        return ""

    def _show(self, connection: Connection) -> dict[str, Any]:
        return members(
            ReplicationInstanceArn=connection.instance.arn,
            ReplicationInstanceIdentifier=connection.instance.identifier,
            EndpointArn=connection.endpoint.arn,
            EndpointIdentifier=connection.endpoint.identifier,
            Status=connection.status,
            LastFailureMessage=connection.failure,
        )
