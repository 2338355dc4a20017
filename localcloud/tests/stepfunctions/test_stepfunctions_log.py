"""The log of executions: the engine writes it to moto's CloudWatch Logs, and a boto3 client reads it there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.aws import ACCOUNT, REGION, LocalAws
from localcloud.clock import Clock
from localcloud.log_groups import MotoLogGroups
from localcloud.stepfunctions import FunctionError, StepFunctions

GROUP = "/aws/vendedlogs/states/m"
GROUP_ARN = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{GROUP}"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"
STATES = {
    "W": {"Type": "Wait", "Seconds": 10_000, "Next": "T"},
    "T": {"Type": "Task", "Resource": FUNCTION, "End": True},
}


def fail(arn: str, event: Any) -> Any:
    raise FunctionError("TableError", "no such table")


@dataclass
class Account:
    """An account with a log group."""

    clock: Clock
    client: Any
    logs: Any
    engine: StepFunctions

    def create(self, level: str, destination: str = f"{GROUP_ARN}:*", *, with_data: bool = True) -> str:
        made = self.client.create_state_machine(
            name="m",
            definition=json.dumps({"StartAt": "W", "States": STATES}),
            roleArn=f"arn:aws:iam::{ACCOUNT}:role/r",
            loggingConfiguration={
                "level": level,
                "includeExecutionData": with_data,
                "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": destination}}] if destination else [],
            },
        )
        return made["stateMachineArn"]

    def run(self, machine: str) -> list[dict[str, Any]]:
        """What the log holds after an execution."""
        arn = self.client.start_execution(stateMachineArn=machine, name="x", input='{"a":1}')["executionArn"]
        self.engine.ended(arn).result(20)
        self.clock.sleep(2)
        found = self.logs.filter_log_events(logGroupName=GROUP)["events"]
        assert all(event["logStreamName"].startswith("states/m/") for event in found)
        documents = [json.loads(event["message"]) for event in found]
        assert [str(event["timestamp"]) for event in found] == [each["event_timestamp"] for each in documents]
        return documents


@pytest.fixture
def account() -> Iterator[Account]:
    with LocalAws() as aws, Clock("frozen") as clock:
        engine = StepFunctions(
            clock,
            fail,
            account=ACCOUNT,
            region=REGION,
            jitter=lambda: 0.5,
            log_groups=MotoLogGroups(ACCOUNT, REGION),
        )
        aws.serve("stepfunctions", engine.answer)
        logs = aws.client("logs")
        logs.create_log_group(logGroupName=GROUP)
        yield Account(clock, aws.client("stepfunctions"), logs, engine)


def test_level_all_writes_the_whole_history_as_documents(account: Account) -> None:
    machine = account.create("ALL")
    documents = account.run(machine)
    arn = machine.replace(":stateMachine:", ":execution:") + ":x"
    history = account.client.get_execution_history(executionArn=arn)["events"]
    assert [(int(each["id"]), each["type"], int(each["previous_event_id"])) for each in documents] == [
        (event["id"], event["type"], event["previousEventId"]) for event in history
    ]
    assert {(each["execution_arn"], each["redrive_count"]) for each in documents} == {(arn, "0")}
    assert documents[1]["details"] == {"name": "W", "input": '{"a":1}', "inputDetails": {"truncated": False}}


def test_level_error_writes_what_fails_and_the_end(account: Account) -> None:
    assert [each["type"] for each in account.run(account.create("ERROR"))] == [
        "LambdaFunctionFailed",
        "ExecutionFailed",
    ]


def test_level_fatal_writes_only_the_end_of_an_execution_that_failed(account: Account) -> None:
    documents = account.run(account.create("FATAL"))
    assert [each["type"] for each in documents] == ["ExecutionFailed"]
    assert documents[0]["details"]["error"] == "TableError"


def test_level_off_writes_nothing(account: Account) -> None:
    assert account.run(account.create("OFF")) == []


def test_without_execution_data_the_log_holds_neither_input_nor_output(account: Account) -> None:
    documents = account.run(account.create("ALL", with_data=False))
    assert len(documents) == 8
    assert not [name for each in documents for name in each["details"] if name in ("input", "output", "parameters")]
    assert documents[1]["details"]["name"] == "W"


def test_a_redriven_execution_goes_on_in_its_log(account: Account) -> None:
    machine = account.create("FATAL")
    account.run(machine)
    arn = machine.replace(":stateMachine:", ":execution:") + ":x"
    account.client.redrive_execution(executionArn=arn)
    account.engine.ended(arn).result(20)
    account.clock.sleep(2)
    found = [json.loads(event["message"]) for event in account.logs.filter_log_events(logGroupName=GROUP)["events"]]
    assert [(each["type"], each["redrive_count"]) for each in found] == [
        ("ExecutionFailed", "0"),
        ("ExecutionFailed", "1"),
    ]


@pytest.mark.parametrize(
    ("destination", "said"),
    [
        (GROUP_ARN, "must be provided with '\\*' qualifier"),
        (GROUP_ARN + "-other:*", "does not exist"),
        ("", "exactly one Log Destination"),
    ],
)
def test_a_destination_that_aws_refuses_is_refused(account: Account, destination: str, said: str) -> None:
    with pytest.raises(ClientError, match=said) as refused:
        account.create("ALL", destination)
    assert refused.value.response["Error"]["Code"] == "InvalidLoggingConfiguration"


def test_an_engine_without_log_groups_refuses_a_machine_that_wants_a_log(account: Account) -> None:
    bare = StepFunctions(account.clock, fail, account=ACCOUNT, region=REGION, jitter=lambda: 0.5)
    logging = {"level": "ALL", "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": f"{GROUP_ARN}:*"}}]}
    asked = {
        "name": "m",
        "definition": json.dumps({"StartAt": "W", "States": STATES}),
        "roleArn": "arn:aws:iam::1:role/r",
    }
    with pytest.raises(Exception, match="NotEmulated"):
        bare.answer("CreateStateMachine", {**asked, "loggingConfiguration": logging})
