"""The bucket of tokens by which AWS limits requests: one a request, refilled at a steady rate."""

from __future__ import annotations

from dataclasses import dataclass

from localcloud.clock import Clock
from localcloud.in_process_transport import AwsError


@dataclass(frozen=True)
class Rate:
    """How large a bucket is, and how fast it fills."""

    burst: int
    per_second: float


class TokenBucket:
    """Holds at most as many tokens as *rate* says, and gains them. Not safe for several threads."""

    def __init__(self, clock: Clock, rate: Rate) -> None:
        self._clock = clock
        self._burst = rate.burst
        self._per_second = rate.per_second
        self._tokens = float(rate.burst)
        self._filled_at = clock.monotonic()

    def take(self) -> None:
        """Take a token, or raise AWS's ThrottlingException."""
        now = self._clock.monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self._per_second)
        self._filled_at = now
        if self._tokens < 1:
            raise AwsError("ThrottlingException", "Rate exceeded")
        self._tokens -= 1
