"""Writes rows as DMS's CSV.

Source: AWS DMS user guide, "Endpoint settings when using Amazon S3 as a target" (docs/facts/dms.md 4.1): NULL is the
word `NULL` unless another one is set, an empty text is nothing at all; fields that hold the delimiter, a quotation mark
or a line's end are quoted (RFC 4180) or, with `Rfc4180` false, written as they are. How a value looks is documented for
times only (microseconds); hexadecimal binaries, `true` and `false`, and times of day with milliseconds are assumed.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa

from localcloud.dms.files.formats import Csv
from localcloud.dms.type_tables.column import DmsType

Text = Callable[[object], str]


def text_sql(column: str, kind: DmsType) -> str:
    """*column* (SQL of DuckDB's) as the text of a CSV file; binaries stay as they are, because they are cut first."""
    match kind.name:
        case "DATETIME":
            return f"strftime({column}, '%Y-%m-%d %H:%M:%S.%f')"
        case "TIME":
            return f"left({column}::VARCHAR || CASE WHEN contains({column}::VARCHAR, '.') THEN '000' ELSE '' END, 12)"
        case "REAL4" | "REAL8":
            # DuckDB's own words are `nan`, `inf` and `-inf`; the ones taken here are assumed.
            return (
                f"CASE WHEN isnan({column}) THEN 'NaN' WHEN isinf({column}) THEN "
                f"CASE WHEN {column} > 0 THEN 'Infinity' ELSE '-Infinity' END ELSE {column}::VARCHAR END"
            )
        case "NUMERIC" if kind.precision == kind.scale:  # DuckDB writes no zero before such a point
            return f"regexp_replace({column}::VARCHAR, '^(-?)[.]', '\\10.')"
        case "BYTES" | "BLOB":
            return column
        case _:
            return f"{column}::VARCHAR"


def write_csv(
    batches: Iterator[pa.RecordBatch], schema: pa.Schema, how: Csv, file_bytes: int, folder: Path
) -> Iterator[tuple[Path, int]]:
    """Write *batches* into files under *folder*; each with its rows. No file is longer than *file_bytes* before it is
    compressed (that compression comes after is assumed), unless one row is."""
    quote = _quoting(how)
    head = _line([quote(name) for name in schema.names], how) if how.has_header else b""
    rows = size = number = 0
    sink: BinaryIO | None = None
    path = folder
    try:
        for batch in batches:
            for line in _lines(batch, how, quote):
                if sink is not None and size + len(line) > file_bytes:
                    sink.close()
                    sink = None
                    yield path, rows
                if sink is None:
                    number += 1
                    path, rows, size = folder / f"{number}{how.suffix}", 0, len(head)
                    sink = _open(path, how)
                    sink.write(head)
                sink.write(line)
                rows += 1
                size += len(line)
    finally:
        if sink is not None:
            sink.close()
    if sink is not None:
        yield path, rows


def _lines(batch: pa.RecordBatch, how: Csv, quote: Text) -> Iterator[bytes]:
    columns = [
        [how.null if value is None else quote(value) for value in column.to_pylist()] for column in batch.columns
    ]
    for fields in zip(*columns, strict=True):
        yield _line(fields, how)


def _line(fields: Sequence[str], how: Csv) -> bytes:
    return (how.delimiter.join(fields) + how.row_delimiter).encode()


def _quoting(how: Csv) -> Text:
    signs = "|".join(re.escape(sign) for sign in ('"', "\r", "\n", how.delimiter, how.row_delimiter))
    needs_quotes = re.compile(signs).search

    def quote(value: object) -> str:
        text = value.hex().upper() if isinstance(value, bytes) else str(value)
        if how.is_rfc4180 and needs_quotes(text):
            return '"' + text.replace('"', '""') + '"'
        return text

    return quote


def _open(path: Path, how: Csv) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path, "wb")) if how.codec == "gzip" else path.open("wb")
