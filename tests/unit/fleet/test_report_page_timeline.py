"""The timeline shows when each stage of each attempt was, and where one broke off."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

from fleet.outcomes import Mark
from night_reports import FAILURES, STARTED, make_outcome, make_report
from report import render
from report.stages import fold_marks

IN_ORDER = ["claim", "prepare", "load", "seal", "warehouse", "record"]


def at(seconds: float) -> str:
    return (STARTED + timedelta(seconds=seconds)).isoformat()


def test_the_states_of_a_good_attempt_fold_into_six_stages_without_holes() -> None:
    spans = fold_marks(make_outcome("fine"))
    assert [span.stage.id for span in spans] == IN_ORDER
    assert [span.started_at for span in spans[1:]] == [span.ended_at for span in spans[:-1]]


def test_an_attempt_that_broke_off_ends_in_the_stage_in_which_it_broke_off() -> None:
    assert fold_marks(make_outcome("lost", failure=FAILURES[0]))[-1].stage.id == "load"


def test_time_until_a_far_mark_belongs_to_the_stage_after_the_last_one() -> None:
    marks = (Mark("ClaimDatabase", at(5)), Mark("SealFolder", at(300)))
    outcome = replace(make_outcome("lost", failure=FAILURES[0], starts_after=0), marks=marks, ended_at=at(301))
    assert [(span.stage.id, span.seconds) for span in fold_marks(outcome)][:2] == [("claim", 5), ("prepare", 295)]


def test_few_marks_are_enough() -> None:
    states = ("ClaimDatabase", "StartTask", "PollTask", "SealFolder", "PollLoads")
    marks = tuple(Mark(state, at(10 * n + 10)) for n, state in enumerate(states))
    outcome = replace(make_outcome("fine", starts_after=0), marks=marks, ended_at=at(60))
    assert [(span.stage.id, span.seconds) for span in fold_marks(outcome)] == [(stage, 10) for stage in IN_ORDER]


def test_a_clock_that_went_back_gives_no_negative_stage() -> None:
    marks = (Mark("ClaimDatabase", at(50)), Mark("StartTask", at(20)), Mark("PollTask", at(9000)))
    outcome = replace(make_outcome("fine", starts_after=30), marks=marks, ended_at=at(100))
    assert [span.seconds for span in fold_marks(outcome)] == [20, 0, 50]


def test_an_unknown_state_or_time_is_passed_over() -> None:
    marks = (Mark("ClaimDatabase", at(35)), Mark("Unheard", at(40)), Mark("PollTask", "never"))
    outcome = replace(make_outcome("fine", starts_after=30), marks=marks, ended_at=at(100))
    assert [span.stage.id for span in fold_marks(outcome)] == ["claim", "record"]


def test_an_attempt_without_marks_is_one_bar_and_the_legend_says_so() -> None:
    text = render(make_report([make_outcome("fine", has_marks=False)]))
    assert re.findall(r'<rect class="(\w+)"', text) == ["whole"]
    assert "no states marked" in text


def test_each_bar_says_its_stage_and_times_in_words() -> None:
    text = render(make_report([make_outcome("fine", load_seconds=600)]))
    assert "<title>load by DMS: 10 min 03 s, 00:31:57 to 00:42:00</title>" in text
    assert text.count("<rect") == len(IN_ORDER)


def test_a_failed_database_says_its_class_at_the_end_of_its_bar() -> None:
    text = render(make_report([make_outcome("slow", load_seconds=4000), make_outcome("lost", failure=FAILURES[0])]))
    row = next(one for one in text.split("<li") if 'href="#database-lost"' in one and "<svg" in one)
    assert "failed · connection" in row


def test_databases_stand_under_their_replication_instance_in_the_plan_s_order() -> None:
    outcomes = [make_outcome(f"database-{n}") for n in range(50)]
    part = render(make_report(outcomes)).split('id="timeline"')[1].split('id="databases"')[0]
    first, second = part.split("Replication instance ")[1:]
    found = [re.findall(r'href="#database-(database-\d+)"', one) for one in (first, second)]
    assert found == [[f"database-{n}" for n in range(48)], ["database-48", "database-49"]]


def test_a_night_in_which_nothing_was_tried_has_no_axis() -> None:
    text = render(make_report([make_outcome("left-out", skipped=True, failure=FAILURES[3])]))
    assert "No attempt was made." in text
    assert "<svg" not in text
