"""Retry, Catch and timeouts, at exact times of a frozen clock."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.stepfunctions.language.retries import Retrier, matches, next_delay
from localcloud.tests.stepfunctions.stepfunctions_lab import Gate, Lab, call, fail_times, failure_of, output_of, raising

ALL = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Caught"}]
CAUGHT = {"Type": "Pass", "End": True}


def test_a_retry_waits_by_interval_and_backoff_rate_up_to_the_maximum():
    retry = [
        {
            "ErrorEquals": ["TransientError"],
            "IntervalSeconds": 3,
            "BackoffRate": 2,
            "MaxAttempts": 5,
            "MaxDelaySeconds": 10,
        }
    ]
    with Lab() as lab:
        lab.functions["f"] = fail_times(4)
        assert lab.run({"T": call("f", Retry=retry)})["output"] == '"done"'
        assert lab.seconds_of("LambdaFunctionScheduled") == [0, 3, 9, 19, 29]


def test_a_retry_by_default_comes_after_one_two_and_four_seconds_and_then_gives_up():
    with Lab() as lab:
        lab.functions["f"] = raising("TransientError")
        ended = lab.run({"T": call("f", Retry=[{"ErrorEquals": ["States.ALL"]}])})
        assert ended["error"] == "TransientError"
        assert lab.seconds_of("LambdaFunctionScheduled") == [0, 1, 3, 7]


def test_full_jitter_multiplies_the_delay_with_the_random_number():
    numbers = iter([0.25, 0.5])
    with Lab(jitter=lambda: next(numbers)) as lab:
        lab.functions["f"] = fail_times(2)
        lab.run(
            {"T": call("f", Retry=[{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 8, "JitterStrategy": "FULL"}])}
        )
        assert lab.seconds_of("LambdaFunctionScheduled") == [0, 2, 10]


@given(
    number=st.floats(0, 1),
    interval=st.integers(1, 3600),
    rate=st.floats(1, 4),
    tries=st.integers(0, 20),
    most=st.integers(1, 3600),
)
def test_a_jittered_delay_lies_between_nothing_and_the_maximum(number, interval, rate, tries, most):
    retrier = Retrier(frozenset({"E"}), interval, 99, rate, most, full_jitter=True)
    assert 0 <= retrier.delay(tries, lambda: number) <= most


def test_each_retrier_counts_for_itself():
    retriers = (Retrier(frozenset({"A"}), 1, 1), Retrier(frozenset({"B"}), 5, 1))
    retried = [0, 0]
    assert [next_delay(retriers, retried, error, lambda: 1.0) for error in "ABAB"] == [1, 5, None, None]


def test_a_first_retrier_without_attempts_keeps_an_error_from_the_next_one():
    retry = [{"ErrorEquals": ["E"], "MaxAttempts": 0}, {"ErrorEquals": ["States.ALL"]}]
    with Lab() as lab:
        lab.functions["f"] = raising("E")
        assert lab.run({"T": call("f", Retry=retry)})["status"] == "FAILED"
        assert lab.seconds_of("LambdaFunctionScheduled") == [0]


def test_a_retried_task_sees_its_retry_count():
    seen = []

    def function(event):
        seen.append(event["count"])
        return fail(event)

    fail = fail_times(2)
    task = call("f", Parameters={"count.$": "$$.State.RetryCount"}, Retry=[{"ErrorEquals": ["TransientError"]}])
    assert output_of({"T": task}, f=function) == "done"
    assert seen == [0, 1, 2]


@pytest.mark.parametrize(
    ("names", "error", "is_meant"),
    [
        ({"E"}, "E", True),
        ({"E"}, "F", False),
        ({"States.ALL"}, "E", True),
        ({"States.ALL"}, "States.Timeout", True),
        ({"States.ALL"}, "States.NoChoiceMatched", True),
        ({"States.ALL"}, "States.Runtime", False),
        ({"States.ALL"}, "States.DataLimitExceeded", False),
        ({"States.DataLimitExceeded"}, "States.DataLimitExceeded", True),
        ({"States.Runtime"}, "States.Runtime", False),
        ({"States.TaskFailed"}, "E", True),
        ({"States.TaskFailed"}, "States.TaskFailed", True),
        ({"States.TaskFailed"}, "States.Timeout", False),
        ({"States.TaskFailed"}, "States.DataLimitExceeded", False),
        ({"States.TaskFailed", "States.Timeout"}, "States.Timeout", True),
    ],
)
def test_error_equals_means(names, error, is_meant):
    assert matches(frozenset(names), error) is is_meant


def test_a_caught_error_is_put_beside_the_input_with_lambdas_cause():
    states = {"T": call("f", Catch=ALL), "Caught": CAUGHT}
    output = output_of(states, {"a": 1}, f=raising("ClaimLostError", "attempt 7 is newer"))
    assert output["a"] == 1
    assert output["error"]["Error"] == "ClaimLostError"
    cause = json.loads(output["error"]["Cause"])
    assert (cause["errorMessage"], cause["errorType"]) == ("attempt 7 is newer", "ClaimLostError")


def test_an_exception_that_escapes_a_function_is_named_by_its_class_and_lends_its_stack():
    error, cause = failure_of({"T": call("f")}, f=lambda event: event["missing"])
    assert error == "KeyError"
    assert any("event[" in line for line in json.loads(cause)["stackTrace"])


def test_a_function_that_exits_fails_its_task_and_not_the_engine():
    def leave(event):
        raise SystemExit("out")

    assert failure_of({"T": call("f")}, f=leave)[0] == "SystemExit"


def test_an_unknown_function_fails_with_lambdas_own_error_in_plain_words():
    error, cause = failure_of({"T": call("nobody")})
    assert error == "Lambda.ResourceNotFoundException"
    assert cause.startswith("Function not found")


def test_the_first_catcher_that_means_the_error_decides_and_a_null_result_path_drops_the_error():
    states = {
        "T": call("f", Catch=[{"ErrorEquals": ["E"], "ResultPath": None, "Next": "Named"}, *ALL]),
        "Named": CAUGHT,
        "Caught": {"Type": "Pass", "Result": "any", "End": True},
    }
    assert output_of(states, {"a": 1}, f=raising("E")) == {"a": 1}
    assert output_of(states, {"a": 1}, f=raising("F")) == "any"


def test_retry_comes_before_catch():
    states = {"T": call("f", Retry=[{"ErrorEquals": ["E"], "MaxAttempts": 2}], Catch=ALL), "Caught": CAUGHT}
    with Lab() as lab:
        lab.functions["f"] = raising("E")
        assert lab.run(states)["status"] == "SUCCEEDED"
        assert lab.event_types().count("LambdaFunctionFailed") == 3


def test_states_all_does_not_catch_what_went_wrong_with_the_data():
    states = {"T": call("f", Parameters={"x.$": "$.missing"}, Catch=ALL), "Caught": CAUGHT}
    assert failure_of(states, f=raising("E"))[0] == "States.Runtime"


def test_states_all_does_not_catch_a_result_that_is_too_large():
    states = {"T": call("f", Catch=ALL), "Caught": CAUGHT}
    assert failure_of(states, f=lambda _: "x" * 300_000)[0] == "States.DataLimitExceeded"


def test_a_function_that_outlives_its_task_is_timed_out_and_its_result_dropped():
    """Its effects happen all the same: a thread cannot be killed, nor can a Lambda."""
    with Lab() as lab:
        gate = Gate()

        def slow(event):
            lab.work_for(61)
            return gate("too late")

        def after(event):
            gate.open()
            return "after"

        lab.functions |= {"slow": slow, "after": after}
        states = {"T": call("slow", TimeoutSeconds=60, Catch=ALL), "Caught": call("after", ResultPath="$.then")}
        ended = lab.run(states)
        assert json.loads(ended["output"]) == {"error": {"Error": "States.Timeout", "Cause": ""}, "then": "after"}
        assert lab.event_types()[2:6] == [
            "LambdaFunctionScheduled",
            "LambdaFunctionStarted",
            "LambdaFunctionTimedOut",
            "TaskStateExited",
        ]


def test_an_uncaught_timeout_of_a_task_fails_the_execution():
    with Lab() as lab:
        gate = Gate()

        def slow(event):
            lab.work_for(61)
            return gate(event)

        lab.functions["slow"] = slow
        ended = lab.run({"T": call("slow", TimeoutSecondsPath="$.limit")}, {"limit": 60})
        gate.open()
        assert (ended["status"], ended["error"]) == ("FAILED", "States.Timeout")


def test_a_function_that_ends_in_time_is_not_timed_out():
    with Lab() as lab:

        def slow(event):
            lab.work_for(59)
            return "in time"

        lab.functions["slow"] = slow
        assert lab.run({"T": call("slow", TimeoutSeconds=60)})["output"] == '"in time"'


@pytest.mark.parametrize("limit", [0, -1, "60", True])
def test_a_timeout_that_is_read_must_be_a_positive_whole_number(limit):
    states = {"T": call("f", TimeoutSecondsPath="$.limit")}
    assert failure_of(states, {"limit": limit}, f=lambda _: 1)[0] == "States.Runtime"


def test_an_execution_that_outlives_its_machine_is_timed_out_to_the_second():
    with Lab() as lab:
        ended = lab.run({"W": {"Type": "Wait", "Seconds": 1000, "End": True}}, TimeoutSeconds=100)
        assert (ended["status"], ended.get("error")) == ("TIMED_OUT", None)
        assert (ended["stopDate"] - ended["startDate"]).total_seconds() == 100
        assert lab.event_types()[-1] == "ExecutionTimedOut"
        assert lab.clock.monotonic() == 100


@pytest.mark.parametrize(
    ("wait", "given", "seconds"),
    [
        ({"Seconds": 90}, {}, 90),
        ({"SecondsPath": "$.s"}, {"s": 7}, 7),
        ({"Timestamp": "2026-11-21T01:10:00Z"}, {}, 600),
        ({"TimestampPath": "$.at"}, {"at": "2026-11-21T02:01:00+01:00"}, 60),
        ({"Timestamp": "2020-01-01T00:00:00Z"}, {}, 0),
    ],
)
def test_a_wait_takes_exactly_its_time(wait, given, seconds):
    with Lab() as lab:
        ended = lab.run({"W": {"Type": "Wait", "End": True, **wait}}, given)
        assert ended["status"] == "SUCCEEDED"
        assert lab.seconds_of("WaitStateExited") == [seconds]


@pytest.mark.parametrize(
    ("wait", "given"),
    [({"SecondsPath": "$.s"}, {"s": "7"}), ({"SecondsPath": "$.s"}, {}), ({"TimestampPath": "$.at"}, {"at": "noon"})],
)
def test_a_wait_for_what_is_no_time_fails(wait, given):
    assert failure_of({"W": {"Type": "Wait", "End": True, **wait}}, given)[0] == "States.Runtime"
