"""Filters and pages of the Describe operations (docs/facts/dms.md 1.3).

A marker holds a place in the list, not a number of entries to pass over: what comes or goes between two pages moves no
other entry. It is good for the request it was given for, of whatever page size. That another one is refused, what a
marker looks like, and that entries come in the order in which they were made, are assumed.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from localcloud.dms.requests.names import refusal
from localcloud.in_process_transport import AwsError

Thing = TypeVar("Thing")
_LEAST = 20


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
            known = ", ".join(values) or "there are none"
            raise refusal(f"The filter name {one['Name']} is not valid. Those of {what}: {known}.")
        value, wanted = values[one["Name"]], set(one["Values"])
        # A describe of one thing goes through all of them: a name is compared here, without another call.
        left = [
            thing
            for thing in left
            if (found in wanted if isinstance(found := value(thing), str) else not wanted.isdisjoint(found))
        ]
    if filters and not left and not is_empty_fine:
        raise AwsError("ResourceNotFoundFault", f"No {what}s found matching filter: {filters}")
    return left


def page(
    parameters: Mapping[str, Any],
    member: str,
    things: Sequence[Thing],
    show: Callable[[Thing], Any],
    *,
    place: Callable[[Thing], int | str] | None = None,
    most: int = 100,
    by_default: int = 100,
) -> dict[str, Any]:
    """One page of *things* under *member*, and a `Marker` when more follow.

    *place*: a number that a thing keeps for as long as it is there; it rises from each of *things* to the next. None
    for a list that is always the same.
    """
    size = parameters.get("MaxRecords", by_default)
    if "MaxRecords" in parameters and not _LEAST <= size <= most:
        raise refusal(f"MaxRecords must be from {_LEAST} to {most}, not {size}.")
    asked = _digest(member, parameters)
    standing = [(place(one) if place else at, one) for at, one in enumerate(things)]
    if marker := parameters.get("Marker"):
        after = _place(marker, asked)
        standing = [(at, one) for at, one in standing if at > after]
    answer: dict[str, Any] = {member: [show(one) for _, one in standing[:size]]}
    if len(standing) > size:
        answer["Marker"] = _marker(asked, standing[size - 1][0])
    return answer


def _marker(asked: str, place: int | str) -> str:
    return base64.urlsafe_b64encode(json.dumps([asked, place]).encode()).decode()


def _place(marker: str, asked: str) -> Any:
    """The place that *marker* holds. Raises AwsError unless it was given for what is *asked*."""
    try:
        given_for, place = json.loads(base64.urlsafe_b64decode(marker))
    except (ValueError, TypeError):
        raise refusal(f"The marker {marker} is not valid.") from None
    if given_for != asked:
        raise refusal(f"The marker {marker} was given for another request.")
    return place


def _digest(member: str, parameters: Mapping[str, Any]) -> str:
    kept = {name: value for name, value in parameters.items() if name not in {"Marker", "MaxRecords"}}
    return hashlib.sha256(json.dumps([member, kept], sort_keys=True, default=str).encode()).hexdigest()[:16]
