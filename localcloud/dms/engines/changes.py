"""The seam to a source engine's log: what it gives to a capture of changes, beside `reader.py` for full loads.

A capture (`localcloud/dms/changes/`) does all that is the same for every engine: grouping by table, batches, files,
headers, statistics, stop, checkpoint. An engine reads its log, decodes it, and turns values into columns.

Positions are numbers that grow along the log; only an engine's `show` says how one is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

import pyarrow as pa

from localcloud.dms.engines.reader import Login, SourceTable
from localcloud.dms.type_tables.column import DmsType, SourceColumn


class LogLostError(Exception):
    """What a capture would go on from is gone: the message says what, by name."""


class CaptureHeldError(Exception):
    """The log cannot be kept yet: transactions that are open at the source come first. It may be tried again."""


class CaptureRefusedError(Exception):
    """The source cannot be captured as it is: the message says what to do there."""


@dataclass(frozen=True, eq=False)
class ChangedTable:
    """A table in one of its shapes. *incarnation*: differs after a drop and a new table of the same name.

    Compared by identity: an engine gives the same object as long as nothing about the table changed.
    """

    table: SourceTable
    incarnation: int
    about: Any = field(default=None, repr=False)  # the engine's own


@dataclass(frozen=True)
class ChangeRun:
    """Changes of one table that follow each other in one transaction. *operations*: a letter for each: I, U or D.
    *rows*: for each what the engine needs to know of it, which only its `Changes.unpack` reads. *size*: their bytes in
    the log, about."""

    table: ChangedTable
    committed_at: datetime
    operations: str
    rows: Sequence[Any]
    size: int


@dataclass(frozen=True)
class Unpacked:
    """Rows of changes as columns. *positions*: as `$AR_H_STREAM_POSITION` has them. *is_key_changed*: of updates,
    whether they changed the primary key. *after*: the rows after the change, of deletes what is known of the row.
    *before*: the rows before an update. Where the log does not say what a column was, it is NULL, except that one of
    the primary key is what it is after; all of an insert's or a delete's are NULL."""

    positions: pa.Array
    is_key_changed: pa.Array
    after: list[pa.Array]
    before: list[pa.Array]


@dataclass(frozen=True)
class Truncated:
    """All rows of a table are gone."""

    table: ChangedTable


@dataclass(frozen=True)
class Passed:
    """Changes of a table that the log has and DMS does not read. *why*: for the task's log. *is_final*: no change of
    the table is taken from here on."""

    table: ChangedTable
    why: str
    is_final: bool = False


@dataclass(frozen=True)
class Committed:
    """A transaction is over: what came before has been read up to *position*, from which a capture may go on."""

    position: int


Carried = Sequence[tuple[SourceColumn, DmsType]]
"""Columns, with the types that DMS carries them in."""
IsWanted = Callable[[str, str], bool]
"""Whether changes of the table of that schema and name are of any use."""
Event = ChangeRun | Truncated | Passed | Committed


class Changes(Protocol):
    """The log of one database, open for one run of a capture. Used by one thread at a time."""

    def end(self) -> int:
        """Where the log ends now. Cheap: it is asked every few seconds."""
        ...

    def read(self, after: int, upto: int, most: int) -> Iterator[Event]:
        """What was committed behind *after* and not behind *upto*, in the order of commits. Ends with the transaction
        that makes the changes more than *most*; a large transaction comes in several runs."""
        ...

    def confirm(self, position: int) -> None:
        """What was committed up to *position* is not needed again."""
        ...

    def tables(self) -> dict[tuple[str, str], int] | None:
        """Schema and name of every table that there is now, with its incarnation; None of an engine whose drops DMS
        does not follow."""
        ...

    def unpack(self, table: ChangedTable, rows: Sequence[Any], after: Carried, before: Carried) -> Unpacked:
        """*rows* of runs of *table*, with values as a full load would carry them: for each column of *after* and
        *before* an array of the type that `writer.duckdb_type` says. Raises TableUnreadableError."""
        ...

    def dms_type(self, column: SourceColumn) -> DmsType | None:
        """What DMS carries the column as."""
        ...

    def show(self, position: int) -> str:
        """A position as checkpoints have it."""
        ...

    def close(self) -> None:
        """Give back what is held; the log is kept for the next run."""
        ...


class ChangeReader(Protocol):
    """The logs of an engine's databases. *name*: the capture that a log is kept for."""

    def prepare(self, login: Login, name: str, tables: Sequence[SourceTable]) -> int:
        """Let the log be kept from now on, for *tables* at least; where it begins. Raises CaptureHeldError,
        CaptureRefusedError, SourceUnreachableError."""
        ...

    def open(self, login: Login, name: str, position: int, is_wanted: IsWanted) -> Changes:
        """The log as it was kept, to be read from *position* on; changes of tables that are not wanted may be left out.
        Raises LogLostError, SourceUnreachableError."""
        ...

    def drop(self, login: Login, name: str) -> None:
        """Keep no log any longer; nothing where none is kept. Raises SourceUnreachableError."""
        ...


@runtime_checkable
class CapturingReader(Protocol):
    """A `Reader` whose changes may be captured as well."""

    def changes(self) -> ChangeReader | None:
        """What reads them; None where this one cannot."""
        ...
