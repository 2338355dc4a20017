"""The caps of a source server: never more of its databases are read at once, of all runs, and no place is ever lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cases import Case, Cases, refused
from fleet.attempts import Attempt
from fleet.blackouts import Blackout
from fleet.claims import Claim
from fleet.databases import Server
from fleet.server_places import Place
from localcloud.servers.postgres import EmbeddedPostgres

SERVER = Server("shared", "postgresql", "fleet/server/shared", ssl_mode="none", databases_at_once=2)
PLACE = Place(SERVER.id, 2)
LOOK_SECONDS = 30
LONGEST_SECONDS = 6 * 3600


@pytest.fixture(scope="module")
def cases(postgres: EmbeddedPostgres, case_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cases]:
    """A local cloud whose databases are all on one server, which is read for two databases at once."""
    with Cases(tmp_path_factory.mktemp("cases"), postgres, case_template, shared=SERVER) as opened:
        yield opened


@pytest.fixture(autouse=True)
def empty_server(cases: Cases) -> Iterator[None]:
    """Each test finds a server that nobody reads, with the caps that it has."""
    yield
    for database in taken(cases):
        give_back(cases, database)
    cases.cloud.deploy(cases.registry)


def taken(cases: Cases) -> set[str]:
    return set(cases.cloud.clients.places.look(SERVER.id).databases)


def give_back(cases: Cases, database: str) -> None:
    """What ReleaseDatabase does, for any holder of the database."""
    claim = cases.cloud.clients.ledger.claim(database)
    attempt = Attempt(claim.holder_run, database, "full", claim.number, claim.holder)
    cases.cloud.clients.ledger.release(attempt, measured=None, place_at=claim.place_at)


def living(case: Case, name: str = "holder") -> str:
    """An execution that runs, for this database."""
    return case.cases.start_sleeper(f"{name}-of-{case.id}")


def end(case: Case, execution: str) -> None:
    case.cloud.aws.client("stepfunctions").stop_execution(executionArn=execution)


def sweep(cases: Cases) -> dict[str, Any]:
    return cases.invoke("Sweep", {"fleet_run": cases.cloud.machine_arns["fleet-run"]})


def hold(case: Case) -> str:
    """A living execution that holds the database; it is claimed at once."""
    execution = living(case)
    assert case.claim(execution=execution)["verdict"] == "claimed"
    return execution


@pytest.fixture
def full(cases: Cases) -> tuple[Case, Case]:
    """Two databases that living executions hold, so that the server has no place for a third."""
    held = cases.take(), cases.take()
    for case in held:
        hold(case)
    return held


# A wait for a place


def test_no_more_databases_are_claimed_than_the_server_has_places(cases: Cases, full: tuple[Case, Case]) -> None:
    third = cases.take()
    answer = third.claim(execution=living(third))
    assert (answer["verdict"], answer["wait_seconds"], answer["attempt"]["number"]) == ("wait", LOOK_SECONDS, 0)
    assert taken(cases) == {case.id for case in full}
    assert third.cloud.clients.ledger.claim(third.id) == Claim()


def test_a_place_that_is_given_back_is_the_next_ones_and_its_attempt_says_how_long_it_waited(
    cases: Cases, full: tuple[Case, Case]
) -> None:
    third = cases.take()
    execution = living(third)
    third.claim(execution=execution)
    cases.time.pass_seconds(60)
    assert third.claim(execution=execution)["verdict"] == "wait"
    give_back(cases, full[0].id)
    cases.time.pass_seconds(30)
    assert third.claim(execution=execution)["verdict"] == "claimed"
    assert taken(cases) == {full[1].id, third.id}
    assert third.record["server_wait_seconds"] == 90
    assert not [one for one in cases.cloud.clients.places.look(SERVER.id).waits if third.id in one]


def test_an_attempt_that_did_not_wait_says_nothing_of_a_wait(cases: Cases, case: Case) -> None:
    hold(case)
    assert "server_wait_seconds" not in case.record


def test_release_database_gives_the_place_back(cases: Cases, case: Case) -> None:
    case.go_through("ReleaseDatabase")
    assert case.outcome["outcome"] == "ok"
    assert taken(cases) == set()
    assert not cases.cloud.clients.ledger.claim(case.id).place_at


def test_one_execution_that_asks_twice_takes_one_place(cases: Cases, case: Case) -> None:
    execution = living(case)
    assert case.claim(execution=execution) == case.claim(execution=execution)
    assert taken(cases) == {case.id}


def test_a_database_that_waited_too_long_is_skipped_and_its_outcome_names_server_cap_holders_and_time(
    cases: Cases, full: tuple[Case, Case]
) -> None:
    third = cases.take()
    execution = living(third)
    started_at = cases.cloud.clock.now().isoformat()
    assert third.claim(execution=execution)["verdict"] == "wait"
    cases.time.pass_seconds(LONGEST_SECONDS - 5)
    assert third.claim(execution=execution)["wait_seconds"] == 6
    cases.time.pass_seconds(6)
    declined = third.claim(execution=execution)
    assert declined["verdict"] == "declined"
    third.attempt = declined["attempt"]
    third.call("RecordOutcome", declined=declined["declined"], started_at=started_at)
    seen = [third.outcome[name] for name in ("outcome", "failure_class", "failure_name", "attempt", "owner")]
    assert seen == ["skipped", "server_full", "ServerFull", 0, "fleet team"]
    holders = " ".join(sorted(f"{case.id} (attempt 1 of run {case.run})," for case in full)).rstrip(",")
    assert third.outcome["failure_text"] == (
        "no place came free at its server: 'shared' is read for at most 2 databases at once (databases_at_once 2, "
        f"connections_at_once 100, 26 for each): held by {holders}; waited 21601 s of 21600 s (server_wait_seconds)."
    )
    assert third.call("ReleaseDatabase")["verdict"] == "nothing"
    with refused("DatabaseNotOkError", "ended skipped .*no place came free at its server: 'shared'"):
        third.call("Conclude")
    assert taken(cases) == {case.id for case in full}


def test_who_redrives_an_execution_lets_it_wait_anew(cases: Cases, full: tuple[Case, Case]) -> None:
    third = cases.take()
    execution = living(third)
    third.claim(execution=execution)
    cases.time.pass_seconds(LONGEST_SECONDS + 1)
    event = {
        "input": {"run": third.run, "database": third.id, "mode": "full"},
        "execution": execution,
        "started_at": cases.cloud.clock.now().isoformat(),
    }
    assert cases.invoke("ClaimDatabase", {**event, "redrive_count": 0})["verdict"] == "declined"
    assert cases.invoke("ClaimDatabase", {**event, "redrive_count": 1})["verdict"] == "wait"


def test_a_run_that_is_asked_to_end_ends_a_wait_for_a_place(cases: Cases, full: tuple[Case, Case]) -> None:
    third = cases.take()
    execution = living(third)
    assert third.claim(execution=execution)["verdict"] == "wait"
    cases.cloud.clients.ledger.request_stop(third.run, "the source's team asked for it")
    declined = third.claim(execution=execution)
    assert (declined["verdict"], declined["declined"]) == ("declined", "the source's team asked for it")


def test_waits_that_broke_off_are_forgotten_after_a_day(cases: Cases, full: tuple[Case, Case]) -> None:
    third, fourth = cases.take(), cases.take()
    third.claim(execution=living(third))
    cases.time.pass_seconds(24 * 3600 + 1)
    fourth.claim(execution=living(fourth))
    assert [one.split()[0] for one in cases.cloud.clients.places.look(SERVER.id).waits] == [f"holder-of-{fourth.id}"]


def test_places_are_of_all_runs_together_and_a_lower_cap_holds_for_who_comes_next(
    cases: Cases, full: tuple[Case, Case]
) -> None:
    lower = replace(cases.registry, servers=(replace(SERVER, databases_at_once=1),))
    cases.cloud.deploy(lower)
    third = cases.take()
    third.plan(f"another-{third.id}")
    execution = living(third)
    for case in full:
        assert third.claim(execution=execution)["verdict"] == "wait"
        give_back(cases, case.id)
    assert third.claim(execution=execution)["verdict"] == "claimed"
    assert taken(cases) == {third.id}


def test_connections_bind_where_they_are_fewer_than_the_databases_need(cases: Cases, case: Case) -> None:
    cases.cloud.deploy(replace(cases.registry, servers=(replace(SERVER, connections_at_once=51),)))
    hold(case)
    second = cases.take()
    assert second.claim(execution=living(second))["verdict"] == "wait"


# Blackouts


def plan_in_blackout(case: Case, minutes: int) -> None:
    """A run of the database that is planned an hour after a blackout of its server began, of so many *minutes*."""
    now = case.cloud.clock.now()
    starts, ends = now - timedelta(hours=1), now + timedelta(minutes=minutes - 60)
    blackout = Blackout(f"{starts:%H:%M}", f"{ends:%H:%M}")
    case.cloud.deploy(replace(case.cases.registry, servers=(replace(SERVER, blackouts=(blackout,)),)))
    case.plan(f"blackout-{case.id}")


def test_a_database_waits_for_the_end_of_its_servers_blackout_and_is_then_claimed(cases: Cases, case: Case) -> None:
    plan_in_blackout(case, 180)
    execution = living(case)
    answer = case.claim(execution=execution)
    assert (answer["verdict"], answer["wait_seconds"]) == ("wait", LOOK_SECONDS)
    assert taken(cases) == set()
    cases.time.pass_seconds(2 * 3600 - 90)
    last = case.claim(execution=execution)
    assert last["verdict"] == "wait"
    assert last["wait_seconds"] <= 90
    cases.time.pass_seconds(90)
    assert case.claim(execution=execution)["verdict"] == "claimed"


def test_a_blackout_that_goes_on_for_too_long_is_not_waited_for_and_the_outcome_says_which_it_is(
    cases: Cases, case: Case
) -> None:
    plan_in_blackout(case, 60 + LONGEST_SECONDS // 60 + 2)
    started_at = cases.cloud.clock.now().isoformat()
    declined = case.claim(execution=living(case))
    assert declined["verdict"] == "declined"
    case.attempt = declined["attempt"]
    case.call("RecordOutcome", declined=declined["declined"], started_at=started_at)
    seen = [case.outcome[name] for name in ("outcome", "failure_class", "failure_name", "attempt")]
    assert seen == ["skipped", "blackout", "ServerBlackout", 0]
    assert case.outcome["failure_text"].startswith("its server is in a blackout: 'shared' is not read from ")
    assert case.outcome["failure_text"].endswith("; waited 0 s of 21600 s (server_wait_seconds).")


def test_a_load_does_not_begin_in_a_blackout_that_began_after_the_claim(cases: Cases, case: Case) -> None:
    plan_in_blackout(case, 24 * 60 - 120)
    cases.time.pass_seconds(21 * 3600 + 300)  # the blackout is over
    case.go_before("StartTask")
    cases.time.pass_seconds(2 * 3600)
    assert case.call("StartTask")["verdict"] == "wait"
    assert case.record["wait_for"] == "ServerBlackout"


# Executions that break off


def test_a_dead_executions_place_is_given_back_once_it_cannot_act_any_more_and_its_claim_stays(
    cases: Cases, full: tuple[Case, Case]
) -> None:
    dead, third = full[0], cases.take()
    end(dead, cases.cloud.clients.ledger.claim(dead.id).holder)
    cases.time.pass_seconds(890)
    sweep(cases)
    assert dead.id in taken(cases)
    cases.time.pass_seconds(20)
    assert sweep(cases)["databases"] >= 1
    assert taken(cases) == {full[1].id}
    assert cases.cloud.clients.ledger.claim(dead.id).holder_run == dead.run
    assert third.claim(execution=living(third))["verdict"] == "claimed"


def test_a_dead_executions_place_is_kept_while_its_task_moves(cases: Cases, case: Case) -> None:
    execution = hold(case)
    case.go_before("StartTask")
    end(case, execution)
    cases.time.pass_seconds(910)
    with case.locked("orders"):
        if not taken(cases):  # the schedule's own sweep was first
            case.cloud.clients.places.take_again(case.typed_attempt, PLACE)
        case.call("StartTask")
        cases.time.pass_seconds(20)
        case.wait_until_blocked()
        sweep(cases)
        assert taken(cases) == {case.id}
    cases.time.pass_seconds(60)
    assert case.task["Status"] == "stopped"
    sweep(cases)
    assert taken(cases) == set()


def test_a_redriven_execution_that_lost_its_place_starts_no_load_before_it_has_one_again(
    cases: Cases, case: Case
) -> None:
    execution = hold(case)
    case.go_before("StartTask")
    end(case, execution)
    cases.time.pass_seconds(910)
    sweep(cases)
    others = cases.take(), cases.take()
    for other in others:
        hold(other)
    answer = case.call("StartTask")
    assert answer["verdict"] == "wait"
    assert case.record["server_wait_seconds"] == answer["wait_seconds"]
    assert case.task["Status"] == "ready"
    give_back(cases, others[0].id)
    assert case.call("StartTask")["verdict"] == "started"
    assert taken(cases) == {case.id, others[1].id}


def test_a_redriven_execution_waits_for_its_place_no_longer_than_any_other(cases: Cases, case: Case) -> None:
    execution = hold(case)
    case.go_before("StartTask")
    end(case, execution)
    cases.time.pass_seconds(910)
    sweep(cases)
    for other in (cases.take(), cases.take()):
        hold(other)
    assert case.call("StartTask")["verdict"] == "wait"
    cases.time.pass_seconds(LONGEST_SECONDS + 1)
    assert case.call("StartTask")["verdict"] == "refused"
    assert case.failure is not None
    assert (case.failure["failure_class"], case.failure["name"]) == ("server_full", "ServerFull")
    assert "'shared' is read for at most 2 databases at once" in case.failure["text"]


def test_who_takes_over_from_a_dead_execution_takes_over_its_place_too(cases: Cases, full: tuple[Case, Case]) -> None:
    dead = full[0]
    execution = cases.cloud.clients.ledger.claim(dead.id).holder
    end(dead, execution)
    cases.time.pass_seconds(850)
    assert dead.claim(execution=living(dead, "another"))["verdict"] == "wait"
    cases.time.pass_seconds(60)
    if dead.id not in taken(cases):  # the schedule's own sweep was first
        assert cases.cloud.clients.places.take_again(dead.typed_attempt, PLACE)
    answer = dead.claim(execution=living(dead, "a-third"))
    assert (answer["verdict"], answer["attempt"]["number"]) == ("claimed", 2)
    assert taken(cases) == {case.id for case in full}


def test_a_place_whose_claim_somebody_removed_by_hand_is_free(cases: Cases, full: tuple[Case, Case]) -> None:
    key = {"pk": {"S": f"DB#{full[0].id}"}, "sk": {"S": "CLAIM"}}
    cases.cloud.aws.client("dynamodb").delete_item(TableName="fleet-ledger", Key=key)
    third = cases.take()
    assert third.claim(execution=living(third))["verdict"] == "claimed"
    assert taken(cases) == {full[1].id, third.id}


def test_a_database_that_left_the_registry_does_not_keep_its_place(cases: Cases, case: Case) -> None:
    end(case, hold(case))
    without = tuple(one for one in cases.registry.databases if one.id != case.id)
    cases.cloud.deploy(replace(cases.registry, databases=without))
    cases.time.pass_seconds(910)
    sweep(cases)
    assert taken(cases) == set()
