"""A table's rows as text that two engines agree on, so that source and warehouse can be compared value by value.

What DMS must do to a value on its way is done here to the source's: LOBs are cut, numbers get a scale, times lose what
Parquet has no room for (AWS DMS user guide; pointers in fleet/tables/columns.py). All else must arrive as it was.
"""

from __future__ import annotations

import datetime as dt
import struct
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

LOB_BYTES = 32 * 1024
_WIDE = Context(prec=80)


@dataclass(frozen=True)
class SourceColumn:
    """A column as PostgreSQL describes it: *type_name* without its modifier; *modifier* as `numeric(10,2)` has it."""

    name: str
    type_name: str
    kind: str
    modifier: tuple[int, ...]


def select_list(columns: Sequence[SourceColumn]) -> list[str]:
    """How the source is asked for each column: the types that Python has as themselves, everything else as text."""
    plain = {"date", "timestamp without time zone", "timestamp with time zone", "bytea", "real", "double precision"}
    asked = []
    for column in columns:
        name = '"' + column.name.replace('"', '""') + '"'
        if column.type_name == "money":
            asked.append(f"{name}::numeric::text")
        elif column.type_name.startswith("time ") or column.type_name == "time":
            asked.append(f"{name}::time")  # a zone's offset is dropped
        else:
            asked.append(name if column.type_name in plain else f"{name}::text")
    return asked


def canonical_rows(columns: Sequence[SourceColumn], rows: Iterable[Sequence[Any]], *, cut: bool) -> Counter[tuple]:
    """Every row as texts, with how often it occurs. *cut*: the values are the source's, from before DMS."""
    writers = [_writer(column) for column in columns]
    cuts = [_cut(column) if cut else None for column in columns]
    return Counter(
        tuple(
            None if value is None else write(value)[:most]
            for value, write, most in zip(row, writers, cuts, strict=True)
        )
        for row in rows
    )


def _cut(column: SourceColumn) -> int | None:
    """After how many characters of its canonical text a value of the source ends."""
    if column.type_name == "bytea":
        return LOB_BYTES * 2  # two hexadecimal digits a byte
    if column.type_name in {"tsvector", "path", "polygon"}:
        return LOB_BYTES
    if column.type_name in {"text", "json", "jsonb"} or column.kind == "array":
        return LOB_BYTES // 2  # a character of an NCLOB counts as two bytes
    return None


def _writer(column: SourceColumn) -> Callable[[Any], str]:
    match column.type_name:
        case "smallint" | "integer" | "bigint":
            return lambda value: str(int(value))
        case "numeric":
            return _number(column)
        case "money":
            return lambda value: _fixed(value, 4)
        case "real":
            return lambda value: repr(struct.unpack("f", struct.pack("f", float(value)))[0])
        case "double precision":
            return lambda value: repr(float(value))
        case "boolean":
            return lambda value: value if isinstance(value, str) else str(value).lower()
        case "date":
            return dt.date.isoformat
        case "timestamp without time zone":
            return lambda value: value.isoformat(timespec="microseconds")
        case "timestamp with time zone":
            return lambda value: (value.astimezone(dt.UTC) if value.tzinfo else value).strftime("%Y-%m-%dT%H:%M:%S.%f")
        case "time without time zone" | "time with time zone":
            return lambda value: value.isoformat(timespec="milliseconds")  # which cuts, as TIME32 does
        case "bytea":
            return lambda value: bytes(value).hex()
        case _:
            return str  # text, uuid, inet, intervals, ranges, shapes, enums, bits: PostgreSQL's own words


def _number(column: SourceColumn) -> Callable[[Any], str]:
    if not column.modifier:
        return lambda value: _fixed(value, 6)  # NUMERIC(28,6) is DMS's default
    precision, scale = column.modifier
    if precision > 38:
        return str  # a text, because no decimal of Parquet's holds it
    return lambda value: _fixed(value, scale)


def _fixed(value: Any, scale: int) -> str:
    return f"{Decimal(value).quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP, _WIDE):f}"
