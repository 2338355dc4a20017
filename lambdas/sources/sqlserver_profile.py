"""How large the tables of a SQL Server source are, and how their rows lie along a column.

No server of this kind was ever reached by this code. Source: Microsoft's manual,
https://learn.microsoft.com/en-us/sql/relational-databases/system-dynamic-management-views/sys-dm-db-stats-histogram-transact-sql
(from 2016 SP1 CU2 on; SELECT on the columns) and
https://learn.microsoft.com/en-us/sql/relational-databases/system-dynamic-management-views/sys-dm-db-partition-stats-transact-sql
(VIEW DATABASE STATE; from 2022 on VIEW DATABASE PERFORMANCE STATE), read 2026-12-01.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytds

from fleet.databases import SslMode
from fleet.profiles.profile import ProfileAnswer, ProfileQuestion
from fleet.profiles.spread import KeySpread, KeyStep, in_order
from lambdas.sources.counting import HasTime, profile_tables
from lambdas.sources.sqlserver import Connect, asked_alone, explain
from lambdas.sources.sqlserver_names import literal, quote

_STATEMENTS = 3
"""For one table, at most: they share its time."""


def ask_profile(
    secret: Mapping[str, Any],
    database: str,
    tables: Sequence[ProfileQuestion],
    ssl_mode: SslMode,
    seconds_each: float,
    has_time: HasTime,
    driver: Connect = pytds.connect,
) -> list[ProfileAnswer]:
    """What `profile_tables` gives of *tables*: in one snapshot if the database allows that, else one after another."""
    seconds = seconds_each / _STATEMENTS
    with asked_alone(secret, database, ssl_mode, driver, seconds) as ask:
        return profile_tables(
            tables,
            lambda asked: ask(size_statement(asked))[0][0],
            lambda asked, _: (_spread(ask, asked), None),
            lambda error: explain(error, seconds),
            has_time,
        )


def _spread(ask: Callable[[str], Sequence[Sequence[Any]]], asked: ProfileQuestion) -> KeySpread:
    column = _as_text(quote(asked.column))
    ends = f"SELECT {column.format('MIN')}, {column.format('MAX')} FROM {quote(asked.schema)}.{quote(asked.table)}"
    minimum, maximum = ask(ends)[0]
    if maximum is None:
        return KeySpread(asked.column, asked.kind, by="all rows")
    rows = [row for row in ask(histogram_statement(asked)) if row[1] is not None]
    first = [KeyStep(upper, float(count)) for number, upper, count in rows if number == rows[0][0]]
    steps = in_order(asked.kind, first)
    why = "" if steps else "its column has no statistics; `CREATE STATISTICS` or a query makes them"
    return KeySpread(asked.column, asked.kind, minimum, maximum, steps, "statistics", why)


def size_statement(asked: ProfileQuestion) -> str:
    """One statement that answers the bytes of a table and its indexes, of pages of 8 KB."""
    return (
        "SELECT SUM(used_page_count) * 8192 FROM sys.dm_db_partition_stats "
        f"WHERE object_id = OBJECT_ID({_object(asked)})"
    )


def histogram_statement(asked: ProfileQuestion) -> str:
    """One statement that answers the histograms that begin with the column: the statistics' number, the upper value of
    a step, and its rows, the upper value's own among them."""
    return f"""
SELECT s.stats_id, CONVERT(nvarchar(60), h.range_high_key, 121), h.range_rows + h.equal_rows
FROM sys.stats AS s
JOIN sys.stats_columns AS k ON k.object_id = s.object_id AND k.stats_id = s.stats_id AND k.stats_column_id = 1
JOIN sys.columns AS c ON c.object_id = k.object_id AND c.column_id = k.column_id
CROSS APPLY sys.dm_db_stats_histogram(s.object_id, s.stats_id) AS h
WHERE s.object_id = OBJECT_ID({_object(asked)}) AND s.has_filter = 0 AND c.name = {literal(asked.column)}
ORDER BY s.stats_id, h.step_number"""


def _as_text(column: str) -> str:
    escaped = column.replace("{", "{{").replace("}", "}}")
    return f"CONVERT(nvarchar(60), {{}}({escaped}), 121)"


def _object(asked: ProfileQuestion) -> str:
    return literal(f"{quote(asked.schema)}.{quote(asked.table)}")
