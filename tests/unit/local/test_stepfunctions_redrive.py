"""RedriveExecution: who may, what is told, and that an execution goes on in the state in which it ended.

The sequences of events are those of the executions redriven in AWS that github.com/radkawar/stackd publishes
(testdata/aws/stepfunctions/redrive_execution.json and redrive_map.json, recorded 2026-09-24).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from local.stepfunctions import FunctionError
from local.wire import AwsError
from stepfunctions_lab import LONG, START, Gate, Lab, call, definition, execution_arn, machine_arn, raising, start

ARN = execution_arn("m", "x")
DAY = 86_400


class Mendable:
    """A function that fails until it is mended, and keeps every event it got."""

    def __init__(self, error_type: str = "BrokenError") -> None:
        self._error_type = error_type
        self.is_mended = False
        self.events: list[Any] = []

    def __call__(self, event: Any) -> Any:
        self.events.append(event)
        if not self.is_mended:
            raise FunctionError(self._error_type, "not yet")
        return "mended"


def redrive(lab: Lab, arn: str = ARN, **more: str) -> Any:
    return lab.answer("RedriveExecution", executionArn=arn, **more)["redriveDate"]


def mend(lab: Lab, function: Mendable) -> Any:
    """How `m:x` ends when it is redriven after *function* has been mended."""
    function.is_mended = True
    redrive(lab)
    return lab.finish(ARN)


def refusal(lab: Lab, arn: str = ARN) -> str:
    with pytest.raises(AwsError) as refused:
        redrive(lab, arn)
    if refused.value.code == "ExecutionNotRedrivable":
        described = lab.answer("DescribeExecution", executionArn=arn)
        assert described["redriveStatus"] == "NOT_REDRIVABLE"
        assert refused.value.message == f"Execution {arn} invalid for redrive as: {described['redriveStatusReason']}"
        return described["redriveStatusReason"]
    return refused.value.code


def in_one_turn(lab: Lab, *requests: Callable[[], object]) -> None:
    """Make all *requests* before the engine does anything of its own."""
    done = threading.Event()

    def ask() -> None:
        for request in requests:
            request()
        done.set()

    lab.clock.call_later(0, ask)
    assert done.wait(LONG)


def links(lab: Lab, after: int) -> list[tuple[int, int, str]]:
    """Id, previous id and type of the events of `m:x` behind the first *after*."""
    return [(event["id"], event["previousEventId"], event["type"]) for event in lab.history()[after:]]


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


# What is told


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


def test_the_list_of_executions_tells_redrives_and_puts_the_latest_change_first():
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


def test_every_attempt_is_told_as_eventbridge_tells_it():
    with Lab() as lab:
        told = threading.Event()
        function = Mendable()
        lab.functions["f"] = function
        lab.run({"T": call("f")})
        lab.work_for(5)
        mend(lab, function)
        lab.clock.work(told.set)
        assert told.wait(LONG)
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


# Where it goes on


def test_a_redrive_goes_on_in_the_failed_task_without_entering_it_again():
    with Lab() as lab:
        function = Mendable()
        lab.functions |= {"first": lambda _: "kept", "f": function}
        lab.run({"A": call("first", Next="T"), "T": call("f", Next="P"), "P": {"Type": "Pass", "End": True}}, {"n": 1})
        assert mend(lab, function)["output"] == '"mended"'
        assert function.events == ["kept", "kept"]
        assert links(lab, 6) == [
            (7, 6, "TaskStateEntered"),
            (8, 7, "LambdaFunctionScheduled"),
            (9, 8, "LambdaFunctionStarted"),
            (10, 9, "LambdaFunctionFailed"),
            (11, 10, "ExecutionFailed"),
            (12, 11, "ExecutionRedriven"),
            (13, 7, "LambdaFunctionScheduled"),
            (14, 13, "LambdaFunctionStarted"),
            (15, 14, "LambdaFunctionSucceeded"),
            (16, 15, "TaskStateExited"),
            (17, 16, "PassStateEntered"),
            (18, 17, "PassStateExited"),
            (19, 18, "ExecutionSucceeded"),
        ]
        assert lab.history()[11]["executionRedrivenEventDetails"] == {"redriveCount": 1}


def test_a_redrive_keeps_the_definition_with_which_the_execution_began():
    with Lab() as lab:
        function = Mendable()
        lab.functions["f"] = function
        lab.run({"T": call("f", Next="Old"), "Old": {"Type": "Pass", "Result": "old", "End": True}})
        states = {"T": call("f", Next="New"), "New": {"Type": "Pass", "Result": "new", "End": True}}
        lab.answer("UpdateStateMachine", stateMachineArn=machine_arn("m"), definition=definition(states))
        assert mend(lab, function)["output"] == '"old"'


def test_the_context_object_tells_of_the_redrive_and_keeps_the_times_of_start_and_entry():
    given = {"run.$": "$$.Execution", "state.$": "$$.State"}
    with Lab() as lab:
        function = Mendable()
        lab.functions["f"] = function
        states = {
            "W": {"Type": "Wait", "Seconds": 10, "Next": "T"},
            "T": call("f", Parameters=given, Next="P"),
            "P": {"Type": "Pass", "Parameters": given, "End": True},
        }
        lab.run(states, {"a": 1})
        lab.work_for(50)
        after = json.loads(mend(lab, function)["output"])
        first, second = function.events
        assert (first["run"]["RedriveCount"], "RedriveTime" in first["run"]) == (0, False)
        assert second["run"] == first["run"] | {"RedriveCount": 1, "RedriveTime": "2026-11-21T01:01:00.000Z"}
        assert second["run"]["StartTime"] == "2026-11-21T01:00:00.000Z"
        assert second["state"] == first["state"]
        assert second["state"]["EnteredTime"] == "2026-11-21T01:00:10.000Z"
        assert after["run"] == second["run"]
        assert after["state"]["EnteredTime"] == "2026-11-21T01:01:00.000Z"


def test_retries_begin_anew_with_a_redrive():
    with Lab() as lab:
        function = Mendable()
        lab.functions["f"] = function
        retry = [{"ErrorEquals": ["BrokenError"], "MaxAttempts": 2}]
        lab.run({"T": call("f", Parameters={"n.$": "$$.State.RetryCount"}, Retry=retry)})
        redrive(lab)
        assert lab.finish(ARN)["status"] == "FAILED"
        assert mend(lab, function)["status"] == "SUCCEEDED"
        assert [event["n"] for event in function.events] == [0, 1, 2, 0, 1, 2, 0]


def test_an_execution_redriven_twice_counts_two():
    with Lab() as lab:
        function = Mendable()
        lab.functions["f"] = function
        lab.run({"T": call("f", Parameters={"n.$": "$$.Execution.RedriveCount"})})
        redrive(lab)
        lab.finish(ARN)
        assert mend(lab, function)["redriveCount"] == 2
        assert [event["n"] for event in function.events] == [0, 1, 2]


def test_a_catch_still_takes_the_error_of_a_redriven_task():
    with Lab() as lab:
        lab.functions["f"] = raising("E")
        states = {
            "T": call("f", Catch=[{"ErrorEquals": ["OtherError"], "Next": "P"}]),
            "P": {"Type": "Pass", "Result": "caught", "End": True},
        }
        lab.run(states)
        lab.functions["f"] = raising("OtherError")
        redrive(lab)
        assert lab.finish(ARN)["output"] == '"caught"'


def test_the_time_out_of_an_execution_begins_anew():
    with Lab() as lab:
        ended = lab.run({"W": {"Type": "Wait", "Seconds": 50, "End": True}}, TimeoutSeconds=40)
        assert ended["status"] == "TIMED_OUT"
        redrive(lab)
        ended = lab.finish(ARN)
        assert (ended["status"], (ended["stopDate"] - START).total_seconds()) == ("TIMED_OUT", 80)
        assert links(lab, 2) == [
            (3, 0, "ExecutionTimedOut"),
            (4, 3, "ExecutionRedriven"),
            (5, 0, "ExecutionTimedOut"),
        ]


def test_the_time_out_of_a_task_begins_anew():
    with Lab() as lab:
        lab.create("child", {"W": {"Type": "Wait", "Seconds": 100, "End": True}})
        assert lab.run({"S": start("child", TimeoutSeconds=60)})["error"] == "States.Timeout"
        redrive(lab)
        ended = lab.finish(ARN)
        assert (ended["error"], (ended["stopDate"] - START).total_seconds()) == ("States.Timeout", 120)


def test_a_wait_of_seconds_begins_anew_without_entering_it_again():
    with Lab() as lab:
        lab.functions["stop"] = lambda _: lab.answer("StopExecution", executionArn=ARN)["stopDate"].isoformat()
        lab.create("stopper", {"W": {"Type": "Wait", "Seconds": 20, "Next": "T"}, "T": call("stop")})
        lab.create("m", {"W": {"Type": "Wait", "Seconds": 30, "End": True}})
        in_one_turn(lab, lambda: lab.begin("stopper"), lambda: lab.begin("m", name="x"))
        assert lab.finish(ARN)["status"] == "ABORTED"
        redrive(lab)
        ended = lab.finish(ARN)
        assert (ended["status"], (ended["stopDate"] - START).total_seconds()) == ("SUCCEEDED", 50)
        assert links(lab, 1) == [
            (2, 0, "WaitStateEntered"),
            (3, 0, "ExecutionAborted"),
            (4, 3, "ExecutionRedriven"),
            (5, 2, "WaitStateExited"),
            (6, 5, "ExecutionSucceeded"),
        ]


def test_a_wait_until_a_moment_that_has_passed_is_over_at_once():
    with Lab() as lab:
        wait = {"Type": "Wait", "Timestamp": "2026-11-21T02:00:00Z", "End": True}
        assert lab.run({"W": wait}, TimeoutSeconds=60)["status"] == "TIMED_OUT"
        lab.work_for(3 * 3600)
        redriven_at = redrive(lab)
        ended = lab.finish(ARN)
        assert (ended["status"], ended["stopDate"]) == ("SUCCEEDED", redriven_at)


def test_a_choice_is_evaluated_again():
    with Lab() as lab:
        rule = {"Variable": "$$.Execution.RedriveCount", "NumericEquals": 1, "Next": "P"}
        states = {"C": {"Type": "Choice", "Choices": [rule]}, "P": {"Type": "Pass", "End": True}}
        assert lab.run(states)["error"] == "States.NoChoiceMatched"
        redrive(lab)
        assert lab.finish(ARN)["status"] == "SUCCEEDED"
        assert lab.event_types().count("ChoiceStateEntered") == 1


def test_an_execution_stopped_before_its_first_state_begins_with_it():
    with Lab() as lab:
        lab.functions["f"] = lambda event: event
        lab.create("m", {"T": call("f")})
        in_one_turn(
            lab,
            lambda: lab.begin("m", {"a": 1}, name="x"),
            lambda: lab.answer("StopExecution", executionArn=ARN),
        )
        assert lab.event_types() == ["ExecutionStarted", "ExecutionAborted"]
        redrive(lab)
        assert lab.finish(ARN)["output"] == '{"a":1}'


def test_the_late_answer_of_a_stopped_attempt_is_dropped():
    with Lab() as lab:
        first, second = Gate(), Gate()
        lab.functions["f"] = lambda event: (first(event), "late")[1]
        lab.create("m", {"T": call("f")})
        lab.begin("m", name="x")
        first.wait_for(1)
        lab.answer("StopExecution", executionArn=ARN)
        lab.functions["f"] = lambda event: (second(event), "in time")[1]
        redrive(lab)
        second.wait_for(1)
        first.open()
        second.open()
        assert lab.finish(ARN)["output"] == '"in time"'
        assert lab.event_types().count("LambdaFunctionSucceeded") == 1


def test_a_redriven_execution_can_be_stopped_and_redriven_again():
    with Lab() as lab:
        lab.functions["f"] = raising("E")
        lab.run({"T": call("f")})
        gate = Gate()
        lab.functions["f"] = gate
        redrive(lab)
        gate.wait_for(1)
        lab.answer("StopExecution", executionArn=ARN, error="Operator", cause="enough")
        ended = lab.finish(ARN)
        assert (ended["status"], ended["error"], ended["redriveStatus"]) == ("ABORTED", "Operator", "REDRIVABLE")
        redrive(lab)
        gate.open()
        ended = lab.finish(ARN)
        assert (ended["status"], ended["redriveCount"], "error" in ended) == ("SUCCEEDED", 2, False)


def test_a_redriven_execution_keeps_its_name_while_it_runs():
    with Lab() as lab:
        lab.functions["f"] = raising("E")
        lab.run({"T": call("f")}, {"a": 1})
        gate = Gate()
        lab.functions["f"] = gate
        redrive(lab)
        gate.wait_for(1)
        assert lab.begin("m", {"a": 1}, name="x") == ARN
        gate.open()
        assert lab.finish(ARN)["status"] == "SUCCEEDED"


# Executions that start executions


def nested(lab: Lab, name: str) -> tuple[Mendable, Callable[[], list[str]]]:
    """A parent `m` whose task runs a child named by *name*; its function, and how the children ended."""
    function = Mendable()
    lab.functions["f"] = function
    lab.create("child", {"T": call("f")})
    lab.create("m", {"S": start("child", Parameters={"Name.$": name}, OutputPath="$.Output")})

    def children() -> list[str]:
        listed = lab.answer("ListExecutions", stateMachineArn=machine_arn("child"))["executions"]
        return sorted(f"{each['name']} {each['status']} {each['redriveCount']}" for each in listed)

    return function, children


def test_a_redriven_parent_starts_a_new_child():
    with Lab() as lab:
        function, children = nested(lab, "States.Format('c-{}', $$.Execution.RedriveCount)")
        lab.finish(lab.begin("m", name="x"))
        assert mend(lab, function)["output"] == '"mended"'
        assert children() == ["c-0 FAILED 0", "c-1 SUCCEEDED 0"]


def test_a_redriven_parent_cannot_start_a_child_of_the_same_name_again():
    with Lab() as lab:
        function, children = nested(lab, "$$.Execution.Name")
        lab.finish(lab.begin("m", name="x"))
        assert mend(lab, function)["error"] == "StepFunctions.ExecutionAlreadyExistsException"
        assert children() == ["x FAILED 0"]


def test_a_redriven_child_does_not_touch_the_parent_that_failed_of_it():
    with Lab() as lab:
        function, children = nested(lab, "$$.Execution.Name")
        lab.finish(lab.begin("m", name="x"))
        before = lab.history()
        function.is_mended = True
        redrive(lab, execution_arn("child", "x"))
        assert lab.finish(execution_arn("child", "x"))["status"] == "SUCCEEDED"
        assert children() == ["x SUCCEEDED 1"]
        assert (lab.history(), lab.finish(ARN)["status"]) == (before, "FAILED")
