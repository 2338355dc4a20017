"""Decodes the rows of a binary log into values that are still those of the log: numbers, and bytes of all else.

Source: https://dev.mysql.com/doc/dev/mysql-server/latest/classmysql_1_1binlog_1_1event_1_1Rows__event.html (read
2026-11-30). A row is a bit for each column that is NULL, then the values; rows with the same NULLs have one plan.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from operator import itemgetter
from typing import Any, NamedTuple

from localcloud.dms.engines.binlog import tables
from localcloud.dms.engines.binlog.tables import LoggedTable

_CODES = {tables.TINY: "b", tables.SHORT: "h", tables.LONG: "i", tables.LONGLONG: "q", tables.YEAR: "B"}
_Step = tuple[Callable[[bytes, int], tuple[Any, ...]] | None, int, int]
_Arrange = Callable[[list[Any]], tuple[Any, ...]]
_Plan = tuple[list[_Step], _Arrange]


class Row(NamedTuple):
    """One change. *position*: its own place in the log. *after*: the row after it, of a delete the row that was.
    *before*: the row before an update."""

    position: int
    after: tuple[Any, ...]
    before: tuple[Any, ...] | None


class RowDecoder:
    """Decodes the rows of one table that have values of the columns in *present*, a bit for each."""

    def __init__(self, table: LoggedTable, present: bytes) -> None:
        self._columns = table.columns
        self._present = [place for place in range(len(table.columns)) if present[place // 8] & 1 << place % 8]
        self._null_bytes = (len(self._present) + 7) // 8
        self._plans: dict[bytes, _Plan] = {}

    def row(self, data: bytes, at: int) -> tuple[tuple[Any, ...], int]:
        """The row that begins at *at*, and where it ends."""
        start = at + self._null_bytes
        nulls = data[at:start]
        plan = self._plans.get(nulls)
        if plan is None:
            plan = self._plans[nulls] = self._plan(nulls)
        steps, arrange = plan
        at = start
        found: list[Any] = []
        for unpack, size, prefix in steps:
            if unpack is not None:
                found += unpack(data, at)
                at += size
            if prefix:
                start = at + prefix
                at = start + int.from_bytes(data[at:start], "little")
                found.append(data[start:at])
        found.append(None)
        return arrange(found), at

    def _plan(self, nulls: bytes) -> _Plan:
        filled = [place for number, place in enumerate(self._present) if not nulls[number // 8] & 1 << number % 8]
        steps: list[_Step] = []
        codes = ""
        for place in filled:
            column = self._columns[place]
            if column.is_prefixed:
                steps.append(_step(codes, column.size))
                codes = ""
            else:
                codes += _code(column)
        if codes:
            steps.append(_step(codes, 0))
        sources = {place: number for number, place in enumerate(filled)}
        order = [sources.get(place, len(filled)) for place in range(len(self._columns))]
        return steps, itemgetter(*order) if len(order) > 1 else lambda found: (found[order[0]],)


def _code(column: tables.LoggedColumn) -> str:
    match column.kind:
        case tables.FLOAT:
            return "f"
        case tables.DOUBLE:
            return "d"
        case tables.ENUM | tables.SET if column.size in (1, 2, 4, 8):
            return {1: "B", 2: "H", 4: "I", 8: "Q"}[column.size]
        case _:
            code = _CODES.get(column.kind)
            if code is None:
                return f"{column.size}s"
            return code.upper() if column.is_unsigned else code


def _step(codes: str, prefix: int) -> _Step:
    if not codes:
        return None, 0, prefix
    read = struct.Struct(f"<{codes}")
    return read.unpack_from, read.size, prefix


def read(operation: str, data: bytes, at: int, position: int, decoder: Callable[[bytes], RowDecoder]) -> list[Row]:
    """The rows of a rows event whose number of columns lies at *at*. *position*: of the event; each change's own is
    beyond by as many bytes as it lies in the event. *decoder*: of the columns that are present."""
    count, at = _number_of_columns(data, at)
    size = (count + 7) // 8
    before = decoder(data[at : at + size]).row
    at += size
    found: list[Row] = []
    end = len(data)
    if operation != "U":
        while at < end:
            place = position + at
            row, at = before(data, at)
            found.append(Row(place, row, None))
        return found
    after = decoder(data[at : at + size]).row
    at += size
    while at < end:
        place = position + at
        was, at = before(data, at)
        row, at = after(data, at)
        found.append(Row(place, row, was))
    return found


def _number_of_columns(data: bytes, at: int) -> tuple[int, int]:
    return (data[at], at + 1) if data[at] < 251 else (int.from_bytes(data[at + 1 : at + 3], "little"), at + 3)
