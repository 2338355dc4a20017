"""Reads changes from the envelopes that DMS writes to Kafka and Kinesis: from a message, or a file of many.

    {"data": {<column>: <value>}, "metadata": {"operation": "update", ...}, "before-image": {<column>: <value>}}

Source: docs/facts/dms.md 13, with the messages that are known in public. DMS leaves out nulls and empty
texts unless `IncludeNullAndEmpty` is set: a column that is not there may be either, or unchanged. `before-image` is the
`FieldName` that AWS's example gives `BeforeImageSettings`. A message format of `JSON` has tabs and line breaks,
`JSON_UNFORMATTED` has none; Kinesis' deliveries to S3 may put one envelope directly behind the other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from changes.bodies import Body, PlainBody
from changes.origin import Origin, Stream
from changes.record import Change, Operation, Position
from changes.rows import ADDED_COLUMNS, column_of, make_change
from changes.unreadable import BrokenFileError, Park, PoisonRecordError, UnfitError, outline, refuse
from changes.values import typed
from fleet.dms.endpoints import TIMESTAMP_COLUMN
from fleet.dms.mappings import BEFORE_PREFIX, DATABASE_COLUMN
from fleet.tables.catalogue import TableName

_OPERATIONS: Mapping[str, Operation] = {"load": "load", "insert": "insert", "update": "update", "delete": "delete"}
_READ_BYTES = 64 * 1024
_LONGEST_ENVELOPE_BYTES = 8 * 1024 * 1024
"""DMS's messages have at most 1 MB (`MessageMaxBytes`), which formatting may make more of."""
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}]')


class ControlRecord(NamedTuple):
    """An event of the stream that is no change of a row: a table was made, dropped or altered. Names may be empty."""

    operation: str
    schema: str
    table: str


Control = Callable[[ControlRecord], None]
"""Takes each control record."""


def ignore(_: ControlRecord) -> None:
    """Does nothing: what a reader does with control records if nobody counts them."""


def read_message(
    value: bytes, stream: Stream, number: int, control: Control = ignore, park: Park = refuse
) -> Change | None:
    """The change of one message, or None where it is a control record or no change. *number*: its offset in its
    partition, which orders the changes of a topic.

    Raises:
        PoisonRecordError: By `refuse`.
    """
    try:
        return _change(value, stream, number, control)
    except UnfitError as error:
        record = value.decode(errors="backslashreplace")
        park(PoisonRecordError(stream.source, number, error.column, error.why, record))
        return None


def read_envelopes(body: Body, stream: Stream, control: Control = ignore, park: Park = refuse) -> Iterator[Change]:
    """The changes of *body*, plain or gzip, in its order: envelopes of a line each, of many lines, or without a break
    between them. What is held of it is one envelope. *park* takes the records that are no changes; the number of each
    is that of its line, while a change's position counts envelopes.

    Raises:
        BrokenFileError: It is cut or damaged, or an envelope has more than 8 MB.
        PoisonRecordError: By `refuse`.
    """
    for count, (line, text) in enumerate(_envelopes(_lines(PlainBody(stream.source, body), stream.source)), 1):
        try:
            change = _change(text, stream, count, control)
        except UnfitError as error:
            record = text.decode(errors="backslashreplace")
            park(PoisonRecordError(stream.source, line, error.column, error.why, record))
        else:
            if change is not None:
                yield change


def _lines(body: Body, source: str) -> Iterator[bytes]:
    rest = b""
    while read := body.read(_READ_BYTES):
        *lines, rest = (rest + read).split(b"\n")
        yield from lines
        if len(rest) > _LONGEST_ENVELOPE_BYTES:
            raise BrokenFileError(source, f"a line has more than {_LONGEST_ENVELOPE_BYTES:,} bytes")
    if rest:
        yield rest


def _envelopes(lines: Iterator[bytes]) -> Iterator[tuple[int, bytes]]:
    """Each envelope, or what should be one, with the line on which it begins. One that does not end before the next
    begins at a line's start is an envelope by itself, so that one that is cut costs no other."""
    held: list[bytes] = []
    begun = depth = size = 0
    for number, line in enumerate(lines, 1):
        if held and (line.startswith(b"{") or size > _LONGEST_ENVELOPE_BYTES):
            yield begun, b"\n".join(held)
            held, depth, size = [], 0, 0
        start = 0
        if depth == 0 and line.startswith(b"{") and b"}{" not in line and line.endswith((b"}", b"}\r")):
            yield number, line
            continue
        for token in _TOKEN.finditer(line):
            depth += {b"{": 1, b"}": -1}.get(token[0], 0)
            if depth == 0 and token[0] == b"}":
                yield (begun if held else number), b"\n".join((*held, line[start : token.end()]))
                held, size, start = [], 0, token.end()
            depth = max(depth, 0)
        if line[start:].strip():
            begun = begun if held else number
            held.append(line[start:])
            size += len(line)
    if held:
        yield begun, b"\n".join(held)


def _change(text: bytes, stream: Stream, number: int, control: Control) -> Change | None:
    try:
        found = json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        raise UnfitError("it is no UTF-8") from None
    except (ValueError, RecursionError):
        raise UnfitError(f"it is no JSON: {len(text):,} bytes") from None
    envelope = found if isinstance(found, dict) else {}
    metadata = _part(envelope, "metadata")
    operation, name = metadata.get("operation"), _table_name(metadata)
    # A record type is not in every message that is known in public.
    if metadata.get("record-type") == "control" or ("control" in envelope and "data" not in envelope):
        control(ControlRecord(str(operation or ""), *name))
        return None
    if not isinstance(operation, str) or operation not in _OPERATIONS:
        raise UnfitError(f"its operation is {outline(operation)}, wanted load, insert, update or delete")
    if not name.table:
        raise UnfitError("its metadata names no table")
    origin = Origin(stream.source, stream.database, stream.engine, name, stream.tables.get(name), place=stream.place)
    return _data_change(origin, envelope, metadata, _OPERATIONS[operation], number)


def _data_change(
    origin: Origin,
    envelope: Mapping[str, object],
    metadata: Mapping[str, object],
    operation: Operation,
    number: int,
) -> Change:
    data, before = _part(envelope, "data"), dict(_part(envelope, "before-image", may_lack=True))
    image: dict[str, object] = {}
    for name, raw in data.items():
        if name.startswith(BEFORE_PREFIX):
            before[name.removeprefix(BEFORE_PREFIX)] = raw
        elif name not in ADDED_COLUMNS:
            image[name] = _typed(origin, name, raw)
    if data.get(DATABASE_COLUMN, origin.database) != origin.database:
        raise UnfitError(f"it is of database {data[DATABASE_COLUMN]!r}, wanted {origin.database!r}", DATABASE_COLUMN)
    typed_before = {name: _typed(origin, name, raw) for name, raw in before.items()}
    moment = metadata.get("commit-timestamp", data.get(TIMESTAMP_COLUMN))
    # A topic may have a full load behind changes, which no place in the source's log shows: its own order alone counts.
    return make_change(origin, operation, image, typed_before, Position(0, origin.place, "", number), moment)


def _typed(origin: Origin, name: str, raw: object) -> object:
    column = column_of(origin, name)
    return raw if column is None else typed(origin.engine, column, raw)


def _part(envelope: Mapping[str, object], name: str, *, may_lack: bool = False) -> dict[str, object]:
    found = envelope.get(name, {} if may_lack else None)
    if not isinstance(found, dict):
        raise UnfitError(f"it has no {name!r}, so it is no envelope of DMS")
    return found


def _table_name(metadata: Mapping[str, object]) -> TableName:
    return TableName(str(metadata.get("schema-name") or ""), str(metadata.get("table-name") or ""))


def _refuse_constant(word: str) -> object:
    raise ValueError(f"{word} is no JSON")
