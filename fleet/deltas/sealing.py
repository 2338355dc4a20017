"""What is sealed of a delta: its changes by table, and whether its folders hold all up to a known place of the log."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from fleet.dms.tasks import ChangeCounts
from fleet.failures import Failure
from fleet.folders import LandedFile
from fleet.manifests import SealedTable
from fleet.parquet_footer import Footer
from fleet.spelling import list_some
from fleet.tables.catalogue import Table, TableName

SUSPENDED = "Table error"
"""DMS's state of a table that it reads no changes of any more."""
MARK_COLUMN = "attempt"
"""The column of the mark that holds the number of the attempt that set it."""


def judge_changes(
    table: Table,
    counts: ChangeCounts | None,
    files: Sequence[LandedFile],
    footers: Mapping[str, Footer],
    *,
    state: str = "",
    changed: str = "",
    carried: Collection[str] = (),
    left_out: Failure | None = None,
) -> SealedTable:
    """What landed of *table*'s changes. *counts*: of this attempt by DMS, None where they are not known; *footers*: of
    each file, by key. *changed*: how the table itself has changed meanwhile, in words. *carried*: the columns of the
    source that each change must have, as they are named in the files. *left_out*: a column landed that never may.

    More rows in the files than DMS counts are changes that it wrote twice, which apply once. Fewer are lost.

    >>> t, file = Table("s", "t", False, (), ("id",)), LandedFile("k", 9, "e")
    >>> judge_changes(t, ChangeCounts(1, 1, 1), [file], {"k": Footer(3, {})}).failure is None
    True
    >>> print(judge_changes(t, ChangeCounts(1, 1, 1), [file], {"k": Footer(2, {})}).failure.text)
    s.t: DMS counts 3 changes, the files hold 2.
    """
    rows = sum(footers[file.key].rows for file in files)
    failure = None
    if left_out:
        failure = left_out
    elif state == SUSPENDED:
        text = f"{table.name}: DMS has suspended the table and reads no changes of it any more."
        failure = Failure("table_error", "TableSuspended", text)
    elif changed:
        failure = Failure("drift", "TableChanged", f"{changed}.")
    elif lacking := sorted({name for file in files for name in carried if name not in footers[file.key].columns}):
        text = f"{table.name}: changes lack {list_some(lacking, 'columns')}, which a full load brings."
        failure = Failure("landing_mismatch", "ColumnsMissing", text)
    elif counts is not None and rows < counts.all:
        text = f"{table.name}: DMS counts {counts.all:,} changes, the files hold {rows:,}."
        failure = Failure("landing_mismatch", "ChangesMissing", text)
    return SealedTable(
        table.schema, table.table, False, "loaded" if rows else "empty", rows, None, tuple(files), failure
    )


def describe_twice(sealed: Sequence[SealedTable], counts: Mapping[TableName, ChangeCounts]) -> tuple[str, ...]:
    """Which tables' files hold more changes than DMS counts, in words: those before an unclean stop come again.

    >>> twice = SealedTable("s", "t", False, "loaded", 3, None, ())
    >>> describe_twice([twice], {TableName("s", "t"): ChangeCounts(1, 1, 0)})
    ('files hold more changes than DMS counts, which come twice and are applied once: 1 of s.t',)
    """
    more = [
        f"{one.rows - counts[one.name].all:,} of {one.name}"
        for one in sealed
        if one.name in counts and one.rows > counts[one.name].all
    ]
    return (
        (f"files hold more changes than DMS counts, which come twice and are applied once: {list_some(more)}",)
        if more
        else ()
    )


def find_mark(files: Sequence[LandedFile], footers: Mapping[str, Footer]) -> int:
    """The number of the newest attempt whose mark is in *files* of the mark's table; 0 where none is.

    >>> find_mark([LandedFile("k", 9, "e")], {"k": Footer(2, {"attempt": 7})})
    7
    """
    return max((footers[file.key].largest.get(MARK_COLUMN, 0) for file in files), default=0)
