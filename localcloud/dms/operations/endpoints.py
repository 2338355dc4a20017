"""Endpoints: databases as sources, `s3` as a target."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.dms.engines import offered
from localcloud.dms.operations.certificates import Certificates
from localcloud.dms.operations.connections import Connections
from localcloud.dms.requests.names import identifier
from localcloud.dms.requests.paging import filtered, page
from localcloud.dms.resources import AT_REST, Endpoint, Resources, invalid_state, require_below
from localcloud.in_process_transport import AwsError, NotEmulatedError

Parameters = Mapping[str, Any]
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
_SETTINGS = {engine.settings for engine in offered.ENGINES.values()}
_BESIDE = {"EndpointArn", "ExactSettings", "Tags", "ResourceIdentifier", "ServiceAccessRoleArn"}


class Endpoints:
    """The operations on endpoints."""

    def __init__(self, resources: Resources, connections: Connections, certificates: Certificates) -> None:
        self._of = resources
        self._connections = connections
        self._certificates = certificates

    def create(self, parameters: Parameters) -> dict[str, Any]:
        given = self._members(parameters, {})
        name = given["EndpointIdentifier"] = identifier("EndpointIdentifier", parameters["EndpointIdentifier"])
        self._require_free(name)
        require_below(len(self._of.endpoints), self._of.quotas.endpoints, "account")
        given.setdefault("SslMode", "none")
        offered.check(given, self._of.readers)
        endpoint = Endpoint(self._of.new_arn("endpoint", parameters), given)
        self._of.endpoints[endpoint.arn] = endpoint
        self._of.watch(endpoint)
        return {"Endpoint": self._show(endpoint)}

    def describe(self, parameters: Parameters) -> dict[str, Any]:
        values = {
            "endpoint-arn": lambda one: one.arn,
            "endpoint-id": lambda one: one.identifier,
            "endpoint-type": lambda one: one.given["EndpointType"],
            "engine-name": lambda one: one.engine,
        }
        found = filtered(parameters, list(self._of.endpoints.values()), values, "Endpoint")
        return page(parameters, "Endpoints", found, self._show, place=lambda one: self._of.place(one.arn))

    def describe_types(self, parameters: Parameters) -> dict[str, Any]:
        """The engines that can be had here, not AWS's whole list."""
        there = [
            {
                "EngineName": name,
                "EngineDisplayName": engine.display_name,
                "EndpointType": engine.side,
                "SupportsCDC": True,  # of the engine, at AWS; no change is captured here
            }
            for name, engine in offered.ENGINES.items()
            if engine.side == "target" or name in self._of.readers
        ]
        values = {"engine-name": lambda one: one["EngineName"], "endpoint-type": lambda one: one["EndpointType"]}
        found = filtered(parameters, there, values, "Endpoint Type", is_empty_fine=True)
        return page(parameters, "SupportedEndpointTypes", found, dict)

    def modify(self, parameters: Parameters) -> dict[str, Any]:
        """Engine settings are merged member by member, or replaced as a whole with `ExactSettings` (documented)."""
        endpoint = self._of.endpoint(parameters["EndpointArn"])
        self._require_at_rest(endpoint, "modified")
        changes = self._members(parameters, endpoint.given)
        given = {**endpoint.given, **changes}
        settings = offered.ENGINES[endpoint.engine].settings
        if settings in changes and not parameters.get("ExactSettings"):
            given[settings] = {**endpoint.given.get(settings, {}), **changes[settings]}
        if (given["EngineName"], given["EndpointType"]) != (endpoint.engine, endpoint.given["EndpointType"]):
            raise NotEmulatedError("ModifyEndpoint to another engine or side")
        given["EndpointIdentifier"] = identifier("EndpointIdentifier", given["EndpointIdentifier"])
        if given["EndpointIdentifier"] != endpoint.identifier:
            self._require_free(given["EndpointIdentifier"])
        offered.check(given, self._of.readers)
        _require_encryption_may_follow(endpoint.given, given)
        endpoint.given = given
        self._connections.test_after_modify(endpoint)
        return {"Endpoint": self._show(endpoint)}

    def delete(self, parameters: Parameters) -> dict[str, Any]:
        endpoint = self._of.endpoint(parameters["EndpointArn"])
        if tasks := self._of.tasks_on(endpoint):
            raise invalid_state(f"Endpoint {endpoint.arn} is part of the replication task {tasks[0].identifier}")
        if endpoint.status != "active":
            raise invalid_state(f"Endpoint {endpoint.arn} is {endpoint.status}")
        endpoint.status = "deleting"
        self._of.later(self._of.delays.deleting, self._remove, endpoint)
        return {"Endpoint": self._show(endpoint)}

    def _remove(self, endpoint: Endpoint) -> None:
        del self._of.endpoints[endpoint.arn]
        self._of.forget(endpoint.arn)
        self._of.forget_connections(endpoint)

    def _require_free(self, name: str) -> None:
        if any(one.identifier == name for one in self._of.endpoints.values()):
            raise AwsError("ResourceAlreadyExistsFault", f"Endpoint {name} already exists")

    def _require_at_rest(self, endpoint: Endpoint, what: str) -> None:
        # That it is refused is observed, by whom and when; the words are assumed (docs/facts/dms.md 2.2).
        for task in self._of.tasks_on(endpoint):
            if task.status not in AT_REST:
                raise invalid_state(
                    f"Endpoint {endpoint.arn} cannot be {what}: the replication task {task.identifier} on it is "
                    f"{task.status}. Stop the task first."
                )
        if endpoint.status != "active":
            raise invalid_state(f"Endpoint {endpoint.arn} is {endpoint.status}")

    def _members(self, parameters: Parameters, before: Parameters) -> dict[str, Any]:
        """The members an endpoint keeps. Everything else an endpoint can have at AWS is refused by name."""
        for name, value in parameters.items():
            if name not in _PLAIN | _SETTINGS | _BESIDE and value not in ("", None, {}):
                raise NotEmulatedError(f"{name} of an endpoint")
        found = {name: value for name, value in parameters.items() if name in _PLAIN and value is not None}
        engine = offered.ENGINES.get(parameters.get("EngineName") or before.get("EngineName", ""))
        for name in _SETTINGS & set(parameters):
            if engine is None or name != engine.settings:
                raise AwsError("InvalidParameterCombinationException", f"{name} are not the settings of this engine")
            found[name] = dict(parameters[name])
        if role := parameters.get("ServiceAccessRoleArn"):
            # The member from before S3Settings had one of its own; Terraform's provider still sends both.
            if engine is None or engine.settings != "S3Settings":
                raise NotEmulatedError("ServiceAccessRoleArn of an endpoint that is not S3")
            settings = found.setdefault("S3Settings", {})
            if settings.setdefault("ServiceAccessRoleArn", role) != role:
                raise AwsError("InvalidParameterCombinationException", "Two different values of ServiceAccessRoleArn")
        if not found.get("CertificateArn", "-"):
            del found["CertificateArn"]
        elif arn := found.get("CertificateArn"):
            self._certificates.certificate(arn)
        if found.get("SslMode", "none").startswith("verify") and not (
            found.get("CertificateArn") or before.get("CertificateArn")
        ):
            # Source: AWS DMS user guide, "Using SSL with AWS DMS": these two modes need a certificate.
            raise AwsError("InvalidParameterCombinationException", f"SslMode {found['SslMode']} needs a CertificateArn")
        return found

    def _show(self, endpoint: Endpoint) -> dict[str, Any]:
        return {
            **endpoint.given,
            # In capitals, though it is only taken in small letters (observed: Terraform's s3_endpoint.go).
            "EndpointType": endpoint.given["EndpointType"].upper(),
            "EndpointArn": endpoint.arn,
            "EngineDisplayName": offered.ENGINES[endpoint.engine].display_name,
            "Status": endpoint.status,
        }


def _require_encryption_may_follow(before: Parameters, after: Parameters) -> None:
    """Source: SSE_S3 cannot become SSE_KMS (BC:S3Settings.EncryptionMode; docs/facts/dms.md 2.2); code assumed."""

    def mode(given: Parameters) -> str:
        return str(given.get("S3Settings", {}).get("EncryptionMode", "sse-s3")).lower().replace("_", "-")

    if (mode(before), mode(after)) == ("sse-s3", "sse-kms"):
        raise AwsError("InvalidParameterCombinationException", "EncryptionMode cannot change from SSE_S3 to SSE_KMS")
