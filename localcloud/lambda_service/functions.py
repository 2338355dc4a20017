"""A function as Lambda keeps it: its configuration, and how a request changes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from localcloud.in_process_transport import AwsError, NotEmulatedError
from localcloud.lambda_service.packages import Package

# What AWS gives to a function that was created without them.
# Source: https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html (documented)
_DEFAULTS: Mapping[str, Any] = {
    "Description": "",
    "Timeout": 3,
    "MemorySize": 128,
    "PackageType": "Zip",
    "Architectures": ["x86_64"],
    "TracingConfig": {"Mode": "PassThrough"},
    "EphemeralStorage": {"Size": 512},
    "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
}
_KEPT = frozenset(
    {"Role", "Handler", "Runtime", "VpcConfig", "Environment", "DeadLetterConfig", "KMSKeyArn", "LoggingConfig"}
    | _DEFAULTS.keys()
)
_ABOUT_CODE = frozenset(
    {"FunctionName", "Code", "Tags", "ZipFile", "S3Bucket", "S3Key", "S3ObjectVersion", "RevisionId"}
)
# Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
_RESERVED = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_LAMBDA_RUNTIME_API",
        "LAMBDA_TASK_ROOT",
        "LAMBDA_RUNTIME_DIR",
    }
)


@dataclass
class Function:
    """One function. *configuration*: as GetFunctionConfiguration writes it, but for what `described` adds."""

    arn: str
    configuration: dict[str, Any]
    package: Package
    tags: dict[str, str]
    revision_id: str
    modified_at: str
    statements: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The function's name."""
        return self.arn.rpartition(":")[2]

    @property
    def variables(self) -> dict[str, str]:
        """The environment that it was given."""
        return self.configuration.get("Environment", {}).get("Variables", {})

    def described(self) -> dict[str, Any]:
        """The configuration as Lambda writes it."""
        return {
            **{
                name: value for name, value in self.configuration.items() if name in _DEFAULTS or _says_something(value)
            },
            "FunctionName": self.name,
            "FunctionArn": self.arn,
            "CodeSize": self.package.size_bytes,
            "CodeSha256": self.package.sha256,
            "Version": "$LATEST",
            "LastModified": self.modified_at,
            "RevisionId": self.revision_id,
            "State": "Active",
            "LastUpdateStatus": "Successful",
        }


def first_configuration(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """What CreateFunction asks for, with the defaults for the rest."""
    group = f"/aws/lambda/{parameters['FunctionName']}"
    missing = [one for one in ("Runtime", "Handler") if one not in parameters]
    if missing:
        raise AwsError("InvalidParameterValueException", f"{missing[0]} is mandatory for functions created with zip.")
    return {**_DEFAULTS, "LoggingConfig": {"LogFormat": "Text", "LogGroup": group}, **changed(parameters)}


def changed(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The members of a function's configuration that *parameters* set.

    Raises:
        NotEmulatedError: One has a member that would have no effect here.
        AwsError: The environment has a name that is Lambda's own.
    """
    for name, value in parameters.items():
        if name not in _KEPT and name not in _ABOUT_CODE and _says_something(value):
            raise NotEmulatedError(f"the parameter {name} of a function")
    if parameters.get("PackageType", "Zip") != "Zip":
        raise NotEmulatedError("functions from container images")
    if parameters.get("SnapStart", {}).get("ApplyOn", "None") != "None":
        raise NotEmulatedError("SnapStart")
    found = {name: value for name, value in parameters.items() if name in _KEPT and name != "SnapStart"}
    reserved = sorted(_RESERVED & found.get("Environment", {}).get("Variables", {}).keys())
    if reserved:
        raise AwsError(
            "InvalidParameterValueException",
            "Lambda was unable to configure your environment variables because the environment variables you have "
            "provided contains reserved keys that are currently not supported for modification. Reserved keys used in "
            f"this request: {', '.join(reserved)}",
        )
    return found


def _says_something(value: Any) -> bool:
    """Whether *value* asks for anything: Terraform sends empty lists and structures for what nobody set."""
    if isinstance(value, Mapping):
        return any(map(_says_something, value.values()))
    return bool(value)
