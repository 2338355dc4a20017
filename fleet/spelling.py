"""Names in a sentence: what a person may have meant who wrote an unknown one, and the first few of many."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

_SHOWN = 3


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A question that names the closest known word, or the known words if none is close.

    >>> did_you_mean("shemas", ["schemas", "server"])
    'Did you mean `schemas`?'
    >>> did_you_mean("colour", ["schemas", "server"])
    'Known: `schemas`, `server`.'
    """
    names = sorted(known)
    if close := closest(word, names):
        return f"Did you mean `{close}`?"
    shown = ", ".join(f"`{name}`" for name in names[:20])
    return f"Known: {shown}{', ...' if len(names) > 20 else ''}."


def closest(word: str, known: Iterable[str]) -> str:
    """The known word that *word* may be a misspelling for; empty if none is close."""
    return next(iter(difflib.get_close_matches(word, sorted(known), n=1)), "")


def list_some(names: Sequence[str], what: str = "", *, by: str = ", ") -> str:
    """The first three of *names*, and how many more of *what* there are.

    >>> list_some(["a", "b"]), list_some(list("abcde"), "tables"), list_some(list("abcd"))
    ('a, b', 'a, b, c and 2 more tables', 'a, b, c and 1 more')
    """
    more = len(names) - _SHOWN
    named = by.join(names[:_SHOWN])
    return f"{named}{by.rstrip() if by.strip() != ',' else ''} and {more:,} more {what}".rstrip() if more > 0 else named
