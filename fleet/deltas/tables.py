"""Which tables of a database take deltas, and why the others do not: known before the night, from the census.

What of a table's changes is not in its engine's log the census says itself (`Table.delta_bars`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fleet.databases import Database, Engine
from fleet.deltas.key_text import key_parts
from fleet.deltas.sealing import MARK_COLUMN
from fleet.names import MARK_TABLE
from fleet.tables.catalogue import Census, Table, TableName
from fleet.tables.columns import dms_type, find_losses


def why_no_deltas(engine: Engine, database: Database, table: Table) -> str:
    """Why *table* is loaded in full in each run of mode `delta`, in words; nothing where its changes are enough.

    >>> from fleet.databases import Rename
    >>> from fleet.tables.columns import Column
    >>> shop = Database("shop", "s", "Shop", "one", ("s",), renames=(Rename("s", "t", "Op", "operation"),))
    >>> columns = (Column("id", "integer"), Column("body", "text"), Column("Op", "integer"))
    >>> why_no_deltas("postgresql", shop, Table("s", "t", False, columns, ("id",)))
    ''
    >>> why_no_deltas("postgresql", shop, Table("s", "t", False, columns))
    'it has no primary key'
    >>> why_no_deltas("postgresql", shop, Table("s", "t", False, columns, ("body",)))
    "its key column 'body' is a LOB, which DMS moves apart from its row"
    >>> why_no_deltas("postgresql", shop, Table("s", "t", False, columns, ("Op",)))
    "`renames` gives its key column 'Op' another name, and no page says what DMS then calls the key before a change"
    >>> why_no_deltas("postgresql", shop, Table("s", "t", False, columns, ("id",), delta_bars=("it is unlogged",)))
    'it is unlogged'
    >>> why_no_deltas("postgresql", shop, Table("s", "t", False, (Column("at", "time without time zone"),), ("at",)))
    "two keys may become one, for of its key column 'at' digits after the third of a second are cut off"
    """
    if table.is_view:
        return "it is a view, which DMS moves in full loads alone"
    if table.kind == "partitioned table":
        return "its rows are in partitions, whose changes DMS reports under their own names"
    if table.is_key_declared:
        # Source: https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.PostgreSQL.html, "Limitations", read
        # 2026-12-01: DMS ignores updates and deletions of such a table. Of other engines' it is taken for the same.
        return "it has no primary key at its source, and no log has changes by the one that the registry declares"
    if not table.key:
        return "it has no primary key"
    if table.delta_bars:
        return table.delta_bars[0]
    columns = {column.name: column for column in table.columns}
    renamed = {one.column for one in database.renames if (one.schema, one.table) == table.name}
    for name in table.key:
        dms = dms_type(engine, columns[name]) if name in columns else None
        if dms is None:
            return f"its key column {name!r} is of a type that DMS does not carry"
        if dms.is_lob:
            return f"its key column {name!r} is a LOB, which DMS moves apart from its row"
        merging = next((one for one in find_losses(engine, columns[name], 1) if one.kind in _MERGING), None)
        if merging is not None:
            return f"two keys may become one, for of its key column {name!r} {merging.how}"
        if name in renamed:
            return (
                f"`renames` gives its key column {name!r} another name, and no page says what DMS then calls the key "
                "before a change"
            )
    return ""


_MERGING = ("digits", "fraction", "offset", "length")
"""Losses after which rows with different keys have the same: a change of one would be applied to the other."""


def part_tables(
    engine: Engine, database: Database, tables: Sequence[Table]
) -> tuple[tuple[Table, ...], dict[TableName, str]]:
    """*tables* in two: those that take deltas, and why the others do not."""
    reasons = {table.name: why_no_deltas(engine, database, table) for table in tables}
    return tuple(one for one in tables if not reasons[one.name]), {name: why for name, why in reasons.items() if why}


@dataclass(frozen=True)
class InFull:
    """A table that takes no deltas, or whose keys no sweep compares, and why. *in_each_run*: whether runs of mode
    `delta` load it in full.
    """

    table: str
    why: str
    in_each_run: bool = True


@dataclass(frozen=True)
class Arrivals:
    """How the rows of each table arrive with runs of mode `delta`. *no_mark*: why there is no mark to read up to.

    *not_swept*: tables that arrive by delta, and why a key sweep cannot compare their keys.
    """

    by_delta: tuple[str, ...]
    in_full: tuple[InFull, ...]
    no_mark: str = ""
    not_swept: tuple[InFull, ...] = ()


def describe_arrivals(engine: Engine, database: Database, tables: Sequence[Table], census: Census) -> Arrivals:
    """How each of the *tables* that are moved arrives; *census*: all that the source has."""
    by_delta, others = part_tables(engine, database, tables)
    return Arrivals(
        tuple(str(table.name) for table in by_delta),
        tuple(InFull(str(name), why, not database.is_left_to_full_runs(name)) for name, why in others.items()),
        why_no_mark(engine, database, census),
        tuple(InFull(str(table.name), why) for table in by_delta if isinstance(why := key_parts(engine, table), str)),
    )


def why_no_mark(engine: Engine, database: Database, census: Census) -> str:
    """Why no delta of the database is known to hold all up to its start, in words; nothing where the mark says so.

    >>> shop = Database("shop", "s", "Shop", "one", ("s",))
    >>> why_no_mark("mysql", shop, Census(("s",), ()))
    's.fleet_mark is not there'
    >>> why_no_mark("mysql", shop, Census(("s",), (Table("s", MARK_TABLE, False, ()),)))
    'of no use is s.fleet_mark: it has no primary key'
    >>> from fleet.tables.columns import Column
    >>> columns = (Column("id", "int"), Column("attempt", "varchar", 20, declared="varchar(20)"))
    >>> why_no_mark("mysql", shop, Census(("s",), (Table("s", MARK_TABLE, False, columns, ("id",)),)))
    "of no use is s.fleet_mark: its column 'attempt' is varchar(20), wanted bigint"
    """
    name = TableName(database.schemas[0], MARK_TABLE)
    mark = next((table for table in census.tables if table.name == name), None)
    if mark is None:
        return f"{name} is not there"
    why = mark.barred or why_no_deltas(engine, database, mark) or _why_no_number(mark)
    return f"of no use is {name}: {why}" if why else ""


def _why_no_number(mark: Table) -> str:
    """Why no attempt's number is read of what lands of the *mark*: a file says the largest of whole numbers alone."""
    column = next((one for one in mark.columns if one.name == MARK_COLUMN), None)
    if column is None:
        return f"it has no column {MARK_COLUMN!r}"
    is_whole = column.type_name.removesuffix(" unsigned") in {"int", "integer", "bigint"}
    return "" if is_whole else f"its column {MARK_COLUMN!r} is {column.declared or column.type_name}, wanted bigint"
