"""SQL text, as PostgreSQL and DuckDB quote it."""

from __future__ import annotations


def identifier(name: str) -> str:
    """*name* quoted as SQL wants it.

    >>> identifier('a"b')
    '"a""b"'
    """
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """*text* as a SQL string.

    >>> literal("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"
