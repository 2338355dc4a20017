"""The tables of a binary log: what a table map event says of a table, its names and character sets among it.

Source: https://dev.mysql.com/doc/dev/mysql-server/latest/classmysql_1_1binlog_1_1event_1_1Table__map__event.html (read
2026-11-30); MariaDB's is alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from localcloud.dms.type_tables.column import SourceColumn

TINY, SHORT, LONG, FLOAT, DOUBLE, LONGLONG, INT24, DATE, YEAR = 1, 2, 3, 4, 5, 8, 9, 10, 13
VARCHAR, BIT, TIMESTAMP, DATETIME, TIME, JSON, DECIMAL = 15, 16, 17, 18, 19, 245, 246
ENUM, SET, BLOB, STRING, GEOMETRY = 247, 248, 252, 254, 255
_NUMBERS = {TINY: "tinyint", SHORT: "smallint", INT24: "mediumint", LONG: "int", LONGLONG: "bigint"}
_MORE_NUMBERS = {FLOAT: "float", DOUBLE: "double"}
_TIMES = {DATE: "date", TIMESTAMP: "timestamp", DATETIME: "datetime", TIME: "time"}
_BLOBS = {1: "tiny", 2: "", 3: "medium", 4: "long"}
_SIGNED_KINDS = {*_NUMBERS, *_MORE_NUMBERS, DECIMAL, YEAR}
_CHARACTER_KINDS = {VARCHAR, STRING, BLOB, GEOMETRY}
_METADATA_BYTES = {
    **dict.fromkeys((FLOAT, DOUBLE, BLOB, JSON, GEOMETRY, TIMESTAMP, DATETIME, TIME), 1),
    **dict.fromkeys((VARCHAR, STRING, BIT, DECIMAL), 2),
}
_KNOWN = {*_METADATA_BYTES, *_NUMBERS, DATE, YEAR}
_COMPRESSED = {140: 1, 141: 2}  # MariaDB's columns with COMPRESSED
_BINARY = "binary"
_SIGNS, _CHARSET, _CHARSETS, _NAMES, _SETS, _ENUMS, _KEY, _KEY_OF_PREFIXES = 1, 2, 3, 4, 5, 6, 8, 9
_MEMBER_CHARSET, _MEMBER_CHARSETS = 10, 11


class UnknownTableError(Exception):
    """The log does not say enough of a table."""


@dataclass(frozen=True)
class LoggedColumn:
    """*kind*: the number of its type. *size*: bytes of its value, or of its value's length for a *prefixed* one.
    *fraction*: digits of a second. *members*: of an ENUM or SET."""

    source: SourceColumn
    kind: int
    size: int
    is_prefixed: bool = False
    is_unsigned: bool = False
    charset: str = _BINARY
    fraction: int = 0
    members: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Charsets:
    """*of_collation*: the character set of each collation's number. *widths*: the most bytes of a character."""

    of_collation: Mapping[int, str]
    widths: Mapping[str, int]


@dataclass(frozen=True)
class LoggedTable:
    """A table as the changes that follow have it. *key*: the places of the primary key's columns."""

    schema: str
    name: str
    columns: tuple[LoggedColumn, ...]
    key: tuple[int, ...]


def table_id(data: bytes) -> int:
    """The number that the table has in this file of the log."""
    return int.from_bytes(data[:6], "little")


def name_of(data: bytes) -> tuple[str, str]:
    """The schema and the name."""
    at = 9 + data[8]
    return data[9:at].decode(), data[at + 2 : at + 2 + data[at + 1]].decode()


def read(data: bytes, charsets: Charsets, *, is_mariadb: bool) -> LoggedTable:
    """What *data* says. Raises UnknownTableError."""
    schema, name = name_of(data)
    at = 9 + data[8]
    at += 3 + data[at + 1]
    count, at = _number(data, at)
    kinds, at = list(data[at : at + count]), at + count
    size, at = _number(data, at)
    sizes, end = data[at : at + size], at + size
    more = dict(_more(data, end + (count + 7) // 8))
    if _NAMES not in more:
        raise UnknownTableError("the log does not name its columns: binlog_row_metadata must be FULL")
    metadata = list(_split(kinds, sizes))
    for place, (kind, about) in enumerate(zip(kinds, metadata, strict=True)):
        if kind == STRING and about[0] in (ENUM, SET):
            kinds[place] = about[0]
    signs = _bits(more.get(_SIGNS, b""))
    names = _strings(more[_NAMES])
    members = {ENUM: _members(more.get(_ENUMS, b"")), SET: _members(more.get(_SETS, b""))}
    character_kinds = _CHARACTER_KINDS | set(_COMPRESSED) if is_mariadb else _CHARACTER_KINDS - {GEOMETRY}
    of_texts = _collations(more, _CHARSET, _CHARSETS, sum(kind in character_kinds for kind in kinds))
    of_members = _collations(more, _MEMBER_CHARSET, _MEMBER_CHARSETS, sum(kind in (ENUM, SET) for kind in kinds))
    found: list[LoggedColumn] = []
    for kind, about in zip(kinds, metadata, strict=True):
        is_unsigned = kind in _SIGNED_KINDS and next(signs, False)
        collation = 63
        if kind in character_kinds:
            collation = next(of_texts)
        elif kind in members:
            collation = next(of_members)
        charset = charsets.of_collation.get(collation, _BINARY)
        one = _column(next(names).decode(), kind, about, charset, charsets.widths.get(charset, 1), is_unsigned)
        found.append(replace(one, members=next(members[kind])) if kind in members else one)
    key = tuple(_numbers(more.get(_KEY, b""))) or tuple(_numbers(more.get(_KEY_OF_PREFIXES, b"")))[::2]
    return LoggedTable(schema, name, tuple(found), key)


def _column(name: str, kind: int, about: bytes, charset: str, width: int, is_unsigned: bool) -> LoggedColumn:
    sign = " unsigned" if is_unsigned else ""
    is_text = charset != _BINARY
    match kind:
        case _ if kind in _NUMBERS:
            size = {TINY: 1, SHORT: 2, INT24: 3, LONG: 4, LONGLONG: 8}[kind]
            return LoggedColumn(SourceColumn(name, _NUMBERS[kind] + sign), kind, size, is_unsigned=is_unsigned)
        case _ if kind in _MORE_NUMBERS:
            return LoggedColumn(SourceColumn(name, _MORE_NUMBERS[kind] + sign), kind, 4 if kind == FLOAT else 8)
        case _ if kind == DECIMAL:
            precision, scale = about
            column = SourceColumn(name, f"decimal{sign}", precision=precision, scale=scale)
            return LoggedColumn(column, kind, _decimal_bytes(precision - scale) + _decimal_bytes(scale))
        case _ if kind == YEAR:
            return LoggedColumn(SourceColumn(name, "year"), kind, 1)
        case _ if kind in _TIMES:
            fraction = about[0] if about else 0
            size = {DATE: 3, TIMESTAMP: 4, DATETIME: 5, TIME: 3}[kind] + (fraction + 1) // 2
            return LoggedColumn(SourceColumn(name, _TIMES[kind]), kind, size, fraction=fraction)
        case _ if kind == BIT:
            bits = about[0] + about[1] * 8
            return LoggedColumn(SourceColumn(name, "bit", length=bits), kind, (bits + 7) // 8)
        case _ if kind in (ENUM, SET):
            return LoggedColumn(SourceColumn(name, "enum" if kind == ENUM else "set"), kind, about[1], charset=charset)
        case _ if kind == VARCHAR:
            most = int.from_bytes(about, "little")
            column = SourceColumn(name, "varchar" if is_text else "varbinary", most // width)
            return LoggedColumn(column, kind, 1 if most < 256 else 2, is_prefixed=True, charset=charset)
        case _ if kind == STRING:
            most = about[1] | ((about[0] & 0x30) ^ 0x30) << 4
            column = SourceColumn(name, "char" if is_text else "binary", most // width)
            return LoggedColumn(column, kind, 1 if most < 256 else 2, is_prefixed=True, charset=charset)
        case _ if kind == BLOB:
            column = SourceColumn(name, f"{_BLOBS[about[0]]}{'text' if is_text else 'blob'}")
            return LoggedColumn(column, kind, about[0], is_prefixed=True, charset=charset)
        case _ if kind in (GEOMETRY, JSON):
            column = SourceColumn(name, "geometry" if kind == GEOMETRY else "json")
            return LoggedColumn(column, kind, about[0], is_prefixed=True)
        case _:  # MariaDB's compressed ones
            size = about[0] if len(about) == 1 else 1 if int.from_bytes(about, "little") < 256 else 2
            return LoggedColumn(SourceColumn(name, "compressed"), kind, size, is_prefixed=True)


def _decimal_bytes(digits: int) -> int:
    return digits // 9 * 4 + (digits % 9 + 1) // 2


def _split(kinds: list[int], sizes: bytes) -> Iterator[bytes]:
    at = 0
    for kind in kinds:
        if kind not in _KNOWN and kind not in _COMPRESSED:
            raise UnknownTableError(f"a column is of type number {kind}, which is not emulated")
        size = _METADATA_BYTES.get(kind, 0) or _COMPRESSED.get(kind, 0)
        yield sizes[at : at + size]
        at += size


def _more(data: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    while at < len(data):
        kind = data[at]
        size, at = _number(data, at + 1)
        yield kind, data[at : at + size]
        at += size


def _collations(more: Mapping[int, bytes], default: int, each: int, count: int) -> Iterator[int]:
    if each in more:
        return _numbers(more[each])
    if default not in more:
        return iter(())
    first, *pairs = _numbers(more[default])
    others = dict(zip(pairs[::2], pairs[1::2], strict=True))
    return iter([others.get(place, first) for place in range(count)])


def _numbers(data: bytes) -> Iterator[int]:
    at = 0
    while at < len(data):
        number, at = _number(data, at)
        yield number


def _bits(data: bytes) -> Iterator[bool]:
    return (bool(byte & 128 >> bit) for byte in data for bit in range(8))


def _strings(data: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        size, at = _number(data, at)
        yield data[at : at + size]
        at += size


def _members(data: bytes) -> Iterator[tuple[bytes, ...]]:
    at = 0
    while at < len(data):
        count, at = _number(data, at)
        found: list[bytes] = []
        for _ in range(count):
            size, at = _number(data, at)
            found.append(data[at : at + size])
            at += size
        yield tuple(found)


def _number(data: bytes, at: int) -> tuple[int, int]:
    """A number of one, or of two, three or eight bytes behind a byte that says so."""
    first = data[at]
    if first < 251:
        return first, at + 1
    size = {252: 2, 253: 3, 254: 8}[first]
    return int.from_bytes(data[at + 1 : at + 1 + size], "little"), at + 1 + size
