"""After the loads: how far each table of a chain is now, and what a delta's outcome says of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fleet.deltas.chain import TableState
from fleet.deltas.tables import part_tables
from fleet.failures import Failure
from fleet.freshness import Reading, read_delta
from fleet.manifests import Manifest, SealedTable
from fleet.outcomes import TableOutcome
from fleet.tables.catalogue import TableName
from lambdas.attempt_context import Opened, read_tables
from lambdas.chain_context import ChainContext, read_chain, table_fingerprint
from lambdas.change_loads import next_states
from lambdas.loads import Load
from lambdas.wiring import Clients


@dataclass(frozen=True)
class Reconciled:
    """What a step made of its tables. *states*: of those that are elsewhere in their chain now; *readings*: of those
    that are fresher.
    """

    tables: tuple[TableOutcome, ...]
    states: Sequence[TableState] = ()
    readings: tuple[Reading, ...] = ()


def reconcile_delta(
    opened: Opened, manifest: Manifest, loads: Mapping[TableName, Load], clients: Clients
) -> Reconciled:
    """What the delta made of each of its tables. A prime has applied nothing yet; nor does what it begins anew load
    the tables that are left to full runs.
    """
    context = read_chain(opened, clients)
    if context is None:
        return Reconciled(())
    tables, others = part_tables(opened.server.engine, opened.database, read_tables(opened.attempt, clients))
    left = [state for name in others if (state := context.state(name)) and opened.database.is_left_to_full_runs(name)]
    if context.chain.number == opened.attempt.number:
        return Reconciled(tuple(map(_left_to_full_runs, left)))
    outcomes = tuple(_outcome(opened, context, table, loads.get(table.name)) for table in manifest.tables)
    after = next_states(opened, context, {table.name: table for table in tables}, loads)
    counted = {one.name: one.rows_in_warehouse for one in outcomes if one.rows_in_warehouse is not None}
    readings = read_delta(context.folders, context.states, after, counted)
    return Reconciled((*outcomes, *map(_left_to_full_runs, left)), after, readings)


def _left_to_full_runs(state: TableState) -> TableOutcome:
    """Of a table that no delta brings: as the last full run left it."""
    nothing = dict.fromkeys(("rows_at_source", "rows_by_dms", "rows_in_parquet", "rows_in_warehouse"))
    return TableOutcome(
        state.schema,
        state.table,
        is_view=False,
        mode="full",
        attempt=state.applied,
        **nothing,
        bytes=0,
        measured_in=state.loaded_in,
    )


def _outcome(opened: Opened, context: ChainContext, sealed: SealedTable, load: Load | None) -> TableOutcome:
    result = load.result if load is not None else None
    failure = result.failure if result is not None else sealed.failure
    state = context.state(sealed.name)
    # Entered again after the states were kept, a folder that all tables have is not read any more.
    reached = max(context.through, state.applied if state is not None else 0)
    if failure is None and reached < opened.attempt.number:
        text = f"{sealed.name}: the task did not read up to this delta's mark{_find_other_mark(opened, context)}."
        failure = Failure(
            "delta_behind", "DeltaBehind", f"{text} What landed is kept, and applied with the next delta."
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
        measured_in=state.loaded_in if state is not None else "",
    )


def _find_other_mark(opened: Opened, context: ChainContext) -> str:
    """In words, that a later attempt's mark landed than this one's, which then hides it; or nothing."""
    number = opened.attempt.number
    own = [folder.manifest.delta for folder in context.folders if folder.attempt.number == number]
    mark = max((delta.mark for delta in own if delta is not None), default=0)
    if mark <= number:
        return ""
    return (
        f": found the mark of attempt {mark}, wanted that of attempt {number}, so that somebody else sets it too; each "
        "fleet needs a mark of its own"
    )


def states_after_full(opened: Opened, outcomes: Sequence[TableOutcome], clients: Clients) -> list[TableState]:
    """Those of the tables that a full load has published: from its attempt on, deltas of the chain apply to them."""
    chain = clients.chains.find(opened.database.id)
    if chain is None or chain.broken or chain.number > opened.attempt.number:
        return []
    loaded = {outcome.name for outcome in outcomes if outcome.failure is None}
    number = opened.attempt.number
    return [
        TableState(
            table.schema,
            table.table,
            chain.number,
            number,
            number,
            table_fingerprint(opened, table),
            loaded_in=opened.attempt.run,
            deletes=opened.database.deletes_of(table.name),
        )
        for table in read_tables(opened.attempt, clients)
        if table.name in loaded
    ]
