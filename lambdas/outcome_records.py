"""An outcome's two records: whole in the control bucket, in short in the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from fleet.attempts import Attempt
from fleet.failures import Failure
from fleet.outcomes import NOT_ASKED, Outcome, TableOutcome, decide, merge
from fleet.tables.catalogue import Table, select_tables
from fleet.totals import add_up, arrived
from lambdas.clients.records import newest_catalogue_key
from lambdas.wiring import Clients


def outcome_key(outcome: Outcome) -> str:
    """The key of the whole outcome."""
    return f"runs/{outcome.run}/{outcome.database}/{outcome.attempt:06d}/outcome.json"


def read_outcome(run: str, item: Mapping[str, Any], clients: Clients) -> Outcome:
    """The whole outcome of the ledger's *item*; where nobody can read it any more, a failed one that says so.

    Without its document nobody knows which tables arrived: what the item says cannot be confirmed, least of all `ok`.
    """
    try:
        outcome = clients.records.read(item["document"], Outcome)
        what = "does not exist"
    except ValidationError as error:
        outcome, what = None, f"cannot be read ({error.errors()[0]['msg']})"
    if outcome is not None:
        return outcome
    said = f"{item['outcome']}: {item['failure_text']}" if item.get("failure_text") else item["outcome"]
    failure = Failure(
        item.get("failure_class") or "unknown",
        "OutcomeUnreadable",
        f"s3://{clients.records.bucket}/{item['document']} {what}, so nobody can say which tables arrived; the ledger "
        f"says {said!r}. Run the database again.",
    )
    database = item["sk"].removeprefix("DB#")
    attempt = Attempt(run, database, item["mode"], int(item["attempt"]), item["execution"])
    times = {"started_at": item["started_at"], "ended_at": item["ended_at"]}
    return decide(attempt, failure, (), gaps=item.get("gaps", ()), **times)


def put_outcome(outcome: Outcome, clients: Clients, *, redrive_count: int = 0) -> bool:
    """Write the ledger's item, unless a newer attempt's is there; whether it was written."""
    key = (outcome.run, outcome.database, outcome.attempt)
    return clients.ledger.put_outcome(*key, redrive_count=redrive_count, guessed=False, **_in_short(outcome))


def put_guess(outcome: Outcome, clients: Clients) -> bool:
    """Write the ledger's item of an outcome that is a guess, unless a better one is there; whether it was written."""
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
    if attempt.tables is None:
        return tuple(tables), failure
    previous = read_outcome(attempt.run, recorded, clients) if recorded else None
    if previous is None:
        not_asked = Failure("cancelled", NOT_ASKED, f"not moved: attempt {attempt.number} was asked for other tables.")
        before = _unmoved(attempt, 0, not_asked, clients)
    else:
        before = previous.tables or _unmoved(attempt, previous.attempt, previous.failure, clients)
    merged = merge(before, attempt, failure, tables)
    is_on_a_table = any(table.failure == failure for table in merged)
    return merged, None if is_on_a_table else failure


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
    failure, came = outcome.failure, add_up(arrived(outcome.tables))
    return {
        "outcome": outcome.outcome,
        "mode": outcome.mode,
        "execution": outcome.execution,
        "document": outcome_key(outcome),
        "table_count": len(outcome.tables),
        "not_ok_count": sum(table.failure is not None for table in outcome.tables),
        "row_count": came.counts[-1].rows,
        "bytes": came.bytes,
        "failure_class": failure.failure_class if failure else None,
        "failure_name": failure.name if failure else None,
        "failure_text": failure.text if failure else None,
        "owner": outcome.owner or None,
        "remedy": outcome.remedy or None,
        "gaps": list(outcome.gaps),
        "started_at": outcome.started_at,
        "ended_at": outcome.ended_at,
    }
