"""DMS's request limit: a bucket of tokens, one a request, refilled at a steady rate (reference/dms.md 1.3)."""

from __future__ import annotations

from dataclasses import dataclass

from fleet.quotas import DMS_API_BURST, DMS_API_PER_SECOND
from local.clock import Clock
from local.wire import AwsError


@dataclass(frozen=True)
class Rate:
    """How large an account's bucket is, and how fast it fills."""

    burst: int = DMS_API_BURST.value
    per_second: float = DMS_API_PER_SECOND.value


AWS_RATE = Rate()


class TokenBucket:
    """Holds at most as many tokens as *rate* says, and gains them."""

    def __init__(self, clock: Clock, rate: Rate) -> None:
        self._clock = clock
        self._burst = rate.burst
        self._per_second = rate.per_second
        self._tokens = float(rate.burst)
        self._filled_at = clock.monotonic()

    def take(self) -> None:
        """Take a token, or raise DMS's ThrottlingException."""
        now = self._clock.monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self._per_second)
        self._filled_at = now
        if self._tokens < 1:
            raise AwsError("ThrottlingException", "Rate exceeded")
        self._tokens -= 1
