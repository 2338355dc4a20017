"""A random workload, cut into deltas at random moments, with deaths, throttling and long transactions: every table of
the warehouse ends equal to its source, and nearly all of them arrive by deltas.

FLEET_DELTA_CHANGES says how many changes there are in all, FLEET_DELTA_SEED from which seed all of it follows.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from cases import Cases
from delta_case import DeltaCase, delta_cases
from localcloud.dms.changes.captured import CaptureHooks, CaptureKilledError
from localcloud.servers.postgres import EmbeddedPostgres
from orchestration.functions import DATABASE_RUN
from workload import KEYS, SCHEMA, Workload

CHANGES = int(os.environ.get("FLEET_DELTA_CHANGES", "4000"))
SEED = int(os.environ.get("FLEET_DELTA_SEED", "0")) or random.SystemRandom().randint(1, 2**31)
DELTAS = 12
DEATHS = ("timed-out", "killed", "out-of-memory", "undetermined")


@dataclass
class Killer:
    """Lets the capture die around the put of a file, as often as it is asked to."""

    deaths: int = 0
    skip: int = 0
    when: str = "after"
    died: int = field(default=0, init=False)

    def around_put(self, when: str, key: str) -> None:
        if self.deaths and when == self.when and "fleet_mark" not in key:
            self.skip -= 1
            if self.skip < 0:
                self.deaths -= 1
                self.died += 1
                raise CaptureKilledError


KILLER = Killer()


@pytest.fixture(scope="module")
def cases(postgres: EmbeddedPostgres, case_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cases]:
    hooks = CaptureHooks(around_put=KILLER.around_put)
    with delta_cases(tmp_path_factory.mktemp("workload"), postgres, case_template, captures=hooks) as opened:
        yield opened


def test_every_table_ends_equal_to_its_source(cases: Cases, record_property: Callable[[str, object], None]) -> None:
    print(f"seed {SEED}, {CHANGES} changes in {DELTAS} deltas")  # noqa: T201  what a failure is repeated with
    draw = random.Random(SEED)  # noqa: S311
    database = DeltaCase(cases)
    database.change("DROP TABLE orders, customers, nothing")
    database.change(SCHEMA.format(rows=max(40, CHANGES // 60)))
    work = Workload(SEED, lambda: cases.postgres.connect(database.case.id), max(2, CHANGES // 400))
    assert database.run()["outcome"] == "ok", database.case.outcome["failure_text"]
    arrived: Counter[str] = Counter()
    for number in range(DELTAS):
        work.run(CHANGES // DELTAS)
        reshaped = work.change_schema() if number in {4, 8} else ""
        if number in {2, 7}:
            work.begin_long()
        _break_something(cases, database, draw, number)
        outcome = database.run()
        cases.cloud.faults.clear(database.case.id)
        KILLER.deaths = 0
        work.end_long()
        for table in KEYS:
            if table != reshaped:
                arrived[database.case.tables.get(table, {}).get("mode", "none")] += 1
        assert outcome["outcome"] in {"ok", "partial", "failed"}
    outcome = database.run()
    assert outcome["outcome"] == "ok", outcome["failure_text"]
    compare(database)
    share = 100 * arrived["delta"] / arrived.total()
    done = ", ".join(f"{count:,} by {kind}" for kind, count in sorted(work.counts.items()))
    record_property("workload", f"{work.counts.total():,} changes ({done}); {share:.0f} % of tables by delta")
    assert share >= 95, arrived


def _break_something(cases: Cases, database: DeltaCase, draw: random.Random, number: int) -> None:
    """What goes wrong in the next run: a function dies, DMS throttles, the capture dies between a file and its
    checkpoint, or nothing does."""
    kind = draw.choice(("nothing", "killed", "killed", "throttled", "unclean"))
    if number in {3, 9}:
        kind = "unclean"
    if kind == "killed":
        for state in draw.sample([one for one in DATABASE_RUN if one != "ClaimDatabase"], 3):
            fault = f"killed-handler:{state}:{draw.randint(0, 4)}:{draw.choice(DEATHS)}"
            cases.cloud.faults.add(database.case.id, fault)
    elif kind == "throttled":
        cases.cloud.faults.add(database.case.id, "throttled-after:StartReplicationTask:2")
    elif kind == "unclean":
        KILLER.deaths, KILLER.skip, KILLER.when = 1, draw.randint(0, 3), draw.choice(("before", "after"))


def compare(database: DeltaCase) -> None:
    """Each table of the source with that of the warehouse, by all columns that both have, row by row."""
    for table in KEYS:
        query = f"SELECT column_name FROM information_schema.columns WHERE table_name = '{table}' ORDER BY 1"
        names = [name for (name,) in database.case.ask_source(query)]
        database.assert_equal(**{table: ", ".join(name for name in names if name not in {"content", "tags", "body"})})
    database.assert_equal(open_accounts="id, balance", events="at, what")
