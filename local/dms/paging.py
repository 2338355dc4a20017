"""Filters and pages of the Describe operations (reference/dms.md 1.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from local.wire import AwsError

Thing = TypeVar("Thing")


def filtered(
    parameters: Mapping[str, Any], things: Sequence[Thing], values: Mapping[str, Callable[[Thing], str]], what: str
) -> list[Thing]:
    """The *things* that every filter of the request lets through.

    Raises ResourceNotFoundFault when filters were given and nothing is left: botocore's waiters for a deletion rely on
    it for tasks, endpoints and instances.
    """
    filters = parameters.get("Filters") or []
    left = list(things)
    for one in filters:
        if one["Name"] not in values:
            raise AwsError("InvalidParameterValueException", f"The filter name {one['Name']} is not valid for {what}s.")
        value = values[one["Name"]]
        left = [thing for thing in left if value(thing) in one["Values"]]
    if filters and not left:
        raise AwsError("ResourceNotFoundFault", f"No {what}s found matching filter: {filters}")
    return left


def page(
    parameters: Mapping[str, Any],
    member: str,
    things: Sequence[Thing],
    show: Callable[[Thing], Mapping[str, Any]],
    *,
    most: int = 100,
) -> dict[str, Any]:
    """One page of *things* under *member*, and a `Marker` when more follow."""
    size = parameters.get("MaxRecords") or 100
    if not 20 <= size <= most:
        raise AwsError("InvalidParameterValueException", f"MaxRecords must be from 20 to {most}, not {size}.")
    marker = parameters.get("Marker") or "0"
    if not marker.isdigit():
        raise AwsError("InvalidParameterValueException", f"The marker {marker} is not valid.")
    first = int(marker)
    answer: dict[str, Any] = {member: [show(thing) for thing in things[first : first + size]]}
    if first + size < len(things):
        answer["Marker"] = str(first + size)
    return answer
