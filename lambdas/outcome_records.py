"""An outcome's two records: whole in the control bucket, in short in the ledger."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import ValidationError

from fleet.attempts import Attempt
from fleet.failures import Failure
from fleet.names import newest_census_key
from fleet.outcome_record import OutcomeRecord, shorten
from fleet.outcomes import NOT_ASKED, Outcome, TableOutcome, decide, merge
from fleet.tables.account import select_tables
from fleet.tables.catalogue import Census
from lambdas.wiring import Clients


def read_outcome(record: OutcomeRecord, clients: Clients) -> Outcome:
    """The whole outcome of the ledger's *record*; where nobody can read it any more, a failed one that says so.

    Without its document nobody knows which tables arrived: what the record says cannot be confirmed, least of all `ok`.
    """
    try:
        outcome = clients.records.read(record.document, Outcome)
        what = "does not exist"
    except ValidationError as error:
        outcome, what = None, f"cannot be read ({error.errors()[0]['msg']})"
    if outcome is not None:
        return outcome
    said = f"{record.outcome}: {record.failure_text}" if record.failure_text else record.outcome
    failure = Failure(
        record.failure_class or "unknown",
        "OutcomeUnreadable",
        f"s3://{clients.records.bucket}/{record.document} {what}, so nobody can say which tables arrived; the ledger "
        f"says {said!r}. Run the database again.",
    )
    attempt = Attempt(record.run, record.database, record.mode, record.attempt, record.execution)
    started_at, ended_at = record.started_at.isoformat(), record.ended_at.isoformat()
    return decide(attempt, failure, (), gaps=record.gaps, started_at=started_at, ended_at=ended_at)


def put_outcome(outcome: Outcome, clients: Clients, *, redrive_count: int = 0) -> bool:
    """Write the ledger's record, unless there is a newer attempt's; whether it was written."""
    return clients.ledger.put_outcome(shorten(outcome, redrive_count=redrive_count))


def put_guess(outcome: Outcome, clients: Clients) -> bool:
    """Write the ledger's record of an outcome that is a guess, unless there is a better one; whether it was written."""
    return clients.ledger.put_guess(shorten(outcome, guessed=True))


def merge_with_previous(
    attempt: Attempt, failure: Failure | None, tables: Sequence[TableOutcome], clients: Clients
) -> tuple[tuple[TableOutcome, ...], Failure | None]:
    """The outcome's tables, and what stopped it as a whole: a narrowed attempt changes a part of its run's outcome.

    A previous attempt that never came to its tables had all of them to move: those not moved since are still to move.
    Where there was no previous one, what this attempt was not asked for is said to be missing. Merged again, our own
    outcome stays as it is.
    """
    recorded = clients.ledger.outcome(attempt.run, attempt.database)
    if attempt.tables is None:
        return tuple(tables), failure
    previous = read_outcome(recorded, clients) if recorded else None
    if previous is None:
        not_asked = Failure("cancelled", NOT_ASKED, f"not moved: attempt {attempt.number} was asked for other tables.")
        before = _unmoved(attempt, 0, not_asked, clients)
    else:
        before = previous.tables or _unmoved(attempt, previous.attempt, previous.failure, clients)
    merged = merge(before, attempt, failure, tables)
    is_on_a_table = any(table.failure == failure for table in merged)
    return merged, None if is_on_a_table else failure


def _unmoved(attempt: Attempt, number: int, failure: Failure | None, clients: Clients) -> tuple[TableOutcome, ...]:
    """The tables that *attempt*'s run is to move, by the newest census, none of them moved by attempt *number*.

    None at all if the source never gave a census.
    """
    plan = clients.records.plan(attempt.run)
    registry = clients.records.registry(plan.registry_version)
    database = registry.database(attempt.database)
    census = clients.records.read(newest_census_key(database.id), Census) or Census((), ())
    planned = select_tables(registry.server_of(database).engine, database, census, plan.tables.get(database.id))
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
