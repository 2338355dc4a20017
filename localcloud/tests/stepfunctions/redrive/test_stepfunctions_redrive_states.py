"""A redriven execution goes on in the state in which it ended, whatever kind of state that is.

The sequences of events are those of the executions redriven in AWS that github.com/radkawar/stackd publishes
(testdata/aws/stepfunctions/redrive_execution.json and redrive_map.json, recorded 2026-09-24).
"""

from __future__ import annotations

import json

from localcloud.tests.stepfunctions.redrive.redrive_lab import ARN, Mendable, in_one_turn, links, mend, redrive
from localcloud.tests.stepfunctions.stepfunctions_lab import (
    START,
    Gate,
    Lab,
    call,
    definition,
    machine_arn,
    raising,
    start,
)


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


def test_the_context_object_shows_the_redrive_and_keeps_the_times_of_start_and_entry():
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
