"""Premigration assessments of a task: their states, what they find, where the results lie, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from localcloud.aws import LocalAws
from localcloud.dms.engines.reader import Login, SourceTable
from localcloud.dms.type_tables.column import SourceColumn
from localcloud.tests.dms.dms_cloud import (
    BUCKET,
    ROLES,
    SECRET,
    Cloud,
    Clouds,
    FakeReader,
    FakeSource,
    allow,
    make_role,
    refused,
    rules,
)

TYPES = "unsupported-data-types-in-source"
LOBS = "table-with-lob-but-without-primary-key-or-unique-constraint"
KEYS = "table-with-no-primary-key-or-unique-constraint"


def column(name: str, type_name: str) -> SourceColumn:
    return SourceColumn(name, type_name)


TABLES = [
    SourceTable("public", "orders", (column("id", "integer"), column("note", "text")), key=("id",)),
    SourceTable("public", "notes", (column("note", "text"), column("place", "pg_lsn"))),
    SourceTable("public", "numbers", (column("n", "integer"),)),
    SourceTable("public", "v_notes", (column("note", "text"),), is_view=True),
    SourceTable("private", "odd", (column("place", "pg_lsn"),)),
]


class TypedSource(FakeSource):
    """A source whose tables have columns."""

    def catalogue(self) -> list[SourceTable]:
        return TABLES


class TypedReader(FakeReader):
    """The engine of it."""

    def open(self, login: Login) -> FakeSource:
        self.check(login)
        return TypedSource(self, login)


@pytest.fixture(scope="module")
def clouds() -> Iterator[Clouds]:
    with LocalAws() as aws:
        aws.client("s3").create_bucket(
            Bucket="results", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        opened = Clouds(aws, SECRET)
        ROLES["results"] = make_role(
            aws, "results", "dms.amazonaws.com", allow("s3:PutObject", "arn:aws:s3:::results/*")
        )
        yield opened


@pytest.fixture
def reader() -> TypedReader:
    return TypedReader({})


def start(cloud: Cloud, task: str, name: str = "first", **more: Any) -> dict[str, Any]:
    given = {
        "ReplicationTaskArn": task,
        "ServiceAccessRoleArn": ROLES["results"],
        "ResultLocationBucket": "results",
        "ResultLocationFolder": "assessed",
        "AssessmentRunName": name,
    }
    return cloud.dms.start_replication_task_assessment_run(**(given | more))["ReplicationTaskAssessmentRun"]


def described(cloud: Cloud, **filters: str) -> list[dict[str, Any]]:
    named = [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in filters.items()]
    return cloud.dms.describe_replication_task_assessment_runs(Filters=named)["ReplicationTaskAssessmentRuns"]


def individual(cloud: Cloud, **filters: str) -> dict[str, str]:
    named = [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in filters.items()]
    found = cloud.dms.describe_replication_task_individual_assessments(Filters=named)
    return {one["IndividualAssessmentName"]: one["Status"] for one in found["ReplicationTaskIndividualAssessments"]}


def assessed(cloud: Cloud, task: str, name: str = "first", **more: Any) -> dict[str, Any]:
    """The run, once it has ended."""
    arn = start(cloud, task, name, **more)["ReplicationTaskAssessmentRunArn"]
    cloud.until(
        lambda: (
            described(cloud, replication_task_assessment_run_arn=arn)[0]["Status"]
            in {"passed", "failed", "error-executing"}
        ),
        True,
    )
    return described(cloud, replication_task_assessment_run_arn=arn)[0]


def result(cloud: Cloud, key: str) -> dict[str, Any]:
    return json.loads(cloud.aws.client("s3").get_object(Bucket="results", Key=key)["Body"].read())


def test_a_run_passes_its_states_while_the_task_is_tested_and_comes_back(cloud: Cloud) -> None:
    task = cloud.create_task()

    def look() -> tuple[str, str]:
        return described(cloud)[0]["Status"], cloud.task(task)["Status"]

    assert cloud.seen(lambda: start(cloud, task), look, ("failed", "ready")) == [
        ("starting", "testing"),
        ("provisioning", "testing"),
        ("running", "testing"),
        ("failed", "ready"),
    ]
    events = cloud.dms.describe_events(SourceType="replication-task")["Events"]
    assert [one["EventCategories"] for one in events] == [["creation"]]


def test_what_is_found_is_counted_and_lies_in_the_bucket(cloud: Cloud) -> None:
    run = assessed(cloud, cloud.create_task())
    assert run["Status"] == "failed"
    assert run["ResultStatistic"] == dict.fromkeys(("Passed", "Error", "Warning", "Cancelled", "Skipped"), 0) | {
        "Failed": 2
    }
    assert run["AssessmentProgress"] == {"IndividualAssessmentCount": 2, "IndividualAssessmentCompletedCount": 2}
    assert run["LastFailureMessage"].startswith(TYPES)
    assert result(cloud, f"assessed/first/{TYPES}.json")["findings"] == ["public.notes.place: pg_lsn"]
    assert result(cloud, f"assessed/first/{LOBS}.json")["findings"] == ["public.notes.note: NCLOB"]
    assert result(cloud, "assessed/first/summary.json")["status"] == "failed"
    assert individual(cloud, status="failed") == {TYPES: "failed", LOBS: "failed"}


def test_a_task_whose_rules_leave_nothing_wrong_passes(cloud: Cloud) -> None:
    run = assessed(cloud, cloud.create_task(rules("orders")))
    assert (run["Status"], run["ResultStatistic"]["Passed"]) == ("passed", 2)
    assert "LastFailureMessage" not in run
    assert cloud.test(cloud.source, cloud.target) == ["successful", "successful"]


def test_a_task_of_changes_is_assessed_for_keys_too(cloud: Cloud) -> None:
    run = assessed(cloud, cloud.create_task(kind="full-load-and-cdc"), IncludeOnly=[KEYS])
    assert run["ResultStatistic"]["Failed"] == 1
    assert result(cloud, f"assessed/first/{KEYS}.json")["findings"] == ["public.notes", "public.numbers"]


def test_a_source_that_is_lost_is_an_error_of_every_assessment(cloud: Cloud, reader: TypedReader) -> None:
    task = cloud.create_task()
    reader.lost = "no route to host"
    run = assessed(cloud, task, Exclude=[LOBS])
    assert (run["Status"], run["LastFailureMessage"]) == ("error-executing", "no route to host")
    assert individual(cloud) == {TYPES: "error"}


def test_only_a_run_under_way_is_cancelled_and_only_another_is_deleted(cloud: Cloud) -> None:
    task = cloud.create_task()

    def start_and_cancel() -> dict[str, str]:
        named = {"ReplicationTaskAssessmentRunArn": start(cloud, task)["ReplicationTaskAssessmentRunArn"]}
        with refused("InvalidResourceStateFault", "starting|provisioning|running"):
            cloud.dms.delete_replication_task_assessment_run(**named)
        cloud.dms.cancel_replication_task_assessment_run(**named)
        return named

    named = cloud.at_once(start_and_cancel)
    assert cloud.task(task)["Status"] == "ready"
    assert individual(cloud) == {TYPES: "cancelled", LOBS: "cancelled"}
    with refused("InvalidResourceStateFault", "cancelling"):
        cloud.dms.cancel_replication_task_assessment_run(**named)
    newer = assessed(cloud, task, "second")
    assert [(one["AssessmentRunName"], one["IsLatestTaskAssessmentRun"]) for one in described(cloud)] == [
        ("first", False),
        ("second", True),
    ]
    cloud.dms.delete_replication_task_assessment_run(**named)
    cloud.until(lambda: [one["AssessmentRunName"] for one in described(cloud)], ["second"])
    with refused("ResourceNotFoundFault"):
        cloud.dms.delete_replication_task_assessment_run(**named)
    assert described(cloud, replication_task_arn=task, status="failed") == [newer]
    assert described(cloud, replication_instance_arn="arn:other") == []


def test_a_run_that_may_not_be_is_refused(cloud: Cloud) -> None:
    task = cloud.create_task()
    for code, words, more in (
        ("S3ResourceNotFoundFault", "nowhere", {"ResultLocationBucket": "nowhere"}),
        ("S3AccessDeniedFault", "s3:PutObject", {"ResultLocationBucket": BUCKET}),
        ("AccessDeniedFault", "sts:AssumeRole", {"ServiceAccessRoleArn": ROLES["secret"]}),
        ("InvalidParameterCombinationException", "Exclude", {"IncludeOnly": [TYPES], "Exclude": [LOBS]}),
        ("InvalidParameterValueException", "not applicable", {"IncludeOnly": [KEYS]}),
        ("InvalidParameterValueException", "leaves no", {"Exclude": [TYPES, LOBS]}),
        ("InvalidParameterValueException", "SSE_S3 or", {"ResultEncryptionMode": "none"}),
        ("InvalidParameterCombinationException", "SSE_KMS", {"ResultKmsKeyArn": "arn:aws:kms:key"}),
        ("NotEmulated", "postgres-check", {"IncludeOnly": ["postgres-check-of-later"]}),
        ("ResourceNotFoundFault", "arn:none", {"ReplicationTaskArn": "arn:none"}),
    ):
        with refused(code, words):
            start(cloud, task, **more)

    def twice() -> None:
        start(cloud, task)
        with refused("InvalidResourceStateFault", "cannot be assessed"):
            start(cloud, task, "second")
        with refused("ResourceAlreadyExistsFault", "first"):
            start(cloud, task)

    cloud.at_once(twice)


def test_the_applicable_assessments_are_those_of_the_task_or_of_what_it_would_be(cloud: Cloud) -> None:
    def names(**given: str) -> list[str]:
        return cloud.dms.describe_applicable_individual_assessments(**given)["IndividualAssessmentNames"]

    assert names(ReplicationTaskArn=cloud.create_task()) == [TYPES, LOBS]
    modelled = {"ReplicationInstanceArn": cloud.instance, "SourceEngineName": "postgres", "TargetEngineName": "s3"}
    assert names(**modelled, MigrationType="cdc") == [TYPES, LOBS, KEYS]
    assert len(names()) == 7
    with refused("InvalidParameterCombinationException", "MigrationType"):
        names(**modelled)
    with refused("NotEmulated", "postgres to mysql"):
        names(**modelled | {"TargetEngineName": "mysql"}, MigrationType="cdc")


def test_the_older_report_is_refused_and_so_there_is_none(cloud: Cloud) -> None:
    task = cloud.create_task()
    with refused("NotEmulated", "older assessment report"):
        cloud.dms.start_replication_task_assessment(ReplicationTaskArn=task)
    for given in ({}, {"ReplicationTaskArn": task}):
        found = cloud.dms.describe_replication_task_assessment_results(**given)
        assert found["ReplicationTaskAssessmentResults"] == []
