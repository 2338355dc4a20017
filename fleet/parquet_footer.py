"""What the end of a Parquet file says of it: how many rows it holds, and the largest whole number of a column.

Only the footer is read, a few kilobytes of however large a file. It is a structure in Thrift's compact protocol.
Source: https://parquet.apache.org/docs/file-format/ (layout, `parquet.thrift`) and
https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md (documented; read on 2026-11-30).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

MAGIC = b"PAR1"
TAIL_BYTES = 8
"""What ends a file: the footer's length, four bytes, and the magic number."""
_ROWS, _GROUPS, _COLUMNS, _CHUNK, _TYPE, _PATH, _STATISTICS, _MAXIMUM = 3, 4, 1, 3, 1, 3, 12, 5
"""Numbers of the fields that are read here."""
_WHOLE_NUMBERS = {1, 2}
"""INT32 and INT64 among Parquet's types: their largest value is in so many bytes, the lowest first."""


class NotParquetError(ValueError):
    """The bytes do not end as a Parquet file does."""


@dataclass(frozen=True)
class Footer:
    """*rows*: of the whole file. *largest*: by column, of whole numbers whose statistics were written. *columns*: their
    names, none where the file has no rows."""

    rows: int
    largest: dict[str, int]
    columns: frozenset[str] = frozenset()


def footer_bytes(tail: bytes) -> int:
    """How long the footer is that comes before *tail*, the last `TAIL_BYTES` of a file.

    Raises:
        NotParquetError: It is no Parquet file, or an encrypted one.

    >>> footer_bytes(bytes([3, 1, 0, 0]) + b"PAR1")
    259
    """
    if len(tail) < TAIL_BYTES or tail[-4:] != MAGIC:
        raise NotParquetError("the file does not end as a Parquet file does")
    return int.from_bytes(tail[-TAIL_BYTES:-4], "little")


def read_footer(body: bytes) -> Footer:
    """The footer in *body*, which ends where the file does and begins at the footer or anywhere before it.

    Raises:
        NotParquetError: It is none.
    """
    length = footer_bytes(body[-TAIL_BYTES:])
    start = len(body) - TAIL_BYTES - length
    if start < 0:
        raise NotParquetError(f"the footer has {length} bytes, of which {len(body) - TAIL_BYTES} are there")
    try:
        fields = _Reader(body[start : start + length]).struct()
    except IndexError:
        raise NotParquetError("the footer ends in its middle") from None
    largest: dict[str, int] = {}
    columns: set[str] = set()
    for chunk in _chunks(fields):
        name = ".".join(part.decode() for part in chunk[_PATH])
        columns.add(name)
        value = chunk.get(_STATISTICS, {}).get(_MAXIMUM)
        if value is not None and chunk[_TYPE] in _WHOLE_NUMBERS:
            number = int.from_bytes(value, "little", signed=True)
            largest[name] = max(number, largest.get(name, number))
    return Footer(fields[_ROWS], largest, frozenset(columns))


def _chunks(fields: dict[int, Any]) -> Iterator[dict[int, Any]]:
    for group in fields.get(_GROUPS, ()):
        yield from (chunk[_CHUNK] for chunk in group[_COLUMNS])


class _Reader:
    """Reads values of Thrift's compact protocol, one after the other. Raises IndexError at the end of its bytes."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def struct(self) -> dict[int, Any]:
        """The fields of a structure by their numbers."""
        fields: dict[int, Any] = {}
        number = 0
        while kind := self._byte():
            delta, kind = kind >> 4, kind & 15
            number = number + delta if delta else self._signed()
            fields[number] = kind == 1 if kind in {1, 2} else self._value(kind)
        return fields

    def _value(self, kind: int) -> Any:
        match kind:
            case 1 | 2:  # within a list a boolean has a byte of its own
                return self._byte() == 1
            case 3:
                return self._byte()
            case 4 | 5 | 6:
                return self._signed()
            case 7:
                return self._bytes(8)
            case 8:
                return self._bytes(self._unsigned())
            case 9 | 10:
                size = self._byte()
                count = size >> 4 if size >> 4 < 15 else self._unsigned()
                return [self._value(size & 15) for _ in range(count)]
            case 12:
                return self.struct()
            case _:
                raise NotParquetError(f"the footer holds a value of the unknown kind {kind}")

    def _byte(self) -> int:
        self._at += 1
        return self._body[self._at - 1]

    def _bytes(self, count: int) -> bytes:
        self._at += count
        if self._at > len(self._body):
            raise IndexError(self._at)
        return self._body[self._at - count : self._at]

    def _unsigned(self) -> int:
        value = shift = 0
        while True:
            part = self._byte()
            value |= (part & 127) << shift
            if part < 128:
                return value
            shift += 7

    def _signed(self) -> int:
        value = self._unsigned()
        return (value >> 1) ^ -(value & 1)
