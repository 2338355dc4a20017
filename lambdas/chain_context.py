"""What a state of a delta needs to know of its chain, read once: the chain, the tables' states, the sealed folders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fleet.deltas.batches import DeltaFolder, closed_through
from fleet.deltas.chain import Chain, States, TableState, why_full
from fleet.deltas.sealing import MARK_COLUMN
from fleet.deltas.tables import part_tables
from fleet.dms.task_texts import TaskTexts, task_texts
from fleet.dms.tasks import TaskReport
from fleet.failures import Failure
from fleet.names import MARK_TABLE
from fleet.sentences import as_clause
from fleet.tables.catalogue import Table, TableName
from fleet.tables.columns import Column
from fleet.warehouse import rename_columns
from fleet.warehouse_columns import fingerprint
from lambdas.attempt_context import Opened, read_names, read_tables
from lambdas.landing import read_manifest_of
from lambdas.wiring import Clients


@dataclass(frozen=True)
class ChainContext:
    """A chain as one attempt of its database finds it. *folders*: sealed, and not applied to all tables yet. *lost*:
    the attempts of such folders whose manifest is gone.
    """

    chain: Chain
    states: States
    folders: tuple[DeltaFolder, ...]
    lost: tuple[int, ...] = ()

    @property
    def through(self) -> int:
        """The newest attempt up to which changes may be applied."""
        return closed_through(self.folders)

    def state(self, name: TableName) -> TableState | None:
        """How far a table is; None where it was never loaded."""
        return self.states.get(name)


def read_chain(opened: Opened, clients: Clients) -> ChainContext | None:
    """The database's chain with what is pending of it; None where it has none that goes on."""
    chain = clients.chains.find(opened.database.id)
    if chain is None or chain.broken:
        return None
    states = clients.chains.states(opened.database.id)
    applied = [state.applied for state in states.values() if state.chain == chain.number and not state.needs_full]
    first = min([*applied, chain.newest]) + 1 if applied else chain.number
    folders: list[DeltaFolder] = []
    lost: list[int] = []
    for record in clients.ledger.attempts_between(opened.database.id, first, chain.newest):
        if record.attempt.mode == "delta" and record.chain == chain.number and record.sealed_at:
            manifest = read_manifest_of(record.attempt, opened, clients)
            if manifest is None:
                lost.append(record.attempt.number)
            else:
                folders.append(DeltaFolder(record.attempt, record.is_closed, manifest, record.reaches))
    return ChainContext(chain, states, tuple(folders), tuple(lost))


def table_fingerprint(opened: Opened, table: Table) -> str:
    """A short name of the source's *table*: of its columns as they land, its key and its incarnation. A delta of it
    applies only while that stays.

    So is what keeps changes out of the log: once that is gone, a full load brings what the log never had.
    """
    landed = rename_columns(table, opened.database.renames)
    shape = fingerprint(opened.server.engine, landed)
    return " ".join((shape, ",".join(table.key), table.incarnation, *table.delta_bars))


def tables_of_task(opened: Opened, tables: Sequence[Table]) -> tuple[Table, ...]:
    """Those of the attempt's *tables* that its task moves; of a delta those that take deltas, and the mark's."""
    if opened.attempt.mode == "full":
        return tuple(tables)
    by_delta, _ = part_tables(opened.server.engine, opened.database, tables)
    return (*by_delta, mark_table(opened)) if opened.record.has_mark else by_delta


def mark_table(opened: Opened) -> Table:
    """The table of the database's mark, which lies in the first of its schemas."""
    columns = (Column("id", "integer"), Column(MARK_COLUMN, "bigint"))
    return Table(opened.database.schemas[0], MARK_TABLE, False, columns, ("id",))


def wanted_texts(opened: Opened, tables: Sequence[Table], clients: Clients) -> TaskTexts:
    """What the attempt's task must say to move its *tables*.

    Raises:
        QuotaExceededError: The mappings are longer than DMS takes them.
    """
    names = read_names(opened.attempt, tables, clients)
    moved = tables_of_task(opened, tables)
    engine, database = opened.server.engine, opened.database
    return task_texts(opened.attempt.mode, opened.settings, engine, database, moved, names)


def check_chain(opened: Opened, report: TaskReport, clients: Clients) -> Failure | None:
    """A failure, if the task that *report* describes cannot go on with the database's chain, which is broken then.

    A task that never ran begins a chain; only the task that read it goes on with it.
    """
    chain = clients.chains.find(opened.database.id)
    is_new = chain is None or bool(chain.broken)
    if is_new and report.status == "ready":
        return None
    if chain is None or chain.broken:
        broken = as_clause(chain.broken) if chain else ""
        why = f"its chain is broken: {broken}" if chain else "no chain of deltas is known of it"
        text = f"task {opened.task_id!r} has run, and {why}."
        return Failure("source_log_gone", "TaskNotFresh", text)
    if report.arn == chain.task_arn and report.status != "ready":
        return None
    found = "never ran" if report.arn == chain.task_arn else f"is {report.arn}"
    why = f"task {opened.task_id!r} {found}; {chain.task_arn} has read the chain up to attempt {chain.newest}"
    clients.chains.break_off(opened.database.id, why)
    return Failure("source_log_gone", "ChainBroken", f"{why}. What came between is not known.")


def why_table_needs_full(opened: Opened, state: TableState | None, chain: Chain, table: Table) -> str:
    """Why *table* cannot take its deltas before a full load, in words (`why_full`); nothing where it can."""
    return why_full(state, chain, table_fingerprint(opened, table), opened.database.deletes_of(table.name))


def find_needing(opened: Opened, chain: Chain | None, clients: Clients) -> tuple[list[TableName], list[TableName]]:
    """The tables of the attempt that need a full load before a delta of theirs applies; and all tables of it.

    What takes no deltas needs one each time, unless the registry leaves it to full runs: then only until it has had
    its first, or where it took deltas until now and one of them waits for a full load.
    """
    tables = read_tables(opened.attempt, clients)
    by_delta, _ = part_tables(opened.server.engine, opened.database, tables)
    states = clients.chains.states(opened.database.id)
    names = {table.name for table in by_delta}

    def needs_full(table: Table) -> bool:
        state = states.get(table.name)
        if table.name in names:
            return chain is None or bool(why_table_needs_full(opened, state, chain, table))
        return state is None or bool(state.needs_full) or not opened.database.is_left_to_full_runs(table.name)

    return [table.name for table in tables if needs_full(table)], [table.name for table in tables]
