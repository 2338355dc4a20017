"""Deltas that are due while another run holds their database: they join it, and it reads once more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import Future
from itertools import count
from typing import Any

import pytest

from cases import Cases
from delta_case import DeltaCase, delta_cases
from fleet.databases import Mode
from localcloud.servers.postgres import EmbeddedPostgres

_RUNS = count(1)


@pytest.fixture(scope="module")
def cases(postgres: EmbeddedPostgres, case_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cases]:
    with delta_cases(tmp_path_factory.mktemp("joined"), postgres, case_template) as opened:
        yield opened


def begin(database: DeltaCase, name: str, mode: Mode = "delta") -> Future[Any]:
    """Start a run over the database, whose name begins with *name*."""
    database.case.run = f"{name}-{database.case.id}-{next(_RUNS)}"
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
    shared: DeltaCase, mode: Mode, later: int
) -> None:
    holder = begin(shared, f"holder-{mode}", mode)
    held = shared.case.run
    until_it_reads(shared)
    shared.cases.time.pass_seconds(later)
    shared.change(f"INSERT INTO orders VALUES ({50 + later}, 'between the two', 1)")
    joined = begin(shared, "joined")
    assert end(shared, joined) == {"skipped": 1}
    assert (shared.case.outcome["failure_name"], shared.case.outcome["failure_class"]) == ("Joined", "joined")
    assert held in shared.case.outcome["failure_text"]
    assert end(shared, holder) == {"ok": 1}
    shared.case.run = held
    shared.assert_equal()
    assert shared.purposes == [mode, "delta"]


def test_one_run_is_joined_once_and_the_next_one_waits_for_its_turn(shared: DeltaCase) -> None:
    holder = begin(shared, "holder")
    held = shared.case.run
    until_it_reads(shared)
    assert end(shared, begin(shared, "joined")) == {"skipped": 1}
    assert end(shared, begin(shared, "joined-too")) == {"skipped": 1}
    shared.case.run = held
    for _ in range(100):
        if shared.purposes == ["delta", "delta"]:
            break
        shared.cases.time.pass_seconds(20)
    third = begin(shared, "third")
    assert end(shared, holder) == {"ok": 1}
    assert end(shared, third) == {"ok": 1}


def test_a_full_run_waits_for_a_delta_and_does_not_join_it(shared: DeltaCase) -> None:
    holder = begin(shared, "holder")
    until_it_reads(shared)  # else the full run may be the first to claim
    full = begin(shared, "full", "full")
    assert [end(shared, one) for one in (holder, full)] == [{"ok": 1}, {"ok": 1}]
    assert shared.purposes == ["full"]


def test_a_load_of_some_tables_takes_no_joins(seeded: DeltaCase) -> None:
    case, cases = seeded.case, seeded.cases
    case.run, case.attempt = f"narrow-{case.id}", {}
    case.plan()
    case.claim(execution=cases.start_sleeper(f"holder-of-{case.id}"), tables=["public.orders"])
    assert cases.time.until(begin(seeded, "waiting"))["status"] == "FAILED"
    assert (case.outcome["outcome"], case.outcome["failure_name"]) == ("skipped", "Claimed")


def test_a_run_that_only_joined_another_leaves_nothing_to_rerun(shared: DeltaCase) -> None:
    holder = begin(shared, "holder")
    until_it_reads(shared)
    assert end(shared, begin(shared, "joined")) == {"skipped": 1}
    joined = shared.case.run
    again = shared.cases.execute("fleet-run", f"again-{shared.case.id}", {"rerun_of": joined})
    assert shared.cases.time.until(again)["error"] == "NothingToRerunError"
    page = shared.case.read_control(f"runs/{joined}/report.html").decode()
    assert "Green: 0 of 1 database ok, 1 joined to another run" in page
    assert end(shared, holder) == {"ok": 1}


def test_a_schedule_of_minutes_over_loads_that_take_longer_piles_nothing_up(shared: DeltaCase) -> None:
    runs: dict[str, Future[Any]] = {}
    for number in range(8):  # a delta reads for five minutes, and is applied after that
        shared.change(f"INSERT INTO orders VALUES ({100 + number}, 'due', 1)")
        run = begin(shared, f"due-{number}")
        runs[shared.case.run] = run
        shared.cases.time.pass_seconds(300)
    ends = [end(shared, run) for run in runs.values()]
    assert {word for one in ends for word in one} == {"ok", "skipped"}
    assert ends.count({"ok": 1}) >= 2
    shared.assert_equal()
    outcomes = [shared.case.cloud.clients.ledger.outcome(name, shared.case.id) for name in runs]
    assert max((one.ended_at - one.started_at).total_seconds() for one in outcomes if one) < 4 * 300 + 900
