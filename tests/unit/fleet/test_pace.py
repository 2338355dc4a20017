"""The runs' share of DMS's bucket, and what is planned from it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fleet.databases import Limits
from fleet.pace import (
    CALLS_BEFORE_LOAD,
    CALLS_PER_DATABASE,
    LOOK_KINDS,
    choose_look_seconds,
    run_pace,
    seconds_after_planning,
)
from fleet.quotas import DMS_API_BURST, DMS_API_PER_SECOND

LIMITS = st.builds(
    Limits,
    dms_requests_at_once=st.integers(1, 1000),
    dms_requests_per_second=st.integers(1, 50),
    dms_share_percent=st.integers(10, 100),
)


def test_a_database_takes_at_most_twelve_requests_with_its_share_of_the_looks() -> None:
    assert (
        CALLS_PER_DATABASE + 1 <= 10
    )  # one more where the mappings change; the rest is for looks (proofs/prove_pace.py)


@given(LIMITS)
def test_runs_never_plan_with_more_than_the_account_has(limits: Limits) -> None:
    pace = run_pace(limits)
    assert pace.per_second <= limits.dms_requests_per_second
    assert pace.burst <= limits.dms_requests_at_once / 2


def test_by_default_a_tenth_of_the_rate_and_half_of_the_store_are_left_to_others() -> None:
    pace = run_pace(Limits())
    assert pace.per_second == 0.9 * DMS_API_PER_SECOND.value
    assert pace.burst == 0.5 * DMS_API_BURST.value


@given(LIMITS, st.integers(1, 60))
def test_looks_at_all_instances_take_at_most_a_fifth_of_the_pace(limits: Limits, lanes: int) -> None:
    pace = run_pace(limits)
    assert lanes * LOOK_KINDS / choose_look_seconds(lanes, pace) <= pace.per_second / 5 + 1e-9


@given(LIMITS, st.integers(1, 400))
def test_starts_are_spread_so_that_the_bucket_has_their_requests_and_no_wider(limits: Limits, place: int) -> None:
    pace = run_pace(limits)
    at = seconds_after_planning(place, pace)
    before = place * CALLS_BEFORE_LOAD
    assert before <= pace.burst + pace.per_second * (at + 1) + 1e-9
    assert at == 0 or before >= pace.burst + pace.per_second * at - 1e-9
