"""Deltas that are due while another run holds their database: they join it, and it reads once more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import pytest

from cases import Cases
from delta_case import DeltaCase, delta_cases
from fleet.databases import Mode
from localcloud.servers.postgres import EmbeddedPostgres


@pytest.fixture(scope="module")
def cases(postgres: EmbeddedPostgres, case_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cases]:
    with delta_cases(tmp_path_factory.mktemp("joined"), postgres, case_template) as opened:
        yield opened


@pytest.fixture
def seeded(cases: Cases) -> DeltaCase:
    """A database after its first run in mode `delta`."""
    database = DeltaCase(cases)
    database.run_ok()
    return database


def begin(database: DeltaCase, name: str, mode: Mode = "delta") -> Future[Any]:
    """Start a run over the database."""
    database.case.run = f"{name}-{database.case.id}"
    return database.cases.execute("fleet-run", database.case.run, {"mode": mode, "databases": [database.case.id]})


def until_it_reads(database: DeltaCase) -> None:
    """Wait until the run that began last has set its mark and reads on."""
    ledger = database.case.cloud.clients.ledger
    for _ in range(200):
        records = ledger.attempts_between(database.case.id, 1, ledger.claim(database.case.id).number)
        if records[-1].attempt.run == database.case.run and records[-1].started_at:
            return
        database.cases.time.pass_seconds(5)
    raise AssertionError("no task was started")


def end(database: DeltaCase, run: Future[Any]) -> dict[str, object]:
    """Wait for the end of *run*; what it answers."""
    execution = database.cases.time.until(run)
    assert execution["status"] == "SUCCEEDED", execution
    return json.loads(execution["output"])["outcomes"]


@pytest.mark.parametrize(("mode", "later"), [("delta", 240), ("full", 5)])
def test_a_delta_that_is_due_while_a_run_goes_on_joins_it_and_what_changed_until_then_arrives(
    seeded: DeltaCase, mode: Mode, later: float
) -> None:
    holder = begin(seeded, f"holder-{mode}", mode)
    held = seeded.case.run
    until_it_reads(seeded)
    seeded.cases.time.pass_seconds(later)
    seeded.change("INSERT INTO orders VALUES (50, 'between the two', 1)")
    joined = begin(seeded, "joined")
    assert end(seeded, joined) == {"skipped": 1}
    assert (seeded.case.outcome["failure_name"], seeded.case.outcome["failure_class"]) == ("Joined", "joined")
    assert held in seeded.case.outcome["failure_text"]
    assert end(seeded, holder) == {"ok": 1}
    seeded.case.run = held
    seeded.assert_equal()
    assert seeded.purposes == [mode, "delta"]


def test_one_run_is_joined_once_and_the_next_one_waits_for_its_turn(seeded: DeltaCase) -> None:
    holder = begin(seeded, "holder")
    held = seeded.case.run
    until_it_reads(seeded)
    assert end(seeded, begin(seeded, "joined")) == {"skipped": 1}
    assert end(seeded, begin(seeded, "joined-too")) == {"skipped": 1}
    seeded.case.run = held
    for _ in range(100):
        if seeded.purposes == ["delta", "delta"]:
            break
        seeded.cases.time.pass_seconds(20)
    third = begin(seeded, "third")
    assert end(seeded, holder) == {"ok": 1}
    assert end(seeded, third) == {"ok": 1}


def test_a_full_run_waits_for_a_delta_and_does_not_join_it(seeded: DeltaCase) -> None:
    holder = begin(seeded, "holder")
    until_it_reads(seeded)  # else the full run may be the first to claim
    full = begin(seeded, "full", "full")
    assert [end(seeded, one) for one in (holder, full)] == [{"ok": 1}, {"ok": 1}]
    assert seeded.purposes == ["full"]


def test_a_load_of_some_tables_takes_no_joins(seeded: DeltaCase) -> None:
    case, cases = seeded.case, seeded.cases
    case.run, case.attempt = f"narrow-{case.id}", {}
    case.plan()
    case.claim(execution=cases.start_sleeper(f"holder-of-{case.id}"), tables=["public.orders"])
    assert cases.time.until(begin(seeded, "waiting"))["status"] == "FAILED"
    assert (case.outcome["outcome"], case.outcome["failure_name"]) == ("skipped", "Claimed")


def test_a_run_that_only_joined_another_leaves_nothing_to_rerun(seeded: DeltaCase) -> None:
    holder = begin(seeded, "holder")
    until_it_reads(seeded)
    assert end(seeded, begin(seeded, "joined")) == {"skipped": 1}
    joined = seeded.case.run
    again = seeded.cases.execute("fleet-run", f"again-{seeded.case.id}", {"rerun_of": joined})
    assert seeded.cases.time.until(again)["error"] == "NothingToRerunError"
    page = seeded.case.read_control(f"runs/{joined}/report.html").decode()
    assert "Green: 0 of 1 database ok, 1 joined to another run" in page
    assert end(seeded, holder) == {"ok": 1}


def test_a_schedule_of_minutes_over_loads_that_take_longer_piles_nothing_up(seeded: DeltaCase) -> None:
    runs: dict[str, Future[Any]] = {}
    for number in range(8):  # a delta reads for five minutes, and is applied after that
        seeded.change(f"INSERT INTO orders VALUES ({100 + number}, 'due', 1)")
        run = begin(seeded, f"due-{number}")
        runs[seeded.case.run] = run
        seeded.cases.time.pass_seconds(300)
    ends = [end(seeded, run) for run in runs.values()]
    assert {word for one in ends for word in one} == {"ok", "skipped"}
    assert ends.count({"ok": 1}) >= 2
    seeded.assert_equal()
    outcomes = [seeded.case.cloud.clients.ledger.outcome(name, seeded.case.id) for name in runs]
    assert max((one.ended_at - one.started_at).total_seconds() for one in outcomes if one) < 4 * 300 + 900
