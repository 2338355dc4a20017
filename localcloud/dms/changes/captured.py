"""What a task that captures changes keeps from one run to the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

_EVER = datetime(1970, 1, 1, tzinfo=UTC)


KeyUpdates = Literal["ignored", "update", "before image"]
"""What an update of a primary key becomes: nothing (the guide says so of PostgreSQL), an update that holds the new key
only (observed), or one whose before-image columns hold the old key (observed elsewhere)."""


class CaptureKilledError(Exception):
    """The capture is to die where it is: nothing is written or confirmed any more."""


def _go_on(when: str, key: str) -> None:
    del when, key


@dataclass(frozen=True)
class CaptureHooks:
    """What of captures is not settled, or is done to them. *around_put*: called with `before` or `after` and the key
    around the put of a file; it may raise CaptureKilledError."""

    key_updates: KeyUpdates = "before image"
    around_put: Callable[[str, str], None] = _go_on


@dataclass
class Captured:
    """*position*: up to where the source's log is confirmed. *sequence*: how many changes were captured. *sequence_at*:
    the latest commit time in a change sequence. *batches*: how many positions were confirmed. *checkpoint*: as
    DescribeReplicationTasks shows it. *incarnations*: of each table, as it was last seen. *named_at*: for each folder
    the time that its newest file is named after."""

    position: int | None = None
    sequence: int = 0
    sequence_at: datetime = _EVER
    batches: int = 0
    checkpoint: str = ""
    incarnations: dict[tuple[str, str], int] = field(default_factory=dict)
    named_at: dict[tuple[str, str], datetime] = field(default_factory=dict)

    def confirm(self, position: int, shown: str) -> None:
        """Note that all changes up to *position* are in files."""
        self.position = position
        self.batches += 1
        self.show(shown)

    def show(self, shown: str) -> None:
        """Let the checkpoint name the position that is *shown*. Its form is observed, its numbers are ours."""
        self.checkpoint = f"checkpoint:V1#{self.batches}#{shown}#0#0#*#0#{self.sequence}"

    def file_name(self, place: tuple[str, str], now: datetime, suffix: str) -> str:
        """The name of the next file in a table's folder: a time, and never the same twice.

        >>> captured = Captured()
        >>> at = datetime(2026, 11, 30, 14, 0, 0, 123_456, tzinfo=UTC)
        >>> [captured.file_name(("public", "t"), at, ".parquet") for _ in range(2)]
        ['20261130-140000123.parquet', '20261130-140000124.parquet']
        """
        at = now.replace(microsecond=now.microsecond // 1000 * 1000)
        if place in self.named_at:
            at = max(at, self.named_at[place] + timedelta(milliseconds=1))
        self.named_at[place] = at
        return f"{at:%Y%m%d-%H%M%S}{at.microsecond // 1000:03d}{suffix}"
