"""After the loads: how far each table of a chain is now, and what a delta's outcome says of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fleet.deltas.chain import TableState
from fleet.deltas.tables import part_tables
from fleet.failures import Failure
from fleet.manifests import Manifest, SealedTable
from fleet.outcomes import TableOutcome
from fleet.tables.catalogue import TableName
from lambdas.attempt_context import Opened, read_tables
from lambdas.chain_context import ChainContext, read_chain, table_fingerprint
from lambdas.change_loads import next_states
from lambdas.loads import Load
from lambdas.wiring import Clients


def reconcile_delta(
    opened: Opened, manifest: Manifest, loads: Mapping[TableName, Load], clients: Clients
) -> tuple[TableOutcome, ...]:
    """What the delta made of each of its tables; their states go to the ledger. A prime has applied nothing yet."""
    context = read_chain(opened, clients)
    if context is None or context.chain.number == opened.attempt.number:
        return ()
    tables, _ = part_tables(opened.server.engine, opened.database, read_tables(opened.attempt, clients))
    clients.chains.put_states(
        opened.database.id, next_states(opened, context, {table.name: table for table in tables}, loads)
    )
    return tuple(_outcome(opened, context, table, loads.get(table.name)) for table in manifest.tables)


def _outcome(opened: Opened, context: ChainContext, sealed: SealedTable, load: Load | None) -> TableOutcome:
    result = load.result if load is not None else None
    failure = result.failure if result is not None else sealed.failure
    if failure is None and context.through < opened.attempt.number:
        failure = Failure(
            "delta_behind",
            "DeltaBehind",
            f"{sealed.name}: the task did not read up to this delta's mark. What landed is kept, and applied with the "
            f"next delta.",
        )
    is_applied = result is not None and result.failure is None
    return TableOutcome(
        schema=sealed.schema,
        table=sealed.table,
        is_view=False,
        mode="delta",
        attempt=opened.attempt.number,
        rows_at_source=None,
        rows_by_dms=sealed.rows,
        rows_in_parquet=result.rows_parsed if result is not None and is_applied else None,
        rows_in_warehouse=result.rows_published if result is not None and is_applied else None,
        bytes=sum(file.size_bytes for file in sealed.files),
        failure=failure,
        measured_in=state.loaded_in if (state := context.state(sealed.name)) is not None else "",
    )


def keep_loaded(opened: Opened, outcomes: Sequence[TableOutcome], clients: Clients) -> None:
    """Note which tables a full load has published: from its attempt on, deltas of the chain apply to them."""
    chain = clients.chains.find(opened.database.id)
    if chain is None or chain.broken or chain.number > opened.attempt.number:
        return
    loaded = {outcome.name for outcome in outcomes if outcome.failure is None}
    number = opened.attempt.number
    clients.chains.put_states(
        opened.database.id,
        [
            TableState(
                table.schema,
                table.table,
                chain.number,
                number,
                number,
                table_fingerprint(opened.server.engine, table),
                loaded_in=opened.attempt.run,
                deletes=opened.database.deletes_of(table.name),
            )
            for table in read_tables(opened.attempt, clients)
            if table.name in loaded
        ],
    )
