"""Every database that a run planned or wrote an outcome for, with its numbers added up once for the whole page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from fleet.failures import Failure
from fleet.outcomes import Outcome, TableOutcome
from fleet.report_page.stages import Span, fold_marks
from fleet.report_page.words import NO_OUTCOME
from fleet.reports import RunReport

NO_INSTANCE = "in no lane"
"""Where an outcome's database stands that the plan put into no lane."""


@dataclass(frozen=True)
class Total:
    """A sum of counts: what is known of it, and for how many tables nothing is."""

    rows: int
    known: int
    unknown: int


def total(counts: Iterable[int | None]) -> Total:
    """The sum of *counts*, None being one that was never taken.

    >>> total([1, None, 2])
    Total(rows=3, known=2, unknown=1)
    """
    taken = list(counts)
    known = [count for count in taken if count is not None]
    return Total(sum(known), len(known), len(taken) - len(known))


def counts_of(table: TableOutcome) -> tuple[int | None, int | None, int | None, int | None]:
    """The four counts of a table in the order in which its rows pass them."""
    return table.rows_at_source, table.rows_by_dms, table.rows_in_parquet, table.rows_in_warehouse


@dataclass(frozen=True)
class Entry:
    """One database of the page. *outcome* is None where the plan names it and nothing was recorded.

    *copied_elsewhere*: by whom, if another run copied it in this one's place.
    """

    database: str
    instance: str
    outcome: Outcome | None
    is_red: bool
    copied_elsewhere: str = ""

    @property
    def anchor(self) -> str:
        """The id of its row, to link to."""
        return f"database-{self.database}"

    @property
    def word(self) -> str:
        """Its outcome in one word."""
        return self.outcome.outcome if self.outcome else NO_OUTCOME

    @property
    def failure(self) -> Failure:
        """What went wrong with it, said in some way even if nobody recorded how."""
        if self.outcome is None:
            return Failure("unknown", "NoOutcome", f"{self.database} is in the plan and left no outcome.")
        return self.outcome.failure or Failure("unknown", "NoReason", "The outcome gives no reason.")

    @property
    def tables(self) -> tuple[TableOutcome, ...]:
        """Its tables; none where it broke off before they were known."""
        return self.outcome.tables if self.outcome else ()

    @cached_property
    def bad_tables(self) -> tuple[TableOutcome, ...]:
        """Those that did not end ok."""
        return tuple(table for table in self.tables if table.failure is not None)

    @cached_property
    def totals(self) -> tuple[Total, Total, Total, Total]:
        """Rows at the source, by DMS, in Parquet, in Snowflake."""
        at_source, by_dms, in_parquet, in_warehouse = (
            total(counts_of(table)[which] for table in self.tables) for which in range(4)
        )
        return at_source, by_dms, in_parquet, in_warehouse

    @property
    def bytes(self) -> int:
        """Of its Parquet files."""
        return sum(table.bytes for table in self.tables)

    @cached_property
    def spans(self) -> tuple[Span, ...]:
        """The stages of its attempt; none where it made none."""
        return fold_marks(self.outcome) if self.outcome and self.outcome.attempt > 0 else ()

    @property
    def seconds(self) -> float | None:
        """From the start of its attempt to its outcome."""
        return (self.spans[-1].ended_at - self.spans[0].started_at).total_seconds() if self.spans else None


def list_entries(report: RunReport) -> tuple[Entry, ...]:
    """Lane by lane in the plan's order, then what no lane holds; each database once."""
    outcomes = {outcome.database: outcome for outcome in report.outcomes}
    instances = {database: lane.instance for lane in report.lanes for database in lane.databases}
    outside = sorted(set(outcomes) - set(instances))
    places = [*instances.items(), *((database, NO_INSTANCE) for database in outside)]
    return tuple(_entry(report, database, instance, outcomes.get(database)) for database, instance in places)


def _entry(report: RunReport, database: str, instance: str, outcome: Outcome | None) -> Entry:
    is_red = outcome is None or report.is_red(outcome)
    return Entry(database, instance, outcome, is_red, report.copied_elsewhere.get(database, ""))


def sum_totals(entries: Sequence[Entry]) -> tuple[Total, ...]:
    """The four totals over *entries*."""
    return tuple(
        Total(sum(one.rows for one in column), sum(one.known for one in column), sum(one.unknown for one in column))
        for column in ([entry.totals[which] for entry in entries] for which in range(4))
    )
