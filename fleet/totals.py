"""Counts added up: of the tables that arrived, apart from those that did not. A sum says for how many it is known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fleet.outcomes import TableOutcome


@dataclass(frozen=True)
class Total:
    """A sum of counts: what is known of it, and for how many tables nothing is."""

    rows: int
    known: int
    unknown: int


@dataclass(frozen=True)
class Sums:
    """Some tables added up. *counts*: rows at the source, by DMS, in Parquet, in Snowflake. *bytes*: in Parquet."""

    tables: int
    counts: tuple[Total, ...]
    bytes: int


def counts_of(table: TableOutcome) -> tuple[int | None, int | None, int | None, int | None]:
    """The four counts of a table in the order in which its rows pass them."""
    return table.rows_at_source, table.rows_by_dms, table.rows_in_parquet, table.rows_in_warehouse


def arrived(tables: Iterable[TableOutcome]) -> tuple[TableOutcome, ...]:
    """The tables that are ok: published in Snowflake, with counts that agree."""
    return tuple(table for table in tables if table.failure is None)


def not_arrived(tables: Iterable[TableOutcome]) -> tuple[TableOutcome, ...]:
    """The others: what DMS moved of them is not in Snowflake, and counts for nothing that the run did."""
    return tuple(table for table in tables if table.failure is not None)


def add_up(tables: Sequence[TableOutcome]) -> Sums:
    """The sums over *tables*.

    >>> t = TableOutcome("s", "t", False, "full", 1, None, 5, 5, 5, 100)
    >>> add_up([t]).counts[:2]
    (Total(rows=0, known=0, unknown=1), Total(rows=5, known=1, unknown=0))
    """
    columns = [[counts_of(table)[which] for table in tables] for which in range(4)]
    return Sums(len(tables), tuple(map(_total, columns)), sum(table.bytes for table in tables))


def _total(counts: Sequence[int | None]) -> Total:
    known = [count for count in counts if count is not None]
    return Total(sum(known), len(known), len(counts) - len(known))


def say_counted(tables: Iterable[TableOutcome]) -> str:
    """How many of the tables that arrived were counted at all four places, and whether their counts agree.

    >>> t = TableOutcome("s", "t", False, "full", 1, 5, 5, 5, 5, 100)
    >>> say_counted([t])
    'All tables that arrived (1) were counted at the source, by DMS, in Parquet and in Snowflake; the counts agree.'
    >>> say_counted([])
    'No table arrived: there is nothing to count.'
    """
    all_arrived = arrived(tables)
    if not all_arrived:
        return "No table arrived: there is nothing to count."
    whole = [counts_of(table) for table in all_arrived if None not in counts_of(table)]
    differ = sum(len(set(counts)) > 1 for counts in whole)
    who = f"{len(whole):,} of {len(all_arrived):,} tables that arrived"
    if len(whole) == len(all_arrived):
        who = f"All tables that arrived ({len(whole):,})"
    end = "the counts agree" if not differ else f"in {differ:,} of them the counts differ, by no more than is tolerated"
    return f"{who} were counted at the source, by DMS, in Parquet and in Snowflake; {end}."
