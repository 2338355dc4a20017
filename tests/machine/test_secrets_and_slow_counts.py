"""What stops one database must not hold it: through both machines, with a secret that cannot be used, with an AskSource
that breaks, and with a source that counts slowly."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from cases import Case, Cases


def assert_next_run_starts_at_once(case: Case, cases: Cases, run: str) -> None:
    """Nobody holds the database, so that the next run's attempt begins in the second in which that run begins."""
    assert case.cloud.clients.ledger.claim(case.id).holder == ""
    began_at = case.cloud.clock.now()
    ended = cases.run_night(run, databases=[case.id])
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    attempt = next(item for item in case.items(f"DB#{case.id}") if item["sk"] == "ATTEMPT#000002")
    assert attempt["created_at"] == began_at.isoformat()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"host": "h", "port": 1, "password": "hidden"}', "it has no `username`"),
        ('{"host": "h", "port": "abc", "username": "u", "password": "hidden"}', "its `port`"),
        ("hidden", "it is no JSON"),
        ('["hidden"]', "no object"),
    ],
)
def test_a_secret_that_cannot_be_used_ends_failed_by_its_name_and_the_next_run_starts_at_once(
    cases: Cases, case: Case, text: str, words: str
) -> None:
    secrets = case.cloud.aws.client("secretsmanager")
    secrets.put_secret_value(SecretId=f"fleet/server/{case.id}", SecretString=text)
    case.run = f"unusable-{case.id}"
    assert cases.run_night(case.run, databases=[case.id])["status"] == "FAILED"
    outcome = case.outcome
    assert (outcome["outcome"], outcome["failure_class"], outcome["failure_name"], outcome["guessed"]) == (
        "failed",
        "credentials",
        "SecretUnusable",
        False,
    )
    assert words in outcome["failure_text"]
    assert "hidden" not in json.dumps(outcome, default=str)
    case.put_secret()
    assert_next_run_starts_at_once(case, cases, f"mended-{case.id}")


def test_an_asksource_that_breaks_ends_failed_in_its_own_words_and_gives_the_database_back(
    cases: Cases, case: Case
) -> None:
    with broken_ask_source(case):
        case.run = f"broken-{case.id}"
        assert cases.run_night(case.run, databases=[case.id])["status"] == "FAILED"
    outcome = case.outcome
    assert (outcome["outcome"], outcome["failure_class"], outcome["failure_name"], outcome["guessed"]) == (
        "failed",
        "unknown",
        "AskSourceBroken",
        False,
    )
    assert "KeyError: 'a member that nobody wrote'" in outcome["failure_text"]
    assert_next_run_starts_at_once(case, cases, f"whole-{case.id}")


@contextmanager
def broken_ask_source(case: Case) -> Iterator[None]:
    """Secrets Manager's answers are what no handler expects."""
    events = case.cloud.aws.client("secretsmanager").meta.events

    def break_it(**_: object) -> None:
        raise KeyError("a member that nobody wrote")

    events.register("before-parameter-build.secretsmanager.GetSecretValue", break_it)
    try:
        yield
    finally:
        events.unregister("before-parameter-build.secretsmanager.GetSecretValue", break_it)


@pytest.mark.parametrize("fault", ["slow-count:public.orders", "slow-counts"])
def test_a_source_that_counts_slowly_ends_ok(cases: Cases, case: Case, fault: str) -> None:
    case.cloud.faults.add(case.id, fault)
    case.run = f"slow-{case.id}"
    ended = cases.run_night(case.run, databases=[case.id])
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    gaps = [gap for gap in case.outcome["gaps"] if "not counted" in gap]
    wanted = ["rows at the source were not counted (no answer within 60 s): public.orders"]
    assert gaps == (wanted if fault.startswith("slow-count:") else [])
