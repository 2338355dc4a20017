"""Pages of the lists: maxResults, and tokens that hold where the next page goes on.

A token holds a place in the list, not a number of entries to skip: what is added or moves meanwhile shifts nothing.
It is good for the request it was given for, for 24 hours. Source:
https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListExecutions.html
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from localcloud.in_process_transport import AwsError

_PAGE_BY_DEFAULT = 100
_GOOD_FOR = timedelta(hours=24)


def page_size(parameters: Mapping[str, Any]) -> int:
    """How many entries a page has at most; 0 asks for the default."""
    return parameters.get("maxResults", 0) or _PAGE_BY_DEFAULT


def page_after(
    entries: Sequence[Any], place: Callable[[Any], Any], parameters: Mapping[str, Any], now: datetime
) -> tuple[Sequence[Any], dict[str, str]]:
    """The page of *entries*, which stand by *place* from high to low, and the next token as a member of the answer."""
    before = read_token(parameters, now)
    if isinstance(before, list):  # a tuple, as JSON holds it
        before = tuple(before)
    left = entries if before is None else [entry for entry in entries if place(entry) < before]
    size = page_size(parameters)
    return left[:size], next_token(parameters, place(left[size - 1]), now) if len(left) > size else {}


def read_token(parameters: Mapping[str, Any], now: datetime) -> Any:
    """The place that the request's token holds; none without a token."""
    token = parameters.get("nextToken")
    if token is None:
        return None
    try:
        asked, expires, place = json.loads(base64.urlsafe_b64decode(token))
    except (ValueError, TypeError):
        raise AwsError("InvalidToken", f"Invalid Token: '{token}'") from None
    if asked != _digest(parameters):
        raise AwsError("InvalidToken", "Invalid Token: it was given for other arguments")
    if now.timestamp() > expires:
        raise AwsError("InvalidToken", "Invalid Token: it has expired")
    return place


def next_token(parameters: Mapping[str, Any], place: Any, now: datetime) -> dict[str, str]:
    """The token, as a member of the answer, with which the same request goes on at *place*."""
    content = json.dumps([_digest(parameters), (now + _GOOD_FOR).timestamp(), place])
    return {"nextToken": base64.urlsafe_b64encode(content.encode()).decode()}


def _digest(parameters: Mapping[str, Any]) -> str:
    kept = {name: value for name, value in parameters.items() if name not in ("nextToken", "maxResults")}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()[:16]
