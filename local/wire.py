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


def attach(client: Any, answer: Answer) -> Any:
    """Let *answer* serve the JSON-protocol *client* (DMS, Step Functions); the same client comes back."""
    service_id = client.meta.service_model.service_id.hyphenize()

    def before_send(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        target = request.headers["X-Amz-Target"]
        operation = (target.decode() if isinstance(target, bytes) else target).rpartition(".")[2]
        body: Any = request.body or b"{}"
        try:
            result, status = answer(operation, json.loads(body)), 200
        except AwsError as error:
            result, status = {"__type": error.code, "message": error.message}, error.status
        return response(request.url, status, json.dumps(result, default=_plain).encode())

    client.meta.events.register_first(f"before-send.{service_id}.*", before_send)
    return client


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
