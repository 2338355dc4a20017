"""What the stand-in answers and refuses is held against botocore's model, operation by operation, through boto3."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.aws import ACCOUNT, REGION, LocalAws
from localcloud.clock import Clock
from localcloud.stepfunctions import StepFunctions
from localcloud.tests.stepfunctions.stepfunctions_model import CheckedAnswers

ROLE = f"arn:aws:iam::{ACCOUNT}:role/states"
MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:m"
TERRAFORMED = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:t"
NOBODY = f"{MACHINE}-nobody"
NO_EXECUTION = NOBODY.replace(":stateMachine:", ":execution:") + ":x"
DEFINITION = json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}})
REFUSED_BY_NAME = [
    *("CreateActivity", "DeleteActivity", "DescribeActivity", "ListActivities", "GetActivityTask"),
    *("SendTaskSuccess", "SendTaskFailure", "SendTaskHeartbeat"),
    *("PublishStateMachineVersion", "DeleteStateMachineVersion"),
    *("CreateStateMachineAlias", "UpdateStateMachineAlias", "DeleteStateMachineAlias"),
    *("DescribeStateMachineAlias", "ListStateMachineAliases"),
    *("DescribeMapRun", "ListMapRuns", "UpdateMapRun", "StartSyncExecution", "TestState"),
]


@pytest.fixture(scope="module")
def answers() -> Iterator[CheckedAnswers]:
    with Clock("frozen") as clock, LocalAws() as aws:
        engine = StepFunctions(clock, lambda _, event: event, account=ACCOUNT, region=REGION, jitter=lambda: 0.5)
        answers = CheckedAnswers(engine)
        aws.serve("stepfunctions", answers)
        answers.client = aws.client("stepfunctions")
        answers.model = answers.client.meta.service_model
        answers.client.create_state_machine(name="m", definition=DEFINITION, roleArn=ROLE)
        answers.client.start_execution(stateMachineArn=MACHINE, name="done")
        yield answers


def test_every_operation_of_the_service_is_answered_or_refused_by_its_name(answers: CheckedAnswers) -> None:
    answered = set()
    for operation in answers.model.operation_names:
        try:
            answers(operation, {})
        except Exception as error:  # noqa: BLE001  what it says is looked at
            if str(error).startswith(f"NotEmulated: not emulated here: {operation} "):
                continue
        answered.add(operation)
    assert set(answers.model.operation_names) - answered == set(REFUSED_BY_NAME)


def test_a_machine_lives_through_what_terraform_asks_of_one(answers: CheckedAnswers) -> None:
    client = answers.client
    assert client.validate_state_machine_definition(definition=DEFINITION, type="STANDARD")["result"] == "OK"
    settings = {
        "loggingConfiguration": {"level": "OFF", "includeExecutionData": False},
        "tracingConfiguration": {"enabled": True},
        "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
    }
    tags = [{"key": "fleet", "value": "sample"}]
    created = client.create_state_machine(
        name="t", definition=DEFINITION, roleArn=ROLE, type="STANDARD", publish=False, tags=tags, **settings
    )
    assert created["stateMachineArn"] == TERRAFORMED
    read = client.describe_state_machine(stateMachineArn=TERRAFORMED)
    assert {name: read[name] for name in settings} == settings
    assert client.list_state_machine_versions(stateMachineArn=TERRAFORMED)["stateMachineVersions"] == []
    assert client.list_tags_for_resource(resourceArn=TERRAFORMED)["tags"] == tags

    changed = DEFINITION.replace('"P"', '"Q"')
    client.update_state_machine(
        stateMachineArn=TERRAFORMED, definition=changed, roleArn=ROLE, publish=False, **settings
    )
    client.tag_resource(resourceArn=TERRAFORMED, tags=[{"key": "fleet", "value": "other"}])
    client.untag_resource(resourceArn=TERRAFORMED, tagKeys=["fleet"])
    assert client.describe_state_machine(stateMachineArn=TERRAFORMED)["definition"] == changed
    assert client.list_tags_for_resource(resourceArn=TERRAFORMED)["tags"] == []

    client.start_execution(stateMachineArn=TERRAFORMED, name="x")
    execution = TERRAFORMED.replace(":stateMachine:", ":execution:") + ":x"
    assert client.describe_state_machine_for_execution(executionArn=execution)["definition"] == changed
    client.stop_execution(executionArn=execution)
    client.delete_state_machine(stateMachineArn=TERRAFORMED)
    with pytest.raises(client.exceptions.StateMachineDoesNotExist):
        client.describe_state_machine(stateMachineArn=TERRAFORMED)
    assert len(answers.operations) >= 12


REFUSALS: list[tuple[str, dict[str, Any], str]] = [
    ("CreateStateMachine", {"name": "a b", "definition": DEFINITION, "roleArn": ROLE}, "InvalidName"),
    ("CreateStateMachine", {"name": "n", "definition": "{", "roleArn": ROLE}, "InvalidDefinition"),
    ("CreateStateMachine", {"name": "n", "definition": DEFINITION, "roleArn": "r"}, "InvalidArn"),
    ("CreateStateMachine", {"name": "m", "definition": DEFINITION + " ", "roleArn": ROLE}, "StateMachineAlreadyExists"),
    (
        "CreateStateMachine",
        {"name": "n", "definition": DEFINITION, "roleArn": ROLE, "loggingConfiguration": {"level": "ALL"}},
        "InvalidLoggingConfiguration",
    ),
    ("UpdateStateMachine", {"stateMachineArn": MACHINE}, "MissingRequiredParameter"),
    ("UpdateStateMachine", {"stateMachineArn": NOBODY, "roleArn": ROLE}, "StateMachineDoesNotExist"),
    ("DescribeStateMachine", {"stateMachineArn": NOBODY}, "StateMachineDoesNotExist"),
    ("DescribeStateMachine", {"stateMachineArn": "m"}, "InvalidArn"),
    ("DeleteStateMachine", {"stateMachineArn": NO_EXECUTION}, "InvalidArn"),
    ("ListStateMachines", {"nextToken": "t"}, "InvalidToken"),
    ("ListStateMachineVersions", {"stateMachineArn": "m"}, "InvalidArn"),
    ("ListTagsForResource", {"resourceArn": NOBODY}, "ResourceNotFound"),
    ("TagResource", {"resourceArn": NOBODY, "tags": []}, "ResourceNotFound"),
    ("UntagResource", {"resourceArn": NOBODY, "tagKeys": []}, "ResourceNotFound"),
    ("StartExecution", {"stateMachineArn": NOBODY}, "StateMachineDoesNotExist"),
    ("StartExecution", {"stateMachineArn": NO_EXECUTION}, "InvalidArn"),
    ("StartExecution", {"stateMachineArn": MACHINE, "input": "{"}, "InvalidExecutionInput"),
    ("StartExecution", {"stateMachineArn": MACHINE, "name": "a:b"}, "InvalidName"),
    ("StartExecution", {"stateMachineArn": MACHINE, "name": "done", "input": "[1]"}, "ExecutionAlreadyExists"),
    ("StopExecution", {"executionArn": NO_EXECUTION}, "ExecutionDoesNotExist"),
    ("StopExecution", {"executionArn": MACHINE}, "InvalidArn"),
    ("RedriveExecution", {"executionArn": NO_EXECUTION}, "ExecutionDoesNotExist"),
    ("DescribeExecution", {"executionArn": NO_EXECUTION}, "ExecutionDoesNotExist"),
    ("DescribeStateMachineForExecution", {"executionArn": NO_EXECUTION}, "ExecutionDoesNotExist"),
    ("GetExecutionHistory", {"executionArn": NO_EXECUTION}, "ExecutionDoesNotExist"),
    ("ListExecutions", {"stateMachineArn": NOBODY}, "StateMachineDoesNotExist"),
    ("ListExecutions", {"stateMachineArn": MACHINE, "nextToken": "t"}, "InvalidToken"),
    ("ListExecutions", {"stateMachineArn": MACHINE, "maxResults": 2000}, "ValidationException"),
]


@pytest.mark.parametrize(("operation", "parameters", "code"), REFUSALS)
def test_a_refusal_has_a_code_that_the_model_lists_for_the_operation(
    answers: CheckedAnswers, operation: str, parameters: dict[str, Any], code: str
) -> None:
    with pytest.raises(ClientError) as refused:
        answers.client._make_api_call(operation, parameters)  # by the model's name of it, as the cases have it
    assert refused.value.response["Error"]["Code"] == code
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    listed = {shape.name for shape in answers.model.operation_model(operation).error_shapes}
    assert code in listed | {"ValidationException"}
