"""Every sum and every claim of totality, on the page and in the message: no more than was measured."""

from __future__ import annotations

from dataclasses import replace

from fleet.failures import Failure
from fleet.outcomes import Outcome
from night_reports import FAILURES, make_outcome, make_report, name_databases
from page_reader import Page
from report import compose_message, render
from report.formatting import say_bytes


def facts_of(text: str) -> dict[str, str]:
    """The facts of the page's head."""
    head = text.split("</dl>")[0].split("<dl>")[1]
    texts = [text for _, text in Page(head).texts]
    return dict(zip(texts[::2], texts[1::2], strict=True))


def test_no_sum_counts_what_a_table_that_failed_would_have_brought() -> None:
    good, half, lost = make_outcome("good"), make_outcome("half", bad_tables=2), make_outcome("lost")
    gone = tuple(replace(one, failure=FAILURES[0], rows_in_parquet=None, rows_in_warehouse=None) for one in lost.tables)
    night = make_report([good, half, replace(lost, outcome="failed", failure=FAILURES[0], tables=gone)])
    tables = [one for outcome in night.outcomes for one in outcome.tables]
    came = [one for one in tables if one.failure is None]
    rows = sum(one.rows_in_warehouse or 0 for one in came)
    text = render(night)
    facts = facts_of(text)
    assert len(came) == 14
    assert facts["Tables that arrived"] == "14 of 24"
    assert facts["Rows that arrived"] == f"{rows:,} in Snowflake, {rows:,} by DMS, {rows:,} at the source"
    assert facts["Parquet that arrived"] == say_bytes(sum(one.bytes for one in came))
    failed = [one for one in tables if one.failure is not None]
    by_dms, at_source = (sum(getattr(one, name) for one in failed) for name in ("rows_by_dms", "rows_at_source"))
    assert facts["Rows that did not arrive"] == f"{by_dms:,} by DMS, {at_source:,} at the source"
    numbers = {one[0]: one[3] for one in Page(text).data()["databases"]}
    assert numbers["lost"][:6] == [0, 0, 0, 0, 0, 0]
    assert numbers["good"][1:5] == [sum(one.rows_in_warehouse or 0 for one in good.tables)] * 4


def a_delta() -> Outcome:
    """Of a run in mode `delta`: a table with changes, one without, and a view that was loaded in full."""
    first = make_outcome("shop", mode="delta")
    changed = replace(first.tables[0], rows_by_dms=5, rows_in_parquet=5, rows_in_warehouse=900)
    calm = replace(first.tables[1], rows_by_dms=0, rows_in_parquet=None, rows_in_warehouse=None, bytes=0)
    counts = {"rows_at_source": 7, "rows_by_dms": 7, "rows_in_parquet": 7, "rows_in_warehouse": 7}
    view = replace(first.tables[2], mode="full", attempt=2, is_view=True, **counts)
    return replace(first, tables=(changed, calm, view))


def test_the_page_of_a_delta_shows_changes_and_what_the_warehouse_holds_and_misses_no_count_at_the_source() -> None:
    night = make_report([a_delta()], mode="delta")
    text = render(night)
    facts = facts_of(text)
    assert facts["Changes that were applied"] == "5"
    assert facts["Rows that were loaded in full"] == "7"
    assert facts["Rows of the tables written to"] == "907 in Snowflake"
    assert "Rows that arrived" not in facts
    data = Page(text).data()
    assert data["counts"] == ["Changes by DMS", "Applied", "Rows in full", "In Snowflake"]
    (database,) = data["databases"]
    assert database[3][:5] == [3, 5, 5, 7, 907]
    assert [[*one[3:7], one[9]] for one in database[11]] == [
        [5, 5, None, 900, "by delta"],
        [0, 0, None, None, "by delta"],
        [None, None, 7, 7, "in full"],
    ]
    assert [folder.split("/")[1:2] for folder in database[6]] == [["delta"], ["full"]]
    assert 'class="differs"' not in text
    assert "not counted" not in text.split("<script")[0]
    said = gaps_of(a_delta())
    assert "Tables are ok whose rows were not counted at the source." not in said
    assert said[1].startswith(
        "Tables that arrived by delta (2): 5 changes were applied; 1 of these tables had none. All"
    )


def test_the_message_of_a_delta_counts_changes_and_rows_in_full() -> None:
    _, text = compose_message(make_report([a_delta()], mode="delta"), "")
    assert "3 of 3 known tables arrived in Snowflake, with 5 changes and 7 rows in full." in text.splitlines()


def test_databases_whose_tables_nobody_knows_are_said_beside_the_tables_that_arrived() -> None:
    night = make_report([make_outcome("good"), make_outcome("lost", failure=FAILURES[0])])
    assert facts_of(render(night))["Tables that arrived"] == "8 of 8 known; the tables of 1 database are not known"


def test_a_run_over_some_of_the_onboarded_databases_says_of_how_many() -> None:
    facts = facts_of(render(make_report([make_outcome("one")], onboarded=250)))
    assert facts["Databases"] == "1 of 250 onboarded; 1 replication instance"


def test_the_message_begins_with_the_colour_and_counts_only_what_arrived() -> None:
    half = make_outcome("half", bad_tables=2)
    night = replace(make_report([make_outcome("good"), half], run="r" * 40), chosen=("good", "half", "silent"))
    subject, text = compose_message(night, "s3://control/page.html")
    assert subject == f"fleet run {'r' * 40}: Red: 2 of 3 databases did not end ok"
    rows = sum(one.rows_in_warehouse or 0 for outcome in night.outcomes for one in outcome.tables if not one.failure)
    assert text.splitlines() == [
        "Red: 2 of 3 databases did not end ok",
        "1 ok, 1 partial, 1 without an outcome",
        f"14 of 16 known tables arrived in Snowflake, with {rows:,} rows.",
        "Page of the night: s3://control/page.html",
    ]
    held = [replace(make_outcome(name), outcome="quarantined") for name in name_databases(60)]
    subject, text = compose_message(make_report(held, run="r" * 40), "")
    assert len(subject) < 100
    assert text.count("\nQuarantined: ") == len(held), "each with its reason"


def test_a_new_database_that_stays_out_is_named_with_its_reason_on_the_page_and_in_the_message() -> None:
    tried = replace(make_outcome("tried", failure=FAILURES[0]), tried_with="public.codes")
    unready = make_outcome("unready", failure=Failure("not_ready", "NotReady", "GATE-TABLES: no table of it."))
    night = make_report([make_outcome("good"), tried, unready, make_outcome("old", failure=FAILURES[0])])
    assert Page(render(night)).headline == "✕ Red: 3 of 4 databases did not end ok, 2 new and kept out"
    assert [line for line in compose_message(night, "")[1].splitlines() if line.startswith("New")] == [
        f"New and kept out: tried: {FAILURES[0].text}",
        "New and kept out: unready: GATE-TABLES: no table of it.",
    ]


def gaps_of(*outcomes: Outcome) -> list[str]:
    """The texts of the page's part on what was not checked."""
    part = render(make_report(outcomes)).split('id="gaps"')[1].split("</section>")[0]
    return [text for _, text in Page(f"<section {part}").texts]


def test_all_tables_are_said_to_be_counted_only_where_each_was() -> None:
    places = "were counted at the source, by DMS, in Parquet and in Snowflake"
    good = make_outcome("good")
    assert f"All tables that arrived (8) {places}; the counts agree." in gaps_of(good)
    uncounted = replace(good, tables=(replace(good.tables[0], rows_at_source=None), *good.tables[1:]))
    assert f"7 of 8 tables that arrived {places}; the counts agree." in gaps_of(uncounted)
    half = make_outcome("half", bad_tables=3)
    assert f"All tables that arrived (5) {places}; the counts agree." in gaps_of(half)
    off = replace(good.tables[0], rows_at_source=(good.tables[0].rows_by_dms or 0) + 1)
    tolerated = gaps_of(replace(good, tables=(off, *good.tables[1:])))
    wanted = f"All tables that arrived (8) {places}; in 1 of them the counts differ, by no more than is tolerated."
    assert wanted in tolerated
    assert "No table arrived: there is nothing to count." in gaps_of(make_outcome("lost", failure=FAILURES[0]))
