"""Redrives of executions that start executions, and of those that they started."""

from __future__ import annotations

from collections.abc import Callable

from localcloud.tests.stepfunctions.redrive.redrive_lab import ARN, Mendable, mend, redrive
from localcloud.tests.stepfunctions.stepfunctions_lab import Lab, call, execution_arn, machine_arn, start


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
