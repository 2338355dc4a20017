"""Counts added up: of the tables that arrived, apart from those that did not. A sum says for how many it is known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fleet.databases import Mode
from fleet.outcomes import TableOutcome
from fleet.spelling import list_some


@dataclass(frozen=True)
class Total:
    """A sum of counts: what is known of it, and for how many tables nothing is."""

    rows: int
    known: int
    unknown: int


@dataclass(frozen=True)
class Sums:
    """Some tables added up. *counts*: as the functions that read a table's counts have them. *bytes*: in Parquet."""

    tables: int
    counts: tuple[Total, ...]
    bytes: int


Counts = tuple[int | None, int | None, int | None, int | None]


def counts_of(table: TableOutcome, mode: Mode = "full") -> Counts:
    """The four counts of a table in the order in which its rows pass them: at the source, by DMS, in Parquet, in
    Snowflake. In a run of *mode* `delta`: changes by DMS, changes that were applied, rows of a load in full, and the
    rows that the table in Snowflake has then.

    A table without changes is not written to, so nobody asks how many rows it has.

    >>> changed = TableOutcome("s", "t", False, "delta", 1, None, 5, 5, 900, 100)
    >>> counts_of(changed, "delta")
    (5, 5, None, 900)
    >>> from dataclasses import replace
    >>> counts_of(replace(changed, rows_by_dms=0, rows_in_parquet=None, rows_in_warehouse=None), "delta")
    (0, 0, None, None)
    >>> counts_of(TableOutcome("s", "v", True, "full", 1, 7, 7, 7, 7, 100), "delta")
    (None, None, 7, 7)
    """
    if mode == "full":
        return table.rows_at_source, table.rows_by_dms, table.rows_in_parquet, table.rows_in_warehouse
    if table.mode == "full":
        return None, None, table.rows_by_dms, table.rows_in_warehouse
    applied = 0 if table.rows_in_parquet is None and table.failure is None else table.rows_in_parquet
    return table.rows_by_dms, applied, None, table.rows_in_warehouse


def arrived(tables: Iterable[TableOutcome]) -> tuple[TableOutcome, ...]:
    """The tables that are ok: published in Snowflake, with counts that agree."""
    return tuple(table for table in tables if table.failure is None)


def not_arrived(tables: Iterable[TableOutcome]) -> tuple[TableOutcome, ...]:
    """The others: what DMS moved of them is not in Snowflake, and counts for nothing that the run did."""
    return tuple(table for table in tables if table.failure is not None)


def add_up(tables: Sequence[TableOutcome], mode: Mode = "full") -> Sums:
    """The sums over *tables* of a run in *mode*. In a delta no table has all four counts, and none is missed.

    >>> t = TableOutcome("s", "t", False, "full", 1, None, 5, 5, 5, 100)
    >>> add_up([t]).counts[:2]
    (Total(rows=0, known=0, unknown=1), Total(rows=5, known=1, unknown=0))
    """
    columns = [[counts_of(table, mode)[which] for table in tables] for which in range(4)]
    totals = tuple(_total(column, mode) for column in columns)
    return Sums(len(tables), totals, sum(table.bytes for table in tables))


def _total(counts: Sequence[int | None], mode: Mode) -> Total:
    known = [count for count in counts if count is not None]
    return Total(sum(known), len(known), len(counts) - len(known) if mode == "full" else 0)


def say_counted(tables: Iterable[TableOutcome]) -> str:
    """How many of the tables that arrived were counted at all four places, and whether their counts agree; of those
    that arrived by delta, how many changes that was.

    >>> t = TableOutcome("s", "t", False, "full", 1, 5, 5, 5, 5, 100)
    >>> say_counted([t])
    'All tables that arrived (1) were counted at the source, by DMS, in Parquet and in Snowflake; the counts agree.'
    >>> from dataclasses import replace
    >>> u = TableOutcome("s", "u", False, "delta", 1, None, 3, 3, 900, 100)
    >>> say_counted([t, u]).partition(" All ")[0]
    'Tables that arrived by delta (1): 3 changes were applied.'
    >>> say_counted([replace(u, measured_in="weekly-7")]).partition(". ")[2]
    'Their rows and losses were last counted at the source by run weekly-7.'
    >>> say_counted([replace(t, rows_at_source=None, measured_in="weekly-7")])
    'Tables that were left to full runs (1): last loaded by run weekly-7.'
    >>> say_counted([])
    'No table arrived: there is nothing to count.'
    """
    all_arrived = arrived(tables)
    if not all_arrived:
        return "No table arrived: there is nothing to count."
    by_delta = [table for table in all_arrived if table.mode == "delta"]
    left = [table for table in all_arrived if is_left(table)]
    in_full = [table for table in all_arrived if table.mode == "full" and not is_left(table)]
    if not by_delta and not left:
        return _say_in_full(in_full, "tables that arrived")
    return " ".join(
        [
            *([_say_by_delta(by_delta)] if by_delta else []),
            *([_say_in_full(in_full, "tables that were loaded in full")] if in_full else []),
            *([_say_left(left)] if left else []),
        ]
    )


def is_left(table: TableOutcome) -> bool:
    """Whether a run of mode `delta` left it to full runs: it is as one of those left it."""
    return table.mode == "full" and bool(table.measured_in)


def _say_left(tables: Sequence[TableOutcome]) -> str:
    runs = sorted({table.measured_in for table in tables})
    return f"Tables that were left to full runs ({len(tables):,}): last loaded by run {list_some(runs)}."


def _say_in_full(tables: Sequence[TableOutcome], what: str) -> str:
    whole = [counts_of(table) for table in tables if None not in counts_of(table)]
    differ = sum(len(set(counts)) > 1 for counts in whole)
    who = f"{len(whole):,} of {len(tables):,} {what}"
    if len(whole) == len(tables):
        who = f"All {what} ({len(whole):,})"
    end = "the counts agree" if not differ else f"in {differ:,} of them the counts differ, by no more than is tolerated"
    return f"{who} were counted at the source, by DMS, in Parquet and in Snowflake; {end}."


def _say_by_delta(tables: Sequence[TableOutcome]) -> str:
    applied = [counts_of(table, "delta")[1] or 0 for table in tables]
    nothing = sum(not count for count in applied)
    end = f"; {nothing:,} of these tables had none" if nothing else ""
    runs = sorted({table.measured_in for table in tables if table.measured_in})
    since = f" Their rows and losses were last counted at the source by run {list_some(runs)}." if runs else ""
    return f"Tables that arrived by delta ({len(tables):,}): {sum(applied):,} changes were applied{end}.{since}"
