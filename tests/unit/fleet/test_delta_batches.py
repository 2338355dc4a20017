"""Which folders of changes a table gets: all that it does not have, in order, up to a closed one, however many."""

from __future__ import annotations

import random

import pytest

from fleet.attempts import Attempt
from fleet.deltas.batches import DeltaFolder, closed_through, find_broken, plan_batch
from fleet.deltas.chain import TableState
from fleet.folders import LandedFile
from fleet.manifests import SealedTable, seal

STATE = TableState("s", "t", 1, 3, 3, "ab")


def folder(number: int, *, is_closed: bool = True, table: str = "t", files: int = 1) -> DeltaFolder:
    attempt = Attempt(f"run-{number}", "shop", "delta", number, "arn")
    landed = tuple(LandedFile(f"k{file}", 1, "e") for file in range(files))
    sealed = SealedTable("s", table, False, "loaded", files, None, landed)
    return DeltaFolder(attempt, is_closed, seal(attempt, [sealed], bucket="b", sealed_at="", failure=None))


@pytest.mark.parametrize("count", [1, 11, 300])
def test_every_folder_that_is_not_applied_yet_is_in_the_batch_in_order(count: int) -> None:
    folders = [folder(number) for number in range(1, 4 + count)]
    random.Random(count).shuffle(folders)  # noqa: S311  repeatable on purpose
    batch = plan_batch(STATE, folders, closed_through(folders))
    assert [attempt.number for attempt, _ in batch] == list(range(4, 4 + count))


def test_what_lies_behind_the_last_closed_folder_waits() -> None:
    folders = [folder(4), folder(5, is_closed=False), folder(6), folder(7, is_closed=False)]
    assert closed_through(folders) == 6
    assert [attempt.number for attempt, _ in plan_batch(STATE, folders, 6)] == [4, 5, 6]


def test_a_folder_without_the_table_or_without_its_manifest_breaks_it_and_one_without_changes_does_not() -> None:
    assert find_broken(STATE, [folder(4), folder(5, files=0)], [], 5) == ""
    assert "attempt 5 read changes of other tables without it" in find_broken(STATE, [folder(5, table="u")], [], 5)
    assert "the manifest of attempt 5" in find_broken(STATE, [folder(4)], [5], 6)
    assert find_broken(STATE, [], [2, 9], 6) == ""  # one is applied, and the other waits
