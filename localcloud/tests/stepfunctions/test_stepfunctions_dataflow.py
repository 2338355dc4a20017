"""What a state takes of its input and makes of its result."""

from __future__ import annotations

import pytest

from localcloud.stepfunctions.errors import DataFlowError, SyntaxNotReadError
from localcloud.stepfunctions.language.paths import PathNotFoundError, put, read_path
from localcloud.stepfunctions.language.templates import compile_template
from localcloud.tests.stepfunctions.stepfunctions_lab import (
    Lab,
    call,
    execution_arn,
    failure_of,
    machine_arn,
    output_of,
)


def echo(event):
    return event


def pass_on(**fields):
    return {"P": {"Type": "Pass", "End": True, **fields}}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$", {"a": {"b": [10, {"c d": 1}]}, "ü": 2}),
        ("$.a.b[0]", 10),
        ("$.a.b[1]['c d']", 1),
        ('$["a"].b[1]["c d"]', 1),
        ("$.ü", 2),
        ("$$.Execution.Id", "arn"),
        ("$$", {"Execution": {"Id": "arn"}}),
    ],
)
def test_a_path_leads_to_one_place(path, found):
    value = {"a": {"b": [10, {"c d": 1}]}, "ü": 2}
    assert read_path(path).read(value, {"Execution": {"Id": "arn"}}) == found


@pytest.mark.parametrize("path", ["$.b", "$.a.b[2]", "$.a[0]", "$.a.b.c", "$.text[0]", "$$.Map"])
def test_a_path_to_nowhere_is_not_null(path):
    with pytest.raises(PathNotFoundError):
        read_path(path).read({"a": {"b": [1, 2]}, "text": "abc"}, {})


@pytest.mark.parametrize("path", ["a", "$.", "$.a[-1]", "$.a[0:2]", "$.*", "$.a b", "$.a.length()", "$['a"])
def test_other_paths_are_refused(path):
    with pytest.raises(SyntaxNotReadError):
        read_path(path)


def test_a_result_is_put_beside_what_is_there_without_changing_it():
    before = {"a": {"b": 1}, "z": [1]}
    after = put(before, ("a", "c", "d"), 5)
    assert after == {"a": {"b": 1, "c": {"d": 5}}, "z": [1]}
    assert before == {"a": {"b": 1}, "z": [1]}
    assert after["z"] is before["z"]


@pytest.mark.parametrize(
    ("call_text", "value"),
    [
        ("States.Format('{}-{}', $.run, $.number)", "r1-7"),
        ("States.Format('it\\'s \\{{}\\}', $.run)", "it's {r1}"),
        ("States.Format('{} {} {}', $.list, true, null)", "[1,2] true null"),
        ("States.Format('{}', States.Format('<{}>', $.run))", "<r1>"),
        ("States.Format('{}', $['a, b'])", "odd"),
        ("States.Format('plain')", "plain"),
        ("States.Format('{}', $$.Execution.Name)", "n1"),
        ("States.ArrayLength($.list)", 2),
        ("States.StringToJson($.text)", {"x": 1}),
        ("States.JsonToString($.list)", "[1,2]"),
        ("States.MathAdd($.number, -1)", 6),
    ],
)
def test_intrinsic_functions(call_text, value):
    given = {"run": "r1", "number": 7, "list": [1, 2], "text": '{"x":1}', "a, b": "odd"}
    assert compile_template({"v.$": call_text})(given, {"Execution": {"Name": "n1"}}) == {"v": value}


@pytest.mark.parametrize(
    "call_text",
    [
        "States.Format('{}')",
        "States.ArrayLength($.run)",
        "States.StringToJson($.run)",
        "States.MathAdd($.run, 1)",
        "States.MathAdd(true, 1)",
        "States.MathAdd(1)",
    ],
)
def test_an_intrinsic_function_fails_on_what_it_cannot_take(call_text):
    with pytest.raises(DataFlowError) as failed:
        compile_template({"v.$": call_text})({"run": "r1"}, {})
    assert failed.value.error == "States.IntrinsicFailure"


def test_parameters_reach_into_nested_objects_and_lists():
    states = pass_on(Parameters={"deep": [{"x.$": "$.a"}, "$.a"], "plain": "$.a"})
    assert output_of(states, {"a": 1}) == {"deep": [{"x": 1}, "$.a"], "plain": "$.a"}


def test_input_selector_result_and_output_paths_apply_in_aws_order():
    states = {
        "T": call(
            "echo",
            InputPath="$.in",
            Parameters={"got.$": "$.x", "static": 1},
            ResultSelector={"selected.$": "$.got"},
            ResultPath="$.in.result",
            OutputPath="$.in",
        )
    }
    assert output_of(states, {"in": {"x": 5}, "other": 1}, echo=echo) == {"x": 5, "result": {"selected": 5}}


def test_a_null_result_path_keeps_the_input_and_a_null_output_path_gives_an_empty_object():
    assert output_of({"T": call("echo", ResultPath=None)}, {"a": 1}, echo=lambda _: "dropped") == {"a": 1}
    assert output_of(pass_on(OutputPath=None), {"a": 1}) == {}
    assert output_of(pass_on(InputPath=None), {"a": 1}) == {}


def test_a_falsy_result_of_a_pass_is_a_result():
    assert output_of(pass_on(Result=0), {"a": 1}) == 0
    assert output_of(pass_on(Result=None, ResultPath="$.n"), {"a": 1}) == {"a": 1, "n": None}


def test_a_missing_path_in_parameters_fails_with_the_path_the_field_and_the_input():
    error, cause = failure_of(pass_on(Parameters={"x.$": "$.missing"}), {"a": 1})
    assert error == "States.Runtime"
    assert cause == (
        "An error occurred while executing the state 'P' (entered at the event id #2). The JSONPath '$.missing' "
        "specified for the field 'x.$' could not be found in the input '{\"a\":1}'"
    )


@pytest.mark.parametrize("fields", [{"InputPath": "$.no"}, {"OutputPath": "$.no"}])
def test_a_missing_input_or_output_path_fails(fields):
    assert failure_of(pass_on(**fields), {"a": 1})[0] == "States.Runtime"


def test_a_result_path_into_what_is_no_object_fails():
    assert failure_of(pass_on(Result=1, ResultPath="$.a.b"), {"a": 5})[0] == "States.ResultPathMatchFailure"
    assert failure_of(pass_on(Result=1, ResultPath="$.a"), [1])[0] == "States.ResultPathMatchFailure"


def test_the_context_object_has_execution_machine_and_state():
    context = {
        "id.$": "$$.Execution.Id",
        "name.$": "$$.Execution.Name",
        "input.$": "$$.Execution.Input",
        "started.$": "$$.Execution.StartTime",
        "role.$": "$$.Execution.RoleArn",
        "redrives.$": "$$.Execution.RedriveCount",
        "machine.$": "$$.StateMachine.Id",
        "machine_name.$": "$$.StateMachine.Name",
        "state.$": "$$.State.Name",
        "entered.$": "$$.State.EnteredTime",
        "retries.$": "$$.State.RetryCount",
    }
    states = {
        "W": {"Type": "Wait", "Seconds": 90, "Next": "P"},
        "P": {"Type": "Pass", "Parameters": context, "End": True},
    }
    assert output_of(states, {"a": 1}) == {
        "id": execution_arn("m", "x"),
        "name": "x",
        "input": {"a": 1},
        "started": "2026-11-21T01:00:00.000Z",
        "role": "arn:aws:iam::1:role/r",
        "redrives": 0,
        "machine": machine_arn("m"),
        "machine_name": "m",
        "state": "P",
        "entered": "2026-11-21T01:01:30.000Z",
        "retries": 0,
    }


def test_a_function_can_change_its_event_without_changing_the_input():
    def spoil(event):
        event["a"]["b"] = "changed"
        return (1, 2)

    assert output_of({"T": call("spoil", ResultPath="$.r")}, {"a": {"b": 1}}, spoil=spoil) == {
        "a": {"b": 1},
        "r": [1, 2],
    }


def test_a_result_that_is_no_json_fails_the_function_as_lambdas_runtime_does():
    error, cause = failure_of({"T": call("f")}, f=lambda _: object())
    assert error == "Runtime.MarshalError"
    assert "Unable to marshal response" in cause


@pytest.mark.parametrize(("size", "status"), [(262_142, "SUCCEEDED"), (262_143, "FAILED")])
def test_a_payload_may_have_256_kib_and_no_byte_more(size, status):
    with Lab() as lab:
        lab.functions["big"] = lambda _: "x" * size
        ended = lab.run({"T": call("big")})
        assert ended["status"] == status
        assert ended.get("error") == (None if status == "SUCCEEDED" else "States.DataLimitExceeded")


def test_bytes_are_counted_not_characters():
    assert failure_of({"T": call("big")}, big=lambda _: "ü" * 131_072)[0] == "States.DataLimitExceeded"
