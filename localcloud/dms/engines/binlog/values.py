"""Values of a binary log as columns: those that a full load would carry (`mysql.py` says what that is, and why).

Source for how they lie in the log: https://dev.mysql.com/doc/dev/mysql-server/latest/field__types_8h.html and MySQL's
manual, "Date and Time Data Type Representation" (read 2026-11-30). What is fixed in size is converted by the column.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa

from localcloud.dms.engines.binlog import tables
from localcloud.dms.engines.binlog.charsets import TextDecoder
from localcloud.dms.engines.binlog.rows import Bytes, Fixed, Flags, Numbers
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
_LAYOUTS = {
    tables.TINY: "<i1",
    tables.SHORT: "<i2",
    tables.LONG: "<i4",
    tables.LONGLONG: "<i8",
    tables.FLOAT: "<f4",
    tables.DOUBLE: "<f8",
}
_OTHERS = {
    "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(),
    "DATETIME": pa.timestamp("us"),
    "BYTES": pa.binary(),
    "BLOB": pa.binary(),
}
_SECOND = 1_000_000
_DIGITS_OF_64_BITS = 18


def array(column: LoggedColumn, kind: DmsType, values: Fixed | pa.Array, texts: TextDecoder) -> pa.Array:
    """The *values* of a column as *kind*. Raises TableUnreadableError."""
    if isinstance(values, Fixed):
        return _fixed(column, kind, values, texts)
    if column.kind == tables.JSON:
        raise TableUnreadableError(f"not emulated here: changes of column {column.source.name}, a JSON of MySQL's")
    if kind.name not in ("BYTES", "BLOB"):
        return texts.array(column.charset, values)
    if column.kind != tables.STRING:
        return values
    size = column.source.length or 0  # of a BINARY the log leaves out the zeros at the end
    return pa.array([None if one is None else one.ljust(size, b"\0") for one in values.to_pylist()], pa.binary())


def nothing(kind: DmsType, count: int) -> pa.Array:
    """A column of NULLs."""
    if kind.name == "NUMERIC":
        return pa.nulls(count, pa.decimal128(kind.precision or 0, kind.scale or 0))
    return pa.nulls(count, _OTHERS.get(kind.name) or _NUMBERS.get(kind.name, pa.string()))


def _fixed(column: LoggedColumn, kind: DmsType, values: Fixed, texts: TextDecoder) -> pa.Array:
    data, is_known = values.data, values.is_known
    match column.kind:
        case tables.INT24:
            found = _number(data[:, ::-1])
            found = found if column.is_unsigned else (found ^ 0x800000) - 0x800000
            return pa.array(found, mask=~is_known).cast(_NUMBERS[kind.name])
        case tables.YEAR:
            found = data[:, 0].astype(np.int16)
            return pa.array(np.where(found, found + 1900, 0), mask=~is_known).cast(_NUMBERS[kind.name])
        case tables.DECIMAL:
            return _decimals(column, kind, values)
        case tables.DATE:
            number = _number(data[:, ::-1])
            days, is_date = _days(number >> 9, number >> 5 & 15, number & 31)
            return pa.array(days.astype(np.int32), mask=~(is_known & is_date)).cast(pa.date32())
        case tables.DATETIME:
            return _datetimes(values, column.fraction)
        case tables.TIMESTAMP:
            micros = _number(data[:, :4]) * _SECOND + _micros(data[:, 4:], column.fraction)
            return pa.array(micros, mask=~(is_known & (micros != 0))).cast(pa.timestamp("us"))  # zero is no time
        case tables.TIME:
            return _mapped(_number(data), is_known, _time(column.fraction))
        case tables.BIT if kind.name == "BOOLEAN":
            return pa.array(data.any(axis=1), mask=~is_known)
        case tables.BIT:
            size = data.shape[1]
            offsets = np.arange(0, size * (len(data) + 1), size, dtype=np.int32)
            buffers = [pa.array(is_known).buffers()[1], pa.py_buffer(offsets), pa.py_buffer(data.tobytes())]
            return pa.Array.from_buffers(pa.binary(), len(data), buffers)
        case tables.ENUM | tables.SET:
            return _mapped(_number(data[:, ::-1]), is_known, _member(column, texts))
        case _:
            numbers = np.ascontiguousarray(data).view(_LAYOUTS[column.kind])[:, 0]
            if column.is_unsigned:
                numbers = numbers.view(numbers.dtype.str.replace("i", "u"))
            return pa.array(numbers, mask=~is_known).cast(_NUMBERS[kind.name])


def _mapped(numbers: Numbers, is_known: Flags, read: Callable[[int], str | None]) -> pa.Array:
    """*read* of each number, of the same one once."""
    different, which = np.unique(numbers, return_inverse=True)
    words = pa.array([read(int(one)) for one in different], pa.string())
    return words.take(pa.array(which, mask=~is_known))


def _number(data: Bytes) -> Numbers:
    """The bytes of each row as a number, the highest first."""
    wide = np.zeros((len(data), 8), np.uint8)
    wide[:, 8 - data.shape[1] :] = data
    return wide.view(">i8")[:, 0].astype(np.int64)


def _days(year: Numbers, month: Numbers, day: Numbers) -> tuple[Numbers, Flags]:
    """Days since 1970, and which are dates of a calendar: the server's has no leap day in the year 0."""
    months = (year - 1970) * 12 + np.clip(month, 1, 12) - 1
    first, following = (_first_day(months + later) for later in (0, 1))
    length = following - first - ((year == 0) & (month == 2))
    is_date = (month >= 1) & (month <= 12) & (day >= 1) & (day <= length)
    return first + day - 1, is_date


def _first_day(months: Numbers) -> Numbers:
    return months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def _micros(data: Bytes, digits: int) -> Numbers | int:
    """A fraction of a second with that many *digits*, two of which are a byte."""
    return _number(data) * 10 ** (6 - (digits + 1) // 2 * 2) if digits else 0


def _datetimes(values: Fixed, fraction: int) -> pa.Array:
    number = _number(values.data[:, :5]) & 0x7FFFFFFFFF
    months = number >> 22
    days, is_date = _days(months // 13, months % 13, number >> 17 & 31)
    seconds = days * 86_400 + (number >> 12 & 31) * 3600 + (number >> 6 & 63) * 60 + (number & 63)
    micros = seconds * _SECOND + _micros(values.data[:, 5:], fraction)
    return pa.array(micros, mask=~(values.is_known & is_date)).cast(pa.timestamp("us"))


def _time(fraction: int) -> Callable[[int], str]:
    bits = 8 * ((fraction + 1) // 2)

    def read(value: int) -> str:
        number = value - (0x800000 << bits)
        sign, number = ("-", -number) if number < 0 else ("", number)
        clock = number >> bits
        text = f"{sign}{clock >> 12 & 0x3FF:02d}:{clock >> 6 & 63:02d}:{clock & 63:02d}"
        if not fraction:
            return text
        return f"{text}.{number & (1 << bits) - 1:0{bits // 4}d}"[: len(text) + 1 + fraction]

    return read


def _member(column: LoggedColumn, texts: TextDecoder) -> Callable[[int], str | None]:
    words: list[str | None] = texts.array(column.charset, pa.array(column.members, pa.binary())).to_pylist()

    def read(number: int) -> str | None:
        if column.kind == tables.SET:
            return ",".join(word or "" for place, word in enumerate(words) if number >> place & 1)
        return words[number - 1] if number else ""

    return read


def _decimals(column: LoggedColumn, kind: DmsType, values: Fixed) -> pa.Array:
    precision, scale = column.source.precision or 0, column.source.scale or 0
    groups = _groups(precision - scale, scale)
    if kind.name != "NUMERIC":
        texts = [None if one is None else _written(one, scale) for one in _long_decimals(groups, values)]
        return pa.array(texts, pa.string())
    if precision > _DIGITS_OF_64_BITS:
        data = b"".join([(one or 0).to_bytes(16, "little", signed=True) for one in _long_decimals(groups, values)])
    else:
        number = _short_decimals(groups, values.data)
        data = np.stack([number, number >> 63], axis=1).astype("<i8").tobytes()
    nulls = pa.array(values.is_known).buffers()[1]
    numeric = pa.decimal128(kind.precision or 0, kind.scale or 0)
    return pa.Array.from_buffers(numeric, len(values.data), [nulls, pa.py_buffer(data)])


def _groups(whole: int, fraction: int) -> list[tuple[int, int]]:
    """How many digits each part of a decimal has, and how many bytes: nine are four, what is left of them fewer.

    >>> _groups(10, 2)
    [(1, 1), (9, 4), (2, 1)]
    """
    digits = [whole % 9] * bool(whole % 9) + [9] * (whole // 9 + fraction // 9) + [fraction % 9] * bool(fraction % 9)
    return [(count, count // 9 * 4 + (count % 9 + 1) // 2) for count in digits]


def _short_decimals(groups: Sequence[tuple[int, int]], data: Bytes) -> Numbers:
    """Numbers without their points. The highest bit is set in what is not below zero; what is has all bits turned."""
    found = np.zeros(len(data), np.int64)
    is_negative = data[:, 0] < 128
    data = np.where(is_negative[:, None], ~data, data)
    data[:, 0] ^= 128
    ends = np.cumsum([0, *(size for _, size in groups)])
    for (digits, _), (start, end) in zip(groups, pairwise(ends), strict=True):
        found = found * 10**digits + _number(data[:, start:end])
    return np.where(is_negative, -found, found)


def _long_decimals(groups: Sequence[tuple[int, int]], values: Fixed) -> Iterator[int | None]:
    """The same, however long the numbers are."""
    total = sum(size for _, size in groups)
    mask, highest = (1 << 8 * total) - 1, 1 << 8 * total - 1
    for is_known, one in zip(values.is_known, values.data, strict=True):
        number = int.from_bytes(one.tobytes(), "big") ^ highest
        is_negative = number & highest
        data = (number ^ mask if is_negative else number).to_bytes(total, "big")
        found = at = 0
        for digits, size in groups:
            found = found * 10**digits + int.from_bytes(data[at : at + size], "big")
            at += size
        yield (-found if is_negative else found) if is_known else None


def _written(number: int, scale: int) -> str:
    """
    >>> _written(-5, 2), _written(123, 0)
    ('-0.05', '123')
    """
    digits = str(abs(number)).rjust(scale + 1, "0")
    sign = "-" if number < 0 else ""
    return f"{sign}{digits[:-scale]}.{digits[-scale:]}" if scale else f"{sign}{digits}"
