"""Nights over a server that bears fewer databases at once than its instances would take."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime

import pytest

from cases import Case, Cases
from fleet.databases import Server
from localcloud.servers.postgres import EmbeddedPostgres

SERVER = Server("shared", "postgresql", "fleet/server/shared", ssl_mode="none", databases_at_once=2)


@pytest.fixture(scope="module")
def cases(postgres: EmbeddedPostgres, case_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cases]:
    """A local cloud whose databases are all on one server, which is read for two databases at once."""
    with Cases(tmp_path_factory.mktemp("cases"), postgres, case_template, shared=SERVER) as opened:
        yield opened


def taken(cases: Cases) -> set[str]:
    return set(cases.cloud.clients.places.look(SERVER.id).databases)


def busy(cases: Cases, *runs: str) -> list[int]:
    """How many of the runs' databases were between their claim and their release, at each of these moments."""
    machines = cases.cloud.aws.client("stepfunctions")
    moments: list[tuple[datetime, int]] = []
    listed = machines.list_executions(stateMachineArn=cases.cloud.machine_arns["database-run"])["executions"]
    for one in listed:
        if not one["name"].startswith(runs):
            continue
        events = [
            event
            for page in machines.get_paginator("get_execution_history").paginate(executionArn=one["executionArn"])
            for event in page["events"]
        ]
        left = [
            (event["stateExitedEventDetails"]["name"], event) for event in events if "stateExitedEventDetails" in event
        ]
        claimed = [event["timestamp"] for name, event in left if name == "ClaimDatabase"]
        released = [event["timestamp"] for name, event in left if name == "ReleaseDatabase"]
        moments += [(claimed[-1], 1), (released[-1], -1)]
    count, counts = 0, []
    for _, change in sorted(moments):  # who leaves at a moment makes room for who comes
        count += change
        counts.append(count)
    return counts


@pytest.fixture
def six(cases: Cases) -> list[Case]:
    """Six databases, three on each of two instances."""
    found = [cases.take() for _ in range(6)]
    assert {case.cases.registry.database(case.id).instance for case in found} == {"one", "two"}
    return found


def test_a_night_reads_as_many_databases_of_the_server_at_once_as_it_bears_and_never_more(
    cases: Cases, six: list[Case]
) -> None:
    run = f"night-{six[0].id}"
    ended = cases.run_night(run, databases=[case.id for case in six])
    assert (ended["status"], json.loads(ended["output"])["outcomes"]) == ("SUCCEEDED", {"ok": 6})
    assert max(busy(cases, run)) == 2
    assert taken(cases) == set()
    waited = []
    for case in six:
        case.run, case.attempt = run, {"run": run, "database": case.id, "mode": "full", "number": 1, "execution": ""}
        waited.append(case.record.get("server_wait_seconds", 0))
    assert sorted(second > 0 for second in waited) == [False, False, True, True, True, True]


def test_two_runs_at_once_keep_to_the_caps_together(cases: Cases, six: list[Case]) -> None:
    names = f"one-{six[0].id}", f"two-{six[0].id}"
    halves = [case.id for case in six[:3]], [case.id for case in six[3:]]
    runs = [
        cases.execute("fleet-run", name, {"mode": "full", "databases": half})
        for name, half in zip(names, halves, strict=True)
    ]
    assert [cases.time.until(run)["status"] for run in runs] == ["SUCCEEDED", "SUCCEEDED"]
    assert max(busy(cases, *names)) == 2
    assert taken(cases) == set()


@pytest.mark.parametrize("state", ["ClaimDatabase", "ReleaseDatabase"])
@pytest.mark.parametrize("effects", [0, 1])
def test_a_function_that_dies_around_a_place_loses_none_and_takes_no_second(
    cases: Cases, six: list[Case], state: str, effects: int
) -> None:
    four = six[:4]  # two on each instance
    for case in four[:2]:
        case.cloud.faults.add(case.id, f"killed-handler:{state}:{effects}")
    run = f"night-{six[0].id}"
    ended = cases.run_night(run, databases=[case.id for case in four])
    assert ended["status"] == "SUCCEEDED"
    assert max(busy(cases, run)) == 2
    assert taken(cases) == set()
