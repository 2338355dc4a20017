"""The statements that count, at a MySQL or MariaDB source, the values that do not arrive as they are."""

from __future__ import annotations

from fleet.tables.columns import Column
from fleet.tables.losses import AskedLoss, TableLosses

_BYTES = {
    *("tinyblob", "blob", "mediumblob", "longblob", "geometry", "point", "linestring", "polygon"),
    *("multipoint", "multilinestring", "multipolygon", "geometrycollection", "geomcollection"),
}


def losses_statement(table: TableLosses) -> str:
    """One statement that answers a count for each of *table*'s questions, in their order, then the longest values; NULL
    over no row."""
    counts = [f"SUM({condition(asked)})" for asked in table.asked]
    longest = [f"MAX(OCTET_LENGTH({_text(asked.column)}))" for asked in table.long]
    return f"SELECT {', '.join(counts + longest)} FROM {quote(table.schema)}.{quote(table.table)}"


def condition(asked: AskedLoss) -> str:
    """Which values of the column lose something, as an expression; NULL or 0 for NULL, which loses nothing.

    >>> from fleet.tables.columns import Loss
    >>> condition(AskedLoss(Column("at", "date"), Loss("zero date", "")))
    'DAYOFMONTH(`at`) NOT BETWEEN 1 AND COALESCE(DAYOFMONTH(LAST_DAY(`at`)), 0)'
    """
    name, loss = quote(asked.column.name), asked.loss
    match loss.kind:
        case "zero date":
            # IS NOT NULL is not asked: of a zero date in a column that is NOT NULL, MySQL says IS NULL. A month of zero
            # has no last day.
            return f"DAYOFMONTH({name}) NOT BETWEEN 1 AND COALESCE(DAYOFMONTH(LAST_DAY({name})), 0)"
        case "long" if asked.column.type_name in _BYTES:
            return f"OCTET_LENGTH({name}) > {loss.bound}"
        case "long":
            return _is_long(asked.column, loss.bound)
        case "character":
            # What Unicode does not have is converted to a question mark.
            return f"{_question_marks(f'CONVERT({name} USING utf8mb4)')} > {_question_marks(name)}"
        case _:
            raise ValueError(f"no statement counts {loss.kind!r} on MySQL")


def _is_long(column: Column, bound: int) -> str:
    """A character outside of the basic plane counts as two. Only a text whose bytes could be too many is looked at, and
    only as much of it as can be short enough."""
    text = _text(column)
    units = f"OCTET_LENGTH(CONVERT(LEFT({text}, {bound}) USING utf16)) > {2 * bound}"
    return f"(OCTET_LENGTH({text}) > {bound} AND (CHAR_LENGTH({text}) > {bound} OR {units}))"


def _text(column: Column) -> str:
    """What takes as many bytes as UTF-16 units, or more: MySQL's JSON, which is binary, may take fewer."""
    name = quote(column.name)
    return f"CONVERT({name} USING utf8mb4)" if column.type_name == "json" else name


def _question_marks(text: str) -> str:
    return f"CHAR_LENGTH({text}) - CHAR_LENGTH(REPLACE({text}, '?', ''))"


def quote(name: str) -> str:
    """*name* as MySQL quotes it.

    >>> quote("a`b")
    '`a``b`'
    """
    return "`" + name.replace("`", "``") + "`"
