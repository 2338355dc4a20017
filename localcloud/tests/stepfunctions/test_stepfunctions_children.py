"""startExecution.sync:2: executions that start executions, wait for them and end them."""

from __future__ import annotations

import json

from localcloud.tests.stepfunctions.stepfunctions_lab import Gate, Lab, call, execution_arn, machine_arn, raising, start

CHILD = {"Work": call("work")}
START_MS = 1_795_222_800_000  # the lab's start


def test_a_parent_gets_the_description_of_its_child_with_the_output_parsed():
    with Lab() as lab:
        lab.functions["work"] = lambda event: {"rows": event["n"] + 1}
        lab.create("child", CHILD)
        ended = lab.run(
            {"S": start("child", Parameters={"Name.$": "$.name", "Input": {"n.$": "$.n"}})}, {"name": "c1", "n": 4}
        )
        assert json.loads(ended["output"]) == {
            "ExecutionArn": execution_arn("child", "c1"),
            "StateMachineArn": machine_arn("child"),
            "Name": "c1",
            "Status": "SUCCEEDED",
            "StartDate": START_MS,
            "StopDate": START_MS,
            "Input": '{"n":4}',
            "InputDetails": {"Included": True},
            "Output": {"rows": 5},
            "OutputDetails": {"Included": True},
            "RedriveCount": 0,
            "RedriveStatus": "NOT_REDRIVABLE",
            "RedriveStatusReason": "Execution is SUCCEEDED and cannot be redriven",
        }


def test_a_failed_child_fails_its_task_with_its_description_as_the_cause():
    with Lab() as lab:
        lab.functions["work"] = raising("DatabaseNotOkError", "two tables missing")
        lab.create("child", CHILD)
        ended = lab.run({"S": start("child", Parameters={"Name": "c1"})})
        assert ended["error"] == "States.TaskFailed"
        cause = json.loads(ended["cause"])
        assert (cause["Status"], cause["Error"], cause["Name"]) == ("FAILED", "DatabaseNotOkError", "c1")
        assert json.loads(cause["Cause"])["errorMessage"] == "two tables missing"


def test_the_parents_id_in_the_input_is_plain_data():
    given = {"AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID.$": "$$.Execution.Id"}
    with Lab() as lab:
        lab.functions["work"] = lambda event: event
        lab.create("child", CHILD)
        ended = lab.run({"S": start("child", Parameters={"Input": given}, OutputPath="$.Output")})
        assert json.loads(ended["output"]) == {"AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": execution_arn("m", "x")}


def test_a_taken_name_fails_the_task_and_can_be_caught():
    with Lab() as lab:
        lab.functions["work"] = lambda event: event
        lab.create("child", CHILD)
        lab.finish(lab.begin("child", name="c1"))
        catch = [{"ErrorEquals": ["StepFunctions.ExecutionAlreadyExistsException"], "Next": "Taken"}]
        taken = {"Type": "Pass", "Result": "taken", "End": True}
        ended = lab.run({"S": start("child", Parameters={"Name": "c1"}, Catch=catch), "Taken": taken})
        assert ended["output"] == '"taken"'


def test_an_unknown_machine_or_a_wrong_input_fails_the_task():
    with Lab() as lab:
        assert lab.run({"S": start("nobody")})["error"] == "StepFunctions.StateMachineDoesNotExistException"
    with Lab() as lab:
        lab.create("child", CHILD)
        ended = lab.run({"S": start("child", Parameters={"Input": "{"})})
        assert ended["error"] == "StepFunctions.InvalidExecutionInputException"
    with Lab() as lab:
        lab.create("child", CHILD)
        assert lab.run({"S": start("child", Parameters={"Name.$": "$.n"})}, {"n": 5})["error"] == "States.Runtime"


def test_a_task_timeout_ends_the_child_at_that_second():
    with Lab() as lab:
        lab.create("child", {"W": {"Type": "Wait", "Seconds": 1000, "End": True}})
        ended = lab.run({"S": start("child", Parameters={"Name": "c1"}, TimeoutSeconds=60)})
        assert (ended["status"], ended["error"]) == ("FAILED", "States.Timeout")
        assert lab.event_types()[-2:] == ["TaskTimedOut", "ExecutionFailed"]
        child = lab.finish(execution_arn("child", "c1"))
        assert child["status"] == "ABORTED"
        assert (child["stopDate"] - child["startDate"]).total_seconds() == 60


def test_stopping_a_parent_stops_the_children_under_way_and_starts_no_further_one():
    parent = {
        "M": {
            "Type": "Map",
            "MaxConcurrency": 2,
            "ItemProcessor": {
                "StartAt": "S",
                "States": {"S": start("child", Parameters={"Name.$": "States.Format('c{}', $)"})},
            },
            "End": True,
        }
    }
    with Lab() as lab:
        gate = Gate()
        lab.functions["work"] = gate
        lab.create("child", {**CHILD, "Work": call("work", Next="Then"), "Then": call("then")})
        lab.functions["then"] = raising("MustNotBeCalled")
        lab.create("m", parent)
        arn = lab.begin("m", list(range(6)), name="x")
        gate.wait_for(2)
        lab.answer("StopExecution", executionArn=arn, error="Operator", cause="enough")
        children = [lab.finish(execution_arn("child", f"c{number}")) for number in (0, 1)]
        gate.open()
        assert [child["status"] for child in children] == ["ABORTED", "ABORTED"]
        assert len(lab.answer("ListExecutions", stateMachineArn=machine_arn("child"))["executions"]) == 2
        assert lab.event_types("child", "c0")[-1] == "ExecutionAborted"
        ended = lab.finish(arn)
        assert (ended["status"], ended["error"], ended["cause"]) == ("ABORTED", "Operator", "enough")


def test_a_parent_that_is_timed_out_stops_its_children():
    with Lab() as lab:
        lab.create("child", {"W": {"Type": "Wait", "Seconds": 1000, "End": True}})
        assert lab.run({"S": start("child", Parameters={"Name": "c1"})}, TimeoutSeconds=10)["status"] == "TIMED_OUT"
        assert lab.finish(execution_arn("child", "c1"))["status"] == "ABORTED"


def test_stopping_a_child_fails_the_parents_task():
    with Lab() as lab:
        gate = Gate()
        lab.functions["work"] = gate
        lab.create("child", CHILD)
        lab.create("m", {"S": start("child", Parameters={"Name": "c1"})})
        arn = lab.begin("m", name="x")
        gate.wait_for(1)
        lab.answer("StopExecution", executionArn=execution_arn("child", "c1"), cause="by hand")
        ended = lab.finish(arn)
        gate.open()
        assert ended["error"] == "States.TaskFailed"
        assert json.loads(ended["cause"])["Status"] == "ABORTED"


def test_a_handler_may_ask_the_engine_while_it_works():
    with Lab() as lab:
        lab.functions["work"] = lambda _: lab.answer("DescribeExecution", executionArn=execution_arn("m", "x"))[
            "status"
        ]
        assert lab.run(CHILD)["output"] == '"RUNNING"'


def test_as_many_handlers_as_there_are_workers_may_ask_the_engine_at_once():
    each = {"Type": "Map", "ItemProcessor": {"StartAt": "Work", "States": CHILD}, "End": True}
    with Lab() as lab:
        lab.create("other", {"P": {"Type": "Pass", "End": True}})
        lab.functions["work"] = lambda event: lab.begin("other", event, name=f"o{event}")
        assert lab.run({"M": each}, list(range(40)))["status"] == "SUCCEEDED"
