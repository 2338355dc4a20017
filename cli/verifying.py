"""What `fleet verify aws` does alike at the account and at the local cloud."""

from __future__ import annotations

import time

PREFIX = "fleet-verify"
"""How the names of what is made begin."""
_LOCAL_PAUSE = 0.2  # seconds, whatever a check would wait for at AWS


def pause_locally(seconds: float) -> None:
    """Wait as long as a local cloud needs, which is at most *seconds*."""
    time.sleep(min(seconds, _LOCAL_PAUSE))  # noqa: TID251  a person waits
