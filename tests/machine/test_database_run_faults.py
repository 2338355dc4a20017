"""One night in which most databases fail, each in a way of its own: every path ends recorded, released and at rest."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import pytest

from cases import Case, Cases
from orchestration.roles import write_one_prefix

WANTED = {
    "good": ("ok", None, ""),
    "password": ("failed", "credentials", "SourceRefused"),
    "prefix": ("failed", "landing_access", "ConnectionTestFailed"),
    "closed": ("failed", "connection", "SourceNotAnswering"),
    "table": ("partial", "table_error", "TableNotLoaded"),
    "stray": ("failed", "landing_mismatch", "FolderNotEmpty"),
    "warehouse": ("partial", "warehouse", "LoadRefused"),
}


@pytest.fixture(scope="module")
def night(cases: Cases) -> Iterator[tuple[Mapping[str, Case], Mapping[str, Any]]]:
    """A case by what is wrong with it, and how the run ended."""
    taken = {name: cases.take() for name in WANTED}
    with ExitStack() as mending:
        break_them(taken)
        mending.callback(taken["closed"].close_source, is_closed=False)
        ended = cases.run_night("faults", databases=[case.id for case in taken.values()])
        for case in taken.values():
            case.run = "faults"
            case.attempt = {"database": case.id, "run": "faults", "mode": "full", "number": 1, "execution": ""}
        yield taken, ended


def break_them(taken: Mapping[str, Case]) -> None:
    taken["password"].put_secret(password="not the password")
    taken["prefix"].cloud.aws.client("iam").put_role_policy(
        RoleName=taken["prefix"].role,
        PolicyName="may",
        PolicyDocument=json.dumps(write_one_prefix(taken["prefix"].cloud.registry.settings, "another-database")),
    )
    taken["closed"].close_source()
    taken["table"].ask_source("UPDATE orders SET amount = 'NaN' WHERE id = 1")
    taken["stray"].put(f"{taken['stray'].id}/full/faults/000001/anything")
    schema = f"{taken['warehouse'].id.replace('-', '_').upper()}__PUBLIC"
    administer = taken["warehouse"].cloud.snowflake.administer
    administer(f'CREATE SCHEMA FLEET."{schema}"', database="FLEET", role="FLEET_LOADER")
    somebody_elses = f'CREATE TABLE FLEET."{schema}"."ORDERS" ("ID" NUMBER(10,0))'
    administer(somebody_elses, database="FLEET", role="SYSADMIN")


Night = tuple[Mapping[str, Case], Mapping[str, Any]]


@pytest.mark.parametrize("name", WANTED)
def test_each_fault_has_its_outcome_class_and_name(night: Night, name: str) -> None:
    outcome = night[0][name].outcome
    found = (outcome["outcome"], outcome.get("failure_class"), outcome.get("failure_name"))
    assert (found, bool(outcome.get("guessed"))) == (WANTED[name], False)
    assert bool(outcome.get("owner")) == bool(outcome.get("remedy")) == (name != "good")


def test_the_run_is_red_and_names_who_is_not_ok(night: Night) -> None:
    taken, ended = night
    assert (ended["status"], ended["error"]) == ("FAILED", "RunNotOkError")
    said = json.loads(ended["cause"])["errorMessage"]
    assert said.startswith("6 of 7 databases of run faults did not end ok: ")
    assert taken["good"].id not in said


@pytest.mark.parametrize("name", WANTED)
def test_each_execution_is_green_or_red_by_its_own_outcome(night: Night, name: str) -> None:
    case = night[0][name]
    described = case.cloud.aws.client("stepfunctions").describe_execution(executionArn=case.execution_arn("faults"))
    if name == "good":
        assert described["status"] == "SUCCEEDED"
    else:
        assert (described["status"], described["error"]) == ("FAILED", "DatabaseNotOkError")
        assert re.search(rf'"database": "{case.id}"', json.loads(described["cause"])["errorMessage"])


@pytest.mark.parametrize("name", WANTED)
def test_each_database_is_given_back_with_its_task_at_rest(night: Night, name: str) -> None:
    case = night[0][name]
    claim = case.cloud.clients.ledger.claim(case.id)
    assert (claim.number, claim.holder) == (1, "")
    assert case.task["Status"] in {"ready", "stopped", "failed"}


@pytest.mark.parametrize("name", ["password", "prefix", "closed", "stray"])
def test_a_database_that_was_refused_before_its_start_has_neither_rows_nor_seal(night: Night, name: str) -> None:
    case = night[0][name]
    assert [key for key in case.objects() if not key.endswith("/anything")] == []
    assert case.ask_warehouse(f"SELECT * FROM OPS.APPLIED WHERE DATABASE_ID = '{case.id}'") == []


@pytest.mark.parametrize(("name", "applied"), [("table", ["customers", "nothing"]), ("warehouse", None)])
def test_what_is_good_of_a_partial_database_is_published(night: Night, name: str, applied: list[str] | None) -> None:
    case = night[0][name]
    found = case.ask_warehouse(f"SELECT TABLE_NAME FROM OPS.APPLIED WHERE DATABASE_ID = '{case.id}'")
    assert [table for (table,) in found] == (applied or ["customers", "nothing", "totals"])


def test_a_database_mended_by_day_is_run_alone_with_the_input_that_its_red_execution_gave(
    cases: Cases, night: Night
) -> None:
    case = night[0]["table"]
    case.ask_source("UPDATE orders SET amount = 1 WHERE id = 1")
    cases.time.pass_seconds(3600)
    described = cases.cloud.aws.client("stepfunctions").describe_execution(executionArn=case.execution_arn("faults"))
    said = json.loads(described["cause"])["errorMessage"]
    ended = cases.time.until(cases.execute("database-run", "by-hand", json.loads(said[said.index("{") :])))
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    assert (case.outcome["outcome"], case.outcome["attempt"]) == ("ok", 2)
    assert len(case.warehouse_rows("orders")) == 5


def test_two_executions_for_one_database_work_one_after_the_other_in_folders_of_their_own(
    cases: Cases, case: Case
) -> None:
    for run in ("race-1", "race-2"):
        case.plan(run)
    content = {"database": case.id, "mode": "full"}
    both = [cases.execute("database-run", run, {"run": run, **content}) for run in ("race-1", "race-2")]
    ends = [cases.time.until(one) for one in both]
    assert [one["status"] for one in ends] == ["SUCCEEDED"] * 2, ends
    folders = {key.rsplit("/", 3)[0] for key in case.objects() if key.endswith(".parquet")}
    assert {folder.rsplit("/", 1)[1] for folder in folders} == {"000001", "000002"}
    assert len(folders) == 2
    attempts = [item for item in case.items(f"DB#{case.id}") if item["sk"].startswith("ATTEMPT")]
    assert attempts[1]["created_at"] > attempts[0]["sealed_at"]
