"""Machines that are bound by a role, which may do what a test says."""

from __future__ import annotations

import json
from typing import Any

from localcloud.tests.http.http_cloud import Endpoint
from orchestration.roles import Statement, allow, policy, trust_service

ROLE = "arn:aws:iam::123456789012:role/machine"
FUNCTION = "arn:aws:lambda:eu-central-1:123456789012:function:asked"
CHILD = "arn:aws:states:eu-central-1:123456789012:stateMachine:child"
CHILDREN = "arn:aws:states:eu-central-1:123456789012:execution:child:*"
RULE = "arn:aws:events:eu-central-1:123456789012:rule/StepFunctionsGetEventsForStepFunctionsExecutionRule"
HEARS = allow("Hears", ["events:PutRule", "events:PutTargets", "events:DescribeRule"], RULE)
STARTS = allow("Starts", "states:StartExecution", CHILD)
LOG_GROUP = "/aws/vendedlogs/states/judged"
CALLS = {"Call": {"Type": "Task", "Resource": FUNCTION, "End": True}}
RUNS_CHILD = {
    "Run": {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Parameters": {"StateMachineArn": CHILD, "Name": "one"},
        "End": True,
    }
}
WAITS = {"Wait": {"Type": "Wait", "Seconds": 86_400, "End": True}}


def make_role(endpoint: Endpoint) -> None:
    trust = json.dumps(trust_service("states.amazonaws.com"))
    endpoint.client("iam").create_role(RoleName="machine", AssumeRolePolicyDocument=trust)


def may(endpoint: Endpoint, *statements: Statement) -> None:
    """From now on the role may do just this."""
    document = policy(*statements or [allow("Nothing", "sqs:PurgeQueue", "*")])
    endpoint.client("iam").put_role_policy(RoleName="machine", PolicyName="may", PolicyDocument=json.dumps(document))


def create(machines: Any, name: str, states: dict[str, Any], **more: Any) -> str:
    definition = json.dumps({"StartAt": next(iter(states)), "States": states})
    return machines.create_state_machine(name=name, definition=definition, roleArn=ROLE, **more)["stateMachineArn"]
