"""The manifest: the last object of a folder, which makes it complete, and what may be handed off from it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from fleet.attempts import Attempt
from fleet.databases import LossPolicy
from fleet.deltas.log_places import LogPlace
from fleet.dms.tasks import ChangeCounts, TableState
from fleet.failures import Failure
from fleet.folders import Folder, LandedFile, may_be_left_by_test
from fleet.spelling import list_some
from fleet.tables.account import NOTHING_ACCOUNTED, DatabaseAccount
from fleet.tables.catalogue import Table, TableName
from fleet.tables.losses import ColumnLoss, describe

FORMAT = 1


@dataclass(frozen=True)
class SealedTable:
    """One table of a sealed folder. *rows*: DMS's count. *rows_at_source*: after the load, None where the source could
    not be asked; *rows_before*: before it, None where the source was not asked.

    *losses*: what its columns lose. A *failure* keeps the table from being handed off.
    """

    schema: str
    table: str
    is_view: bool
    state: TableState
    rows: int
    rows_at_source: int | None
    files: tuple[LandedFile, ...]
    failure: Failure | None = None
    rows_before: int | None = None
    losses: tuple[ColumnLoss, ...] = ()

    @property
    def name(self) -> TableName:
        """Its two names."""
        return TableName(self.schema, self.table)


class TableChanges(NamedTuple):
    """DMS's counts of the changes of one table."""

    schema: str
    table: str
    counts: ChangeCounts


@dataclass(frozen=True)
class DeltaSeal:
    """What a folder of changes is known to hold. *chain*: the chain that it belongs to; *checkpoint*: where the task
    goes on in the source's log.

    *is_closed*: nothing of the folder and those before it waits for another one to be applied. *reaches*: all that was
    committed at the source before it is in them (ISO time, UTC); empty where nobody knows. *mark*: the newest one in
    the folder, and *mark_files* those of its table, which nobody loads.
    *end*: why the task did not end as a bounded run ends; what landed is in order all the same, and is applied.
    *counts*: DMS's counts of each table's changes over the life of the task, from which the next attempt's begin.
    *place*: where the source's log was, None if it did not say so. *open_since*: when a transaction began that was open
    then and that the stop of the task may have cut; empty without one. *owes_sweep*: such a one is over, and no
    keys were compared since. *strays*: objects in the folder that nobody
    knows, which end the run red and keep no change back.
    """

    chain: int
    checkpoint: str
    is_closed: bool
    reaches: str = ""
    mark: int = 0
    mark_files: tuple[LandedFile, ...] = ()
    end: Failure | None = None
    counts: tuple[TableChanges, ...] = ()
    place: LogPlace | None = None
    open_since: str = ""
    owes_sweep: bool = False
    strays: Failure | None = None


@dataclass(frozen=True)
class Manifest:
    """What is in a sealed folder. *failure*: why nothing of it may be handed off. *complete*: all tables whole, and
    nothing missing in the *account* of the database; of no trial.

    *gaps*: what could not be checked, in words for the report. *sealed_at*: ISO time, UTC. *late_attempts*: whose
    folders got an object after their seals, if that is the failure. *left_by_test*: objects that lay beside the tables'
    folders before the task started. *delta*: of a folder of changes.
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
    account: DatabaseAccount = NOTHING_ACCOUNTED
    delta: DeltaSeal | None = None

    @property
    def keys(self) -> set[str]:
        """Every object that the manifest names."""
        marks = self.delta.mark_files if self.delta else ()
        return {file.key for table in self.tables for file in table.files} | {
            file.key for file in (*self.left_by_test, *marks)
        }

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
    before: int | None = None,
    losses: Sequence[ColumnLoss] = (),
    policy: LossPolicy = "partial",
    refused: str = "",
    left_out: Failure | None = None,
) -> SealedTable:
    """What became of *table*: by DMS's statistics (None: it has none), by the files in S3 and by the source's counts.

    Rows may come and go while DMS reads: what it read lies between the counts *before* and after, or it is not whole.
    What is lost for sure, and not accepted, withholds the table where the *policy* is `failed`. *refused*: why the
    source does not show all of its rows, so that DMS may have read a part. *left_out*: a column landed that never may.

    >>> t = Table("public", "t", False, ())
    >>> judge_table(t, ("empty", 0, ""), [], 0, tolerance=0).failure is None
    True
    >>> judge_table(t, ("loaded", 5, ""), [], 5, tolerance=0).failure.name
    'RowsWithoutFiles'
    >>> judge_table(t, ("loaded", 5, ""), [LandedFile("k", 1, "e")], 7, tolerance=1).failure.name
    'RowsDifferFromSource'
    >>> judge_table(t, ("loaded", 5, ""), [LandedFile("k", 1, "e")], 7, tolerance=0, before=4).failure is None
    True
    """
    name = table.name
    state, rows, text = reported or ("missing", 0, "DMS has no statistics of it")
    failure = None
    if left_out:
        failure = left_out
    elif state in {"failed", "missing"}:
        failure = Failure("table_error", "TableNotLoaded", f"{name}: {text}.")
    elif state == "loaded" and not files:
        failure = Failure("landing_mismatch", "RowsWithoutFiles", f"{name}: DMS loaded {rows:,} rows, S3 has no file.")
    elif state == "empty" and files:
        failure = Failure(
            "landing_mismatch", "FilesWithoutRows", f"{name}: DMS loaded no row, S3 has {len(files)} files."
        )
    elif refused:
        failure = Failure("not_moved", "RowsHidden", f"{name}: the source does not show all of its rows: {refused}.")
    elif at_source is not None and not _is_between(rows, before, at_source, tolerance):
        counted = f"{at_source:,} rows at the source"
        if before is not None and before != at_source:
            counted = f"{before:,} rows at the source before the load and {at_source:,} after it"
        failure = Failure(
            "table_error",
            "RowsDifferFromSource",
            f"{name}: {counted}, {rows:,} by DMS; wanted at most {tolerance:,} apart.",
        )
    elif policy == "failed" and (lost := [one for one in losses if one.is_red]):
        text = f"{name} is withheld: {describe(lost, rows)}. The registry's policy for losses is `failed`."
        failure = Failure("value_loss", "LossNotAllowed", text)
    return SealedTable(
        table.schema,
        table.table,
        table.is_view,
        state,
        rows,
        at_source,
        tuple(files),
        failure,
        before,
        tuple(losses),
    )


def _is_between(rows: int, before: int | None, after: int, tolerance: int) -> bool:
    lowest, highest = sorted((after if before is None else before, after))
    return lowest - tolerance <= rows <= highest + tolerance


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


def describe_unplanned(planned: Sequence[Table], reported: Collection[TableName]) -> str | None:
    """The gap that tables are which DMS loaded and no plan has: a mapping matched more than the table that it names.

    >>> describe_unplanned([Table("s", "a_b", False, ())], [TableName("s", "a_b"), TableName("s", "axb")])
    'DMS has statistics of tables that were not to be moved: s.axb. Their rows are not loaded'
    """
    names = {table.name for table in planned}
    more = sorted(str(name) for name in reported if name not in names)
    if not more:
        return None
    listed = list_some(more, "tables")
    return f"DMS has statistics of tables that were not to be moved: {listed}. Their rows are not loaded"


def judge_strays(
    strays: Sequence[LandedFile], late: Sequence[str], *, follows: str = "Nothing is handed off."
) -> Failure | None:
    """A failure, if the folder holds what no selected table wrote, or an earlier sealed folder got a *late* object.

    *follows*: what becomes of the folder in the first case.
    """
    if strays:
        return Failure(
            "landing_mismatch",
            "StrayObjects",
            f"{len(strays)} objects in the folder belong to no selected table, the first {strays[0].key!r}. "
            f"{follows} Find who wrote them.",
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
    tables: Sequence[SealedTable],
    *,
    bucket: str,
    sealed_at: str,
    failure: Failure | None,
    account: DatabaseAccount = NOTHING_ACCOUNTED,
    gaps: Sequence[str] = (),
    late_attempts: Sequence[int] = (),
    left_by_test: Sequence[LandedFile] = (),
    delta: DeltaSeal | None = None,
    is_trial: bool = False,
) -> Manifest:
    """The manifest of an attempt whose task is at rest. *failure* is what forbids any hand-off. *is_trial*: it moved
    one table of all that it was to (`fleet/gate.py`).
    """
    is_whole = not is_trial and failure is None and all(table.failure is None for table in tables)
    return Manifest(
        format=FORMAT,
        attempt=attempt,
        bucket=bucket,
        sealed_at=sealed_at,
        complete=is_whole and account.is_complete,
        tables=tuple(tables),
        failure=failure,
        gaps=tuple(gaps),
        late_attempts=tuple(late_attempts),
        left_by_test=tuple(left_by_test),
        account=account,
        delta=delta,
    )
