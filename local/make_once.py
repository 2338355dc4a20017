"""Making what may be there already: a deployment that is repeated changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

_THERE_ALREADY = frozenset(
    {
        "BucketAlreadyOwnedByYou",
        "ResourceInUseException",
        "ResourceExistsException",
        "EntityAlreadyExists",
        "ConflictException",
        "AlreadyExistsException",
    }
)


def make_once(make: Callable[..., Any], **parameters: Any) -> None:
    """Call *make*, a method of a client, and let its service say that the thing is there already."""
    try:
        make(**parameters)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _THERE_ALREADY:
            raise
