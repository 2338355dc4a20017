"""An outcome's two records: whole in the control bucket, in short in the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fleet.attempts import Attempt
from fleet.failures import Failure
from fleet.outcomes import NOT_ASKED, Mark, Outcome, TableOutcome, merge
from fleet.tables.catalogue import Table, select_tables
from lambdas.clients.records import newest_catalogue_key
from lambdas.wiring import Clients

_MARKS = (
    ("ClaimDatabase", "created_at"),
    ("StartTask", "started_at"),
    ("PollTask", "over_at"),
    ("SealFolder", "sealed_at"),
    ("PollLoads", "loaded_at"),
)


def marks_of(record: Mapping[str, Any]) -> tuple[Mark, ...]:
    """The states whose passing an attempt's record tells, in order."""
    return tuple(Mark(state, record[field]) for state, field in _MARKS if record.get(field))


def outcome_key(outcome: Outcome) -> str:
    """Where the whole outcome stands."""
    return f"runs/{outcome.run}/{outcome.database}/{outcome.attempt:06d}/outcome.json"


def put_outcome(outcome: Outcome, clients: Clients, *, redrive_count: int = 0) -> bool:
    """Write the ledger's item, unless a newer attempt's stands there; whether it was written."""
    key = (outcome.run, outcome.database, outcome.attempt)
    return clients.ledger.put_outcome(*key, redrive_count=redrive_count, guessed=False, **_in_short(outcome))


def put_guess(outcome: Outcome, clients: Clients) -> bool:
    """Write the ledger's item of an outcome that is a guess, where nothing better stands; whether it was written."""
    key = (outcome.run, outcome.database, outcome.attempt)
    return clients.ledger.put_guess(*key, redrive_count=0, guessed=True, **_in_short(outcome))


def merge_with_previous(
    attempt: Attempt, failure: Failure | None, tables: Sequence[TableOutcome], clients: Clients
) -> tuple[tuple[TableOutcome, ...], Failure | None]:
    """The outcome's tables, and what stopped it as a whole: a narrowed attempt changes a part of its run's outcome.

    A previous attempt that never came to its tables had all of them to move: those not moved since are still to move.
    Where there was no previous one, what this attempt was not asked for is said to be missing. Merged again, our own
    outcome stays as it is.
    """
    recorded = clients.ledger.outcome(attempt.run, attempt.database)
    previous = clients.records.read(recorded["document"], Outcome) if recorded else None
    if attempt.tables is None:
        return tuple(tables), failure
    if previous is None:
        not_asked = Failure("cancelled", NOT_ASKED, f"not moved: attempt {attempt.number} was asked for other tables.")
        before = _unmoved(attempt, 0, not_asked, clients)
    else:
        before = previous.tables or _unmoved(attempt, previous.attempt, previous.failure, clients)
    merged = merge(before, attempt, failure, tables)
    is_told = any(table.failure == failure for table in merged)
    return merged, None if is_told else failure


def _unmoved(attempt: Attempt, number: int, failure: Failure | None, clients: Clients) -> tuple[TableOutcome, ...]:
    """The tables that *attempt*'s run is to move, by the newest catalogue, none of them moved by attempt *number*.

    None at all if the source never gave a catalogue.
    """
    plan = clients.records.plan(attempt.run)
    database = clients.records.registry(plan.registry_version).database(attempt.database)
    catalogue = clients.records.read(newest_catalogue_key(database.id), tuple[Table, ...]) or ()
    planned = select_tables(database, catalogue, plan.tables.get(database.id))
    if isinstance(planned, Failure):
        return ()
    return tuple(
        TableOutcome(
            schema=table.schema,
            table=table.table,
            is_view=table.is_view,
            mode=attempt.mode,
            attempt=number,
            rows_at_source=None,
            rows_by_dms=None,
            rows_in_parquet=None,
            rows_in_warehouse=None,
            bytes=0,
            failure=failure,
        )
        for table in planned
    )


def _in_short(outcome: Outcome) -> dict[str, Any]:
    failure = outcome.failure
    return {
        "outcome": outcome.outcome,
        "mode": outcome.mode,
        "execution": outcome.execution,
        "document": outcome_key(outcome),
        "table_count": len(outcome.tables),
        "not_ok_count": sum(table.failure is not None for table in outcome.tables),
        "row_count": sum(table.rows_in_warehouse or 0 for table in outcome.tables),
        "bytes": sum(table.bytes for table in outcome.tables),
        "failure_class": failure.failure_class if failure else None,
        "failure_name": failure.name if failure else None,
        "failure_text": failure.text if failure else None,
        "owner": outcome.owner or None,
        "remedy": outcome.remedy or None,
        "gaps": list(outcome.gaps),
        "started_at": outcome.started_at,
        "ended_at": outcome.ended_at,
    }
