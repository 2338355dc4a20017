"""Laws of a run that is played through: no limit is passed, no order beats the bound, the planned one comes near it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bench.plan_lengths import JUDGED, falls_short, make_fleet, measure
from fleet.forecast import Bound, Capacity, Forecast, Job, Span, bound_of_places, find_bounds, forecast
from fleet.ordering import order_starts
from fleet.pace import CALLS_PER_DATABASE, Pace

FAST = Pace(burst=1e9, per_second=1e9)


@st.composite
def runs(draw: st.DrawFn) -> tuple[list[Job], Capacity]:
    names = st.sampled_from
    jobs = [
        Job(f"d{number}", draw(names(["i", "j"])), draw(names(["s", "t", "u"])), draw(st.integers(0, 500)))
        for number in range(draw(st.integers(1, 25)))
    ]
    width = st.integers(1, 5)
    pace = Pace(draw(st.integers(0, 60)), draw(st.sampled_from([0.5, 4.0, 7.2])))
    return jobs, Capacity({"i": draw(width), "j": draw(width)}, {"s": draw(width), "t": draw(width)}, pace)


def lanes_of(jobs: Iterable[Job]) -> list[list[Job]]:
    lanes: dict[str, list[Job]] = {}
    for job in jobs:
        lanes.setdefault(job.instance, []).append(job)
    return list(lanes.values())


def most_at_once(spans: Iterable[tuple[float, float]]) -> int:
    changes = sorted((at, by) for began, ended in spans if began < ended for at, by in ((began, 1), (ended, -1)))
    at_once = most = 0
    for _, by in changes:
        at_once += by
        most = max(most, at_once)
    return most


def require_within(
    jobs: Sequence[Job], spans: Mapping[str, Span], limits: Mapping[str, int], group: Callable[[Job], str]
) -> None:
    for name, limit in limits.items():
        held = [spans[job.database] for job in jobs if group(job) == name]
        assert most_at_once((span.moves_at, span.ends_at) for span in held) <= limit


@given(runs(), st.randoms(use_true_random=False))
def test_whatever_the_order_no_limit_is_passed_and_no_run_is_shorter_than_the_bound(
    run: tuple[list[Job], Capacity], chance: random.Random
) -> None:
    jobs, capacity = run
    played = forecast(lanes_of(chance.sample(jobs, len(jobs))), capacity)
    assert set(played.spans) == {job.database for job in jobs}
    require_within(jobs, played.spans, capacity.instances, lambda job: job.instance)
    require_within(jobs, played.spans, capacity.servers, lambda job: job.server)
    assert played.seconds >= played.bound.seconds - 1e-6
    turns = sorted(span.moves_at for span in played.spans.values())
    for count, at in enumerate(turns, 1):
        assert capacity.pace.burst + at * capacity.pace.per_second >= 7 * count - 1e-6


@given(runs())
def test_the_planned_order_holds_each_database_once_and_plays_within_its_own_times(
    run: tuple[list[Job], Capacity],
) -> None:
    jobs, capacity = run
    starts = order_starts(jobs, capacity)
    assert Counter(start.job for start in starts) == Counter(jobs)
    assert [start.at for start in starts] == sorted(start.at for start in starts)
    assert (
        forecast(lanes_of(start.job for start in starts), capacity).seconds >= max(start.at for start in starts) - 1e-6
    )


@given(runs())
def test_a_database_that_an_offset_holds_back_starts_no_sooner(run: tuple[list[Job], Capacity]) -> None:
    jobs, capacity = run
    offsets = {job.database: 10 * number for number, job in enumerate(jobs)}
    spans = forecast(lanes_of(jobs), capacity, offsets).spans
    assert all(spans[name].starts_at >= at for name, at in offsets.items())


def test_requests_of_looks_make_a_run_longer_that_waits_for_requests() -> None:
    jobs = [Job(f"d{number}", "i", "s", 1) for number in range(50)]
    capacity = Capacity({"i": 40}, {}, Pace(0, 8))
    plain = forecast([jobs], capacity)
    assert plain.bound == Bound(50 * CALLS_PER_DATABASE / 8, "requests")
    assert forecast([jobs], capacity, looks_per_second=4.0).seconds > 1.9 * plain.seconds


def test_two_of_the_longest_must_share_a_place_where_there_is_one_more_than_places() -> None:
    assert bound_of_places([60, 60, 60, 60, 50], 4) == 110
    assert bound_of_places([10] * 9, 4) == 30


def test_each_limit_can_be_what_decides_the_length() -> None:
    jobs = [Job(f"d{number}", "i", f"s{number % 2}", 100) for number in range(20)]
    wide = Capacity({"i": 20}, {}, FAST)
    assert find_bounds(jobs, wide)[0].by == "database"
    assert find_bounds(jobs, replace(wide, instances={"i": 2}))[0] == Bound(1000.0, "instance", "i")
    assert find_bounds(jobs, replace(wide, servers={"s1": 1}))[0] == Bound(1000.0, "server", "s1")
    assert find_bounds(jobs, replace(wide, pace=Pace(0, 1)))[0].by == "requests"


def test_a_run_of_nothing_takes_no_time() -> None:
    nothing = forecast([], Capacity({}, {}, FAST))
    assert isinstance(nothing, Forecast)
    assert (nothing.seconds, nothing.bound.seconds, nothing.percent_above_bound) == (0, 0, 0)


def test_the_planned_order_comes_within_what_is_wanted_of_the_bound_and_others_do_not() -> None:
    figures = measure(sizes=(50,), seeds=6)
    assert falls_short(figures) == []
    by_order = {one.order: one.median for one in figures if one.error == JUDGED}
    assert by_order["plan"] < 1.05 < min(by_order["registry"], by_order["random"], by_order["all at once"])


def test_a_fleet_of_a_seed_is_always_the_same() -> None:
    assert make_fleet(50, 1, JUDGED) == make_fleet(50, 1, JUDGED) != make_fleet(50, 2, JUDGED)


@given(runs())
def test_of_a_server_and_an_instance_a_database_of_a_higher_priority_starts_earlier(
    run: tuple[list[Job], Capacity],
) -> None:
    jobs, capacity = run
    urgent = [replace(job, priority=number % 3) for number, job in enumerate(jobs)]
    starts = [one.job for one in order_starts(urgent, capacity)]
    for place in {(job.instance, job.server) for job in urgent}:
        priorities = [job.priority for job in starts if (job.instance, job.server) == place]
        assert priorities == sorted(priorities, reverse=True)


def test_a_priority_keeps_no_place_free_and_waits_for_no_longer_one() -> None:
    capacity = Capacity({"i": 2}, {"capped": 1}, FAST)
    jobs = [
        Job("first", "i", "capped", 5, priority=1),
        Job("second", "i", "capped", 5, priority=1),
        Job("long", "i", "other", 900),
        Job("last", "i", "other", 9999, priority=-1),
    ]
    starts = [(one.job.database, one.at) for one in order_starts(jobs, capacity)]
    assert starts == [("first", 0.0), ("long", 0.0), ("second", 5.0), ("last", 10.0)]
