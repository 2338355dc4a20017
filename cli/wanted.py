"""What `fleet up` was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from localcloud.clock import Kind
from localcloud.throttling import Rate


@dataclass(frozen=True)
class Wanted:
    """The options of `fleet up`. *fleet*: whose databases are deployed, `sample` or `own`; None for an empty account.
    *registry*, *secrets_file*: of one's own.
    """

    folder: Path
    port: int
    fleet: str | None
    registry: Path | None
    secrets_file: Path
    databases: int | None
    tables: int | None
    clock: Kind
    time_scale: float
    dms_rate: Rate | None
    logs: bool
