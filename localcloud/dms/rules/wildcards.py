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
            parts.append("[" + re.sub(r"([\\^\[])", r"\\\1", sign[1:-1]) + "]")
        else:
            parts.append(re.escape(sign))
    return re.compile("".join(parts), re.DOTALL)
