"""What is different between two profiles of one database."""

from __future__ import annotations

from collections.abc import Iterator

from fleet.profiles.profile import DatabaseProfile, TableProfile
from fleet.sentences import say_bytes
from fleet.spelling import list_some

NOTICED_FACTOR = 1.5
"""Our choice: what has grown or shrunk by less is how tables are."""
_NOTICED_ROWS = 1000
_NOTICED_BYTES = 1024**2


def describe_drift(before: DatabaseProfile, now: DatabaseProfile) -> tuple[str, ...]:
    """A line for each table that is new, gone, of other columns, or larger or smaller by `NOTICED_FACTOR`.

    >>> from dataclasses import replace
    >>> small = TableProfile("s", "t", "table", (), (), rows=2_000)
    >>> before = DatabaseProfile("shop", "postgresql", "2026-11-01T00:00:00+00:00", (small,))
    >>> describe_drift(before, replace(before, tables=(replace(small, rows=9_000),)))
    ('s.t has 9,000 rows, 4.5 times the 2,000 before',)
    >>> describe_drift(before, replace(before, tables=()))
    ('s.t is gone; it had 2,000 rows',)
    """
    old, new = ({table.name: table for table in one.tables} for one in (before, now))
    return (
        *(f"{name} is new{_with_rows(table, 'it has')}" for name, table in new.items() if name not in old),
        *(f"{name} is gone{_with_rows(table, 'it had')}" for name, table in old.items() if name not in new),
        *(line for name, table in new.items() if name in old for line in _of_table(old[name], table)),
    )


def _with_rows(table: TableProfile, verb: str) -> str:
    return "" if table.rows is None else f"; {verb} {table.rows:,} rows"


def _of_table(before: TableProfile, now: TableProfile) -> Iterator[str]:
    old, new = ({column.name: column for column in one.columns} for one in (before, now))
    if more := [one for one in new if one not in old]:
        yield f"{now.name} has new columns: {list_some(more, 'columns')}"
    if fewer := [one for one in old if one not in new]:
        yield f"{now.name} has lost columns: {list_some(fewer, 'columns')}"
    for name, column in new.items():
        if name in old and old[name].declared != column.declared:
            yield f"{now.name}.{name} is {column.declared}, before {old[name].declared}"
        elif name in old and old[name].is_nullable != column.is_nullable:
            yield f"{now.name}.{name} {'may be NULL now' if column.is_nullable else 'is never NULL now'}"
    if before.key != now.key:
        yield f"{now.name} has the key ({', '.join(now.key)}), before ({', '.join(before.key)})"
    if _differs(before.rows, now.rows, _NOTICED_ROWS):
        yield f"{now.name} has {now.rows:,} rows, {_factor(before.rows, now.rows)} the {before.rows:,} before"
    if _differs(before.size_bytes, now.size_bytes, _NOTICED_BYTES):
        words, was = _factor(before.size_bytes, now.size_bytes), say_bytes(before.size_bytes or 0)
        yield f"{now.name} takes {say_bytes(now.size_bytes or 0)}, {words} the {was} before"


def _differs(before: int | None, now: int | None, least: int) -> bool:
    if before is None or now is None or max(before, now) < least:
        return False
    return max(before, now) >= NOTICED_FACTOR * min(before, now)


def _factor(before: int | None, now: int | None) -> str:
    return f"{(now or 0) / before:.2g} times" if before else "more than"
