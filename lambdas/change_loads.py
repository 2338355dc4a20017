"""The loads of a delta: which tables have changes to apply now, and the request that applies them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from fleet.deltas.batches import find_broken, plan_batch
from fleet.deltas.chain import TableState
from fleet.deltas.change_sql import ChangeBatch, change_statements
from fleet.deltas.tables import part_tables
from fleet.drift import KnownTable
from fleet.failures import Failure
from fleet.tables.catalogue import Table, TableName
from lambdas.attempt_context import Opened
from lambdas.chain_context import ChainContext, read_chain, why_table_needs_full
from lambdas.loads import Load
from lambdas.wiring import Clients

MOST_REFUSALS = 3
"""How often in a row Snowflake may refuse a table's changes before the table is loaded in full instead."""
NEEDS_FULL = "NeedsFullLoad"
"""The failure of a table whose deltas wait for a full load."""


def plan_change_loads(
    opened: Opened, tables: Sequence[Table], known: Mapping[TableName, KnownTable], clients: Clients
) -> tuple[Load, ...]:
    """A load for each table that has changes to apply, the largest first; one that needs a full load first is over.

    *tables*: of the attempt, with the names that their columns have at the source: by those a table is known again.

    Chosen once for the attempt: sent again, a request applies the same folders.
    """
    context = read_chain(opened, clients)
    if context is None:
        return ()
    by_delta, _ = part_tables(opened.server.engine, opened.database, tables)
    loads: list[tuple[int, Load]] = []
    for table in by_delta:
        planned = _plan_load(opened, context, table, known.get(table.name))
        if planned is not None:
            loads.append(planned)
    return tuple(load for _, load in sorted(loads, key=lambda one: -one[0]))


def _plan_load(
    opened: Opened, context: ChainContext, table: Table, known: KnownTable | None
) -> tuple[int, Load] | None:
    """The load with how many changes it has; None where nothing is to be applied."""
    state = context.state(table.name)
    waiting = Load(table.schema, table.table, "waiting")
    why = why_table_needs_full(opened, state, context.chain, table)
    if state is None or why:
        return 0, waiting.failed(needs_full(table.name, why))
    if why := find_broken(state, context.folders, context.lost, context.through):
        return 0, waiting.failed(needs_full(table.name, why))
    batch = plan_batch(state, context.folders, context.through)
    if not batch:
        return None
    if known is None or not known.has_landed:
        why = "no file of it was ever looked into, so the types of its columns are not known"
        return 0, waiting.failed(needs_full(table.name, why))
    rows = sum(sealed.rows for _, sealed in batch)
    return rows, waiting.with_folders(tuple(attempt.number for attempt, _ in batch), state.written)


def needs_full(name: TableName, why: str) -> Failure:
    """The failure of a table whose changes wait for a full load, and *why* they do."""
    text = f"{name}: its changes cannot be applied before a full load: {why.rstrip('.')}."
    return Failure("source_log_gone", NEEDS_FULL, text)


_LEAST_UNITS = 512
"""How many characters of a long value DMS keeps for each kilobyte (`fleet/tables/columns.py`, `lob_units`)."""


def prepare_changes(
    opened: Opened, load: Load, table: Table, known: KnownTable, context: ChainContext
) -> tuple[str, ...] | Failure:
    """The request of *load*, the same each time; a failure, where a folder of it is gone since it was planned."""
    folders = [
        (folder.attempt, sealed)
        for folder in context.folders
        if folder.attempt.number in load.folders and (sealed := folder.table(load.name)) is not None
    ]
    if gone := set(load.folders) - {attempt.number for attempt, _ in folders}:
        return needs_full(table.name, f"the manifest of attempt {min(gone)} is gone")
    types = {column.name: column for column in known.present}
    columns = tuple(types.get(column.name, column) for column in known.wanted)
    may_lack_values = opened.server.engine == "postgresql"
    deletes = opened.database.deletes_of(table.name)
    cut_at = opened.settings.profile_of(opened.database).lob_max_kilobytes * _LEAST_UNITS
    batch = ChangeBatch(table, tuple(folders), load.written, columns, may_lack_values, deletes, cut_at)
    return change_statements(opened.settings.snowflake, opened.server.engine, opened.attempt, batch)


def next_states(
    opened: Opened, context: ChainContext, tables: Mapping[TableName, Table], loads: Mapping[TableName, Load]
) -> list[TableState]:
    """The states of the delta's tables after its *loads*, of those that have changed."""
    changed: list[TableState] = []
    for name in tables:
        state = context.state(name)
        if state is None or state.needs_full or state.chain != context.chain.number:
            continue
        load = loads.get(name)
        if load is None and plan_batch(state, context.folders, context.through):
            continue  # nothing of the folder was handed off: its changes wait for the next delta
        if load is None:
            after = replace(state, applied=max(state.applied, context.through))
        else:
            after = _after(state, load, context.through, opened.attempt.number)
        if after != state:
            changed.append(after)
    return changed


def _after(state: TableState, load: Load, through: int, number: int) -> TableState:
    """The table's state after the *load* of attempt *number*, which applied changes up to attempt *through*."""
    failure = load.result.failure if load.result else None
    if failure is None:
        return replace(state, applied=through, written=number, refused=0, refused_by=0)
    if failure.name == NEEDS_FULL:
        return replace(state, needs_full=failure.text)
    if failure.failure_class != "warehouse" or state.refused_by == number:
        return state
    if state.refused + 1 < MOST_REFUSALS:
        return replace(state, refused=state.refused + 1, refused_by=number)
    return replace(
        state, needs_full=f"its changes were refused {MOST_REFUSALS} times, the last time so: {failure.text}"
    )
