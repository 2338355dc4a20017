"""Writes rows as DMS's Parquet, with PyArrow: the library DMS's own settings are named after.

All of `S3Settings` that shapes a Parquet file is followed. PyArrow writes the encoding RLE_DICTIONARY only into files
that call themselves version 2, and PLAIN_DICTIONARY only into those of version 1, so `EncodingType` decides the
footer's version, and `ParquetVersion` the data pages' (docs/facts/dms.md 4.1; what DMS writes into the footer is not
known).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from localcloud.dms.files.formats import ROW_GROUP_BYTES, Parquet
from localcloud.dms.type_tables.column import DmsType
from localcloud.dms.type_tables.parquet import parquet_type

_SMALL_BYTES = 1024 * 1024
# Source: AWS DMS user guide, "Target data types for S3 Parquet"; the words are AWS's.
_TYPES = {
    "BINARY": pa.binary(),
    "BOOL": pa.bool_(),
    "DATE32": pa.date32(),
    "TIME32": pa.time32("ms"),
    "INT8": pa.int8(),
    "INT16": pa.int16(),
    "INT32": pa.int32(),
    "INT64": pa.int64(),
    "UINT8": pa.uint8(),
    "UINT16": pa.uint16(),
    "UINT32": pa.uint32(),
    "UINT64": pa.uint64(),
    "FLOAT": pa.float32(),
    "DOUBLE": pa.float64(),
    "STRING": pa.string(),
}


def arrow_type(kind: DmsType, *, has_milliseconds: bool = False) -> pa.DataType:
    """The type of a Parquet column that holds *kind*.

    >>> arrow_type(DmsType("TIME")), arrow_type(DmsType("NUMERIC", precision=10, scale=2))
    (Time32Type(time32[ms]), Decimal128Type(decimal128(10, 2)))
    """
    name = parquet_type(kind)
    if name == "DECIMAL":
        return pa.decimal128(kind.precision or 0, kind.scale or 0)
    if name == "TIMESTAMP":
        return pa.timestamp("ms" if has_milliseconds else "us")
    return _TYPES[name]


def write_parquet(
    batches: Iterator[pa.RecordBatch], schema: pa.Schema, how: Parquet, file_bytes: int, folder: Path
) -> Iterator[tuple[Path | bytes, int]]:
    """Write *batches* into files under *folder* (made here), or into memory where they are small; each with its rows.
    A file ends with the row group after which one more like it would not fit."""
    is_small, batches = _are_small(batches)
    if not is_small:
        folder.mkdir(parents=True)
    number = 0
    file: _File | None = None
    try:
        for group in _row_groups(batches, schema, how.row_group_rows):
            if file is None:
                number += 1
                file = _File(None if is_small else folder / f"{number}{how.suffix}", schema, how)
            file.write(group)
            if file.bytes + file.last_group_bytes > file_bytes:
                yield file.close(), file.rows
                file = None
        if file is not None:
            yield file.close(), file.rows
    finally:
        if file is not None:
            file.abandon()


def _are_small(batches: Iterator[pa.RecordBatch]) -> tuple[bool, Iterator[pa.RecordBatch]]:
    """Whether *batches* are one of few bytes, or none, and the same batches. What is more is not looked ahead of."""
    seen = list(islice(batches, 1))
    if seen and seen[0].nbytes > _SMALL_BYTES:
        return False, chain(seen, batches)
    seen += islice(batches, 1)
    return len(seen) < 2, chain(seen, batches)


class _File:
    """A Parquet file being written at *path*, or in memory. *bytes*: how long it is so far."""

    def __init__(self, path: Path | None, schema: pa.Schema, how: Parquet) -> None:
        self._path = path
        self.rows = self.bytes = self.last_group_bytes = 0
        self._group_rows = how.row_group_rows
        self._sink = pa.BufferOutputStream() if path is None else pa.OSFile(str(path), "wb")
        self._writer = pq.ParquetWriter(self._sink, schema, **_options(how))

    def write(self, group: pa.Table) -> None:
        self._writer.write_table(group, row_group_size=self._group_rows)
        self.rows += group.num_rows
        self.last_group_bytes = self._sink.tell() - self.bytes
        self.bytes += self.last_group_bytes

    def close(self) -> Path | bytes:
        """End the file: where it is, or what is in it."""
        self._writer.close()
        if self._path is None:
            return self._sink.getvalue().to_pybytes()
        self._sink.close()
        return self._path

    def abandon(self) -> None:
        """Let go of the file after an error, ended as far as can be; nothing when it was closed."""
        try:
            self._writer.close()
        finally:
            self._sink.close()


def _row_groups(batches: Iterator[pa.RecordBatch], schema: pa.Schema, most: int) -> Iterator[pa.Table]:
    """The rows in groups of *most*, or fewer where they would be more than ROW_GROUP_BYTES (that the bound on bytes
    ends a group is assumed: the model calls it the largest length)."""
    held: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in batches:
        left, row_bytes = batch, max(1, batch.nbytes // batch.num_rows)
        while left.num_rows:
            part = left.slice(0, min(most - rows, max(1, (ROW_GROUP_BYTES - size) // row_bytes)))
            held.append(part)
            rows += part.num_rows
            size += part.num_rows * row_bytes
            left = left.slice(part.num_rows)
            if rows >= most or size > ROW_GROUP_BYTES - row_bytes:
                yield pa.Table.from_batches(held, schema)
                held, rows, size = [], 0, 0
    if held:
        yield pa.Table.from_batches(held, schema)


def _options(how: Parquet) -> dict[str, Any]:
    return {
        "version": "1.0" if how.encoding == "plain-dictionary" else "2.4",
        "use_dictionary": how.encoding != "plain",
        "data_page_version": how.page_version,
        "data_page_size": how.data_page_bytes,
        "dictionary_pagesize_limit": how.dictionary_page_bytes,
        "write_statistics": how.has_statistics,
        "compression": how.codec.upper(),
        # How hard DMS compresses is not known; Arrow's own choice, 9, costs more than reading the rows.
        "compression_level": 1 if how.codec == "gzip" else None,
        "store_schema": False,
    }
