"""Which files were loaded into which table: COPY skips them the next time, and COPY_HISTORY lists them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class LoadedFile:
    """One file that a COPY took. *at*: UTC, without a zone."""

    uri: str
    etag: str
    size_bytes: int
    rows: int
    at: datetime


Loads = Mapping[tuple[str, str], LoadedFile]
"""By file and ETag."""


class LoadMemory:
    """The committed loads by the id of their table: it is new with every CREATE, so a new table has none."""

    def __init__(self) -> None:
        self._of: dict[str, Loads] = {}

    def of(self, table_id: str) -> Loads:
        """What was loaded into the table."""
        return self._of.get(table_id, {})

    def put(self, table_id: str, loads: Loads) -> None:
        """Take what a transaction left, once it is committed."""
        self._of[table_id] = loads
