"""What a clock shows, for a process that has none of its own: it needs no event loop."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Reading:
    """How a clock goes and where it is. It shows the same time in another process of this machine, until the clock
    skips a wait.
    """

    start: datetime
    origin: float
    scale: float
    skipped_seconds: float

    def monotonic(self) -> float:
        """Seconds since the clock was made, on its own time."""
        return (time.monotonic() - self.origin) * self.scale + self.skipped_seconds

    def now(self) -> datetime:
        """The moment, aware UTC."""
        return self.start + timedelta(seconds=self.monotonic())
