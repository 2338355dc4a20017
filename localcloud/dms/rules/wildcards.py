"""The wildcards of table mappings. Source: AWS DMS user guide, "Wildcards in table mapping" (docs/facts/dms.md 5.6)."""

from __future__ import annotations

import re
from functools import lru_cache


def matches(pattern: str, name: str) -> bool:
    """Whether DMS's wildcards in *pattern* match the whole of *name*, case-sensitively.

    >>> matches("order_", "orders"), matches("order[_]", "orders"), matches("[a-d]%", "batch")
    (True, False, True)
    """
    return pattern == "%" or _regex(pattern).fullmatch(name) is not None


@lru_cache(maxsize=4_096)
def _regex(pattern: str) -> re.Pattern[str]:
    parts = []
    for sign in re.findall(r"\[[^\]]+\]|.", pattern, re.DOTALL):
        if sign == "%":
            parts.append(".*")
        elif sign == "_":
            parts.append(".")
        elif len(sign) > 1:
            parts.append(f"[{_set(sign[1:-1])}]")
        else:
            parts.append(re.escape(sign))
    return re.compile("".join(parts), re.DOTALL)


def _set(inside: str) -> str:
    """What is between the brackets of a set: ranges, and characters that mean themselves.

    >>> _set("a-d_"), _set("[-'")
    ('a-d_', "\\\\[\\\\-'")
    """
    found = re.findall(r"(.)-(.)|(.)", inside, re.DOTALL)
    return "".join(
        re.escape(one) if one else f"{re.escape(low)}-{re.escape(high)}" if low <= high else re.escape(f"{low}-{high}")
        for low, high, one in found
    )
