"""The SQL that brings a table that keeps deleted rows to what its steps end with.

A *step* is what happened to one key: it got an image, or it is gone. Both MERGEs take steps in any number and order,
from changes as from a full load that is compared; a step that changes nothing leaves the table's row alone.
Source: https://docs.snowflake.com/en/sql-reference/sql/merge (documented: one row of the source for each of the
target).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fleet.databases import Deletes
from fleet.dms.endpoints import TIMESTAMP_COLUMN
from fleet.names import warehouse_name
from fleet.warehouse import list_names, quote
from fleet.warehouse_columns import DELETED_AT, KEEPING_COLUMNS, OWN_NAMES, VALID_FROM, VALID_TO

IS_GONE, SINCE, BY_ATTEMPT, BY_POSITION, BY_SEQUENCE, _WAS_THERE, _IS_SAME, _IS_HELD, _NUMBER = (
    f'"_FLEET_{name}"'
    for name in (
        *("IS_GONE", "SINCE", "BY_ATTEMPT", "BY_POSITION", "BY_SEQUENCE"),
        *("WAS_THERE", "IS_SAME", "IS_HELD", "NUMBER"),
    )
)
"""What each step has beside the table's columns, quoted: whether the key is gone, since when it is as it is then, and
its order among the key's steps. The time orders nothing. No column of a source is called so."""
_ORDER = (BY_ATTEMPT, BY_POSITION, BY_SEQUENCE)
TIME_OF_ROW = f"CAST({quote(warehouse_name(TIMESTAMP_COLUMN))} AS TIMESTAMP_NTZ(6))"
"""SQL of the time that DMS gives a row: of a change its commit, in UTC."""


@dataclass(frozen=True)
class KeepingTable:
    """A table in Snowflake that keeps deleted rows. *target*: its full name, quoted; *columns*: all but those by which
    it keeps."""

    target: str
    deletes: Deletes
    keys: tuple[str, ...]
    columns: tuple[str, ...]

    @property
    def image(self) -> tuple[str, ...]:
        """The columns that a change of the row changes: not its key, and not what we add."""
        return tuple(name for name in self.columns if name not in self.keys and name not in OWN_NAMES)


def where_living(deletes: Deletes) -> str:
    """The WHERE of those rows that are at the source now; nothing where the table has no others.

    >>> where_living("hard"), where_living("soft"), where_living("history")
    ('', ' WHERE "_DELETED_AT" IS NULL', ' WHERE "_VALID_TO" IS NULL')
    """
    columns = KEEPING_COLUMNS[deletes]
    return f" WHERE {quote(columns[-1].name)} IS NULL" if columns else ""


def merge_steps(table: KeepingTable, steps: str) -> tuple[str, ...]:
    """Statements within a transaction that bring *table* to what *steps*, a SELECT, end with."""
    return _merge_soft(table, steps) if table.deletes == "soft" else _merge_history(table, steps)


def _merge_soft(table: KeepingTable, steps: str) -> tuple[str, ...]:
    """One MERGE: of each key the last image, and whether it is gone. A row that comes back loses its flag."""
    columns, deleted = list_names(table.columns), quote(DELETED_AT)
    newest = ", ".join(f"{one} DESC" for one in _ORDER)
    by_key = f"PARTITION BY {list_names(table.keys)} ORDER BY"
    # An image before a deletion goes before the deletion itself, whose other columns may be null.
    last = (
        f"SELECT {columns}, {IS_GONE}, IFF(FIRST_VALUE({IS_GONE}) OVER ({by_key} {newest}), "
        f"FIRST_VALUE({SINCE}) OVER ({by_key} {newest}), NULL) AS {deleted} FROM ({steps}) "
        f"QUALIFY ROW_NUMBER() OVER ({by_key} {IS_GONE}, {newest}) = 1"
    )
    given = [name for name in table.columns if name not in table.keys]
    sets = ", ".join(f"{quote(name)} = C.{quote(name)}" for name in (*given, DELETED_AT))
    differ = " OR ".join(f"P.{quote(name)} IS DISTINCT FROM C.{quote(name)}" for name in (DELETED_AT, *table.image))
    values = ", ".join(f"C.{quote(name)}" for name in (*table.columns, DELETED_AT))
    return (
        f"MERGE INTO {table.target} AS P USING ({last}) AS C ON {_same(table.keys)} "
        f"WHEN MATCHED AND C.{IS_GONE} THEN UPDATE SET {deleted} = C.{deleted} "
        f"WHEN MATCHED AND ({differ}) THEN UPDATE SET {sets} "
        f"WHEN NOT MATCHED AND NOT C.{IS_GONE} THEN INSERT ({columns}, {deleted}) VALUES ({values})",
    )


def _merge_history(table: KeepingTable, steps: str) -> tuple[str, ...]:
    """One MERGE that closes the version a key has, and adds those that its steps open.

    A change that DMS wrote twice is one step: of those with the same key, position and image the last counts. A step
    whose image is that of the version before it opens none. Each version of a key begins after the one before it: where
    the times of two are equal (one transaction) or go back (a clock; a delta that begins before a full load), the later
    one begins a microsecond after the other.
    """
    keys, columns, order = list_names(table.keys), list_names(table.columns), ", ".join(_ORDER)
    valid_from, valid_to = quote(VALID_FROM), quote(VALID_TO)
    in_order = f"PARTITION BY {keys} ORDER BY {order}"
    image = "".join(f", {quote(name)}" for name in table.image)
    once = (
        f'SELECT {columns}, {IS_GONE}, {SINCE}, {order} FROM "STEPS" QUALIFY ROW_NUMBER() OVER '
        f"(PARTITION BY {keys}, {BY_POSITION}, {IS_GONE}{image} ORDER BY {BY_ATTEMPT} DESC, {BY_SEQUENCE} DESC) = 1"
    )
    held = ", ".join(f"P.{quote(name)}" for name in table.columns)
    newest = ", ".join(f"P.{quote(name)}" for name in table.keys)
    before = (
        f"SELECT {held}, P.{valid_to} IS NOT NULL AS {IS_GONE}, COALESCE(P.{valid_to}, P.{valid_from}) AS {SINCE}, "
        f"0 AS {BY_ATTEMPT}, '' AS {BY_POSITION}, '' AS {BY_SEQUENCE} FROM {table.target} AS P "
        f'JOIN (SELECT DISTINCT {keys} FROM "STEPS") AS C ON {_same(table.keys)} '
        f"QUALIFY ROW_NUMBER() OVER (PARTITION BY {newest} ORDER BY P.{valid_to} DESC NULLS FIRST) = 1"
    )
    is_same = "".join(
        f" AND LAG({quote(name)}) OVER ({in_order}) IS NOT DISTINCT FROM {quote(name)}" for name in table.image
    )
    judged = (
        f"SELECT {columns}, {IS_GONE}, {SINCE}, {order}, "
        f"COALESCE(LAG(NOT {IS_GONE}) OVER ({in_order}), FALSE) AS {_WAS_THERE}, "
        f"LAG(NOT {IS_GONE}) OVER ({in_order}){is_same} AS {_IS_SAME} FROM ({before} UNION ALL {once})"
    )
    numbered = (
        f"SELECT {columns}, {IS_GONE}, {SINCE}, {order}, ROW_NUMBER() OVER ({in_order}) AS {_NUMBER} FROM ({judged}) "
        f"WHERE {BY_ATTEMPT} = 0 OR IFF({IS_GONE}, {_WAS_THERE}, NOT COALESCE({_IS_SAME}, FALSE))"
    )
    # The greatest time so far, and a microsecond more for each step since the one that has it.
    so_far = (
        f"MAX(DATEADD(MICROSECOND, -{_NUMBER}, {SINCE})) "
        f"OVER ({in_order} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)"
    )
    dated = (
        f"SELECT {columns}, {IS_GONE}, {order}, DATEADD(MICROSECOND, {_NUMBER}, {so_far}) AS {SINCE} FROM ({numbered})"
    )
    versions = (
        f"SELECT {columns}, {IS_GONE}, {BY_ATTEMPT} = 0 AS {_IS_HELD}, {SINCE}, "
        f"LEAD({SINCE}) OVER ({in_order}) AS {valid_to} FROM ({dated})"
    )
    source = (
        f'WITH "STEPS" AS ({steps}) SELECT * FROM ({versions}) '
        f"WHERE NOT {IS_GONE} AND (NOT {_IS_HELD} OR {valid_to} IS NOT NULL)"
    )
    values = ", ".join(f"C.{quote(name)}" for name in table.columns)
    return (
        # Its lock orders this request and others before the MERGE reads what they have applied. It also dates the rows
        # that were there before the table kept its history: they were so when they came.
        f"UPDATE {table.target} SET {valid_from} = {TIME_OF_ROW} WHERE {valid_from} IS NULL",
        f"MERGE INTO {table.target} AS P USING ({source}) AS C ON {_same(table.keys)} AND C.{_IS_HELD} "
        f"AND P.{valid_to} IS NULL "
        f"WHEN MATCHED THEN UPDATE SET {valid_to} = C.{valid_to} "
        f"WHEN NOT MATCHED AND NOT C.{_IS_HELD} THEN INSERT ({columns}, {valid_from}, {valid_to}) "
        f"VALUES ({values}, C.{SINCE}, C.{valid_to})",
    )


def _same(keys: Sequence[str]) -> str:
    return " AND ".join(f"P.{quote(key)} = C.{quote(key)}" for key in keys)
