"""Which tables of a database take deltas, and why the others do not: known before the night, from the census."""

from __future__ import annotations

from collections.abc import Sequence

from fleet.databases import Engine
from fleet.tables.catalogue import Table, TableName
from fleet.tables.columns import dms_type


def why_no_deltas(engine: Engine, table: Table) -> str:
    """Why *table* is loaded in full in each run of mode `delta`, in words; nothing where its changes are enough.

    >>> from fleet.tables.columns import Column
    >>> columns = (Column("id", "integer"), Column("body", "text"))
    >>> why_no_deltas("postgresql", Table("s", "t", False, columns, ("id",)))
    ''
    >>> why_no_deltas("postgresql", Table("s", "t", False, columns))
    'it has no primary key'
    >>> why_no_deltas("postgresql", Table("s", "t", False, columns, ("body",)))
    "its key column 'body' is a LOB, which DMS moves apart from its row"
    """
    if table.is_view:
        return "it is a view, which DMS moves in full loads alone"
    if table.kind == "partitioned table":
        return "its rows are in partitions, whose changes DMS reports under their own names"
    if not table.key:
        return "it has no primary key"
    columns = {column.name: column for column in table.columns}
    for name in table.key:
        dms = dms_type(engine, columns[name]) if name in columns else None
        if dms is None:
            return f"its key column {name!r} is of a type that DMS does not carry"
        if dms.is_lob:
            return f"its key column {name!r} is a LOB, which DMS moves apart from its row"
    return ""


def part_tables(engine: Engine, tables: Sequence[Table]) -> tuple[tuple[Table, ...], dict[TableName, str]]:
    """*tables* in two: those that take deltas, and why the others do not."""
    reasons = {table.name: why_no_deltas(engine, table) for table in tables}
    return tuple(one for one in tables if not reasons[one.name]), {name: why for name, why in reasons.items() if why}
