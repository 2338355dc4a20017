"""A start that DMS refuses: which refusals pass, how long they are waited out, and how it ends where they do not."""

from __future__ import annotations

import pytest

from cases import SETTINGS, Case
from fleet.dms.tasks import judge_start_refusal

RUNS_AGAIN = "Start Type : START_REPLICATION, valid only for tasks running for the first time"
UNTESTED = (
    "Test connection for replication instance one and endpoint shop should be successful for starting the "
    "replication task"
)


def modify_task(case: Case) -> None:
    """Give the task the mappings that it has, so that DMS refuses its start until that is done."""
    case.dms.modify_replication_task(
        ReplicationTaskArn=case.task["ReplicationTaskArn"],
        TableMappings=case.task["TableMappings"],
    )
    assert case.task["Status"] == "modifying"


@pytest.mark.parametrize(
    ("said", "follows"),
    [
        (UNTESTED, "retest"),
        ("Replication Task cannot be started, invalid state", "wait"),
        ("Replication for Replication Config: one is in MODIFYING state and cannot start", "wait"),
        ("Replication Instance arn:aws:dms:eu-central-1:123456789012:rep:ONE is in state upgrading", "wait"),
        ("Replication Instance arn:aws:dms:eu-central-1:123456789012:rep:ONE is in state storage-full", "refused"),
        (RUNS_AGAIN, "refused"),
        ("what nobody has seen yet", "refused"),
    ],
)
def test_what_dms_says_to_a_start_decides_what_follows(said: str, follows: str) -> None:
    assert judge_start_refusal(said) == follows


def test_a_task_that_is_being_modified_is_waited_for_and_then_started(case: Case) -> None:
    case.go_before("StartTask")
    modify_task(case)
    answer = case.call("StartTask")
    assert answer["verdict"] == "wait"
    assert answer["wait_seconds"] > 0
    assert "started_before" not in case.record
    case.time.pass_seconds(30)
    assert case.call("StartTask")["verdict"] == "started"
    assert case.go_through_from("PollTask")["outcome"] == "ok"


def test_a_task_that_a_deployment_changed_since_it_was_prepared_is_not_started(case: Case) -> None:
    case.go_before("StartTask")
    case.dms.modify_replication_task(
        ReplicationTaskArn=case.task["ReplicationTaskArn"],
        ReplicationTaskSettings='{"FullLoadSettings": {"CommitRate": 77}}',
    )
    case.time.pass_seconds(60)
    assert case.call("StartTask")["verdict"] == "refused"
    assert case.failure is not None
    assert "FullLoadSettings.CommitRate is 77, wanted 10000" in case.failure["text"]
    assert case.task["Status"] == "ready"


def test_a_start_that_dms_refuses_for_a_state_that_passes_is_tried_again(case: Case) -> None:
    case.go_before("StartTask")
    instance = case.dms.describe_replication_instances()["ReplicationInstances"][0]
    case.dms.modify_replication_instance(
        ReplicationInstanceArn=instance["ReplicationInstanceArn"],
        AllocatedStorage=instance["AllocatedStorage"] + 1,
        ApplyImmediately=True,
    )
    assert case.call("StartTask")["verdict"] == "wait"
    assert "started_before" not in case.record
    case.time.pass_seconds(301)
    assert case.call("StartTask")["verdict"] == "started"


def test_a_state_that_does_not_pass_is_given_up_with_what_was_waited_for(case: Case) -> None:
    case.go_before("StartTask")
    modify_task(case)
    assert case.call("StartTask")["verdict"] == "wait"
    case.time.pass_seconds(SETTINGS.limits.modify_deadline_seconds + 1)
    modify_task(case)
    assert case.call("StartTask")["verdict"] == "refused"
    assert case.failure is not None
    assert case.failure["name"] == "StartRefused"
    assert f"of {SETTINGS.limits.modify_deadline_seconds} s" in case.failure["text"]
    assert "is 'modifying'" in case.failure["text"]
    case.time.pass_seconds(30)
    assert case.finish(after="StartTask")["outcome"] == "failed"


def test_the_machine_comes_back_to_the_start_after_a_wait(case: Case) -> None:
    case.go_before("StartTask")
    modify_task(case)
    assert case.settle("StartTask")["verdict"] == "started"
