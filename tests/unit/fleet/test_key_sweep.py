"""Laws of the key sweep, over sources that change and warehouses that somebody has touched."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.attempt_record import AttemptRecord
from fleet.attempts import Attempt
from fleet.deltas import key_sweep
from fleet.deltas.chain import Purpose
from fleet.deltas.key_sweep import Group, TableSweep, again, compare_groups, compare_keys
from fleet.deltas.sweep_steps import conclude_sweep, find_unmended, sweep_stage
from fleet.deltas.swept_tables import describe_sweep
from fleet.tables.catalogue import TableName

NOW = datetime(2026, 11, 30, tzinfo=UTC)
KEYS = st.sets(st.integers(0, 30))


def md5(key: int) -> str:
    return hashlib.md5(str(key).encode(), usedforsecurity=False).hexdigest()


def group(keys: Iterable[int], digits: int) -> list[Group]:
    held: dict[str, list[str]] = {}
    for one in map(md5, keys):
        held.setdefault(one[:digits], []).append(one)
    return [Group(prefix, len(ours), sum(int(one[-8:], 16) for one in ours)) for prefix, ours in held.items()]


def look(table: TableSweep, source: Sequence[int], warehouse: Sequence[int], first: TableSweep | None) -> TableSweep:
    """One comparison to its end, while neither side changes."""
    while table.step in {"groups", "keys"}:
        if table.step == "groups":
            table = compare_groups(table, group(source, table.digits), group(warehouse, table.digits), first)
        else:
            prefixes = {one.prefix for one in table.suspects}
            listed = [
                [one for one in map(md5, keys) if one[: table.digits] in prefixes] for keys in (source, warehouse)
            ]
            table = compare_keys(table, *listed, first)
    return table


@dataclass(frozen=True)
class Swept:
    first: TableSweep
    second: TableSweep | None


def sweep(reads: Sequence[tuple[Iterable[int], Iterable[int]]], digits: int) -> Swept:
    (ours, theirs), (ours_then, theirs_then) = reads
    first = look(TableSweep("s", "t", digits=digits), sorted(ours), sorted(theirs), None)
    if not first.is_suspected:
        return Swept(first, None)
    return Swept(first, look(again(first, 1), sorted(ours_then), sorted(theirs_then), first))


@given(KEYS, KEYS, KEYS, st.integers(0, 2))
def test_what_a_closed_delta_brings_is_never_called_different(
    before: set[int], after: set[int], then: set[int], digits: int
) -> None:
    """Snowflake lags behind by changes that the second delta brings; the source goes on to change after its mark."""
    mended = sweep([(after, before), (after ^ then, after)], digits).second
    come_and_gone = (after ^ before) & then
    if mended is not None and not come_and_gone:
        assert mended.repair == ""


@given(KEYS, st.sets(st.integers(0, 30), max_size=4), st.sets(st.integers(31, 40), max_size=4), st.integers(0, 2))
def test_what_no_change_brought_or_removed_is_found_exactly(
    source: set[int], lost: set[int], foreign: set[int], digits: int
) -> None:
    held = (source - lost) | foreign
    swept = sweep([(source, held), (source, held)], digits)
    if held == source:
        assert swept.second is None
        return
    assert swept.second is not None
    assert set(swept.second.missing) == set(map(md5, source & lost))
    assert set(swept.second.surplus) == set(map(md5, foreign))
    assert swept.second.repair == ("full load" if source & lost else "deletion")


@given(KEYS, KEYS, KEYS)
def test_groups_of_a_table_with_too_many_differences_are_believed_only_where_the_source_left_them_alone(
    source: set[int], held: set[int], changed: set[int]
) -> None:
    first = compare_groups(TableSweep("s", "t", digits=1), group(source, 1), group(held, 1), None)
    if first.step == "over":
        return
    many = replace(first, step="over", is_many=True)
    now = source ^ changed
    second = compare_groups(again(many, 1), group(now, 1), group(held, 1), many)
    quiet = {md5(key)[:1] for key in source ^ held} - {md5(key)[:1] for key in changed}
    assert bool(second.repair) == bool(quiet)


def test_more_keys_than_are_followed_one_by_one_are_followed_by_their_groups() -> None:
    table = TableSweep("s", "t", step="keys", suspects=(Group("", 99, 1),))
    first = compare_keys(table, map(md5, range(key_sweep.MOST_SUSPECTED + 1)), [], None)
    assert (first.is_many, first.missing, again(first, 1).step) == (True, (), "groups")


def step(number: int, purpose: Purpose = "delta", **fields: Any) -> AttemptRecord:
    """An attempt whose delta is known to have read up to its mark, changed by *fields*."""
    attempt = Attempt("r", "shop", "delta", number, "arn")
    return replace(AttemptRecord(attempt, NOW, purpose, reaches=NOW, sealed_at=NOW), **fields)


@pytest.mark.parametrize(
    ("steps", "stage"),
    [
        ([step(1)], "compare"),
        ([step(1, reaches=None)], "over"),
        ([step(1, compared_at=NOW)], "over"),
        ([step(1, compared_at=NOW, is_suspected=True)], "confirm"),
        ([step(1, compared_at=NOW, is_suspected=True), step(2)], "compare"),
        ([step(1, compared_at=NOW, is_suspected=True), step(2, reaches=None)], "over"),
        ([step(1, compared_at=NOW, is_suspected=True), step(2, compared_at=NOW)], "over"),
        ([step(1, compared_at=NOW, is_suspected=True), step(2, compared_at=NOW), step(3)], "over"),
        ([step(1, "prime"), step(2, "full")], "over"),
        ([step(1, compared_at=NOW), step(2, "full")], "over"),
        ([step(1, compared_at=NOW, is_suspected=True), step(2), step(3, "prime")], "over"),
    ],
)
def test_a_sweep_compares_after_each_delta_that_proves_something(steps: list[AttemptRecord], stage: str) -> None:
    assert sweep_stage(steps) == stage


def test_a_difference_that_was_not_compared_again_counts_for_nothing() -> None:
    found = TableSweep("s", "t", step="over", keys=3, missing=("a",))
    end = conclude_sweep([step(1, compared_at=NOW, is_suspected=True)], {1: [found]}, (), ())
    assert (end.tables[0].keys, end.tables[0].differs, find_unmended(end)) == (None, False, {})
    assert describe_sweep(end) == [
        "the sweep: keys of s.t differed once, which counts for nothing: the second comparison did not come to its end",
        "the sweep left out s.t: its keys differed once, and were not compared again",
    ]


@pytest.mark.parametrize("is_loaded", [True, False])
def test_a_table_that_lacks_keys_is_mended_by_its_full_load_alone(*, is_loaded: bool) -> None:
    first = TableSweep("s", "t", step="over", keys=3, missing=("a",))
    second = replace(first, missing_keys=1, repair="full load")
    steps = [step(1, compared_at=NOW, is_suspected=True), step(2, compared_at=NOW), step(3, "full")]
    loaded = [TableName("s", "t")] if is_loaded else []
    end = conclude_sweep(steps, {1: [first], 2: [second]}, (), loaded)
    assert (end.tables[0].is_mended, bool(find_unmended(end))) == (is_loaded, not is_loaded)
    assert Counter(table.differs for table in end.tables) == {True: 1}
