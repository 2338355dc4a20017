"""Filters and pages of the Describe operations (reference/dms.md 1.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from local.dms.requests.names import refusal
from local.wire import AwsError

Thing = TypeVar("Thing")


def filtered(
    parameters: Mapping[str, Any],
    things: Sequence[Thing],
    values: Mapping[str, Callable[[Thing], str | tuple[str, ...]]],
    what: str,
    *,
    is_empty_fine: bool = False,
) -> list[Thing]:
    """The *things* that every filter of the request lets through. A thing may have several values for one filter.

    Raises ResourceNotFoundFault when filters were given and nothing is left: botocore's waiters for a deletion rely on
    it for tasks, endpoints and instances. Not where *is_empty_fine*: no waiter reads statistics or events (assumed).
    """
    filters = parameters.get("Filters") or []
    left = list(things)
    for one in filters:
        if one["Name"] not in values:
            raise refusal(f"The filter name {one['Name']} is not valid for {what}s.")
        value, wanted = values[one["Name"]], set(one["Values"])
        left = [thing for thing in left if wanted.intersection(_all(value(thing)))]
    if filters and not left and not is_empty_fine:
        raise AwsError("ResourceNotFoundFault", f"No {what}s found matching filter: {filters}")
    return left


def page(
    parameters: Mapping[str, Any],
    member: str,
    things: Sequence[Thing],
    show: Callable[[Thing], Any],
    *,
    most: int = 100,
) -> dict[str, Any]:
    """One page of *things* under *member*, and a `Marker` when more follow."""
    size = parameters.get("MaxRecords", 100)
    if not 20 <= size <= most:
        raise refusal(f"MaxRecords must be from 20 to {most}, not {size}.")
    marker = parameters.get("Marker") or "0"
    if not (marker.isascii() and marker.isdigit() and len(marker) < 10):
        raise refusal(f"The marker {marker} is not valid.")
    first = int(marker)
    answer: dict[str, Any] = {member: [show(thing) for thing in things[first : first + size]]}
    if first + size < len(things):
        answer["Marker"] = str(first + size)
    return answer


def _all(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else (value,)
