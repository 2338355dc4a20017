"""The page of the night says what the report says, in the order in which it is needed; no name breaks out of it."""

from __future__ import annotations

import re
from base64 import b64encode
from collections import Counter
from dataclasses import replace
from hashlib import sha256

import pytest

from fleet.failures import CLASSES, Failure, FailureClass
from fleet.outcomes import Outcome
from fleet.reports import RunReport
from night_reports import FAILURES, HOSTILE, make_night, make_outcome, make_report
from page_reader import Page
from report import render

REFERENCES = {"src", "href", "action", "formaction", "data", "poster", "srcset", "xlink:href", "background"}
MEGABYTE = 1_000_000


def hostile_report() -> RunReport:
    """A night in which every text that comes from outside is hostile."""
    odd = make_outcome("odd-names", bad_tables=2, gaps=[HOSTILE])
    failure = Failure("table_error", HOSTILE, HOSTILE + "\x00\x1b[31m")
    first = replace(odd.tables[0], schema=HOSTILE, table=HOSTILE, failure=failure)
    odd = replace(odd, tables=(first, *odd.tables[1:]), failure=failure, execution=HOSTILE)
    lost = make_outcome("lost", failure=replace(failure, failure_class="connection"))
    skipped = replace(make_outcome("left-out"), outcome="quarantined", failure=failure, tables=())
    return make_report([odd, lost, skipped], rerun_of=HOSTILE, registry_version=HOSTILE)


NIGHTS = {
    "twelve": make_night(12),
    "failed": make_night(24, failed=8),
    "delta": make_night(24, failed=8, mode="delta", rerun_of="night-20261120"),
    "hostile": hostile_report(),
    "empty": make_report([]),
}


@pytest.fixture(params=NIGHTS)
def night(request: pytest.FixtureRequest) -> RunReport:
    return NIGHTS[request.param]


def test_every_tag_that_opens_closes(night: RunReport) -> None:
    assert Page(render(night)).unbalanced == []


def test_no_id_is_there_twice_and_every_link_leads_somewhere(night: RunReport) -> None:
    page = Page(render(night))
    ids = Counter(page.attributes("id"))
    assert [one for one, count in ids.items() if count > 1] == []
    assert {link for link in page.attributes("href") if link.removeprefix("#") not in ids} == set()


def test_each_database_has_its_anchor(night: RunReport) -> None:
    ids = Page(render(night)).attributes("id")
    assert {f"database-{one.database}" for one in night.outcomes} == {
        one for one in ids if one.startswith("database-")
    } - {"database-table"}


def test_the_page_fetches_nothing(night: RunReport) -> None:
    text = render(night)
    page = Page(text)
    fetched = [
        (tag, key, value)
        for tag, attributes in page.tags
        for key, value in attributes.items()
        if key in REFERENCES and not value.startswith("#")
    ]
    assert fetched == []
    assert {tag for tag, _ in page.tags} & {"link", "img", "iframe", "object", "embed", "base"} == set()
    assert re.findall(r"url\(|@import|https?:|fetch\(|XMLHttpRequest", text) == []


def test_the_same_report_gives_the_same_page(night: RunReport) -> None:
    assert render(night) == render(replace(night))


def test_a_hostile_name_stays_text() -> None:
    page = Page(render(NIGHTS["hostile"]))
    assert "b" not in {tag for tags, text in page.texts for tag in tags if HOSTILE in text}
    assert sum(tag == "script" for tag, _ in page.tags) == 2
    assert HOSTILE in page.data()["databases"][0][11][0][1]


def test_what_a_document_may_not_hold_is_replaced_and_the_rest_is_kept() -> None:
    texts = [text for tags, text in Page(render(NIGHTS["hostile"])).texts if "p" in tags]
    assert f"{HOSTILE}\ufffd\ufffd[31m" in texts


def test_a_name_cannot_turn_the_text_around_it() -> None:
    holders = [tags[-1] for tags, text in Page(render(NIGHTS["hostile"])).texts if text == f"{HOSTILE}.{HOSTILE}"]
    assert holders
    assert set(holders) == {"bdi"}


def test_the_policy_admits_the_page_s_own_script_and_no_other() -> None:
    page = Page(render(NIGHTS["failed"]))
    (script,) = (text for tags, text in page.texts if tags[-1:] == ("script",) and "use strict" in text)
    digest = b64encode(sha256(script.encode()).digest()).decode()
    rules = page.attributes("content")[0].split("; ")
    assert {"default-src 'none'", f"script-src 'sha256-{digest}'"} <= set(rules)


def test_the_headline_counts_what_the_outcomes_say(night: RunReport) -> None:
    counted = {
        attributes["data-outcome"]: int(attributes["data-count"])
        for _, attributes in Page(render(night)).tags
        if "data-outcome" in attributes
    }
    assert {word: count for word, count in counted.items() if count} == night.counts


def test_every_red_database_comes_before_the_timeline_with_its_text_owner_and_remedy() -> None:
    night = NIGHTS["failed"]
    before = render(night).split('id="timeline"')[0]
    page = Page(before)
    texts = {text for _, text in page.texts}
    red = [one for one in night.outcomes if one.outcome in {"failed", "partial"}]
    assert len(red) == 8
    assert set(page.attributes("data-database")) == {one.database for one in red}
    for one in red:
        assert one.failure
        assert {one.failure.text, one.owner, one.remedy} <= texts


def test_a_partial_database_shows_its_failed_tables_before_the_timeline() -> None:
    outcome = make_outcome("half-there", bad_tables=7)
    texts = {text for _, text in Page(render(make_report([outcome])).split('id="timeline"')[0]).texts}
    for table in outcome.tables:
        assert (f"{table.schema}.{table.table}" in texts) == (table.failure is not None)


def test_the_inputs_to_paste_are_those_that_the_machines_take() -> None:
    night = NIGHTS["failed"]
    inputs = Page(render(night)).inputs()
    again = {"mode": "full", "rerun_of": night.run}
    assert inputs[:2] == [{**again, "what": "failed-databases"}, {**again, "what": "failed-tables"}]
    whole = [one for one in inputs[2:] if "tables" not in one]
    red = {one.database for one in night.outcomes if one.outcome != "ok"}
    assert sorted(whole, key=str) == [{"run": night.run, "database": one, "mode": "full"} for one in sorted(red)]


def test_a_partial_database_is_rerun_by_its_failed_tables_alone() -> None:
    outcome = make_outcome("half-there", bad_tables=2)
    narrowed = [one for one in Page(render(make_report([outcome]))).inputs() if "tables" in one]
    named = ["public.orders", "public.customers"]
    assert narrowed == [{"run": outcome.run, "database": "half-there", "mode": "full", "tables": named}]


def test_failed_tables_are_not_offered_where_nothing_is_partial() -> None:
    night = make_report([make_outcome("lost", failure=FAILURES[0])])
    assert {one.get("what") for one in Page(render(night)).inputs()} == {"failed-databases", None}


def test_a_gap_in_the_change_log_is_rerun_in_full() -> None:
    gone = next(one for one in FAILURES if one.failure_class == "source_log_gone")
    lost = FAILURES[0]
    night = make_report([
        make_outcome("gone", mode="delta", failure=gone),
        make_outcome("lost", mode="delta", failure=lost),
    ])  # fmt: skip
    modes = {one["database"]: one["mode"] for one in Page(render(night)).inputs() if "database" in one}
    assert modes == {"gone": "full", "lost": "delta"}


def test_a_database_without_an_outcome_makes_the_page_red() -> None:
    night = make_report([make_outcome("fine")])
    lane = replace(night.lanes[0], databases=("fine", "never-heard-of"))
    page = Page(render(replace(night, lanes=(lane,))))
    assert page.headline == "✕ Red: 1 of 2 databases did not end ok"
    assert page.attributes("data-database") == ["never-heard-of"]


def test_a_database_that_a_person_quarantined_is_named_with_its_reason_and_wakes_nobody() -> None:
    held_back = replace(make_outcome("held-back", failure=FAILURES[3]), outcome="quarantined")
    page = Page(render(make_report([make_outcome("fine"), held_back])))
    assert page.attributes("data-database") == []
    assert page.headline == "✓ Green: 1 of 2 databases ok, 1 quarantined"
    texts = [text for _, text in page.texts]
    assert FAILURES[3].text in texts
    assert "Nothing: every database of this run is ok." not in texts


def test_a_database_that_was_not_deployed_is_red_and_named_with_its_remedy() -> None:
    failure = Failure("not_deployed", "NotDeployed", "DMS has no task 'fleet-gone-full'.")
    page = Page(render(make_report([make_outcome("fine"), make_outcome("gone", skipped=True, failure=failure)])))
    assert page.headline == "✕ Red: 1 of 2 databases did not end ok"
    assert page.attributes("data-database") == ["gone"]
    texts = [text for _, text in page.texts]
    assert failure.text in texts
    assert any(text.startswith("Deploy the stack of its instance, then rerun.") for text in texts)
    assert not [text for text in texts if text.startswith("Nothing")]


def test_a_run_without_a_database_is_red() -> None:
    page = Page(render(make_report([])))
    assert page.headline == "✕ Red: no database was in this run"
    assert "The run had no database, so nothing was copied." in [text for _, text in page.texts]


def test_a_database_that_no_lane_holds_and_that_left_no_outcome_is_on_the_page_and_red() -> None:
    night = make_report([make_outcome("fine")])
    page = Page(render(replace(night, chosen=("fine", "in-no-lane"))))
    assert page.headline == "✕ Red: 1 of 2 databases did not end ok"
    assert page.attributes("data-database") == ["in-no-lane"]


def test_what_another_run_copied_heals_a_claimed_database_and_no_other() -> None:
    failed = make_outcome("lost", failure=FAILURES[0])
    page = Page(render(make_report([make_outcome("fine"), failed], copied_elsewhere={"lost": "Run two did."})))
    assert page.headline == "✕ Red: 1 of 2 databases did not end ok"


@pytest.mark.parametrize(("kind", "name"), [("cancelled", "Claimed"), ("server_full", "ServerFull")])
def test_a_database_that_the_run_could_not_get_at_is_red_unless_another_copied_it(
    kind: FailureClass, name: str
) -> None:
    skipped = make_outcome("held", failure=Failure(kind, name, "Another run holds it."), skipped=True)
    red = make_report([make_outcome("fine"), skipped])
    assert Page(render(red)).headline == "✕ Red: 1 of 2 databases did not end ok"
    copied = Page(render(make_report([make_outcome("fine"), skipped], copied_elsewhere={"held": "Run two did."})))
    assert copied.headline == "✓ Green: 1 of 2 databases ok, 1 copied by another run"
    assert "Another run holds it. Run two did." in [text for _, text in copied.texts]


def test_a_gap_is_said_once_with_all_its_databases() -> None:
    gap = "The source could not be asked."
    outcomes = [make_outcome(name, gaps=[gap]) for name in ("one", "two")]
    part = render(make_report(outcomes)).split('id="gaps"')[1].split("</section>")[0]
    assert part.count(gap) == 1
    assert Page(f"<section {part}").attributes("href") == ["#database-one", "#database-two"]


def test_gaps_that_differ_only_in_their_detail_are_said_once_with_all_their_databases() -> None:
    outcomes = [make_outcome(name, gaps=[f"whether it was cut: {name}.text"]) for name in ("one", "two")]
    part = render(make_report(outcomes)).split('id="gaps"')[1].split("</section>")[0]
    assert (part.count("whether it was cut"), part.count(".text")) == (1, 0)
    assert Page(f"<section {part}").attributes("href") == ["#database-one", "#database-two"]


def test_an_ok_that_was_not_counted_at_the_source_is_a_gap_though_no_outcome_names_it() -> None:
    one = make_outcome("one")
    uncounted = replace(one, tables=tuple(replace(table, rows_at_source=None) for table in one.tables))
    part = render(make_report([uncounted, make_outcome("two")])).split('id="gaps"')[1]
    assert Page(f"<section {part.split('</section>')[0]}").attributes("href") == ["#database-one"]


def test_every_class_of_failure_is_explained() -> None:
    outcomes = [make_outcome(name.replace("_", "-"), failure=Failure(name, "Name", "Text.")) for name in CLASSES]
    ids = Page(render(make_report(outcomes))).attributes("id")
    assert [f"class-{name}" for name in sorted(CLASSES)] == [one for one in ids if one.startswith("class-")]


def test_the_data_for_the_script_holds_every_table_with_its_four_counts() -> None:
    night = NIGHTS["failed"]
    found = [
        (database[0], database[10][table[0]], *table[1:2], *table[3:7])
        for database in Page(render(night)).data()["databases"]
        for table in database[11]
    ]
    assert found == [(one.database, *_counts(one, at)) for one in night.outcomes for at in range(len(one.tables))]


def _counts(outcome: Outcome, at: int) -> tuple[object, ...]:
    one = outcome.tables[at]
    counts = (one.rows_at_source, one.rows_by_dms, one.rows_in_parquet, one.rows_in_warehouse)
    return (one.schema, one.table, *counts)


def test_counts_that_differ_are_marked_and_counts_that_agree_are_not() -> None:
    sign = 'class="differs"'
    assert render(make_report([make_outcome("fine")])).count(sign) == 0
    failures, rest = render(make_report([make_outcome("half-there", bad_tables=1)])).split('id="timeline"')
    assert failures.count(sign) == 1
    assert rest.count(sign) == 1  # in the sum of what did not arrive


def test_no_input_is_offered_that_would_move_nothing() -> None:
    night = make_report([make_outcome("half-there", bad_tables=2)])
    assert [one.get("what") for one in Page(render(night)).inputs() if "what" in one] == ["failed-tables"]


def test_a_fleet_of_250_databases_fits_in_two_megabytes() -> None:
    page = render(make_night(250, tables=48, failed=30)).encode()
    assert len(page) < 2 * MEGABYTE
