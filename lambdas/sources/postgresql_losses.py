"""The statements that count, at a PostgreSQL source, the values that do not arrive as they are."""

from __future__ import annotations

from fleet.tables.columns import Column
from fleet.tables.losses import AskedLoss, TableLosses

_UNDECLARED_DIGITS = 28
"""Of a `numeric` without precision, as DMS carries it (`fleet/tables/source_types/postgresql.py`)."""


def losses_statement(table: TableLosses) -> str:
    """One statement that answers a count for each of *table*'s questions, in their order, then the longest values.

    They come as one array: a table may have 1,600 columns, and a row of an answer has at most 1,664.
    """
    counts = [f"count(*) FILTER (WHERE {condition(asked)})" for asked in table.asked]
    longest = [f"max({_units_at_most(asked.column)})" for asked in table.long]
    return f"SELECT ARRAY[{', '.join(counts + longest)}]::bigint[] FROM {quote(table.schema)}.{quote(table.table)}"


def _units_at_most(column: Column) -> str:
    """A text takes as many bytes of UTF-8 as units of UTF-16, or more."""
    return f"octet_length({quote(column.name)}{'' if column.type_name == 'bytea' else '::text'})"


def condition(asked: AskedLoss) -> str:
    """Which values of the column lose something, as an expression; unknown for NULL, which loses nothing.

    >>> from fleet.tables.columns import Column, Loss
    >>> condition(AskedLoss(Column("price", "numeric"), Loss("digits", "", 6)))
    '"price" <> round("price", 6)'
    """
    name, loss = quote(asked.column.name), asked.loss
    match loss.kind:
        case "digits":
            return f"{name} <> round({name}, {loss.bound})"
        case "whole digits":
            rounded = f"round({name}, {_UNDECLARED_DIGITS - loss.bound})"  # which may lead to one digit more
            return f"abs({rounded}) >= 1e{loss.bound} AND NOT {_is_no_number(name)}"
        case "not a number" if asked.column.precision is None:
            return _is_no_number(name)
        case "not a number":
            return f"{name} = 'NaN'"
        case "length":
            return f"length({name}::text) > {loss.bound}"
        case "bytes":
            return f"octet_length(convert_to({name}::text, 'UTF8')) > {loss.bound}"
        case "long" if asked.column.type_name == "bytea":
            return f"octet_length({name}) > {loss.bound}"
        case "long":
            return _is_long(f"{name}::text", loss.bound)
        case "fraction":
            return f"date_trunc('milliseconds', {name}::time::interval) <> {name}::time::interval"
        case "midnight":
            return f"{name}::time = '24:00'"
        case "offset":
            return f"extract(timezone FROM {name}) <> 0"
        case "range":
            return _is_outside(name, asked.column.type_name)
        case _:
            raise ValueError(f"no statement counts {loss.kind!r} on PostgreSQL")


def _is_no_number(name: str) -> str:
    """By the text: before version 14 a `numeric` had no infinity, and the word would be an error."""
    return f"{name}::text IN ('NaN', 'Infinity', '-Infinity')"


def _is_long(text: str, most: int) -> str:
    """Whether *text* has more than *most* units of UTF-16: a character outside of the basic plane counts as two.

    Only a text whose bytes could be too many is looked at character by character.
    """
    pairs = f"length(regexp_replace({text}, '[^\\U00010000-\\U0010FFFF]', '', 'g'))"
    return f"octet_length({text}) > {most} AND length({text}) + {pairs} > {most}"


def _is_outside(name: str, type_name: str) -> str:
    """Whether a point in time is infinite, or in UTC outside of the years 1 to 9999."""
    zone = "+00" if type_name == "timestamp with time zone" else ""
    first, beyond = (f"CAST('{day} 00:00{zone}' AS {type_name})" for day in ("0001-01-01", "10000-01-01"))
    return f"({name} < {first} OR {name} >= {beyond})"


def quote(name: str) -> str:
    """*name* as PostgreSQL quotes it.

    >>> quote('a"b')
    '"a""b"'
    """
    return '"' + name.replace('"', '""') + '"'
