"""Who may work on a database: one execution at a time, and a dead one's place is taken only when nothing moves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cases import SETTINGS, Case, Cases, refused
from fleet.claims import Claim
from fleet.waits import longest_attempt_seconds

CASE_COUNT = 48


def ask(case: Case, execution: str, run: str = "", *, seconds_ago: int = 0) -> dict[str, Any]:
    """ClaimDatabase once, by an execution that started *seconds_ago*."""
    started_at = case.cloud.clock.now() - timedelta(seconds=seconds_ago)
    return case.cases.invoke(
        "ClaimDatabase",
        {
            "input": {"run": run or case.run, "database": case.id, "mode": "full"},
            "execution": execution,
            "started_at": started_at.isoformat(),
            "redrive_count": 0,
        },
    )


@pytest.fixture
def living(cases: Cases, case: Case) -> str:
    """An execution that runs and holds the case's database, under the case's run."""
    execution = cases.start_sleeper(f"holder-of-{case.id}")
    assert case.claim(execution=execution)["verdict"] == "claimed"
    return execution


def end(case: Case, execution: str) -> None:
    case.cloud.aws.client("stepfunctions").stop_execution(executionArn=execution)


def test_the_first_attempt_has_number_one_and_the_next_follows(case: Case) -> None:
    assert case.claim()["attempt"]["number"] == 1
    case.go_through("ReleaseDatabase")
    case.next_night(f"second-{case.id}")
    assert case.attempt["number"] == 2


def test_one_execution_that_asks_twice_gets_one_number(case: Case) -> None:
    first = case.claim()
    before = case.everything()
    assert case.claim() == first
    assert case.everything() == before


def test_a_living_holder_of_another_run_is_waited_for_then_left_alone(cases: Cases, case: Case, living: str) -> None:
    another = cases.start_sleeper(f"another-{case.id}")
    case.plan(f"another-{case.id}")
    assert ask(case, another, seconds_ago=890)["verdict"] == "wait"
    declined = ask(case, another, seconds_ago=901)
    assert (declined["verdict"], declined["attempt"]["number"]) == ("declined", 0)
    assert living in declined["declined"]
    assert "waited 901 s of 900 s" in declined["declined"]
    assert case.cloud.clients.ledger.claim(case.id).holder == living


def test_an_execution_that_was_declined_is_recorded_as_skipped_and_gives_nothing_back(
    cases: Cases, case: Case, living: str
) -> None:
    another = cases.start_sleeper(f"another-{case.id}")
    case.plan(f"another-{case.id}")
    declined = ask(case, another, seconds_ago=901)
    case.attempt = declined["attempt"]
    recorded = case.call(
        "RecordOutcome", declined=declined["declined"], started_at=case.cloud.clock.now().isoformat(), redrive_count=0
    )
    assert recorded == {"outcome": "skipped", "recorded": True, "redrive_count": 0}
    assert case.outcome["failure_name"] == "Claimed"
    assert case.call("ReleaseDatabase") == {"verdict": "nothing", "wait_seconds": 0}
    assert case.cloud.clients.ledger.claim(case.id).holder == living
    with refused("DatabaseNotOkError", "ended skipped .* holds it"):
        case.call("Conclude")


def test_a_living_holder_of_the_same_run_is_waited_for_as_long_as_an_attempt_may_last(
    cases: Cases, case: Case, living: str
) -> None:
    another = cases.start_sleeper(f"another-{case.id}")
    longest = longest_attempt_seconds(SETTINGS.limits)
    assert ask(case, another, seconds_ago=longest - 1)["verdict"] == "wait"
    declined = ask(case, another, seconds_ago=longest + 1)
    assert declined["verdict"] == "declined"
    assert living in declined["declined"]
    assert f"waited {longest + 1} s of {longest} s" in declined["declined"]


def test_a_dead_holder_of_the_same_run_whose_task_does_not_stop_is_waited_for_no_longer_than_a_stop_may_take(
    cases: Cases, case: Case, living: str
) -> None:
    end(case, living)
    another = cases.start_sleeper(f"another-{case.id}")
    longest = SETTINGS.limits.claim_wait_seconds + SETTINGS.limits.stop_deadline_seconds
    assert ask(case, another, seconds_ago=longest - 1)["verdict"] == "wait"
    assert ask(case, another, seconds_ago=longest + 1)["verdict"] == "declined"


def test_a_dead_holder_is_left_alone_while_a_function_of_it_may_act(cases: Cases, case: Case, living: str) -> None:
    end(case, living)
    another = cases.start_sleeper(f"another-{case.id}")
    case.time.pass_seconds(890)
    assert ask(case, another)["verdict"] == "wait"
    case.time.pass_seconds(20)
    taken = ask(case, another)
    assert (taken["verdict"], taken["attempt"]["number"]) == ("claimed", 2)


def test_a_task_that_a_dead_holder_left_running_is_stopped_before_its_place_is_taken(
    cases: Cases, case: Case, living: str
) -> None:
    case.go_before("StartTask")
    end(case, living)
    case.time.pass_seconds(901)
    another = cases.start_sleeper(f"another-{case.id}")
    with case.locked("orders"):
        case.call("StartTask")
        case.time.pass_seconds(20)
        case.wait_until_blocked()
        assert case.task["Status"] == "running"
        assert ask(case, another)["verdict"] == "wait"
        assert case.task["Status"] == "stopping"
    case.time.pass_seconds(60)
    assert case.task["Status"] == "stopped"
    assert ask(case, another)["attempt"]["number"] == 2


def test_a_task_that_a_dead_holder_left_starting_is_waited_for(cases: Cases, case: Case, living: str) -> None:
    case.go_before("StartTask")
    end(case, living)
    case.time.pass_seconds(901)
    case.call("StartTask")
    assert case.task["Status"] == "starting"
    assert ask(case, cases.start_sleeper(f"another-{case.id}"))["verdict"] == "wait"


def test_a_holder_whose_tasks_are_gone_is_taken_over(cases: Cases, case: Case, living: str) -> None:
    case.dms.delete_replication_task(ReplicationTaskArn=case.task["ReplicationTaskArn"])
    end(case, living)
    case.time.pass_seconds(901)
    assert ask(case, cases.start_sleeper(f"another-{case.id}"))["verdict"] == "claimed"


def test_a_claim_that_another_takes_at_the_same_moment_is_tried_again(case: Case) -> None:
    case.claim()
    typed = case.typed_attempt
    assert not case.cloud.clients.ledger.take(typed, previous_holder="", now=datetime(2026, 11, 21, tzinfo=UTC))
    assert case.cloud.clients.ledger.claim(case.id).holder == case.attempt["execution"]


def test_a_released_database_keeps_its_number_and_has_no_holder(case: Case) -> None:
    case.go_through("ReleaseDatabase")
    claim = case.cloud.clients.ledger.claim(case.id)
    assert claim == Claim(1, is_admitted=True)


def test_a_database_is_not_given_back_while_its_task_moves(case: Case) -> None:
    case.go_through("StartTask")
    with refused("TaskNotAtRestError", f"fleet-{case.id}-full' is 'starting'.*Stop the task"):
        case.call("ReleaseDatabase")
    assert case.cloud.clients.ledger.claim(case.id).holder == case.attempt["execution"]


def test_only_the_holder_gives_a_database_back(case: Case) -> None:
    case.claim()
    old = case.attempt
    case.claim(execution=case.execution_arn("another"))
    case.attempt = old
    case.call("ReleaseDatabase")
    case.cloud.clients.ledger.release(case.typed_attempt, measured=None)  # as if the other had come between
    assert case.cloud.clients.ledger.claim(case.id).holder == case.execution_arn("another")


INPUTS = [
    ({"run": "no-such-run"}, "UnknownRunError", "'no-such-run' has no plan.*Start fleet-run"),
    ({"database": "no-such-database"}, "UnknownDatabaseError", "'no-such-database' is not in the registry"),
    ({"database": "No Such"}, "MalformedIdError", "database id 'No Such' is malformed"),
    ({"run": "no_such_run"}, "MalformedIdError", "run id 'no_such_run' is malformed"),
    ({"mode": "delta"}, "MalformedInputError", "does no deltas.*`deltas: true`.*mode 'full'"),
    ({"mode": "both"}, "MalformedInputError", "input.mode: .*found 'both'"),
    ({"tables": "public.orders"}, "MalformedInputError", "input.tables: .*found 'public.orders'"),
    ({"table": ["public.orders"]}, "MalformedInputError", "input.table: .*found .*public.orders"),
]


@pytest.mark.parametrize(("changed", "error", "words"), INPUTS, ids=[str(changed) for changed, *_ in INPUTS])
def test_a_wrong_input_of_database_run_is_refused_by_name(
    cases: Cases, planned: str, changed: dict[str, Any], error: str, words: str
) -> None:
    event = {
        "input": {"run": f"run-{planned}", "database": planned, "mode": "full", **changed},
        "execution": "arn",
        "started_at": "2026-11-21T00:00:00Z",
        "redrive_count": 0,
    }
    with refused(error, words):
        cases.invoke("ClaimDatabase", event)
    assert cases.cloud.clients.ledger.claim(planned) == Claim()


@pytest.fixture(scope="module")
def planned(cases: Cases) -> str:
    """The id of a database that is planned and never claimed."""
    case = cases.take()
    case.plan()
    return case.id


def test_what_step_functions_adds_to_an_input_is_let_pass(case: Case) -> None:
    assert case.claim(AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID="arn")["verdict"] == "claimed"


def test_an_attempt_that_is_no_object_is_a_malformed_input(cases: Cases) -> None:
    with refused("MalformedInputError", "attempt: .*found 'the wrong one'"):
        cases.invoke("PollTask", {"attempt": "the wrong one"})


def test_exact_tables_of_the_input_are_all_that_moves(case: Case) -> None:
    case.claim(tables=["public.orders"])
    case.go_through("ReleaseDatabase")
    assert [name for name, table in case.tables.items() if table["rows_by_dms"] is not None] == ["orders"]
    assert {key.split("/")[5] for key in case.objects(f"{case.folder}/public/")} == {"orders"}
    assert case.outcome["outcome"] == "partial"


def test_a_table_that_the_source_does_not_hold_fails_the_attempt_by_name(case: Case) -> None:
    case.claim(tables=["public.orders", "public.oders"])
    assert case.settle("PrepareTask")["verdict"] == "refused"
    outcome = case.finish(after="StartTask")
    assert (outcome["outcome"], outcome["failure_name"]) == ("failed", "TableNotSelected")
    assert "'public.oders'" in outcome["failure_text"]
