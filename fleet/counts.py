"""The source's own counts of its tables, which may come in pieces, and what is said of those that never came."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from fleet.asking import BROKEN
from fleet.databases import Limits
from fleet.failures import Failure
from fleet.sentences import as_clause
from fleet.spelling import list_some
from fleet.tables.catalogue import Table, TableName


@dataclass(frozen=True)
class Count:
    """What the source said of one table: its *rows*, or, where they are None, *why* they were not counted.

    *is_refused*: the login does not see all of its rows, so DMS may have read a part and called it all.
    """

    schema: str
    table: str
    rows: int | None
    why: str = ""
    is_refused: bool = False

    @property
    def name(self) -> TableName:
        """Its two names."""
        return TableName(self.schema, self.table)


@dataclass(frozen=True)
class Counted:
    """What all counts of a load come to. *rows*: of the tables that were counted, None where the source gave no count
    at all. *gaps*: what was not counted, in words. *failure*: why the load cannot be believed. *refused*: why single
    tables cannot be believed."""

    rows: Mapping[TableName, int] | None = None
    gaps: Sequence[str] = ()
    failure: Failure | None = None
    refused: Mapping[TableName, str] = field(default_factory=dict)


def find_left(tables: Iterable[TableName], counts: Iterable[Count]) -> tuple[TableName, ...]:
    """Those of *tables* of which *counts* say nothing, in their order."""
    known = {count.name for count in counts}
    return tuple(name for name in tables if name not in known)


def part_by_size(tables: Iterable[Table], most: int) -> tuple[list[TableName], tuple[Count, ...]]:
    """*tables* that are to be counted, and of those that have more than *most* rows what their statistics say.

    >>> large = Table("s", "large", False, (), rows_estimated=2_000)
    >>> part_by_size([large, Table("s", "t", False, ())], 1_000)[1][0].why
    'by its statistics it has about 2,000, more than the 1,000 of limits.count_rows_at_most'
    """
    to_count: list[TableName] = []
    too_large: list[Count] = []
    for table in tables:
        if table.rows_estimated is None or table.rows_estimated <= most:
            to_count.append(table.name)
        else:
            rows = f"by its statistics it has about {table.rows_estimated:,}"
            why = f"{rows}, more than the {most:,} of limits.count_rows_at_most"
            too_large.append(Count(table.schema, table.table, None, why))
    return to_count, tuple(too_large)


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
        if count.rows is None and not count.is_refused:
            names.setdefault(count.why, []).append(str(count.name))
    return [
        f"rows at the source were not counted ({why}): {list_some(found, 'tables')}" for why, found in names.items()
    ]


def add_up(counts: Sequence[Count]) -> Counted:
    """All *counts* together, of which no table is left out.

    >>> add_up([Count("s", "a", 5), Count("s", "b", None, "gone")])
    Counted(rows={TableName(schema='s', table='a'): 5}, gaps=['rows at the source were not counted (gone): s.b'], \
failure=None, refused={})
    """
    rows = {count.name: count.rows for count in counts if count.rows is not None}
    refused = {count.name: count.why for count in counts if count.is_refused}
    return Counted(rows, describe_gaps(counts), refused=refused)


def judge_silence(silence: Failure, *, has_answered: bool) -> Counted:
    """What it means that a source gave no count after the load. *has_answered*: it gave its catalogue or counts before.

    A source that never answers us is a gap: it may be closed to us and open to DMS. One that answered before is lost,
    and the load may lack rows. Where AskSource itself broke, nothing is known.

    >>> away = Failure("connection", "SourceSilent", "no route to host")
    >>> judge_silence(away, has_answered=False).gaps
    ['rows at the source were not counted: no route to host']
    >>> judge_silence(away, has_answered=True).failure.text
    'the source answered before the load and does not now: no route to host'
    >>> judge_silence(Failure("unknown", BROKEN, "it broke"), has_answered=False).failure.name
    'AskSourceBroken'
    """
    if silence.name == BROKEN:
        return Counted(failure=silence)
    if has_answered:
        text = f"the source answered before the load and does not now: {as_clause(silence.text)}"
        return Counted(failure=Failure(silence.failure_class, "SourceLost", text))
    return Counted(gaps=[f"rows at the source were not counted: {as_clause(silence.text)}"])


def why_no_more(counting_seconds: float, limits: Limits, ended: Failure | None) -> str:
    """Why the tables that are left are not counted any more, or nothing. *ended*: what ended the attempt.

    >>> limits = Limits(count_deadline_seconds=3600)
    >>> why_no_more(3600, limits, None), why_no_more(10, limits, None)
    ('counting took the 3,600 s that limits.count_deadline_seconds gives it', '')
    >>> why_no_more(10, limits, Failure("cancelled", "RunStopped", "maintenance"))
    'counting ended early: maintenance'
    """
    longest = limits.count_deadline_seconds
    if counting_seconds >= longest:
        return f"counting took the {longest:,} s that limits.count_deadline_seconds gives it"
    return f"counting ended early: {ended.text}" if ended else ""
