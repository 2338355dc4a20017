"""
State "Reconcile" of database-run.asl.json: lays the counts of source, DMS, Parquet and Snowflake side by side.

Takes   AttemptRequest
Returns Response: how many tables there are, and how many are not ok
Raises  ClaimLostError
"""

from __future__ import annotations

from fleet.errors import ClaimLostError, FleetError
from fleet.outcomes import TableOutcome, reconcile
from lambdas.attempt_context import AttemptRequest, open_attempt
from lambdas.delta_reconciliation import keep_loaded, reconcile_delta
from lambdas.entrypoint import Model, entrypoint
from lambdas.landing import read_manifest
from lambdas.loads import read_loads
from lambdas.wiring import Clients

Request = AttemptRequest


class Response(Model):
    """The tables, in numbers."""

    tables: int
    not_ok: int


RAISES: tuple[type[FleetError], ...] = (ClaimLostError,)


def run(request: Request, clients: Clients) -> Response:
    """Write every table's counts; where no folder was sealed, there is no table to speak of."""
    opened = open_attempt(request.attempt, clients)
    manifest = read_manifest(opened, clients)
    if manifest is None:
        return Response(tables=0, not_ok=0)
    loads = {load.name: load for load in read_loads(opened.attempt, clients)}
    if opened.attempt.mode == "delta":
        tables = reconcile_delta(opened, manifest, loads, clients)
    else:
        tables = reconcile(manifest, {name: load.result for name, load in loads.items() if load.result is not None})
        if opened.database.deltas:
            keep_loaded(opened, tables, clients)
    clients.records.write(opened.attempt.key("tables"), tables, tuple[TableOutcome, ...])
    if manifest.gaps:
        clients.ledger.note(opened.attempt, gaps=manifest.gaps)
    return Response(tables=len(tables), not_ok=sum(table.failure is not None for table in tables))


handler = entrypoint("Reconcile", Request, run)
