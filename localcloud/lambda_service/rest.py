"""Requests of Lambda's REST protocol read into parameters, and answers written, both by botocore's model."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.validate import ParamValidator

from localcloud.errors import AnswerBreaksModelError
from localcloud.in_process_transport import AwsError, response
from localcloud.service_models import model_of


@cache
def model() -> Any:
    """botocore's model of Lambda (a ServiceModel, whose properties carry no types)."""
    return model_of("lambda")


def read_parameters(request: AWSPreparedRequest, operation: str) -> dict[str, Any]:
    """The parameters of *request*, from path, query, headers and body.

    Raises:
        AwsError: The operation is unknown, the body is no JSON, or a parameter is none that the model allows.
    """
    if operation not in model().operation_names:
        raise AwsError("UnknownOperationException", f"Lambda has no operation {operation!r}", 404)
    called = model().operation_model(operation)
    url = urlsplit(request.url)
    query = parse_qs(url.query, keep_blank_values=True)
    in_path = _read_path(url.path, called.http["requestUri"])
    parameters = _read_body(request.body, called.input_shape)
    for name, shape in called.input_shape.members.items():
        member = shape.serialization.get("name", name)
        match shape.serialization.get("location"):
            case "uri" if member in in_path:
                parameters[name] = in_path[member]
            case "querystring" if member in query:
                parameters[name] = _plain(shape, query[member])
            case "header" if member in request.headers:
                parameters[name] = str(request.headers[member])
    _check(parameters, called.input_shape)
    return parameters


def write_answer(url: str, operation: str, answer: Mapping[str, Any]) -> AWSResponse:
    """*answer* on the wire; AnswerBreaksModelError if the model does not allow it."""
    called = model().operation_model(operation)
    if called.output_shape is not None:
        report = ParamValidator().validate(answer, called.output_shape)
        problems = [report.generate_report()] if report.has_errors() else [*_beside(answer, called.output_shape)]
        if problems:
            raise AnswerBreaksModelError(f"{operation}: {problems[0]}")
    status = called.http["responseCode"]
    return response(url, status, b"" if status == 204 else json.dumps(answer).encode())


def refusal(url: str, error: AwsError) -> AWSResponse:
    """*error* as Lambda writes it."""
    kind = "User" if error.status < 500 else "Service"
    # The one reason for which an invocation is refused here.
    reason = {"Reason": "ConcurrentInvocationLimitExceeded"} if error.code == "TooManyRequestsException" else {}
    body = json.dumps({"Type": kind, "Message": error.message, **reason}).encode()
    return response(url, error.status, body, {"x-amzn-ErrorType": error.code})


def _read_path(path: str, uri: str) -> dict[str, str]:
    """What is at the places of *uri*, as "/2015-03-31/functions/{FunctionName}". An ARN comes quoted."""
    wanted, given = uri.partition("?")[0].strip("/").split("/"), path.strip("/").split("/")
    return {
        place.strip("{}+"): unquote(part) for place, part in zip(wanted, given, strict=False) if place.startswith("{")
    }


def _read_body(body: Any, shape: Any) -> dict[str, Any]:
    if payload := shape.serialization.get("payload"):
        return {payload: body or b""}
    if not body:
        return {}
    try:
        parsed = json.loads(body)
    except ValueError as error:
        raise AwsError("InvalidRequestContentException", f"Could not parse request body into json: {error}") from None
    if not isinstance(parsed, dict):
        raise AwsError("InvalidRequestContentException", f"Could not parse request body into an object: {parsed!r}")
    return _with_bytes(parsed, shape)


def _with_bytes(content: dict[str, Any], shape: Any) -> dict[str, Any]:
    """*content* without members that are null, and with blobs as bytes: JSON holds them in base64."""
    kept: dict[str, Any] = {}
    for name, value in content.items():
        member = shape.members.get(name)
        if value is None:
            continue
        if member is not None and member.type_name == "structure" and isinstance(value, dict):
            kept[name] = _with_bytes(value, member)
        elif member is not None and member.type_name == "blob" and isinstance(value, str):
            kept[name] = base64.b64decode(value)
        else:
            kept[name] = value
    return kept


def _plain(shape: Any, values: list[str]) -> Any:
    if shape.type_name == "list":
        return values
    if shape.type_name == "integer":
        try:
            return int(values[-1])
        except ValueError:
            raise AwsError("InvalidParameterValueException", f"{values[-1]!r} is no number") from None
    return values[-1]


def _check(parameters: Mapping[str, Any], shape: Any) -> None:
    report = ParamValidator().validate(parameters, shape)
    problems = [report.generate_report()] if report.has_errors() else [*_beside(parameters, shape)]
    if problems:
        raise AwsError("InvalidParameterValueException", f"1 validation error detected: {problems[0]}")


def _beside(value: Any, shape: Any, where: str = "") -> Iterator[str]:
    """Where a value is none of its enum, or above its bound: what botocore itself does not look at."""
    if shape.type_name == "structure":
        for name, member in value.items():
            yield from _beside(member, shape.members[name], f"{where}.{name}" if where else name)
    elif shape.type_name == "list":
        for member in value:
            yield from _beside(member, shape.member, f"{where}.member")
    else:
        enum, most = getattr(shape, "enum", None), shape.metadata.get("max")
        if shape.type_name == "string" and enum and value not in enum:
            yield f"{_broken(value, where)} satisfy enum value set: [{', '.join(enum)}]"
        elif shape.type_name == "integer" and most is not None and value > most:
            yield f"{_broken(value, where)} have value less than or equal to {most}"


def _broken(value: Any, where: str) -> str:
    return f"Value '{value}' at '{where}' failed to satisfy constraint: Member must"
