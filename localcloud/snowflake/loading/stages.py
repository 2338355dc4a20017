"""What COPY reads: objects behind a stage. Who may read them is decided where they lie (`role_stages.py`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from localcloud.snowflake.errors import SnowflakeError

Integration = Mapping[str, Any]
"""The properties of a storage integration."""


@dataclass(frozen=True)
class StagedObject:
    """An object behind a stage."""

    bucket: str
    key: str
    etag: str
    size_bytes: int
    modified_at: datetime

    @property
    def uri(self) -> str:
        """As the result of COPY names the file."""
        return f"s3://{self.bucket}/{self.key}"


class Stages(Protocol):
    """The way to staged objects, as the role of an integration. Each raises SnowflakeError when S3 or IAM refuses."""

    def list(self, integration: Integration, bucket: str, prefix: str) -> list[StagedObject]:
        """The objects under *prefix*, by key."""
        ...

    def read(self, integration: Integration, bucket: str, key: str, into: Path) -> StagedObject:
        """Write the object to the file *into*."""
        ...

    def delete(self, integration: Integration, one: StagedObject) -> None:
        """Remove a loaded object (PURGE). What fails is passed over in silence, as the documentation says it is."""
        ...


def require_allowed(integration: Mapping[str, Any], url: str) -> None:
    """Refuse a location that the integration does not allow, or blocks."""

    def covers(locations: list[str]) -> bool:
        return any(location == "*" or url.startswith(location) for location in locations)

    if not covers(integration["STORAGE_ALLOWED_LOCATIONS"]) or covers(integration.get("STORAGE_BLOCKED_LOCATIONS", [])):
        raise SnowflakeError(
            "003001",
            "42501",
            f"SQL access control error:\nLocation '{url}' is not allowed by integration {integration['NAME']}.",
        )
