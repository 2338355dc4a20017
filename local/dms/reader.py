"""The seam to a source engine: how DMS looks into a database and gets its rows out as Parquet.

`postgresql.py` is the first implementation; a further engine is a further `Reader`, registered in `Dms` under DMS's
name of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from fleet.columns import Column
from local.dms.mappings import Range


class SourceUnreachableError(Exception):
    """The database cannot be connected to: not there, not ours, or gone."""


class TableUnreadableError(Exception):
    """This table cannot be loaded; others may be."""


class TableHeldError(Exception):
    """Nothing comes of this table for now: it is asked for again in *seconds*, and shown in *state* until then."""

    def __init__(self, seconds: float, state: str = "Full load") -> None:
        super().__init__(f"held for {seconds} s")
        self.seconds = seconds
        self.state = state


class RunEndedError(Exception):
    """The replication instance ends the whole run: what the task then shows, in DMS's words (reference/dms.md 3.2)."""

    def __init__(self, status: str, stop_reason: str, words: str = "") -> None:
        super().__init__(words or stop_reason)
        self.status = status
        self.stop_reason = stop_reason
        self.words = words


@dataclass(frozen=True)
class Login:
    """Where a source is and who reads it. A *host* that begins with "/" is the folder of a Unix socket."""

    host: str
    port: int
    database: str
    username: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Table:
    """A table or view in the source's catalogue, columns in table order. *key*: the primary key's columns."""

    schema: str
    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    is_view: bool = False


@dataclass(frozen=True)
class Layout:
    """What the files of one load hold besides the source's columns, and how they are written.

    *leading* and *added*: name and constant value of the columns before and after the source's own. *lob_bytes*: where
    LOBs are cut. *file_bytes*: where a new file begins.
    """

    leading: tuple[tuple[str, str], ...] = ()
    added: tuple[tuple[str, str], ...] = ()
    lob_bytes: int = 32 * 1024
    codec: str = "uncompressed"
    row_group_rows: int = 10_000
    file_bytes: int = 1_048_576 * 1024


@dataclass(frozen=True)
class Written:
    """A Parquet file on this machine's disk."""

    path: Path
    rows: int


class Source(Protocol):
    """One database, open for one run of a task. `write` is called from several threads at once."""

    def catalogue(self) -> list[Table]:
        """Every table and view of the database that is not the engine's own."""
        ...

    def write(self, table: Table, layout: Layout, within: Range | None, folder: Path) -> Sequence[Written]:
        """The rows of *table* as Parquet files under *folder* (made here), in order; none when there are no rows.

        Raises TableUnreadableError, TableHeldError, RunEndedError.
        """
        ...

    def check(self) -> None:
        """Raise SourceUnreachableError unless the database still answers."""
        ...

    def close(self) -> None:
        """Give back what is held."""
        ...


class Reader(Protocol):
    """An engine that sources can be opened of."""

    def check(self, login: Login) -> None:
        """Raise SourceUnreachableError, with the engine's own words, unless *login* connects."""
        ...

    def open(self, login: Login) -> Source:
        """The database behind *login*. Raises SourceUnreachableError."""
        ...
