"""Takes the profile of a database: by several questions to its source, each asked until no table is left."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import ceil
from typing import Any, TypeVar

from cli.asking_here import Answer, ask_here
from fleet.counts import Count, part_by_size
from fleet.databases import Database, Engine, Registry
from fleet.failures import Failure
from fleet.profiles.profile import (
    DatabaseProfile,
    LongestValue,
    ProfileAnswer,
    ProfiledColumn,
    ProfileQuestion,
    TableProfile,
    ask_of,
)
from fleet.tables.account import select_tables
from fleet.tables.catalogue import Census, Table, TableName
from fleet.tables.columns import dms_type, is_long, lob_units
from fleet.tables.losses import CountedLosses, TableLosses, ask_losses
from lambdas.handlers.ask_source import Speaker
from lambdas.sources.counting import HasTime, within
from lambdas.wiring import Clients

TABLES_A_CALL = 500
"""Our choice: the answer of a function has at most 6 MB, and a table with 64 steps takes about 3 KB."""

Asked = TypeVar("Asked")
Heard = TypeVar("Heard", ProfileAnswer, CountedLosses, Count)


@dataclass(frozen=True)
class ProfileAsker:
    """How the source of one database is asked, each question by one call."""

    census: Callable[[], Census | Failure]
    profile: Callable[[Sequence[ProfileQuestion]], Sequence[ProfileAnswer] | Failure]
    losses: Callable[[Sequence[TableLosses]], Sequence[CountedLosses] | Failure]
    counts: Callable[[Sequence[TableName]], Sequence[Count] | Failure]


def through_function(fleet: Registry, database: Database, clients: Clients) -> ProfileAsker:
    """Through AskSource, the fleet's own function."""
    server, seconds = fleet.server_of(database), fleet.settings.limits.count_table_seconds
    source = clients.source
    return ProfileAsker(
        lambda: source.census(server, database),
        lambda asked: source.profile(server, database, asked, seconds),
        lambda asked: source.losses(server, database, asked, seconds),
        lambda asked: source.counts(server, database, asked, seconds),
    )


def from_here(
    fleet: Registry, database: Database, secret: Mapping[str, Any], now: Callable[[], datetime]
) -> ProfileAsker:
    """From this machine, with *secret*."""
    server, seconds = fleet.server_of(database), fleet.settings.limits.count_table_seconds
    name, mode = database.name_at_source, server.ssl_mode

    def ask(question: Callable[[Speaker, HasTime], Answer]) -> Answer | Failure:
        return ask_here(server.engine, lambda speaker: question(speaker, within(seconds, now)))

    return ProfileAsker(
        lambda: ask(lambda speaker, _: speaker.census(secret, name, list(database.schemas), mode)),
        lambda asked: ask(lambda speaker, time: speaker.profile(secret, name, asked, mode, seconds, time)),
        lambda asked: ask(lambda speaker, time: speaker.losses(secret, name, asked, mode, seconds, time)),
        lambda asked: ask(lambda speaker, time: speaker.counts(secret, name, asked, mode, seconds, time)),
    )


def take_profile(
    fleet: Registry, database: Database, asker: ProfileAsker, taken_at: datetime, *, is_counted: bool
) -> DatabaseProfile | Failure:
    """What the tables of *database* that a run would move look like. *is_counted*: whether their rows are counted.

    What the source does not say in time is a gap of the table. One that does not give its catalogue or sizes is a
    failure.
    """
    engine = fleet.server_of(database).engine
    census = asker.census()
    if isinstance(census, Failure):
        return census
    selected = select_tables(engine, database, census, None)
    if isinstance(selected, Failure):
        return selected
    tables = [table for table in selected if not table.is_view]
    questions = {table.name: ask_of(database, table) for table in tables}
    answers, failure = _ask_in_calls(asker.profile, questions)
    if failure is not None:
        return failure
    kilobytes = fleet.settings.profile_of(database).lob_max_kilobytes
    to_read, too_large = part_by_size(tables, fleet.settings.limits.count_rows_at_most)
    not_read = {one.name: one.why for one in too_large}
    all_losses = (ask_losses(engine, table, kilobytes) for table in tables if table.name not in not_read)
    asked = {one.name: replace(one, asked=one.long) for one in all_losses if one.long}
    longest, not_measured = _ask_in_calls(asker.losses, asked)
    names = {name: name for name in to_read} if is_counted else {}
    counts, not_counted = _ask_in_calls(asker.counts, names)
    profiles: list[TableProfile] = []
    for table in tables:
        profile = _describe(engine, table, answers.get(table.name))
        if table.name in not_read:
            profile = replace(profile, gaps=(*profile.gaps, f"its rows are not read: {not_read[table.name]}"))
        if table.name in asked:
            profile = _with_longest(engine, profile, asked[table.name], longest.get(table.name), not_measured)
        if table.name in names:
            profile = _with_count(profile, counts.get(table.name), not_counted)
        profiles.append(profile)
    return DatabaseProfile(database.id, engine, taken_at.isoformat(timespec="seconds"), tuple(profiles))


def _ask_in_calls(
    ask: Callable[[Sequence[Asked]], Sequence[Heard] | Failure], questions: Mapping[TableName, Asked]
) -> tuple[dict[TableName, Heard], Failure | None]:
    """The answers by table, each call asked for what those before had no time for; and why there are no more."""
    heard: dict[TableName, Heard] = {}
    while left := [name for name in questions if name not in heard]:
        answer = ask([questions[name] for name in left[:TABLES_A_CALL]])
        if isinstance(answer, Failure):
            return heard, answer
        if not answer:
            return heard, Failure("connection", "SourceSlow", f"one call had no time for {left[0]}")
        heard |= {one.name: one for one in answer}
    return heard, None


def _describe(engine: Engine, table: Table, answer: ProfileAnswer | None) -> TableProfile:
    spread = answer.spread if answer else None
    rows = answer.rows if answer else None
    gaps = [f"its size is not known: {answer.why}"] if answer and answer.why else []
    if spread and spread.why:
        gaps.append(f"how its rows lie along {spread.column} is not known: {spread.why}")
    return TableProfile(
        table.schema,
        table.table,
        table.kind,
        tuple(ProfiledColumn(one.name, one.declared or one.type_name, one.is_nullable) for one in table.columns),
        table.key,
        table.rows_estimated if rows is None else rows,
        rows is not None,
        answer.size_bytes if answer else None,
        spread,
        sum(is_long(engine, one) for one in table.columns),
        gaps=tuple(gaps),
    )


def _with_longest(
    engine: Engine, profile: TableProfile, asked: TableLosses, answer: CountedLosses | None, failure: Failure | None
) -> TableProfile:
    """*profile* with the longest values: DMS's limit is in KB, and how many units of a text that is, is its type's."""
    why = answer.why if answer else failure.text if failure else ""
    if answer is None or why:
        return replace(profile, gaps=(*profile.gaps, f"its longest values are not known: {why}"))
    found: list[LongestValue] = []
    for one, units in zip(asked.long, answer.longest, strict=True):
        dms = dms_type(engine, one.column)
        if dms is not None and units:
            found.append(LongestValue(one.column.name, ceil(units / lob_units(dms, 1))))
    return replace(profile, longest=tuple(found))


def _with_count(profile: TableProfile, answer: Count | None, failure: Failure | None) -> TableProfile:
    if answer is not None and answer.rows is not None:
        return replace(profile, rows=answer.rows, is_counted=True)
    why = answer.why if answer else failure.text if failure else ""
    return replace(profile, gaps=(*profile.gaps, f"its rows are not counted: {why}"))
