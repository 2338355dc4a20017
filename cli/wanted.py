"""What `fleet up` was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from localcloud.clock import Kind
from localcloud.throttling import Rate


@dataclass(frozen=True)
class Wanted:
    """The options of `fleet up`."""

    folder: Path
    port: int
    fleet: str | None
    databases: int | None
    tables: int | None
    clock: Kind
    time_scale: float
    dms_rate: Rate | None
    logs: bool
