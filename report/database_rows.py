"""Every database that a run planned or wrote an outcome for, with its numbers added up once for the whole page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from fleet.databases import Mode
from fleet.failures import Failure
from fleet.outcomes import JOINED, Outcome, TableOutcome
from fleet.reports import RunReport
from fleet.totals import Sums, add_up, arrived, not_arrived
from report.formatting import NO_OUTCOME
from report.stages import StageSpan, fold_marks

NO_INSTANCE = "in no lane"
"""Where an outcome's database is that the plan put into no lane."""


@dataclass(frozen=True)
class DatabaseRow:
    """One database of the page. *outcome* is None where the plan names it and nothing was recorded.

    *mode*: the run's, in which its counts are read. *copied_elsewhere*: by whom, if another run copied it in this one's
    place. *owner*, *notes*: the registry's, who answers for it and what to know of it.
    """

    database: str
    instance: str
    outcome: Outcome | None
    is_red: bool
    mode: Mode = "full"
    copied_elsewhere: str = ""
    owner: str = ""
    notes: str = ""

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
        return not_arrived(self.tables)

    @cached_property
    def sums(self) -> Sums:
        """Of its tables that arrived: what a failed table would have brought is in its own row alone."""
        return add_up(arrived(self.tables), self.mode)

    @property
    def is_joined(self) -> bool:
        """Whether the run that held it makes this one's delta."""
        return self.word == "skipped" and self.failure.name == JOINED

    @property
    def is_kept_out(self) -> bool:
        """Whether it is new and did not come past the gate: a check, or its trial with one table, failed."""
        return self.outcome is not None and (bool(self.outcome.tried_with) or self.failure.failure_class == "not_ready")

    @property
    def has_unknown_tables(self) -> bool:
        """Whether it was to be copied and nobody knows which tables: it broke off before, or was never begun."""
        if self.outcome is not None and self.outcome.tried_with:
            return True
        return not (self.tables or self.copied_elsewhere or self.is_joined) and self.word != "quarantined"

    @cached_property
    def spans(self) -> tuple[StageSpan, ...]:
        """The stages of its attempt; none where it made none."""
        return fold_marks(self.outcome) if self.outcome and self.outcome.attempt > 0 else ()

    @property
    def seconds(self) -> float | None:
        """From the start of its attempt to its outcome."""
        return (self.spans[-1].ended_at - self.spans[0].started_at).total_seconds() if self.spans else None


def list_rows(report: RunReport) -> tuple[DatabaseRow, ...]:
    """Lane by lane in the plan's order, then what the run answers for and no lane holds; each database once."""
    outcomes = {outcome.database: outcome for outcome in report.outcomes}
    instances = {database: lane.instance for lane in report.lanes for database in lane.databases}
    outside = sorted({*outcomes, *report.chosen} - set(instances))
    places = [*instances.items(), *((database, NO_INSTANCE) for database in outside)]
    return tuple(_make_row(report, database, instance, outcomes.get(database)) for database, instance in places)


def _make_row(report: RunReport, database: str, instance: str, outcome: Outcome | None) -> DatabaseRow:
    is_red = outcome is None or report.is_red(outcome)
    elsewhere = "" if is_red else report.copied_elsewhere.get(database, "")
    owner, notes = report.owners.get(database, ""), report.notes.get(database, "")
    return DatabaseRow(database, instance, outcome, is_red, report.mode, elsewhere, owner, notes)


def all_tables(rows: Sequence[DatabaseRow]) -> tuple[TableOutcome, ...]:
    """The tables of all *rows*."""
    return tuple(table for row in rows for table in row.tables)
