"""The statements that count, at a SQL Server source, the values that do not arrive as they are.

No server of this kind was ever reached by this code. The statements run on SQL Server 2012 and later. Source:
Microsoft's manual, "DATEPART" (nanosecond is a multiple of 100), "DATALENGTH" (bytes), "CAST and CONVERT", "STSrid",
"HasZ", "HasM", "STAsText", "ToString (hierarchyid)" and "Dynamic data masking", read 2026-11-30.
"""

from __future__ import annotations

from fleet.tables.columns import Column
from fleet.tables.losses import AskedLoss, TableLosses
from lambdas.sources.sqlserver_names import quote

_NANOSECONDS = 10**9
_AS_BYTES = frozenset({"varbinary", "image"})
_SHAPES = frozenset({"geometry", "geography"})


def losses_statement(table: TableLosses) -> str:
    """One statement that answers a count for each of *table*'s questions, in their order, then the longest values; NULL
    where it has no row."""
    name = f"{quote(table.schema)}.{quote(table.table)}"
    counts = [_count(asked, name) for asked in table.asked]
    longest = [f"MAX({_units_at_most(asked.column)})" for asked in table.long]
    return f"SELECT {', '.join(counts + longest)} FROM {name}"


def _units_at_most(column: Column) -> str:
    """A text of a code page has at least a byte for each unit of UTF-16, a wide one two."""
    name = quote(column.name)
    if column.type_name in _SHAPES:
        return f"DATALENGTH({name}.STAsText()) / 2"
    if column.type_name == "xml":
        return f"DATALENGTH(CONVERT(nvarchar(max), {name})) / 2"
    return f"DATALENGTH({name}) / 2" if column.type_name in {"nvarchar", "ntext"} else f"DATALENGTH({name})"


def _count(asked: AskedLoss, table: str) -> str:
    """Whatever is computed from a masked column is masked as well, so a count would be 0; a condition compares the
    values themselves (documented). For the count of such a column, the whole statement may have no other one."""
    if asked.column.is_masked:
        return f"(SELECT COUNT_BIG(*) FROM {table} WHERE {condition(asked)})"
    return f"SUM(CASE WHEN {condition(asked)} THEN CAST(1 AS bigint) ELSE 0 END)"


def condition(asked: AskedLoss) -> str:
    """Which values of the column lose something, as an expression; unknown for NULL, which loses nothing.

    >>> from fleet.tables.columns import Column, Loss
    >>> condition(AskedLoss(Column("at", "datetime2", scale=7), Loss("fraction", "", 6)))
    'DATEPART(nanosecond, [at]) % 1000 <> 0'
    """
    name, loss = quote(asked.column.name), asked.loss
    match loss.kind:
        case "fraction":
            return f"DATEPART(nanosecond, {name}) % {_NANOSECONDS // 10**loss.bound} <> 0"
        case "length":  # of a hierarchyid, whose text has no blank at its end
            return f"LEN({name}.ToString()) > {loss.bound}"
        case "long":
            return _is_longer(asked.column.type_name, name, loss.bound)
        case "reference system":
            return f"{name}.STSrid <> {loss.bound}"
        case "heights":
            return f"({name}.HasZ = 1 OR {name}.HasM = 1)"
        case "mask":
            return f"{name} IS NOT NULL"
        case _:
            raise ValueError(f"no statement counts {loss.kind!r} on SQL Server")


def _is_longer(kind: str, name: str, most: int) -> str:
    """DATALENGTH is in bytes: two for each unit of UTF-16. A text of a code page has at least a byte for each, so only
    what has too many bytes is converted."""
    if kind in _AS_BYTES:
        return f"DATALENGTH({name}) > {most}"
    if kind in _SHAPES:
        return f"DATALENGTH({name}.STAsText()) > {2 * most}"
    if kind in {"nvarchar", "ntext"}:
        return f"DATALENGTH({name}) > {2 * most}"
    wide = f"DATALENGTH(CONVERT(nvarchar(max), {name})) > {2 * most}"
    return wide if kind == "xml" else f"DATALENGTH({name}) > {most} AND {wide}"
