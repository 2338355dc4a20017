"""A definition is refused by state and field for what is wrong in it and for what is not emulated here."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from localcloud.in_process_transport import AwsError, NotEmulatedError
from localcloud.stepfunctions.errors import DefinitionError, DefinitionNotEmulatedError
from localcloud.stepfunctions.language.definition import read_definition
from localcloud.tests.stepfunctions.stepfunctions_lab import SYNC, Lab, call, definition, function_arn

PASS = {"Type": "Pass", "End": True}
ITEMS = {"StartAt": "In", "States": {"In": PASS}}


def refusal(states, **top):
    return str(refused_with(DefinitionError, states, **top))


def refused_with(error, states, **top):
    with pytest.raises(error) as refused:
        read_definition(definition(states, **top))
    assert type(refused.value) is error
    return refused.value


@pytest.mark.parametrize(
    ("state", "field"),
    [
        (call("f", HeartbeatSeconds=5), "'HeartbeatSeconds'"),
        (call("f", Assign={"x": 1}), "'Assign'"),
        (call("f", Arguments={}), "'Arguments'"),
        (call("f", QueryLanguage="JSONata"), "'QueryLanguage'"),
        (call("f", Credentials={}), "'Credentials'"),
        ({"Type": "Map", "Iterator": ITEMS, "End": True}, "'Iterator'"),
        ({"Type": "Map", "ItemProcessor": ITEMS, "ItemReader": {}, "End": True}, "'ItemReader'"),
        ({"Type": "Map", "ItemProcessor": ITEMS, "ToleratedFailureCount": 1, "End": True}, "'ToleratedFailureCount'"),
        (
            {"Type": "Map", "ItemProcessor": {**ITEMS, "ProcessorConfig": {"Mode": "DISTRIBUTED"}}, "End": True},
            "'Mode': 'DISTRIBUTED'",
        ),
        ({"Type": "Task", "Resource": function_arn("f") + ".waitForTaskToken", "End": True}, "'Resource'"),
        ({"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True}, "'Resource'"),
        ({"Type": "Task", "Resource": "arn:aws:states:::states:startExecution", "End": True}, "'Resource'"),
        ({"Type": "Task", "Resource": "arn:aws:states:eu-central-1:1:activity:a", "End": True}, "'Resource'"),
        (
            {"Type": "Task", "Resource": SYNC, "Parameters": {"StateMachineArn": "a", "TraceHeader": "t"}, "End": True},
            "'Parameters.TraceHeader'",
        ),
        (call("f", Parameters={"x.$": "States.UUID()"}), "'Parameters': the intrinsic function States.UUID"),
        (call("f", Parameters={"x.$": "$.items[*]"}), "'Parameters': the path '$.items[*]'"),
        (call("f", Parameters={"x.$": "$.items[?(@.a)]"}), "'Parameters': the path"),
        (call("f", InputPath="$..deep"), "'InputPath': the path"),
        (call("f", ResultPath="$.a[0]"), "'ResultPath'"),
        (call("f", ResultPath="$$.a"), "'ResultPath'"),
    ],
)
def test_what_is_not_emulated_is_refused_by_state_and_field(state, field):
    message = str(refused_with(DefinitionNotEmulatedError, {"Copy": state}))
    assert message.startswith("state 'Copy'")
    assert field in message
    assert "not emulated here" in message


@pytest.mark.parametrize(
    ("states", "message"),
    [
        ({"A": {"Type": "Pass", "Next": "B"}}, "state 'A', field 'Next': no state beside it is called 'B'"),
        ({"A": PASS, "B": PASS}, "state 'B': no other state leads to it"),
        ({"A": {"Type": "Pass", "Next": "A"}}, "no way from it ends"),
        ({"A": {"Type": "Pass"}}, "exactly one of Next, End"),
        ({"A": {"Type": "Pass", "Next": "A", "End": True}}, "exactly one of Next, End"),
        ({"A": {"Type": "Activity", "End": True}}, "state 'A', field 'Type': one of Task, Pass"),
        ({"A": {"Type": "Fail", "Error": "E", "End": True}}, "field 'End': no field of this name"),
        ({"A": {"Type": "Fail", "Error": "E", "ErrorPath": "$.e"}}, "at most one of Error, ErrorPath"),
        ({"A": {"Type": "Parallel", "Branches": [], "End": True}}, "'Branches': at least one branch"),
        ({"A": call("f", MaxConcurency=1)}, "field 'MaxConcurency': no field of this name"),
        ({"A": {"Type": "Task", "Resource": "f", "End": True}}, "an ARN is wanted"),
        ({"A": {"Type": "Pass", "Parameters": {"x.$": "States.Foo()"}, "End": True}}, "there is no intrinsic function"),
        ({"A": {"Type": "Pass", "InputPath": "$.a b", "End": True}}, "stand in ['...']"),
        ({"A": {"Type": "Pass", "End": False}}, "field 'End': true is wanted"),
        ({"A": {"Type": "Choice", "Choices": []}}, "field 'Choices': at least one rule"),
        (
            {"A": {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsPresent": True}]}},
            "field 'Choices[0].Next': missing",
        ),
        ({"A": {"Type": "Choice", "Choices": [{"Next": "A"}]}}, "field 'Choices[0]'"),
        ({"A": {"Type": "Wait", "Seconds": 1, "SecondsPath": "$", "End": True}}, "exactly one of Seconds"),
        ({"A": {"Type": "Wait", "Seconds": True, "End": True}}, "a whole number"),
        ({"A": {"Type": "Wait", "Timestamp": "2026-11-21 01:00", "End": True}}, "a timestamp"),
        ({"A": call("f", TimeoutSeconds=0)}, "field 'TimeoutSeconds'"),
        ({"A": call("f", TimeoutSeconds=5, TimeoutSecondsPath="$.t")}, "at most one of"),
        ({"A": call("f", Retry=[{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["E"]}])}, "must be alone and in"),
        ({"A": call("f", Retry=[{"ErrorEquals": ["States.ALL", "E"]}])}, "must be alone and in"),
        ({"A": call("f", Retry=[{"ErrorEquals": ["E"], "IntervalSeconds": 0}])}, "field 'IntervalSeconds'"),
        ({"A": call("f", Retry=[{"ErrorEquals": ["E"], "BackoffRate": 0.5}])}, "field 'BackoffRate'"),
        ({"A": call("f", Retry=[{"ErrorEquals": ["E"], "JitterStrategy": "HALF"}])}, "field 'JitterStrategy'"),
        ({"A": call("f", Catch=[{"ErrorEquals": ["E"], "Next": "Z"}])}, "field 'Catch[0].Next'"),
        ({"A": call("f", Catch=[{"ErrorEquals": [], "Next": "A"}])}, "a list of error names"),
        ({"A": {"Type": "Task", "Resource": SYNC, "Parameters": {}, "End": True}}, "'Parameters.StateMachineArn'"),
        (
            {
                "A": {
                    "Type": "Map",
                    "ItemProcessor": {"StartAt": "B", "States": {"B": {"Type": "Pass", "Next": "A"}}},
                    "End": True,
                }
            },
            "state 'B', field 'Next': no state beside it",
        ),
        (
            {"In": {"Type": "Map", "ItemProcessor": ITEMS, "End": True}},
            "state 'In': the machine has two states of this name",
        ),
        ({"A": {"Type": "Map", "ItemProcessor": ITEMS, "MaxConcurrency": "10", "End": True}}, "'MaxConcurrency'"),
        ({"A": {"Type": "Pass", "Parameters": {"x.$": 5}, "End": True}}, "must hold a path"),
        ({"A": {"Type": "Pass", "Parameters": {"x.$": "States.MathAdd(1, 2"}, "End": True}}, "neither a comma nor )"),
        ({"A" * 81: PASS}, "at most 80 characters"),
    ],
)
def test_a_wrong_definition_is_refused_by_state_and_field(states, message):
    assert message in refusal(states)


def test_a_machine_in_jsonata_or_with_an_unknown_field_is_refused():
    jsonata = refused_with(DefinitionNotEmulatedError, {"A": PASS}, QueryLanguage="JSONata")
    assert "'QueryLanguage': 'JSONata'" in str(jsonata)
    assert "field 'Version': the language has one version" in refusal({"A": PASS}, Version="2.0")
    assert "field 'Vresion': no field of this name" in refusal({"A": PASS}, Vresion="1.0")
    assert "StartAt" in refusal({"A": PASS}, StartAt="B")


def test_text_that_is_no_json_is_refused():
    with pytest.raises(DefinitionError, match="not JSON"):
        read_definition("{")


def test_a_definition_beyond_the_subset_is_not_emulated_and_a_wrong_one_is_invalid():
    with Lab() as lab:
        with pytest.raises(NotEmulatedError, match="state 'Copy', field 'HeartbeatSeconds': not emulated here"):
            lab.create("m", {"Copy": call("f", HeartbeatSeconds=5)})
        with pytest.raises(AwsError, match="state 'Copy', field 'Nxt'") as refused:
            lab.create("m", {"Copy": call("f", Nxt="A")})
        assert refused.value.code == "InvalidDefinition"


def test_a_definition_of_every_supported_field_is_read():
    full = {
        "Ask": call(
            "f",
            Comment="asks",
            InputPath="$.in",
            Parameters={"list": ["$.in", {"x.$": "$$.Execution.Id"}]},
            ResultSelector={"y.$": "$.y"},
            ResultPath="$.out",
            OutputPath="$['out']",
            TimeoutSecondsPath="$.limit",
            Retry=[
                {
                    "ErrorEquals": ["E"],
                    "IntervalSeconds": 1,
                    "MaxAttempts": 2,
                    "BackoffRate": 1.5,
                    "MaxDelaySeconds": 9,
                    "JitterStrategy": "FULL",
                }
            ],
            Catch=[{"ErrorEquals": ["States.ALL"], "ResultPath": None, "Next": "Stop"}],
            Next="Each",
        ),
        "Each": {
            "Type": "Map",
            "ItemsPath": "$.items",
            "ItemSelector": {"i.$": "$$.Map.Item.Index"},
            "MaxConcurrencyPath": "$.n",
            "ItemProcessor": {"ProcessorConfig": {"Mode": "INLINE"}, **ITEMS},
            "Next": "Until",
        },
        "Until": {"Type": "Wait", "Timestamp": "2026-11-21T02:00:00+01:00", "Next": "Stop"},
        "Stop": {"Type": "Succeed"},
    }
    read = read_definition(definition(full, Comment="all", TimeoutSeconds=60, QueryLanguage="JSONPath"))
    assert list(read.flow.states) == ["Ask", "Each", "Until", "Stop"]
    assert read.timeout_seconds == 60
    assert read.flow.states["Until"].does.moment == datetime.fromisoformat("2026-11-21T01:00:00Z")
    assert json.loads(read.text)["Comment"] == "all"
