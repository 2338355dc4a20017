"""The result of a statement, and how the SQL API writes it: every value is text.

Source: https://docs.snowflake.com/en/developer-guide/sql-api/handling-responses (documented).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from localcloud.snowflake.definitions.column_types import result_type

_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001  NTZ values have no zone


@dataclass(frozen=True)
class Result:
    """Named columns with their DuckDB types, and rows."""

    names: Sequence[str]
    types: Sequence[str]
    rows: Sequence[Sequence[Any]]

    def data(self) -> list[list[str | None]]:
        """The rows as the SQL API writes them."""
        return [[_written(value) for value in row] for row in self.rows]

    def row_type(self) -> list[dict[str, Any]]:
        """The columns as the SQL API describes them."""
        return [
            {"name": name, "nullable": True, **result_type(kind)}
            for name, kind in zip(self.names, self.types, strict=True)
        ]


def status(message: str) -> Result:
    """One row that says what was done."""
    return Result(["status"], ["VARCHAR"], [[message]])


def counts(**of: int) -> Result:
    """One row of numbers of rows: `counts(inserted=3)` has the column "number of rows inserted"."""
    return Result([f"number of rows {what}" for what in of], ["BIGINT"] * len(of), [list(of.values())])


def texts(names: Sequence[str], rows: Sequence[Sequence[str | None]]) -> Result:
    """A result of text columns."""
    return Result(names, ["VARCHAR"] * len(names), rows)


def _written(value: Any) -> str | None:
    """
    >>> _written(True), _written(b"ab"), _written(dt.date(1970, 1, 3)), _written(Decimal("1.50"))
    ('true', '6162', '2', '1.50')
    >>> _written(dt.datetime(1970, 1, 1, 0, 0, 1, 5)), _written(dt.time(0, 1))
    ('1.000005000', '60.000000000')
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes | bytearray):
        return bytes(value).hex().upper()
    if isinstance(value, dt.datetime):
        since = value - _EPOCH
        return _seconds((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)
    if isinstance(value, dt.date):
        return str((value - _EPOCH.date()).days)
    if isinstance(value, dt.time):
        return _seconds(((value.hour * 60 + value.minute) * 60 + value.second) * 1_000_000 + value.microsecond)
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return str(value)


def _seconds(microseconds: int) -> str:
    sign = "-" if microseconds < 0 else ""
    whole, fraction = divmod(abs(microseconds), 1_000_000)
    return f"{sign}{whole}.{fraction:06d}000"
