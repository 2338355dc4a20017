"""The statements that count, at a PostgreSQL source, the values that do not arrive as they are."""

from __future__ import annotations

from fleet.tables.losses import AskedLoss, TableLosses


def losses_statement(table: TableLosses) -> str:
    """One statement that answers a count for each of *table*'s questions, in their order."""
    counts = ", ".join(f"count(*) FILTER (WHERE {condition(asked)})" for asked in table.asked)
    return f"SELECT {counts} FROM {quote(table.schema)}.{quote(table.table)}"


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
        case "length":
            return f"length({name}) > {loss.bound}"
        case "long" if asked.column.type_name == "bytea":
            return f"octet_length({name}) > {loss.bound}"
        case "long":
            # A character outside of the basic plane, four bytes in UTF-8, counts as two.
            return f"{_utf16_units(f'{name}::text')} > {loss.bound}"
        case "fraction":
            return f"date_trunc('milliseconds', {name}::time::interval) <> {name}::time::interval"
        case "offset":
            return f"extract(timezone FROM {name}) <> 0"
        case "range":
            return f"(NOT isfinite({name}) OR extract(year FROM {name}) NOT BETWEEN 1 AND 9999)"
        case _:
            raise ValueError(f"no statement counts {loss.kind!r} on PostgreSQL")


def _utf16_units(text: str) -> str:
    """Only a text whose bytes could be too many is looked at character by character."""
    return f"(length({text}) + length(regexp_replace({text}, '[^\\U00010000-\\U0010FFFF]', '', 'g')))"


def quote(name: str) -> str:
    """*name* as PostgreSQL quotes it.

    >>> quote('a"b')
    '"a""b"'
    """
    return '"' + name.replace('"', '""') + '"'
