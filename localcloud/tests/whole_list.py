"""All pages of a list that is given in pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def whole_list(page: Callable[[str], tuple[list[Any], str]], size: int) -> list[Any]:
    """The entries of all pages; none but the last holds fewer than *size*, and none is empty after another.

    *page*: the entries of the page that a marker leads to ("" for the first), and the marker of the next.
    """
    entries, marker = page("")
    found = list(entries)
    while marker:
        assert len(entries) == size
        entries, marker = page(marker)
        assert entries
        found += entries
    return found
