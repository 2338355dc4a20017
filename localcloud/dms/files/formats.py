"""The two formats of S3 objects, with the settings that DMS gives them. Pure.

Defaults: botocore's model of `S3Settings` (docs/facts/dms.md 4.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ROW_GROUP_BYTES = 64 * 1024 * 1024
"""The longest row group. Source: `S3Settings.RowGroupLength`."""


@dataclass(frozen=True)
class Parquet:
    """How Parquet is written. *page_version* is that of the data pages."""

    codec: Literal["none", "gzip"] = "none"
    encoding: Literal["plain", "plain-dictionary", "rle-dictionary"] = "rle-dictionary"
    page_version: Literal["1.0", "2.0"] = "1.0"
    row_group_rows: int = 10_000
    data_page_bytes: int = 1024 * 1024
    dictionary_page_bytes: int = 1024 * 1024
    has_statistics: bool = True
    has_milliseconds: bool = False

    @property
    def suffix(self) -> str:
        """What ends a file's name. That gzip does not change it is assumed."""
        return ".parquet"


@dataclass(frozen=True)
class Csv:
    """How CSV is written. *is_rfc4180*: fields are quoted where they must be. *has_header*: names in the first row."""

    codec: Literal["none", "gzip"] = "none"
    delimiter: str = ","
    row_delimiter: str = "\n"
    null: str = "NULL"
    is_rfc4180: bool = True
    has_header: bool = False

    @property
    def suffix(self) -> str:
        """What ends a file's name (`.gz`: observed in many pipelines that read DMS's files)."""
        return ".csv.gz" if self.codec == "gzip" else ".csv"
