"""Names and texts as Snowflake's SQL takes them."""

from __future__ import annotations

from collections.abc import Sequence


def quote(name: str) -> str:
    """*name* as an identifier that means exactly it.

    >>> quote('a"b')
    '"a""b"'
    """
    return '"' + name.replace('"', '""') + '"'


def list_names(names: Sequence[str]) -> str:
    """*names*, quoted, with commas between them.

    >>> list_names(["ID", "a b"])
    '"ID", "a b"'
    """
    return ", ".join(map(quote, names))


def literal(text: str) -> str:
    r"""*text* as a string constant; Snowflake reads backslashes in it.

    >>> literal("it's a\\b")
    "'it''s a\\\\b'"
    """
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
