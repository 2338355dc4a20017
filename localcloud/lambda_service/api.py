"""Lambda's API for functions that were deployed here: made from an uploaded package, run in processes of their own.

A function that was not is asked of the functions that run in this process, if the cloud was given some.
"""

from __future__ import annotations

import json
import os
import threading
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from localcloud.authorization.iam import AccessDeniedError, Role, assume
from localcloud.aws import ACCOUNT, REGION, LocalAws
from localcloud.clock import Clock
from localcloud.functions import Functions
from localcloud.in_process_transport import AwsError, NotEmulatedError
from localcloud.lambda_service import permissions
from localcloud.lambda_service.answering import answer_invoke
from localcloud.lambda_service.event_queue import EventQueue
from localcloud.lambda_service.execution_environments import ExecutionEnvironments
from localcloud.lambda_service.functions import Function, changed, first_configuration
from localcloud.lambda_service.logs import FunctionLog, may_log
from localcloud.lambda_service.networks import place
from localcloud.lambda_service.packages import Packages, require_uploadable
from localcloud.lambda_service.places import NoPlaceError, Places
from localcloud.lambda_service.processes import process_environment, require_runs_here
from localcloud.lambda_service.rest import read_parameters, refusal, write_answer
from localcloud.quotas import LAMBDA_UNPACKED_BYTES, LAMBDA_UPLOAD_BYTES

_OF_FUNCTIONS = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:"


class LambdaService:
    """Lambda of one account and Region.

    *folder*: where packages are unpacked and functions print to. *endpoint*: where their processes reach this cloud;
    nothing while nobody serves it. *in_process*: the functions that were not deployed through this API. *places*: how
    many run at once.
    """

    def __init__(
        self,
        folder: Path,
        aws: LocalAws,
        clock: Clock,
        in_process: Functions,
        endpoint: Callable[[], str],
        places: Places,
    ) -> None:
        self._places = places
        self._queue = EventQueue(clock, places, self.invoke)
        self._folder = folder
        self._aws = aws
        self._clock = clock
        self._in_process = in_process
        self._endpoint = endpoint
        self._packages = Packages(folder, aws)
        self._functions: dict[str, Function] = {}
        self._environments: dict[str, ExecutionEnvironments] = {}
        self._logs: dict[str, FunctionLog] = {}
        self._lock = threading.RLock()
        self._operations: dict[str, Callable[[dict[str, Any]], Mapping[str, Any]]] = {
            "CreateFunction": self._create,
            "GetFunction": self._get,
            "GetFunctionConfiguration": lambda parameters: self._find(parameters).described(),
            "UpdateFunctionCode": self._update_code,
            "UpdateFunctionConfiguration": self._update_configuration,
            "DeleteFunction": self._delete,
            "ListFunctions": self._list,
            "ListVersionsByFunction": self._list_versions,
            "GetFunctionCodeSigningConfig": self._signing,
            "GetAccountSettings": self._account_settings,
            "AddPermission": lambda parameters: {"Statement": permissions.add(self._find(parameters), parameters)},
            "GetPolicy": self._policy,
            "RemovePermission": self._remove_permission,
            "ListTags": lambda parameters: {"Tags": self._tagged(parameters).tags},
            "TagResource": self._tag,
            "UntagResource": self._untag,
        }

    def close(self) -> None:
        """End the processes of all functions."""
        with self._lock:
            ending, self._environments = list(self._environments.values()), {}
        for environments in ending:
            environments.retire()

    def invoke(self, arn_or_name: str, event: Any) -> Any:
        """The function's answer, whatever else runs: who calls has taken a place for it.

        Raises:
            FunctionError: It raised, its process died, or there is no such function.
            NotEmulatedError: This host cannot run it.
        """
        name = _name(arn_or_name)
        with self._lock:
            function = self._functions.get(name)
            environments = (self._environments.get(name) or self._start(function)) if function else None
        if function is None or environments is None:
            return self._in_process.invoke(arn_or_name, event)
        return environments.invoke(function.arn, event, self._clock)

    def invoke_later(self, arn: str, event: Any) -> None:
        """An invocation whose answer nobody waits for. Raises FunctionError if it was called at once and failed."""
        self._queue.send(arn, event)

    def is_allowed(self, arn: str, service: str, source_arn: str) -> bool:
        """Whether the function's policy lets *service* call it for *source_arn*."""
        function = self._functions.get(_name(arn))
        if function is None:
            return self._in_process.is_allowed(arn, service, source_arn)
        return permissions.allows(function, service, source_arn)

    def answer(self, request: AWSPreparedRequest, operation: str) -> AWSResponse:
        """What Lambda answers to *request*."""
        try:
            parameters = read_parameters(request, operation)
            if operation == "Invoke":
                return self._invoke(request, parameters)
            if operation not in self._operations:
                raise NotEmulatedError(f"lambda {operation}")
            if parameters.pop("Qualifier", "$LATEST") != "$LATEST":
                raise NotEmulatedError("versions and aliases of functions")
            with self._lock:
                return write_answer(request.url, operation, self._operations[operation](parameters))
        except AwsError as error:
            return refusal(request.url, error)

    # What is asked

    def _invoke(self, request: AWSPreparedRequest, parameters: Mapping[str, Any]) -> AWSResponse:
        """Only as its caller waits for it: `InvocationType` Event is for callers that do not."""
        for name, value in (("InvocationType", "RequestResponse"), ("LogType", "None"), ("Qualifier", "$LATEST")):
            if parameters.get(name, value) != value:
                raise NotEmulatedError(f"{name} {parameters[name]} of Invoke")
        payload = parameters.get("Payload") or b"{}"
        try:
            event = json.loads(payload)
        except ValueError as error:
            raise AwsError(
                "InvalidRequestContentException", f"Could not parse request body into json: {error}"
            ) from None
        try:
            with self._places.held():
                return answer_invoke(request.url, lambda: self.invoke(parameters["FunctionName"], event))
        except NoPlaceError:
            raise AwsError("TooManyRequestsException", "Rate Exceeded.", 429) from None

    def _create(self, parameters: dict[str, Any]) -> Mapping[str, Any]:
        name = _name(parameters["FunctionName"])
        if name in self._functions:
            raise AwsError("ResourceConflictException", f"Function already exist: {name}", 409)
        configuration = first_configuration({**parameters, "FunctionName": name})
        role = self._assume(configuration["Role"])
        require_uploadable(parameters["Code"])
        package = self._packages.take(parameters["Code"])
        function = Function(
            f"{_OF_FUNCTIONS}{name}", configuration, package, dict(parameters.get("Tags", {})), *self._revision()
        )
        place(self._aws, role, function.configuration)
        self._functions[name] = function
        return function.described()

    def _get(self, parameters: dict[str, Any]) -> Mapping[str, Any]:
        function = self._find(parameters)
        described = {"Configuration": function.described(), "Code": {"RepositoryType": "S3"}}
        return {**described, "Tags": function.tags} if function.tags else described

    def _update_code(self, parameters: dict[str, Any]) -> Mapping[str, Any]:
        if parameters.get("DryRun") or parameters.get("Publish"):
            raise NotEmulatedError("dry runs and versions of functions")
        function = self._find(parameters)
        require_uploadable(parameters)
        function.package = self._packages.take(parameters)
        if "Architectures" in parameters:
            function.configuration["Architectures"] = parameters["Architectures"]
        return self._revised(function)

    def _update_configuration(self, parameters: dict[str, Any]) -> Mapping[str, Any]:
        function, wanted = self._find(parameters), changed(parameters)
        role = self._assume(wanted.get("Role", function.configuration["Role"]))
        configuration = {**function.configuration, **wanted}
        place(self._aws, role, configuration)
        function.configuration = configuration
        return self._revised(function)

    def _delete(self, parameters: dict[str, Any]) -> Mapping[str, Any]:
        function = self._find(parameters)
        del self._functions[function.name]
        self._retire(function.name)
        return {"StatusCode": 204}

    def _list(self, parameters: dict[str, Any]) -> Mapping[str, Any]:
        if parameters:
            raise NotEmulatedError(f"{', '.join(sorted(parameters))} of ListFunctions")
        return {"Functions": [self._functions[name].described() for name in sorted(self._functions)]}

    def _list_versions(self, parameters: dict[str, Any]) -> Mapping[str, Any]:
        function = self._find(parameters)
        return {"Versions": [{**function.described(), "FunctionArn": f"{function.arn}:$LATEST"}]}

    def _account_settings(self, parameters: dict[str, Any]) -> Mapping[str, Any]:  # noqa: ARG002  it has none
        at_once = self._places.at_once
        limit = {
            "CodeSizeUnzipped": LAMBDA_UNPACKED_BYTES.value,
            "CodeSizeZipped": LAMBDA_UPLOAD_BYTES.value,
            "ConcurrentExecutions": at_once,
            "UnreservedConcurrentExecutions": at_once,
        }
        return {"AccountLimit": limit, "AccountUsage": {"FunctionCount": len(self._functions)}}

    def _signing(self, parameters: dict[str, Any]) -> Mapping[str, Any]:
        return {"CodeSigningConfigArn": "", "FunctionName": self._find(parameters).name}

    def _policy(self, parameters: dict[str, Any]) -> Mapping[str, Any]:
        function = self._find(parameters)
        return {"Policy": permissions.policy(function), "RevisionId": function.revision_id}

    def _remove_permission(self, parameters: dict[str, Any]) -> Mapping[str, Any]:
        permissions.remove(self._find(parameters), parameters["StatementId"])
        return {}

    def _tag(self, parameters: dict[str, Any]) -> Mapping[str, Any]:
        self._tagged(parameters).tags.update(parameters["Tags"])
        return {}

    def _untag(self, parameters: dict[str, Any]) -> Mapping[str, Any]:
        tags = self._tagged(parameters).tags
        for key in parameters["TagKeys"]:
            tags.pop(key, None)
        return {}

    # What it is built on

    def _find(self, parameters: Mapping[str, Any]) -> Function:
        return self._of(parameters["FunctionName"])

    def _tagged(self, parameters: Mapping[str, Any]) -> Function:
        return self._of(parameters["Resource"])

    def _of(self, arn_or_name: str) -> Function:
        name = _name(arn_or_name)
        if name not in self._functions:
            raise AwsError("ResourceNotFoundException", f"Function not found: {_OF_FUNCTIONS}{name}", 404)
        return self._functions[name]

    def _revision(self) -> tuple[str, str]:
        """A new revision's id, and when it was made as Lambda writes it."""
        return str(uuid.uuid4()), self._clock.now().strftime("%Y-%m-%dT%H:%M:%S.000+0000")

    def _revised(self, function: Function) -> Mapping[str, Any]:
        function.revision_id, function.modified_at = self._revision()
        self._retire(function.name)
        return function.described()

    def _retire(self, name: str) -> None:
        if environments := self._environments.pop(name, None):
            environments.retire()

    def _assume(self, arn: str) -> Role:
        try:
            return assume(self._aws, arn, principal="lambda.amazonaws.com")
        except AccessDeniedError:
            raise AwsError(
                "InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda."
            ) from None

    def _start(self, function: Function) -> ExecutionEnvironments:
        require_runs_here(function)
        endpoint = self._endpoint()
        if not endpoint:
            raise NotEmulatedError("deployed functions where nobody serves the endpoint")
        role = self._aws.client("sts").assume_role(
            RoleArn=function.configuration["Role"], RoleSessionName=function.name[:64]
        )
        group = function.configuration["LoggingConfig"]["LogGroup"]
        stream = f"{self._clock.now():%Y/%m/%d}/[$LATEST]{uuid.uuid4().hex}"
        log = self._logs.setdefault(function.name, FunctionLog(self._folder / f"{function.name}.log"))
        may = may_log(self._aws, function.configuration["Role"], group)
        self._environments[function.name] = ExecutionEnvironments(
            function.package.folder,
            function.configuration["Handler"],
            process_environment(function, role["Credentials"], endpoint, stream),
            log.file,
            timeout_seconds=function.configuration["Timeout"],
            memory_megabytes=function.configuration["MemorySize"],
            most=os.cpu_count() or 1,
            called=lambda: log.deliver(group, stream, self._clock.now()) if may else None,
        )
        return self._environments[function.name]


def _name(arn_or_name: str) -> str:
    """The name in an ARN, in a part of one, or as it is.

    Raises:
        NotEmulatedError: A version or an alias is asked for.

    >>> _name("arn:aws:lambda:eu-central-1:123456789012:function:sweep"), _name("sweep")
    ('sweep', 'sweep')
    """
    name = arn_or_name.rpartition("function:")[2]
    if ":" in name:
        raise NotEmulatedError(f"versions and aliases of functions, as in {arn_or_name}")
    return name
