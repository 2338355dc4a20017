"""What the stand-ins raise for the person who started them, and what several of them know of each other's failures."""

from __future__ import annotations

from collections.abc import Sequence


class LocalCloudError(Exception):
    """The local cloud cannot do what was asked; the message names the thing, what was found, and the next step."""

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(f"{message} {remedy}".strip())
        self.remedy = remedy


class MachineError(LocalCloudError):
    """This machine does not let it be done as it is; a person can change that."""


class AnswerBreaksModelError(Exception):
    """A fault of ours: an answer that AWS's service could not give."""


class FunctionError(Exception):
    """A function failed: *error_type* is what a Retry or Catch names (a class, or as "Lambda.ServiceException").

    An exception it is raised *from* lends its stack trace; what was raised in another process brings it along as
    *stack_trace*.
    """

    def __init__(self, error_type: str, message: str, stack_trace: Sequence[str] = ()) -> None:
        super().__init__(f"{error_type}: {message}")
        self.error_type = error_type
        self.message = message
        self.stack_trace = stack_trace
