"""The manifest: the last object of a folder, which makes it complete, and what may be handed off from it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from fleet.attempts import Attempt
from fleet.dms.tasks import TableState
from fleet.failures import Failure
from fleet.folders import Folder, LandedFile, may_be_left_by_test
from fleet.tables.catalogue import Table, TableName

FORMAT = 1


@dataclass(frozen=True)
class SealedTable:
    """One table of a sealed folder. *rows*: DMS's count. *rows_at_source*: None where the source could not be asked.

    A *failure* keeps the table from being handed off.
    """

    schema: str
    table: str
    is_view: bool
    state: TableState
    rows: int
    rows_at_source: int | None
    files: tuple[LandedFile, ...]
    failure: Failure | None = None

    @property
    def name(self) -> TableName:
        """Its two names."""
        return TableName(self.schema, self.table)


@dataclass(frozen=True)
class Manifest:
    """What is in a sealed folder. *failure*: why nothing of it may be handed off. *complete*: all tables whole.

    *gaps*: what could not be checked, in words for the report. *sealed_at*: ISO time, UTC. *late_attempts*: whose
    folders got an object after their seals, if that is the failure. *left_by_test*: objects that lay beside the tables'
    folders before the task started.
    """

    format: int
    attempt: Attempt
    bucket: str
    sealed_at: str
    complete: bool
    tables: tuple[SealedTable, ...]
    failure: Failure | None = None
    gaps: tuple[str, ...] = ()
    late_attempts: tuple[int, ...] = ()
    left_by_test: tuple[LandedFile, ...] = ()

    @property
    def keys(self) -> set[str]:
        """Every object that the manifest names."""
        return {file.key for table in self.tables for file in table.files} | {file.key for file in self.left_by_test}

    @property
    def handed_off(self) -> tuple[SealedTable, ...]:
        """The tables that Snowflake may take in."""
        return () if self.failure else tuple(table for table in self.tables if table.failure is None)


def judge_table(
    table: Table,
    reported: tuple[TableState, int, str] | None,
    files: Sequence[LandedFile],
    at_source: int | None,
    *,
    tolerance: int,
) -> SealedTable:
    """What became of *table*: by DMS's statistics (None: it has none), by the files in S3 and by the source's count.

    >>> t = Table("public", "t", False, ())
    >>> judge_table(t, ("empty", 0, ""), [], 0, tolerance=0).failure is None
    True
    >>> judge_table(t, ("loaded", 5, ""), [], 5, tolerance=0).failure.name
    'RowsWithoutFiles'
    >>> judge_table(t, ("loaded", 5, ""), [LandedFile("k", 1, "e")], 7, tolerance=1).failure.name
    'RowsDifferFromSource'
    """
    name = table.name
    state, rows, text = reported or ("missing", 0, "DMS has no statistics of it")
    failure = None
    if state in {"failed", "missing"}:
        failure = Failure("table_error", "TableNotLoaded", f"{name}: {text}.")
    elif state == "loaded" and not files:
        failure = Failure("landing_mismatch", "RowsWithoutFiles", f"{name}: DMS loaded {rows:,} rows, S3 has no file.")
    elif state == "empty" and files:
        failure = Failure(
            "landing_mismatch", "FilesWithoutRows", f"{name}: DMS loaded no row, S3 has {len(files)} files."
        )
    elif at_source is not None and abs(at_source - rows) > tolerance:
        failure = Failure(
            "table_error",
            "RowsDifferFromSource",
            f"{name}: {at_source:,} rows at the source, {rows:,} by DMS; wanted at most {tolerance:,} apart.",
        )
    return SealedTable(table.schema, table.table, table.is_view, state, rows, at_source, tuple(files), failure)


def part_left_by_test(
    folder: Folder, strays: Sequence[LandedFile], noted: Collection[str]
) -> tuple[tuple[LandedFile, ...], tuple[LandedFile, ...]]:
    """*strays* in two: what DMS's connection test may have left, and the rest. *noted*: keys seen before the start."""
    left = tuple(file for file in strays if file.key in noted and may_be_left_by_test(folder, file))
    return left, tuple(file for file in strays if file not in left)


def describe_left_by_test(left: Sequence[LandedFile]) -> str | None:
    """The gap that *left* is, in words for the report; None without one."""
    if not left:
        return None
    return (
        f"{len(left)} small objects lay beside the tables' folders before the task started, the first {left[0].key!r} "
        f"({left[0].size_bytes} bytes): DMS's connection test may leave such. They are not loaded."
    )


def judge_strays(strays: Sequence[LandedFile], late: Sequence[str]) -> Failure | None:
    """A failure, if the folder holds what no selected table wrote, or an earlier sealed folder got a *late* object."""
    if strays:
        return Failure(
            "landing_mismatch",
            "StrayObjects",
            f"{len(strays)} objects in the folder belong to no selected table, the first {strays[0].key!r}. "
            f"Nothing is handed off. Find who wrote them.",
        )
    if late:
        return Failure(
            "landing_mismatch",
            "LateObject",
            f"{late[0]!r} appeared in a folder that was sealed already ({len(late)} such objects). "
            f"What was loaded from it may lack rows.",
        )
    return None


def seal(
    attempt: Attempt,
    tables: Sequence[Table],
    *,
    bucket: str,
    sealed_at: str,
    reported: Mapping[TableName, tuple[TableState, int, str]],
    files: Mapping[TableName, Sequence[LandedFile]],
    at_source: Mapping[TableName, int] | None,
    tolerance: int,
    failure: Failure | None,
    gaps: Sequence[str] = (),
    late_attempts: Sequence[int] = (),
    left_by_test: Sequence[LandedFile] = (),
) -> Manifest:
    """The manifest of a full load whose task is at rest. *failure* is what forbids any hand-off."""
    sealed = tuple(
        judge_table(
            table,
            reported.get(table.name),
            files.get(table.name, ()),
            None if at_source is None else at_source.get(table.name),
            tolerance=tolerance,
        )
        for table in tables
    )
    return Manifest(
        format=FORMAT,
        attempt=attempt,
        bucket=bucket,
        sealed_at=sealed_at,
        complete=failure is None and all(table.failure is None for table in sealed),
        tables=sealed,
        failure=failure,
        gaps=tuple(gaps),
        late_attempts=tuple(late_attempts),
        left_by_test=tuple(left_by_test),
    )
