"""How near a run's length comes to the least that is possible, by the order in which its databases start. Simulated.

    python -m bench.plan_lengths --seeds 100

The lengths of databases are log-normal (median 5 minutes, sigma 1). Their estimates are wrong by up to 30 % either way;
one more row shows the plan with errors that have no bound: log-normal, sigma 0.3, one in twenty by a factor of 1.8. A
run's least length is the lower bound by the lengths as they turn out, with the same instances, servers and requests.
"All at once" keeps to instances alone: "over cap" says by how many databases it is above a server's cap.
Exits 1 where the plan is further from the bound than wanted.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

from fleet.databases import Limits
from fleet.forecast import Capacity, Job, Span, find_bounds, forecast
from fleet.ordering import order_starts
from fleet.pace import run_pace

SIZES = (50, 250, 500)
WANTED_MEDIAN, WANTED_WORST = 1.05, 1.10
MEDIAN_SECONDS, SIGMA = 300.0, 1.0
JUDGED = "up to 30 %"
ERRORS: Mapping[str, Callable[[random.Random], float]] = {
    JUDGED: lambda chance: chance.uniform(0.7, 1.3),
    "sigma 0.3": lambda chance: chance.lognormvariate(0.0, 0.3),
}
PER_INSTANCE, AT_ONCE = 50, 8
PER_SERVER, SERVER_AT_ONCE = 8, 4
FIRST_SEED = 2026

Lanes = Sequence[Sequence[Job]]


@dataclass(frozen=True)
class Ratios:
    """Lengths of runs of *databases* by their lower bounds, in one *order*, over all seeds."""

    databases: int
    order: str
    error: str
    median: float
    worst: float
    worst_seed: int
    above_server_cap: int
    decided_by: Mapping[str, int]


@dataclass(frozen=True)
class Fleet:
    """Databases of a seed: *expected* as they are planned, *actual* as they turn out, in the registry's order."""

    expected: tuple[Job, ...]
    actual: Mapping[str, Job]
    capacity: Capacity


def make_fleet(databases: int, seed: int, error: str) -> Fleet:
    """A fleet of that seed: instances are filled in turn, servers hold eight databases on average."""
    chance = random.Random(seed)  # noqa: S311
    instances = -(-databases // PER_INSTANCE)
    servers = -(-databases // PER_SERVER)
    expected, actual = [], {}
    for number in range(databases):
        seconds = MEDIAN_SECONDS * chance.lognormvariate(0.0, SIGMA)
        job = Job(f"d{number:03}", f"i{number % instances}", f"s{chance.randrange(servers)}", seconds)
        actual[job.database] = job
        expected.append(replace(job, seconds=seconds * ERRORS[error](chance)))
    capacity = Capacity(
        {f"i{number}": AT_ONCE for number in range(instances)},
        {f"s{number}": SERVER_AT_ONCE for number in range(servers)},
        run_pace(Limits()),
    )
    return Fleet(tuple(expected), actual, capacity)


def _planned(fleet: Fleet, _: random.Random) -> Sequence[Job]:
    return [start.job for start in order_starts(fleet.expected, fleet.capacity)]


def _as_registered(fleet: Fleet, _: random.Random) -> Sequence[Job]:
    return fleet.expected


def _at_random(fleet: Fleet, chance: random.Random) -> Sequence[Job]:
    return chance.sample(fleet.expected, len(fleet.expected))


ORDERS: Mapping[str, Callable[[Fleet, random.Random], Sequence[Job]]] = {
    "plan": _planned,
    "registry": _as_registered,
    "random": _at_random,
    "all at once": _at_random,
}


def _lanes(order: Sequence[Job], fleet: Fleet) -> Lanes:
    lanes: dict[str, list[Job]] = defaultdict(list)
    for job in order:
        lanes[job.instance].append(fleet.actual[job.database])
    return tuple(lanes.values())


def measure(sizes: Sequence[int] = SIZES, seeds: int = 100, first_seed: int = FIRST_SEED) -> tuple[Ratios, ...]:
    """The ratios for each size and order, *seeds* fleets each."""
    rows = [("plan", JUDGED), ("plan", "sigma 0.3"), *((order, JUDGED) for order in ORDERS if order != "plan")]
    within = range(first_seed, first_seed + seeds)
    return tuple(_measure(size, order, error, within) for size in sizes for order, error in rows)


def _measure(size: int, order: str, error: str, seeds: Sequence[int]) -> Ratios:
    ratios, decided, above = [], defaultdict[str, int](int), 0
    for seed in seeds:
        fleet = make_fleet(size, seed, error)
        capacity = replace(fleet.capacity, servers={}) if order == "all at once" else fleet.capacity
        lanes = _lanes(ORDERS[order](fleet, random.Random(seed)), fleet)  # noqa: S311
        played = forecast(lanes, capacity)
        bound = find_bounds(tuple(fleet.actual.values()), fleet.capacity)[0]
        ratios.append((played.seconds / bound.seconds, seed))
        decided[bound.by] += 1
        above = max(above, _above_caps(fleet, played.spans))
    worst, worst_seed = max(ratios)
    return Ratios(size, order, error, median(one for one, _ in ratios), worst, worst_seed, above, dict(decided))


def _above_caps(fleet: Fleet, spans: Mapping[str, Span]) -> int:
    """By how many databases a server is at most above its cap."""
    above = 0
    for server, cap in fleet.capacity.servers.items():
        held = [spans[name] for name, job in fleet.actual.items() if job.server == server]
        changes = sorted((at, by) for span in held for at, by in ((span.moves_at, 1), (span.ends_at, -1)))
        at_once = 0
        for _, by in changes:
            at_once += by
            above = max(above, at_once - cap)
    return above


def seconds_to_plan(databases: int = 10_000) -> float:
    """Seconds of CPU that order and forecast of so many databases take."""
    fleet = make_fleet(databases, FIRST_SEED, JUDGED)
    began = time.process_time()
    forecast(_lanes([start.job for start in order_starts(fleet.expected, fleet.capacity)], fleet), fleet.capacity)
    return time.process_time() - began


def falls_short(figures: Sequence[Ratios]) -> list[str]:
    """What the plan should reach and does not."""
    return [
        f"{one.databases} databases: median {one.median:.3f}, worst {one.worst:.3f} (seed {one.worst_seed})"
        for one in figures
        if (one.order, one.error) == ("plan", JUDGED) and (one.median > WANTED_MEDIAN or one.worst > WANTED_WORST)
    ]


def describe(figures: Sequence[Ratios]) -> str:
    """A table for people."""
    row = "{:>9}  {:<12} {:<13} {:>7} {:>7} {:>8}  {}"
    lines = [row.format("databases", "order", "estimates off", "median", "worst", "over cap", "bound by")]
    for one in figures:
        decided = ", ".join(f"{by} {count}" for by, count in sorted(one.decided_by.items(), key=lambda it: -it[1]))
        ratios = (f"{one.median:.3f}", f"{one.worst:.3f}")
        lines.append(row.format(one.databases, one.order, one.error, *ratios, one.above_server_cap, decided))
    return "\n".join(lines)


def main() -> None:
    """Measure, print, and exit 1 where the plan falls short."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    given = parser.parse_args()
    figures = measure(SIZES, given.seeds, given.first_seed)
    print(describe(figures))
    print(
        f"seeds {given.first_seed} to {given.first_seed + given.seeds - 1}; length by lower bound, 1.000 is the least"
    )
    print(f"10,000 databases are ordered and forecast in {seconds_to_plan():.2f} s of CPU")
    short = falls_short(figures)
    print(
        "\n".join(["the plan falls short:", *short]) if short else "the plan is within 5 % in the median, 10 % at worst"
    )
    sys.exit(1 if short else 0)


if __name__ == "__main__":
    main()
