"""RedriveExecution inside inline Maps: only iterations that did not succeed go on, each from its own state."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from localcloud.stepfunctions import FunctionError
from localcloud.tests.stepfunctions.stepfunctions_lab import (
    LONG,
    Gate,
    Lab,
    call,
    each,
    execution_arn,
    machine_arn,
    start,
)

ARN = execution_arn("m", "x")


class FailsOnce:
    """A function that gives its event back, and fails at the first call with one of *bad*."""

    def __init__(self, *bad: Any) -> None:
        self._bad = list(bad)
        self.events: list[Any] = []

    def __call__(self, event: Any) -> Any:
        self.events.append(event)
        if event in self._bad:
            self._bad.remove(event)
            raise FunctionError("BrokenError", "once")
        return event


def then(state: dict[str, Any], following: str) -> dict[str, Any]:
    """*state*, no longer the last one."""
    del state["End"]
    return state | {"Next": following}


def redrive(lab: Lab) -> Mapping[str, Any]:
    """How `m:x` ends once it is redriven."""
    lab.answer("RedriveExecution", executionArn=ARN)
    return lab.finish(ARN)


def test_only_the_iteration_that_failed_and_those_that_had_not_begun_go_on():
    with Lab() as lab:
        lab.functions["f"] = function = FailsOnce(1)
        states = {"M": each(call("f"), MaxConcurrency=1)}
        assert lab.run(states, [0, 1, 2])["status"] == "FAILED"
        length = len(lab.history())
        assert redrive(lab)["output"] == "[0,1,2]"
        assert function.events == [0, 1, 1, 2]
        history = lab.history()
        entered = [event["id"] for event in history if event["type"] == "TaskStateEntered"]
        assert [(event["type"], event["previousEventId"]) for event in history[length : length + 2]] == [
            ("ExecutionRedriven", length),
            ("LambdaFunctionScheduled", entered[1]),
        ]
        assert lab.event_types()[length + 1 :] == [
            "LambdaFunctionScheduled",
            "LambdaFunctionStarted",
            "LambdaFunctionSucceeded",
            "TaskStateExited",
            "MapIterationSucceeded",
            "MapIterationStarted",
            "TaskStateEntered",
            "LambdaFunctionScheduled",
            "LambdaFunctionStarted",
            "LambdaFunctionSucceeded",
            "TaskStateExited",
            "MapIterationSucceeded",
            "MapStateSucceeded",
            "MapStateExited",
            "ExecutionSucceeded",
        ]


def test_iterations_aborted_by_a_failure_go_on_in_the_state_they_stood_in():
    states = {"A": call("first", Next="B"), "B": call("second")}
    with Lab() as lab:
        gate = Gate()

        def second(event: Any) -> Any:
            if event == "bad":
                gate.wait_for(2)
                raise FunctionError("BrokenError", "bad")
            return gate(event)

        lab.functions |= {"first": FailsOnce(), "second": second}
        assert lab.run({"M": each(states)}, ["a", "bad", "b"])["status"] == "FAILED"
        gate.open()
        assert lab.event_types().count("MapIterationAborted") == 2
        lab.functions["second"] = again = FailsOnce()
        assert redrive(lab)["output"] == '["a","bad","b"]'
        assert (sorted(lab.functions["first"].events), sorted(again.events)) == (["a", "b", "bad"],) * 2
        assert lab.event_types().count("TaskStateEntered") == 6


def test_a_stopped_map_goes_on_where_each_of_its_iterations_stood():
    states = {"A": call("first", Next="W"), "W": {"Type": "Wait", "Seconds": 30, "Next": "B"}, "B": call("second")}
    with Lab() as lab:
        lab.functions |= {"first": FailsOnce(), "second": FailsOnce()}
        ended = lab.run({"M": each(states, MaxConcurrency=2)}, [0, 1, 2, 3], TimeoutSeconds=40)
        assert ended["status"] == "TIMED_OUT"
        assert redrive(lab)["output"] == "[0,1,2,3]"
        assert sorted(lab.functions["first"].events) == sorted(lab.functions["second"].events) == [0, 1, 2, 3]
        # The second pair had waited ten of its seconds.
        assert lab.seconds_of("WaitStateExited") == [30, 30, 70, 70]


def test_an_iteration_that_could_go_on_at_the_moment_of_the_end_does_nothing_more():
    wait = {"Type": "Wait", "Timestamp": "2026-11-21T01:00:10Z", "Next": "T"}
    inner = {"Inner": each({"W": wait, "T": call("f")})}
    with Lab() as lab:
        lab.functions["f"] = function = FailsOnce()
        assert lab.run({"M": each(inner)}, [[1, 2], [3]], TimeoutSeconds=10)["status"] == "TIMED_OUT"
        assert (function.events, lab.event_types()[-1]) == ([], "ExecutionTimedOut")
        assert redrive(lab)["output"] == "[[1,2],[3]]"
        assert sorted(function.events) == [1, 2, 3]


def test_a_map_in_a_map_goes_on_with_what_did_not_succeed_in_either():
    selector = {"ItemSelector": {"v.$": "$$.Map.Item.Value", "redrives.$": "$$.Execution.RedriveCount"}}
    inner = {"Inner": each({"Leaf": call("f", ResultPath="$.done")}, MaxConcurrency=1, **selector)}
    with Lab() as lab:
        calls: list[tuple[int, int]] = []

        def f(event: Any) -> Any:
            calls.append((event["v"], event["redrives"]))
            if len(calls) == 4:
                raise FunctionError("BrokenError", "once")
            return "done"

        lab.functions["f"] = f
        lab.run({"M": each(inner, MaxConcurrency=1)}, [[1, 2], [3, 4, 5], [6]])
        ended = redrive(lab)
        assert [[leaf["v"] for leaf in lane] for lane in json.loads(ended["output"])] == [[1, 2], [3, 4, 5], [6]]
        # The item that failed keeps its state's input, which has the number of the attempt that entered it.
        assert calls == [(1, 0), (2, 0), (3, 0), (4, 0), (4, 0), (5, 1), (6, 1)]
        assert Counter(lab.event_types())["MapStateStarted"] == 4


def test_the_context_of_an_iteration_shows_the_redrive_and_keeps_its_item():
    parameters = {"run.$": "$$.Execution.RedriveCount", "i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value"}
    with Lab() as lab:
        lab.functions["f"] = function = FailsOnce({"run": 0, "i": 1, "v": "b"})
        lab.run({"M": each(call("f", Parameters=parameters), MaxConcurrency=1)}, ["a", "b", "c"])
        redrive(lab)
        assert [tuple(event.values()) for event in function.events[1:]] == [(0, 1, "b"), (1, 1, "b"), (1, 2, "c")]


def test_an_iteration_whose_failure_was_caught_has_succeeded():
    catch = [{"ErrorEquals": ["BrokenError"], "Next": "Note"}]
    states = {"T": call("f", Catch=catch), "Note": {"Type": "Pass", "Result": "noted", "End": True}}
    with Lab() as lab:
        lab.functions |= {"f": FailsOnce(1), "g": FailsOnce([0, "noted"])}
        assert lab.run({"M": then(each(states), "G"), "G": call("g")}, [0, 1])["status"] == "FAILED"
        assert redrive(lab)["output"] == '[0,"noted"]'
        assert sorted(lab.functions["f"].events) == [0, 1]


def test_a_map_whose_failure_was_caught_is_not_run_again():
    catch = [{"ErrorEquals": ["BrokenError"], "ResultPath": None, "Next": "G"}]
    with Lab() as lab:
        lab.functions |= {"f": FailsOnce(0), "g": FailsOnce([0])}
        assert lab.run({"M": then(each(call("f"), Catch=catch), "G"), "G": call("g")}, [0])["status"] == "FAILED"
        assert redrive(lab)["output"] == "[0]"
        assert (lab.functions["f"].events, lab.functions["g"].events) == ([0], [[0], [0]])


def test_the_retry_of_a_redriven_map_runs_all_of_its_items():
    retry = [{"ErrorEquals": ["BrokenError"], "MaxAttempts": 1}]
    with Lab() as lab:
        lab.functions["f"] = function = FailsOnce(1, 1, 1)
        assert lab.run({"M": each(call("f"), MaxConcurrency=1, Retry=retry)}, [0, 1])["status"] == "FAILED"
        assert redrive(lab)["output"] == "[0,1]"
        assert function.events == [0, 1, 0, 1, 1, 0, 1]


def test_an_item_selector_that_failed_is_evaluated_again():
    selector = {"v.$": "States.StringToJson($$.Map.Item.Value)"}
    with Lab() as lab:
        assert (
            lab.run({"M": each({"Type": "Pass", "End": True}, ItemSelector=selector)}, ["1", "?"])["status"] == "FAILED"
        )
        assert redrive(lab)["status"] == "FAILED"
        assert Counter(lab.event_types())["MapIterationStarted"] == 2
        assert Counter(lab.event_types())["MapIterationFailed"] == 2


def test_a_map_that_failed_for_too_much_data_is_run_again_as_a_whole():
    with Lab() as lab:
        sizes = iter([150_000, 150_000, 10, 10])
        lab.functions["f"] = lambda _: "x" * next(sizes)
        ended = lab.run({"M": each(call("f"), MaxConcurrency=1)}, [0, 1])
        assert ended["error"] == "States.DataLimitExceeded"
        assert json.loads(redrive(lab)["output"]) == ["x" * 10] * 2
        assert Counter(lab.event_types())["MapStateStarted"] == 2


def stop_and_redrive(lab: Lab) -> None:
    """Stop and redrive `m:x` within one turn of the clock's loop, before anything knows that it is cancelled."""
    done = threading.Event()

    def ask() -> None:
        lab.answer("StopExecution", executionArn=ARN)
        lab.answer("RedriveExecution", executionArn=ARN)
        done.set()

    lab.clock.call_later(0, ask)
    assert done.wait(LONG)


def test_what_a_map_stopped_and_redriven_at_once_still_cancels_is_not_in_the_history():
    with Lab() as lab:
        gate = Gate()
        lab.functions["f"] = gate
        lab.create("m", {"M": each({"Inner": each({"Leaf": call("f")})})})
        lab.begin("m", [[1, 2], [3]], name="x")
        gate.wait_for(3)
        stop_and_redrive(lab)
        gate.wait_for(3)
        types = lab.event_types()
        assert types[types.index("ExecutionAborted") :] == [
            "ExecutionAborted",
            "ExecutionRedriven",
            *["LambdaFunctionScheduled", "LambdaFunctionStarted"] * 3,
        ]
        gate.open()
        assert lab.finish(ARN)["output"] == "[[1,2],[3]]"
        assert Counter(lab.event_types())["TaskStateEntered"] == 3


def test_a_map_stopped_and_redriven_at_once_goes_on_when_its_children_are_stopped():
    with Lab() as lab:
        gate = Gate()
        lab.functions["f"] = gate
        lab.create("child", {"T": call("f")})
        child = start("child", Parameters={"Name": "c"})
        lab.create("m", {"M": each({"Inner": each({"S": child})})})
        lab.begin("m", [[1]], name="x")
        gate.wait_for(1)
        stop_and_redrive(lab)
        # Not States.TaskFailed: it must not take the child that is being stopped for its own.
        assert lab.finish(ARN)["error"] == "StepFunctions.ExecutionAlreadyExistsException"
        assert lab.finish(execution_arn("child", "c"))["status"] == "ABORTED"
        gate.open()


def test_a_fleet_starts_only_the_executions_that_did_not_succeed_anew():
    name = "States.Format('{}-{}', $, $$.Execution.RedriveCount)"
    with Lab() as lab:
        lab.functions["f"] = FailsOnce({"v": "b"})
        lab.create("child", {"T": call("f")})
        child = start("child", Parameters={"Name.$": name, "Input": {"v.$": "$"}}, OutputPath="$.Output")
        lab.run({"M": each(child, MaxConcurrency=1)}, ["a", "b", "c"])
        assert redrive(lab)["output"] == '[{"v":"a"},{"v":"b"},{"v":"c"}]'
        listed = lab.answer("ListExecutions", stateMachineArn=machine_arn("child"))["executions"]
        assert {each["name"]: each["status"] for each in listed} == {
            "a-0": "SUCCEEDED",
            "b-0": "FAILED",
            "b-1": "SUCCEEDED",
            "c-1": "SUCCEEDED",
        }


# A law: whatever fails once, a redrive ends as if nothing had failed, and runs no success twice.

STEPS = st.recursive(
    st.sampled_from(["task", "task", "wait", "pass"]).map(lambda kind: [kind]),
    lambda steps: st.lists(
        st.one_of(steps.map(lambda inner: inner[0]), st.tuples(st.integers(0, 3), st.integers(0, 2), steps)),
        min_size=1,
        max_size=3,
    ),
    max_leaves=6,
)


def machine(steps: Any, prefix: str = "S") -> dict[str, Any]:
    """States, one after another: a task, a wait, a pass, or a Map over so many items, so many at once, of others."""
    states: dict[str, Any] = {}
    for number, step in enumerate(steps):
        name = f"{prefix}{number}"
        match step:
            case "task":
                states[name] = call("f", Parameters={"of": name, "id.$": "$.id", "got.$": "$.got"}, ResultPath="$.got")
            case "wait":
                states[name] = {"Type": "Wait", "Seconds": 5}
            case "pass":
                states[name] = {"Type": "Pass"}
            case count, at_once, inner:
                # Every item has an id of its own, so that no two tasks have the same input.
                selector = {"id.$": "States.Format('{}.{}', $.id, $$.Map.Item.Index)", "got": None}
                fields = {"ItemsPath": "$.items", "ItemSelector": selector, "ResultPath": "$.got"}
                states[f"{name}-items"] = {"Type": "Pass", "Result": list(range(count)), "ResultPath": "$.items"}
                states[name] = each(machine(inner, f"{name}-"), MaxConcurrency=at_once, **fields)
    return {
        name: {key: value for key, value in states[name].items() if key != "End"}
        | ({"Next": following} if following else {"End": True})
        for name, following in pairwise([*states, ""])
    }


def succeeded(lab: Lab) -> Counter[str]:
    """How often the task of each input succeeded, by the history of `m:x`."""
    history = {event["id"]: event for event in lab.history()}
    inputs: Counter[str] = Counter()
    for event in history.values():
        if event["type"] == "LambdaFunctionSucceeded":
            scheduled = history[history[event["previousEventId"]]["previousEventId"]]
            inputs[scheduled["lambdaFunctionScheduledEventDetails"]["input"]] += 1
    return inputs


@settings(max_examples=40, deadline=None)
@given(steps=STEPS, failing=st.integers(0, 12))
def test_a_redrive_ends_as_if_nothing_had_failed_and_repeats_no_success(steps, failing):
    states, given_input = machine(steps), {"id": "0", "got": None}
    lock = threading.Lock()
    calls: list[str] = []

    def f(event: Any) -> Any:
        with lock:
            calls.append(json.dumps(event, separators=(",", ":")))
            if len(calls) == failing + 1:
                raise FunctionError("BrokenError", "once")
        return event["id"]

    with Lab() as lab:
        lab.functions["f"] = lambda event: event["id"]
        unharmed = lab.run(states, given_input)
        assert unharmed["status"] == "SUCCEEDED", unharmed
        expected = succeeded(lab)
    with Lab() as lab:
        lab.functions["f"] = f
        ended = lab.run(states, given_input)
        if expected.total() > failing:
            assert ended["status"] == "FAILED"
            before, called = succeeded(lab), len(calls)
            ended = redrive(lab)
            assert not set(before) & set(calls[called:])
        assert ended["output"] == unharmed["output"]
        assert succeeded(lab) == expected
        assert set(expected.values()) <= {1}
