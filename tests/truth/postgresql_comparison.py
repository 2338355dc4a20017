"""How a PostgreSQL source is asked for a value in words that can be compared with what arrived of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from fleet.tables.columns import Column, dms_type
from lambdas.sources.postgresql_losses import quote

_TEXTS = {"STRING", "WSTRING", "CLOB", "NCLOB"}
_FLOATS = {"REAL4", "REAL8"}


def ask_for(column: Column) -> tuple[str, Callable[[str, Any], bool]]:
    """The expression, and whether what it says is what arrived: days and microseconds are numbers."""
    kind = dms_type("postgresql", column)
    assert kind is not None
    name = quote(column.name)
    if kind.name in _FLOATS:
        return f"{name}::float8::text", _is_float
    if kind.name == "BLOB":
        return f"encode({name}, 'hex')", lambda was, now: was == now.hex()
    if kind.name == "DATE":
        days = f"CASE WHEN isfinite({name}) THEN ({name} - DATE '1970-01-01')::text ELSE {name}::text END"
        return days, lambda was, now: was == str(now)
    if kind.name == "DATETIME":
        micro = f"trunc(extract(epoch FROM {name}) * 1000000)::text"
        return (
            f"CASE isfinite({name}) WHEN true THEN {micro} WHEN false THEN 'infinite' END",
            lambda was, now: was == str(now),
        )
    if kind.name == "TIME":
        offset = f"extract(timezone FROM {name})" if column.type_name == "time with time zone" else "0"
        return f"(extract(epoch FROM {name}::time) * 1000000)::bigint || ' ' || {offset}", _is_time
    if kind.name in _TEXTS and column.type_name != "numeric":
        return f"{name}::text", lambda was, now: was == now
    text = f"{name}::numeric::text" if column.type_name == "money" else f"{name}::text"
    return text, lambda was, now: Decimal(was) == Decimal(now)


def _is_float(was: str, now: float) -> bool:
    value = float(was)
    return math.isnan(now) if math.isnan(value) else value.hex() == now.hex()


def _is_time(was: str, now: int) -> bool:
    micro, offset = was.split()
    return int(micro) == now and Decimal(offset) == 0
