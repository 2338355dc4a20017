"""What of an S3 target's settings concerns changes only.

Source: botocore's model of `S3Settings` (docs/facts/dms.md 4.1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.in_process_transport import NotEmulatedError


@dataclass(frozen=True)
class ChangeSettings:
    """*batch_seconds* and *batch_bytes*: a file is written when either is reached. *operations*: those written.
    *has_operation*: whether files have the column `Op`."""

    batch_seconds: int = 60
    batch_bytes: int = 32_000 * 1024
    operations: frozenset[str] = frozenset("IUD")
    has_operation: bool = True


def read_change_settings(given: Mapping[str, Any]) -> ChangeSettings:
    """The settings a capture follows. Raises NotEmulatedError for a member that it would have to pass over.

    >>> read_change_settings({"CdcInsertsOnly": True}).has_operation
    False
    """
    for name in ("DatePartitionEnabled", "CdcPath"):
        if given.get(name):
            raise NotEmulatedError(f"S3Settings.{name} of changes")
    is_inserts = given.get("CdcInsertsOnly", False)
    operations = "I" if is_inserts else "IU" if given.get("CdcInsertsAndUpdates", False) else "IUD"
    return ChangeSettings(
        batch_seconds=given.get("CdcMaxBatchInterval", 60),
        batch_bytes=given.get("CdcMinFileSize", 32_000) * 1024,
        operations=frozenset(operations),
        has_operation=not is_inserts or given.get("IncludeOpForFullLoad", False),
    )
