"""Who waits for a source waits longer than what it waits for, from the statement there to the state."""

from __future__ import annotations

import pytest

from cases import SETTINGS
from cli.account import client_maker
from fleet.asking import (
    ASK_SOURCE_SECONDS,
    ASKED_AT_MOST,
    CATALOGUE_SECONDS,
    CONNECT_SECONDS,
    COUNTING_SECONDS,
    GRACE_SECONDS,
    LONGEST_COUNT_SECONDS,
)
from fleet.claims import LONGEST_LAMBDA
from fleet.databases import Limits
from lambdas.wiring import client_config
from orchestration.definitions import load
from orchestration.function_roles import may
from orchestration.function_timeouts import timeout_seconds
from orchestration.functions import DATABASE_RUN, MODULES

OTHER_WORK_SECONDS = 60
"""What a calling function needs beside its question: DMS, S3 and the ledger."""
CALLERS = [
    name
    for name in MODULES
    if any("AsksSources" in statement["Sid"] for statement in may(SETTINGS, name, ["arn"], ())["Statement"])
]


def test_a_count_and_a_catalogue_end_at_the_source_before_asksource_does() -> None:
    assert 2 * CONNECT_SECONDS + CATALOGUE_SECONDS + GRACE_SECONDS < ASK_SOURCE_SECONDS
    assert LONGEST_COUNT_SECONDS + 2 * CONNECT_SECONDS < COUNTING_SECONDS
    assert COUNTING_SECONDS + GRACE_SECONDS < ASK_SOURCE_SECONDS == timeout_seconds("AskSource")
    assert Limits().count_table_seconds <= LONGEST_COUNT_SECONDS


def test_the_client_of_a_function_outlasts_asksource_and_asks_once() -> None:
    config = client_config("lambda")
    assert config.read_timeout > timeout_seconds("AskSource")  # type: ignore[attr-defined]  set from its arguments
    assert config.retries == {"total_max_attempts": 1}  # type: ignore[attr-defined]


def test_only_states_of_database_run_ask_sources() -> None:
    assert CALLERS == ["ContinueChain", "PrepareTask", "SealFolder", "CompareKeys"]
    assert set(CALLERS) <= set(DATABASE_RUN)


@pytest.mark.parametrize("name", CALLERS)
def test_a_function_that_asks_and_its_state_outlast_every_question_that_it_may_ask(name: str) -> None:
    waited = ASKED_AT_MOST * client_config("lambda").read_timeout  # type: ignore[attr-defined]
    state = load("database-run")["States"][name]
    assert waited + OTHER_WORK_SECONDS < timeout_seconds(name) < state["TimeoutSeconds"]
    assert state["TimeoutSeconds"] <= LONGEST_LAMBDA.total_seconds()


def test_a_command_asks_a_source_once_and_waits_as_long_as_a_handler_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nobody")
    config = client_maker("eu-central-1")("lambda").meta.config
    assert config.read_timeout > ASK_SOURCE_SECONDS
    assert config.retries["total_max_attempts"] == 1
    assert config.connect_timeout <= CONNECT_SECONDS
