"""The parameters of a request that is to be judged, by botocore's names: of the services that our functions call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

from localcloud.http.messages import Request
from localcloud.http.operations import read_json
from localcloud.http.services import Addressed
from localcloud.in_process_transport import NotEmulatedError

_ENCRYPTION = "x-amz-server-side-encryption"


def read_parameters(request: Request, to: Addressed, operation: str) -> Mapping[str, Any]:
    """What *request* says that could matter to a policy.

    Raises:
        AwsError: It cannot be read.
        NotEmulatedError: It says something that would matter, and that nobody here reads.
    """
    if to.service == "s3":
        return _read_s3(request, to, operation)
    if to.service == "lambda":  # /2015-03-31/functions/{FunctionName}/invocations
        return {"FunctionName": unquote(request.path.strip("/").split("/")[2])}
    if request.header("X-Amz-Target"):
        return read_json(request.body)
    return dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))


def _read_s3(request: Request, to: Addressed, operation: str) -> Mapping[str, Any]:
    if request.header(_ENCRYPTION):
        raise NotEmulatedError(f"what IAM asks for at s3 {operation} with {_ENCRYPTION}; not judged here")
    bucket, _, key = unquote(to.path).removeprefix("/").partition("/")
    return {"Bucket": bucket, "Key": key, "Prefix": request.query.get("prefix", "")}
