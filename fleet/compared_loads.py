"""The SQL of a full load into a table that keeps deleted rows: it is compared with the table, and never replaces it.

Rows go to a table of the session's own, from there as steps (`fleet/keeping_sql.py`) to the published one: each key
that landed with its image, and each living one that did not, which is gone. What is as it was is left alone.
"""

from __future__ import annotations

from datetime import UTC, datetime

from fleet.attempts import Attempt
from fleet.databases import Deletes, SnowflakeSettings
from fleet.declared_keys import key_guards
from fleet.drift import TablePlan
from fleet.keeping_sql import (
    BY_ATTEMPT,
    BY_POSITION,
    BY_SEQUENCE,
    IS_GONE,
    SINCE,
    KeepingTable,
    merge_steps,
    where_living,
)
from fleet.manifests import SealedTable
from fleet.names import warehouse_name
from fleet.tables.catalogue import Table
from fleet.warehouse import (
    applied_table,
    copy_statements,
    define,
    list_names,
    literal,
    load_guards,
    qualified,
    quote,
    shape_statements,
)
from fleet.warehouse_columns import FILE_COLUMN, KEEPING_COLUMNS, ROW_COLUMN

REPEATED = "SELECT COUNT(*) AS ROWS_REPEATED FROM "
"""Begins the statement that answers how many rows landed beside another one with their key."""


def compared_load_statements(
    snowflake: SnowflakeSettings,
    attempt: Attempt,
    table: Table,
    sealed: SealedTable,
    plan: TablePlan,
    deletes: Deletes,
    read_at: datetime,
) -> tuple[str, ...]:
    """One request: the published table's living rows are *sealed*'s afterwards, or it is as it was before.

    *read_at*: when the load began, from which on its images are known and what it lacks is gone. Where a key landed
    twice, the last row of the last file counts: nobody knows better; not so a key that the registry declares, which
    refuses the load. Running it again changes nothing. The last
    statement answers the living rows.
    """
    target = qualified(snowflake, attempt.database, table.name)
    beside = qualified(snowflake, attempt.database, table.name, suffix=f"__FLEET_{attempt.number}")
    keeping = {column.name for column in KEEPING_COLUMNS[deletes]}
    columns = [column for column in plan.columns if column.name not in keeping]
    keys = tuple(warehouse_name(name) for name in table.key)
    kept = KeepingTable(target, deletes, keys, tuple(column.name for column in columns))
    return (
        *shape_statements(snowflake, attempt, table, plan),
        f"CREATE OR REPLACE TEMPORARY TABLE {beside} ({define(columns)})",
        *copy_statements(snowflake, attempt, table, sealed, beside),
        *key_guards(table, beside),
        "BEGIN TRANSACTION",
        *merge_steps(kept, _steps(kept, beside, read_at)),
        f"INSERT INTO {applied_table(snowflake)} {load_guards(snowflake, attempt, table, sealed, beside)}",
        _living_guard(kept, beside),
        "COMMIT",
        f"{REPEATED}(SELECT 1 AS ONE FROM {beside} QUALIFY {_rank(kept)} > 1)",
        f"DROP TABLE {beside}",
        f"SELECT COUNT(*) AS ROW_COUNT FROM {target}{where_living(deletes)}",
    )


def _steps(kept: KeepingTable, beside: str, read_at: datetime) -> str:
    columns = list_names(kept.columns)
    at = literal(f"{read_at.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}")
    order = f"CAST({at} AS TIMESTAMP_NTZ(6)) AS {SINCE}, 1 AS {BY_ATTEMPT}, '' AS {BY_POSITION}, '' AS {BY_SEQUENCE}"
    landed = f"SELECT {columns}, FALSE AS {IS_GONE}, {order} FROM {beside} QUALIFY {_rank(kept)} = 1"
    same = " AND ".join(f"A.{quote(key)} = L.{quote(key)}" for key in kept.keys)
    absent = (
        f"SELECT {columns}, TRUE AS {IS_GONE}, {order} FROM {kept.target} AS A{where_living(kept.deletes)} "
        f"AND NOT EXISTS (SELECT 1 FROM {beside} AS L WHERE {same})"
    )
    return f"{landed} UNION ALL {absent}"


def _rank(kept: KeepingTable) -> str:
    return (
        f"ROW_NUMBER() OVER (PARTITION BY {list_names(kept.keys)} "
        f"ORDER BY {quote(FILE_COLUMN)} DESC, {quote(ROW_COLUMN)} DESC)"
    )


def _living_guard(kept: KeepingTable, beside: str) -> str:
    """Fails where the table does not have one living row for each key that landed: somebody else has written it.

    Which of two rows is the right one only they know; and of what is kept, nothing is ever deleted.
    """
    return (
        f"SELECT CAST(IFF(LIVING = LANDED, '0', 'compared load: ' || LIVING || ' living rows, ' || LANDED || "
        f"' keys landed: take away in Snowflake what lives twice or without a key, then rerun') AS NUMBER(9,0)) "
        f"FROM (SELECT COUNT(*) AS LIVING FROM {kept.target}"
        f"{where_living(kept.deletes)}), "
        f"(SELECT COUNT(*) AS LANDED FROM (SELECT DISTINCT {list_names(kept.keys)} FROM {beside}))"
    )
