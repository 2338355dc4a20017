"""DMS's request limit: a bucket of tokens, one a request, refilled at a steady rate (reference/dms.md 1.3)."""

from __future__ import annotations

from local.clock import Clock
from local.wire import AwsError


class TokenBucket:
    """Holds at most *burst* tokens and gains *per_second* of them."""

    def __init__(self, clock: Clock, burst: int, per_second: float) -> None:
        self._clock = clock
        self._burst = burst
        self._per_second = per_second
        self._tokens = float(burst)
        self._filled_at = clock.monotonic()

    def take(self) -> None:
        """Take a token, or raise DMS's ThrottlingException."""
        now = self._clock.monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self._per_second)
        self._filled_at = now
        if self._tokens < 1:
            raise AwsError("ThrottlingException", "Rate exceeded")
        self._tokens -= 1
