"""The seam to a source engine: how DMS looks into a database and gets its rows out as files.

`postgresql.py` is the first implementation; a further engine is a further `Reader`, registered in `Dms` under DMS's
name of it. A reader turns a table into a relation of DuckDB's whose columns have DMS's types, and `files.write` does
all that is the same for every engine: filters, transformations, cutting of LOBs, and the formats.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Protocol

from localcloud.dms.files.formats import Csv, Parquet
from localcloud.dms.rules.mappings import Range
from localcloud.dms.rules.transformations import Shape
from localcloud.dms.type_tables.column import DmsType, SourceColumn


class SourceUnreachableError(Exception):
    """The database cannot be connected to: not there, not ours, or gone."""


class TableUnreadableError(Exception):
    """This table cannot be loaded; others may be."""


class TableHeldError(Exception):
    """This table cannot be loaded yet: it is tried again in *seconds*, and shown in *state* until then."""

    def __init__(self, seconds: float, state: str = "Full load") -> None:
        super().__init__(f"held for {seconds} s")
        self.seconds = seconds
        self.state = state


class RunEndedError(Exception):
    """The replication instance ends the whole run: what the task then shows, in DMS's words (docs/facts/dms.md 3.2)."""

    def __init__(self, status: str, stop_reason: str, words: str = "") -> None:
        super().__init__(words or stop_reason)
        self.status = status
        self.stop_reason = stop_reason
        self.words = words


@dataclass(frozen=True)
class Login:
    """Where a source is and who reads it. A *host* that begins with "/" is the folder of a Unix socket.

    *ssl_mode*: how the connection is encrypted, of those that are emulated.
    """

    host: str
    port: int
    database: str
    username: str
    password: str = field(repr=False)
    ssl_mode: Literal["none", "require"] = "none"


@dataclass(frozen=True)
class SourceTable:
    """A table or view in the source's catalogue, columns in table order. *key*: the primary key's columns."""

    schema: str
    name: str
    columns: tuple[SourceColumn, ...]
    key: tuple[str, ...] = ()
    is_view: bool = False


def _heed_not(warning: str) -> None:
    del warning


@dataclass(frozen=True)
class Layout:
    """What the files of one load of one table hold, and how they are written.

    *leading*: name and constant value of the columns before the source's own. *of_changes*: of rows that are changes,
    name and SQL of the columns before the source's own; their relation has a column for each header. *shape*: what the
    task's rules make of the table. *key*: its primary key. *lob_bytes*: where LOBs are cut; None
    leaves out the columns that are LOBs. *suspends_at_cut*: a table in which one is cut errs. *file_bytes*: where a new
    file begins. *at*: when the load writes. *warn*: takes what AWS would write into the task's log as a warning.
    """

    leading: tuple[tuple[str, str], ...] = ()
    of_changes: tuple[tuple[str, str], ...] | None = None
    shape: Shape = field(default_factory=Shape)
    key: tuple[str, ...] = ()
    lob_bytes: int | None = 32 * 1024
    suspends_at_cut: bool = False
    format: Parquet | Csv = field(default_factory=Parquet)
    file_bytes: int = 1_048_576 * 1024
    at: datetime = datetime(2000, 1, 1, tzinfo=UTC)
    warn: Callable[[str], None] = _heed_not


@dataclass(frozen=True)
class Written:
    """A file, and how many of the source's rows are in it. *content*: its path on this machine's disk, or, of a small
    one, its bytes: to make and to remove a file costs as much as to fill it."""

    content: Path | bytes
    rows: int

    def read(self) -> bytes:
        """What is in the file."""
        return self.content if isinstance(self.content, bytes) else self.content.read_bytes()

    def remove(self) -> None:
        """Take the file from the disk if it is there."""
        if isinstance(self.content, Path):
            self.content.unlink()


def carried(
    table: SourceTable, layout: Layout, dms_type: Callable[[SourceColumn], DmsType | None]
) -> list[tuple[SourceColumn, DmsType]]:
    """The columns of *table* that DMS migrates, with the types it carries them in.

    A column of a type that DMS does not know is left out with a warning: the guides list such types, column by column,
    as not migrated (documented; that the rest of the table still is, and the warning, are assumed). Without LOB
    support LOB columns are left out too (documented). Raises TableUnreadableError when nothing is left.
    """
    found: list[tuple[SourceColumn, DmsType]] = []
    _refuse_names_alike(table)
    for column in table.columns:
        kind = dms_type(column)
        if kind is None:
            layout.warn(f"column {column.name} is left out: its type {column.type_name} is not migrated")
        elif not (kind.is_lob and layout.lob_bytes is None):
            found.append((column, kind))
    if not found:
        raise TableUnreadableError(f"no column of {table.schema}.{table.name} has a type that DMS migrates")
    return found


def _refuse_names_alike(table: SourceTable) -> None:
    """DuckDB, which carries the rows here, knows no case in names. What DMS does with such columns is not known."""
    known: dict[str, str] = {}
    for column in table.columns:
        if (other := known.setdefault(column.name.casefold(), column.name)) != column.name:
            raise TableUnreadableError(
                f"not emulated here: columns {other} and {column.name}, alike but for their case"
            )


class Source(Protocol):
    """One database, open for one run of a task. `write` is called from several threads at once."""

    def catalogue(self) -> list[SourceTable]:
        """Every table and view of the database that is not the engine's own."""
        ...

    def write(self, table: SourceTable, layout: Layout, within: Range | None, folder: Path) -> Sequence[Written]:
        """The rows of *table* as files, in order; none when there are no rows. Files that are not small lie under
        *folder* (made here).

        An implementation asks `carried` for the columns, makes a relation of them, and calls `files.write`.

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
