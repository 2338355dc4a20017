"""The gate: a new database that is large is tried with one small table, and only then moved as a whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from case_registry import deploy
from cases import Case, Cases
from delta_case import NO_VIEW
from localcloud.servers.postgres import EmbeddedPostgres

LIMIT = 1_000
GROW = """
INSERT INTO orders SELECT n, 'order ' || n, n FROM generate_series(6, 1200) n;
ANALYZE;
"""
"""More rows in all than LIMIT, which the source's statistics say. `customers` has two."""
DELTAS = "case-08"


@pytest.fixture(scope="module")
def limited(
    postgres: EmbeddedPostgres, case_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cases]:
    """A cloud whose registry tries databases of more than LIMIT rows."""
    folder = tmp_path_factory.mktemp("cases")
    with Cases(folder, postgres, case_template, count=8, changed={DELTAS: {"deltas": True}}) as opened:
        settings = opened.registry.settings
        limits = replace(settings.limits, trial_above_rows=LIMIT)
        deploy(opened.take("case-01"), replace(opened.registry, settings=replace(settings, limits=limits)))
        yield opened


def attempts(case: Case) -> list[tuple[str, str]]:
    """The trial's table and the purpose of each attempt, in order."""
    items = [one for one in case.items(f"DB#{case.id}") if one["sk"].startswith("ATTEMPT#")]
    return [(one.get("trial", ""), one.get("purpose", "")) for one in items]


def test_a_new_and_large_database_whose_trial_fails_stays_out_and_is_tried_again_by_a_rerun(limited: Cases) -> None:
    small, large = limited.take(), limited.take()
    large.ask_source(GROW)
    large.ask_source("ALTER TABLE customers ADD amount numeric(10, 2) DEFAULT 'NaN'")  # DMS fits it into no DECIMAL
    content = {"databases": [small.id, large.id]}
    ended = limited.run_night("first", **content)
    small.run = large.run = "first"
    assert (ended["error"], small.outcome["outcome"]) == ("RunNotOkError", "ok")
    assert attempts(small) == [("", "")], "its whole load is no longer than a trial"

    assert attempts(large) == [("public.customers", "")]
    words = "It was tried with public.customers alone, before its first whole load, and stays out of the run: "
    assert (large.outcome["outcome"], large.outcome["failure_name"]) == ("failed", "TableNotLoaded")
    assert large.outcome["failure_text"].startswith(words)
    assert set(large.tables) == {"customers"}
    page = large.read_control("runs/first/report.html").decode()
    assert "Red: 1 of 2 databases did not end ok, 1 new and kept out" in page
    assert words in page
    assert not limited.cloud.clients.ledger.claim(large.id).is_admitted

    assert limited.redrive(large.outcome["execution"])["status"] == "FAILED"
    assert attempts(large) == [("public.customers", "")] * 2, "a redrive tries it again"

    large.ask_source("UPDATE customers SET amount = 1.5")
    again = limited.run_night("again", rerun_of="first", what="failed-databases")
    large.run = "again"
    assert (again["status"], large.outcome["outcome"], large.outcome["table_count"]) == ("SUCCEEDED", "ok", 4)
    assert attempts(large)[2:] == [("public.customers", ""), ("", "full")]
    assert len(large.warehouse_rows("orders")) == 1_200

    third = limited.run_night("third", **content)
    assert third["status"] == "SUCCEEDED"
    assert attempts(large)[4:] == [("", "")], "it is past the gate"


def test_a_new_and_large_database_with_deltas_is_tried_after_its_chain_has_begun_and_before_its_seed(
    limited: Cases,
) -> None:
    large = limited.take(DELTAS)
    large.ask_source(NO_VIEW)
    large.ask_source(GROW)
    assert limited.run_night("prime", mode="delta", databases=[large.id])["status"] == "SUCCEEDED"
    assert attempts(large) == [("", "prime"), ("public.customers", "full"), ("", "full")]
    large.ask_source("DELETE FROM orders WHERE id > 1000; UPDATE customers SET name = 'Eve' WHERE id = 1")
    assert limited.run_night("delta", mode="delta", databases=[large.id])["status"] == "SUCCEEDED"
    assert attempts(large)[3:] == [("", "delta")]
    assert len(large.warehouse_rows("orders")) == 1_000


def test_a_trial_after_which_its_run_is_stopped_is_not_the_whole(limited: Cases) -> None:
    large = limited.take()
    large.ask_source(GROW)
    large.go_through("Reconcile")
    assert limited.cloud.clients.ledger.request_stop(large.run, "maintenance")
    assert not large.manifest()["complete"], "it has one table of three"
    assert large.call("NextStep")["verdict"] == "done"
    large.call("RecordOutcome", steps="several")
    large.call("ReleaseDatabase")
    assert (large.outcome["outcome"], large.outcome["failure_name"]) == ("failed", "RunStopped")
    assert not limited.cloud.clients.ledger.claim(large.id).is_admitted


def test_a_new_database_of_which_snowflake_could_take_no_table_is_not_moved_at_all(limited: Cases) -> None:
    case = limited.take()
    case.ask_source("DROP TABLE nothing; DROP VIEW totals")
    case.ask_source('ALTER TABLE orders ADD "AMOUNT" text; ALTER TABLE customers ADD "NAME" text')
    assert limited.run_night("clashes", databases=[case.id])["error"] == "RunNotOkError"
    case.run = "clashes"
    assert (case.outcome["failure_class"], case.outcome["failure_name"]) == ("not_ready", "NotReady")
    assert "GATE-TABLES: no table of it can be loaded: public." in case.outcome["failure_text"]
    assert not case.objects()
    message = json.loads(case.read_control("runs/clashes/report.json"))["outcomes"][0]
    assert message["tried_with"] == ""
    assert "1 new and kept out" in case.read_control("runs/clashes/report.html").decode()
