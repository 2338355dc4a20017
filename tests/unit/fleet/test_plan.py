"""Laws of the plan: each database once, the longest first, within every quota."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases import SETTINGS
from fleet.databases import Database, Registry, Server
from fleet.errors import QuotaExceededError
from fleet.plan import (
    FEWEST_LOADS,
    choose_poll_seconds,
    plan_lanes,
    plan_run,
    refuse_oversize,
)
from fleet.quotas import DMS_API_PER_SECOND, SFN_INLINE_MAP_AT_ONCE

databases = st.lists(
    st.builds(
        Database,
        st.from_regex(r"[a-z]{1,4}", fullmatch=True),
        st.just("s"),
        st.just("S"),
        st.sampled_from(["one", "two", "three"]),
        st.just(("public",)),
        onboarded=st.just(True),
        expected_seconds=st.integers(0, 100),
    ),
    unique_by=lambda one: one.id,
    min_size=1,
    max_size=12,
)
measured = st.dictionaries(st.from_regex(r"[a-z]{1,4}", fullmatch=True), st.floats(0, 1e5), max_size=8)


@given(databases, measured, st.integers(1, 100), st.randoms(use_true_random=False))
def test_lanes_hold_each_database_once_and_in_one_order_whatever_the_order_of_the_input(
    fleet: list[Database], seconds: dict[str, float], at_once: int, chance: random.Random
) -> None:
    lanes = plan_lanes(fleet, seconds, at_once)
    assert sorted(one for lane in lanes for one in lane.databases) == sorted(one.id for one in fleet)
    assert plan_lanes(chance.sample(fleet, len(fleet)), seconds, at_once) == lanes


@given(databases, measured)
def test_each_database_is_in_its_instances_lane_and_the_longest_start_first(
    fleet: list[Database], seconds: dict[str, float]
) -> None:
    by_id = {one.id: one for one in fleet}
    for lane in plan_lanes(fleet, seconds, 40):
        assert {by_id[name].instance for name in lane.databases} == {lane.instance}
        lengths = [seconds.get(name, by_id[name].expected_seconds) for name in lane.databases]
        assert lengths == sorted(lengths, reverse=True)


@given(databases, st.integers(1, 1000))
def test_a_lane_is_never_wider_than_an_inline_map_nor_than_the_setting(fleet: list[Database], at_once: int) -> None:
    for lane in plan_lanes(fleet, {}, at_once):
        assert 1 <= lane.at_once <= min(at_once, SFN_INLINE_MAP_AT_ONCE.value)


@given(st.lists(st.integers(1, 60), min_size=1, max_size=12))
def test_polling_takes_at_most_half_of_dmss_budget_of_requests(sizes: list[int]) -> None:
    fleet = [
        Database(f"d-{lane}-{number}", "s", "S", str(lane), ())
        for lane, size in enumerate(sizes)
        for number in range(size)
    ]
    lanes = plan_lanes(fleet, {}, 40)
    moving = sum(min(lane.at_once, len(lane.databases)) for lane in lanes)
    assert moving / choose_poll_seconds(lanes) <= DMS_API_PER_SECOND.value / 2 * 1.05


@given(databases)
def test_the_same_input_gives_the_same_plan(fleet: list[Database]) -> None:
    registry = Registry(SETTINGS, (Server("s", "postgresql", "secret"),), tuple(fleet))
    plans = [
        plan_run(
            registry,
            run="r",
            mode="full",
            registry_version="v",
            planned_at="now",
            databases=fleet,
            chosen=[one.id for one in fleet],
            measured_seconds={},
        )
        for _ in range(2)
    ]
    assert plans[0] == plans[1]
    assert sorted(plans[0].databases) == sorted(plans[0].chosen)
    in_flight = sum(min(lane.at_once, len(lane.databases)) for lane in plans[0].lanes) * plans[0].loads_per_database
    assert plans[0].loads_per_database == FEWEST_LOADS or in_flight <= SETTINGS.limits.loads_in_flight


@pytest.mark.parametrize(
    ("by_instance", "words"),
    [
        ({"one": 51}, "instance 'one' needs 102 of at most 100 endpoints per replication instance: 2 too many.*Move"),
        (
            {str(number): 50 for number in range(11)},
            "the fleet needs 1,100 of at most 1,000 endpoints per account and Region: 100 too many.*cells",
        ),
    ],
)
def test_a_fleet_that_does_not_fit_is_refused_with_quota_excess_and_remedy(
    by_instance: dict[str, int], words: str
) -> None:
    fleet = [Database(f"{name}-{n}", "s", "S", name, ()) for name, count in by_instance.items() for n in range(count)]
    with pytest.raises(QuotaExceededError, match=words):
        refuse_oversize(fleet)


def test_a_database_that_does_deltas_counts_as_two_tasks() -> None:
    fleet = [Database(f"{n}", "s", "S", f"i{n // 48}", (), deltas=True) for n in range(301)]
    refuse_oversize(fleet[:300])
    with pytest.raises(QuotaExceededError, match=r"the fleet needs 602 of at most 600 tasks .*: 2 too many.*deltas"):
        refuse_oversize(fleet)


def test_a_fleet_of_forty_eight_databases_an_instance_fits() -> None:
    refuse_oversize([Database(f"{name}-{n}", "s", "S", name, ()) for name in "abcdef" for n in range(48)])
