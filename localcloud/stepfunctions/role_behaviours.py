"""What Step Functions here claims of the roles of machines."""

from __future__ import annotations

from localcloud.behaviours import Behaviour

_TEST = "tests/contract/http/test_machine_roles.py::"
ROLES = (
    Behaviour(
        "A machine whose role could not write its log, or not make the rule by which it hears of its children's end, "
        "is refused when it is created or updated",
        "observed",
        "https://github.com/aws-ia/terraform-aws-control_tower_account_factory/issues/365",
        f"{_TEST}test_our_machines_can_be_made_with_their_roles_and_not_with_less",
    ),
    Behaviour(
        "lambda:InvokeFunction is asked of the machine's role at each call; without it Lambda.AWSLambdaException",
        "observed",
        "https://github.com/awslabs/aws-deployment-framework/issues/460",
        f"{_TEST}test_a_function_is_called_only_where_the_role_allows_it",
    ),
    Behaviour(
        "states:StartExecution is asked of it at each child; without it StepFunctions.AWSStepFunctionsException",
        "assumed",
        "",
        f"{_TEST}test_a_child_is_started_only_where_the_role_allows_it",
        "aws stepfunctions get-execution-history of a parent whose role may not start the child, event TaskFailed",
    ),
    Behaviour(
        "Without states:StopExecution a child outlives its parent",
        "documented",
        "https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html",
        "tests/contract/http/test_machine_children.py::test_a_child_is_stopped_with_its_parent_only_where_the_role_allows_it",
    ),
    Behaviour(
        "A role that is not in the account binds no machine, where AWS would not make one; `fleet demo` has none",
        "",
        "",
        f"{_TEST}test_a_role_that_nobody_made_binds_nothing",
    ),
    Behaviour(
        "X-Ray's traces, and the polling by which AWS makes up for lost events, are not done, nor their rights asked",
        "",
        "",
    ),
)
