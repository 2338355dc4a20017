"""Laws of the plan: each database once, the most urgent first, within every quota."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases import SETTINGS
from fleet.blackouts import Blackout
from fleet.databases import Database, Limits, Registry, Server
from fleet.errors import QuotaExceededError
from fleet.measures import Measured, estimate
from fleet.pace import choose_look_seconds, looks_per_second, run_pace, seconds_after_planning
from fleet.plan import FEWEST_LOADS, Plan, arrange, plan_run
from fleet.quota_use import require_size
from fleet.quotas import SFN_INLINE_MAP_AT_ONCE
from lambdas.clients.records import adapter

SERVER = Server("s", "postgresql", "secret")
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
measures = st.dictionaries(
    st.from_regex(r"[a-z]{1,4}", fullmatch=True),
    st.builds(Measured, st.floats(1, 1e5), st.integers(1, 60), st.just((1, 1))),
    max_size=8,
)


def registry_of(fleet: Sequence[Database], *, server: Server = SERVER, **limits: int) -> Registry:
    settings = replace(SETTINGS, limits=replace(SETTINGS.limits, **limits))
    return Registry(settings, (server,), tuple(fleet))


def fleet_of(count: int, *, instance: str = "one", seconds: int = 0) -> list[Database]:
    return [Database(f"d-{number:03}", "s", "S", instance, (), expected_seconds=seconds) for number in range(count)]


@given(databases, measures, st.randoms(use_true_random=False))
def test_lanes_hold_each_database_once_and_in_one_order_whatever_the_order_of_the_input(
    fleet: list[Database], seen: dict[str, Measured], chance: random.Random
) -> None:
    arranged = arrange(registry_of(fleet), fleet, seen)
    assert sorted(one for lane in arranged.lanes for one in lane.databases) == sorted(one.id for one in fleet)
    by_id = {one.id: one for one in fleet}
    assert all(by_id[name].instance == lane.instance for lane in arranged.lanes for name in lane.databases)
    again = arrange(registry_of(fleet), chance.sample(fleet, len(fleet)), seen)
    assert (again.lanes, again.offsets, again.widths) == (arranged.lanes, arranged.offsets, arranged.widths)


@given(databases, measures)
def test_where_servers_bear_all_the_longest_of_a_lane_start_first(
    fleet: list[Database], seen: dict[str, Measured]
) -> None:
    registry = registry_of(fleet, server=replace(SERVER, databases_at_once=99, connections_at_once=9_999))
    seconds = estimate(fleet, seen).seconds
    for lane in arrange(registry, fleet, seen).lanes:
        lengths = [seconds[name] for name in lane.databases]
        assert lengths == sorted(lengths, reverse=True)


@given(databases, measures, st.integers(1, 1000))
def test_a_lane_is_never_wider_than_an_inline_map_nor_than_the_setting(
    fleet: list[Database], seen: dict[str, Measured], at_once: int
) -> None:
    for lane in arrange(registry_of(fleet, databases_at_once=at_once), fleet, seen).lanes:
        assert 1 <= lane.at_once <= min(at_once, SFN_INLINE_MAP_AT_ONCE.value)


@given(st.lists(st.integers(1, 60), min_size=1, max_size=12))
def test_looks_take_at_most_a_quarter_of_the_pace(sizes: list[int]) -> None:
    pace = run_pace(SETTINGS.limits)
    assert looks_per_second(len(sizes), choose_look_seconds(len(sizes), pace)) <= pace.per_second / 4


def test_databases_of_a_full_server_take_no_place_of_a_lane_from_others() -> None:
    of_capped = [Database(f"c-{number}", "s", "S", "one", (), expected_seconds=900) for number in range(6)]
    others = [Database(f"o-{number}", "t", "S", "one", (), expected_seconds=60) for number in range(6)]
    servers = (replace(SERVER, databases_at_once=2), replace(SERVER, id="t", databases_at_once=99))
    registry = Registry(SETTINGS, servers, (*of_capped, *others))
    seen = {one.id: Measured(float(one.expected_seconds), loads=4) for one in (*of_capped, *others)}
    lane = arrange(registry, registry.databases, seen).lanes[0]
    assert lane.at_once == 4
    assert sorted(lane.databases[:4]) == ["c-0", "c-1", "o-0", "o-1"]


def test_a_server_that_few_may_read_at_once_is_begun_with_before_longer_databases_of_others() -> None:
    of_capped = [Database(f"c-{number}", "s", "S", "one", (), expected_seconds=300) for number in range(8)]
    longer = [Database(f"l-{number}", "t", "S", "one", (), expected_seconds=400) for number in range(8)]
    servers = (replace(SERVER, databases_at_once=1), replace(SERVER, id="t", databases_at_once=99))
    registry = Registry(SETTINGS, servers, (*of_capped, *longer))
    arranged = arrange(registry, registry.databases, {})
    assert arranged.lanes[0].databases[0].startswith("c-")
    assert arranged.forecast.percent_above_bound < 3
    assert (arranged.forecast.bound.by, arranged.forecast.bound.name) == ("server", "s")


def test_only_those_that_start_at_once_are_kept_apart_by_more_than_the_first_wave() -> None:
    fleet = fleet_of(200, seconds=5)
    arranged = arrange(registry_of(fleet, databases_at_once=16), fleet, {})
    order = arranged.lanes[0].databases
    wide = arranged.lanes[0].at_once
    assert {arranged.offsets[one] for one in order[wide:]} == {seconds_after_planning(wide, run_pace(SETTINGS.limits))}


@given(databases, measures)
def test_offsets_never_fall_in_the_order_of_a_lane(fleet: list[Database], seen: dict[str, Measured]) -> None:
    arranged = arrange(registry_of(fleet), fleet, seen)
    for lane in arranged.lanes:
        offsets = [arranged.offsets[name] for name in lane.databases]
        assert offsets == sorted(offsets)


@given(databases)
def test_the_same_input_gives_the_same_plan(fleet: list[Database]) -> None:
    plans = [
        plan_run(
            registry_of(fleet),
            run="r",
            mode="full",
            registry_version="v",
            planned_at="2026-11-30T22:00:00+00:00",
            databases=fleet,
            chosen=[one.id for one in fleet],
            measures={},
        )
        for _ in range(2)
    ]
    assert plans[0] == plans[1]
    assert adapter(Plan).validate_json(adapter(Plan).dump_json(plans[0])) == plans[0]
    assert sorted(plans[0].databases) == sorted(plans[0].chosen)
    in_flight = sum(min(lane.at_once, len(lane.databases)) for lane in plans[0].lanes) * plans[0].loads_per_database
    assert plans[0].loads_per_database == FEWEST_LOADS or in_flight <= SETTINGS.limits.loads_in_flight
    length = plans[0].length
    assert length is not None
    assert length.seconds >= length.bound.seconds > 0
    assert length.measured + length.expected + length.assumed == len(fleet)


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
        require_size(fleet, Limits())


def test_quotas_that_aws_has_raised_are_those_of_the_registry() -> None:
    fleet = [Database(f"{n}", "s", "S", f"i{n // 48}", ()) for n in range(1_000)]
    require_size(fleet, Limits(dms_endpoints=2_000, dms_tasks=1_000))
    with pytest.raises(QuotaExceededError, match="the fleet needs 2,000 of at most 1,999 endpoints"):
        require_size(fleet, Limits(dms_endpoints=1_999, dms_tasks=1_000))


def test_a_database_that_does_deltas_counts_as_two_tasks() -> None:
    fleet = [Database(f"{n}", "s", "S", f"i{n // 48}", (), deltas=True) for n in range(301)]
    require_size(fleet[:300], Limits())
    with pytest.raises(QuotaExceededError, match=r"the fleet needs 602 of at most 600 tasks .*: 2 too many.*deltas"):
        require_size(fleet, Limits())


def test_a_fleet_of_forty_eight_databases_an_instance_fits() -> None:
    require_size([Database(f"{name}-{n}", "s", "S", name, ()) for name in "abcdef" for n in range(48)], Limits())


NOON = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
CLOSED = replace(SERVER, blackouts=(Blackout("11:00", "14:00"),))


def test_a_database_whose_server_is_in_a_blackout_starts_after_it_and_behind_those_that_may_start() -> None:
    free = [replace(one, id=f"free-{one.id}", server="other") for one in fleet_of(3, seconds=60)]
    held = fleet_of(2, seconds=600)
    registry = replace(registry_of([*held, *free]), servers=(CLOSED, replace(SERVER, id="other")))
    arranged = arrange(registry, registry.databases, {}, now=NOON)
    assert [one[:4] for one in arranged.lanes[0].databases] == ["free", "free", "free", "d-00", "d-00"]
    assert {one: arranged.offsets[one] for one in ("d-000", "d-001")} == {"d-000": 7200, "d-001": 7200}
    assert arranged.forecast.spans["d-000"].starts_at == 7200
    assert max(arranged.offsets[one.id] for one in free) < 60
    assert (arranged.forecast.bound.by, arranged.forecast.bound.seconds) == ("blackout", 7800)
    assert arrange(registry, registry.databases[::-1], {}, now=NOON) == arranged


def test_one_that_would_be_read_into_the_next_blackout_starts_after_it_and_one_that_never_fits_says_so() -> None:
    fleet = [*fleet_of(1, seconds=3600), replace(fleet_of(1, seconds=23 * 3600)[0], id="long")]
    arranged = arrange(registry_of(fleet, server=CLOSED), fleet, {}, now=NOON - timedelta(minutes=90))
    assert {name: (start.at.hour, start.fits) for name, start in arranged.held.items()} == {
        "d-000": (14, True),
        "long": (14, False),
    }


def test_one_whose_blackout_lasts_longer_than_a_database_waits_is_not_held_back_but_named() -> None:
    fleet = fleet_of(1, seconds=60)
    arranged = arrange(registry_of(fleet, server=CLOSED, server_wait_seconds=3600), fleet, {}, now=NOON)
    assert (arranged.skipped, arranged.offsets) == ({"d-000"}, {"d-000": 0})


def test_a_delta_that_was_never_measured_is_reckoned_to_read_for_as_long_as_it_may() -> None:
    (database,) = fleet_of(1)
    fleet = [replace(database, deltas=True, expected_seconds=0)]
    at = NOON.replace(hour=10, minute=52)  # eight minutes before: five go by until it reads
    for mode, held in (("full", set()), ("delta", {"d-000"})):
        assert set(arrange(registry_of(fleet, server=CLOSED), fleet, {}, mode=mode, now=at).held) == held
