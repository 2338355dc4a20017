"""How fresh each published table is: the readings that a step's reconciliation leaves in Snowflake, and who reads them.

A reading says that a table has everything that was committed at the source before a moment. It is inserted and never
changed: an UPDATE would lock the table against every other load of the night. OPS.FRESHNESS shows the newest of each
table, so that one that is written twice, or comes late, changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from fleet.attempts import Attempt
from fleet.databases import SnowflakeSettings
from fleet.deltas.batches import DeltaFolder
from fleet.deltas.chain import States, TableState
from fleet.names import warehouse_name, warehouse_schema
from fleet.outcomes import TableOutcome
from fleet.quotas import SNOWFLAKE_STATEMENT_BYTES
from fleet.tables.catalogue import TableName
from fleet.warehouse import READING_COLUMNS, literal, readings_table


@dataclass(frozen=True)
class Reading:
    """One table as a step has left it. *fresh_as_of*: everything committed at the source before it is in the table.

    *position*: where the source's log was read up to, empty where that is not known. *row_count*: None where nobody
    counted the table.
    """

    name: TableName
    fresh_as_of: datetime
    position: str = ""
    row_count: int | None = None


def read_full(started_at: datetime | None, outcomes: Iterable[TableOutcome]) -> tuple[Reading, ...]:
    """The tables that a full load published. *started_at*: a moment before its task was started.

    >>> from fleet.failures import Failure
    >>> good = TableOutcome("s", "t", False, "full", 1, 5, 5, 5, 5, 100)
    >>> bad = TableOutcome("s", "u", False, "full", 1, 5, 5, 5, 4, 100, Failure("warehouse", "RowsDiffer", "s.u: 4"))
    >>> [(str(one.name), one.row_count) for one in read_full(datetime(2026, 11, 30), [good, bad])]
    [('s.t', 5)]
    """
    if started_at is None:
        return ()
    return tuple(Reading(one.name, started_at, "", one.rows_in_warehouse) for one in outcomes if one.failure is None)


def read_delta(
    folders: Sequence[DeltaFolder], before: States, after: Iterable[TableState], counted: Mapping[TableName, int]
) -> tuple[Reading, ...]:
    """The tables that are further after a delta than *before*: what changed of them is applied, or nothing did.

    *folders*: that were not applied to all tables; all that the closed ones are known to reach is there then. By one of
    which nobody knows that, no table is fresher. *counted*: rows of those tables that had changes.
    """
    closed = [folder for folder in folders if folder.is_closed]
    reached = [folder.reaches for folder in closed if folder.reaches is not None]
    if not reached:
        return ()
    newest = max(closed, key=lambda one: one.attempt.number)
    position = newest.manifest.delta.checkpoint if newest.manifest.delta is not None else ""
    return tuple(
        Reading(state.name, max(reached), position, counted.get(state.name))
        for state in after
        if not state.needs_full and state.applied > before[state.name].applied
    )


def reading_statements(snowflake: SnowflakeSettings, attempt: Attempt, readings: Iterable[Reading]) -> Iterator[str]:
    """The statements that write *readings* of *attempt*, each as long as Snowflake takes one."""
    beginning = f"INSERT INTO {readings_table(snowflake)} ({', '.join(READING_COLUMNS)}) VALUES "
    rows: list[str] = []
    size = len(beginning)
    for row in (_row(attempt, reading) for reading in readings):
        length = len(row.encode()) + 2
        if rows and size + length > SNOWFLAKE_STATEMENT_BYTES.value:
            yield beginning + ", ".join(rows)
            rows, size = [], len(beginning)
        rows.append(row)
        size += length
    if rows:
        yield beginning + ", ".join(rows)


def _row(attempt: Attempt, reading: Reading) -> str:
    schema, table = reading.name
    names = (schema, table, warehouse_schema(attempt.database, schema), warehouse_name(table))
    values = (
        *map(literal, (attempt.database, *names, attempt.run)),
        str(attempt.number),
        literal(attempt.mode),
        f"CAST({literal(reading.fresh_as_of.isoformat())} AS TIMESTAMP_LTZ)",
        literal(reading.position) if reading.position else "NULL",
        "NULL" if reading.row_count is None else str(reading.row_count),
    )
    return f"({', '.join(values)})"
