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
    close = difflib.get_close_matches(word, names, n=1)
    if close:
        return f"Did you mean `{close[0]}`?"
    shown = ", ".join(f"`{name}`" for name in names[:20])
    return f"Known: {shown}{', ...' if len(names) > 20 else ''}."
