"""State machines through the API: revisions, settings, tags, versions, and what is made of a definition."""

from __future__ import annotations

import json

import pytest

from localcloud.in_process_transport import AwsError, NotEmulatedError
from localcloud.tests.stepfunctions.stepfunctions_lab import Gate, Lab, call, definition, machine_arn

PASS = {"P": {"Type": "Pass", "End": True}}
OTHER = {"Q": {"Type": "Pass", "End": True}}
ROLE = "arn:aws:iam::123456789012:role/r"
BASE = {"name": "m", "definition": definition(PASS), "roleArn": ROLE}
ARN = machine_arn("m")


def refused(function, *arguments, **parameters):
    with pytest.raises(AwsError) as error:
        function(*arguments, **parameters)
    return error.value.code


def test_a_machine_without_settings_is_described_with_those_of_aws():
    with Lab() as lab:
        lab.answer("CreateStateMachine", **BASE, publish=False)
        described = lab.answer("DescribeStateMachine", stateMachineArn=ARN)
        assert described["loggingConfiguration"] == {"level": "OFF", "includeExecutionData": False}
        assert described["tracingConfiguration"] == {"enabled": False}
        assert described["encryptionConfiguration"] == {"type": "AWS_OWNED_KEY"}
        shown = described["status"], described["definition"], "revisionId" in described
        assert shown == ("ACTIVE", definition(PASS), False)
        bare = lab.answer("DescribeStateMachine", stateMachineArn=ARN, includedData="METADATA_ONLY")
        assert bare["definition"] == "{}"


def test_every_update_gives_a_revision_of_its_own_and_an_execution_keeps_its_revision():
    with Lab() as lab:
        gate = Gate()
        lab.functions["f"] = gate
        first = {"T": call("f")}
        lab.create("m", first)
        execution = lab.begin("m", name="x")
        gate.wait_for(1)
        ids = [
            lab.answer("UpdateStateMachine", stateMachineArn=ARN, **more)["revisionId"]
            for more in (
                {"definition": definition(OTHER)},
                {"roleArn": ROLE},
                {"tracingConfiguration": {"enabled": True}},
            )
        ]
        assert len(set(ids)) == 3
        now = lab.answer("DescribeStateMachine", stateMachineArn=ARN)
        assert (now["revisionId"], now["definition"], now["roleArn"]) == (ids[2], definition(OTHER), ROLE)
        assert now["tracingConfiguration"] == {"enabled": True}
        kept = lab.answer("DescribeStateMachineForExecution", executionArn=execution)
        assert (kept["definition"], kept["stateMachineArn"]) == (definition(first), ARN)
        assert kept["roleArn"] == "arn:aws:iam::1:role/r"
        assert "revisionId" not in kept
        gate.open()


def test_an_update_of_nothing_and_settings_that_contradict_themselves_are_refused():
    with Lab() as lab:
        lab.create("m", PASS)
        assert refused(lab.answer, "UpdateStateMachine", stateMachineArn=ARN) == "MissingRequiredParameter"
        own_key = {"encryptionConfiguration": {"type": "CUSTOMER_MANAGED_KMS_KEY"}}
        assert (
            refused(lab.answer, "UpdateStateMachine", stateMachineArn=ARN, **own_key)
            == "InvalidEncryptionConfiguration"
        )
        with pytest.raises(NotEmulatedError, match="versions"):
            lab.answer("UpdateStateMachine", stateMachineArn=ARN, definition=definition(PASS), publish=True)


def test_a_machine_created_again_with_other_settings_exists_already():
    with Lab() as lab:
        lab.answer("CreateStateMachine", **BASE, tags=[{"key": "a", "value": "1"}])
        lab.answer("CreateStateMachine", **{**BASE, "roleArn": ROLE + "2"}, tags=[{"key": "a", "value": "2"}])
        assert lab.answer("ListTagsForResource", resourceArn=ARN)["tags"] == [{"key": "a", "value": "1"}]
        assert lab.answer("DescribeStateMachine", stateMachineArn=ARN)["roleArn"] == ROLE
        other = {**BASE, "tracingConfiguration": {"enabled": True}}
        assert refused(lab.answer, "CreateStateMachine", **other) == "StateMachineAlreadyExists"


def test_tags_are_added_replaced_and_taken_away():
    with Lab() as lab:
        lab.answer("CreateStateMachine", **BASE, tags=[{"key": "a", "value": "1"}, {"key": "b", "value": "2"}])
        lab.answer("TagResource", resourceArn=ARN, tags=[{"key": "b", "value": "3"}, {"key": "c", "value": "4"}])
        lab.answer("UntagResource", resourceArn=ARN, tagKeys=["a", "nobody"])
        tags = lab.answer("ListTagsForResource", resourceArn=ARN)["tags"]
        assert tags == [{"key": "b", "value": "3"}, {"key": "c", "value": "4"}]


def test_tags_beyond_the_limit_of_a_wrong_form_or_of_nothing_are_refused():
    with Lab() as lab:
        lab.create("m", PASS)
        many = [{"key": f"k{number}", "value": ""} for number in range(51)]
        assert refused(lab.answer, "TagResource", resourceArn=ARN, tags=many) == "TooManyTags"
        assert lab.answer("ListTagsForResource", resourceArn=ARN)["tags"] == []
        for key in ("aws:mine", "a*"):
            wrong = [{"key": key, "value": ""}]
            assert refused(lab.answer, "TagResource", resourceArn=ARN, tags=wrong) == "ValidationException"
        assert refused(lab.answer, "ListTagsForResource", resourceArn=machine_arn("nobody")) == "ResourceNotFound"
        assert refused(lab.answer, "ListTagsForResource", resourceArn="arn:aws:s3:::b") == "InvalidArn"


def test_a_machine_has_no_versions_and_one_named_by_a_version_is_refused():
    with Lab() as lab:
        lab.create("m", PASS)
        assert lab.answer("ListStateMachineVersions", stateMachineArn=ARN) == {"stateMachineVersions": []}
        for operation in ("DescribeStateMachine", "StartExecution", "DeleteStateMachine"):
            with pytest.raises(NotEmulatedError, match="versions, aliases"):
                lab.answer(operation, stateMachineArn=f"{ARN}:1")


def test_machines_are_listed_in_pages():
    with Lab() as lab:
        for number in range(5):
            lab.create(f"m{number}", PASS)
        first = lab.answer("ListStateMachines", maxResults=2)
        lab.create("later", PASS)
        second = lab.answer("ListStateMachines", maxResults=3, nextToken=first["nextToken"])
        names = [each["name"] for page in (first, second) for each in page["stateMachines"]]
        assert names == ["m4", "m3", "m2", "m1", "m0"]
        assert "nextToken" not in second


@pytest.mark.parametrize(
    ("text", "code", "location"),
    [
        ("{", "INVALID_JSON_DESCRIPTION", None),
        (definition({"A": {"Type": "Pass", "Next": "B"}}), "MISSING_TRANSITION_TARGET", "/States/A/Next"),
        (definition({"A": {"Type": "Pass", "Next": "A"}}), "MISSING_END_STATE", "/States/A"),
        (definition(PASS, StartAt="Z"), "MISSING_TRANSITION_TARGET", "/StartAt"),
        (definition({"A": {"Type": "Task", "Resource": "f", "End": True}}), "INVALID_RESOURCE", "/States/A/Resource"),
        (definition({"A": {"Type": "Wait", "End": True}}), "SCHEMA_VALIDATION_FAILED", "/States/A/Seconds"),
        (definition({"A" * 81: PASS["P"]}), "INVALID_STATE_NAME", "/States/" + "A" * 81),
    ],
)
def test_a_wrong_definition_is_judged_by_code_and_place_and_would_not_be_created(text, code, location):
    with Lab() as lab:
        judged = lab.answer("ValidateStateMachineDefinition", definition=text)
        assert (judged["result"], judged["truncated"]) == ("FAIL", False)
        (found,) = judged["diagnostics"]
        assert (found["severity"], found["code"], found.get("location")) == ("ERROR", code, location)
        assert refused(lab.answer, "CreateStateMachine", **{**BASE, "definition": text}) == "InvalidDefinition"


def test_a_definition_that_is_right_is_judged_so_and_one_beyond_the_subset_is_not_judged():
    with Lab() as lab:
        judged = lab.answer("ValidateStateMachineDefinition", definition=definition(PASS), type="STANDARD")
        assert (judged["result"], judged["diagnostics"]) == ("OK", [])
        beyond = definition(PASS, QueryLanguage="JSONata")
        for more in ({"definition": beyond}, {"definition": definition(PASS), "type": "EXPRESS"}):
            with pytest.raises(NotEmulatedError):
                lab.answer("ValidateStateMachineDefinition", **more)


@pytest.mark.parametrize(
    ("operation", "parameters", "said"),
    [
        ("ListExecutions", {"stateMachineArn": ARN, "maxResults": 1001}, "less than or equal to 1000"),
        ("ListExecutions", {"stateMachineArn": ARN, "maxResults": -1}, "maxResults"),
        ("ListExecutions", {"stateMachineArn": ARN, "statusFilter": "DONE"}, "enum value set"),
        ("ListExecutions", {"stateMachineArn": ARN, "statusFilter": "PENDING_REDRIVE"}, "PENDING_REDRIVE"),
        ("ListExecutions", {}, "stateMachineArn"),
        ("ListExecutions", {"stateMachineArn": ARN, "mapRunArn": ARN}, "not both"),
        ("StartExecution", {"stateMachineArn": ARN, "input": {"a": 1}}, "Invalid type for parameter input"),
        ("StartExecution", {"stateMachineArn": ARN, "trcHeader": "t"}, "Unknown parameter"),
        ("StopExecution", {"executionArn": ARN, "error": "e" * 257}, "length less than or equal to 256"),
        ("RedriveExecution", {"executionArn": ARN, "clientToken": "a b"}, "regular expression pattern"),
        ("DescribeExecution", {}, "Missing required parameter"),
        ("TagResource", {"resourceArn": ARN, "tags": [{"key": "k" * 129}]}, "tags.1.member.key"),
    ],
)
def test_a_request_that_aws_s_model_rules_out_is_a_validation_error(operation, parameters, said):
    with Lab() as lab:
        lab.create("m", PASS)
        with pytest.raises(AwsError) as error:
            lab.answer(operation, **parameters)
        assert (error.value.code, error.value.status) == ("ValidationException", 400)
        assert said in error.value.message


def test_a_trace_header_is_given_back():
    with Lab() as lab:
        lab.create("m", PASS)
        arn = lab.begin("m", traceHeader="Root=1-67891233-abcdef012345678912345678")
        assert lab.finish(arn)["traceHeader"].startswith("Root=")


def test_a_token_is_good_for_its_request_and_a_day_and_holds_its_place():
    with Lab() as lab:
        lab.create("m", PASS)
        for number in range(4):
            lab.finish(lab.begin("m", number, name=f"x{number}"))
        first = lab.answer("ListExecutions", stateMachineArn=ARN, maxResults=2)
        lab.finish(lab.begin("m", name="later"))
        again = {"stateMachineArn": ARN, "maxResults": 2, "nextToken": first["nextToken"]}
        second = lab.answer("ListExecutions", **again)
        assert [each["name"] for each in second["executions"]] == ["x1", "x0"]
        assert refused(lab.answer, "ListExecutions", **again, statusFilter="FAILED") == "InvalidToken"
        lab.clock.sleep(24 * 3600 + 1)
        assert refused(lab.answer, "ListExecutions", **again) == "InvalidToken"


def test_a_history_read_backwards_in_pages_holds_its_place_while_it_grows():
    with Lab() as lab:
        gate = Gate()
        lab.functions["f"] = gate
        lab.create("m", {"P": {"Type": "Pass", "Next": "T"}, "T": call("f")})
        arn = lab.begin("m", name="x")
        gate.wait_for(1)
        asked = {"executionArn": arn, "reverseOrder": True, "maxResults": 4}
        first = lab.answer("GetExecutionHistory", **asked)
        gate.open()
        lab.finish(arn)
        second = lab.answer("GetExecutionHistory", **asked, nextToken=first["nextToken"])
        assert [event["id"] for page in (first, second) for event in page["events"]] == [6, 5, 4, 3, 2, 1]
        assert json.loads(lab.finish(arn)["output"]) == {}
