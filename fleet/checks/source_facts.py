"""What a source says of itself: what it is, how the connection is encrypted, and what may disturb a copy."""

from __future__ import annotations

from dataclasses import dataclass

from fleet.tables.catalogue import TableName


@dataclass(frozen=True)
class CaptureJob:
    """A job of MS-CDC. *kind*: `capture` or `cleanup`. *polling_seconds*: between two readings of the log."""

    kind: str
    polling_seconds: int
    is_continuous: bool


@dataclass(frozen=True)
class FoldedColumn:
    """A column of a primary key that takes `a` and `A` for the same value. *collation*: what it compares by."""

    schema: str
    table: str
    column: str
    collation: str


@dataclass(frozen=True)
class BrokenView:
    """A view that cannot be read, and why, in the server's words."""

    schema: str
    table: str
    why: str

    @property
    def name(self) -> TableName:
        """The view's two names."""
        return TableName(self.schema, self.table)


@dataclass(frozen=True)
class SourceFacts:
    """What one question brings. *version*: as the server writes it. *edition*: of SQL Server alone.

    *encryption*: of the connection that asked, as protocol and cipher where the server says them; empty where there is
    none, None where the login may not see it. *is_local*: it was a socket of one machine. *is_on_rds*: Amazon RDS runs
    the server. *kept_hours*: for how long RDS keeps the log of MySQL and MariaDB, 0 where it deletes it at once; None
    elsewhere. *agent*: the status of SQL Server's agent; None where it is unseen, or another engine. *capture_jobs*: of
    MS-CDC; None as well. *log_rights_missing*: what the login lacks to read the log, in the engine's words; None where
    that is unseen. *folded*: columns of keys. *unseen*: what the login may not see, in words.
    """

    version: str
    edition: str = ""
    encryption: str | None = None
    is_local: bool = False
    is_on_rds: bool = False
    kept_hours: int | None = None
    agent: str | None = None
    capture_jobs: tuple[CaptureJob, ...] | None = None
    log_rights_missing: tuple[str, ...] | None = None
    folded: tuple[FoldedColumn, ...] = ()
    broken_views: tuple[BrokenView, ...] = ()
    unseen: tuple[str, ...] = ()
