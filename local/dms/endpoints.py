"""Endpoints: `postgres` as a source, `s3` as a target."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fleet.quotas import DMS_ENDPOINTS
from local.dms.connections import Connections
from local.dms.paging import filtered, page
from local.dms.resources import AT_REST, Endpoint, Resources, invalid_state, require_below
from local.wire import AwsError, NotEmulatedError

Parameters = Mapping[str, Any]
# Which settings belong to an engine, how AWS displays it, and on which side it can stand here.
_ENGINES = {
    "postgres": ("PostgreSQLSettings", "PostgreSQL", "source"),
    "s3": ("S3Settings", "Amazon S3", "target"),
}
_PLAIN = {
    "EndpointIdentifier",
    "EndpointType",
    "EngineName",
    "DatabaseName",
    "ExtraConnectionAttributes",
    "KmsKeyId",
    "CertificateArn",
    "SslMode",
}
# Members of PostgreSQLSettings that would change what is read; anything else than this value is refused.
_POSTGRESQL_ONLY: Mapping[str, Any] = {
    "AfterConnectScript": "",
    "TrimSpaceInChar": True,
    "MapBooleanAsBoolean": False,
    "MapJsonbAsClob": False,
    "MapLongVarcharAs": "wstring",
    "DatabaseMode": "default",
    "FailTasksOnLobTruncation": False,
    "DisableUnicodeSourceFilter": False,
    "AuthenticationMethod": "password",
}


class Endpoints:
    """The operations on endpoints."""

    def __init__(self, resources: Resources, connections: Connections) -> None:
        self._of = resources
        self._connections = connections

    def create(self, parameters: Parameters) -> dict[str, Any]:
        given = _members(parameters)
        identifier = given["EndpointIdentifier"] = _identifier(parameters["EndpointIdentifier"])
        self._require_free(identifier)
        require_below(len(self._of.endpoints), DMS_ENDPOINTS, "account")
        given.setdefault("SslMode", "none")
        _check(given)
        endpoint = Endpoint(self._of.new_arn("endpoint", parameters), given)
        self._of.endpoints[endpoint.arn] = endpoint
        return {"Endpoint": self._show(endpoint)}

    def describe(self, parameters: Parameters) -> dict[str, Any]:
        values = {
            "endpoint-arn": lambda one: one.arn,
            "endpoint-id": lambda one: one.identifier,
            "endpoint-type": lambda one: one.given["EndpointType"],
            "engine-name": lambda one: one.engine,
        }
        found = filtered(parameters, list(self._of.endpoints.values()), values, "Endpoint")
        return page(parameters, "Endpoints", found, self._show)

    def modify(self, parameters: Parameters) -> dict[str, Any]:
        """Engine settings are merged member by member, or replaced as a whole with `ExactSettings` (documented)."""
        endpoint = self._of.endpoint(parameters["EndpointArn"])
        self._require_at_rest(endpoint, "modified")
        given = {**endpoint.given, **_members(parameters)}
        settings = _ENGINES[endpoint.engine][0]
        if settings in parameters and not parameters.get("ExactSettings"):
            given[settings] = {**endpoint.given.get(settings, {}), **parameters[settings]}
        if (given["EngineName"], given["EndpointType"]) != (endpoint.engine, endpoint.given["EndpointType"]):
            raise NotEmulatedError("ModifyEndpoint to another engine or side")
        given["EndpointIdentifier"] = _identifier(given["EndpointIdentifier"])
        if given["EndpointIdentifier"] != endpoint.identifier:
            self._require_free(given["EndpointIdentifier"])
        _check(given)
        endpoint.given = given
        self._connections.test_after_modify(endpoint)
        return {"Endpoint": self._show(endpoint)}

    def delete(self, parameters: Parameters) -> dict[str, Any]:
        endpoint = self._of.endpoint(parameters["EndpointArn"])
        for task in self._of.tasks.values():
            if endpoint in (task.source, task.target):
                raise invalid_state(f"Endpoint {endpoint.arn} is part of the replication task {task.identifier}")
        endpoint.status = "deleting"
        self._of.later(self._of.delays.deleting, self._remove, endpoint)
        return {"Endpoint": self._show(endpoint)}

    def _remove(self, endpoint: Endpoint) -> None:
        del self._of.endpoints[endpoint.arn]
        for pair in [pair for pair in self._of.connections if pair[1] == endpoint.arn]:
            del self._of.connections[pair]

    def _require_free(self, identifier: str) -> None:
        if any(one.identifier == identifier for one in self._of.endpoints.values()):
            raise AwsError("ResourceAlreadyExistsFault", f"Endpoint {identifier} already exists")

    def _require_at_rest(self, endpoint: Endpoint, what: str) -> None:
        # That it is refused is observed, by whom and when; the words are assumed (reference/dms.md 2.2).
        for task in self._of.tasks.values():
            if endpoint in (task.source, task.target) and task.status not in AT_REST:
                raise invalid_state(
                    f"Endpoint {endpoint.arn} cannot be {what}: the replication task {task.identifier} on it is "
                    f"{task.status}. Stop the task first."
                )
        if endpoint.status != "active":
            raise invalid_state(f"Endpoint {endpoint.arn} is {endpoint.status}")

    def _show(self, endpoint: Endpoint) -> dict[str, Any]:
        return {
            **endpoint.given,
            "EndpointArn": endpoint.arn,
            "EngineDisplayName": _ENGINES[endpoint.engine][1],
            "Status": endpoint.status,
        }


def _members(parameters: Parameters) -> dict[str, Any]:
    """The members an endpoint keeps. Everything else an endpoint can have at AWS is refused by name."""
    known = _PLAIN | {settings for settings, *_ in _ENGINES.values()}
    beside = {"EndpointArn", "ExactSettings", "Tags", "ResourceIdentifier"}
    for name, value in parameters.items():
        if name not in known | beside and value not in ("", None, {}):
            raise NotEmulatedError(f"{name} of an endpoint")
    return {name: value for name, value in parameters.items() if name in known and value is not None}


def _check(given: Mapping[str, Any]) -> None:
    engine, side = given["EngineName"], given["EndpointType"].lower()
    if engine not in _ENGINES or _ENGINES[engine][2] != side:
        raise NotEmulatedError(f"an endpoint of engine {engine} as {side}")
    if given.get("ExtraConnectionAttributes"):
        raise NotEmulatedError("ExtraConnectionAttributes")
    settings = given.get(_ENGINES[engine][0], {})
    if engine == "s3":
        required = ("ServiceAccessRoleArn", "BucketName")
    else:
        required = ("SecretsManagerAccessRoleArn", "SecretsManagerSecretId")
        for name, value in settings.items():
            if name in {"Username", "Password", "ServerName", "Port"}:
                raise NotEmulatedError(f"PostgreSQLSettings.{name}: credentials come from Secrets Manager only")
            if name in _POSTGRESQL_ONLY and value != _POSTGRESQL_ONLY[name]:
                raise NotEmulatedError(f"PostgreSQLSettings.{name} = {value}")
        if not given.get("DatabaseName") and not settings.get("DatabaseName"):
            raise AwsError("InvalidParameterCombinationException", "DatabaseName is required for engine postgres")
    for name in required:
        if not settings.get(name):
            raise AwsError("InvalidParameterCombinationException", f"{name} is required for engine {engine}")


def _identifier(text: str) -> str:
    """*text* as AWS keeps it, in lower case. Source: BC:CreateEndpointMessage.EndpointIdentifier."""
    if not re.fullmatch(r"[A-Za-z](-?[A-Za-z0-9])*", text) or len(text) > 255:
        raise AwsError(
            "InvalidParameterValueException",
            f"The parameter EndpointIdentifier must begin with a letter, hold only letters, digits and hyphens, and "
            f"neither end with a hyphen nor hold two in a row: {text}",
        )
    return text.lower()
