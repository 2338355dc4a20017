"""Which operation a request asks for, and whether its parameters fit, by botocore's model of the service."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from botocore.model import OperationModel, ServiceModel
from botocore.validate import ParamValidator

from localcloud.http.messages import Request
from localcloud.in_process_transport import AwsError
from localcloud.service_models import model_of

_FORM = "application/x-www-form-urlencoded"
OF_KNOWN_MEMBERS = frozenset({"dms", "stepfunctions"})  # stand-ins of ours, which pass over no member
_OF_FORMS = frozenset({"iam", "sts", "sns", "sqs", "ec2", "cloudwatch"})  # the query protocols


def operation_of(service: str, request: Request, path: str) -> str:
    """The operation's name, as "DescribeEndpoints"; nothing if the model has none for it. *path*: still quoted, with
    S3's bucket first."""
    if target := request.header("X-Amz-Target"):
        return target.rpartition(".")[2]
    if service in _OF_FORMS and request.header("Content-Type").startswith(_FORM):
        return dict(parse_qsl(request.body.decode("latin-1"))).get("Action", "")
    query = request.query
    if service in _OF_FORMS:
        return query.get("Action", "")
    fitting = [one for one in _ways(service) if one.fits(request, path, query)]
    return max(fitting, key=lambda one: one.weight).operation if fitting else ""


def require_valid(service: str, operation: str, body: bytes) -> None:
    """Refuse what a client that knows the model would not have sent.

    Raises:
        AwsError: The operation is unknown, the body is no JSON, or a parameter is missing, unknown or of another type.
    """
    model = model_of(service)
    if operation not in _operations(model):
        raise AwsError("UnknownOperationException", f"{service} has no operation {operation!r}")
    parameters = read_json(body)
    shape = model.operation_model(operation).input_shape
    if shape is not None and service not in OF_KNOWN_MEMBERS:
        parameters = _known(parameters, shape)
    report = ParamValidator().validate(parameters, shape) if shape is not None else None
    if report is not None and report.has_errors():
        raise AwsError("ValidationException", report.generate_report())


def read_json(body: bytes) -> Any:
    """The content of a body of a JSON protocol; of none, an empty one. Raises AwsError."""
    try:
        return json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise AwsError("SerializationException", f"the request body cannot be read as JSON: {error}") from None


def _known(value: Any, shape: Any) -> Any:
    """*value* without what the model does not know, which AWS passes over, and without nulls, which say nothing."""
    if shape.type_name == "structure" and isinstance(value, dict):
        members = shape.members
        return {name: _known(one, members[name]) for name, one in value.items() if one is not None and name in members}
    if shape.type_name == "list" and isinstance(value, list):
        return [_known(one, shape.member) for one in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {name: _known(one, shape.value) for name, one in value.items()}
    return value


@dataclass(frozen=True)
class _Way:
    """How a REST operation is addressed. *asked*: parameters of the query, with their value where it is fixed."""

    operation: str
    method: str
    path: re.Pattern[str]
    asked: Mapping[str, str | None]
    headers: tuple[str, ...]
    weight: tuple[int, int, bool]

    def fits(self, request: Request, path: str, query: Mapping[str, str]) -> bool:
        return (
            request.method == self.method
            and self.path.fullmatch(path) is not None
            and all(name in query and value in {None, query[name]} for name, value in self.asked.items())
            and all(request.header(name) for name in self.headers)
        )


@lru_cache(maxsize=32)
def _ways(service: str) -> list[_Way]:
    model = model_of(service)
    return [_way(model.operation_model(name)) for name in _operations(model)]


def _operations(model: ServiceModel) -> list[str]:
    names: Any = model.operation_names  # a property that pyright cannot see through
    return names


def _way(operation: OperationModel) -> _Way:
    uri, _, query = operation.http["requestUri"].partition("?")
    asked: dict[str, str | None] = {}
    for part in filter(None, query.split("&")):
        name, _, value = part.partition("=")
        asked[name] = value
    headers: list[str] = []
    shape: Any = operation.input_shape
    for name in shape.required_members if shape else ():
        place = shape.members[name].serialization
        if place.get("location") == "querystring":
            asked[place["name"]] = None
        elif place.get("location") == "header":
            headers.append(place["name"])
    literal = re.sub(r"\{[^}]*\}", "", uri)
    pattern = re.sub(r"\\\{[^}]*\+\\\}", ".+", re.escape(uri))
    pattern = re.sub(r"\\\{[^}]*\\\}", "[^/]+", pattern)
    return _Way(
        str(operation.name),
        operation.http["method"],
        re.compile(pattern if pattern.endswith(".+") else pattern.rstrip("/") + "/?"),
        asked,
        tuple(headers),
        (len(asked) + len(headers), len(literal), not operation.deprecated),
    )
