"""The table of outcomes on a terminal and for a program: sums are of what arrived, and say so."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

from rich.console import Console

from cli.report import as_document, print_outcomes
from fleet.attempts import Attempt
from fleet.failures import Failure
from fleet.outcomes import Outcome, TableOutcome, decide

TIME = "2026-11-29T22:00:00+00:00"
GOOD = TableOutcome("s", "good", False, "full", 1, 500, 500, 500, 500, 9000)
LOST = Failure("connection", "SourceLost", "gone")
BAD = replace(GOOD, table="bad", failure=LOST, rows_in_parquet=None, rows_in_warehouse=None, rows_by_dms=333, bytes=77)


def outcome_of(database: str, *tables: TableOutcome, failure: Failure | None = None) -> Outcome:
    """How that database ended."""
    attempt = Attempt("r", database, "full", 1, "arn")
    return decide(attempt, failure, tables, gaps=(), started_at=TIME, ended_at=TIME)


NIGHT = [outcome_of("fine", GOOD), outcome_of("half", GOOD, BAD), outcome_of("lost", BAD, failure=LOST)]


def printed(outcomes: list[Outcome]) -> list[str]:
    """The lines that a person reads, blanks folded."""
    console = Console(width=200, file=StringIO())
    with console.capture() as captured:
        print_outcomes(outcomes, {}, console)
    return [" ".join(line.split()) for line in captured.get().splitlines()]


def test_the_table_sums_up_what_arrived_and_apart_from_it_what_did_not() -> None:
    lines = printed(NIGHT)
    assert "half partial 1 of 2 500 500 500 500 9,000 0" in lines
    assert "lost failed 0 of 1 0 0 0 0 0 0" in lines
    assert "3 databases 1 failed, 1 ok, 1 partial 2 of 4 1,000 1,000 1,000 1,000 18,000" in lines
    assert "did not arrive 2 1,000 666 0 +2? 0 +2? 154" in lines


def test_the_table_of_a_good_night_has_no_line_of_what_did_not_arrive() -> None:
    lines = printed(NIGHT[:1])
    assert "1 databases 1 ok 1 500 500 500 500 9,000" in lines
    assert not [line for line in lines if line.startswith("did not arrive")]
    assert "All tables that arrived (1) were counted at the source, by DMS, in Parquet and in Snowflake;" in " ".join(
        lines
    )


def test_the_table_of_a_delta_shows_changes_and_no_rows_at_the_source() -> None:
    attempt = Attempt("r", "shop", "delta", 3, "arn")
    changed = replace(GOOD, mode="delta", rows_at_source=None, rows_by_dms=7, rows_in_parquet=7)
    calm = replace(changed, table="calm", rows_by_dms=0, rows_in_parquet=None, rows_in_warehouse=None, bytes=0)
    shop = decide(attempt, None, [changed, calm, GOOD], gaps=(), started_at=TIME, ended_at=TIME)
    lines = printed([shop])
    heads = "database outcome tables by delta in full changes applied rows in full in Snowflake bytes seconds"
    assert lines[0] == heads
    assert lines[1] == "shop ok 3 2 1 7 7 500 1,000 18,000 0"
    assert lines[3].startswith("Tables that arrived by delta (2): 7 changes were applied; 1 of these tables had none.")
    totals = as_document([shop], {})["totals"]
    assert totals["arrived"]["changes_applied"] == {"rows": 7, "known": 2, "unknown": 0}


def test_a_program_gets_the_same_two_sums() -> None:
    totals = as_document(NIGHT, {})["totals"]
    assert (totals["arrived"]["tables"], totals["arrived"]["bytes"]) == (2, 18000)
    assert totals["arrived"]["in_snowflake"] == {"rows": 1000, "known": 2, "unknown": 0}
    assert totals["not_arrived"]["by_dms"] == {"rows": 666, "known": 2, "unknown": 0}
    assert totals["not_arrived"]["in_snowflake"] == {"rows": 0, "known": 0, "unknown": 2}


def test_what_is_red_is_printed_with_the_owner_of_its_database_beside_that_of_the_cause() -> None:
    console = Console(width=200, file=StringIO())
    with console.capture() as captured:
        print_outcomes(NIGHT, {"fine": "team-calm", "lost": "team-lost"}, console)
    lines = [line.strip() for line in captured.get().splitlines()]
    at = lines.index("owner of the database: team-lost")
    assert lines[at - 2] == "lost: connection: gone"
    assert "owner of the database: team-calm" not in lines
    databases = as_document(NIGHT, {"lost": "team-lost"})["databases"]
    assert [one["database_owner"] for one in databases] == ["", "", "team-lost"]  # type: ignore[union-attr, attr-defined]
