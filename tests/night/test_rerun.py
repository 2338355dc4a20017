"""Reruns: edited input under the same run, a new run of what failed; what was good stays as it was."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from cases import Case, Cases
from fleet.claims import Claim

BAD = "UPDATE orders SET amount = 'NaN' WHERE id = 1"
GOOD = "UPDATE orders SET amount = 1.5 WHERE id = 1"
ORDERS = ["public.orders"]


def start(cases: Cases, case: Case, name: str, **content: Any) -> Mapping[str, Any]:
    """A new execution of database-run under the case's run; its description at its end."""
    given = {"run": case.run, "database": case.id, "mode": "full", **content}
    cases.time.pass_seconds(1)  # what ended in the moment of our start would be ours too
    return cases.time.until(cases.execute("database-run", f"{name}-{case.id}", given))


def message(described: Mapping[str, Any]) -> str:
    return json.loads(described["cause"])["errorMessage"]


def partial(cases: Cases, case: Case) -> None:
    """A first attempt of which every table but `orders` and the view on it came through."""
    case.ask_source(BAD)
    case.plan()
    start(cases, case, "first")
    assert case.outcome["outcome"] == "partial"


def attempts(case: Case) -> dict[str, int]:
    return {name: int(table["attempt"]) for name, table in case.tables.items()}


def failures(case: Case) -> dict[str, str]:
    return {name: table["failure"]["name"] for name, table in case.tables.items() if table["failure"]}


# The same run, with an edited input


def test_a_rerun_of_the_failed_tables_changes_these_alone_and_turns_the_whole_ok(cases: Cases, case: Case) -> None:
    partial(cases, case)
    failed = list(failures(case))
    others = [name for name in case.tables if name not in failed]
    published = {name: case.warehouse_rows(name) for name in others}
    case.ask_source(GOOD)
    case.ask_source("UPDATE customers SET name = 'changed since'")
    ended = start(cases, case, "again", tables=[f"public.{name}" for name in failed])
    assert (ended["status"], case.outcome["outcome"], case.outcome["table_count"]) == ("SUCCEEDED", "ok", 4)
    assert attempts(case) == {**dict.fromkeys(others, 1), **dict.fromkeys(failed, 2)}
    assert {name: case.warehouse_rows(name) for name in others} == published
    landed = case.objects(f"{case.id}/full/{case.run}/000002/")
    assert {key.split("/")[-2] for key in landed if not key.endswith("_manifest.json")} <= set(failed)


def test_a_narrowed_rerun_that_fails_as_a_whole_leaves_the_other_tables_ok(cases: Cases, case: Case) -> None:
    partial(cases, case)
    failed = list(failures(case))
    case.close_source()
    ended = start(cases, case, "again", tables=[f"public.{name}" for name in failed])
    case.close_source(is_closed=False)
    assert ended["error"] == "DatabaseNotOkError"
    assert (case.outcome["outcome"], case.outcome["failure_class"]) == ("partial", "connection")
    assert list(failures(case)) == failed
    assert {attempts(case)[name] for name in failed} == {2}


def test_a_narrowed_rerun_of_a_database_that_failed_before_it_knew_its_tables_is_no_ok_of_the_whole(
    cases: Cases, case: Case
) -> None:
    case.plan()
    case.close_source()
    start(cases, case, "first")
    case.close_source(is_closed=False)
    assert (case.outcome["outcome"], case.tables) == ("failed", {})
    ended = start(cases, case, "again", tables=["public.customers"])
    assert ended["status"] == "FAILED"
    assert (case.outcome["outcome"], case.outcome["table_count"]) == ("partial", 4)
    assert failures(case).keys() == {"orders", "nothing", "totals"}


def test_a_narrowed_rerun_that_fails_after_such_a_failure_says_its_own_cause(cases: Cases, case: Case) -> None:
    case.plan()
    case.close_source()
    start(cases, case, "first")
    start(cases, case, "again", tables=["public.customers"])
    case.close_source(is_closed=False)
    seen = [case.outcome[name] for name in ("outcome", "failure_class", "failure_name", "attempt")]
    assert seen == ["failed", "connection", "SourceNotAnswering", 2]


def test_a_narrowed_rerun_that_is_broken_off_loses_nothing_of_what_was_known(cases: Cases, case: Case) -> None:
    partial(cases, case)
    failed = list(failures(case))
    for _ in range(3):
        case.cloud.faults.add(case.id, "killed-handler:PointEndpoint:0")
    start(cases, case, "broken", tables=ORDERS)
    cases.time.pass_seconds(1000)
    case.cloud.faults.clear(case.id)
    assert (case.outcome["outcome"], case.outcome["guessed"], case.outcome["table_count"]) == ("partial", True, 4)
    case.ask_source(GOOD)
    start(cases, case, "again", tables=[f"public.{name}" for name in failed])
    assert (case.outcome["outcome"], case.outcome["table_count"]) == ("ok", 4)


def test_a_redrive_of_a_narrowed_execution_is_narrowed_as_well(cases: Cases, case: Case) -> None:
    partial(cases, case)
    start(cases, case, "again", tables=ORDERS)
    case.ask_source(GOOD)
    arn = f"arn:aws:states:eu-central-1:123456789012:execution:fleet-database-run:again-{case.id}"
    cases.redrive(arn)
    assert attempts(case)["orders"] == 3
    assert attempts(case)["customers"] == 1


def test_a_rerun_of_the_whole_replaces_every_table_of_a_narrowed_one(cases: Cases, case: Case) -> None:
    partial(cases, case)
    start(cases, case, "again", tables=ORDERS)
    case.ask_source(GOOD)
    ended = start(cases, case, "whole")
    assert (ended["status"], case.outcome["outcome"]) == ("SUCCEEDED", "ok")
    assert set(attempts(case).values()) == {3}


# A new run of what failed


@dataclass
class Old:
    """A run that ended red, its cases by how they ended, and what it left before anyone reran it."""

    run: str
    cases: dict[str, Case]
    ended: Mapping[str, Any]
    before: dict[str, Any]


@pytest.fixture(scope="module")
def old(cases: Cases) -> Old:
    """A run whose databases ended ok, partial, failed, and without an outcome of their own."""
    taken = {name: cases.take() for name in ("ok", "partial", "failed", "missing")}
    taken["partial"].ask_source(BAD)
    taken["failed"].close_source()
    for _ in range(3):
        taken["missing"].cloud.faults.add(taken["missing"].id, "killed-handler:ClaimDatabase:0")
    ended = cases.run_night("old", databases=[case.id for case in taken.values()])
    taken["partial"].ask_source(GOOD)
    taken["failed"].close_source(is_closed=False)
    ledger = cases.cloud.aws.client("dynamodb")
    key = {"pk": {"S": "RUN#old"}, "sk": {"S": f"DB#{taken['missing'].id}"}}
    ledger.delete_item(TableName="fleet-ledger", Key=key)
    return Old("old", taken, ended, {name: case.items("RUN#old") for name, case in taken.items()})


@pytest.fixture(scope="module")
def rerun(cases: Cases, old: Old) -> Mapping[str, Any]:
    """The rerun of everything that failed, partial ones' tables included; its description."""
    cases.time.pass_seconds(3600)
    return cases.time.until(cases.execute("fleet-run", "new", {"rerun_of": "old", "what": "failed-tables"}))


def test_a_rerun_of_failed_tables_takes_all_but_the_ok_ones_and_is_green(
    cases: Cases, old: Old, rerun: Mapping[str, Any]
) -> None:
    assert rerun["status"] == "SUCCEEDED"
    plan = cases.cloud.clients.records.plan("new")
    assert set(plan.chosen) == {old.cases[name].id for name in ("partial", "failed", "missing")}
    assert set(plan.tables) == {old.cases["partial"].id}
    assert "public.orders" in plan.tables[old.cases["partial"].id]
    assert (plan.mode, plan.rerun_of) == ("full", "old")


def test_a_rerun_moves_of_a_partial_database_its_failed_tables_and_of_a_failed_one_all(
    cases: Cases, old: Old, rerun: Mapping[str, Any]
) -> None:
    for case in old.cases.values():
        case.run = "new"
    narrowed = cases.cloud.clients.records.plan("new").tables[old.cases["partial"].id]
    assert {f"public.{name}" for name in old.cases["partial"].tables} == set(narrowed)
    assert old.cases["failed"].tables.keys() == {"orders", "customers", "nothing", "totals"}
    assert old.cases["missing"].outcome["outcome"] == "ok"
    assert old.cases["ok"].outcome == {}


def test_a_rerun_leaves_the_old_run_as_it_was_and_linked(cases: Cases, old: Old, rerun: Mapping[str, Any]) -> None:
    (item,) = [one for one in old.cases["ok"].items("RUN#old") if one["sk"] == "RUN"]
    assert item.pop("reruns") == {"new"}
    (before,) = [one for one in old.before["ok"] if one["sk"] == "RUN"]
    assert item == before
    assert [one for one in old.cases["ok"].items("RUN#old") if one["sk"] != "RUN"] == [
        one for one in old.before["ok"] if one["sk"] != "RUN"
    ]
    assert cases.cloud.clients.ledger.run("new").rerun_of == "old"


REFUSED = [
    ("another-mode", {"mode": "delta", "rerun_of": "old"}, "MalformedInputError", "full"),
    ("unknown", {"rerun_of": "never"}, "UnknownRunError", "run 'never' has no plan"),
    ("malformed", {"rerun_of": "not a run"}, "MalformedIdError", "run id 'not a run' is malformed"),
    ("nothing", {"rerun_of": "new"}, "NothingToRerunError", "run new leaves nothing to run again: 3 of 3 "),
    ("no-database", {"rerun_of": "old", "databases": []}, "MalformedInputError", "`databases` names none"),
    ("an-empty-database", {"rerun_of": "old", "databases": [""]}, "MalformedInputError", "`databases` names none"),
    (
        "misspelt",
        {"rerun_of": "old", "databases": ["case-99"]},
        "UnknownDatabaseError",
        "'case-99' is not .* of run old",
    ),
    ("what", {"rerun_of": "old", "what": "everything"}, "MalformedInputError", "input.what"),
]


@pytest.mark.usefixtures("rerun")
@pytest.mark.parametrize(("name", "content", "error", "words"), REFUSED, ids=[name for name, *_ in REFUSED])
def test_a_rerun_that_cannot_be_is_refused_by_name(
    cases: Cases, name: str, content: dict[str, Any], error: str, words: str
) -> None:
    ended = cases.time.until(cases.execute("fleet-run", f"refused-{name}", content))
    assert ended["error"] == error
    assert re.search(words, message(ended))
    assert cases.cloud.clients.ledger.run(f"refused-{name}") is None


def plan(cases: Cases, run: str, **content: Any) -> Any:
    execution = f"arn:aws:states:eu-central-1:123456789012:execution:fleet-fleet-run:{run}"
    cases.invoke("PlanRun", {"input": content, "run": run, "execution": execution})
    return cases.cloud.clients.records.plan(run)


@pytest.mark.usefixtures("rerun")
def test_a_rerun_of_failed_databases_leaves_out_ok_and_partial_and_takes_the_missing(cases: Cases, old: Old) -> None:
    made = plan(cases, "whole-ones", rerun_of="old", what="failed-databases")
    assert set(made.chosen) == {old.cases["failed"].id, old.cases["missing"].id}
    assert made.tables == {}


@pytest.mark.usefixtures("rerun")
def test_a_rerun_takes_only_the_databases_that_are_named(cases: Cases, old: Old) -> None:
    made = plan(cases, "one-of-them", rerun_of="old", databases=[old.cases["failed"].id])
    assert made.chosen == (old.cases["failed"].id,)


@pytest.mark.usefixtures("rerun")
def test_every_rerun_of_a_run_is_linked_to_it(cases: Cases, old: Old) -> None:
    plan(cases, "linked-too", rerun_of="old")
    assert {"new", "linked-too"} <= cases.cloud.clients.ledger.run("old").reruns


def test_a_run_that_goes_on_cannot_be_run_again_by_anybody(cases: Cases, case: Case) -> None:
    case.cloud.faults.add(case.id, "task-stuck")
    going = cases.execute("fleet-run", f"going-{case.id}", {"mode": "full", "databases": [case.id]})
    cases.time.pass_seconds(60)
    ended = cases.time.until(cases.execute("fleet-run", f"too-early-{case.id}", {"rerun_of": f"going-{case.id}"}))
    assert ended["error"] == "RunNotOverError"
    assert f"run going-{case.id} goes on" in message(ended)
    assert cases.cloud.clients.ledger.run(f"too-early-{case.id}") is None
    cases.time.until(going)


def test_a_rerun_of_a_narrowed_run_that_failed_moves_no_more_tables_than_that_one(cases: Cases, case: Case) -> None:
    case.ask_source(BAD)
    cases.run_night(f"whole-{case.id}", databases=[case.id])
    case.close_source()
    narrowed = {"rerun_of": f"whole-{case.id}", "what": "failed-tables"}
    cases.time.until(cases.execute("fleet-run", f"narrow-{case.id}", narrowed))
    case.close_source(is_closed=False)
    case.ask_source(GOOD)
    case.run = f"narrow-{case.id}"
    assert case.outcome["outcome"] == "failed"
    wanted = cases.cloud.clients.records.plan(case.run).tables
    again = cases.time.until(cases.execute("fleet-run", f"again-{case.id}", {"rerun_of": case.run}))
    assert cases.cloud.clients.records.plan(f"again-{case.id}").tables == wanted
    case.run = f"again-{case.id}"
    assert (again["status"], sorted(case.tables)) == ("SUCCEEDED", ["orders", "totals"])


@pytest.mark.parametrize("tables", [[], [""], [" "], None])
def test_an_execution_narrowed_to_no_table_moves_none(cases: Cases, case: Case, tables: list[str] | None) -> None:
    case.plan()
    ended = start(cases, case, "none", tables=tables)
    assert (ended["error"], cases.cloud.clients.ledger.claim(case.id)) == ("MalformedInputError", Claim())
    assert "`tables` names none" in message(ended)
