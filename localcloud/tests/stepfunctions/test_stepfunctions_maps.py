"""Inline Maps: items, concurrency, failures."""

from __future__ import annotations

import json
import threading

import pytest

from localcloud.stepfunctions import FunctionError
from localcloud.tests.stepfunctions.stepfunctions_lab import Gate, Lab, call, each, failure_of, output_of, raising


def test_a_map_gives_the_outputs_in_the_order_of_the_items():
    def slow_first(event):
        return event * 10

    assert output_of({"M": each(call("f"), ItemsPath="$.n")}, {"n": [3, 1, 2]}, f=slow_first) == [30, 10, 20]


def test_an_empty_map_gives_an_empty_list():
    with Lab() as lab:
        assert lab.run({"M": each(call("f"))}, [])["output"] == "[]"
        assert lab.event_types()[1:5] == ["MapStateEntered", "MapStateStarted", "MapStateSucceeded", "MapStateExited"]


def test_an_item_selector_sees_the_item_its_index_and_the_input_of_the_map():
    selector = {"i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value.name", "run.$": "$.run"}
    state = each({"Type": "Pass", "End": True}, ItemsPath="$.items", ItemSelector=selector)
    given = {"run": "r", "items": [{"name": "a"}, {"name": "b"}]}
    assert output_of({"M": state}, given) == [{"i": 0, "v": "a", "run": "r"}, {"i": 1, "v": "b", "run": "r"}]


def test_a_map_in_a_map_has_items_of_its_own():
    inner = each({"Leaf": {"Type": "Pass", "Parameters": {"v.$": "$$.Map.Item.Value"}, "End": True}})
    assert output_of({"M": each({"Inner": inner})}, [[1, 2], [3]]) == [[{"v": 1}, {"v": 2}], [{"v": 3}]]


def test_a_map_of_250_items_runs_to_its_end():
    states = {"First": call("f", Next="Last"), "Last": {"Type": "Pass", "End": True}}
    with Lab() as lab:
        lab.functions["f"] = lambda event: event + 1
        ended = lab.run({"M": each(states, MaxConcurrency=40)}, list(range(250)))
        assert json.loads(ended["output"]) == list(range(1, 251))


@pytest.mark.parametrize("at_once", [1, 3, 4])
@pytest.mark.parametrize("by_path", [False, True])
def test_no_more_items_than_max_concurrency_run_at_once(at_once, by_path):
    lock, running, most = threading.Lock(), [0], [0]
    together = threading.Barrier(at_once)

    def count(event):
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        together.wait(10)  # as many as are allowed do run at once
        with lock:
            running[0] -= 1
        return event

    limit = {"MaxConcurrencyPath": "$.n"} if by_path else {"MaxConcurrency": at_once}
    given = {"n": at_once, "items": list(range(at_once * 4))}
    assert len(output_of({"M": each(call("f"), ItemsPath="$.items", **limit)}, given, f=count)) == at_once * 4
    assert most[0] == at_once


def test_without_max_concurrency_forty_items_run_at_once():
    with Lab() as lab:
        lab.run({"M": each({"Type": "Wait", "Seconds": 60, "End": True})}, list(range(100)))
        assert lab.seconds_of("MapIterationStarted") == [0] * 40 + [60] * 40 + [120] * 20


@pytest.mark.parametrize(
    ("given", "field"), [({"items": 5}, {}), ({"items": [], "n": "4"}, {"MaxConcurrencyPath": "$.n"})]
)
def test_a_map_over_what_is_no_list_or_by_what_is_no_number_fails(given, field):
    assert failure_of({"M": each(call("f"), ItemsPath="$.items", **field)}, given)[0] == "States.Runtime"


def test_a_failed_item_fails_the_map_with_its_own_error():
    assert failure_of({"M": each(call("f"))}, [1], f=raising("ClaimLostError"))[0] == "ClaimLostError"


def test_an_error_of_the_states_language_inside_a_map_keeps_its_name_for_catch():
    """moto and LocalStack turn it into States.Runtime."""
    choice = {
        "C": {"Type": "Choice", "Choices": [{"Variable": "$", "NumericEquals": 1, "Next": "P"}]},
        "P": {"Type": "Pass", "End": True},
    }
    catch = [{"ErrorEquals": ["States.NoChoiceMatched"], "Next": "Caught"}]
    states = {"M": each(choice, Catch=catch), "Caught": {"Type": "Pass", "Result": "caught", "End": True}}
    assert output_of(states, [2]) == "caught"


def test_a_retried_map_runs_all_of_its_items_again():
    calls = []

    def fail_once(event):
        calls.append(event)
        if calls.count(2) == 1 and event == 2:
            raise FunctionError("E", "once")
        return event

    state = each(call("f"), MaxConcurrency=1, Retry=[{"ErrorEquals": ["E"]}])
    assert output_of({"M": state}, [1, 2, 3], f=fail_once) == [1, 2, 3]
    assert calls == [1, 2, 1, 2, 3]


def test_when_an_item_fails_the_others_are_aborted_and_no_further_one_begins():
    with Lab() as lab:
        gate = Gate()

        def function(event):
            if event == "bad":
                gate.wait_for(2)
                raise FunctionError("E", "bad")
            return gate(event)

        lab.functions["f"] = function
        ended = lab.run({"M": each(call("f"), MaxConcurrency=3)}, ["a", "b", "bad", "d", "e"])
        gate.open()
        assert (ended["status"], ended["error"]) == ("FAILED", "E")
        types = lab.event_types()
        assert types.count("MapIterationStarted") == 3
        assert types[-8:] == [
            "LambdaFunctionFailed",
            "MapIterationFailed",
            "TaskStateAborted",
            "MapIterationAborted",
            "TaskStateAborted",
            "MapIterationAborted",
            "MapStateFailed",
            "ExecutionFailed",
        ]


def test_a_stopped_map_does_not_let_its_workers_take_the_next_item():
    with Lab() as lab:
        gate = Gate()
        lab.functions["f"] = gate
        lab.create("m", {"M": each(call("f"), MaxConcurrency=2)})
        arn = lab.begin("m", list(range(10)), name="x")
        gate.wait_for(2)
        lab.answer("StopExecution", executionArn=arn)
        assert lab.finish(arn)["status"] == "ABORTED"
        gate.open()
        # Whatever a worker still had to do it has done when this other execution has ended.
        assert lab.finish(lab.begin("m", [1], name="y"))["status"] == "SUCCEEDED"
        gate.wait_for(1)
        assert not gate.entered.acquire(blocking=False)
        assert lab.event_types().count("MapIterationStarted") == 2
        assert lab.event_types()[-1] == "ExecutionAborted"


def test_a_history_of_25000_events_fails_the_execution_and_stops_its_work():
    with Lab() as lab:
        ended = lab.run({"M": each({"Type": "Pass", "End": True})}, list(range(7000)))
        assert ended["status"] == "FAILED"
        assert "maximum number of history events (25000)" in ended["cause"]
        last = lab.answer("GetExecutionHistory", executionArn=ended["executionArn"], reverseOrder=True, maxResults=1)
        assert [(event["id"], event["type"]) for event in last["events"]] == [(25_000, "ExecutionFailed")]
