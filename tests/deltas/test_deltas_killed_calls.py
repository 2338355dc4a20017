"""Functions of a delta die before and after each call of a client, captures around each file: nothing is lost by it.

Three runs go through all that a chain does: a first one (prime, seed), a delta with an altered table (a full step
follows), and one that begins anew, for the slot is gone. Their calls are counted where nothing happens to them. Then
a database loses each state's function once, at its n-th call, and ends as if nothing had been. Another loses one
function for good, so that its execution breaks off there, and is redriven, or run again. PlanRun and CloseRun, which
know of no chain, die in tests/night/test_faults_killed.py.

FLEET_DELTA_KILLS says how many places are tried, a number or `all`, and FLEET_DELTA_SEED which ones.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import pytest

from delta_case import MARK
from faulty_fleet import LIMITS, TABLES, Fleet, open_fleet
from fleet.deltas.chain import TableState
from fleet.outcomes import Outcome, TableOutcome
from local.faults.causes import Struck
from localcloud.cloud import AccountLimits
from localcloud.dms.changes.captured import CaptureHooks, CaptureKilledError
from localcloud.servers.postgres import EmbeddedPostgres

KILLS = os.environ.get("FLEET_DELTA_KILLS", "6")
SEED = int(os.environ.get("FLEET_DELTA_SEED", "0")) or random.SystemRandom().randint(1, 2**31)
PASSING = ("timed-out", "exited", "killed", "out-of-memory", "unknown", "undetermined")
RUNS = ("first", "delta", "anew")
CLEAN = "clean-one"
_FOR_GOOD = 2 if KILLS != "all" else 40
"""Databases that lose a function for good in each of their runs."""
_FILES = 1 if KILLS != "all" else 100
"""Databases that lose a capture in each of their runs, if there are so many files."""
_MOST_AT_ONCE = 20
"""Databases of one fleet: an account has 60 replication instances, and each has its own."""
Kind = Literal["once", "for good", "file"]
CHANGES: Mapping[str, tuple[str, ...]] = {
    "first": (),
    "delta": (
        "INSERT INTO orders VALUES (6, 'six', 6.5)",
        "UPDATE orders SET id = 30, what = 'moved' WHERE id = 3",
        "DELETE FROM orders WHERE id = 2",
        "ALTER TABLE customers ALTER name TYPE varchar(41)",
        "UPDATE customers SET name = 'Eve' WHERE id = 1",
    ),
    "anew": (
        "UPDATE orders SET id = 40, what = 'in no log' WHERE id = 30",
        "DELETE FROM customers WHERE id = 2",
        "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = current_database()",
    ),
}


@dataclass(frozen=True)
class Place:
    """Before or after the *number*-th call of *state*, of each state where that is empty; or file of a capture."""

    kind: Kind
    number: int
    when: str
    state: str = ""


@dataclass
class Captures:
    """Lets a capture die around the put of a file, at its *place*, once. *puts*: files so far. A file does not say of
    which database it is, so only one may capture meanwhile."""

    place: Place | None = None
    puts: int = 0

    def around_put(self, when: str, _key: str) -> None:
        """Called by the capture."""
        self.puts += when == "before"
        if self.place is not None and (self.place.number, self.place.when) == (self.puts, when):
            self.place = None
            raise CaptureKilledError


@dataclass
class Deaths:
    """What came of them. *calls*: of each run that nothing happened to, by state and operation; *clean*: its end,
    what is then in the warehouse, and how far its tables are. *places*: how many were tried. *wrong*, *missed*: what
    ended as it must not, and what did not come, in words."""

    fleet: Fleet
    captures: Captures
    calls: dict[str, Counter[tuple[str, str]]] = field(default_factory=dict)
    files: dict[str, int] = field(default_factory=dict)
    clean: dict[str, tuple[Outcome, dict[str, Any], list[TableState]]] = field(default_factory=dict)
    places: Counter[Kind] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    def count(self, run: str) -> Counter[str]:
        """The calls of each state."""
        return _by_state(self.calls[run])

    def run_clean(self) -> None:
        """Go through the three runs, and count."""
        before: Counter[tuple[str, str]] = Counter()
        for run in RUNS:
            self.captures.puts = 0
            outcome = self.run(run, [CLEAN])[CLEAN]
            assert (outcome.outcome, outcome.failure) == ("ok", None)
            so_far = self.fleet.faults.calls(CLEAN)
            self.calls[run], before = so_far - before, so_far
            self.files[run] = self.captures.puts
            self.clean[run] = outcome, self.fleet.published(CLEAN), self._states(CLEAN)

    def run(self, run: str, databases: list[str]) -> dict[str, Outcome]:
        """One run of the fleet, after the changes that go before it."""
        for database in databases:
            self.fleet.make(database)
            with self.fleet.postgres.connect(database, autocommit=True) as connection:
                for statement in CHANGES[run]:
                    connection.execute(statement.encode())
        return self.fleet.run(_name(run, databases), databases, "delta")

    def die(self, dying: Mapping[str, Mapping[str, Place]]) -> None:
        """Let databases go through the three runs together, each with its *dying* place in each."""
        for run in RUNS:
            places = {database: of_run[run] for database, of_run in dying.items() if run in of_run}
            asked_before = len(self.fleet.faults.struck())
            for database, place in places.items():
                self._ask_for(run, database, place)
            before = {database: self.fleet.faults.calls(database) for database in places}
            outcomes = self.run(run, list(dying))
            for database, place in places.items():
                made = _by_state(self.fleet.faults.calls(database) - before[database])
                self._judge_deaths(run, database, place, made, self.fleet.faults.struck()[asked_before:])
                self.fleet.faults.clear(database)
            self._mend(_name(run, list(dying)), places)
            for database, place in places.items():
                self._judge(run, database, place, outcomes[database])

    def _ask_for(self, run: str, database: str, place: Place) -> None:
        self.places[place.kind] += 1
        if place.kind == "file":
            self.captures.puts, self.captures.place = 0, place
            return
        times = "1" if place.kind == "once" else "9999"
        for state, calls in self.count(run).items():
            # An AskSource that ran out of time is not asked again: its answer is then a gap, or the run ends red.
            death = "exited" if state == "AskSource" else PASSING[place.number % len(PASSING)]
            if place.number <= calls and place.state in {"", state}:
                fault = f"killed-call:{state}:{place.number}:{place.when}:{times}:{death}"
                self.fleet.faults.add(database, fault)

    def _judge_deaths(
        self, run: str, database: str, place: Place, made: Mapping[str, int], struck: Sequence[Struck]
    ) -> None:
        """Note what did not come though there was its call. *made*: how many calls each state has made: fewer than in
        the run that nothing happens to, where another database's call has left something in memory."""
        if self.captures.place is not None:
            self.captures.place = None
            self.missed.append(f"{run}: {place}")
        for one in struck:
            state, number = one.fault.split(":")[1:3]
            if one.database == database and not one.times and made[state] >= int(number):
                self.missed.append(f"{run}: {one.fault} of {database}")

    def _mend(self, name: str, places: Mapping[str, Place]) -> None:
        """Redrive every second execution that broke off, and run the others again."""
        machines = self.fleet.cloud.aws.client("stepfunctions")
        broken = [database for database, place in places.items() if place.kind != "once"]
        prefix = self.fleet.cloud.machine_arns["database-run"].replace(":stateMachine:", ":execution:")
        for database in broken[::2]:
            arn = f"{prefix}:{name}-{database}-0"
            if machines.describe_execution(executionArn=arn)["status"] == "FAILED":
                machines.redrive_execution(executionArn=arn)
                self.fleet.cloud.machines.ended(arn).result(timeout=600)
        again = [one for one in broken if self._outcome(name, one) != "ok"]
        if again:
            self.fleet.run(f"{name}-again", again, "delta")

    def _states(self, database: str) -> list[TableState]:
        states = self.fleet.cloud.clients.chains.states(database).values()
        return [replace(one, loaded_in="") for one in states]  # runs have other names

    def _outcome(self, name: str, database: str) -> str:
        found = self.fleet.cloud.clients.ledger.outcome(name, database)
        return found.outcome if found is not None else "none"

    def _judge(self, run: str, database: str, place: Place, outcome: Outcome) -> None:
        expected, rows, states = self.clean[run]
        if place.kind == "once":
            found = outcome.outcome, outcome.failure, outcome.attempt, _counted(outcome)
            if found != ("ok", None, expected.attempt, _counted(expected)):
                self.wrong.append(
                    f"{run}: {database}: {place}: {found}, wanted {expected.attempt}, {_counted(expected)}"
                )
            if (found_states := self._states(database)) != states:
                self.wrong.append(f"{run}: {database}: {place}: {found_states}, wanted {states}")
        if self.fleet.published(database) != rows:
            self.wrong.append(f"{run}: {database}: {place}: other rows")
        chain = self.fleet.cloud.clients.chains.find(database)
        if chain is None or chain.broken:
            self.wrong.append(f"{run}: {database}: {place}: {chain}")


def _by_state(calls: Counter[tuple[str, str]]) -> Counter[str]:
    counted: Counter[str] = Counter()
    for (state, _), times in calls.items():
        counted[state] += times
    return counted


def _name(run: str, databases: list[str]) -> str:
    return f"{run}-of-{databases[0]}"


def _counted(outcome: Outcome) -> list[TableOutcome]:
    """Its tables, without what runs of two databases never have alike."""
    return [replace(table, bytes=0, measured_in=bool(table.measured_in) * "a run") for table in outcome.tables]


@pytest.fixture(scope="module")
def deaths(postgres: EmbeddedPostgres, case_template: str, tmp_path_factory: pytest.TempPathFactory) -> Deaths:
    print(f"seed {SEED}, {KILLS} places")  # noqa: T201  what a failure is repeated with
    template = "killed calls template"
    postgres.create_database(template, case_template)
    with postgres.connect(template, autocommit=True) as connection:
        connection.execute(MARK.encode())
    captures = Captures()
    how: dict[str, Any] = {
        "limits": replace(LIMITS, dms_requests_at_once=100_000, dms_requests_per_second=10_000, delta_seconds=60),
        "has_own_instances": True,
        "deltas": True,
        "account": AccountLimits(dms_rate=None),
        "captures": CaptureHooks(around_put=captures.around_put),
    }
    with open_fleet(tmp_path_factory.mktemp("clean"), postgres, template, {CLEAN: ()}, **how) as fleet:
        found = Deaths(fleet, captures)
        found.run_clean()
    dying = _choose(found)
    for first in range(0, len(dying), _MOST_AT_ONCE):
        chosen = {f"dying-{first + place}": of_runs for place, of_runs in enumerate(dying[first:][:_MOST_AT_ONCE])}
        with open_fleet(
            tmp_path_factory.mktemp("dying"), postgres, template, dict.fromkeys(chosen, ()), **how
        ) as found.fleet:
            alone = [name for name, of_runs in chosen.items() if any(one.kind == "file" for one in of_runs.values())]
            found.die({name: of_runs for name, of_runs in chosen.items() if name not in alone})
            for name in alone:
                found.die({name: chosen[name]})
        for name in chosen:
            postgres.drop_database(name)
    return found


def _choose(deaths: Deaths) -> list[dict[str, Place]]:
    """For each database that dies, the place in each of its runs."""
    draw = random.Random(SEED)  # noqa: S311  repeatable on purpose
    once: dict[str, list[Place]] = {}
    for_good: dict[str, list[Place]] = {}
    files: dict[str, list[Place]] = {}
    for run in RUNS:
        calls = deaths.count(run)
        numbers = range(1, max(calls.values()) + 1)
        once[run] = [Place("once", number, when) for number in numbers for when in ("before", "after")]
        states = draw.choices(list(calls), list(calls.values()), k=_FOR_GOOD)
        for_good[run] = [
            Place("for good", draw.randint(1, calls[state]), draw.choice(("before", "after")), state)
            for state in states
        ]
        numbers = range(1, deaths.files[run] + 1)
        files[run] = [Place("file", number, when) for number in numbers for when in ("before", "after")]
        draw.shuffle(files[run])
        files[run] = files[run][:_FILES]
        if KILLS != "all":  # the first calls are those that most states make
            weights = [sum(one.number <= of_state for of_state in calls.values()) for one in once[run]]
            once[run] = draw.choices(once[run], weights, k=int(KILLS) // len(RUNS))
    return [*_by_database(once), *_by_database(for_good), *_by_database(files)]


def _by_database(places: Mapping[str, list[Place]]) -> list[dict[str, Place]]:
    longest = max(map(len, places.values()))
    return [{run: found[number] for run, found in places.items() if number < len(found)} for number in range(longest)]


def test_a_run_goes_through_calls_of_every_client(deaths: Deaths) -> None:
    for run in RUNS:
        operations = {operation for _, operation in deaths.calls[run]}
        dms = {"StartReplicationTask", "DescribeTableStatistics"}
        assert {*dms, "PutObject", "TransactWriteItems", "SubmitStatements", "Invoke"} <= operations
    assert deaths.files["delta"] > 2  # two tables and the mark; the primes find no change to write
    assert {"DeleteReplicationTask", "CreateReplicationTask"} <= {operation for _, operation in deaths.calls["anew"]}


def test_the_run_that_nothing_happens_to_ends_with_the_rows_of_the_source(deaths: Deaths) -> None:
    _, rows, _ = deaths.clean["anew"]
    assert set(rows) == set(TABLES)
    assert sorted(row[0] for row in rows["orders"]) == [1, 4, 5, 6, 40]
    assert [list(map(str, row)) for row in rows["customers"]] == [["1", "Eve"]]


def test_every_death_came(deaths: Deaths) -> None:
    assert deaths.missed == []
    assert min(deaths.places[kind] for kind in ("once", "for good", "file")) > 0


def test_whatever_dies_where_the_warehouse_ends_equal_and_the_outcome_ok(
    deaths: Deaths, record_property: Callable[[str, object], None]
) -> None:
    record_property("deaths", str(dict(deaths.places)))
    assert deaths.wrong == []
