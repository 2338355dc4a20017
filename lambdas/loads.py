"""The loads of one attempt: what was asked of Snowflake, and what it answered. Kept in the control bucket."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from botocore.exceptions import BotoCoreError, ClientError

from fleet.attempts import Attempt
from fleet.databases import SnowflakeSettings
from fleet.drift import KnownTable, TableLook, TablePlan
from fleet.errors import FleetError
from fleet.failures import Failure
from fleet.outcomes import LoadResult
from fleet.tables.catalogue import TableName
from lambdas.clients.snowflake import SqlApiError
from lambdas.wiring import Clients


@dataclass(frozen=True)
class Load:
    """One table's requests. *wanted*: the numbers of the statements whose answers are read. Times are ISO, UTC.

    *must_look*: a first request asks for the columns of its files and of the table; *look*: what that one answered,
    until the load is over. *changes*, *drift*: what the load does to a table whose source has changed. *learnt*: what
    is known of the table if it succeeds.
    *folders*: of a delta, the attempts whose changes are applied; *written*: the attempt that was applied before them.
    *state*: `waiting`; `sending`, after which it may or may not have arrived; `under way`; `over` with its *result*.
    *cancelled*: why Snowflake was asked to cancel it, at *cancelled_at*.
    """

    schema: str
    table: str
    state: Literal["waiting", "sending", "under way", "over"]
    handle: str = ""
    wanted: tuple[int, ...] = ()
    result: LoadResult | None = None
    sent_at: str = ""
    cancelled: Failure | None = None
    cancelled_at: str = ""
    must_look: bool = False
    look: TableLook | None = None
    changes: tuple[str, ...] = ()
    drift: Failure | None = None
    learnt: KnownTable | None = None
    folders: tuple[int, ...] = ()
    written: int = 0

    @property
    def is_looking(self) -> bool:
        """Whether its next or present request is the look."""
        return self.must_look and self.look is None

    @property
    def name(self) -> TableName:
        """The table's two names."""
        return TableName(self.schema, self.table)

    def seconds_since_sent(self, now: datetime) -> float:
        """How long it has been under way."""
        return (now - datetime.fromisoformat(self.sent_at)).total_seconds()

    def seconds_since_touched(self, now: datetime) -> float:
        """How long ago it was sent or, if it was cancelled, that."""
        return (now - datetime.fromisoformat(self.cancelled_at or self.sent_at)).total_seconds()

    def sending(self) -> Load:
        """The same load, about to be sent."""
        return replace(self, state="sending")

    def not_sent(self) -> Load:
        """The same load, which was not sent after all."""
        return replace(self, state="waiting")

    def sent(self, handle: str, wanted: tuple[int, ...], now: datetime) -> Load:
        """The same load under way."""
        return replace(self, state="under way", handle=handle, wanted=wanted, sent_at=now.isoformat())

    def looked(self, look: TableLook) -> Load:
        """The same load, which waits again and knows what is there."""
        return replace(self, state="waiting", handle="", wanted=(), cancelled=None, cancelled_at="", look=look)

    def with_folders(self, folders: tuple[int, ...], written: int) -> Load:
        """The same load of the changes in *folders*."""
        return replace(self, folders=folders, written=written)

    def planned(self, plan: TablePlan, learnt: KnownTable) -> Load:
        """The same load, with what it does to its table."""
        return replace(self, changes=plan.changes, drift=plan.drift, learnt=learnt)

    def cancel(self, why: Failure, now: datetime) -> Load:
        """The same load, still under way, which Snowflake was asked to cancel."""
        return replace(self, cancelled=why, cancelled_at=now.isoformat())

    def over(self, result: LoadResult) -> Load:
        """The same load with its answer."""
        return replace(self, state="over", result=result, look=None)

    def failed(self, failure: Failure) -> Load:
        """The same load, which brought nothing."""
        return self.over(LoadResult(0, 0, failure))

    def refused(self, error: SqlApiError) -> Load:
        """The same load, which the SQL API refused: that is data, as a refused COPY is."""
        return self.failed(Failure("warehouse", "RequestRefused", f"{self.name}: {error}"))


def read_loads(attempt: Attempt, clients: Clients) -> tuple[Load, ...]:
    """The attempt's loads, in the manifest's order; none before SubmitLoads."""
    return clients.records.read(attempt.key("loads"), tuple[Load, ...]) or ()


def write_loads(attempt: Attempt, loads: tuple[Load, ...], clients: Clients) -> None:
    """Keep them."""
    clients.records.write(attempt.key("loads"), loads, tuple[Load, ...])


def cancel_loads(attempt: Attempt, snowflake: SnowflakeSettings, why: str, clients: Clients) -> tuple[int, str]:
    """Ask Snowflake to cancel what *attempt*, whose execution has ended, left under way.

    How many loads were cancelled now, and in words what may still run, or nothing. Asked again, only what is left is
    cancelled.
    """
    loads = {load.name: load for load in read_loads(attempt, clients)}
    left = [load for load in loads.values() if load.state == "under way" and load.cancelled is None]
    sending = [load for load in loads.values() if load.state == "sending"]
    gap = f"{len(sending)} loads were being sent when the execution ended and may still run" if sending else ""
    if not left:
        return 0, gap
    try:
        api = clients.snowflake(snowflake)
        for load in left:
            api.cancel(load.handle)
            failure = Failure("cancelled", "LoadCancelled", f"{load.name}: its load was cancelled: {why}")
            loads[load.name] = load.cancel(failure, clients.now())
    except (FleetError, ClientError, BotoCoreError) as error:
        gap = f"Snowflake could not be asked to cancel {len(left)} loads, which may still run: {error}"
    write_loads(attempt, tuple(loads.values()), clients)
    return sum(loads[load.name].cancelled is not None for load in left), gap
