"""What must hold before a task starts (docs/design.md 4), each broken for real, and refused by name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cases import Case, Cases, refused
from orchestration.functions import DATABASE_RUN
from orchestration.roles import write_one_prefix

CASE_COUNT = 48
FENCED = [state for state in DATABASE_RUN[1:] if state not in {"RecordOutcome", "ReleaseDatabase", "Conclude"}]


def delete_task(case: Case) -> None:
    case.dms.delete_replication_task(ReplicationTaskArn=case.task["ReplicationTaskArn"])
    case.time.pass_seconds(60)


def assert_nothing_started(case: Case, failure_class: str, name: str, words: str) -> None:
    """The attempt is stopped by that failure, its outcome is failed, and no row has moved."""
    assert case.failure is not None
    assert (case.failure["failure_class"], case.failure["name"]) == (failure_class, name)
    assert words in case.failure["text"]
    assert "started_before" not in case.record
    outcome = case.finish(after="StartTask")
    assert (outcome["outcome"], outcome["failure_name"]) == ("failed", name)
    assert outcome["owner"]
    assert not [key for key in case.objects(f"{case.folder}/") if key.endswith(".parquet")]


# PointEndpoint


def test_the_endpoint_is_not_pointed_at_a_folder_that_holds_an_object(case: Case) -> None:
    case.go_before("PointEndpoint")
    before = case.endpoint("target")
    case.put(f"{case.folder}/public/orders/LOAD00000001.parquet")
    assert case.settle("PointEndpoint")["verdict"] == "refused"
    assert case.endpoint("target") == before
    assert case.failure is not None
    assert case.failure["name"] == "FolderNotEmpty"
    assert f"{case.folder}/public/orders/LOAD00000001.parquet" in case.failure["text"]


def test_an_object_in_a_folder_whose_name_only_begins_alike_is_no_obstacle(case: Case) -> None:
    case.go_before("PointEndpoint")
    case.put(f"{case.folder}0/x")
    assert case.settle("PointEndpoint")["verdict"] == "pointed"


def test_the_endpoint_is_not_pointed_while_a_task_of_the_database_moves(case: Case) -> None:
    case.go_before("PointEndpoint")
    before = case.endpoint("target")
    create_second_task(case)
    assert case.call("PointEndpoint")["verdict"] == "refused"
    assert case.endpoint("target") == before
    assert case.failure is not None
    assert case.failure["name"] == "TaskNotAtRest"
    assert f"fleet-{case.id}-cdc" in case.failure["text"]


def test_an_endpoint_that_is_gone_is_named(case: Case) -> None:
    case.go_before("PointEndpoint")
    arn = case.endpoint("target")["EndpointArn"]
    delete_task(case)
    case.dms.delete_endpoint(EndpointArn=arn)
    case.time.pass_seconds(60)
    assert case.settle("PointEndpoint")["verdict"] == "refused"
    assert_nothing_started(case, "not_deployed", "ResourceGone", f"fleet-{case.id}-target")


def test_an_endpoint_that_a_deployment_changed_before_is_brought_back(case: Case) -> None:
    case.go_before("PointEndpoint")
    case.point_elsewhere(BucketName="elsewhere", DataFormat="csv", CompressionType="none")
    assert case.settle("PointEndpoint")["verdict"] == "pointed"
    settings = case.endpoint("target")["S3Settings"]
    assert (settings["BucketName"], settings["BucketFolder"]) == (case.bucket, case.folder)
    assert (settings["DataFormat"], settings["CompressionType"]) == ("parquet", "GZIP")


# StartTask: the source


def test_nothing_starts_over_a_connection_that_is_not_encrypted_as_the_registry_says(case: Case) -> None:
    case.go_before("StartTask")
    case.dms.modify_endpoint(EndpointArn=case.endpoint("source")["EndpointArn"], SslMode="require")
    assert case.call("StartTask")["verdict"] == "refused"
    assert_nothing_started(case, "not_deployed", "SourceNotAsWanted", "has SslMode 'require', servers.yaml says 'none'")


def test_nothing_starts_over_an_endpoint_with_a_setting_that_the_registry_does_not_give_it(case: Case) -> None:
    case.go_before("StartTask")
    arn = case.endpoint("source")["EndpointArn"]
    case.dms.modify_endpoint(EndpointArn=arn, ExtraConnectionAttributes="executeTimeout=5")
    assert case.call("StartTask")["verdict"] == "refused"
    said = "has ExecuteTimeout '5', servers.yaml says nothing, which is 60"
    assert_nothing_started(case, "not_deployed", "SourceNotAsWanted", said)


# AwaitConnection


def test_a_success_from_before_the_change_of_the_endpoint_is_not_taken_for_a_test(case: Case) -> None:
    case.go_through("ReleaseDatabase")
    case.next_night(f"second-{case.id}")
    case.go_before("AwaitConnection")
    case.time.pass_seconds(1)  # a test sent now is not of the moment of the change
    assert connection(case, "target")["Status"] == "successful"
    answer = case.call("AwaitConnection")
    assert answer["verdict"] == "wait"
    if connection(case, "target")["Status"] != "testing":  # it waits for a look at the instance from after the change
        case.time.pass_seconds(answer["wait_seconds"])
        assert case.call("AwaitConnection")["verdict"] == "wait"
    assert case.settle("AwaitConnection")["verdict"] == "connected"
    assert case.record["target_test_sent"] > case.record["pointed_at"]


def test_a_test_that_dms_began_by_itself_is_waited_out_and_then_followed_by_our_own(case: Case) -> None:
    case.go_through("ReleaseDatabase")
    case.next_night(f"second-{case.id}")
    case.go_before("AwaitConnection")
    case.time.pass_seconds(3)  # DMS's own test has begun
    assert case.call("AwaitConnection")["verdict"] == "wait"
    assert "target_test_sent" not in case.record
    assert case.settle("AwaitConnection")["verdict"] == "connected"
    assert case.record["target_test_sent"]


def test_a_test_of_ours_from_before_another_change_of_the_endpoint_does_not_count(case: Case) -> None:
    case.go_before("StartTask")
    case.point_elsewhere(CompressionType="none")
    assert case.call("PointEndpoint")["verdict"] == "pointed"
    assert connection(case, "target")["Status"] == "successful"
    assert case.call("AwaitConnection")["verdict"] == "wait"
    assert connection(case, "target")["Status"] == "testing"


def test_both_ends_are_tested_at_once_the_first_time(case: Case) -> None:
    case.go_before("AwaitConnection")
    assert case.call("AwaitConnection")["verdict"] == "wait"
    assert [connection(case, side)["Status"] for side in ("target", "source")] == ["testing", "testing"]


def test_a_wrong_password_in_the_secret_is_refused_before_anything_starts(case: Case) -> None:
    case.go_before("AwaitConnection")
    case.put_secret(password="not the password")
    assert case.settle("AwaitConnection")["verdict"] == "refused"
    assert_nothing_started(case, "credentials", "ConnectionTestFailed", "password authentication failed")


def test_a_role_that_may_not_write_the_prefix_is_refused_before_anything_starts(case: Case) -> None:
    case.go_before("AwaitConnection")
    case.cloud.aws.client("iam").put_role_policy(
        RoleName=case.role,
        PolicyName="may",
        PolicyDocument=json.dumps(write_one_prefix(case.cloud.registry.settings, "another-database")),
    )
    assert case.settle("AwaitConnection")["verdict"] == "refused"
    assert_nothing_started(case, "landing_access", "ConnectionTestFailed", "not authorized to perform: s3:PutObject")
    assert case.outcome["owner"] == "platform team"


def test_a_test_of_the_target_that_never_ends_is_given_up_by_name_and_is_not_the_sources(case: Case) -> None:
    case.go_before("AwaitConnection")
    assert case.call("AwaitConnection")["verdict"] == "wait"
    case.time.pass_seconds(301)
    begin_test(case, "target")
    assert case.call("AwaitConnection")["verdict"] == "refused"
    assert_nothing_started(
        case, "landing_access", "TestTooLong", "the target endpoint did not end: waited 301 s of 300"
    )


def test_a_test_of_the_source_that_never_ends_is_given_up_by_name_and_is_the_sources(case: Case) -> None:
    case.go_before("StartTask")
    case.time.pass_seconds(301)
    begin_test(case, "source")
    assert case.call("AwaitConnection")["verdict"] == "refused"
    assert_nothing_started(case, "connection", "TestTooLong", "the test of the source endpoint did not end: waited")


# StartTask

ELSEWHERE = [
    ({"BucketFolder": "another-database/full/night-1/000001"}, "FolderOutsideDatabase", "another-database/full"),
    ({"BucketFolder": "Another_Database/full/night-1/000001"}, "FolderOutsideDatabase", "'Another_Database/full"),
    ({"BucketFolder": ""}, "FolderOutsideDatabase", "''"),
    ({"BucketFolder": "{id}/full/another-night/000001"}, "EndpointNotAsWanted", "another-night"),
    ({"BucketName": "another-bucket"}, "EndpointNotAsWanted", "BucketName 'another-bucket'"),
    (
        {"ServiceAccessRoleArn": "arn:aws:iam::123456789012:role/fleet/endpoint/fleet-case-48-s3"},
        "EndpointNotAsWanted",
        "ServiceAccessRoleArn",
    ),
    ({"DataFormat": "csv"}, "EndpointNotAsWanted", "DataFormat 'csv'"),
    ({"CompressionType": "none"}, "EndpointNotAsWanted", "CompressionType 'none'"),
]


@pytest.mark.parametrize(("settings", "name", "words"), ELSEWHERE, ids=lambda value: str(value)[:40])
def test_an_endpoint_changed_between_its_test_and_the_start_is_refused(
    case: Case, settings: dict[str, str], name: str, words: str
) -> None:
    case.go_before("StartTask")
    case.point_elsewhere(**{member: value.format(id=case.id) for member, value in settings.items()})
    assert case.call("StartTask")["verdict"] == "refused"
    assert case.task["Status"] == "ready"
    assert_nothing_started(case, "landing_mismatch", name, words)


def test_a_folder_that_is_filled_between_the_test_and_the_start_is_refused(case: Case) -> None:
    case.go_before("StartTask")
    case.put(f"{case.folder}/public/anything")
    assert case.call("StartTask")["verdict"] == "refused"
    assert_nothing_started(case, "landing_mismatch", "FolderNotEmpty", f"{case.folder}/public/anything")


def test_a_task_that_somebody_else_started_is_not_taken_for_our_own(case: Case) -> None:
    case.go_before("StartTask")
    start_by_hand(case)
    assert case.call("StartTask")["verdict"] == "refused"
    assert case.failure is not None
    assert case.failure["name"] == "TaskNotAtRest"
    assert "'starting'" in case.failure["text"]
    outcome = case.finish(after="StartTask")
    assert outcome["outcome"] == "failed"
    assert case.task["Status"] in {"stopped", "failed"}


def test_nothing_starts_while_the_other_task_of_the_database_moves(case: Case) -> None:
    case.go_before("StartTask")
    create_second_task(case)
    assert case.call("StartTask")["verdict"] == "refused"
    assert_nothing_started(case, "unknown", "TaskNotAtRest", f"fleet-{case.id}-cdc")


@pytest.mark.parametrize("state", ["PrepareTask", "StartTask"])
def test_a_task_that_is_gone_is_named(case: Case, state: str) -> None:
    case.go_before(state)
    delete_task(case)
    assert case.settle(state)["verdict"] == "refused"
    assert_nothing_started(case, "not_deployed", "ResourceGone", f"no task 'fleet-{case.id}-full'")


def test_nothing_starts_on_a_success_from_before_the_change_of_the_endpoint(case: Case) -> None:
    case.go_through("ReleaseDatabase")
    case.next_night(f"second-{case.id}")
    case.go_before("AwaitConnection")
    assert connection(case, "target")["Status"] == "successful"
    assert case.call("StartTask")["verdict"] == "retest"
    assert case.task["Status"] == "stopped"
    assert case.settle("AwaitConnection")["verdict"] == "connected"
    assert case.call("StartTask")["verdict"] == "started"


def test_a_start_that_dms_refuses_for_want_of_a_test_leads_to_another_test(case: Case) -> None:
    case.go_before("StartTask")
    begin_test(case, "target")
    assert case.call("StartTask")["verdict"] == "retest"
    assert "started_before" not in case.record
    assert case.settle("AwaitConnection")["verdict"] == "connected"
    assert case.call("StartTask")["verdict"] == "started"


def test_a_start_that_dms_keeps_refusing_is_given_up_with_its_words(case: Case) -> None:
    case.go_before("StartTask")
    verdicts = []
    for _ in range(4):
        begin_test(case, "target")
        verdicts.append(case.call("StartTask")["verdict"])
        case.settle("AwaitConnection")
    assert verdicts == ["retest", "retest", "retest", "refused"]
    assert_nothing_started(case, "unknown", "StartRefused", "should be successful for starting the replication task")


def test_a_start_broken_off_before_dms_was_asked_is_made_up_for(case: Case) -> None:
    case.go_before("StartTask")
    note_start(case)
    assert case.call("StartTask")["verdict"] == "started"
    assert case.task["Status"] == "starting"


def test_a_start_broken_off_after_dms_was_asked_is_not_made_twice(case: Case) -> None:
    case.go_before("StartTask")
    note_start(case)
    start_by_hand(case)
    started_on = case.task["ReplicationTaskStartDate"]
    for _ in range(3):  # while it is starting, when it runs, and once it is over
        assert case.call("StartTask")["verdict"] == "started"
        case.time.pass_seconds(20)
    assert case.task["ReplicationTaskStartDate"] == started_on
    assert case.go_through_from("PollTask")["outcome"] == "ok"


# The fence


def test_an_older_attempt_is_refused_in_every_state_once_a_newer_one_exists(cases: Cases) -> None:
    case = cases.take()
    case.claim()
    old = case.attempt
    newer = case.claim(execution=case.execution_arn("another"))["attempt"]
    assert newer["number"] == 2
    case.attempt = old
    before = case.everything()
    for state in FENCED:
        with refused("ClaimLostError", "attempt 1 at .* the newest is 2, held by .*another"):
            case.call(state)
    assert case.everything() == before


def test_an_older_attempt_of_the_same_execution_is_refused(case: Case) -> None:
    case.go_through("ReleaseDatabase")
    old = case.attempt
    case.attempt = {}
    case.time.pass_seconds(1)
    assert case.claim()["attempt"] == {**old, "number": 2}
    case.attempt = old
    with refused("ClaimLostError", "attempt 1 at .* the newest is 2"):
        case.call("PointEndpoint")


def test_an_attempt_of_the_same_number_by_another_execution_is_refused(case: Case) -> None:
    case.claim()
    case.attempt["execution"] = case.execution_arn("another")
    with refused("ClaimLostError", "held by .*run-case"):
        case.call("PointEndpoint")


def connection(case: Case, side: str) -> dict[str, Any]:
    filters = [{"Name": "endpoint-arn", "Values": [case.endpoint(side)["EndpointArn"]]}]
    return case.dms.describe_connections(Filters=filters)["Connections"][0]


def begin_test(case: Case, side: str) -> None:
    """A test of that side's endpoint that is not ours, and lasts until time moves."""
    endpoint, instance = case.endpoint(side)["EndpointArn"], case.task["ReplicationInstanceArn"]
    case.dms.test_connection(ReplicationInstanceArn=instance, EndpointArn=endpoint)


def create_second_task(case: Case) -> None:
    """A task under the name of the database's other one, which is `creating` until time moves."""
    case.dms.create_replication_task(
        ReplicationTaskIdentifier=f"fleet-{case.id}-cdc",
        SourceEndpointArn=case.endpoint("source")["EndpointArn"],
        TargetEndpointArn=case.endpoint("target")["EndpointArn"],
        ReplicationInstanceArn=case.task["ReplicationInstanceArn"],
        MigrationType="cdc",
        TableMappings=case.task["TableMappings"],
        Tags=[{"Key": "fleet", "Value": "fleet"}],
    )


def start_by_hand(case: Case) -> None:
    case.dms.start_replication_task(
        ReplicationTaskArn=case.task["ReplicationTaskArn"], StartReplicationTaskType="start-replication"
    )


def note_start(case: Case) -> None:
    """What StartTask notes before it asks DMS."""
    attempt = case.typed_attempt
    case.cloud.clients.ledger.note(attempt, started_before=0.0, started_at=case.cloud.clock.now())
