"""Holds a request against AWS's own model of the service, before anything is made of it.

A boto3 client has looked at types and required members already; lengths, bounds, patterns and enumerations are judged
by the service, and a raw request comes with nothing judged at all. Source: botocore's model, as it is installed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from localcloud.in_process_transport import AwsError
from localcloud.service_models import model_of

# Judged by code of its own, because AWS has an error of its own for it: InvalidName.
_JUDGED_ELSEWHERE = frozenset({"Name"})


def service_model() -> ServiceModel:
    """botocore's model of Step Functions."""
    return model_of("stepfunctions")


def check_request(operation: str, parameters: Mapping[str, Any]) -> None:
    """Raise AWS's ValidationException where *parameters* are not what the model of *operation* says.

    The words for a bound are AWS's; those for a type, a missing or an unknown member are botocore's.
    """
    shape = service_model().operation_model(operation).input_shape
    if shape is None:
        return
    report = ParamValidator().validate(parameters, shape)
    found = report.generate_report().splitlines() or [*_constraint_problems(parameters, shape, "")]
    if found:
        plural = "" if len(found) == 1 else "s"
        raise AwsError("ValidationException", f"{len(found)} validation error{plural} detected: {'; '.join(found)}")


def _constraint_problems(value: Any, shape: Any, where: str) -> Iterator[str]:
    if shape.type_name == "structure":
        for name, member in value.items():
            yield from _constraint_problems(member, shape.members[name], f"{where}.{name}" if where else name)
    elif shape.type_name == "list":
        for index, member in enumerate(value, 1):
            yield from _constraint_problems(member, shape.member, f"{where}.{index}.member")
    elif shape.name not in _JUDGED_ELSEWHERE:
        for constraint in _broken(value, shape):
            yield f"Value '{value}' at '{where}' failed to satisfy constraint: Member must {constraint}"


def _broken(value: Any, shape: Any) -> Iterator[str]:
    rules = shape.metadata
    what, measured = ("length", len(value)) if isinstance(value, str) else ("value", value)
    if "max" in rules and measured > rules["max"]:
        yield f"have {what} less than or equal to {rules['max']}"
    if "enum" in rules and value not in rules["enum"]:
        yield f"satisfy enum value set: [{', '.join(rules['enum'])}]"
    if "pattern" in rules and not re.fullmatch(rules["pattern"].replace(r"\p{ASCII}", r"[\x00-\x7f]"), value):
        yield f"satisfy regular expression pattern: {rules['pattern']}"
