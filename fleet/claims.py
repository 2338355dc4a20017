"""When a database's claim may be taken over, and how often an execution that waits for it looks."""

from __future__ import annotations

from datetime import timedelta

from fleet.waits import next_look_seconds

SHORTEST_WAIT_SECONDS = 30
LONGEST_PLACE_LOOK_SECONDS = 60
"""Between two looks for a place at the server: twice the shortest pause, so that who waits long hardly comes later."""
LONGEST_LAMBDA = timedelta(seconds=900)
"""A dying function may act for so long after its execution ended."""


def place_look_seconds(planned_seconds: int, waited_seconds: float, deadline_seconds: int) -> int:
    """Seconds until the next look for a place, hardly more for those who waited long.

    >>> [place_look_seconds(30, waited, 21_600) for waited in (0, 900, 9_000, 21_595)]
    [30, 45, 60, 6]
    """
    look = next_look_seconds(planned_seconds, waited_seconds, deadline_seconds + 1)
    return min(look, max(planned_seconds, LONGEST_PLACE_LOOK_SECONDS))
