"""The loads of one attempt: what was asked of Snowflake, and what it answered. Kept in the control bucket."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from fleet.attempts import Attempt
from fleet.failures import Failure
from fleet.outcomes import LoadResult
from fleet.tables.catalogue import TableName
from lambdas.clients.records import attempt_key
from lambdas.clients.snowflake import SqlApiError
from lambdas.wiring import Clients


@dataclass(frozen=True)
class Load:
    """One table's request. *wanted*: the numbers of the statements whose answers are read.

    *state*: `waiting`; `sending`, after which it may or may not have arrived; `under way`; `over` with its *result*.
    """

    schema: str
    table: str
    state: Literal["waiting", "sending", "under way", "over"]
    handle: str = ""
    wanted: tuple[int, ...] = ()
    result: LoadResult | None = None

    @property
    def name(self) -> TableName:
        """The table's two names."""
        return TableName(self.schema, self.table)

    def sending(self) -> Load:
        """The same load, about to be sent."""
        return replace(self, state="sending")

    def sent(self, handle: str, wanted: tuple[int, ...]) -> Load:
        """The same load under way."""
        return replace(self, state="under way", handle=handle, wanted=wanted)

    def over(self, result: LoadResult) -> Load:
        """The same load with its answer."""
        return replace(self, state="over", result=result)

    def refused(self, error: SqlApiError) -> Load:
        """The same load, which the SQL API would not hear of: that is data, as a refused COPY is."""
        return self.over(LoadResult(0, 0, Failure("warehouse", "RequestRefused", f"{self.name}: {error}")))


def read_loads(attempt: Attempt, clients: Clients) -> tuple[Load, ...]:
    """The attempt's loads, in the manifest's order; none before SubmitLoads."""
    return clients.records.read(attempt_key(attempt, "loads"), tuple[Load, ...]) or ()


def write_loads(attempt: Attempt, loads: tuple[Load, ...], clients: Clients) -> None:
    """Keep them."""
    clients.records.write(attempt_key(attempt, "loads"), loads, tuple[Load, ...])
