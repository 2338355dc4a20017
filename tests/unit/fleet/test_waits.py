"""Looks that grow rarer, so that the longest wait fits into an execution's history."""

from __future__ import annotations

import pytest

from fleet.claims import SHORTEST_WAIT_SECONDS, place_look_seconds
from fleet.databases import Limits
from fleet.failures import Failure
from fleet.quotas import SFN_HISTORY_EVENTS
from fleet.waits import CANCEL_GRACE_SECONDS, Wait, judge_wait, longest_attempt_seconds, next_look_seconds

EVENTS_A_LOOK = 14
"""A look at loads that sends more: two Lambda states of five events, one Choice and one Wait of two each."""
PLANNED = 5


def count_looks(deadline: float) -> int:
    waited, looks = 0.0, 0
    while waited <= deadline:
        waited += next_look_seconds(PLANNED, waited, deadline + 1)
        looks += 1
    return looks


def test_all_waits_of_the_longest_attempt_fit_into_the_history_of_an_execution() -> None:
    limits = Limits()
    waits = [limits.claim_wait_seconds, *[limits.modify_deadline_seconds] * 6, *[limits.test_deadline_seconds] * 8]
    waits += [limits.task_deadline_seconds, limits.stop_deadline_seconds, limits.load_deadline_seconds]
    waited, looks_for_a_place = 0, 0
    while waited <= limits.server_wait_seconds:
        waited += place_look_seconds(SHORTEST_WAIT_SECONDS, waited, limits.server_wait_seconds)
        looks_for_a_place += 1
    assert EVENTS_A_LOOK * (sum(map(count_looks, waits)) + looks_for_a_place) < SFN_HISTORY_EVENTS.value


def test_a_hand_off_of_half_a_day_in_which_tables_come_and_go_fits_into_the_history() -> None:
    """The newest load is always young, so that only the time since the seal makes the looks rarer."""
    now, looks = 0, 0
    while now < 12 * 3600:
        now += next_look_seconds(max(PLANNED, now // 300), 0, 1_000)
        looks += 1
    assert EVENTS_A_LOOK * looks < SFN_HISTORY_EVENTS.value


@pytest.mark.parametrize("deadline", [0, 1, 59, 60, 3_600, 43_200])
def test_a_wait_looks_last_right_after_its_deadline(deadline: int) -> None:
    wait, waited = Wait("TooLong", "it did not end", "test_deadline_seconds"), 0.0
    limits = Limits(test_deadline_seconds=deadline)
    while isinstance(left := judge_wait(wait, waited, PLANNED, limits), int):
        waited += left
    assert isinstance(left, Failure)
    assert deadline < waited <= deadline + 1
    assert left.text == f"it did not end: waited {waited:.0f} s of {deadline:,} s (test_deadline_seconds)."


def test_a_wait_is_given_up_only_once_more_than_its_limit_has_passed() -> None:
    wait = Wait("TooLong", "it did not end", "test_deadline_seconds", "connection")
    limits = Limits(test_deadline_seconds=300)
    assert judge_wait(wait, 300, 10, limits) == 1
    given_up = judge_wait(wait, 300.5, 10, limits)
    assert isinstance(given_up, Failure)
    assert (given_up.failure_class, given_up.name) == ("connection", "TooLong")


def test_every_limit_in_seconds_counts_in_the_longest_attempt() -> None:
    """Without it, an execution could end by its own clock and not say what it waited for."""
    # Within the task's and the counting's deadlines. A wait for a place at the server comes before the attempt, and is
    # not in the 12 hours: who waits long and then loads long ends as ExecutionTooLong (docs/decisions/0025).
    inside = {"stuck_seconds", "count_table_seconds", "server_wait_seconds"}
    zero = Limits(**dict.fromkeys(Limits.__dataclass_fields__, 0))
    assert longest_attempt_seconds(zero) == CANCEL_GRACE_SECONDS
    for name in Limits.__dataclass_fields__:
        if name.endswith("_seconds") and name not in inside:
            one = Limits(**{**dict.fromkeys(Limits.__dataclass_fields__, 0), name: 1})
            assert longest_attempt_seconds(one) > longest_attempt_seconds(zero), name
