"""What a run may be asked for. Everything else ends the execution at PlanRun, by name, and says what to do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cases import Case, Cases
from fleet.claims import Claim
from fleet.databases import Quarantine, Registry
from fleet.names import FLEET_TAG
from onboarding.effective import effective_json

CASE_COUNT = 48
REFUSED: list[tuple[str, Any, str, str]] = [
    (
        "an-unknown-database",
        {"mode": "full", "databases": ["case-99"]},
        "UnknownDatabaseError",
        r"'case-99' is not in the registry \(48 databases\)\. Did you mean `case-",
    ),
    (
        "a-database-unlike-any",
        {"mode": "full", "databases": ["zebra"]},
        "UnknownDatabaseError",
        r"'zebra' is not in the registry .*Known: `case-01`, .*Or add it to registry/databases\.yaml",
    ),
    (
        "tags-that-match-nothing",
        {"mode": "full", "tags": ["finance", "sales"]},
        "MalformedInputError",
        "no database of the registry has the tag 'finance'.* The registry gives no tags at all",
    ),
    ("mode-delta", {"mode": "delta"}, "MalformedInputError", "none is onboarded and does deltas"),
    (
        "rerun-of",
        {"rerun_of": "night-never", "what": "failed-databases"},
        "UnknownRunError",
        "run 'night-never' has no plan",
    ),
    ("what-alone", {"mode": "full", "what": "failed-tables"}, "MalformedInputError", "`what` without `rerun_of`"),
    (
        "an-extra-key",
        {"mode": "full", "database": "case-01"},
        "MalformedInputError",
        r"input\.database: .*found 'case-01'\. Correct the execution's input and start anew",
    ),
    ("no-mode", {}, "MalformedInputError", "neither `mode` nor `rerun_of`"),
    ("another-mode", {"mode": "half"}, "MalformedInputError", r"input\.mode: .*'full' or 'delta'.*found 'half'"),
    (
        "a-text-for-a-list",
        {"mode": "full", "databases": "case-01"},
        "MalformedInputError",
        r"input\.databases: .*found 'case-01'",
    ),
    (
        "a-number-for-a-name",
        {"mode": "full", "databases": [1]},
        "MalformedInputError",
        r"input\.databases\.0: .*found 1",
    ),
    ("no-database", {"mode": "full", "databases": []}, "MalformedInputError", "`databases` names none"),
    ("an-empty-database", {"mode": "full", "databases": [""]}, "MalformedInputError", "`databases` names none"),
    ("no-tag", {"mode": "full", "tags": []}, "MalformedInputError", "`tags` names none"),
    ("an-empty-tag", {"mode": "full", "tags": [" ", ""]}, "MalformedInputError", "`tags` names none"),
    ("databases-null", {"mode": "full", "databases": None}, "MalformedInputError", "`databases` is null"),
    ("tags-null", {"mode": "full", "tags": None}, "MalformedInputError", "`tags` is null"),
    ("rerun-of-null", {"mode": "full", "rerun_of": None}, "MalformedInputError", "`rerun_of` is null"),
    ("rerun-of-empty", {"mode": "full", "rerun_of": ""}, "MalformedIdError", "run id '' is malformed"),
    ("a-text-for-an-object", "full", "MalformedInputError", r"input: .*found 'full'"),
    ("a-list-for-an-object", ["full"], "MalformedInputError", r"input: .*found \['full'\]"),
    ("nothing", None, "MalformedInputError", r"input: .*found None"),
    ("run_with_underscores", {"mode": "full"}, "MalformedIdError", r"run id 'run_with_underscores' is malformed"),
    (
        "r" * 41,
        {"mode": "full"},
        "MalformedIdError",
        r"run id 'r+' is malformed: .* 1 to 40 characters.* Start fleet-run",
    ),
]


def cause(description: Any) -> str:
    return json.loads(description["cause"])["errorMessage"]


@pytest.mark.parametrize(("run", "content", "error", "words"), REFUSED, ids=[run for run, *_ in REFUSED])
def test_a_wrong_input_ends_the_run_at_its_plan(cases: Cases, run: str, content: Any, error: str, words: str) -> None:
    ended = cases.time.until(cases.execute("fleet-run", run, content))
    assert (ended["status"], ended["error"]) == ("FAILED", error)
    assert re.search(words, cause(ended))
    assert cases.cloud.clients.ledger.run(run) is None
    assert cases.cloud.clients.ledger.outcomes(run) == []


@pytest.fixture
def redeployed(cases: Cases) -> Iterator[Cases]:
    """A cloud to which another registry may be deployed; the old one is in force again afterwards."""
    yield cases
    put_registry(cases, cases.registry)


def put_registry(cases: Cases, registry: Registry) -> None:
    """What a deployment of *registry* writes to the control bucket."""
    text = effective_json(registry)
    s3, bucket = cases.cloud.aws.client("s3"), cases.cloud.control_bucket
    s3.put_object(Bucket=bucket, Key="registry/current.json", Body=text.encode())


def run_with(cases: Cases, registry: Registry, run: str, **content: Any) -> Any:
    put_registry(cases, registry)
    return cases.run_night(run, **content)


def test_a_database_that_is_not_onboarded_is_refused(redeployed: Cases) -> None:
    idle = tuple(replace(one, onboarded=one.id != "case-07") for one in redeployed.registry.databases)
    ended = run_with(redeployed, replace(redeployed.registry, databases=idle), "idle", databases=["case-07"])
    assert ended["error"] == "MalformedInputError"
    assert re.search("'case-07' is not onboarded.* Set `onboarded: true` in the registry", cause(ended))


def test_a_registry_with_nothing_onboarded_is_refused(redeployed: Cases) -> None:
    idle = tuple(replace(one, onboarded=False) for one in redeployed.registry.databases)
    ended = run_with(redeployed, replace(redeployed.registry, databases=idle), "all-idle")
    assert ended["error"] == "MalformedInputError"
    assert re.search("48 databases are in the registry, none is onboarded.* Onboard one", cause(ended))


def test_a_registry_without_a_database_is_refused(redeployed: Cases) -> None:
    ended = run_with(redeployed, replace(redeployed.registry, databases=()), "empty")
    assert ended["error"] == "EmptyRegistryError"
    assert re.search("the registry holds no database.* Add one to registry/databases.yaml", cause(ended))


def test_a_run_in_an_account_without_a_deployed_registry_fails_and_says_so(redeployed: Cases) -> None:
    bucket = redeployed.cloud.control_bucket
    redeployed.cloud.aws.client("s3").delete_object(Bucket=bucket, Key="registry/current.json")
    ended = redeployed.run_night("undeployed")
    assert ended["error"] == "EmptyRegistryError"
    assert re.search(f"s3://{bucket}/registry/current.json does not exist.* Deploy", cause(ended))


def test_a_fleet_larger_than_a_quota_is_refused_with_the_quota_and_by_how_much(redeployed: Cases) -> None:
    more = tuple(replace(redeployed.registry.databases[0], id=f"more-{number}") for number in range(3))
    larger = replace(redeployed.registry, databases=redeployed.registry.databases + more)
    ended = run_with(redeployed, larger, "too-large")
    assert ended["error"] == "QuotaExceededError"
    assert re.search(
        "instance 'one' needs 102 of at most 100 endpoints per replication instance: 2 too many.* another instance",
        cause(ended),
    )


def test_an_onboarded_database_whose_task_is_gone_makes_the_run_red_until_it_is_deployed_and_copied(
    cases: Cases,
) -> None:
    deployed, missing = cases.take(), cases.take()
    task = missing.task
    missing.dms.delete_replication_task(ReplicationTaskArn=task["ReplicationTaskArn"])
    cases.time.pass_seconds(60)
    ended = cases.run_night("not-deployed", databases=[deployed.id, missing.id])
    assert (ended["status"], ended["error"]) == ("FAILED", "RunNotOkError")
    assert f"1 of 2 databases of run not-deployed did not end ok: {missing.id} (not_deployed)." in cause(ended)
    missing.run = "not-deployed"
    said = [missing.outcome[name] for name in ("outcome", "failure_name", "owner", "remedy")]
    assert said == ["skipped", "NotDeployed", "platform team", "Deploy the stack of its instance, then rerun."]
    assert missing.outcome["failure_text"].startswith(f"DMS has no task 'fleet-{missing.id}-full'")
    assert cases.cloud.clients.ledger.claim(missing.id) == Claim()
    page = missing.read_control("runs/not-deployed/report.html").decode()
    assert "Red: 1 of 2 databases did not end ok" in page

    members = ("ReplicationTaskIdentifier", "SourceEndpointArn", "TargetEndpointArn", "ReplicationInstanceArn")
    again = {name: task[name] for name in (*members, "MigrationType", "TableMappings")}
    tag = {"Key": FLEET_TAG, "Value": missing.settings.prefix}
    missing.dms.create_replication_task(**again, Tags=[tag])
    cases.time.pass_seconds(60)
    content = {"run": "not-deployed", "database": missing.id, "mode": "full"}
    by_hand = cases.time.until(cases.execute("database-run", "by-hand", content))
    assert by_hand["status"] == "SUCCEEDED"
    closed = cases.redrive(ended["executionArn"])
    assert (closed["status"], json.loads(closed["output"])["outcomes"]) == ("SUCCEEDED", {"ok": 2})


def test_a_slot_of_the_schedule_that_is_taken_twice_is_worked_once_and_the_second_run_names_the_first(
    cases: Cases, case: Case
) -> None:
    content = {"databases": [case.id], "schedule": "nightly", "scheduled_at": "2026-11-21T22:00:00Z"}
    assert cases.run_night("slot-first", **content)["status"] == "SUCCEEDED"
    before = case.everything()
    second = cases.run_night("slot-second", **content)
    assert (second["status"], json.loads(second["output"])) == (
        "SUCCEEDED",
        {"outcomes": {}, "superseded_by": "slot-first"},
    )
    assert case.everything() == before
    assert cases.cloud.clients.ledger.outcomes("slot-second") == []
    assert cases.run_night("slot-next", **{**content, "scheduled_at": "2026-11-22T22:00:00Z"})["status"] == "SUCCEEDED"
    # Another schedule that is due at the same time is not the same night.
    assert cases.run_night("slot-other", **{**content, "schedule": "sales"})["status"] == "SUCCEEDED"
    assert case.cloud.clients.ledger.claim(case.id).number == 3


def test_a_run_started_twice_under_one_name_joins_or_is_refused(cases: Cases, case: Case) -> None:
    machines = cases.cloud.aws.client("stepfunctions")

    def start(**content: Any) -> str:
        return machines.start_execution(
            stateMachineArn=cases.cloud.machine_arns["fleet-run"],
            name="one-name",
            input=json.dumps({"mode": "full", "databases": [case.id], **content}),
        )["executionArn"]

    first = start()
    assert start() == first
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        start(tags=["any"])
    assert cases.time.until(cases.cloud.machines.ended(first))["status"] == "SUCCEEDED"
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        start()
    assert case.cloud.clients.ledger.claim(case.id).number == 1


def test_databases_named_twice_are_run_once(cases: Cases, case: Case) -> None:
    ended = cases.run_night("named-twice", databases=[case.id, case.id])
    assert json.loads(ended["output"])["outcomes"] == {"ok": 1}


def test_a_database_in_quarantine_is_passed_over_by_green_runs_that_say_so_and_copied_again_from_that_day_on(
    redeployed: Cases,
) -> None:
    fine, held = redeployed.take(), redeployed.take()
    until = (held.cloud.clock.now() + timedelta(days=1)).date()
    quarantine = Quarantine("its vendor moves it", "Ada Lovelace", until.isoformat())
    databases = tuple(
        replace(one, quarantined=quarantine if one.id == held.id else None) for one in redeployed.registry.databases
    )
    content = {"databases": [fine.id, held.id]}
    ended = run_with(redeployed, replace(redeployed.registry, databases=databases), "held", **content)
    assert (ended["status"], json.loads(ended["output"])["outcomes"]) == ("SUCCEEDED", {"ok": 1, "quarantined": 1})
    held.run = "held"
    assert (held.outcome["failure_name"], held.outcome["attempt"]) == ("Quarantined", 0)
    text = f"{held.id} is held back until {until} (UTC), by Ada Lovelace: its vendor moves it."
    assert held.outcome["failure_text"] == text
    assert text in held.read_control("runs/held/report.html").decode()
    assert redeployed.cloud.clients.ledger.claim(held.id) == Claim()

    again = redeployed.run_night("held-again", rerun_of="held", mode="full")
    assert (again["error"], "1 quarantined" in cause(again)) == ("NothingToRerunError", True)
    redeployed.time.pass_seconds(86_400)
    ended = redeployed.run_night("free", **content)  # no deploy in between
    assert json.loads(ended["output"])["outcomes"] == {"ok": 2}
