"""Values of a binary log as columns: those that a full load would carry (`mysql.py` says what that is, and why)."""

from __future__ import annotations

import calendar
from collections.abc import Callable, Sequence
from datetime import date
from functools import cache
from typing import Any

import pyarrow as pa

from localcloud.dms.engines.binlog import tables
from localcloud.dms.engines.binlog.charsets import TextDecoder
from localcloud.dms.engines.binlog.tables import LoggedColumn
from localcloud.dms.engines.reader import TableUnreadableError
from localcloud.dms.type_tables.column import DmsType

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
_EPOCH = date(1970, 1, 1).toordinal()
_SECOND = 1_000_000


def array(column: LoggedColumn, kind: DmsType, values: Sequence[Any], texts: TextDecoder) -> pa.Array:
    """The decoded *values* of a column as *kind*. Raises TableUnreadableError."""
    match column.kind:
        case tables.INT24:
            read = _int24_unsigned if column.is_unsigned else _int24
            return pa.array(_each(read, values), _NUMBERS[kind.name])
        case tables.YEAR:
            return pa.array(_each(_year, values), _NUMBERS[kind.name])
        case tables.DECIMAL:
            return _decimals(column, kind, values)
        case tables.DATE:
            return pa.array(_each(_days, values), pa.int32()).cast(pa.date32())
        case tables.DATETIME | tables.TIMESTAMP:
            read = _datetime(column.fraction) if column.kind == tables.DATETIME else _timestamp(column.fraction)
            return pa.array(_each(read, values), pa.int64()).cast(pa.timestamp("us"))
        case tables.TIME:
            return pa.array(_each(_time(column.fraction), values), pa.string())
        case tables.BIT if kind.name == "BOOLEAN":
            return pa.array(_each(any, values), pa.bool_())
        case tables.BIT:
            return pa.array(values, pa.binary())
        case tables.ENUM | tables.SET:
            return pa.array(_each(_member(column, texts), values), pa.string())
        case tables.JSON:
            raise TableUnreadableError(f"not emulated here: changes of column {column.source.name}, a JSON of MySQL's")
        case _ if kind.name in _NUMBERS:
            return pa.array(values, _NUMBERS[kind.name])
        case tables.STRING if kind.name == "BYTES":  # the log leaves out the zeros at the end
            size = column.source.length or 0
            return pa.array(_each(lambda value: value.ljust(size, b"\0"), values), pa.binary())
        case _ if kind.name in ("BYTES", "BLOB"):
            return pa.array(values, pa.binary())
        case _:
            return texts.array(column.charset, values)


def _each(read: Callable[[Any], Any], values: Sequence[Any]) -> list[Any]:
    """*read* of each value, of the same one once."""
    read = cache(read)
    return [None if value is None else read(value) for value in values]


def _int24(value: bytes) -> int:
    return int.from_bytes(value, "little", signed=True)


def _int24_unsigned(value: bytes) -> int:
    return int.from_bytes(value, "little")


def _year(value: int) -> int:
    return value + 1900 if value else 0


def _days(value: bytes) -> int | None:
    number = int.from_bytes(value, "little")
    return _days_of(number >> 9, number >> 5 & 15, number & 31)


def _days_of(year: int, month: int, day: int) -> int | None:
    """Days since 1970, or None for what no calendar has."""
    if not (year and 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]):
        return None
    return date(year, month, day).toordinal() - _EPOCH


def _micros(data: bytes, digits: int) -> int:
    """A fraction of a second with that many *digits*, two of which are a byte."""
    return int.from_bytes(data, "big") * 10 ** (6 - (digits + 1) // 2 * 2) if digits else 0


def _datetime(fraction: int) -> Callable[[bytes], int | None]:
    def read(value: bytes) -> int | None:
        number = int.from_bytes(value[:5], "big") & 0x7FFFFFFFFF
        months = number >> 22
        days = _days_of(months // 13, months % 13, number >> 17 & 31)
        if days is None:
            return None
        seconds = days * 86_400 + (number >> 12 & 31) * 3600 + (number >> 6 & 63) * 60 + (number & 63)
        return seconds * _SECOND + _micros(value[5:], fraction)

    return read


def _timestamp(fraction: int) -> Callable[[bytes], int | None]:
    def read(value: bytes) -> int | None:
        micros = int.from_bytes(value[:4], "big") * _SECOND + _micros(value[4:], fraction)
        return micros or None  # the zero timestamp

    return read


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


def _decimals(column: LoggedColumn, kind: DmsType, values: Sequence[Any]) -> pa.Array:
    precision, scale = column.source.precision or 0, column.source.scale or 0
    read = _decimal(precision - scale, scale)
    if kind.name != "NUMERIC":
        return pa.array(_each(lambda value: _written(read(value), scale), values), pa.string())
    numbers = [None if value is None else read(value) for value in values]
    data = b"".join([bytes(16) if one is None else one.to_bytes(16, "little", signed=True) for one in numbers])
    is_known = pa.array([one is not None for one in numbers], pa.bool_()).buffers()[1]
    return pa.Array.from_buffers(
        pa.decimal128(kind.precision or 0, kind.scale or 0), len(numbers), [is_known, pa.py_buffer(data)]
    )


def _decimal(whole: int, fraction: int) -> Callable[[bytes], int]:
    """Reads a number without its point: groups of nine digits in four bytes, and on both sides what is left of them."""
    groups = [whole % 9] * bool(whole % 9) + [9] * (whole // 9 + fraction // 9) + [fraction % 9] * bool(fraction % 9)
    sizes = [(digits + 1) // 2 if digits < 9 else 4 for digits in groups]
    total = sum(sizes)
    mask = (1 << 8 * total) - 1
    highest = 1 << 8 * total - 1

    def read(value: bytes) -> int:
        number = int.from_bytes(value, "big") ^ highest
        is_negative = number & highest
        data = (number ^ mask if is_negative else number).to_bytes(total, "big")
        found = at = 0
        for digits, size in zip(groups, sizes, strict=True):
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
