"""What the process of a function is given, and whether this host can run it."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping
from typing import Any

from localcloud.aws import REGION
from localcloud.in_process_transport import NotEmulatedError
from localcloud.lambda_service.functions import Function

_MACHINES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


def host_architecture() -> str:
    """This machine as Lambda names it.

    >>> host_architecture() in {"x86_64", "arm64"}
    True
    """
    return _MACHINES[platform.machine().lower()]


def require_runs_here(function: Function) -> None:
    """Refuse what only another machine or Python could run."""
    runtime, here = function.configuration["Runtime"], f"python{sys.version_info.major}.{sys.version_info.minor}"
    if runtime != here:
        raise NotEmulatedError(f"the runtime {runtime} of {function.name}: this host runs {here}")
    architectures = function.configuration["Architectures"]
    if architectures != [host_architecture()]:
        raise NotEmulatedError(
            f"the architecture {architectures[0]} of {function.name}: this host is {host_architecture()}"
        )


def process_environment(
    function: Function, credentials: Mapping[str, Any], endpoint: str, log_stream: str
) -> dict[str, str]:
    """Lambda's variables and the function's own; nothing of this process's environment.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
    (documented). Lambda does not set AWS_ENDPOINT_URL, which leads back to this cloud, nor HOME, which keeps boto3 from
    the configuration files of the user whose machine this is.
    """
    configuration = function.configuration
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "HOME": "/nonexistent",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
        "AWS_SESSION_TOKEN": credentials["SessionToken"],
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{configuration['Runtime']}",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(configuration["MemorySize"]),
        "AWS_LAMBDA_LOG_GROUP_NAME": configuration["LoggingConfig"]["LogGroup"],
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "LAMBDA_TASK_ROOT": str(function.package.folder),
        "_HANDLER": configuration["Handler"],
        "TZ": ":UTC",
        **function.variables,
    }
