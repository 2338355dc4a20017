"""Timestamps as the States Language writes them. Source: https://states-language.net/#timestamps"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from localcloud.stepfunctions.errors import SyntaxNotReadError


def read_timestamp(value: Any) -> datetime:
    """The moment that *value* writes in RFC 3339, with a capital T and a zone."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        moment = None
    if moment is None or moment.tzinfo is None or "T" not in value:
        raise SyntaxNotReadError(f"a timestamp as 2026-11-21T01:00:00Z is wanted, found {value!r}")
    return moment
