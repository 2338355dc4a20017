"""How a function may die on request, and what Lambda or Step Functions then reports. Source of each name: those that
`localcloud/lambda_service/behaviours.yaml` and the table of the faults name (COVERAGE.md)."""

from __future__ import annotations

from collections.abc import Mapping

from localcloud.errors import FunctionError

_ID = "RequestId: 00000000-0000-0000-0000-000000000000 Error: "
DEATHS: Mapping[str, tuple[str, str]] = {
    "timed-out": ("Sandbox.Timedout", f"{_ID}Task timed out after 60.00 seconds"),
    "exited": ("Runtime.ExitError", f"{_ID}Runtime exited with error: exit status 1"),
    "killed": ("Runtime.ExitError", f"{_ID}Runtime exited with error: signal: killed"),
    "out-of-memory": ("Runtime.OutOfMemory", f"{_ID}Runtime exited with error: signal: killed"),
    "unknown": (
        "Lambda.Unknown",
        "The cause could not be determined because Lambda did not return an error type. Returned payload: "
        '{"errorMessage":"RequestId: 0 Process exited before completing request"}',
    ),
    "undetermined": (
        "States.TaskFailed",
        "An attempt was made to invoke the Lambda function. Step Functions cannot determine whether Lambda "
        "successfully received the call and executed the function.",
    ),
    "not-imported": (
        "Runtime.ImportModuleError",
        "Unable to import module 'lambdas.handler': No module named 'pyarrow'",
    ),
}
"""By the word that a fault is asked for with: error and message."""


def death_of(word: str) -> FunctionError:
    """The error that a caller of the function gets."""
    return FunctionError(*DEATHS[word])
