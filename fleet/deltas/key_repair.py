"""The SQL of a key sweep in Snowflake: what reads a table's keys, and what takes away those that it has too many of.

Of a table that keeps deleted rows the living ones are read, and what is too many is kept as deleted.
"""

from __future__ import annotations

from collections.abc import Sequence

from fleet.attempts import Attempt
from fleet.databases import Deletes, SnowflakeSettings
from fleet.deltas.key_sweep import TableSweep
from fleet.deltas.key_text import warehouse_hash, warehouse_shown, warehouse_statement
from fleet.keeping_sql import where_living
from fleet.names import warehouse_name
from fleet.tables.catalogue import TableName
from fleet.warehouse import applied_table, literal, qualified, quote
from fleet.warehouse_columns import KEEPING_COLUMNS

_MOST_SHOWN = 3


def read_statements(
    snowflake: SnowflakeSettings, attempt: Attempt, sweep: TableSweep, deletes: Deletes
) -> tuple[str, ...]:
    """First the attempt of the table's last row in OPS.APPLIED, then its keys: no later one is in what was read."""
    rows = f"{qualified(snowflake, attempt.database, sweep.name)}{where_living(deletes)}"
    return (
        f"SELECT {_latest(snowflake, attempt, sweep.name)} AS LATEST",
        warehouse_statement(sweep.question, rows, _columns(sweep)),
    )


def delete_statements(
    snowflake: SnowflakeSettings, attempt: Attempt, sweep: TableSweep, deletes: Deletes
) -> tuple[str, ...]:
    """One request that removes the surplus rows, or none of them where another attempt came since they were read.

    The first statement answers some of their keys. The guard is a cast that fails, behind the change, whose lock orders
    it after every other writer of the table (`fleet/warehouse.py`).
    """
    target, columns = qualified(snowflake, attempt.database, sweep.name), _columns(sweep)
    living = where_living(deletes)
    found = f"{f'{living} AND' if living else ' WHERE'} {warehouse_hash(sweep.parts, columns)} IN"
    some, all_of_them = (", ".join(map(literal, one)) for one in (sweep.surplus[:_MOST_SHOWN], sweep.surplus))
    return (
        f"SELECT {warehouse_shown(sweep.parts, columns)} AS SHOWN FROM {target}{found} ({some})",
        "BEGIN TRANSACTION",
        f"{_remove(target, deletes)}{found} ({all_of_them})",
        f"SELECT CAST(IFF(LATEST = {sweep.written}, '0', 'attempt ' || LATEST || ' is applied, and the keys were read "
        f"after attempt {sweep.written}') AS NUMBER(9,0)) FROM "
        f"(SELECT {_latest(snowflake, attempt, sweep.name)} AS LATEST)",
        "COMMIT",
    )


def _remove(target: str, deletes: Deletes) -> str:
    """What takes rows of *target* away, as a deletion at the source does, but for its WHERE."""
    if deletes == "hard":
        return f"DELETE FROM {target}"
    gone = quote(KEEPING_COLUMNS[deletes][-1].name)
    return f"UPDATE {target} SET {gone} = CAST(CURRENT_TIMESTAMP() AS TIMESTAMP_NTZ(6))"


def _latest(snowflake: SnowflakeSettings, attempt: Attempt, name: TableName) -> str:
    database, schema, table = map(literal, (attempt.database, name.schema, name.table))
    return (
        f"(SELECT COALESCE(MAX(ATTEMPT), 0) FROM {applied_table(snowflake)} "
        f"WHERE DATABASE_ID = {database} AND SCHEMA_NAME = {schema} AND TABLE_NAME = {table})"
    )


def _columns(sweep: TableSweep) -> Sequence[str]:
    return [quote(warehouse_name(part.column)) for part in sweep.parts]
