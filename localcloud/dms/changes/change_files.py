"""Files of changes: which of a batch's rows they hold, in which columns, made by the writer of full loads.

Source: AWS DMS user guide, "Indicating source DB operations in migrated S3 data" (docs/facts/dms.md 4.5).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from localcloud.dms.changes.captured import KeyUpdates
from localcloud.dms.changes.change_settings import ChangeSettings
from localcloud.dms.engines.reader import Layout, Written
from localcloud.dms.files import writer
from localcloud.dms.rules.before_images import before_name
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
_RELATION = f"(SELECT *, {_HEADERS} FROM packed)"


def leading(settings: ChangeSettings, timestamp_column: str) -> tuple[tuple[str, str], ...]:
    """The columns before the source's own, with their SQL."""
    found = [("Op", _OPERATION)] if settings.has_operation else []
    if timestamp_column:
        found.append((timestamp_column, _COMMITTED))
    return tuple(found)


def chosen(rows: pa.Table, settings: ChangeSettings, key_updates: KeyUpdates, key: Sequence[str]) -> pa.Table:
    """Those of *rows* that are written, as they are."""
    if settings.operations != frozenset("IUD"):
        wanted = pa.array(sorted(settings.operations))
        rows = rows.filter(pc.call_function("is_in", [rows["dms operation"]], pc.SetLookupOptions(wanted)))
    changed = rows["dms key changed"]
    if key_updates == "before image" or not pc.call_function("any", [changed]).as_py():
        return rows
    if key_updates == "ignored":
        return rows.filter(pc.call_function("invert", [changed]))
    for name in rows.column_names:
        if name.startswith(before_name("")):
            place, column = rows.schema.get_field_index(name), name.removeprefix(before_name(""))
            other = rows[column] if column in key else pa.scalar(None, rows[name].type)
            rows = rows.set_column(place, name, pc.call_function("if_else", [changed, other, rows[name]]))
    return rows


def write(
    connection: duckdb.DuckDBPyConnection,
    rows: pa.Table,
    carried: Sequence[tuple[str, DmsType]],
    layout: Layout,
    folder: Path,
) -> tuple[list[Written], Counter[str]]:
    """*rows* as files, and how many of each operation are in them. Raises TableUnreadableError."""
    with connection.cursor() as cursor:
        cursor.register("packed", rows)
        try:
            files = writer.write(cursor, _RELATION, carried, layout, folder)
            counts = Counter[str]()
            if files:
                where = writer.where(layout.shape, dict(carried))
                query = f"SELECT {_OPERATION}, count(*) FROM {_RELATION}{where} GROUP BY ALL"
                counts.update(dict(cursor.execute(query).fetchall()))
            return files, counts
        finally:
            cursor.unregister("packed")
