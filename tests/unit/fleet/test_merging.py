"""What a narrowed attempt changes in its run's outcome, and whose work covers whose: every set of three tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, combinations, product

from fleet.attempts import Attempt, covers
from fleet.failures import Failure
from fleet.outcomes import NOT_ASKED, TableOutcome, decide, merge

NAMES = ("a", "b", "c")
LOST = Failure("connection", "SourceLost", "gone")
ERROR = Failure("table_error", "TableNotLoaded", "s.t: no")
GOOD = TableOutcome("s", "t", False, "full", 1, 5, 5, 5, 5, 100)


def subsets() -> Iterator[tuple[str, ...]]:
    """Every set of the three tables."""
    return chain.from_iterable(combinations(NAMES, size) for size in range(len(NAMES) + 1))


def test_a_narrowed_attempt_changes_the_tables_it_was_asked_for_and_no_other() -> None:
    for before, named, measured, failure in product(subsets(), subsets(), subsets(), (None, LOST)):
        if not set(measured) <= set(named):
            continue
        previous = [replace(GOOD, table=one, failure=ERROR) for one in before]
        new = [replace(GOOD, table=one, attempt=2) for one in measured]
        attempt = Attempt("r", "d", "full", 2, "arn", tuple(f"s.{one}" for one in named))
        merged = {one.table: one for one in merge(previous, attempt, failure, new)}
        assert set(merged) == {*before, *measured}
        for name, one in merged.items():
            if name in before and name not in named:
                wanted: tuple[int, Failure | None] = (1, ERROR)
            elif name in before and failure is not None:
                wanted = (2, LOST)
            else:
                wanted = (2, None) if name in measured else (1, ERROR)
            assert (one.attempt, one.failure) == wanted, (before, named, measured, failure, name)


def test_a_database_is_named_after_what_failed_and_not_after_what_nobody_asked_for() -> None:
    not_asked = replace(GOOD, failure=Failure("cancelled", NOT_ASKED, "not moved"))
    tables = [not_asked, not_asked, replace(GOOD, failure=ERROR), GOOD]
    attempt = Attempt("r", "d", "full", 1, "arn")
    made = decide(attempt, None, tables, gaps=(), started_at="", ended_at="")
    assert made.failure == replace(ERROR, text="s.t: no (3 tables are not ok.)")
    alone = decide(attempt, None, [not_asked, GOOD], gaps=(), started_at="", ended_at="")
    assert alone.failure == not_asked.failure


def test_an_attempt_covers_another_exactly_where_it_was_asked_for_all_of_the_others_tables() -> None:
    every: list[tuple[str, ...] | None] = [None, *subsets()]
    for theirs, ours in product(every, every):
        wanted = set(NAMES) | {"d"} if ours is None else set(ours)
        done = set(NAMES) | {"d"} if theirs is None else set(theirs)
        assert covers(theirs, ours) == (wanted <= done), (theirs, ours)
