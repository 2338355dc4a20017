"""State machines: created, changed, listed, tagged and deleted as AWS does it; their definitions judged."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from localcloud.clock import Clock
from localcloud.in_process_transport import AwsError, NotEmulatedError
from localcloud.stepfunctions.errors import DefinitionError, DefinitionNotEmulatedError
from localcloud.stepfunctions.executions import Machine, Revision
from localcloud.stepfunctions.language.definition import read_definition
from localcloud.stepfunctions.log_delivery import LogDelivery
from localcloud.stepfunctions.permissions import Permissions
from localcloud.stepfunctions.service.paging import page_after
from localcloud.stepfunctions.service.requests import (
    check_definition_size,
    check_machine_arn,
    check_name,
    read_machine_definition,
    refuse_others,
)
from localcloud.stepfunctions.service.tags import read_tags, tag, untag

# What AWS describes of a machine that was created without them. Source of the first two: outputs of
# DescribeStateMachine in AWS's documents; the third is assumed.
_DEFAULTS: dict[str, Any] = {
    "loggingConfiguration": {"level": "OFF", "includeExecutionData": False},
    "tracingConfiguration": {"enabled": False},
    "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
}
_LOCATION = re.compile(r"(?:the machine|state '(?P<state>[^']*)')[^:]*?(?:, field '(?P<field>[^']*)')?:")


class Machines:
    """The state machines of one account and Region. *has_running*: whether an execution of a machine is under way."""

    def __init__(
        self,
        clock: Clock,
        prefix: str,
        *,
        new_id: Callable[[], str],
        has_running: Callable[[Machine], bool],
        log: LogDelivery,
        permissions: Permissions,
    ) -> None:
        self._clock = clock
        self._prefix = prefix
        self._new_id = new_id
        self._has_running = has_running
        self._log = log
        self._permissions = permissions
        self._created = 0
        self._machines: dict[str, Machine] = {}
        self.operations: dict[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {
            "CreateStateMachine": self._create,
            "UpdateStateMachine": self._update,
            "DescribeStateMachine": self._describe,
            "ListStateMachines": self._list,
            "ListStateMachineVersions": self._list_versions,
            "DeleteStateMachine": self._delete,
            "ValidateStateMachineDefinition": self._validate,
            "TagResource": self._tag,
            "UntagResource": self._untag,
            "ListTagsForResource": self._list_tags,
        }

    def find(self, arn: str) -> Machine:
        """The machine of that ARN; raises AWS's refusals."""
        check_machine_arn(arn)
        if arn not in self._machines:
            raise AwsError("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
        return self._machines[arn]

    def find_active(self, arn: str) -> Machine:
        """The machine of that ARN, if it is not being deleted."""
        machine = self.find(arn)
        if machine.is_deleted:
            raise AwsError("StateMachineDeleting", f"State Machine is being deleted: '{arn}'")
        return machine

    def forget_deleted(self, machine: Machine) -> None:
        """Let a machine that is being deleted be gone once its last execution has ended."""
        if machine.is_deleted and self._machines.get(machine.arn) is machine and not self._has_running(machine):
            del self._machines[machine.arn]

    def _create(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        known = {"name", "definition", "roleArn", "type", "tags", "publish", *_DEFAULTS}
        refuse_others("CreateStateMachine", parameters, known)
        if parameters.get("type", "STANDARD") != "STANDARD":
            raise NotEmulatedError(f"a state machine of type {parameters['type']}")
        _refuse_publishing(parameters)
        check_name(parameters["name"])
        arn = f"{self._prefix}:stateMachine:{parameters['name']}"
        settings = self._read_settings(parameters)
        machine = self._machines.get(arn)
        if machine is None:
            tags = read_tags(parameters.get("tags", []), {}, arn)
            definition = read_machine_definition(parameters["definition"])
            revision = Revision(definition, _role(parameters), _DEFAULTS | settings, None, self._clock.now())
            self._permissions.require_machine(revision.role_arn, definition.text, revision.settings)
            self._created += 1
            machine = Machine(arn, parameters["name"], self._created, self._clock.now(), revision, tags)
            self._machines[arn] = machine
        elif machine.is_deleted:
            raise AwsError("StateMachineDeleting", f"State Machine is being deleted: '{arn}'")
        # The role and the tags do not count. Source:
        # https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html
        elif (machine.revision.definition.text, machine.revision.settings) != (
            parameters["definition"],
            _DEFAULTS | settings,
        ):
            raise AwsError("StateMachineAlreadyExists", f"State Machine Already Exists: '{arn}'")
        return {"stateMachineArn": arn, "creationDate": machine.created_at}

    def _update(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        known = {"stateMachineArn", "definition", "roleArn", "publish", *_DEFAULTS}
        refuse_others("UpdateStateMachine", parameters, known)
        _refuse_publishing(parameters)
        machine = self.find_active(parameters["stateMachineArn"])
        settings = self._read_settings(parameters)
        # AWS documents that one of the first two is required; the settings alone are enough too, as consoles and
        # Terraform send them.
        if not settings and not {"definition", "roleArn"} & parameters.keys():
            raise AwsError(
                "MissingRequiredParameter",
                "Either the definition, the role ARN, or the configuration must be specified",
            )
        revision = machine.revision
        # Executions under way keep the revision that they began with.
        if "definition" in parameters:
            revision = replace(revision, definition=read_machine_definition(parameters["definition"]))
        if "roleArn" in parameters:
            revision = replace(revision, role_arn=_role(parameters))
        revision = replace(revision, settings=revision.settings | settings)
        self._permissions.require_machine(revision.role_arn, revision.definition.text, revision.settings)
        now = self._clock.now()
        machine.revision = replace(revision, revision_id=self._new_id(), updated_at=now)
        return {"updateDate": now, "revisionId": machine.revision.revision_id}

    def _describe(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        machine = self.find(parameters["stateMachineArn"])
        return {
            **_head(machine),
            "status": "DELETING" if machine.is_deleted else "ACTIVE",
            **describe_revision(machine.revision, parameters),
        }

    def _list(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        # Newest first: the order is assumed.
        machines = sorted(self._machines.values(), key=lambda each: each.number, reverse=True)
        found, token = page_after(machines, lambda each: each.number, parameters, self._clock.now())
        return {"stateMachines": [_head(each) for each in found], **token}

    def _list_versions(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        # Nothing here publishes a version, so no machine has any.
        check_machine_arn(parameters["stateMachineArn"])
        if "nextToken" in parameters:
            raise AwsError("InvalidToken", f"Invalid Token: '{parameters['nextToken']}'")
        return {"stateMachineVersions": []}

    def _delete(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        check_machine_arn(parameters["stateMachineArn"])
        machine = self._machines.get(parameters["stateMachineArn"])
        if machine is not None:
            # What runs is aborted at its next transition. Source:
            # https://docs.aws.amazon.com/step-functions/latest/apireference/API_DeleteStateMachine.html
            machine.is_deleted = True
            self.forget_deleted(machine)
        return {}

    def _validate(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        if parameters.get("type", "STANDARD") != "STANDARD":
            raise NotEmulatedError(f"judging a definition of type {parameters['type']}")
        check_definition_size(parameters["definition"])
        found: list[dict[str, str]] = []
        try:
            read_definition(parameters["definition"])
        except DefinitionNotEmulatedError as error:
            raise NotEmulatedError(f"this state machine definition: {error}") from None
        except DefinitionError as error:
            found.append({"severity": "ERROR", "code": error.code, "message": str(error), **_location(str(error))})
        return {"result": "FAIL" if found else "OK", "diagnostics": found, "truncated": False}

    def _tag(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        tag(self._tagged(parameters).tags, parameters)
        return {}

    def _untag(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        untag(self._tagged(parameters).tags, parameters)
        return {}

    def _list_tags(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        tags = self._tagged(parameters).tags
        return {"tags": [{"key": key, "value": value} for key, value in tags.items()]}

    def _tagged(self, parameters: Mapping[str, Any]) -> Machine:
        arn = parameters["resourceArn"]
        check_machine_arn(arn)
        if arn not in self._machines:
            raise AwsError("ResourceNotFound", f"Resource not found: '{arn}'")
        return self._machines[arn]

    def _read_settings(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        settings = {name: parameters[name] for name in _DEFAULTS if name in parameters}
        if "loggingConfiguration" in settings:
            settings["loggingConfiguration"] = self._log.read_configuration(settings["loggingConfiguration"])
        encryption = settings.get("encryptionConfiguration", {})
        if encryption.get("type") == "CUSTOMER_MANAGED_KMS_KEY" and "kmsKeyId" not in encryption:
            raise AwsError("InvalidEncryptionConfiguration", "Invalid Encryption Configuration: kmsKeyId is missing")
        return settings


def describe_revision(revision: Revision, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """What the descriptions of a machine, and of the one that an execution began with, have in common."""
    is_whole = parameters.get("includedData", "ALL_DATA") == "ALL_DATA"
    return {
        "definition": revision.definition.text if is_whole else "{}",
        "roleArn": revision.role_arn,
        **revision.settings,
        **({} if revision.revision_id is None else {"revisionId": revision.revision_id}),
    }


def _head(machine: Machine) -> dict[str, Any]:
    return {
        "stateMachineArn": machine.arn,
        "name": machine.name,
        "type": "STANDARD",
        "creationDate": machine.created_at,
    }


def _role(parameters: Mapping[str, Any]) -> str:
    if not parameters["roleArn"].startswith("arn:"):
        raise AwsError("InvalidArn", f"Invalid Arn: 'Invalid ARN prefix: {parameters['roleArn']}'")
    return parameters["roleArn"]


def _refuse_publishing(parameters: Mapping[str, Any]) -> None:
    if parameters.get("publish"):
        raise NotEmulatedError("versions of state machines")


def _location(message: str) -> dict[str, str]:
    match = _LOCATION.match(message)
    if match is None:
        return {}
    parts = [f"States/{match['state']}" if match["state"] else "", (match["field"] or "").split(".")[0].split("[")[0]]
    return {"location": "/" + "/".join(part for part in parts if part)}
