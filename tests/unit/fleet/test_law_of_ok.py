"""The law of `ok`, enumerated: every combination of what can be measured, and the one word that it must give.

The law is written here a second time, from the design alone, so that the code cannot be its own judge.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import get_args

from fleet.attempts import Attempt
from fleet.dms.tasks import TableState
from fleet.failures import Failure
from fleet.folders import LandedFile
from fleet.manifests import Manifest, judge_strays, judge_table, seal
from fleet.outcomes import LoadResult, TableOutcome, decide, reconcile
from fleet.tables.catalogue import Table, TableName

ATTEMPT = Attempt("r", "nyc", "full", 3, "arn")
LOST = Failure("connection", "SourceLost", "gone")
REFUSED = LoadResult(0, 0, Failure("warehouse", "LoadRefused", "no"))
ROWS = 5
"""By DMS, of a table that it loaded."""


@dataclass(frozen=True)
class Measured:
    """One table as it was measured. None: DMS has no statistics, nobody counted at the source, nobody asked Snowflake.

    *apart*: rows at the source less those by DMS. *load*: rows parsed and rows published, less those by DMS.
    """

    state: TableState | None
    has_file: bool
    apart: int | None
    load: tuple[int, int] | str | None

    @property
    def rows(self) -> int:
        """By DMS."""
        return 0 if self.state in {"empty", "missing", None} else ROWS


STATES: tuple[TableState | None, ...] = (None, *get_args(TableState))
APART = (None, -2, -1, 0, 1, 2)
LOADS = (None, "refused", *((parsed, published) for parsed in (-1, 0, 1) for published in (-1, 0, 1)))
EVERY = [Measured(*one) for one in product(STATES, (False, True), APART, LOADS)]
GOOD = Measured("loaded", True, 0, (0, 0))
BAD = Measured("failed", False, None, None)


def may_be_handed_off(table: Measured, tolerance: int) -> bool:
    """DMS says that it is whole, the files are there exactly if it has rows, and the source counts the same."""
    is_whole = (table.state, table.has_file) in {("loaded", True), ("empty", False)}
    return is_whole and (table.apart is None or table.apart in range(-tolerance, tolerance + 1))


def is_ok(table: Measured, tolerance: int) -> bool:
    """It may be handed off, and COPY parsed and Snowflake holds exactly what DMS moved."""
    return may_be_handed_off(table, tolerance) and table.load == (0, 0)


def word_of(oks: list[bool], *, is_stopped: bool, is_skipped: bool) -> str:
    """The word for a database with those tables."""
    if is_skipped:
        return "skipped"
    if is_stopped or not any(oks):
        return "failed"
    return "ok" if all(oks) else "partial"


def seal_and_load(
    tables: list[Measured], tolerance: int, failure: Failure | None
) -> tuple[Manifest, list[TableOutcome]]:
    """The product's own way from what was measured to the outcome of each table."""
    named = [(Table("s", f"t{number}", False, ()), one) for number, one in enumerate(tables)]
    sealed = [
        judge_table(
            table,
            (one.state, one.rows, "why") if one.state else None,
            [LandedFile("k", 1, "e")] if one.has_file else [],
            None if one.apart is None else one.rows + one.apart,
            tolerance=tolerance,
        )
        for table, one in named
    ]
    manifest = seal(ATTEMPT, sealed, bucket="b", sealed_at="", failure=failure)
    loads = {table.name: _load(one) for table, one in named if one.load is not None}
    return manifest, list(reconcile(manifest, loads))


def _load(table: Measured) -> LoadResult:
    if not isinstance(table.load, tuple):
        return REFUSED
    return LoadResult(table.rows + table.load[0], table.rows + table.load[1])


def test_a_table_is_ok_exactly_where_source_dms_files_and_warehouse_agree() -> None:
    for table, tolerance, failure in product(EVERY, (0, 1), (None, LOST)):
        manifest, (outcome,) = seal_and_load([table], tolerance, failure)
        said = (table, tolerance, failure, outcome.failure)
        assert (outcome.failure is None) == (failure is None and is_ok(table, tolerance)), said
        may = failure is None and may_be_handed_off(table, tolerance)
        assert bool(manifest.handed_off) == may, said
        assert manifest.complete == may, said


def test_a_database_is_ok_exactly_where_nothing_stopped_it_and_every_table_is_ok() -> None:
    others: list[list[Measured]] = [[], [GOOD], [BAD], [GOOD, BAD]]
    for table, more, failure, is_skipped in product(EVERY, others, (None, LOST), (False, True)):
        tables = [table, *more]
        _, outcomes = seal_and_load(tables, 1, failure)
        made = decide(
            ATTEMPT,
            failure,
            outcomes,
            gaps=(),
            started_at="",
            ended_at="",
            without_attempt="skipped" if is_skipped else None,
        )
        oks = [is_ok(one, 1) for one in tables]
        wanted = word_of(oks, is_stopped=failure is not None, is_skipped=is_skipped)
        assert made.outcome == wanted, (tables, failure, is_skipped)
        if not is_skipped:
            assert (made.failure is None) == (wanted == "ok"), (tables, failure)


def test_a_database_of_which_no_table_is_known_is_never_ok() -> None:
    for failure, is_skipped in product((None, LOST), (False, True)):
        made = decide(
            ATTEMPT, failure, (), gaps=(), started_at="", ended_at="", without_attempt="skipped" if is_skipped else None
        )
        assert made.outcome == ("skipped" if is_skipped else "failed")


def test_a_table_that_the_manifest_does_not_name_is_never_ok_by_the_answer_of_snowflake() -> None:
    manifest, _ = seal_and_load([GOOD], 0, None)
    stranger = {TableName("s", "stranger"): LoadResult(ROWS, ROWS)}
    (outcome,) = reconcile(manifest, stranger)
    assert (outcome.table, outcome.failure and outcome.failure.name) == ("t0", "NeverLoaded")


def test_counts_are_shown_as_measured_and_never_guessed() -> None:
    for table in EVERY:
        _, (outcome,) = seal_and_load([table], 1, None)
        asked = may_be_handed_off(table, 1) and isinstance(table.load, tuple)
        load = _load(table)
        assert outcome.rows_at_source == (None if table.apart is None else table.rows + table.apart), table
        assert outcome.rows_by_dms == (table.rows if table.state in {"loaded", "empty"} else None), table
        assert outcome.rows_in_parquet == (load.rows_parsed if asked else None), table
        assert outcome.rows_in_warehouse == (load.rows_published if asked else None), table
        assert outcome.bytes == int(table.has_file), table


def test_a_stray_or_a_late_object_stops_the_whole_and_nothing_else_there_does() -> None:
    stray, late = LandedFile("stray", 1, "e"), "late"
    for strays, lates in product(([], [stray]), ([], [late])):
        failure = judge_strays(strays, lates)
        wanted = "StrayObjects" if strays else "LateObject" if lates else None
        assert (failure and failure.name) == wanted
