"""The page of the night says what the report says, in the order in which it is needed; no name breaks out of it."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections import Counter
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any

import pytest

from fleet.failures import CLASSES, Failure
from fleet.outcomes import Outcome
from fleet.report_page import compose_message, render
from fleet.report_page.words import say_bytes
from fleet.reports import RunReport
from night_reports import FAILURES, HOSTILE, make_night, make_outcome, make_report, name_databases

VOID = {"meta", "input", "br"}
REFERENCES = {"src", "href", "action", "formaction", "data", "poster", "srcset", "xlink:href", "background"}
MEGABYTE = 1_000_000


class Page(HTMLParser):
    """A document taken apart: its tags in order, its texts by the tags they stand in, what is out of balance."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.texts: list[tuple[tuple[str, ...], str]] = []
        self.unbalanced: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        self.unbalanced += self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {key: value or "" for key, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append((tuple(self._open), data))

    def attributes(self, name: str) -> list[str]:
        """Every value of an attribute, in order."""
        return [attributes[name] for _, attributes in self.tags if name in attributes]

    @property
    def headline(self) -> str:
        """The page's title on the page."""
        return "".join(text for tags, text in self.texts if "h1" in tags)

    def inputs(self) -> list[dict[str, Any]]:
        """Every input that the page offers for pasting."""
        codes = [text for tags, text in self.texts if tags[-1:] == ("code",) and text.startswith("{")]
        return [json.loads(code) for code in codes]

    def data(self) -> dict[str, Any]:
        """What the script is given."""
        (text,) = (text for tags, text in self.texts if tags[-1:] == ("script",) and text.startswith('{"databases"'))
        return json.loads(text)


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


def test_no_id_stands_twice_and_every_link_leads_somewhere(night: RunReport) -> None:
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


def test_every_red_database_stands_before_the_timeline_with_its_text_owner_and_remedy() -> None:
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


def test_a_database_that_another_run_held_is_red_unless_that_run_copied_it() -> None:
    claimed = make_outcome("held", failure=Failure("cancelled", "Claimed", "Another run holds it."), skipped=True)
    red = make_report([make_outcome("fine"), claimed])
    assert Page(render(red)).headline == "✕ Red: 1 of 2 databases did not end ok"
    copied = Page(render(make_report([make_outcome("fine"), claimed], copied_elsewhere={"held": "Run two did."})))
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
    part = render(make_report([make_outcome("one", mode="delta"), make_outcome("two")])).split('id="gaps"')[1]
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
    assert len(compose_message(make_report(held, run="r" * 40), "")[0]) < 100


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


def test_no_input_is_offered_that_would_move_nothing() -> None:
    night = make_report([make_outcome("half-there", bad_tables=2)])
    assert [one.get("what") for one in Page(render(night)).inputs() if "what" in one] == ["failed-tables"]


def test_a_fleet_of_250_databases_fits_in_two_megabytes() -> None:
    page = render(make_night(250, tables=48, failed=30)).encode()
    assert len(page) < 2 * MEGABYTE
