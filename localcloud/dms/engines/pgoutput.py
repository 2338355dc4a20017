"""Decodes the messages of PostgreSQL's logical replication, protocol version 1.

Source: https://www.postgresql.org/docs/18/protocol-logicalrep-message-formats.html (read 2026-11-30).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_BEGIN = struct.Struct(">xqqi")  # the commit's position, its time, the transaction
_COMMIT = struct.Struct(">xBqqq")  # flags, the commit's position, its end, its time
_COLUMN = struct.Struct(">ii")  # type, modifier
_SIZE = struct.Struct(">i").unpack_from
_TEXT, _NEW = b"tN"
UNCHANGED = None
"""A long value that the update left alone: the log does not hold it (assumed: DMS writes NULL, as observed)."""

Row = list[bytes | None]


@dataclass(frozen=True)
class Column:
    """A column in a relation message. *is_identity*: it is part of the replica identity."""

    name: str
    type_id: int
    modifier: int
    is_identity: bool


@dataclass(frozen=True)
class Relation:
    """A table as the changes that follow have it. *identity*: d(efault), n(othing), f(ull) or i(ndex)."""

    id: int
    schema: str
    name: str
    identity: str
    columns: tuple[Column, ...]


def begin(data: bytes) -> tuple[int, datetime]:
    """Where the transaction's commit lies, and when it was."""
    position, micros, _ = _BEGIN.unpack(data)
    return position, EPOCH + timedelta(microseconds=micros)


def commit_end(data: bytes) -> int:
    """The position behind a commit."""
    return _COMMIT.unpack(data)[2]


def relation(data: bytes) -> Relation:
    """A relation message."""
    number = int.from_bytes(data[1:5], "big")
    schema, at = _string(data, 5)
    name, at = _string(data, at)
    identity = chr(data[at])
    count, at = int.from_bytes(data[at + 1 : at + 3], "big"), at + 3
    columns: list[Column] = []
    for _ in range(count):
        is_identity = bool(data[at])
        column, at = _string(data, at + 1)
        type_id, modifier = _COLUMN.unpack_from(data, at)
        columns.append(Column(column, type_id & 0xFFFFFFFF, modifier, is_identity))
        at += 8
    return Relation(number, schema or "pg_catalog", name, identity, tuple(columns))


def relation_id(data: bytes) -> int:
    """The table of an insert, update or delete."""
    return int.from_bytes(data[1:5], "big")


def truncated(data: bytes) -> list[int]:
    """The tables of a truncate message."""
    count = int.from_bytes(data[1:5], "big")
    return [int.from_bytes(data[at : at + 4], "big") for at in range(6, 6 + 4 * count, 4)]


def rows(data: bytes) -> tuple[Row | None, Row | None]:
    """The row before and the row after, as far as the log has them.

    An update has no row before where its key stayed as it was, unless the replica identity is full.
    """
    tag = data[5]
    if tag == _NEW:
        return None, _row(data, 6)[0]
    before, at = _row(data, 6)
    return before, (_row(data, at + 1)[0] if at < len(data) else None)


def _row(data: bytes, at: int) -> tuple[Row, int]:
    found: Row = []
    add = found.append
    count, at = data[at] << 8 | data[at + 1], at + 2
    for _ in range(count):
        if data[at] == _TEXT:
            (size,) = _SIZE(data, at + 1)
            start = at + 5
            at = start + size
            add(data[start:at])
        else:
            add(UNCHANGED)
            at += 1
    return found, at


def _string(data: bytes, at: int) -> tuple[str, int]:
    end = data.index(b"\0", at)
    return data[at:end].decode(), end + 1
