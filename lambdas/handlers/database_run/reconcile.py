"""
State "Reconcile" of database-run.asl.json: lays the counts of source, DMS, Parquet and Snowflake side by side, and
writes down how fresh each table is.

Takes   AttemptRequest
Returns Response: how many tables there are, and how many are not ok
Raises  ClaimLostError
"""

from __future__ import annotations

from fleet.errors import ClaimLostError, FleetError
from fleet.freshness import read_full
from fleet.outcomes import TableOutcome, reconcile
from lambdas.attempt_context import AttemptRequest, open_attempt
from lambdas.delta_reconciliation import Reconciled, reconcile_delta, states_after_full
from lambdas.entrypoint import Model, entrypoint
from lambdas.landing import read_manifest
from lambdas.loads import read_loads
from lambdas.readings import write_readings
from lambdas.wiring import Clients

Request = AttemptRequest


class Response(Model):
    """The tables, in numbers. *is_trial*: whether the attempt was the trial of a new database."""

    tables: int
    not_ok: int
    is_trial: bool


RAISES: tuple[type[FleetError], ...] = (ClaimLostError,)


def run(request: Request, clients: Clients) -> Response:
    """Write every table's counts; where no folder was sealed, there is no table to speak of.

    How fresh tables are goes first: entered again after the ledger has their states, no table is fresher than before.
    """
    opened = open_attempt(request.attempt, clients)
    manifest = read_manifest(opened, clients)
    if manifest is None:
        return Response(tables=0, not_ok=0, is_trial=bool(opened.record.trial))
    loads = {load.name: load for load in read_loads(opened.attempt, clients)}
    if opened.attempt.mode == "delta":
        done = reconcile_delta(opened, manifest, loads, clients)
    else:
        tables = reconcile(manifest, {name: load.result for name, load in loads.items() if load.result is not None})
        states = states_after_full(opened, tables, clients) if opened.database.deltas else ()
        done = Reconciled(tables, states, read_full(opened.record.started_at, tables))
    gap = write_readings(opened, done.readings, clients)
    gaps = tuple(dict.fromkeys((*opened.record.gaps, *manifest.gaps, *filter(None, [gap]))))
    if gaps != opened.record.gaps:
        clients.ledger.note(opened.attempt, gaps=gaps)
    clients.chains.put_states(opened.database.id, done.states)
    clients.records.write(opened.attempt.key("tables"), done.tables, tuple[TableOutcome, ...])
    not_ok = sum(table.failure is not None for table in done.tables)
    return Response(tables=len(done.tables), not_ok=not_ok, is_trial=bool(opened.record.trial))


handler = entrypoint("Reconcile", Request, run)
