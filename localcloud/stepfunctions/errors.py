"""What can go wrong inside an execution, and what a definition may not say."""

from __future__ import annotations

RUNTIME = "States.Runtime"
TIMEOUT = "States.Timeout"
TASK_FAILED = "States.TaskFailed"
ALL = "States.ALL"
DATA_LIMIT_EXCEEDED = "States.DataLimitExceeded"
INTRINSIC_FAILURE = "States.IntrinsicFailure"
NO_CHOICE_MATCHED = "States.NoChoiceMatched"
RESULT_PATH_MATCH_FAILURE = "States.ResultPathMatchFailure"


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
