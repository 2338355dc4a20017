"""What is made of a table's changes when their folder is sealed: whole, or why they cannot be applied."""

from __future__ import annotations

from typing import Any

import pytest

from fleet.deltas.sealing import SUSPENDED, describe_twice, judge_changes
from fleet.dms.tasks import ChangeCounts
from fleet.folders import LandedFile
from fleet.parquet_footer import Footer
from fleet.tables.catalogue import Table, TableName

TABLE = Table("s", "t", False, (), ("id",))
FILE = LandedFile("k", 9, "e")


@pytest.mark.parametrize(
    ("how", "name", "words"),
    [
        ({}, None, ""),
        ({"state": SUSPENDED}, "TableSuspended", "DMS has suspended the table"),
        ({"changed": "s.t was altered"}, "TableChanged", "s.t was altered."),
        ({"carried": ("id", "area")}, "ColumnsMissing", "changes lack area"),
        ({"counts": ChangeCounts(2, 1, 0)}, "ChangesMissing", "DMS counts 3 changes, the files hold 2."),
        ({"counts": ChangeCounts(1, 0, 0)}, None, ""),
        ({"counts": None}, None, ""),
    ],
)
def test_changes_are_whole_or_say_what_is_wrong(how: dict[str, Any], name: str | None, words: str) -> None:
    footers = {"k": Footer(2, {}, frozenset({"id"}))}
    sealed = judge_changes(TABLE, files=[FILE], footers=footers, **{"counts": ChangeCounts(1, 1, 0), **how})
    assert (sealed.failure.name if sealed.failure else None, sealed.rows) == (name, 2)
    assert words in (sealed.failure.text if sealed.failure else "")


def test_changes_that_dms_wrote_twice_are_said_and_no_others() -> None:
    sealed = judge_changes(TABLE, ChangeCounts(1, 0, 0), [FILE], {"k": Footer(2, {})})
    name = TableName("s", "t")
    assert describe_twice([sealed], {name: ChangeCounts(1, 0, 0)}) == (
        "files hold more changes than DMS counts, which come twice and are applied once: 1 of s.t",
    )
    assert describe_twice([sealed], {name: ChangeCounts(1, 1, 0)}) == ()
    assert describe_twice([sealed], {}) == ()  # nobody knows DMS's count any more
