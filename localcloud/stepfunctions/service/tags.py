"""Tags of state machines. Source: https://docs.aws.amazon.com/step-functions/latest/apireference/API_TagResource.html
and .../service-quotas.html (50 tags)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from localcloud.in_process_transport import AwsError

_AT_MOST = 50
_ALLOWED = re.compile(r"[\w\s.:/=+\-@]*")


def read_tags(given: Sequence[Mapping[str, str]], tags: Mapping[str, str], arn: str) -> dict[str, str]:
    """*tags* with the *given* ones, or AWS's refusal."""
    for each in given:
        key, value = each.get("key", ""), each.get("value", "")
        # The code for a character that is not allowed, and for AWS's own prefix, is assumed.
        if not key or key.lower().startswith("aws:") or not (_ALLOWED.fullmatch(key) and _ALLOWED.fullmatch(value)):
            raise AwsError("ValidationException", f"Invalid tag: {key!r} with the value {value!r}")
    merged = {**tags, **{each["key"]: each.get("value", "") for each in given}}
    if len(merged) > _AT_MOST:
        raise AwsError("TooManyTags", f"Too many tags: {arn} would have {len(merged)}, at most {_AT_MOST} are allowed")
    return merged


def tag(tags: dict[str, str], parameters: Mapping[str, Any]) -> None:
    """Do TagResource on *tags*."""
    tags |= read_tags(parameters["tags"], tags, parameters["resourceArn"])


def untag(tags: dict[str, str], parameters: Mapping[str, Any]) -> None:
    """Do UntagResource on *tags*; a key that is not there is passed over."""
    for key in parameters["tagKeys"]:
        tags.pop(key, None)
