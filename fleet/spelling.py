"""What a person may have meant who wrote a name that is unknown."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


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
