"""Lays rows out as DMS's Parquet: `Op`, timestamp column, the source's columns, the added ones (reference/dms.md 4.5).

DuckDB writes the file; a reader hands in a relation whose columns already have the values DMS would carry. Where
DuckDB's Parquet differs from DMS's: TIME is 64-bit microseconds (DMS: TIME32), cut to the milliseconds TIME32 holds;
page sizes, dictionary and statistics are DuckDB's own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import duckdb

from local.dms.reader import Layout, Written


def write(
    cursor: duckdb.DuckDBPyConnection, relation: str, columns: Sequence[str], layout: Layout, folder: Path
) -> list[Written]:
    """Stream *relation* (a FROM clause of DuckDB's) into files under *folder*; none when it has no rows."""
    fields = [f"{literal(value)} AS {identifier(name)}" for name, value in layout.leading]
    fields += [identifier(name) for name in columns]
    fields += [f"{literal(value)} AS {identifier(name)}" for name, value in layout.added]
    rows = cursor.execute(
        f"COPY (SELECT {', '.join(fields)} FROM {relation}) TO {literal(str(folder))} "
        f"(FORMAT parquet, RETURN_STATS, CODEC {layout.codec}, ROW_GROUP_SIZE {layout.row_group_rows}, "
        f"FILE_SIZE_BYTES {layout.file_bytes})"
    ).fetchall()
    return sorted((Written(Path(row[0]), row[1]) for row in rows if row[1]), key=lambda file: _number(file.path))


def _number(path: Path) -> int:
    return int(re.sub(r"\D", "", path.stem))


def identifier(name: str) -> str:
    """*name* quoted as SQL wants it.

    >>> identifier('a"b')
    '"a""b"'
    """
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """*text* as a SQL string.

    >>> literal("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"
