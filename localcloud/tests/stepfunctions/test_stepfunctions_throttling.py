"""Step Functions answers so many requests of an operation, from all callers together."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from localcloud.in_process_transport import AwsError
from localcloud.tests.stepfunctions.stepfunctions_lab import Lab, each, start
from localcloud.throttling import Rate

PASS = {"P": {"Type": "Pass", "End": True}}
RETRY = {
    "ErrorEquals": ["StepFunctions.AWSStepFunctionsException"],
    "IntervalSeconds": 1,
    "MaxAttempts": 99,
    "BackoffRate": 1,
}


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab(rates={"StartExecution": Rate(2, 0.125)}) as opened:
        yield opened


def test_starts_beyond_the_bucket_are_refused_until_tokens_come_back(lab: Lab) -> None:
    lab.create("m", PASS)
    with lab.time_held():
        lab.begin("m"), lab.begin("m")
        with pytest.raises(AwsError, match="ThrottlingException: Rate exceeded"):
            lab.begin("m")
    lab.clock.sleep(8)
    lab.begin("m")


def test_a_childs_start_takes_from_the_same_bucket_and_may_be_retried(lab: Lab) -> None:
    lab.create("child", PASS)
    ended = lab.run({"M": each(start("child", Retry=[RETRY]))}, [1, 2, 3])
    assert ended["status"] == "SUCCEEDED"
    causes = {event["taskFailedEventDetails"]["cause"] for event in lab.history() if event["type"] == "TaskFailed"}
    assert causes == {"Rate exceeded (Service: AWSStepFunctions; Status Code: 400; Error Code: ThrottlingException)"}
    assert [int(one) for one in lab.seconds_of("TaskSucceeded")] == [0, 8, 16]


def test_other_operations_have_buckets_of_their_own(lab: Lab) -> None:
    machine = lab.create("m", PASS)
    with lab.time_held():
        lab.begin("m"), lab.begin("m")
        assert len(lab.answer("ListExecutions", stateMachineArn=machine)["executions"]) == 2
