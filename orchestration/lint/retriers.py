"""What our states retry, how often, and what they never do: the retriers that each of them has written out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import fleet.errors
from fleet.errors import FleetError
from fleet.function_deaths import FINAL, RETRIED

_CLASSES = {
    name: one for name, one in vars(fleet.errors).items() if isinstance(one, type) and issubclass(one, FleetError)
}
FLEET_ERRORS = frozenset(_CLASSES)
CLIENT_ERRORS = frozenset({"ThrottledError", "TransientError"})
"""Any handler raises these two, through its clients."""
ON_PURPOSE = frozenset(
    name
    for name, one in _CLASSES.items()
    if name not in CLIENT_ERRORS
    # Step Functions knows no base classes. Those that other modules derive are no handler's.
    if not any(other is not one and issubclass(other, one) for other in _CLASSES.values())
)

_PATIENTLY = {
    "IntervalSeconds": 1,
    "MaxAttempts": 9999,
    "BackoffRate": 2,
    "MaxDelaySeconds": 30,
    "JitterStrategy": "FULL",
}
"""For what passes by itself and is no database's fault: more attempts than any execution has time for."""

RETRIERS: tuple[dict[str, Any], ...] = (
    # About an hour, as limits.throttle_deadline_seconds gives the states of WAITING.
    {
        "ErrorEquals": ["ThrottledError"],
        "IntervalSeconds": 2,
        "MaxAttempts": 120,
        "BackoffRate": 2,
        "MaxDelaySeconds": 60,
        "JitterStrategy": "FULL",
    },
    {
        "ErrorEquals": ["TransientError"],
        "IntervalSeconds": 2,
        "MaxAttempts": 8,
        "BackoffRate": 2,
        "MaxDelaySeconds": 60,
        "JitterStrategy": "FULL",
    },
    # The account runs no more functions at once: the execution's own time-out alone ends this wait.
    {"ErrorEquals": ["Lambda.TooManyRequestsException"], **_PATIENTLY},
    {
        "ErrorEquals": [
            "Lambda.ClientExecutionTimeoutException",
            "Lambda.ServiceException",
            "Lambda.AWSLambdaException",
            "Lambda.SdkClientException",
        ],
        "IntervalSeconds": 1,
        "MaxAttempts": 6,
        "BackoffRate": 2,
        "MaxDelaySeconds": 30,
        "JitterStrategy": "FULL",
    },
    # Before the next, whose States.TaskFailed means every name: these come again however often the state is tried.
    {"ErrorEquals": [*sorted(ON_PURPOSE), *FINAL], "MaxAttempts": 0},
    # A function that died may have acted, and every state may run twice. But it may die each time: three are enough.
    {
        "ErrorEquals": list(RETRIED),
        "IntervalSeconds": 5,
        "MaxAttempts": 2,
        "BackoffRate": 4,
        "MaxDelaySeconds": 60,
        "JitterStrategy": "FULL",
    },
)
"""What every state that calls a handler retries. Written out in each, as a console shows the file and nothing else."""

WAITING = frozenset(
    {
        "ContinueChain",
        "PrepareTask",
        "PointEndpoint",
        "AwaitConnection",
        "StartTask",
        "PollTask",
        "StopTask",
        "SealFolder",
        "ReleaseDatabase",
    }
)
"""States whose handler waits for a throttling API by itself (`lambdas/dms_turns.py`) and raises past its deadline. More
than a few minutes of attempts would begin that wait anew, and the deadline would end nothing."""
_BRIEFLY = {**RETRIERS[0], "MaxAttempts": 8}


def retriers_of(state: str) -> tuple[Mapping[str, Any], ...]:
    """The retriers of the state of that name."""
    return (_BRIEFLY, *RETRIERS[1:]) if state in WAITING else RETRIERS


START_RETRIERS: tuple[dict[str, Any], ...] = (
    # The first is documented (in the example of START_EXECUTION's page), the others are assumed: by the models' names.
    {
        "ErrorEquals": [
            "StepFunctions.ExecutionLimitExceeded",
            "StepFunctions.ExecutionLimitExceededException",
            "StepFunctions.ThrottlingException",
            "StepFunctions.TooManyRequestsException",
        ],
        **_PATIENTLY,
    },
    # The name of what the service's model does not know, a throttled StartExecution first of all: observed of other
    # services (SageMaker.AmazonSageMakerException, Batch.AWSBatchException). Half an hour, because a right that is
    # missing has the same name. The child's own failure is States.TaskFailed, which is not retried.
    {
        "ErrorEquals": ["StepFunctions.AWSStepFunctionsException", "StepFunctions.SdkClientException"],
        "IntervalSeconds": 2,
        "MaxAttempts": 60,
        "BackoffRate": 2,
        "MaxDelaySeconds": 60,
        "JitterStrategy": "FULL",
    },
)
"""What every state that runs another execution retries: StartExecution has a bucket of its own. It may be sent twice,
because an execution of the same name and input that runs is given back.

Sources: https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html,
https://github.com/aws/aws-step-functions-data-science-sdk-python/issues/191, https://github.com/ASFHyP3/hyp3/pull/912
"""
