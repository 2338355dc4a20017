"""The ends of landed Parquet files, which say what columns and how many rows they hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from fleet.databases import Database
from fleet.dms.endpoints import OPERATION_COLUMN, TIMESTAMP_COLUMN
from fleet.dms.mappings import BEFORE_PREFIX, DATABASE_COLUMN, POSITION_COLUMN, SEQUENCE_COLUMN
from fleet.failures import Failure
from fleet.folders import LandedFile
from fleet.parquet_footer import TAIL_BYTES, Footer, NotParquetError, footer_bytes, read_footer
from fleet.tables.catalogue import Table, TableName
from fleet.tables.registry_columns import judge_left_out, may_leave_out
from fleet.warehouse import rename_columns
from lambdas.wiring import Clients

_FIRST_LOOK_BYTES = 16 * 1024
"""Holds most footers whole, so that a file takes one request."""
_ADDED = {OPERATION_COLUMN, TIMESTAMP_COLUMN, DATABASE_COLUMN, POSITION_COLUMN, SEQUENCE_COLUMN}


def read_footers(bucket: str, files: Iterable[LandedFile], clients: Clients) -> dict[str, Footer]:
    """The footer of each of *files*, by key.

    Raises:
        NotParquetError: One of them is no Parquet file.
    """
    return {file.key: _read_footer(bucket, file, clients) for file in files}


def find_left_out(
    database: Database,
    bucket: str,
    tables: Sequence[Table],
    files: Mapping[TableName, Sequence[LandedFile]],
    clients: Clients,
) -> dict[TableName, Failure]:
    """Tables of a full load in whose files a column landed that the registry leaves out.

    DMS reads a table's definition when it begins with it, so that the first and the last file speak for all (assumed).
    A file that cannot be read says nothing here: Snowflake refuses it.
    """
    found: dict[TableName, Failure] = {}
    for table in tables:
        landed = files.get(table.name, ())
        if not landed or not may_leave_out(database, table.name):
            continue
        footers: dict[str, Footer] = {}
        for file in {one.key: one for one in (landed[0], landed[-1])}.values():
            try:
                footers |= read_footers(bucket, [file], clients)
            except NotParquetError:
                continue
        if failure := judge_left_out(database, table.name, known_columns(database, table), landed, footers):
            found[table.name] = failure
    return found


def known_columns(database: Database, table: Table) -> set[str]:
    """The columns that files of *table* may have, as they are named there: the source's, and what DMS adds for us."""
    landed = {column.name for column in rename_columns(table, database.renames).columns}
    return landed | _ADDED | {f"{BEFORE_PREFIX}{name}" for name in table.key}


def _read_footer(bucket: str, file: LandedFile, clients: Clients) -> Footer:
    end = clients.objects.read_end(bucket, file.key, _FIRST_LOOK_BYTES)
    length = footer_bytes(end[-TAIL_BYTES:]) + TAIL_BYTES
    if length > len(end):
        end = clients.objects.read_end(bucket, file.key, length)
    return read_footer(end)
