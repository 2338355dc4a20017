"""How large the tables of a PostgreSQL source are, and how their rows lie along a column.

Source: PostgreSQL's manual, https://www.postgresql.org/docs/current/view-pg-stats.html,
https://www.postgresql.org/docs/current/functions-admin.html (pg_total_relation_size),
https://www.postgresql.org/docs/current/monitoring-stats.html (n_mod_since_analyze),
https://www.postgresql.org/docs/current/functions-aggregate.html (percentile_disc) and
https://www.postgresql.org/docs/current/sql-select.html (TABLESAMPLE), read 2026-12-01.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pg8000.native

from fleet.databases import SslMode
from fleet.profiles.profile import ProfileAnswer, ProfileQuestion
from fleet.profiles.spread import MOST_STEPS, KeySpread, KeyStep, from_histogram, from_quantiles
from lambdas.sources.counting import HasTime, profile_tables
from lambdas.sources.postgresql import ask_rows_alone, connect, explain
from lambdas.sources.postgresql_losses import quote

_STATEMENTS = 3
"""For one table, at most: they share its time."""
SAMPLE_BYTES = 64 * 1024**2
"""Our choice: so much of a table without statistics is read. All of a smaller one is."""
_CHANGED_SHARE = 0.2
"""Our choice: where more rows than this share of those that the last ANALYZE saw were changed since, the statistics are
as good as none. Autovacuum analyzes at half of that.
Source: https://www.postgresql.org/docs/current/runtime-config-vacuum.html (autovacuum_analyze_scale_factor, read
2026-12-01)."""


def ask_profile(
    secret: Mapping[str, Any],
    database: str,
    tables: Sequence[ProfileQuestion],
    ssl_mode: SslMode,
    seconds_each: float,
    has_time: HasTime,
) -> list[ProfileAnswer]:
    """What `profile_tables` gives of *tables*, all in one snapshot."""
    seconds = seconds_each / _STATEMENTS
    with connect(secret, database, ssl_mode, seconds) as connection:
        return profile_tables(
            tables,
            lambda asked: ask_rows_alone(connection, size_statement(asked))[0][0],
            lambda asked, size: (_spread(connection, asked, size or 0), None),
            lambda error: explain(error, seconds),
            has_time,
        )


def _spread(connection: pg8000.native.Connection, asked: ProfileQuestion, size_bytes: int) -> KeySpread:
    row = ask_rows_alone(connection, statistics_statement(asked))[0]
    minimum, maximum, bounds, common, shares, nulls, is_outdated = row
    if maximum is None:
        return KeySpread(asked.column, asked.kind, by="all rows")
    if (bounds or common) and not is_outdated:
        pairs = zip(common or (), shares or (), strict=True)
        steps = from_histogram(asked.kind, bounds or (), pairs, nulls or 0.0)
        return KeySpread(asked.column, asked.kind, minimum, maximum, _up_to(steps, maximum))
    share = min(1.0, SAMPLE_BYTES / max(1, size_bytes))
    quantiles = ask_rows_alone(connection, sample_statement(asked, share))[0][0]
    steps = from_quantiles(asked.kind, quantiles or ())
    lacks = "its statistics are outdated" if is_outdated else "it has no statistics"
    why = "" if steps else f"{lacks}, and a sample of its pages holds no row"
    by = "all rows" if share == 1.0 else "a sample"
    return KeySpread(asked.column, asked.kind, minimum, maximum, _up_to(steps, maximum), by, why)


def _up_to(steps: tuple[KeyStep, ...], maximum: str) -> tuple[KeyStep, ...]:
    """*steps* that end at the *maximum* of now, which statistics may be older than."""
    return steps if not steps or steps[-1].upper == maximum else (*steps[:-1], KeyStep(maximum, steps[-1].rows))


def size_statement(asked: ProfileQuestion) -> str:
    """One statement that answers the bytes of a table, its partitions and their indexes."""
    return f"{_parts(asked)}\nSELECT sum(pg_total_relation_size(oid))::bigint FROM part"


def statistics_statement(asked: ProfileQuestion) -> str:
    """One statement that answers the least and greatest value, the statistics of the column, if it has any, and whether
    too many rows were changed since they were made.

    Those of a table with partitions are the inherited ones.
    """
    column, table = quote(asked.column), _name(asked)
    return f"""{_parts(asked)}
SELECT (SELECT min({column})::text FROM {table}), (SELECT max({column})::text FROM {table}),
       s.histogram_bounds::text::text[], s.most_common_vals::text::text[], s.most_common_freqs::float8[], s.null_frac,
       (SELECT sum(pg_stat_get_mod_since_analyze(c.oid)) > {_CHANGED_SHARE} * sum(greatest(c.reltuples, 0))
        FROM part JOIN pg_class c ON c.oid = part.oid WHERE c.relkind <> 'p')
FROM (VALUES (1)) AS one(row)
LEFT JOIN pg_stats s ON s.schemaname = {_literal(asked.schema)} AND s.tablename = {_literal(asked.table)}
  AND s.attname = {_literal(asked.column)}
ORDER BY s.inherited DESC LIMIT 1"""


def sample_statement(asked: ProfileQuestion, share: float) -> str:
    """One statement that answers the values which end equal shares of the rows, by a *share* of the table's pages."""
    column, shares = quote(asked.column), ", ".join(str(number / MOST_STEPS) for number in range(1, MOST_STEPS + 1))
    return (
        f"SELECT percentile_disc(ARRAY[{shares}]::float8[]) WITHIN GROUP (ORDER BY {column})::text[] "
        f"FROM {_name(asked)} TABLESAMPLE SYSTEM ({share * 100:.6f}) WHERE {column} IS NOT NULL"
    )


def _parts(asked: ProfileQuestion) -> str:
    """A table and all of its partitions, as `part`."""
    return f"""
WITH RECURSIVE part(oid) AS (
  SELECT {_literal(_name(asked))}::regclass::oid
  UNION ALL SELECT i.inhrelid FROM pg_inherits i JOIN part p ON i.inhparent = p.oid
)"""


def _name(asked: ProfileQuestion) -> str:
    return f"{quote(asked.schema)}.{quote(asked.table)}"


def _literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "''")
    return f"E'{escaped}'"
