"""Who answers an invocation: functions of this process, or those deployed to `lambda_service`."""

from __future__ import annotations

from typing import Any, Protocol

from localcloud.errors import FunctionError


class Functions(Protocol):
    """Functions that can be called, by ARN or name."""

    def invoke(self, arn_or_name: str, event: Any) -> Any:
        """The function's answer.

        Raises:
            FunctionError: It raised, its process died, or there is no such function.
        """
        ...

    def invoke_later(self, arn: str, event: Any) -> None:
        """Call it for somebody who does not wait for its answer."""
        ...

    def is_allowed(self, arn: str, service: str, source_arn: str) -> bool:
        """Whether *service* may call it for *source_arn*."""
        ...


class NoFunctions:
    """An account without functions."""

    def invoke(self, arn_or_name: str, event: Any) -> Any:  # noqa: ARG002  as `Functions` has it
        """Raises FunctionError: there is none."""
        raise FunctionError("Lambda.ResourceNotFoundException", f"Function not found: {arn_or_name}")

    def invoke_later(self, arn: str, event: Any) -> None:
        """Raises FunctionError: there is none."""
        self.invoke(arn, event)

    def is_allowed(self, arn: str, service: str, source_arn: str) -> bool:  # noqa: ARG002  as `Functions` has it
        """Nobody may call what is not there."""
        return False
