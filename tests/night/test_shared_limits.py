"""Limits that every database of the account shares make a run slower, and end none of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from faulty_fleet import Fleet, open_fleet
from localcloud.cloud import AccountLimits
from localcloud.servers.postgres import EmbeddedPostgres
from localcloud.throttling import Rate

DATABASES = ("one", "two", "three", "four", "five", "six")
Open = Callable[..., Fleet]


@pytest.fixture
def opened(postgres: EmbeddedPostgres, case_template: str, tmp_path: Path) -> Iterator[Open]:
    """Opens a fleet of six databases in a cloud with the limits that are given."""
    with ExitStack() as stack:

        def open_one(faults: dict[str, list[str]] | None = None, **how: Any) -> Fleet:
            wanted = {name: (faults or {}).get(name, []) for name in DATABASES}
            return stack.enter_context(open_fleet(tmp_path, postgres, case_template, wanted, **how))

        yield open_one


def outcomes(fleet: Fleet, run: str) -> dict[str, str]:
    """The outcomes of a night, by database."""
    return {name: one.outcome for name, one in fleet.run(run, DATABASES).items()}


ALL_OK = dict.fromkeys(DATABASES, "ok")


def failures(fleet: Fleet) -> Counter[str]:
    """How often each error was met by a state of any execution, retried ones included."""
    client = fleet.cloud.aws.client("stepfunctions")
    met: Counter[str] = Counter()
    for machine in fleet.cloud.machine_arns.values():
        for execution in client.list_executions(stateMachineArn=machine)["executions"]:
            pages = client.get_paginator("get_execution_history").paginate(executionArn=execution["executionArn"])
            for event in (one for page in pages for one in page["events"]):
                for details in ("lambdaFunctionFailedEventDetails", "taskFailedEventDetails"):
                    met += Counter({event[details]["error"]: 1} if details in event else {})
    return met


def test_an_account_that_runs_three_functions_at_once_copies_every_database(opened: Open) -> None:
    fleet = opened(account=AccountLimits(lambda_at_once=3, lambda_seconds=2))
    assert outcomes(fleet, "few-functions") == ALL_OK
    assert failures(fleet)["Lambda.TooManyRequestsException"] > 5


def test_a_throttled_start_of_an_execution_is_tried_again_until_there_is_room(opened: Open) -> None:
    fleet = opened(account=AccountLimits(machine_rates={"StartExecution": Rate(2, 0.05)}))
    assert outcomes(fleet, "few-starts") == ALL_OK
    assert failures(fleet)["StepFunctions.AWSStepFunctionsException"] > 5


def test_a_snowflake_that_takes_one_request_at_a_time_fails_no_load(opened: Open) -> None:
    assert outcomes(opened(account=AccountLimits(snowflake_at_once=1)), "few-statements") == ALL_OK


def test_a_429_of_snowflake_is_waited_for_and_the_rows_are_there_once(opened: Open) -> None:
    throttled = {
        "one": "throttled-before:SubmitStatements:40",
        "two": "throttled-after:SubmitStatements:5",
        "three": "throttled-before:PollStatements:40",
    }
    fleet = opened({name: [fault] for name, fault in throttled.items()})
    assert outcomes(fleet, "asked-too-often") == ALL_OK
    struck = fleet.faults.struck()
    assert sorted(one.database for one in struck) == sorted(throttled)
    assert all(one.times >= 5 for one in struck)
    assert [len(fleet.published(name)["orders"]) for name in throttled] == [5, 5, 5]
    assert failures(fleet) == {}
