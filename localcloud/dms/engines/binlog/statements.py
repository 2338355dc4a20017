"""Statements of the binary log that are no changes of rows: the few that DMS acts upon."""

from __future__ import annotations

import re

_NAME = r'(?:`((?:[^`]|``)+)`|"((?:[^"]|"")+)"|([\w$]+))'
_SKIPPED = r"(?:\s|/\*.*?\*/|--\s[^\n]*\n|#[^\n]*\n)*"
_TABLE = rf"{_SKIPPED}{_NAME}(?:{_SKIPPED}\.{_SKIPPED}{_NAME})?"
_FLAGS = re.IGNORECASE | re.DOTALL
_TRUNCATE = re.compile(rf"{_SKIPPED}TRUNCATE\b{_SKIPPED}(?:TABLE\b)?{_TABLE}", _FLAGS)
_PARTITION = re.compile(
    rf"{_SKIPPED}ALTER\s+(?:ONLINE\s+|IGNORE\s+)*TABLE\b{_SKIPPED}(?:IF\s+EXISTS\b)?{_TABLE}\s.*?"
    r"\b(?:(?:ADD|DROP|TRUNCATE|REORGANIZE|COALESCE|EXCHANGE|CONVERT)\s+PARTITION|PARTITION\s+BY"
    r"|REMOVE\s+PARTITIONING)\b",
    _FLAGS,
)


def truncated(statement: str, schema: str) -> tuple[str, str] | None:
    """Schema and name of the table that *statement* empties; *schema*: where a name without one is looked for.

    >>> truncated("truncate table `odd``name`", "shop"), truncated("TRUNCATE other.t", "shop")
    (('shop', 'odd`name'), ('other', 't'))
    >>> truncated("/* a */ TRUNCATE /* b */ TABLE /* c */ other . `t`", "shop")
    ('other', 't')
    >>> truncated("CREATE TABLE truncate_log (id int)", "shop")
    """
    return _named(_TRUNCATE.match(statement), schema)


def of_partitions(statement: str, schema: str) -> tuple[str, str] | None:
    """Schema and name of the table whose partitions *statement* changes.

    >>> of_partitions("ALTER TABLE t DROP PARTITION p1", "shop")
    ('shop', 't')
    >>> of_partitions("ALTER TABLE t ADD COLUMN c int", "shop")
    """
    return _named(_PARTITION.match(statement), schema)


def _named(found: re.Match[str] | None, schema: str) -> tuple[str, str] | None:
    if found is None:
        return None
    first, second = (_plain(*found.groups()[at : at + 3]) for at in (0, 3))
    return (first, second) if second else (schema, first)


def _plain(ticked: str | None, quoted: str | None, bare: str | None) -> str:
    return ticked.replace("``", "`") if ticked else quoted.replace('""', '"') if quoted else bare or ""
