"""Every function of a delta dies after each of its effects, is retried, and the run ends as if nothing had been.

Database n loses each state's function right after that state's n-th effect, in each step of the run that primes and
seeds, and in each step of the delta after it. A third run, in which nothing dies, finds nothing left to mend.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from delta_case import MARK
from faulty_fleet import LIMITS, TABLES, Fleet, open_fleet
from fleet.outcomes import Outcome
from local.faults.faults import Faults
from localcloud.cloud import AccountLimits
from localcloud.servers.postgres import EmbeddedPostgres
from orchestration.functions import DATABASE_RUN

PASSING = ("timed-out", "exited", "killed", "out-of-memory", "unknown", "undetermined")
CLEAN, BESIDE = "clean-one", "beside"
_MOST = 20
CHANGES = (
    "INSERT INTO orders VALUES (6, 'six', 6.5)",
    "UPDATE orders SET id = 30, what = 'moved' WHERE id = 3",
    "DELETE FROM orders WHERE id = 2",
    "UPDATE customers SET name = 'Eve' WHERE id = 1",
)


class DeathsByStep(Faults):
    """Counts effects, and lets functions die, step by step: a step ends with an answer of NextStep."""

    def __init__(self) -> None:
        super().__init__()
        self.counted: dict[str, list[dict[str, int]]] = {}
        self._before: dict[str, Counter[str]] = {}
        self._called: dict[str, set[str]] = {}
        self._later: dict[str, list[list[str]]] = {}

    def invoke(self, name: str, event: Mapping[str, Any], call: Callable[[], Any]) -> Any:
        answer = super().invoke(name, event, call)
        database = (event.get("attempt") or event.get("input") or event).get("database", "")
        self._called.setdefault(database, set()).add(name)
        if name == "NextStep":
            self.begin_step(database)
        return answer

    def begin_step(self, database: str) -> None:
        """Note the step's effects, and ask for the next step's deaths."""
        so_far, before = Counter(self.effects(database)), self._before.get(database, Counter())
        called = self._called.pop(database, set())
        steps = self.counted.setdefault(database, [])
        steps.append({state: so_far[state] - before[state] for state in DATABASE_RUN if state in called})
        self._before[database] = so_far
        if later := self._later.get(database):
            for fault in later.pop(0):
                self.add(database, fault)

    def ask(self, database: str, steps: list[list[str]]) -> None:
        """Ask for *steps*: the deaths of each, of the next one first."""
        self._later[database] = steps[1:]
        for fault in steps[0]:
            self.add(database, fault)


@dataclass
class Killed:
    """How many deaths were asked for, and the outcomes of each run, by database."""

    fleet: Fleet
    asked: int
    outcomes: dict[str, dict[str, Outcome]]

    @property
    def names(self) -> list[str]:
        return [name for name in self.outcomes["first"] if name != BESIDE]


@pytest.fixture(scope="module")
def killed(
    postgres: EmbeddedPostgres, case_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Killed]:
    template = "killed template"
    postgres.create_database(template, case_template)
    with postgres.connect(template, autocommit=True) as connection:
        connection.execute(MARK.encode())
    how: dict[str, Any] = {
        "limits": replace(LIMITS, dms_requests_at_once=100_000, dms_requests_per_second=10_000, delta_seconds=60),
        "has_own_instances": True,
        "deltas": True,
        "account": AccountLimits(dms_rate=None),
        "faults": (faults := DeathsByStep()),
    }
    asked = 0
    names = [f"killed-{number}" for number in range(_MOST + 1)]
    with open_fleet(
        tmp_path_factory.mktemp("killed"), postgres, template, dict.fromkeys([CLEAN, BESIDE, *names], ()), **how
    ) as fleet:
        outcomes: dict[str, dict[str, Outcome]] = {}
        for run in ("first", "second"):
            if run == "second":
                _change(fleet, [CLEAN, *outcomes["first"]])
            assert fleet.run(f"clean-{run}", [CLEAN], "delta")[CLEAN].outcome == "ok"
            faults.begin_step(CLEAN)
            steps, faults.counted[CLEAN] = faults.counted[CLEAN], []
            most = max(max(step.values()) for step in steps)
            assert most <= _MOST
            chosen = names[: most + 1] if run == "first" else list(outcomes["first"])[1:]
            assert most < len(chosen)
            for number, name in enumerate(chosen):
                fleet.faults.clear(name)
                death = PASSING[number % len(PASSING)]
                deaths = [
                    [f"killed-handler:{state}:{number}:{death}" for state, most in step.items() if number <= most]
                    for step in steps
                ]
                asked += sum(map(len, deaths))
                faults.ask(name, deaths)
            outcomes[run] = fleet.run(run, [BESIDE, *chosen], "delta")
        for name in outcomes["second"]:
            fleet.faults.clear(name)
        outcomes["third"] = fleet.run("third", list(outcomes["second"]), "delta")
        yield Killed(fleet, asked, outcomes)


def _change(fleet: Fleet, databases: list[str]) -> None:
    for name in databases:
        with fleet.postgres.connect(name, autocommit=True) as connection:
            for statement in CHANGES:
                connection.execute(statement.encode())


def test_every_death_that_was_asked_for_came_once(killed: Killed) -> None:
    assert len(killed.names) > 5
    struck = killed.fleet.faults.struck()
    assert len(struck) == killed.asked
    assert [one for one in struck if one.times != 1] == []
    assert {outcome.outcome for outcome in killed.outcomes["first"].values()} == {"ok"}


@pytest.mark.parametrize("run", ["first", "second", "third"])
def test_every_database_ends_ok_with_the_counts_of_one_that_nothing_happened_to(killed: Killed, run: str) -> None:
    outcomes = killed.outcomes[run]
    expected = outcomes[BESIDE]
    assert expected.outcome == "ok"
    for name in killed.names:
        outcome = outcomes[name]
        assert (name, outcome.outcome, outcome.failure) == (name, "ok", None)
        assert (name, outcome.attempt) == (name, expected.attempt)
        assert [replace(table, bytes=0) for table in outcome.tables] == [
            replace(table, bytes=0) for table in expected.tables
        ]


def test_the_warehouse_has_the_rows_of_the_source(killed: Killed) -> None:
    expected = killed.fleet.published(BESIDE)
    assert set(expected) == set(TABLES)
    assert ["30", "moved", "4.50"] in [[str(value) for value in row] for row in expected["orders"]]
    assert len(expected["orders"]) == 5
    for name in killed.names:
        assert (name, killed.fleet.published(name)) == (name, expected)


def test_the_chains_and_the_tables_are_as_far_as_where_nothing_died(killed: Killed) -> None:
    chains = killed.fleet.cloud.clients.chains
    expected = chains.find(BESIDE)
    assert expected is not None
    for name in killed.names:
        found = chains.find(name)
        assert found is not None
        assert (found.number, found.newest, found.broken) == (expected.number, expected.newest, "")
        states = [(one.applied, one.written, one.chain, one.needs_full) for one in chains.states(name).values()]
        assert states == [
            (one.applied, one.written, one.chain, one.needs_full) for one in chains.states(BESIDE).values()
        ]
