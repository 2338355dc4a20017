"""Parallel states: branches, failures, and what a redrive does with them."""

from __future__ import annotations

import json

from localcloud.stepfunctions import FunctionError
from localcloud.tests.stepfunctions.stepfunctions_lab import Gate, Lab, call


def parallel(*branches, **fields):
    """A Parallel of branches of one state each."""
    flows = [{"StartAt": name, "States": {name: state}} for each in branches for name, state in each.items()]
    return {"Type": "Parallel", "Branches": flows, "End": True, **fields}


def test_the_branches_run_together_and_each_links_its_own_events():
    with Lab() as lab:
        lab.run({"P": parallel({"A": {"Type": "Pass", "End": True}}, {"B": {"Type": "Pass", "End": True}})})
        linked = [(event["type"], event["previousEventId"]) for event in lab.history()]
        assert linked[1:3] == [("ParallelStateEntered", 0), ("ParallelStateStarted", 2)]
        assert [previous for kind, previous in linked if kind == "PassStateEntered"] == [3, 3]
        assert linked[-3][0] == "ParallelStateSucceeded"


def test_a_failed_branch_stops_the_others_and_their_work_is_aborted():
    with Lab() as lab:
        gate = Gate()
        lab.functions["slow"] = gate

        def bad(event):
            gate.wait_for(1)
            raise FunctionError("E", "bad")

        lab.functions["bad"] = bad
        ended = lab.run({"P": parallel({"A": call("slow")}, {"B": call("bad")})})
        gate.open()
        assert (ended["status"], ended["error"]) == ("FAILED", "E")
        assert lab.event_types()[-4:] == [
            "LambdaFunctionFailed",
            "TaskStateAborted",
            "ParallelStateFailed",
            "ExecutionFailed",
        ]


def test_a_redrive_runs_only_the_branches_that_have_no_output():
    with Lab() as lab:
        calls = []
        is_mended = False

        def work(event):
            calls.append(event)
            if event == 2 and not is_mended:
                raise FunctionError("E", "not yet")
            return event * 10

        lab.functions["f"] = work
        states = {"P": parallel({"A": call("f", InputPath="$[0]")}, {"B": call("f", InputPath="$[1]")})}
        lab.create("m", states)
        arn = lab.begin("m", [1, 2], name="x")
        assert lab.finish(arn)["status"] == "FAILED"
        calls.clear()
        is_mended = True
        lab.answer("RedriveExecution", executionArn=arn)
        ended = lab.finish(arn)
        assert (json.loads(ended["output"]), calls[-1:]) == ([10, 20], [2])
        after = lab.event_types()[lab.event_types().index("ExecutionRedriven") :]
        assert "ParallelStateStarted" not in after
        assert "ParallelStateSucceeded" in after


def test_a_redriven_fail_state_fails_again():
    with Lab() as lab:
        arn = lab.run({"F": {"Type": "Fail", "Error": "E"}})["executionArn"]
        lab.answer("RedriveExecution", executionArn=arn)
        assert lab.finish(arn)["error"] == "E"
        assert lab.event_types().count("FailStateEntered") == 1
