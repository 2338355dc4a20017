"""How DMS describes the tasks and the connections of one replication instance: asked for once, read by all its
databases.

DMS's request bucket is the account's, and a description of a hundred tasks costs as much as that of one. So what is
looked at again and again is kept in the ledger with the time at which it was asked for. The first handler that finds it
too old asks anew; the others wait for that. What must be fresh for safety's sake is not looked at here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, Literal, TypeVar

from fleet.connections import Connection
from lambdas.attempt_context import Opened
from lambdas.clients.dms import Task
from lambdas.clients.records import adapter
from lambdas.dms_turns import charge, pace_of
from lambdas.wiring import Clients

GIVEN_UP_AFTER = timedelta(seconds=60)
"""A handler that began to look and died is replaced after this time; none runs longer for that."""
CLOCKS_DIFFER = timedelta(seconds=1)
"""By how much, at most, those of two functions: a look of another's counts as later than *after* from then on."""
SOON_SECONDS = 2
"""When to come back for what another handler is asking DMS right now."""

Thing = TypeVar("Thing", Task, Connection)


@dataclass(frozen=True)
class Look(Generic[Thing]):
    """What was seen, by identifier (tasks) or ARN of the endpoint (connections). *read_at*: just before it was asked
    for.
    """

    read_at: datetime
    things: Mapping[str, Thing]


def look_at_tasks(
    opened: Opened, clients: Clients, *, after: datetime, oldest_seconds: float | None = None
) -> Look[Task] | int:
    """The tasks on the attempt's instance as DMS described them later than *after*, and not longer ago than
    *oldest_seconds*, by default what the run plans between two looks; or in how many seconds to ask again."""
    return _look("TASKS", opened, clients, after, oldest_seconds, dict[str, Task], clients.dms.tasks_on)


def look_at_connections(opened: Opened, clients: Clients, *, after: datetime) -> Look[Connection] | int:
    """The same for the connections of the instance."""
    return _look("CONNECTIONS", opened, clients, after, None, dict[str, Connection], clients.dms.connections_of)


def _look(
    what: Literal["TASKS", "CONNECTIONS"],
    opened: Opened,
    clients: Clients,
    after: datetime,
    oldest_seconds: float | None,
    kind: Any,
    ask: Callable[[str], Any],
) -> Any:
    instance, now = opened.record.instance_arn, clients.now()
    kept = clients.ledger.lane(instance, what)
    read_at = datetime.fromisoformat(kept["read_at"]) if "read_at" in kept else None
    if read_at is not None:
        oldest = now - timedelta(seconds=oldest_seconds or opened.plan.poll_seconds)
        if read_at > max(after + CLOCKS_DIFFER, oldest):
            return Look(read_at, adapter(kind).validate_json(kept["body"]))
        wait = opened.plan.poll_seconds - (now - read_at).total_seconds()
        if wait > 0:
            return math.ceil(wait)
    given_up_before = (now - GIVEN_UP_AFTER).isoformat()
    before = kept.get("read_at")
    if not clients.ledger.begin_look(
        instance, what, before=before, now=now.isoformat(), given_up_before=given_up_before
    ):
        return SOON_SECONDS
    charge(1, pace_of(opened), clients)
    things = ask(instance)
    clients.ledger.end_look(instance, what, now.isoformat(), adapter(kind).dump_json(things).decode())
    return Look(now, things)
