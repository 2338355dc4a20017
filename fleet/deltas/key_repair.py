"""The SQL of a key sweep in Snowflake: what reads a table's keys, and what deletes those that it has too many of."""

from __future__ import annotations

from collections.abc import Sequence

from fleet.attempts import Attempt
from fleet.databases import SnowflakeSettings
from fleet.deltas.key_sweep import TableSweep
from fleet.deltas.key_text import warehouse_hash, warehouse_shown, warehouse_statement
from fleet.names import warehouse_name
from fleet.tables.catalogue import TableName
from fleet.warehouse import applied_table, literal, qualified, quote

_MOST_SHOWN = 3


def living_rows(target: str) -> str:
    """What selects the rows of a published table that the source has: all of them, because a deleted row is gone."""
    return target


def read_statements(snowflake: SnowflakeSettings, attempt: Attempt, sweep: TableSweep) -> tuple[str, ...]:
    """First the attempt of the table's last row in OPS.APPLIED, then its keys: no later one is in what was read."""
    rows = living_rows(qualified(snowflake, attempt.database, sweep.name))
    return (
        f"SELECT {_latest(snowflake, attempt, sweep.name)} AS LATEST",
        warehouse_statement(sweep.question, rows, _columns(sweep)),
    )


def delete_statements(snowflake: SnowflakeSettings, attempt: Attempt, sweep: TableSweep) -> tuple[str, ...]:
    """One request that removes the surplus rows, or none of them where another attempt came since they were read.

    The first statement answers some of their keys. The guard is a cast that fails, behind the DELETE, whose lock orders
    it after every other writer of the table (`fleet/warehouse.py`).
    """
    target, columns = qualified(snowflake, attempt.database, sweep.name), _columns(sweep)
    found = f"{warehouse_hash(sweep.parts, columns)} IN"
    some, all_of_them = (", ".join(map(literal, one)) for one in (sweep.surplus[:_MOST_SHOWN], sweep.surplus))
    return (
        f"SELECT {warehouse_shown(sweep.parts, columns)} AS SHOWN FROM {target} WHERE {found} ({some})",
        "BEGIN TRANSACTION",
        f"DELETE FROM {target} WHERE {found} ({all_of_them})",
        f"SELECT CAST(IFF(LATEST = {sweep.written}, '0', 'attempt ' || LATEST || ' is applied, and the keys were read "
        f"after attempt {sweep.written}') AS NUMBER(9,0)) FROM "
        f"(SELECT {_latest(snowflake, attempt, sweep.name)} AS LATEST)",
        "COMMIT",
    )


def _latest(snowflake: SnowflakeSettings, attempt: Attempt, name: TableName) -> str:
    database, schema, table = map(literal, (attempt.database, name.schema, name.table))
    return (
        f"(SELECT COALESCE(MAX(ATTEMPT), 0) FROM {applied_table(snowflake)} "
        f"WHERE DATABASE_ID = {database} AND SCHEMA_NAME = {schema} AND TABLE_NAME = {table})"
    )


def _columns(sweep: TableSweep) -> Sequence[str]:
    return [quote(warehouse_name(part.column)) for part in sweep.parts]
