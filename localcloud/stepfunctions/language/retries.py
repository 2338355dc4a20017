"""Which Retry or Catch an error meets, and how long a retry waits. Pure.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from localcloud.stepfunctions.errors import ALL, DATA_LIMIT_EXCEEDED, RUNTIME, TASK_FAILED, TIMEOUT


@dataclass(frozen=True, slots=True)
class Retrier:
    """One entry of Retry. *max_delay_seconds*: none means no bound."""

    errors: frozenset[str]
    interval_seconds: int = 1
    max_attempts: int = 3
    backoff_rate: float = 2.0
    max_delay_seconds: int | None = None
    full_jitter: bool = False

    def delay(self, retried: int, jitter: Callable[[], float]) -> float:
        """Seconds before the retry that follows *retried* others."""
        seconds = self.interval_seconds * self.backoff_rate**retried
        if self.max_delay_seconds is not None:
            seconds = min(seconds, self.max_delay_seconds)
        return seconds * jitter() if self.full_jitter else seconds


@dataclass(frozen=True, slots=True)
class Catcher:
    """One entry of Catch. *result_path*: names, none of them to replace the input, or None to drop the error."""

    errors: frozenset[str]
    next: str
    result_path: tuple[str, ...] | None = ()


def matches(errors: frozenset[str], error: str) -> bool:
    """Whether an ErrorEquals of *errors* means *error*.

    >>> matches(frozenset({"States.ALL"}), "States.Runtime")
    False
    """
    # AWS documents that States.Runtime can be neither retried nor caught, by whatever name.
    if error == RUNTIME:
        return False
    if error in errors:
        return True
    # That the wildcard States.TaskFailed spares States.DataLimitExceeded too is assumed: States.ALL, the wider, does.
    if error == DATA_LIMIT_EXCEEDED:
        return False
    return ALL in errors or (TASK_FAILED in errors and error != TIMEOUT)


def next_delay(
    retriers: Sequence[Retrier], retried: list[int], error: str, jitter: Callable[[], float]
) -> float | None:
    """Seconds until the next try, counted in *retried* (a number per retrier); None when no try is left."""
    for index, retrier in enumerate(retriers):
        if matches(retrier.errors, error):
            if retried[index] >= retrier.max_attempts:
                return None
            retried[index] += 1
            return retrier.delay(retried[index] - 1, jitter)
    return None


def find_catcher(catchers: Sequence[Catcher], error: str) -> Catcher | None:
    """The first catcher that means *error*."""
    return next((catcher for catcher in catchers if matches(catcher.errors, error)), None)
