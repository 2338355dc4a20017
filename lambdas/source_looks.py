"""What a check looks at: a few questions to the source of one database, one connection after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from fleet.checks.source_facts import SourceFacts
from fleet.checks.source_look import NOT_ANSWERING, SourceLook
from fleet.databases import Database, Registry
from fleet.deltas.logs import SourceLog
from fleet.errors import ThrottledError, TransientError
from fleet.failures import Failure
from fleet.names import newest_census_key
from fleet.tables.catalogue import Census, TableName
from fleet.tables.losses import CountedLosses, TableLosses, ask_losses
from lambdas.wiring import Clients

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Questions:
    """How the source of one database is asked: each opens a connection and closes it. *facts* takes the views to try;
    *losses* takes what to count, and the seconds for each table.
    """

    census: Callable[[], Census | Failure]
    facts: Callable[[Sequence[TableName]], SourceFacts | Failure]
    log: Callable[[], SourceLog | Failure]
    losses: Callable[[Sequence[TableLosses], float], tuple[CountedLosses, ...] | Failure]


def ask_through_function(registry: Registry, database: Database, clients: Clients) -> Questions:
    """The questions, asked through AskSource. That the function cannot be asked now is a failure, as data."""
    server, source = registry.server_of(database), clients.source
    return Questions(
        lambda: _as_data(lambda: source.census(server, database)),
        lambda views: _as_data(lambda: source.facts(server, database, views)),
        lambda: _as_data(lambda: source.log(server, database)),
        lambda asked, seconds_each: _as_data(lambda: source.losses(server, database, asked, seconds_each)),
    )


def _as_data(ask: Callable[[], Answer | Failure]) -> Answer | Failure:
    try:
        return ask()
    except (ThrottledError, TransientError) as error:
        return Failure("throttled", type(error).__name__, str(error))


def look_at(
    registry: Registry,
    database: Database,
    ask: Questions,
    clients: Clients,
    *,
    hours_between_deltas: float | None = None,
    count_losses: bool = False,
) -> SourceLook:
    """What *database*'s source says. One that does not answer, or refuses the login, is asked once.

    *hours_between_deltas*: by the schedules, at most (`onboarding/schedules.py`). *count_losses*: whether the values
    that lose something are counted, which reads the tables.
    """
    census = ask.census()
    facts = census if isinstance(census, Failure) else _NOT_YET
    look = SourceLook(registry, database, census, facts, hours_between_deltas=hours_between_deltas)
    if isinstance(census, Failure):
        return replace(look, log=census if database.deltas else None)
    known = clients.records.read(newest_census_key(database.id), Census)
    facts = ask.facts([table.name for table in look.moved if table.is_view])
    is_away = isinstance(facts, Failure) and facts.failure_class in NOT_ANSWERING
    log = (facts if is_away else ask.log()) if database.deltas else None
    counted = _count_losses(look, ask) if count_losses and not is_away else None
    return replace(look, facts=facts, log=log, known=known, counted=counted)


_NOT_YET = SourceFacts("")


def _count_losses(look: SourceLook, ask: Questions) -> tuple[CountedLosses, ...] | Failure:
    """Of all tables, as many in a call as it has time for."""
    asked = [ask_losses(look.engine, table, look.lob_kilobytes) for table in look.moved]
    left = [one for one in asked if one.asked and look.database.losses_of(one.name) != "accept"]
    counted: list[CountedLosses] = []
    while left:
        answer = ask.losses(left, look.registry.settings.limits.count_table_seconds)
        if isinstance(answer, Failure):
            return answer
        counted += answer
        done = {one.name for one in counted}
        still = [one for one in left if one.name not in done]
        if len(still) == len(left):
            break
        left = still
    return tuple(counted)
