"""What runs at AWS's own pace must show, shown: `make prove-pace`. Figures last; one that falls short fails.

Every run is against the local cloud with the account's limits on, on a clock that moves by waits alone: its length is
what waiting makes it, and the same on any machine. Rows are moved and loaded all the same, but for the thousand.
"""

from __future__ import annotations

import argparse
import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench import plan_lengths
from bench.figures import Figure, print_figures
from cli.sample_registry import SAMPLE_REGISTRY
from fleet.databases import Registry
from local.sources.demo_fleet import write_registry
from local.sources.sample_fleet import build
from localcloud.servers.postgres import EmbeddedPostgres
from localcloud.throttling import Rate
from onboarding.reader import read_registry
from proofs.paced_run import Account, Neighbour, Paced, run

HERE = Path("build/prove-pace").resolve()
MOST_ABOVE_BOUND = 1.1
MOST_REQUESTS = 12
"""For a database whose task ends at once. A longer one is looked at for longer."""
MOST_OWN_REQUESTS = 11
"""In a first run: 10, and what PrepareTask looks at while its task is modified."""
LIMIT_SECONDS = 25 * 60
CAUTIOUS = Rate(100, 4)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it all; 0 if nothing falls short."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--databases", type=int, default=250)
    parser.add_argument("--tables", type=int, default=48, help="of the large run; the others have 2")
    parser.add_argument("--many", type=int, default=1_000, help="databases of the run whose rows are not moved")
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--only", help="only the run of that name")
    given = parser.parse_args(arguments)
    began = time.monotonic()
    shutil.rmtree(HERE / "runs", ignore_errors=True)
    (HERE / "runs").mkdir(parents=True)
    figures: list[Figure] = []
    with EmbeddedPostgres.start(HERE / "source") as server:
        small = _fleet(server, given.databases, 2)
        runs: dict[str, tuple[Registry, Account]] = {
            "200/8, tasks that end at once": (small, Account()),
            "100/4, tasks that end at once": (small, Account(dms_rate=CAUTIOUS)),
            "200/8, tasks of ten minutes": (small, Account(task_seconds=600)),
            "100/4, tasks of ten minutes": (small, Account(dms_rate=CAUTIOUS, task_seconds=600)),
            "ten functions at once": (_first(small, 60), Account(lambda_at_once=10, lambda_seconds=1)),
            "a neighbour who takes half for ten minutes": (
                _first(small, 120),
                Account(dms_rate=CAUTIOUS, task_seconds=300, neighbour=Neighbour(2, 120, 600)),
            ),
            "many databases, no rows": (_many(server, small, given.many), Account()),
        }
        for name, (registry, account) in runs.items():
            if given.only in {None, name}:
                paced = run(server, registry, HERE / "runs", account)
                figures += _show(name, paced, account)
        if given.only in {None, "large"}:
            large = _fleet(server, given.databases, given.tables)
            figures += _show(
                f"200/8, {given.tables} tables each", run(server, large, HERE / "runs", Account()), Account()
            )
    if given.only in {None, "plan"}:
        figures += _plan(given.seeds)
    seconds = time.monotonic() - began
    figures.append((f"seconds in all, of {LIMIT_SECONDS:,}", f"{seconds:.0f}", seconds <= LIMIT_SECONDS))
    return print_figures(figures)


def _fleet(server: EmbeddedPostgres, databases: int, tables: int) -> Registry:
    print(f"--- build {databases} x {tables}", flush=True)
    built = build(server, databases, tables)
    return read_registry(write_registry(built, SAMPLE_REGISTRY, HERE / f"registry-{databases}-{tables}"), {})


def _first(registry: Registry, count: int) -> Registry:
    return replace(registry, databases=registry.databases[:count])


def _many(server: EmbeddedPostgres, registry: Registry, count: int) -> Registry:
    """So many databases of one empty table; at the source they are one."""
    name = "prove-pace empty"
    server.drop_database(name)
    server.create_database(name)
    with server.connect(name) as connection:
        connection.execute(b"CREATE TABLE nothing (id integer PRIMARY KEY)")
    first = registry.databases[0]
    databases = tuple(
        replace(
            first,
            id=f"many-{number:04}",
            name_at_source=name,
            instance=f"instance-{number // 48 + 1}",
            schemas=("public",),
            parallel_loads=(),
        )
        for number in range(count)
    )
    return replace(registry, databases=databases)


def _show(name: str, paced: Paced, account: Account) -> list[Figure]:
    """What one run in *account* has to show. Where others take its functions or requests, it may only be slower."""
    are_long = account.task_seconds > Account().task_seconds
    is_alone = account.neighbour is None and account.lambda_at_once >= Account().lambda_at_once
    each = paced.answered / paced.databases
    own = (paced.answered - paced.requests.looks) / paced.databases
    exhausted = sum(
        outcome.failure is not None and outcome.failure.failure_class == "throttled" for outcome in paced.outcomes
    )
    print(f"--- {name}", flush=True)
    print(f"    {paced.databases} databases in {paced.seconds:,.0f} s of the run, {paced.wall_seconds:.0f} s here")
    print(f"    requests by state: {dict(paced.requests.made.most_common())}; refused {dict(paced.requests.refused)}")
    print(f"    waited in all, seconds: {dict(paced.waited)}", flush=True)
    for outcome in [one for one in paced.outcomes if one.outcome != "ok"][:3]:
        print(f"    {outcome.database} {outcome.outcome}: {outcome.failure}", flush=True)
    by = f"{paced.bound.by} {paced.bound.name}".strip()
    return [
        (f"{name}: databases that are ok", f"{paced.ok} of {paced.databases}", paced.ok == paced.databases),
        (f"{name}: ended because an API throttled them", str(exhausted), not exhausted),
        (
            f"{name}: length by the bound ({by} {paced.bound.seconds:,.0f} s)",
            f"{paced.ratio:.3f}",
            paced.ratio <= MOST_ABOVE_BOUND or not is_alone,
        ),
        (
            f"{name}: requests a database, of which its own",
            f"{each:.1f}, {own:.1f}",
            own <= MOST_OWN_REQUESTS and (are_long or each <= MOST_REQUESTS),
        ),
    ]


def _plan(seeds: int) -> list[Figure]:
    print("--- lengths of planned runs", flush=True)
    ratios = plan_lengths.measure(seeds=seeds)
    print(plan_lengths.describe(ratios), flush=True)
    short = plan_lengths.falls_short(ratios)
    seconds = plan_lengths.seconds_to_plan()
    first, last = plan_lengths.FIRST_SEED, plan_lengths.FIRST_SEED + seeds - 1
    return [
        (f"planned lengths, seeds {first} to {last}", "; ".join(short) or "within 5 % and 10 %", not short),
        ("10,000 databases planned, seconds of CPU", f"{seconds:.2f}", seconds < 1),
    ]


if __name__ == "__main__":
    raise SystemExit(main())
