"""Values of a binary log as columns: those that a full load would carry (`mysql.py` says what that is, and why).

Source for how they lie in the log: https://dev.mysql.com/doc/dev/mysql-server/latest/field__types_8h.html and MySQL's
manual, "Date and Time Data Type Representation" (read 2026-11-30). What is fixed in size is converted by the column.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from localcloud.dms.engines.binlog import tables
from localcloud.dms.engines.binlog.charsets import TextDecoder
from localcloud.dms.engines.binlog.tables import LoggedColumn
from localcloud.dms.engines.reader import TableUnreadableError
from localcloud.dms.type_tables.column import DmsType

Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
_NUMBERS = {
    "INT1": pa.int8(),
    "INT2": pa.int16(),
    "INT4": pa.int32(),
    "INT8": pa.int64(),
    "UINT1": pa.uint8(),
    "UINT2": pa.uint16(),
    "UINT4": pa.uint32(),
    "UINT8": pa.uint64(),
    "REAL8": pa.float64(),
}
_SECOND = 1_000_000
_DIGITS_OF_64_BITS = 18


def array(column: LoggedColumn, kind: DmsType, values: Sequence[Any], texts: TextDecoder) -> pa.Array:
    """The decoded *values* of a column as *kind*. Raises TableUnreadableError."""
    match column.kind:
        case tables.INT24:
            return _int24(values, _NUMBERS[kind.name], is_unsigned=column.is_unsigned)
        case tables.YEAR:
            return pa.array([value + 1900 if value else value for value in values], _NUMBERS[kind.name])
        case tables.DECIMAL:
            return _decimals(column, kind, values)
        case tables.DATE:
            return _dates(values)
        case tables.DATETIME:
            return _datetimes(values, column.fraction)
        case tables.TIMESTAMP:
            return _timestamps(values, column.fraction)
        case tables.TIME:
            return pa.array(_each(_time(column.fraction), values), pa.string())
        case tables.BIT if kind.name == "BOOLEAN":
            return pa.array(_each(any, values), pa.bool_())
        case tables.ENUM | tables.SET:
            return pa.array(_each(_member(column, texts), values), pa.string())
        case tables.JSON:
            raise TableUnreadableError(f"not emulated here: changes of column {column.source.name}, a JSON of MySQL's")
        case _ if kind.name in _NUMBERS:
            return pa.array(values, _NUMBERS[kind.name])
        case tables.STRING if kind.name == "BYTES":  # the log leaves out the zeros at the end
            size = column.source.length or 0
            return pa.array([None if value is None else value.ljust(size, b"\0") for value in values], pa.binary())
        case _ if kind.name in ("BYTES", "BLOB"):
            return pa.array(values, pa.binary())
        case _:
            return texts.array(column.charset, values)


def _each(read: Callable[[Any], Any], values: Sequence[Any]) -> list[Any]:
    """*read* of each value, of the same one once."""
    read = cache(read)
    return [None if value is None else read(value) for value in values]


def _bytes(values: Sequence[bytes | None]) -> tuple[npt.NDArray[np.uint8], Flags]:
    """A row of bytes for each value, and which of them is one."""
    nothing = bytes(next((len(value) for value in values if value is not None), 1))
    data = b"".join([nothing if value is None else value for value in values])
    is_known = np.array([value is not None for value in values], np.bool_)
    return np.frombuffer(data, np.uint8).reshape(len(values), len(nothing)), is_known


def _number(data: npt.NDArray[np.uint8]) -> Numbers:
    """The bytes of each row as a number, the highest first."""
    wide = np.zeros((len(data), 8), np.uint8)
    wide[:, 8 - data.shape[1] :] = data
    return wide.view(">i8")[:, 0].astype(np.int64)


def _int24(values: Sequence[bytes | None], kind: pa.DataType, *, is_unsigned: bool) -> pa.Array:
    data, is_known = _bytes(values)
    found = _number(data[:, ::-1])
    if not is_unsigned:
        found = (found ^ 0x800000) - 0x800000
    return pa.array(found, mask=~is_known).cast(kind)


def _dates(values: Sequence[bytes | None]) -> pa.Array:
    data, is_known = _bytes(values)
    number = _number(data[:, ::-1])
    days, is_date = _days(number >> 9, number >> 5 & 15, number & 31)
    return pa.array(days.astype(np.int32), mask=~(is_known & is_date)).cast(pa.date32())


def _days(year: Numbers, month: Numbers, day: Numbers) -> tuple[Numbers, Flags]:
    """Days since 1970, and which are dates of a calendar: the server's has no leap day in the year 0."""
    months = (year - 1970) * 12 + np.clip(month, 1, 12) - 1
    first, following = (_first_day(months + later) for later in (0, 1))
    length = following - first - ((year == 0) & (month == 2))
    is_date = (month >= 1) & (month <= 12) & (day >= 1) & (day <= length)
    return first + day - 1, is_date


def _first_day(months: Numbers) -> Numbers:
    return months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def _micros(data: npt.NDArray[np.uint8], digits: int) -> Numbers | int:
    """A fraction of a second with that many *digits*, two of which are a byte."""
    return _number(data) * 10 ** (6 - (digits + 1) // 2 * 2) if digits else 0


def _datetimes(values: Sequence[bytes | None], fraction: int) -> pa.Array:
    data, is_known = _bytes(values)
    if not is_known.any():
        return pa.nulls(len(values), pa.timestamp("us"))
    number = _number(data[:, :5]) & 0x7FFFFFFFFF
    months = number >> 22
    days, is_date = _days(months // 13, months % 13, number >> 17 & 31)
    seconds = days * 86_400 + (number >> 12 & 31) * 3600 + (number >> 6 & 63) * 60 + (number & 63)
    micros = seconds * _SECOND + _micros(data[:, 5:], fraction)
    return pa.array(micros, mask=~(is_known & is_date)).cast(pa.timestamp("us"))


def _timestamps(values: Sequence[bytes | None], fraction: int) -> pa.Array:
    data, is_known = _bytes(values)
    if not is_known.any():
        return pa.nulls(len(values), pa.timestamp("us"))
    micros = _number(data[:, :4]) * _SECOND + _micros(data[:, 4:], fraction)
    return pa.array(micros, mask=~(is_known & (micros != 0))).cast(pa.timestamp("us"))  # zero is no time


def _time(fraction: int) -> Callable[[bytes], str]:
    def read(value: bytes) -> str:
        bits = 8 * (len(value) - 3)
        number = int.from_bytes(value, "big") - (0x800000 << bits)
        sign, number = ("-", -number) if number < 0 else ("", number)
        clock = number >> bits
        text = f"{sign}{clock >> 12 & 0x3FF:02d}:{clock >> 6 & 63:02d}:{clock & 63:02d}"
        if not fraction:
            return text
        return f"{text}.{number & (1 << bits) - 1:0{bits // 4}d}"[: len(text) + 1 + fraction]

    return read


def _member(column: LoggedColumn, texts: TextDecoder) -> Callable[[Any], str | None]:
    words: list[str | None] = texts.array(column.charset, column.members).to_pylist()

    def read(value: Any) -> str | None:
        number = int.from_bytes(value, "little") if isinstance(value, bytes) else value
        if column.kind == tables.SET:
            return ",".join(word or "" for place, word in enumerate(words) if number >> place & 1)
        return words[number - 1] if number else ""

    return read


def _decimals(column: LoggedColumn, kind: DmsType, values: Sequence[bytes | None]) -> pa.Array:
    precision, scale = column.source.precision or 0, column.source.scale or 0
    groups = _groups(precision - scale, scale)
    if kind.name != "NUMERIC":
        read = _long_decimal(groups)
        return pa.array(_each(lambda value: _written(read(value), scale), values), pa.string())
    if precision > _DIGITS_OF_64_BITS:
        read = _long_decimal(groups)
        is_known = np.array([value is not None for value in values], np.bool_)
        data = b"".join(
            [bytes(16) if value is None else read(value).to_bytes(16, "little", signed=True) for value in values]
        )
    else:
        number, is_known = _short_decimals(groups, values)
        data = np.stack([number, number >> 63], axis=1).astype("<i8").tobytes()
    nulls = pa.array(is_known).buffers()[1]
    numeric = pa.decimal128(kind.precision or 0, kind.scale or 0)
    return pa.Array.from_buffers(numeric, len(values), [nulls, pa.py_buffer(data)])


def _groups(whole: int, fraction: int) -> list[tuple[int, int]]:
    """How many digits each part of a decimal has, and how many bytes: nine are four, what is left of them fewer.

    >>> _groups(10, 2)
    [(1, 1), (9, 4), (2, 1)]
    """
    digits = [whole % 9] * bool(whole % 9) + [9] * (whole // 9 + fraction // 9) + [fraction % 9] * bool(fraction % 9)
    return [(count, count // 9 * 4 + (count % 9 + 1) // 2) for count in digits]


def _short_decimals(groups: Sequence[tuple[int, int]], values: Sequence[bytes | None]) -> tuple[Numbers, Flags]:
    """Numbers without their points. The highest bit is set in what is not below zero; what is has all bits turned."""
    data, is_known = _bytes(values)
    found = np.zeros(len(values), np.int64)
    if not is_known.any():
        return found, is_known
    is_negative = data[:, 0] < 128
    data = np.where(is_negative[:, None], ~data, data)
    data[:, 0] ^= 128
    ends = np.cumsum([0, *(size for _, size in groups)])
    for (digits, _), (start, end) in zip(groups, pairwise(ends), strict=True):
        found = found * 10**digits + _number(data[:, start:end])
    return np.where(is_negative, -found, found), is_known


def _long_decimal(groups: Sequence[tuple[int, int]]) -> Callable[[bytes], int]:
    """The same of a single number, however long."""
    total = sum(size for _, size in groups)
    mask, highest = (1 << 8 * total) - 1, 1 << 8 * total - 1

    def read(value: bytes) -> int:
        number = int.from_bytes(value, "big") ^ highest
        is_negative = number & highest
        data = (number ^ mask if is_negative else number).to_bytes(total, "big")
        found = at = 0
        for digits, size in groups:
            found = found * 10**digits + int.from_bytes(data[at : at + size], "big")
            at += size
        return -found if is_negative else found

    return read


def _written(number: int, scale: int) -> str:
    """
    >>> _written(-5, 2), _written(123, 0)
    ('-0.05', '123')
    """
    digits = str(abs(number)).rjust(scale + 1, "0")
    sign = "-" if number < 0 else ""
    return f"{sign}{digits[:-scale]}.{digits[-scale:]}" if scale else f"{sign}{digits}"
