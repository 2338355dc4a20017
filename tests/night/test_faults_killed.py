"""Every function of a full run dies after each of its effects, is retried, and the night ends as if nothing had been.

Database n of the killed night loses each state's function right after that state's n-th effect; how many there are is
counted in a clean night before. Where FLEET_DELTA_KILLS is not `all`, every second of these deaths comes,
FLEET_DELTA_SEED says which.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from cases import FULL_RUN
from faulty_fleet import LIMITS, Fleet, open_fleet
from fleet.names import CURRENT_REGISTRY
from fleet.outcomes import Outcome, TableOutcome
from local.cloud import LEDGER_TABLE
from localcloud.cloud import AccountLimits
from localcloud.servers.postgres import EmbeddedPostgres
from orchestration.functions import FLEET_RUN

KILLS = os.environ.get("FLEET_DELTA_KILLS", "some")
SEED = int(os.environ.get("FLEET_DELTA_SEED", "0")) or random.SystemRandom().randint(1, 2**31)
PASSING = ("timed-out", "exited", "killed", "out-of-memory", "unknown", "undetermined")
"""Every death after which a state is tried again (`local/faults/deaths.py`)."""
_MOST = 24  # databases kept ready; more than any state has effects
CLEAN = "clean-one"
EVERYWHERE = "everywhere"
OF_RUNS = "of-runs"
_PASSING = {
    "last_full_seconds",
    "last_full_loads",
    "last_full_lob_columns",
    "wait_for",
    "wait_since",
    "started_before",
    "progress",
    "source_test_sent",
    "target_test_sent",
    "sealing_since",
    "counting_since",
}
"""Fields of the ledger that tell of the way and not of the end."""
_OWN = {"task_arn", "instance_arn", "source_arn", "target_arn"}
"""What each database has of its own."""


@dataclass
class Killed:
    """The clean night's effects by state, and the killed night."""

    fleet: Fleet
    effects: dict[str, int]
    outcomes: dict[str, Outcome]
    run: str = "killed"


@pytest.fixture(scope="module")
def killed(
    postgres: EmbeddedPostgres, case_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Killed]:
    databases = dict.fromkeys((CLEAN, "beside", OF_RUNS, EVERYWHERE, *_names(_MOST)), ())
    print(f"seed {SEED}")  # noqa: T201  what a failure is repeated with
    # What a state writes while it waits for others, it does not write in each run alike: here no one waits for them.
    how: dict[str, Any] = {
        "limits": replace(LIMITS, dms_requests_at_once=100_000, dms_requests_per_second=10_000),
        "has_own_instances": True,
        "account": AccountLimits(dms_rate=None),
    }
    with open_fleet(tmp_path_factory.mktemp("killed"), postgres, case_template, databases, **how) as fleet:
        clean = fleet.run("clean", [CLEAN])
        assert clean[CLEAN].outcome == "ok"
        effects = fleet.faults.effects(CLEAN) | fleet.faults.effects("")
        most = max(effects.values())
        assert most <= _MOST
        _kill_runs(fleet, effects)
        for number in _numbers(most):
            for state in FULL_RUN:
                if number <= effects.get(state, 0):
                    death = PASSING[number % len(PASSING)]
                    fleet.faults.add(f"killed-{number}", f"killed-handler:{state}:{number}:{death}")
        fleet.faults.add(EVERYWHERE, "killed-everywhere")
        outcomes = fleet.run("killed", ["beside", EVERYWHERE, *_names(most)])
        yield Killed(fleet, effects, outcomes)


def _numbers(most: int) -> Sequence[int]:
    """The effects after which a state dies, 0 for before its first."""
    return range(most + 1) if KILLS == "all" else range(SEED % 2, most + 1, 2)


def _names(most: int) -> list[str]:
    return [f"killed-{number}" for number in _numbers(most)]


def _kill_runs(fleet: Fleet, effects: dict[str, int]) -> None:
    """A run for each effect of PlanRun and of CloseRun: a state that dies more than twice in one run is given up."""
    for state in FLEET_RUN:
        for number in _numbers(effects[state]):
            _unpin_registry(fleet)
            fleet.faults.add(OF_RUNS, f"killed-handler:{state}:{number}:{PASSING[number % len(PASSING)]}")
            outcomes = fleet.run(f"killed-{state.lower()}-{number}", [OF_RUNS])
            assert outcomes[OF_RUNS].outcome == "ok"


def _unpin_registry(fleet: Fleet) -> None:
    """Let PlanRun pin the registry again, as in the first night after a deployment."""
    s3, bucket = fleet.cloud.aws.client("s3"), fleet.cloud.control_bucket
    for found in s3.list_objects_v2(Bucket=bucket, Prefix="registry/")["Contents"]:
        if found["Key"] != CURRENT_REGISTRY:
            s3.delete_object(Bucket=bucket, Key=found["Key"])


def _ledger(killed: Killed, partition: str) -> list[dict[str, Any]]:
    return killed.fleet.cloud.aws.client("dynamodb").query(
        TableName=LEDGER_TABLE,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": partition}},
        ConsistentRead=True,
    )["Items"]


def _without_times(items: list[dict[str, Any]], database: str) -> list[dict[str, Any]]:
    """The items as they would be for any database whose functions never died: a retry waits, so times differ."""
    return [
        {
            name: str(value).replace(database, "it")
            for name, value in item.items()
            if name not in _PASSING | _OWN and not name.endswith("_at")
        }
        for item in items
    ]


def _without_bytes(outcome: Outcome) -> list[TableOutcome]:
    """The tables with all their counts; a database's name is in its files, and its length in their size."""
    return [replace(table, bytes=0) for table in outcome.tables]


def _broken(killed: Killed) -> list[str]:
    return [name for name in killed.outcomes if name != "beside"]


def test_every_state_has_an_effect_to_die_after_but_those_that_only_look(killed: Killed) -> None:
    assert set(FLEET_RUN + FULL_RUN) - set(killed.effects) == {"StopTask", "Conclude"}


def test_every_death_that_was_asked_for_came_once(killed: Killed) -> None:
    struck = {(one.database, one.fault): one.times for one in killed.fleet.faults.struck()}
    everywhere = struck.pop((EVERYWHERE, "killed-everywhere"))
    assert {key: times for key, times in struck.items() if times != 1} == {}
    assert everywhere == len(FULL_RUN) + 1  # AskSource dies too


def test_every_database_ends_ok_with_the_counts_of_one_that_nothing_happened_to(killed: Killed) -> None:
    expected = killed.outcomes["beside"]
    assert expected.outcome == "ok"
    for name in _broken(killed):
        outcome = killed.outcomes[name]
        assert (name, outcome.outcome, outcome.attempt, outcome.gaps) == (name, "ok", 1, expected.gaps)
        assert (name, _without_bytes(outcome)) == (name, _without_bytes(expected))


def test_the_ledger_holds_the_same_of_every_database(killed: Killed) -> None:
    expected = _without_times(_ledger(killed, "DB#beside"), "beside")
    for name in _broken(killed):
        assert (name, _without_times(_ledger(killed, f"DB#{name}"), name)) == (name, expected)


def test_the_run_holds_one_outcome_a_database_and_no_guess(killed: Killed) -> None:
    items = _ledger(killed, "RUN#killed")
    assert sorted(item["sk"]["S"] for item in items) == sorted(["RUN", *(f"DB#{name}" for name in killed.outcomes)])
    assert not any(item.get("guessed", {}).get("BOOL") for item in items)


def test_the_same_objects_are_landed(killed: Killed) -> None:
    expected = [key.replace("beside", "it") for key in killed.fleet.landed("beside")]
    for name in _broken(killed):
        assert (name, [key.replace(name, "it") for key in killed.fleet.landed(name)]) == (name, expected)


def test_the_same_rows_are_published(killed: Killed) -> None:
    expected = killed.fleet.published("beside")
    for name in _broken(killed):
        assert (name, killed.fleet.published(name)) == (name, expected)


def test_every_table_was_applied_once(killed: Killed) -> None:
    query = "SELECT DATABASE_ID, TABLE_NAME, COUNT(*) FROM OPS.APPLIED WHERE RUN = 'killed' GROUP BY 1, 2"
    applied = killed.fleet.ask(query)
    assert [row for row in applied if int(row[2]) != 1] == []
    assert len(applied) == 4 * len(killed.outcomes)
