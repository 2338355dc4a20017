"""Reads changes from a CSV file as DMS writes it, plain or gzip.

Source: https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Target.S3.html, "Endpoint settings", and botocore's model
of `S3Settings` (docs/facts/dms.md 4.1), defaults all: fields are divided by commas and quoted as RFC 4180 says
(`Rfc4180`), so that they may hold line breaks; lines end in a line feed; a null is the word NULL, without quotes
(`CsvNullValue`); names are in the first row only with `AddColumnName`. DMS does not quote a text NULL, so one that it
wrote is read as a null; another writer's "NULL" in quotes is a text.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from typing import cast

import pyarrow as pa
import pyarrow.csv as pc

from changes.bodies import Body, PlainBody
from changes.origin import Origin
from changes.record import Change
from changes.rows import ADDED_COLUMNS, RowNames, changes_of_rows, column_of, convert_values, sort_names
from changes.unreadable import BrokenFileError, Park, PoisonRecordError, UnfitError, refuse
from fleet.dms.mappings import BEFORE_PREFIX

_NULL = "NULL"
_LONGEST_ROW_BYTES = 8 * 1024 * 1024
"""How much is parsed at once; a row must fit into it."""
_BYTE_BY_BYTE = "latin-1"
_BUFFER_BYTES = 64 * 1024
_ROWS_AT_ONCE = 2_048


def read_csv(body: Body, origin: Origin, names: Sequence[str] | None = None, park: Park = refuse) -> Iterator[Change]:
    """The changes of *body*, in its order. *names*: the columns in the order of the fields; None where the first row
    has them. What is held of it is a few times 8 MB. *park* takes the records that are no changes.

    Raises:
        BrokenFileError: It is cut, damaged, or has a row of more than 8 MB.
        PoisonRecordError: By `refuse`.
    """
    stream = io.BufferedReader(_WholeRows(origin.source, PlainBody(origin.source, body)), _BUFFER_BYTES)
    if not stream.peek(1):
        raise BrokenFileError(origin.source, "it is empty, and DMS writes no file without a row")
    found = tuple(names) if names is not None else _read_header(stream, origin)
    sorted_names = sort_names(found, origin)
    torn: dict[int, tuple[str, str]] = {}
    number = 1

    def note(row: pc.InvalidRow) -> str:
        why = f"it has {row.actual_columns} fields, wanted {row.expected_columns}"
        torn[row.number] = why, _shown(row.text)
        return "skip"

    def park_torn(at: int) -> None:
        why, text = torn.pop(at)
        park(PoisonRecordError(origin.source, at, "", why, text))

    for batch in _batches(stream, origin, found, note):
        for start in range(0, batch.num_rows, _ROWS_AT_ONCE):
            part = batch.slice(start, _ROWS_AT_ONCE)
            numbers: list[int] = []
            while len(numbers) < part.num_rows:
                if number in torn:
                    park_torn(number)
                else:
                    numbers.append(number)
                number += 1
            yield from _changes(part, origin, sorted_names, numbers, park)
    for at in sorted(torn):
        park_torn(at)


def _read_header(stream: io.BufferedReader[_WholeRows], origin: Origin) -> tuple[str, ...]:
    try:
        names = next(csv.reader([_bytes(stream.readline().decode()).decode()]), [])
    except (UnicodeDecodeError, csv.Error):
        names = []
    if not names:
        raise BrokenFileError(origin.source, "its first row has no names of columns")
    return tuple(names)


def _batches(
    stream: io.BufferedReader[_WholeRows], origin: Origin, names: Sequence[str], note: Callable[[pc.InvalidRow], str]
) -> Iterator[pa.RecordBatch]:
    """The rows, each byte of a value as a character of Latin-1: what is no UTF-8 is a matter of one record, while Arrow
    would end the file there, or pass the record over where it has too few fields."""
    if not stream.peek(1):
        return
    try:
        yield from pc.open_csv(
            pa.PythonFile(stream, "r"),
            read_options=pc.ReadOptions(use_threads=False, block_size=_LONGEST_ROW_BYTES, column_names=list(names)),
            parse_options=pc.ParseOptions(newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=note),
            convert_options=pc.ConvertOptions(
                column_types={name: pa.string() for name in names},
                null_values=[_NULL],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid as error:
        raise BrokenFileError(
            origin.source, f"it cannot be read as CSV, where rows of more than 8 MB are not: {error}"
        ) from error


def _changes(
    batch: pa.RecordBatch, origin: Origin, names: RowNames, numbers: Sequence[int], park: Park
) -> Iterator[Change]:
    columns: list[Sequence[object]] = []
    has_unfit = False
    for name, values in zip(batch.schema.names, batch.columns, strict=True):
        texts, is_unfit = _texts(name, values)
        column = None if name in ADDED_COLUMNS else column_of(origin, name.removeprefix(BEFORE_PREFIX))
        if column is not None and not is_unfit:
            texts, is_unfit = convert_values(origin.engine, column, texts)
        has_unfit |= is_unfit
        columns.append(texts)

    def record(at: int) -> str:
        row = batch.slice(at, 1).to_pylist()[0]
        return json.dumps({name: None if raw is None else _shown(raw) for name, raw in row.items()})

    yield from changes_of_rows(origin, names, columns, numbers, record, park, has_unfit=has_unfit)


def _texts(name: str, values: pa.Array) -> tuple[Sequence[object], bool]:
    found = values.to_pylist()
    try:
        return [raw if raw is None or raw.isascii() else _bytes(raw).decode() for raw in found], False
    except UnicodeDecodeError:
        return [None if raw is None else _text(name, _bytes(raw)) for raw in found], True


def _text(name: str, raw: bytes) -> object:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return UnfitError(f"column {name!r} has {len(raw)} bytes that are no UTF-8", name)


def _bytes(raw: str) -> bytes:
    return raw.encode(_BYTE_BY_BYTE)


def _shown(raw: str) -> str:
    return _bytes(raw).decode(errors="backslashreplace")


class _WholeRows(io.RawIOBase):
    """The bytes of *body*, each as a character of Latin-1, in UTF-8. Raises where they end within a row: Arrow would
    take what is left of it for all of it."""

    def __init__(self, source: str, body: Body) -> None:
        self._source = source
        self._body = body
        self._last = b"\n"
        self._quotes = 0
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object, /) -> int:
        into = memoryview(cast(bytearray, buffer))
        found = self._rest or self._next(len(into))
        self._rest = found[len(into) :]
        count = len(found) - len(self._rest)
        into[:count] = found[:count]
        return count

    def _next(self, size: int) -> bytes:
        found = self._body.read(size)
        if not found and (self._last != b"\n" or self._quotes % 2):
            raise BrokenFileError(self._source, "it ends within a row: it was cut")
        self._quotes += found.count(b'"')
        self._last = found[-1:] or self._last
        return found if found.isascii() else found.decode(_BYTE_BY_BYTE).encode()
