"""What a state machine's role must allow: to be made, to call functions, to start and stop children."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from cases import SETTINGS
from fleet.names import function_arn
from judged_functions import without_each
from localcloud.tests.http.http_cloud import Endpoint, empty_endpoint, refused
from machine_roles import CALLS, CHILD, FUNCTION, HEARS, LOG_GROUP, ROLE, RUNS_CHILD, STARTS, create, make_role, may
from orchestration.definitions import bind, load
from orchestration.functions import DATABASE_RUN, FLEET_RUN
from orchestration.roles import Policy, allow, run_databases, run_fleet

LATER = {
    "events": "is not authorized to create managed-rule",
    "logs": "The state machine IAM Role is not authorized to access the Log Destination",
}
"""What is missed when a machine is made, by the service of the action; everything else is missed later."""


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    with empty_endpoint(tmp_path_factory.mktemp("cloud")) as opened:
        make_role(opened)
        opened.client("logs").create_log_group(logGroupName=LOG_GROUP)
        yield opened


@pytest.fixture
def machines(endpoint: Endpoint) -> Iterator[Any]:
    """Step Functions' client; the machines that a test made are deleted after it."""
    client = endpoint.client("stepfunctions")
    yield client
    for machine in client.list_state_machines()["stateMachines"]:
        for one in client.list_executions(stateMachineArn=machine["stateMachineArn"], statusFilter="RUNNING")[
            "executions"
        ]:
            client.stop_execution(executionArn=one["executionArn"])
        client.delete_state_machine(stateMachineArn=machine["stateMachineArn"])


def run(endpoint: Endpoint, machines: Any, arn: str) -> tuple[str, str]:
    """Error and cause of an execution of *arn*."""
    ended: Any = endpoint.cloud.machines.ended(machines.start_execution(stateMachineArn=arn)["executionArn"])
    description = ended.result(timeout=30)
    return description["error"], description["cause"]


def test_a_function_is_called_only_where_the_role_allows_it(endpoint: Endpoint, machines: Any) -> None:
    may(endpoint)
    arn = create(machines, "caller", CALLS)
    error, cause = run(endpoint, machines, arn)
    assert error == "Lambda.AWSLambdaException"
    assert f"is not authorized to perform: lambda:InvokeFunction on resource: {FUNCTION} because" in cause
    assert "(Service: AWSLambda; Status Code: 403; Error Code: AccessDeniedException)" in cause
    may(endpoint, allow("Calls", "lambda:InvokeFunction", FUNCTION))
    assert run(endpoint, machines, arn)[0] == "Lambda.ResourceNotFoundException"  # allowed, and not there


def test_a_child_is_started_only_where_the_role_allows_it(endpoint: Endpoint, machines: Any) -> None:
    may(endpoint, HEARS)
    arn = create(machines, "parent", RUNS_CHILD)
    error, cause = run(endpoint, machines, arn)
    assert error == "StepFunctions.AWSStepFunctionsException"
    assert f"is not authorized to perform: states:StartExecution on resource: {CHILD} because" in cause
    may(endpoint, HEARS, STARTS)
    assert run(endpoint, machines, arn)[0] == "StepFunctions.StateMachineDoesNotExistException"


@pytest.mark.parametrize(
    ("name", "may_do", "values"),
    [
        ("database-run", run_databases(SETTINGS), DATABASE_RUN),
        ("fleet-run", run_fleet(SETTINGS), (*FLEET_RUN, "DatabaseRun")),
    ],
)
def test_our_machines_can_be_made_with_their_roles_and_not_with_less(
    endpoint: Endpoint, machines: Any, name: str, may_do: Policy, values: tuple[str, ...]
) -> None:
    arns = {one: function_arn(SETTINGS.account, SETTINGS.region, SETTINGS.prefix, one) for one in values}
    if "DatabaseRun" in arns:
        arns["DatabaseRun"] = CHILD
    group = f"arn:aws:logs:eu-central-1:123456789012:log-group:{LOG_GROUP}:*"
    wanted = {
        "name": name,
        "definition": json.dumps(bind(load(name), arns)),
        "roleArn": ROLE,
        "loggingConfiguration": {
            "level": "ALL",
            "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": group}}],
        },
    }
    missed = set()
    for what, action, rest in without_each("", may_do["Statement"]):
        service = action.partition(":")[0]
        may(endpoint, *rest)
        if service in LATER:
            with refused("AccessDeniedException", LATER[service]):
                machines.create_state_machine(**wanted)
        else:
            missed.add(what)
    # Missed when it calls, starts, stops; traces, and the polling that makes up for lost events, are not done here.
    assert missed <= {"InvokesItsStates", "RunDatabaseStartsChildren", "RunDatabaseFollowsChildren", "Traces"}
    may(endpoint, *may_do["Statement"])
    machines.create_state_machine(**wanted)


def test_a_role_that_nobody_made_binds_nothing(endpoint: Endpoint, machines: Any) -> None:
    definition = json.dumps({"StartAt": "Call", "States": CALLS})
    arn = machines.create_state_machine(name="free", definition=definition, roleArn=f"{ROLE}-none")["stateMachineArn"]
    assert run(endpoint, machines, arn)[0] == "Lambda.ResourceNotFoundException"
