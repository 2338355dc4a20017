"""The loads of one attempt: what was asked of Snowflake, and what it answered. Kept in the control bucket."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from fleet.attempts import Attempt
from fleet.catalogue import TableName
from fleet.outcomes import LoadResult
from lambdas.clients.records import attempt_key
from lambdas.wiring import Clients


@dataclass(frozen=True)
class Load:
    """One table's request. *state*: `waiting` to be sent, `under way`, or `over` with its *result*."""

    schema: str
    table: str
    state: Literal["waiting", "under way", "over"]
    handle: str = ""
    result: LoadResult | None = None

    @property
    def name(self) -> TableName:
        """The table's two names."""
        return TableName(self.schema, self.table)

    def sent(self, handle: str) -> Load:
        """The same load under way."""
        return replace(self, state="under way", handle=handle)

    def over(self, result: LoadResult) -> Load:
        """The same load with its answer."""
        return replace(self, state="over", result=result)


def read_loads(attempt: Attempt, clients: Clients) -> tuple[Load, ...]:
    """The attempt's loads, in the manifest's order; none before SubmitLoads."""
    return clients.records.read(attempt_key(attempt, "loads"), tuple[Load, ...]) or ()


def write_loads(attempt: Attempt, loads: tuple[Load, ...], clients: Clients) -> None:
    """Keep them."""
    clients.records.write(attempt_key(attempt, "loads"), loads, tuple[Load, ...])
