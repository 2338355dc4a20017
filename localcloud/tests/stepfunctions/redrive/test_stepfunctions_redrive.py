"""RedriveExecution: what may be redriven, once for each token, and how a redrive is described.

The sequences of events are those of the executions redriven in AWS that github.com/radkawar/stackd publishes
(testdata/aws/stepfunctions/redrive_execution.json and redrive_map.json, recorded 2026-09-24).
"""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from localcloud.in_process_transport import AwsError
from localcloud.tests.stepfunctions.redrive.redrive_lab import ARN, DAY, Mendable, mend, redrive, refusal
from localcloud.tests.stepfunctions.stepfunctions_lab import LONG, START, Gate, Lab, call, machine_arn, raising

# Who may be redriven


def test_a_running_and_a_succeeded_execution_are_not_redriven():
    with Lab() as lab:
        gate = Gate()
        lab.functions["f"] = gate
        lab.create("m", {"T": call("f")})
        lab.begin("m", name="x")
        gate.wait_for(1)
        assert refusal(lab) == "Execution is RUNNING and cannot be redriven"
        gate.open()
        lab.finish(ARN)
        assert refusal(lab) == "Execution is SUCCEEDED and cannot be redriven"
        assert refusal(lab, ARN + "y") == "ExecutionDoesNotExist"
        assert "ExecutionRedriven" not in lab.event_types()


@pytest.mark.parametrize(("days", "is_refused"), [(13.99, False), (14, True)])
def test_an_execution_is_redriven_within_fourteen_days_of_its_end(days, is_refused):
    with Lab() as lab:
        lab.functions["f"] = raising("E")
        lab.run({"T": call("f")})
        lab.work_for(days * DAY)
        if is_refused:
            assert refusal(lab) == "Execution redrivable period exceeded"
        else:
            assert redrive(lab) == START + timedelta(days=days)


def test_an_execution_that_began_a_year_ago_is_not_redriven():
    with Lab() as lab:
        lab.functions["f"] = raising("E")
        ended = lab.run({"W": {"Type": "Wait", "Seconds": 360 * DAY, "Next": "T"}, "T": call("f")})
        assert ended["redriveStatus"] == "REDRIVABLE"
        lab.work_for(5 * DAY)
        assert refusal(lab) == "Execution has exceeded the max execution time"


def test_an_execution_needs_room_for_two_events_to_be_redriven():
    with Lab() as lab:
        lab.functions["f"] = raising("E")
        lab.run({"T": call("f")})
        events = lab.engine._executions[ARN].events  # 25,000 real ones would take seconds
        events += [events[-1]] * (24_999 - len(events))
        assert refusal(lab) == "Execution history event limit exceeded"
        events.pop()
        redrive(lab)
        ended = lab.finish(ARN)
        assert (ended["status"], len(events)) == ("FAILED", 25_000)


def test_an_execution_of_a_deleted_machine_is_not_redriven():
    with Lab() as lab:
        lab.functions["f"] = raising("E")
        lab.run({"T": call("f")})
        lab.answer("DeleteStateMachine", stateMachineArn=machine_arn("m"))
        assert refusal(lab) == "State machine is in DELETING status"


# Client tokens


def test_a_client_token_redrives_once_whatever_became_of_the_execution():
    with Lab() as lab:
        lab.functions["f"] = raising("E")
        lab.run({"W": {"Type": "Wait", "Seconds": 60, "Next": "T"}, "T": call("f")})
        first = redrive(lab, clientToken="a")
        lab.finish(ARN)
        lab.work_for(60)
        assert redrive(lab, clientToken="a") == first
        second = redrive(lab, clientToken="b")
        assert (redrive(lab, clientToken="a"), second - first) == (first, timedelta(seconds=60))
        lab.finish(ARN)
        assert lab.answer("DescribeExecution", executionArn=ARN)["redriveCount"] == 2


def test_a_refused_token_is_not_used_up():
    with Lab() as lab:
        gate = Gate()
        lab.functions["f"] = gate
        lab.create("m", {"T": call("f")})
        lab.begin("m", name="x")
        gate.wait_for(1)
        with pytest.raises(AwsError):
            redrive(lab, clientToken="a")
        lab.answer("StopExecution", executionArn=ARN)
        redrive(lab, clientToken="a")
        gate.open()
        assert lab.finish(ARN)["redriveCount"] == 1


def test_a_token_holds_for_fifteen_minutes_and_ten_are_kept():
    with Lab() as lab:
        lab.functions["f"] = raising("E")
        lab.run({"T": call("f")})

        def count(token: str) -> int:
            redrive(lab, clientToken=token)
            return lab.finish(ARN)["redriveCount"]

        assert [count("a"), count("a")] == [1, 1]
        lab.work_for(15 * 60)
        assert count("a") == 1
        lab.work_for(1)
        assert count("a") == 2
        assert [count(f"t{number}") for number in range(10)] == list(range(3, 13))
        assert count("t0") == 12
        assert count("a") == 13
        assert count("t0") == 14  # ten others have come since


# How a redrive is described


def test_a_redriven_execution_is_described_as_running_and_keeps_its_start():
    with Lab() as lab:
        lab.functions["f"] = raising("E")
        states = {"T": call("f", Next="W"), "W": {"Type": "Wait", "Seconds": 30, "End": True}}
        failed = lab.run(states, {"a": 1})
        assert (failed["redriveCount"], "redriveDate" in failed) == (0, False)
        lab.work_for(60)
        gate = Gate()
        lab.functions["f"] = gate
        redriven_at = redrive(lab)
        gate.wait_for(1)
        running = lab.answer("DescribeExecution", executionArn=ARN)
        assert (running["status"], running["redriveCount"], running["redriveDate"]) == ("RUNNING", 1, redriven_at)
        assert (running["startDate"], running["redriveStatus"]) == (START, "NOT_REDRIVABLE")
        assert not {"stopDate", "error", "cause", "output"} & set(running)
        gate.open()
        ended = lab.finish(ARN)
        assert (ended["status"], ended["startDate"], ended["redriveDate"]) == ("SUCCEEDED", START, redriven_at)
        assert ended["stopDate"] == redriven_at + timedelta(seconds=30)
        assert ended["redriveStatusReason"] == "Execution is SUCCEEDED and cannot be redriven"


def test_ended_waits_for_the_end_of_the_attempt_under_way():
    with Lab() as lab:
        lab.functions["f"] = raising("E")
        lab.run({"T": call("f")})
        assert lab.engine.ended(ARN).result(LONG)["status"] == "FAILED"
        gate = Gate()
        lab.functions["f"] = gate
        redrive(lab)
        ended = lab.engine.ended(ARN)
        gate.wait_for(1)
        assert not ended.done()
        gate.open()
        assert ended.result(LONG)["status"] == "SUCCEEDED"


def test_the_list_of_executions_shows_redrives_and_puts_the_latest_change_first():
    with Lab() as lab:
        lab.functions["f"] = raising("E")
        lab.create("m", {"T": call("f")})
        for name in ("x", "y"):
            lab.finish(lab.begin("m", name=name))
            lab.work_for(10)
        redrive(lab)
        lab.finish(ARN)
        listed = lab.answer("ListExecutions", stateMachineArn=machine_arn("m"))["executions"]
        assert [(each["name"], each["redriveCount"]) for each in listed] == [("x", 1), ("y", 0)]
        assert (listed[0]["redriveDate"], "redriveDate" in listed[1]) == (START + timedelta(seconds=20), False)


def test_every_attempt_is_sent_in_eventbridges_form():
    with Lab() as lab:
        delivered = threading.Event()
        function = Mendable()
        lab.functions["f"] = function
        lab.run({"T": call("f")})
        lab.work_for(5)
        mend(lab, function)
        lab.clock.work(delivered.set)
        assert delivered.wait(LONG)
    # The clock is closed, so every worker has delivered, in whatever order.
    details = [event["detail"] for event in lab.status_events]
    assert sorted((each["redriveCount"], each["status"], each["redriveStatus"]) for each in details) == [
        (0, "FAILED", "REDRIVABLE"),
        (0, "RUNNING", "NOT_REDRIVABLE"),
        (1, "RUNNING", "NOT_REDRIVABLE"),
        (1, "SUCCEEDED", "NOT_REDRIVABLE"),
    ]
    redriven = next(each for each in lab.status_events if each["detail"]["redriveCount"] == 1)
    start_ms = round(START.timestamp() * 1000)
    assert (redriven["time"], redriven["detail"]["startDate"]) == ("2026-11-21T01:00:05Z", start_ms)
    assert redriven["detail"]["redriveDate"] == start_ms + 5000
