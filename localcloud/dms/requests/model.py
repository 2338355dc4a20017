"""What botocore's model of DMS allows: the members of a request and of an answer, and the faults of an operation.

boto3 checks requests, but a client over HTTP may not be boto3, and nothing else checks our own answers. So each
request and each answer is compared with the model here, whichever way it came.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from botocore.validate import ParamValidator

from localcloud.errors import AnswerBreaksModelError
from localcloud.in_process_transport import AwsError, NotEmulatedError
from localcloud.service_models import model_of

# What an operation may answer besides the faults that the model lists for it. The model has none of these; the first
# four are observed (docs/facts/dms.md 1.3, 3.3; SDK users' reports), the last is our own.
COMMON_CODES = frozenset(
    {
        "ThrottlingException",
        "ValidationException",
        "InvalidParameterValueException",
        "InvalidParameterCombinationException",
        "NotEmulated",
    }
)
# The documentation of these members names values that the model's enum lacks: `replication-task` is a SourceType, and
# S3 settings are written in capitals with underscores (docs/facts/dms.md 4.1).
_OPEN_ENUMS = frozenset({"SourceType"})

Check = Callable[[Any], str]  # what is wrong with a value, from its path on; nothing when it is fine


@cache
def service() -> Any:
    """botocore's model of DMS (a ServiceModel, whose properties carry no types)."""
    return model_of("dms")


@cache
def codes(operation: str) -> frozenset[str]:
    """The error codes with which *operation* may answer."""
    return COMMON_CODES | {shape.name for shape in service().operation_model(operation).error_shapes}


def check_request(operation: str, parameters: Mapping[str, Any]) -> None:
    """Raise AwsError unless AWS would read *parameters* as a request for *operation*.

    A member that the model does not know is not passed over: newer clients may know more than our model does.
    """
    if operation not in service().operation_names:
        raise AwsError("UnknownOperationException", f"{operation} is no operation of DMS")
    shape = service().operation_model(operation).input_shape
    if shape is None:
        return
    if unknown := [name for name in parameters if name not in shape.members]:
        raise NotEmulatedError(f"the member {unknown[0]} of {operation}")
    report = ParamValidator().validate(parameters, shape)
    if report.has_errors():
        raise AwsError("ValidationException", f"1 validation error detected: {report.generate_report()}")
    for name, value in parameters.items():
        member = shape.members[name]
        for path, given, allowed in _beside_enum(member, value, name):
            # At the top AWS takes the values as they are spelled; within settings in either spelling (4.1).
            if path != name and _plain(given) in {_plain(one) for one in allowed}:
                continue
            # The words are those of AWS's services with this protocol (observed).
            raise AwsError(
                "ValidationException",
                f"1 validation error detected: Value '{given}' at '{path[0].lower()}{path[1:]}' failed to satisfy "
                f"constraint: Member must satisfy enum value set: [{', '.join(allowed)}]",
            )


def _beside_enum(shape: Any, value: Any, path: str) -> Iterator[tuple[str, str, list[str]]]:
    """Each value that is not in its enum, compared letter by letter: the path, the value, the enum."""
    if shape.type_name == "structure":
        for name, one in value.items():
            yield from _beside_enum(shape.members[name], one, f"{path}.{name}")
    elif shape.type_name == "list" and shape.member.type_name != "string":
        for one in value:
            yield from _beside_enum(shape.member, one, path)
    elif shape.type_name == "string" and shape.enum and shape.name not in _OPEN_ENUMS and value not in shape.enum:
        yield path, value, list(shape.enum)


def without_nulls(value: Any) -> Any:
    """A request's value without the members that are null, which AWS reads as left out.

    >>> without_nulls({"EndpointArn": "a", "S3Settings": {"BucketFolder": None}, "Port": None})
    {'EndpointArn': 'a', 'S3Settings': {}}
    """
    if isinstance(value, Mapping):
        return {name: without_nulls(one) for name, one in value.items() if one is not None}
    if isinstance(value, list):
        return [without_nulls(one) for one in value]
    return value


def check_answer(operation: str, answer: Mapping[str, Any]) -> None:
    """Raise AnswerBreaksModelError unless *answer* is one that the model allows for *operation*."""
    shape = service().operation_model(operation).output_shape
    if shape is not None and (problem := _check(shape)(answer)):
        raise AnswerBreaksModelError(f"{operation}{problem}")


def check_error(operation: str, error: AwsError) -> None:
    """Raise AnswerBreaksModelError unless *operation* may answer with the code of *error*."""
    if error.code not in codes(operation):
        raise AnswerBreaksModelError(f"{operation} may not answer {error.code}: {error.message}") from error


_CHECKS: dict[str, Check] = {}


def _check(shape: Any) -> Check:
    """The check of *shape*, made once. Members of one name have one shape in this model."""
    if shape.name not in _CHECKS:
        _CHECKS[shape.name] = _make(shape)
    return _CHECKS[shape.name]


def _make(shape: Any) -> Check:
    if shape.type_name == "structure":
        return _structure(shape)
    if shape.type_name == "list":
        return _list(_check(shape.member))
    if shape.type_name == "string" and shape.enum and shape.name not in _OPEN_ENUMS:
        return _enum({_plain(one) for one in shape.enum})
    kinds: dict[str, frozenset[type]] = {
        "string": frozenset({str}),
        "boolean": frozenset({bool}),
        "integer": frozenset({int}),
        "long": frozenset({int}),
        "double": frozenset({int, float}),
        "timestamp": frozenset({datetime}),
        "blob": frozenset({bytes, str}),
    }
    return _scalar(kinds[shape.type_name], shape.type_name)


def _structure(shape: Any) -> Check:
    members = {name: _check(member) for name, member in shape.members.items()}
    required = list(shape.required_members)

    def check(value: Any) -> str:
        if not isinstance(value, Mapping):
            return f": {value!r} is no structure"
        for name in required:
            if name not in value:
                return f".{name} is missing"
        for name, one in value.items():
            if name not in members:
                return f".{name} is unknown"
            if problem := members[name](one):
                return f".{name}{problem}"
        return ""

    return check


def _list(member: Check) -> Check:
    def check(value: Any) -> str:
        if not isinstance(value, list):
            return f": {value!r} is no list"
        for one in value:
            if problem := member(one):
                return f"[]{problem}"
        return ""

    return check


def _enum(allowed: set[str]) -> Check:
    def check(value: Any) -> str:
        is_fine = isinstance(value, str) and _plain(value) in allowed
        return "" if is_fine else f" = {value!r} is not one of {sorted(allowed)}"

    return check


def _scalar(kinds: frozenset[type], name: str) -> Check:
    def check(value: Any) -> str:
        return "" if type(value) in kinds else f" = {value!r} is no {name}"

    return check


def _plain(text: str) -> str:
    return text.lower().replace("_", "-")
