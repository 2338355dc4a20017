"""Decodes the messages of PostgreSQL's logical replication, protocol version 1, but for rows (`pgoutput_rows.py`).

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


@dataclass(frozen=True)
class RelationColumn:
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
    columns: tuple[RelationColumn, ...]


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
    columns: list[RelationColumn] = []
    for _ in range(count):
        is_identity = bool(data[at])
        column, at = _string(data, at + 1)
        type_id, modifier = _COLUMN.unpack_from(data, at)
        columns.append(RelationColumn(column, type_id & 0xFFFFFFFF, modifier, is_identity))
        at += 8
    return Relation(number, schema or "pg_catalog", name, identity, tuple(columns))


def truncated(data: bytes) -> list[bytes]:
    """The tables of a truncate message."""
    count = int.from_bytes(data[1:5], "big")
    return [data[at : at + 4] for at in range(6, 6 + 4 * count, 4)]


def _string(data: bytes, at: int) -> tuple[str, int]:
    end = data.index(b"\0", at)
    return data[at:end].decode(), end + 1
