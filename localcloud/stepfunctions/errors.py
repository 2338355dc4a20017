"""What can go wrong inside an execution, and what a definition may not say."""

from __future__ import annotations

from collections.abc import Sequence

RUNTIME = "States.Runtime"
TIMEOUT = "States.Timeout"
TASK_FAILED = "States.TaskFailed"
ALL = "States.ALL"
DATA_LIMIT_EXCEEDED = "States.DataLimitExceeded"
INTRINSIC_FAILURE = "States.IntrinsicFailure"
NO_CHOICE_MATCHED = "States.NoChoiceMatched"
RESULT_PATH_MATCH_FAILURE = "States.ResultPathMatchFailure"


class FunctionError(Exception):
    """A function failed: *error_type* is what a Retry or Catch names (a class, or as "Lambda.ServiceException").

    Raised by the `invoke` that the engine is given. An exception it is raised *from* lends its stack trace; what was
    raised in another process brings it along as *stack_trace*.
    """

    def __init__(self, error_type: str, message: str, stack_trace: Sequence[str] = ()) -> None:
        super().__init__(f"{error_type}: {message}")
        self.error_type = error_type
        self.message = message
        self.stack_trace = stack_trace


class StateFailedError(Exception):
    """A state ends with *error*, the name that Retry and Catch match, and *cause*, the words."""

    def __init__(self, error: str, cause: str | None = None) -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause


class DataFlowError(StateFailedError):
    """The state's data failed it, not its work; the interpreter adds where to the cause."""


class DefinitionError(Exception):
    """A definition is wrong. *code*: what ValidateStateMachineDefinition calls it."""

    def __init__(self, problem: str, code: str = "SCHEMA_VALIDATION_FAILED") -> None:
        super().__init__(problem)
        self.code = code


class DefinitionNotEmulatedError(DefinitionError):
    """A definition asks for what the language has and this engine has not."""


class SyntaxNotReadError(ValueError):
    """A path, an intrinsic or a rule cannot be read; the definition's parser adds which state and field."""


class SyntaxNotEmulatedError(SyntaxNotReadError):
    """A path, an intrinsic or a rule is right, and not done here."""
