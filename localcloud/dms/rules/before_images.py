"""Columns that hold what others held before an update: `add-before-image-columns`. Pure.

Source: AWS DMS user guide, "Transformation rules and actions", `before-image-def` (read 2026-11-30). The guide is
silent on where the columns stand (assumed: behind the source's own), on what they are in a full load, an insert or a
delete (assumed: NULL), and on renamed columns (assumed: named after the source's).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from localcloud.dms.type_tables.column import DmsType

FILTERS = ("pk-only", "non-lob", "all")


@dataclass(frozen=True)
class BeforeImage:
    """How the columns are named, and of which there is one."""

    prefix: str = "BI_"
    suffix: str = ""
    column_filter: str = "pk-only"

    def named(self, column: str) -> str:
        """The column for what *column* held before.

        >>> BeforeImage().named("id")
        'BI_id'
        """
        return f"{self.prefix}{column}{self.suffix}"

    def chosen(self, carried: Sequence[tuple[str, DmsType]], key: Sequence[str]) -> Iterator[tuple[str, DmsType]]:
        """The columns of *carried* that get one; *key*: the primary key's columns."""
        for name, kind in carried:
            if self.column_filter == "all" or (name in key if self.column_filter == "pk-only" else not kind.is_lob):
                yield name, kind


def before_name(column: str) -> str:
    """How the relation of a table's changes calls what *column* held before.

    >>> before_name("id")
    'before id'
    """
    return f"before {column}"
