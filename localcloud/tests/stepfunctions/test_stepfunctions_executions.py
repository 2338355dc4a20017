"""Machines and executions through the API, and the events that EventBridge gets of them."""

from __future__ import annotations

import json
import threading

import pytest

from localcloud.in_process_transport import AwsError, NotEmulatedError
from localcloud.tests.stepfunctions.stepfunctions_lab import (
    ACCOUNT,
    LONG,
    REGION,
    START,
    Gate,
    Lab,
    call,
    definition,
    execution_arn,
    machine_arn,
    start,
)

PASS = {"P": {"Type": "Pass", "End": True}}
WAIT = {"W": {"Type": "Wait", "Seconds": 600, "End": True}}


def refused(function, *arguments, **parameters):
    with pytest.raises(AwsError) as error:
        function(*arguments, **parameters)
    return error.value.code


def test_creating_a_machine_again_with_the_same_content_changes_nothing():
    with Lab() as lab:
        assert lab.create("m", PASS) == lab.create("m", PASS) == machine_arn("m")
        assert refused(lab.create, "m", WAIT) == "StateMachineAlreadyExists"
        assert len(lab.answer("ListStateMachines")["stateMachines"]) == 1


@pytest.mark.parametrize("name", ["a b", "a/b", "a:b", "a*", "a" * 81, "a\n"])
def test_a_name_that_aws_refuses_is_refused(name):
    with Lab() as lab:
        assert refused(lab.create, name, PASS) == "InvalidName"
        lab.create("m", PASS)
        assert refused(lab.begin, "m", name=name) == "InvalidName"


def test_what_create_state_machine_would_have_to_ignore_is_refused():
    base = {"name": "m", "definition": definition(PASS), "roleArn": "r"}
    with Lab() as lab:
        for more in ({"type": "EXPRESS"}, {"publish": True}, {"versionDescription": "v"}):
            with pytest.raises(NotEmulatedError):
                lab.answer("CreateStateMachine", **base, **more)


@pytest.mark.parametrize("operation", ["DescribeMapRun", "ListMapRuns", "CreateActivity", "StartSyncExecution"])
def test_another_operation_is_refused_by_name(operation):
    with Lab() as lab, pytest.raises(NotEmulatedError, match=operation):
        lab.answer(operation)


def test_a_running_execution_keeps_the_definition_it_began_with():
    with Lab() as lab:
        gate = Gate()
        lab.functions["f"] = gate
        lab.create("m", {"T": call("f", Next="Old"), "Old": {"Type": "Pass", "Result": "old", "End": True}})
        old = lab.begin("m", name="x")
        gate.wait_for(1)
        lab.answer(
            "UpdateStateMachine",
            stateMachineArn=machine_arn("m"),
            definition=definition({"New": {"Type": "Pass", "Result": "new", "End": True}}),
        )
        new = lab.begin("m", name="y")
        gate.open()
        assert [lab.finish(arn)["output"] for arn in (old, new)] == ['"old"', '"new"']


def test_an_update_with_a_wrong_definition_leaves_the_machine_as_it_was():
    with Lab() as lab:
        lab.create("m", PASS)
        arn = machine_arn("m")
        assert refused(lab.answer, "UpdateStateMachine", stateMachineArn=arn, definition="{") == "InvalidDefinition"
        assert lab.answer("DescribeStateMachine", stateMachineArn=arn)["definition"] == definition(PASS)


def test_a_deleted_machine_starts_nothing_and_aborts_what_runs_at_its_next_transition():
    with Lab() as lab:
        gate = Gate()
        lab.functions["f"] = gate
        lab.create("m", {"T": call("f", Next="Never"), "Never": PASS["P"]})
        arn = lab.begin("m", name="x")
        gate.wait_for(1)
        for _ in range(2):
            lab.answer("DeleteStateMachine", stateMachineArn=machine_arn("m"))
        assert lab.answer("DescribeStateMachine", stateMachineArn=machine_arn("m"))["status"] == "DELETING"
        assert refused(lab.begin, "m") == "StateMachineDeleting"
        assert refused(lab.create, "m", PASS) == "StateMachineDeleting"
        update = {"stateMachineArn": machine_arn("m"), "roleArn": "arn:aws:iam::1:role/r"}
        assert refused(lab.answer, "UpdateStateMachine", **update) == "StateMachineDeleting"
        gate.open()
        assert lab.finish(arn)["status"] == "ABORTED"
        assert lab.event_types()[-2:] == ["TaskStateExited", "ExecutionAborted"]
        assert refused(lab.begin, "m") == "StateMachineDoesNotExist"


def test_the_same_name_twice_is_one_execution_while_it_runs_with_the_same_input():
    with Lab() as lab:
        gate = Gate()
        lab.functions["f"] = gate
        lab.create("m", {"T": call("f")})
        arn = lab.begin("m", {"a": 1}, name="x")
        assert lab.begin("m", {"a": 1}, name="x") == arn
        assert refused(lab.begin, "m", {"a": 2}, name="x") == "ExecutionAlreadyExists"
        gate.open()
        lab.finish(arn)
        assert refused(lab.begin, "m", {"a": 1}, name="x") == "ExecutionAlreadyExists"
        assert lab.event_types().count("TaskStateEntered") == 1


def test_executions_without_a_name_get_different_ones():
    with Lab() as lab:
        lab.create("m", PASS)
        assert lab.begin("m") != lab.begin("m")


def test_input_that_is_no_json_or_too_large_is_refused():
    with Lab() as lab:
        arn = lab.create("m", PASS)
        assert refused(lab.answer, "StartExecution", stateMachineArn=arn, input="{") == "InvalidExecutionInput"
        assert refused(lab.begin, "m", "x" * 262_143) == "ValidationException"


def test_a_description_has_status_times_input_and_output():
    with Lab() as lab:
        lab.create("m", WAIT)
        arn = lab.begin("m", {"a": 1}, name="x")
        ended = lab.finish(arn)
        assert ended == {
            "executionArn": arn,
            "stateMachineArn": machine_arn("m"),
            "name": "x",
            "status": "SUCCEEDED",
            "startDate": START,
            "stopDate": START.replace(minute=10),
            "redriveCount": 0,
            "input": '{"a": 1}',
            "inputDetails": {"included": True},
            "output": '{"a": 1}',
            "outputDetails": {"included": True},
            "redriveStatus": "NOT_REDRIVABLE",
            "redriveStatusReason": "Execution is SUCCEEDED and cannot be redriven",
        }
        assert refused(lab.answer, "DescribeExecution", executionArn=arn + "y") == "ExecutionDoesNotExist"


def test_stopping_keeps_error_and_cause_and_a_second_stop_changes_nothing():
    with Lab() as lab:
        gate = Gate()
        lab.functions["f"] = gate
        lab.create("m", {"T": call("f")})
        arn = lab.begin("m", name="x")
        gate.wait_for(1)
        first = lab.answer("StopExecution", executionArn=arn, error="Operator", cause="enough")
        gate.open()
        assert lab.answer("StopExecution", executionArn=arn, error="Other") == first
        ended = lab.finish(arn)
        assert (ended["status"], ended["error"], ended["cause"]) == ("ABORTED", "Operator", "enough")
        assert ended["redriveStatus"] == "REDRIVABLE"
        assert lab.history()[-1]["executionAbortedEventDetails"] == {"error": "Operator", "cause": "enough"}


def test_executions_are_listed_newest_first_by_status_and_in_pages():
    with Lab() as lab:
        lab.functions["f"] = lambda event: 1 / event
        lab.create("m", {"T": call("f")})
        lab.create("other", PASS)
        for number in range(4):
            lab.finish(lab.begin("m", number % 2, name=f"x{number}"))
        lab.finish(lab.begin("other"))

        def names(**parameters):
            answer = lab.answer("ListExecutions", stateMachineArn=machine_arn("m"), **parameters)
            return [each["name"] for each in answer["executions"]], answer.get("nextToken")

        assert names() == (["x3", "x2", "x1", "x0"], None)
        assert names(statusFilter="FAILED") == (["x2", "x0"], None)
        first, token = names(maxResults=3)
        assert (first, names(maxResults=3, nextToken=token)) == (["x3", "x2", "x1"], (["x0"], None))
        assert refused(names, nextToken="nonsense") == "InvalidToken"
        assert refused(names, maxResults=1001) == "ValidationException"
        assert refused(names, redriveFilter="REDRIVEN") == "ValidationException"  # it is for Map Runs


def test_every_change_of_status_is_sent_in_eventbridges_form():
    with Lab() as lab:
        delivered = threading.Event()
        events = lab.status_events

        def f(event):
            raise ValueError("no")

        lab.functions["f"] = f
        ended = lab.run({"W": {"Type": "Wait", "Seconds": 5, "Next": "T"}, "T": call("f")}, {"a": 1})
        lab.clock.work(delivered.set)
        assert delivered.wait(LONG)
    # The clock is closed, so every worker has delivered.
    running, failed = sorted(events, key=lambda event: event["detail"]["stopDate"] or 0)
    assert running["detail"]["status"] == "RUNNING"
    assert running["detail"]["stopDate"] is None
    assert (failed["source"], failed["detail-type"]) == ("aws.states", "Step Functions Execution Status Change")
    assert (failed["account"], failed["region"], failed["time"]) == (ACCOUNT, REGION, "2026-11-21T01:00:05Z")
    assert failed["resources"] == [execution_arn("m", "x")]
    detail = failed["detail"]
    assert (detail["status"], detail["error"]) == ("FAILED", "ValueError")
    assert json.loads(detail["cause"])["errorMessage"] == "no"
    assert detail["stopDate"] - detail["startDate"] == 5000
    assert (detail["input"], detail["output"]) == ('{"a": 1}', None)
    assert (detail["redriveCount"], detail["redriveStatus"]) == (0, "REDRIVABLE")
    assert detail["stateMachineArn"] == ended["stateMachineArn"]


def test_the_receiver_of_a_status_may_ask_the_engine():
    seen = []

    def ask(event):
        seen.append(lab.answer("DescribeExecution", executionArn=event["detail"]["executionArn"])["name"])

    with Lab(on_status=ask) as lab:
        lab.run(PASS)
    assert seen == ["x", "x"]


def test_a_receiver_that_fails_does_not_fail_the_execution(caplog):
    def fail(event):
        raise ValueError("no room")

    with Lab(on_status=fail) as lab:
        assert lab.run(PASS)["status"] == "SUCCEEDED"
    assert "no room" in caplog.text


def test_a_cloud_that_closes_while_executions_run_says_nothing(caplog):
    with Lab() as lab:
        gate = Gate()
        lab.functions["f"] = gate
        lab.create("child", {"T": call("f")})
        lab.create("m", {"S": start("child")})
        for number in range(3):
            lab.begin("m", number)
        gate.wait_for(3)
        lab.clock.call_later(0, gate.open)
    assert caplog.text == ""
