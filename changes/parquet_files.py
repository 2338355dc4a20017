"""Reads changes from a file of Parquet: ours, or any that a task of DMS wrote."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from changes.origin import Origin
from changes.record import Change
from changes.rows import ADDED_COLUMNS, changes_of_rows, column_of, convert_values, sort_names
from changes.unreadable import BrokenFileError, Park, UnfitError, refuse
from fleet.databases import Engine
from fleet.dms.endpoints import OPERATION_COLUMN, TIMESTAMP_COLUMN
from fleet.dms.mappings import BEFORE_PREFIX, DATABASE_COLUMN
from fleet.tables.columns import Column, dms_type, parquet_type

_ROWS_AT_ONCE = 2_048
_BYTES_AT_ONCE = 8 * 1024 * 1024
"""How much of rows with long values is made into values at once, by the mean row of the file's largest rows."""
_BUFFER_BYTES = 1024 * 1024
"""How much of a column is read ahead; without a bound it would be all of a row group's."""
_WITH_FEW_VALUES = (OPERATION_COLUMN, TIMESTAMP_COLUMN, DATABASE_COLUMN)
"""Columns whose values are made once for all rows that share them."""
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  Parquet's times are of no zone
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_IS_KIND: dict[str, Callable[[pa.DataType], bool]] = {
    "STRING": pa.types.is_string,
    "BINARY": pa.types.is_binary,
    "BOOL": pa.types.is_boolean,
    "DATE32": pa.types.is_date32,
    "TIME32": pa.types.is_time32,
    "TIMESTAMP": pa.types.is_timestamp,
    "FLOAT": pa.types.is_float32,
    "DOUBLE": pa.types.is_float64,
    **dict.fromkeys(("INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64"), pa.types.is_integer),
}


def read_parquet(file: BinaryIO, origin: Origin, park: Park = refuse) -> Iterator[Change]:
    """The changes of *file*, which can be read from any place, in its order. What is held of it are some thousand
    rows, of long ones a few times 8 MB, and a page of each column, which DMS makes of 1 MB by default. *park* takes the
    records that are no changes.

    Raises:
        BrokenFileError: It is cut, damaged, or no Parquet.
        PoisonRecordError: By `refuse`.
    """
    first = 1
    for batch in _batches(file, origin):
        yield from _changes(batch, origin, range(first, first + batch.num_rows), park)
        first += batch.num_rows


def _batches(file: BinaryIO, origin: Origin) -> Iterator[pa.RecordBatch]:
    try:
        metadata = pq.read_metadata(file)
        opened = pq.ParquetFile(
            file,
            metadata=metadata,
            buffer_size=_BUFFER_BYTES,
            pre_buffer=False,
            read_dictionary=[name for name in metadata.schema.names if name in _WITH_FEW_VALUES],
        )
        yield from opened.iter_batches(_rows_at_once(metadata), use_threads=False)
    except (pa.ArrowException, OSError, EOFError, UnicodeDecodeError) as error:
        raise BrokenFileError(origin.source, f"it cannot be read as Parquet: {error}") from error


def _rows_at_once(metadata: pq.FileMetaData) -> int:
    groups = [metadata.row_group(at) for at in range(metadata.num_row_groups)]
    widest = max((group.total_byte_size // max(1, group.num_rows) for group in groups), default=0)
    return max(1, min(_ROWS_AT_ONCE, _BYTES_AT_ONCE // max(1, widest)))


def _changes(batch: pa.RecordBatch, origin: Origin, numbers: range, park: Park) -> Iterator[Change]:
    names = batch.schema.names
    columns: list[Sequence[object]] = []
    has_unfit = False
    for name, values in zip(names, batch.columns, strict=True):
        found, is_unfit = _python_values(name, values)
        column = None if name in ADDED_COLUMNS else column_of(origin, name.removeprefix(BEFORE_PREFIX))
        if column is not None and not is_unfit and not _is_typed(values.type, origin.engine, column):
            found, is_unfit = convert_values(origin.engine, column, found)
        has_unfit |= is_unfit
        columns.append(found)

    def record(at: int) -> str:
        row = batch.slice(at, 1)
        return json.dumps({name: _parked(row.column(place)) for place, name in enumerate(names)})

    sorted_names = sort_names(names, origin)
    yield from changes_of_rows(origin, sorted_names, columns, numbers, record, park, has_unfit=has_unfit)


def _is_typed(kind: pa.DataType, engine: Engine, column: Column) -> bool:
    """Whether a file's values of *kind* are what the catalogue says already."""
    dms = dms_type(engine, column)
    if dms is None:
        return True
    wanted = parquet_type(dms)
    if wanted == "DECIMAL":
        return pa.types.is_decimal(kind) and kind.scale == dms.scale
    return _IS_KIND[wanted](kind)


def _python_values(name: str, values: pa.Array) -> tuple[list[object], bool]:
    """The values as Python has them, an `UnfitError` in the place of each that it cannot have; whether there is any."""
    try:
        return _values(values), False
    except (ValueError, ArithmeticError):
        return [_value(name, values.slice(at, 1)) for at in range(len(values))], True


def _value(name: str, values: pa.Array) -> object:
    try:
        return _values(values)[0]
    except (ValueError, ArithmeticError) as error:
        return UnfitError(
            f"column {name!r} has a value of {values.type} that cannot be read: {type(error).__name__}", name
        )


def _parked(values: pa.Array) -> str | None:
    """The one value of *values* as text, as far as it can be read."""
    found = _value("", values)
    if isinstance(found, UnfitError):
        raw = values.cast(pa.binary() if pa.types.is_string(values.type) else pa.int64()).to_pylist()[0]
        return raw.hex() if isinstance(raw, bytes) else str(raw)
    return found.hex() if isinstance(found, bytes) else None if found is None else str(found)


def _values(values: pa.Array) -> list[object]:
    """As `to_pylist`, but for types that it takes a microsecond a value for."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        words = _values(values.dictionary)
        return [None if at is None else words[at] for at in values.indices.to_pylist()]
    if pa.types.is_decimal(kind):
        return [None if text is None else Decimal(text) for text in values.cast(pa.string()).to_pylist()]
    if pa.types.is_timestamp(kind):
        ticks = values.cast(pa.timestamp("us")).cast(pa.int64()).to_pylist()
        return [None if tick is None else _EPOCH + timedelta(0, 0, tick) for tick in ticks]
    if pa.types.is_date32(kind):
        days = values.cast(pa.int32()).to_pylist()
        return [None if day is None else date.fromordinal(_EPOCH_ORDINAL + day) for day in days]
    if pa.types.is_time32(kind):
        found = values.cast(pa.time32("ms")).cast(pa.int32()).to_pylist()
        return [None if tick is None else _time_of_day(tick) for tick in found]
    return values.to_pylist()


def _time_of_day(milliseconds: int) -> time:
    return (_EPOCH + timedelta(milliseconds=milliseconds)).time()
