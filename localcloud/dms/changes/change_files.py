"""Files of changes: the layout of their columns, and the relation that the writer of full loads makes them of.

Source: AWS DMS user guide, "Indicating source DB operations in migrated S3 data" (docs/facts/dms.md 4.5).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import duckdb

from localcloud.dms.changes.batch import Batch
from localcloud.dms.changes.change_settings import ChangeSettings
from localcloud.dms.engines.reader import Layout, Written
from localcloud.dms.files import writer
from localcloud.dms.files.quoting import identifier
from localcloud.dms.loads.target import TargetSettings
from localcloud.dms.rules.transformations import Shape
from localcloud.dms.type_tables.column import DmsType

# A change sequence is 16 digits of time, the last two hundredths of a second, and 19 of a number. Source: the guide.
_HEADERS = """
    CASE "dms operation" WHEN 'I' THEN 'INSERT' WHEN 'U' THEN 'UPDATE' ELSE 'DELETE' END AS "AR_H_OPERATION",
    "dms position" AS "AR_H_STREAM_POSITION",
    "dms committed" AS "AR_H_TIMESTAMP",
    "dms committed" AS "AR_H_COMMIT_TIMESTAMP",
    '' AS "AR_H_USER",
    strftime("dms sequence time", '%Y%m%d%H%M%S')
        || lpad((microsecond("dms sequence time") % 1000000 // 10000)::VARCHAR, 2, '0')
        || lpad("dms sequence"::VARCHAR, 19, '0') AS "AR_H_CHANGE_SEQ"
"""
_OPERATION = '"dms operation"'
_COMMITTED = """strftime("dms committed", '%Y-%m-%d %H:%M:%S.%f')"""


def layout_of(
    settings: TargetSettings,
    changes: ChangeSettings,
    shape: Shape,
    lob_bytes: int | None,
    at: datetime,
    *,
    suspends_at_cut: bool,
    warn: Callable[[str], None],
) -> Layout:
    """How files of a table's changes are laid out."""
    leading = [("Op", _OPERATION)] if changes.has_operation else []
    if settings.timestamp_column:
        leading.append((settings.timestamp_column, _COMMITTED))
    return Layout(
        of_changes=tuple(leading),
        shape=shape,
        lob_bytes=lob_bytes,
        suspends_at_cut=suspends_at_cut,
        format=settings.format,
        file_bytes=settings.file_bytes,
        at=at,
        warn=warn,
    )


def write(
    connection: duckdb.DuckDBPyConnection,
    batch: Batch,
    carried: Sequence[tuple[str, DmsType]],
    layout: Layout,
    folder: Path,
) -> list[Written]:
    """The packed rows of *batch* as files. Raises TableUnreadableError."""
    with connection.cursor() as cursor:
        cursor.register("packed", batch.rows())
        try:
            return writer.write(cursor, f"(SELECT *, {_HEADERS} FROM {identifier('packed')})", carried, layout, folder)
        finally:
            cursor.unregister("packed")
