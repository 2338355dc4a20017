"""Names and texts as SQL Server writes them."""

from __future__ import annotations


def quote(name: str) -> str:
    """*name* as SQL Server quotes it.

    >>> quote("a]b")
    '[a]]b]'
    """
    return "[" + name.replace("]", "]]") + "]"


def literal(text: str) -> str:
    """*text* as SQL Server writes a text.

    >>> literal("it's")
    "N'it''s'"
    """
    return "N'" + text.replace("'", "''") + "'"
