"""The source's own counts of its tables, which may come in pieces, and what is said of those that never came."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fleet.tables.catalogue import TableName

_NAMED = 3


@dataclass(frozen=True)
class Count:
    """What the source said of one table: its *rows*, or, where they are None, *why* they were not counted."""

    schema: str
    table: str
    rows: int | None
    why: str = ""

    @property
    def name(self) -> TableName:
        """Its two names."""
        return TableName(self.schema, self.table)


def find_left(tables: Iterable[TableName], counts: Iterable[Count]) -> tuple[TableName, ...]:
    """Those of *tables* of which *counts* say nothing, in their order."""
    known = {count.name for count in counts}
    return tuple(name for name in tables if name not in known)


def give_up(tables: Iterable[TableName], why: str) -> tuple[Count, ...]:
    """Counts of *tables* that will not come."""
    return tuple(Count(name.schema, name.table, None, why) for name in tables)


def describe_gaps(counts: Iterable[Count]) -> list[str]:
    """One sentence for each reason why rows were not counted, with the tables that it concerns.

    >>> describe_gaps([Count("s", "a", 5), Count("s", "b", None, "gone"), Count("s", "c", None, "gone")])
    ['rows at the source were not counted (gone): s.b, s.c']
    >>> describe_gaps(give_up([TableName("s", str(n)) for n in range(1, 6)], "it took too long"))
    ['rows at the source were not counted (it took too long): s.1, s.2, s.3 and 2 more tables']
    """
    names: dict[str, list[str]] = {}
    for count in counts:
        if count.rows is None:
            names.setdefault(count.why, []).append(str(count.name))
    return [f"rows at the source were not counted ({why}): {_listed(found)}" for why, found in names.items()]


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    text = ", ".join(names[:_NAMED])
    return f"{text} and {more:,} more table{'s' if more > 1 else ''}" if more > 0 else text
