"""How a real boto3 client reaches a stand-in of ours without a network.

botocore builds and signs the request and parses the answer; between the two, its `before-send` event hands the request
to the stand-in. So every request has been validated against AWS's service model, and every answer is read by it.
moto's services use the same event. A stand-in is `answer(operation, parameters) -> result`; what it refuses it raises
as `AwsError`.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse

Answer = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]
Handle = Callable[[AWSPreparedRequest, str], AWSResponse]
"""Answers a request, given its operation's name. The request is addressed as AWS's own endpoints would be."""


class AwsError(Exception):
    """What AWS would answer: *code* as botocore's model names it, its message and the HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


class NotEmulatedError(AwsError):
    """The request is legal at AWS and this local cloud does not do it; it says so rather than invent an answer."""

    def __init__(self, what: str) -> None:
        super().__init__("NotEmulated", f"not emulated here: {what} (local/COVERAGE.md lists what is)", 501)


def answer_json(request: AWSPreparedRequest, operation: str, answer: Answer) -> AWSResponse:
    """What *answer* says to a request of the JSON protocol (DMS, Step Functions), a refusal included.

    Whether the request came from a client in this process or over HTTP (localcloud/http), this is where it is answered.
    """
    kind = {"Content-Type": request.headers.get("Content-Type") or "application/x-amz-json-1.1"}
    body: Any = request.body or b"{}"
    try:
        result = answer(operation, json.loads(body))
    except AwsError as error:
        return json_error(request.url, error, kind)
    return response(request.url, 200, json.dumps(result, default=_plain).encode(), kind)


def json_error(url: str, error: AwsError, headers: Mapping[str, str]) -> AWSResponse:
    """*error* as a service of the JSON protocol writes it."""
    document = {"__type": error.code, "message": error.message}
    return response(url, error.status, json.dumps(document).encode(), {**headers, "x-amzn-ErrorType": error.code})


def response(url: str, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> AWSResponse:
    """An answer as botocore reads one from the network."""
    return AWSResponse(url, status, {"Content-Type": "application/json", **(headers or {})}, _Body(body))


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(f"{type(value).__name__} cannot stand in an AWS answer")


class _Body(io.BytesIO):
    """What botocore expects of urllib3's response."""

    def stream(self, *_: object, **__: object) -> Any:
        while chunk := self.read(65_536):
            yield chunk

    def release_conn(self) -> None:
        """Nothing to give back."""
