"""An attempt with everything a state needs to know of it, read once, with the fence checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from fleet.attempt_record import AttemptRecord
from fleet.attempts import Attempt
from fleet.databases import Database, Registry, Server, Settings
from fleet.failures import Failure
from fleet.names import source_endpoint_id, target_endpoint_id, task_id, task_ids
from fleet.plan import Plan
from fleet.tables.account import DatabaseAccount
from fleet.tables.catalogue import Table, TableName
from lambdas.entrypoint import Model
from lambdas.wiring import Clients

Answer = TypeVar("Answer", bound=Model)


class AttemptRequest(Model):
    """What every state after ClaimDatabase takes."""

    attempt: Attempt


@dataclass(frozen=True)
class Opened:
    """An attempt, its record in the ledger, and the registry of the version its run is pinned to."""

    attempt: Attempt
    record: AttemptRecord
    plan: Plan
    registry: Registry
    database: Database

    @property
    def settings(self) -> Settings:
        """Where the fleet runs."""
        return self.registry.settings

    @property
    def server(self) -> Server:
        """The server that holds the database."""
        return self.registry.server_of(self.database)

    @property
    def ends_at_mark(self) -> bool:
        """Whether we end its task ourselves, once the mark that was set for it has landed."""
        return self.settings.profile.deltas_end == "at_mark" and self.record.marked_at is not None

    @property
    def task_id(self) -> str:
        """The task of this attempt's mode."""
        return task_id(self.settings.prefix, self.database.id, self.attempt.mode)

    @property
    def task_ids(self) -> tuple[str, str]:
        """Both tasks of the database; the second exists only where it does deltas."""
        return task_ids(self.settings.prefix, self.database.id)

    @property
    def source_endpoint_id(self) -> str:
        """The endpoint that reads the database."""
        return source_endpoint_id(self.settings.prefix, self.database.id)

    @property
    def target_endpoint_id(self) -> str:
        """The S3 endpoint that only this database writes through."""
        return target_endpoint_id(self.settings.prefix, self.database.id)


def open_attempt(attempt: Attempt, clients: Clients) -> Opened:
    """*attempt*, if it may still act.

    Raises:
        ClaimLostError: It is not the newest attempt, or not its execution's any more.
    """
    return _look_up(attempt, clients.ledger.open(attempt), clients)


def look_at_attempt(attempt: Attempt, clients: Clients) -> Opened:
    """*attempt*, also where another may act; for states without an effect on DMS or Snowflake."""
    return _look_up(attempt, clients.ledger.record(attempt), clients)


def _look_up(attempt: Attempt, record: AttemptRecord, clients: Clients) -> Opened:
    plan = clients.records.plan(attempt.run)
    registry = clients.records.registry(plan.registry_version)
    return Opened(attempt, record, plan, registry, registry.database(attempt.database))


def read_tables(attempt: Attempt, clients: Clients) -> tuple[Table, ...]:
    """The tables that PrepareTask chose for *attempt*; none where it never came to that."""
    return clients.records.read_settled(attempt.key("catalogue"), tuple[Table, ...]) or ()


def read_account(attempt: Attempt, clients: Clients) -> DatabaseAccount | None:
    """What PrepareTask accounted for; None where it never came to that."""
    return clients.records.read(attempt.key("account"), DatabaseAccount)


def read_names(attempt: Attempt, tables: Sequence[Table], clients: Clients) -> tuple[TableName, ...]:
    """All relations that the source had when PrepareTask chose *tables*."""
    account = read_account(attempt, clients)
    return account.names if account else tuple(table.name for table in tables)


def find_stop_request(opened: Opened, clients: Clients) -> Failure | None:
    """A failure, if the run was asked to end: what has not begun does not begin, what moves is stopped."""
    reason = clients.ledger.stop_requested(opened.attempt.run)
    return Failure("cancelled", "RunStopped", reason) if reason else None


def refuse(
    opened: Opened, failure: Failure, clients: Clients, answer: Callable[..., Answer], *, verdict: str = "refused"
) -> Answer:
    """*answer* with *verdict*, after noting *failure*: the attempt goes no further."""
    clients.ledger.note_failure(opened.attempt, failure)
    return answer(verdict=verdict)


def gone(what: str, identifier: str) -> Failure:
    """A resource of the database's that DMS does not know."""
    return Failure("not_deployed", "ResourceGone", f"DMS has no {what} {identifier!r}.")
