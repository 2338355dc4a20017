"""An outcome's two records: whole in the control bucket, in short in the ledger."""

from __future__ import annotations

from fleet.outcomes import Outcome
from lambdas.wiring import Clients


def outcome_key(outcome: Outcome) -> str:
    """Where the whole outcome stands."""
    return f"runs/{outcome.run}/{outcome.database}/{outcome.attempt:06d}/outcome.json"


def put_outcome(outcome: Outcome, clients: Clients, *, redrive_count: int = 0, guessed: bool = False) -> bool:
    """Write the ledger's item, unless a newer attempt's stands there; whether it was written."""
    failure = outcome.failure
    return clients.ledger.put_outcome(
        outcome.run,
        outcome.database,
        outcome.attempt,
        outcome=outcome.outcome,
        mode=outcome.mode,
        execution=outcome.execution,
        redrive_count=redrive_count,
        guessed=guessed,
        document=outcome_key(outcome),
        table_count=len(outcome.tables),
        not_ok_count=sum(table.failure is not None for table in outcome.tables),
        row_count=sum(table.rows_in_warehouse or 0 for table in outcome.tables),
        bytes=sum(table.bytes for table in outcome.tables),
        failure_class=failure.failure_class if failure else None,
        failure_name=failure.name if failure else None,
        failure_text=failure.text if failure else None,
        owner=outcome.owner or None,
        remedy=outcome.remedy or None,
        gaps=list(outcome.gaps),
        started_at=outcome.started_at,
        ended_at=outcome.ended_at,
    )
