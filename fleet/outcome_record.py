"""What the ledger keeps of one outcome: every field, its type and what it means.

The attribute in DynamoDB has the field's name; `lambdas/clients/record_items.py` is the one place that converts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fleet.databases import Mode
from fleet.deltas.swept_tables import say_sweep
from fleet.failures import FailureClass
from fleet.names import attempt_key
from fleet.outcomes import Outcome, OutcomeName
from fleet.totals import add_up, arrived


@dataclass(frozen=True)
class OutcomeRecord:
    """One database's outcome in one run, in short; the whole one is an object of the control bucket."""

    run: str
    database: str
    attempt: int
    """The attempt's number, 0 where none was made."""
    outcome: OutcomeName
    mode: Mode
    execution: str
    """ARN of the execution that it is of."""
    document: str
    """Key of the whole outcome in the control bucket."""
    started_at: datetime
    ended_at: datetime
    guessed: bool = False
    """Somebody else wrote it, because the execution ended without one. The execution's own replaces it."""
    redrive_count: int = 0
    """How often the execution had been redriven when it recorded this."""
    table_count: int = 0
    not_ok_count: int = 0
    row_count: int = 0
    """Rows that arrived in Snowflake."""
    bytes: int = 0
    failure_class: FailureClass | None = None
    failure_name: str = ""
    failure_text: str = ""
    owner: str = ""
    remedy: str = ""
    gaps: tuple[str, ...] = ()
    sweep: str = ""
    """What a key sweep came to, in a line; empty where there was none."""

    @property
    def is_whole_load(self) -> bool:
        """Whether every table that was to be moved arrived, whatever its columns lost and whatever else is missing."""
        return self.outcome == "ok" or (self.outcome == "partial" and self.not_ok_count == 0)

    @property
    def failure_words(self) -> str:
        """Class and text of the failure; nothing where there is none."""
        return f"{self.failure_class}: {self.failure_text}" if self.failure_text else ""


def outcome_key(outcome: Outcome) -> str:
    """Where the whole *outcome* is kept, in the control bucket."""
    return attempt_key(outcome.run, outcome.database, outcome.attempt, "outcome")


def shorten(outcome: Outcome, *, guessed: bool = False, redrive_count: int = 0) -> OutcomeRecord:
    """What the ledger keeps of *outcome*."""
    failure, came = outcome.failure, add_up(arrived(outcome.tables))
    return OutcomeRecord(
        run=outcome.run,
        database=outcome.database,
        attempt=outcome.attempt,
        outcome=outcome.outcome,
        mode=outcome.mode,
        execution=outcome.execution,
        document=outcome_key(outcome),
        started_at=datetime.fromisoformat(outcome.started_at),
        ended_at=datetime.fromisoformat(outcome.ended_at),
        guessed=guessed,
        redrive_count=redrive_count,
        table_count=len(outcome.tables),
        not_ok_count=sum(table.failure is not None for table in outcome.tables),
        row_count=came.counts[-1].rows,
        bytes=came.bytes,
        failure_class=failure.failure_class if failure else None,
        failure_name=failure.name if failure else "",
        failure_text=failure.text if failure else "",
        owner=outcome.owner,
        remedy=outcome.remedy,
        gaps=outcome.gaps,
        sweep=say_sweep(outcome.sweep) if outcome.sweep else "",
    )
