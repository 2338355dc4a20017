"""All that a check of a source looks at: what the registry says of a database, and what its source answered."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from fleet.checks.check import Judged
from fleet.checks.source_facts import SourceFacts
from fleet.databases import Database, Engine, Registry, Server
from fleet.deltas.logs import SourceLog
from fleet.failures import Failure
from fleet.spelling import list_some
from fleet.tables.account import DatabaseAccount, select_tables, take_account
from fleet.tables.catalogue import Census, Table, TableName
from fleet.tables.losses import CountedLosses

NOT_ANSWERING = frozenset({"connection", "credentials"})
"""Classes of a failure after which a source is not asked again: a login that is refused often may be locked."""


@dataclass(frozen=True)
class SourceLook:
    """One database and its source. *census*, *facts*, *log*: the answers, or why there are none; *log* is None where
    the database does no deltas. *known*: the census of the last run. *counted*: the losses of the tables, None where
    nobody asked. *hours_between_deltas*: by the schedules, at most; 0 where none names the database, None where nobody
    looked.
    """

    registry: Registry
    database: Database
    census: Census | Failure
    facts: SourceFacts | Failure
    log: SourceLog | Failure | None = None
    known: Census | None = None
    counted: tuple[CountedLosses, ...] | Failure | None = None
    hours_between_deltas: float | None = None

    @property
    def server(self) -> Server:
        """The server of the database."""
        return self.registry.server_of(self.database)

    @property
    def engine(self) -> Engine:
        """The server's engine, as the registry says."""
        return self.server.engine

    @property
    def lob_kilobytes(self) -> int:
        """The limit of long values."""
        return self.registry.settings.profile_of(self.database).lob_max_kilobytes

    @cached_property
    def moved(self) -> tuple[Table, ...]:
        """The tables and views that a full run moves; none where the source gave no census, or nothing is moved."""
        if isinstance(self.census, Failure):
            return ()
        found = select_tables(self.engine, self.database, self.census, None)
        return () if isinstance(found, Failure) else found

    @cached_property
    def account(self) -> DatabaseAccount:
        """What becomes of all that the source has."""
        if isinstance(self.census, Failure):
            return DatabaseAccount()
        return take_account(self.engine, self.database, self.census, self.known)

    @cached_property
    def barred(self) -> tuple[Table, ...]:
        """What is not moved because the login does not see all of it."""
        found = {one.name: one for one in self.census.tables} if isinstance(self.census, Census) else {}
        missing = (found.get(TableName(one.schema, one.table)) for one in self.account.missing if one.kind != "schema")
        whys = {(one.schema, one.table): one.why for one in self.account.missing}
        return tuple(one for one in missing if one and one.barred and whys[one.name] == one.barred)


def not_looked(failure: Failure) -> Judged:
    """What a check says that has no answer to look at."""
    return Judged("unknown", f"nobody could look: {failure.text}")


def say(passed: str, wrong: list[str], what: str = "") -> Judged:
    """*passed*, or a failure that names the first few of *wrong*, each one *what*.

    >>> say("all are there", [])
    Judged(verdict='passed', found='all are there')
    >>> say("all are there", ["s.t (why)"], "tables")
    Judged(verdict='failed', found='s.t (why)')
    """
    return Judged("failed", list_some(wrong, what, by="; ")) if wrong else Judged("passed", passed)


def note(passed: str, noted: list[str], what: str = "") -> Judged:
    """The same, as a remark."""
    return Judged("remark", list_some(noted, what, by="; ")) if noted else Judged("passed", passed)
