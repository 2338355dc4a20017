"""Values as the catalogue says, so that a row is the same whether Parquet, CSV or JSON carried it.

The type of a column is what DMS makes of it in Parquet (`fleet/tables/columns.py`): bool, int, float, Decimal, str,
bytes, date, time or datetime, in UTC without saying so. JSON is text. How DMS writes a value as text is documented for
few types (docs/facts/dms.md 4.1); what is taken beyond these is in the comments below.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Context, Decimal, Inexact, InvalidOperation
from functools import lru_cache

from changes.unreadable import UnfitError, outline
from fleet.databases import Engine
from fleet.tables.columns import Column, DmsType, dms_type, parquet_type

Convert = Callable[[object], object]
"""Makes a value of a column's type; raises ValueError or ArithmeticError where none can be made."""

_FIRST_UNSAFE_DOUBLE = 2**53
"""From here on a double has not every whole number. Source: IEEE 754, binary64."""
_SINGLE = struct.Struct("f")
_TRUTH = {"true": True, "false": False, "1": True, "0": False}
# More digits than any number that arrives: what does not fit into the column's places must not be rounded.
_EXACT = Context(prec=100, traps=[Inexact, InvalidOperation])
_BITS = {"INT8": 8, "INT16": 16, "INT32": 32, "INT64": 64}


def typed(engine: Engine, column: Column, raw: object) -> object:
    """*raw*, as Parquet, CSV or JSON has it, as a value of *column*; None stays None. A column that DMS does not carry
    stays as the file says.

    Raises:
        UnfitError: It cannot be a value of that type.

    >>> typed("mysql", Column("id", "bigint"), "9007199254740993")
    9007199254740993
    >>> [typed("mysql", Column("price", "decimal", None, 10, 2), raw) for raw in ("1.5", Decimal("1.50"))]
    [Decimal('1.50'), Decimal('1.50')]
    >>> typed("postgresql", Column("at", "timestamp with time zone"), "2026-12-01T09:30:00Z")
    datetime.datetime(2026, 12, 1, 9, 30)
    """
    if raw is None:
        return None
    convert = converter(engine, column)
    if convert is None:
        return raw
    try:
        return convert(raw)
    except (ValueError, ArithmeticError) as error:
        raise unfit(engine, column, raw, error) from None


def unfit(engine: Engine, column: Column, raw: object, error: Exception | None = None) -> UnfitError:
    """What to raise for *raw*, which is no value of *column*. *error*: says why, if it is one of this module's."""
    reason = f": {error}" if isinstance(error, _NotOfTypeError) else ""
    declared = column.declared or column.type_name
    text = f"column {column.name!r} has {outline(raw)}, wanted {declared} ({column_kind(engine, column)}){reason}"
    return UnfitError(text, column.name)


def column_kind(engine: Engine, column: Column) -> str:
    """AWS's word for the type of *column* in Parquet; empty where DMS does not carry it."""
    dms = dms_type(engine, column)
    return "" if dms is None else parquet_type(dms)


class _NotOfTypeError(ValueError):
    """Why a value is not of its type, in words that do not repeat it."""


@lru_cache(maxsize=4096)
def converter(engine: Engine, column: Column) -> Convert | None:
    """What makes values of *column*, or None where DMS does not carry it."""
    dms = dms_type(engine, column)
    if dms is None:
        return None
    kind = parquet_type(dms)
    if kind == "DECIMAL":
        return _decimals(dms)
    if kind in _BITS or kind.removeprefix("U") in _BITS:
        return _whole_numbers(kind)
    return _CONVERT[kind]


def _text(raw: object) -> object:
    if isinstance(raw, bool):  # a boolean of PostgreSQL is a text for DMS
        return "true" if raw else "false"
    if isinstance(raw, str):
        return raw
    if isinstance(raw, int):
        return str(raw)
    raise _NotOfTypeError("not a text")


def _binary(raw: object) -> object:
    """Bytes; as text in hexadecimal, before which Kafka and Kinesis have 0x (`NoHexPrefix`)."""
    if isinstance(raw, bytes):
        return raw
    if not isinstance(raw, str):
        raise _NotOfTypeError("not in hexadecimal")
    return bytes.fromhex(raw.removeprefix("0x"))


def _bool(raw: object) -> object:
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, int | str) and str(raw).lower() in _TRUTH:
        return _TRUTH[str(raw).lower()]
    raise _NotOfTypeError("neither true nor false")


def _whole_numbers(kind: str) -> Convert:
    bits = _BITS[kind.removeprefix("U")]
    lowest, above = (0, 2**bits) if kind.startswith("U") else (-(2 ** (bits - 1)), 2 ** (bits - 1))

    def whole_number(raw: object) -> object:
        number = int(raw) if isinstance(raw, int | str) else _from_double(raw)
        if not lowest <= number < above:
            raise _NotOfTypeError(f"more than {bits} bits")
        return number

    return whole_number


def _from_double(raw: object) -> int:
    """A whole number that was written as a double, as DMS does to Kafka and Kinesis before 3.5.4, or without
    `useLargeIntegerValue`. A large one has lost digits, and nothing shows which.

    Source: https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Target.Kafka.html (read 2026-11-29).
    """
    if not isinstance(raw, float | Decimal):
        raise _NotOfTypeError("not a whole number")
    # Asked first: a number of a few characters may have a thousand million digits.
    if not -_FIRST_UNSAFE_DOUBLE < raw < _FIRST_UNSAFE_DOUBLE:
        raise _NotOfTypeError("a double of more than 53 bits has lost digits: set useLargeIntegerValue at the endpoint")
    if raw != int(raw):
        raise _NotOfTypeError("not a whole number")
    return int(raw)


def _decimals(dms: DmsType) -> Convert:
    places = Decimal(1).scaleb(-(dms.scale or 0))
    whole_digits = (dms.precision or 0) - (dms.scale or 0)

    def decimal(raw: object) -> object:
        if not isinstance(raw, int | str | Decimal | float) or isinstance(raw, bool):
            raise _NotOfTypeError("not a number")
        number = Decimal(repr(raw) if isinstance(raw, float) else raw)
        if not number.is_finite():
            raise _NotOfTypeError("not a finite number")
        if number and number.adjusted() >= whole_digits:
            raise _NotOfTypeError(f"more than {whole_digits} digits before the point")
        try:
            return number.quantize(places, context=_EXACT)
        except Inexact:
            raise _NotOfTypeError(f"more than {dms.scale or 0} digits after the point") from None

    return decimal


def _double(raw: object) -> object:
    if isinstance(raw, bool) or not isinstance(raw, int | str | Decimal | float):
        raise _NotOfTypeError("not a number")
    return float(raw)


def _single(raw: object) -> object:
    """What a single keeps of the number, which Parquet gives as a double and a text as its shortest form."""
    return _SINGLE.unpack(_SINGLE.pack(_double(raw)))[0]


def _datetime(raw: object) -> object:
    moment = datetime.fromisoformat(raw) if isinstance(raw, str) else raw
    if not isinstance(moment, datetime):
        raise _NotOfTypeError("not a point in time")
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)


def _date(raw: object) -> object:
    """A day; as JSON has it perhaps with midnight behind it."""
    if isinstance(raw, date) and not isinstance(raw, datetime):
        return raw
    moment = _datetime(raw)
    if not isinstance(moment, datetime) or moment.time() != time():
        raise _NotOfTypeError("a day with a time")
    return moment.date()


def _time(raw: object) -> object:
    found = time.fromisoformat(raw) if isinstance(raw, str) else raw
    if not isinstance(found, time) or found.tzinfo is not None:
        raise _NotOfTypeError("not a time of day")
    return found


_CONVERT: dict[str, Convert] = {
    "STRING": _text,
    "BINARY": _binary,
    "BOOL": _bool,
    "FLOAT": _single,
    "DOUBLE": _double,
    "TIMESTAMP": _datetime,
    "DATE32": _date,
    "TIME32": _time,
}


@lru_cache(maxsize=1024)  # all rows of a load share it, and all changes of a transaction
def commit_time(text: str) -> datetime:
    """The time that DMS gives a row, aware, UTC.

    Raises:
        ValueError: It is none.

    >>> commit_time("2026-12-01 09:30:00.000001").isoformat()
    '2026-12-01T09:30:00.000001+00:00'
    """
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
