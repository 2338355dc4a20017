"""The stand-in for Step Functions, spoken to by a real boto3 client and held against botocore's model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.aws import ACCOUNT, REGION, LocalAws
from localcloud.clock import Clock
from localcloud.stepfunctions import FunctionError, StepFunctions
from localcloud.tests.stepfunctions.stepfunctions_model import CheckedAnswers

FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"
CHILD = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:child"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/states"
FLEET = {
    "StartAt": "Each",
    "States": {
        "Each": {
            "Type": "Map",
            "ItemProcessor": {
                "StartAt": "Database",
                "States": {
                    "Database": {
                        "Type": "Task",
                        "Resource": "arn:aws:states:::states:startExecution.sync:2",
                        "Parameters": {
                            "StateMachineArn": CHILD,
                            "Name.$": "States.Format('{}-{}', $$.Execution.Name, $)",
                            "Input": {"item.$": "$"},
                        },
                        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Note"}],
                        "Next": "Note",
                    },
                    "Note": {"Type": "Pass", "Result": {}, "End": True},
                },
            },
            "Next": "Wait",
        },
        "Wait": {"Type": "Wait", "Seconds": 60, "Next": "Choose"},
        "Choose": {"Type": "Choice", "Choices": [{"Variable": "$[0]", "IsPresent": True, "Next": "Done"}]},
        "Done": {"Type": "Succeed"},
    },
}
DATABASE = {
    "StartAt": "Load",
    "TimeoutSeconds": 3600,
    "States": {
        "Load": {
            "Type": "Task",
            "Resource": FUNCTION,
            "TimeoutSeconds": 60,
            "Retry": [{"ErrorEquals": ["ThrottledError"], "MaxAttempts": 1}],
            "End": True,
        }
    },
}


def load(arn: str, event: Any) -> Any:
    if event["item"] == "throttled":
        raise FunctionError("ThrottledError", "slow down")
    if event["item"] == "bad":
        raise ValueError("no such table")
    return {"rows": 5}


@pytest.fixture
def engine() -> Iterator[StepFunctions]:
    with Clock("frozen") as clock:
        yield StepFunctions(clock, load, account=ACCOUNT, region=REGION, jitter=lambda: 0.5)


def test_every_answer_has_the_shape_of_botocores_model(engine: StepFunctions) -> None:
    answers = CheckedAnswers(engine)
    with LocalAws() as aws:
        aws.serve("stepfunctions", answers)
        client = aws.client("stepfunctions")
        answers.model = client.meta.service_model
        client.create_state_machine(name="child", definition=json.dumps(DATABASE), roleArn=ROLE)
        machine = client.create_state_machine(
            name="fleet-run",
            definition=json.dumps(FLEET),
            roleArn=ROLE,
            loggingConfiguration={"level": "OFF", "includeExecutionData": False},
            tags=[{"key": "a", "value": "b"}],
        )["stateMachineArn"]
        started = client.start_execution(
            stateMachineArn=machine, name="n1", input=json.dumps(["ok", "bad", "throttled"])
        )["executionArn"]
        assert engine.ended(started).result(20)["status"] == "SUCCEEDED"
        client.stop_execution(executionArn=started)

        described = client.describe_execution(executionArn=started)
        assert json.loads(described["output"]) == [{}, {}, {}]
        assert (described["stopDate"] - described["startDate"]).total_seconds() == 61
        statuses = {
            each["name"]: each["status"] for each in client.list_executions(stateMachineArn=CHILD)["executions"]
        }
        assert statuses == {"n1-ok": "SUCCEEDED", "n1-bad": "FAILED", "n1-throttled": "FAILED"}
        for arn in [started, *(started.replace(":fleet-run:", ":child:") + f"-{item}" for item in ("ok", "bad"))]:
            pages = client.get_paginator("get_execution_history").paginate(
                executionArn=arn, PaginationConfig={"PageSize": 7}
            )
            events = [event for page in pages for event in page["events"]]
            assert [event["id"] for event in events] == list(range(1, len(events) + 1))
            client.get_execution_history(executionArn=arn, includeExecutionData=False, reverseOrder=True)
        client.update_state_machine(stateMachineArn=machine, definition=json.dumps(DATABASE))
        shown = client.describe_state_machine(stateMachineArn=machine)
        assert (json.loads(shown["definition"]), shown["roleArn"], shown["type"]) == (DATABASE, ROLE, "STANDARD")
        assert {each["name"] for each in client.list_state_machines()["stateMachines"]} == {"child", "fleet-run"}
        client.delete_state_machine(stateMachineArn=machine)
        assert len(answers.operations) == 10


def test_a_redrive_of_a_fleet_has_the_shapes_of_botocores_model() -> None:
    is_mended = False

    def work(arn: str, event: Any) -> Any:
        if event["item"] == "bad" and not is_mended:
            raise FunctionError("BrokenError", "not yet")
        return {"rows": 5}

    parameters = {
        "StateMachineArn": CHILD,
        "Name.$": "States.Format('{}-{}-{}', $$.Execution.Name, $, $$.Execution.RedriveCount)",
        "Input": {"item.$": "$"},
    }
    database = FLEET["States"]["Each"]["ItemProcessor"]["States"]["Database"]
    task = {key: database[key] for key in ("Type", "Resource")} | {"Parameters": parameters, "End": True}
    processor = {"StartAt": "Database", "States": {"Database": task}}
    each = {"Type": "Map", "MaxConcurrency": 1, "ItemProcessor": processor, "End": True}
    definition = json.dumps({"StartAt": "Each", "States": {"Each": each}})
    with Clock("frozen") as clock, LocalAws() as aws:
        engine = StepFunctions(clock, work, account=ACCOUNT, region=REGION, jitter=lambda: 0.5)
        answers = CheckedAnswers(engine)
        aws.serve("stepfunctions", answers)
        client = aws.client("stepfunctions")
        answers.model = client.meta.service_model
        client.create_state_machine(name="child", definition=json.dumps(DATABASE), roleArn=ROLE)
        machine = client.create_state_machine(name="fleet-run", definition=definition, roleArn=ROLE)["stateMachineArn"]
        started = client.start_execution(stateMachineArn=machine, name="n1", input='["ok","bad","later"]')
        arn = started["executionArn"]
        failed = engine.ended(arn).result(20)
        assert (failed["status"], client.describe_execution(executionArn=arn)["redriveStatus"]) == (
            "FAILED",
            "REDRIVABLE",
        )

        is_mended = True
        redriven = client.redrive_execution(executionArn=arn, clientToken="token-1")
        engine.ended(arn).result(20)
        assert (
            client.redrive_execution(executionArn=arn, clientToken="token-1")["redriveDate"] == redriven["redriveDate"]
        )
        with pytest.raises(client.exceptions.ExecutionNotRedrivable, match="Execution is SUCCEEDED and cannot be"):
            client.redrive_execution(executionArn=arn)  # botocore makes a token of its own

        described = client.describe_execution(executionArn=arn)
        assert (described["status"], described["redriveCount"]) == ("SUCCEEDED", 1)
        assert (described["redriveDate"], described["startDate"]) == (redriven["redriveDate"], started["startDate"])
        listed = client.list_executions(stateMachineArn=machine)["executions"]
        assert [(each["redriveCount"], each["redriveDate"]) for each in listed] == [(1, redriven["redriveDate"])]
        children = client.list_executions(stateMachineArn=CHILD)["executions"]
        assert {each["name"]: each["status"] for each in children} == {
            "n1-ok-0": "SUCCEEDED",
            "n1-bad-0": "FAILED",
            "n1-bad-1": "SUCCEEDED",
            "n1-later-1": "SUCCEEDED",
        }
        events = client.get_execution_history(executionArn=arn)["events"]
        assert [event["id"] for event in events] == list(range(1, len(events) + 1))
        redrives = [event for event in events if event["type"] == "ExecutionRedriven"]
        assert [event["executionRedrivenEventDetails"]["redriveCount"] for event in redrives] == [1]


def test_refusals_reach_the_client_under_aws_codes(engine: StepFunctions) -> None:
    with LocalAws() as aws:
        aws.serve("stepfunctions", engine.answer)
        client = aws.client("stepfunctions")

        def code(operation: str, **parameters: Any) -> str:
            with pytest.raises(ClientError) as refused:
                getattr(client, operation)(**parameters)
            return refused.value.response["Error"]["Code"]

        assert code("start_execution", stateMachineArn=CHILD) == "StateMachineDoesNotExist"
        assert code("describe_execution", executionArn=CHILD) == "InvalidArn"
        nobody = CHILD.replace(":stateMachine:", ":execution:") + ":nobody"
        assert code("describe_execution", executionArn=nobody) == "ExecutionDoesNotExist"
        assert code("create_state_machine", name="m", definition="{}", roleArn=ROLE) == "InvalidDefinition"
        assert code("redrive_execution", executionArn=nobody) == "ExecutionDoesNotExist"
        assert code("list_map_runs", executionArn=nobody) == "NotEmulated"
        with pytest.raises(client.exceptions.StateMachineDoesNotExist):
            client.describe_state_machine(stateMachineArn=CHILD)
