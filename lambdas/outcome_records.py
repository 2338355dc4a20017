"""An outcome's two records: whole in the control bucket, in short in the ledger."""

from __future__ import annotations

from typing import Any

from fleet.outcomes import Outcome
from lambdas.wiring import Clients


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
