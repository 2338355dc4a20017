"""Asks a source about its tables, one statement each, so that a slow or broken one does not take the others along."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from fleet.asking import COUNTING_SECONDS
from fleet.counts import Count
from fleet.deltas.key_sweep import Group, KeyAnswer
from fleet.deltas.key_text import KeyQuestion
from fleet.profiles.profile import ProfileAnswer, ProfileQuestion
from fleet.profiles.spread import KeySpread
from fleet.tables.losses import CountedLosses, TableLosses

Answer = TypeVar("Answer")
Explain = Callable[[Exception], str]
"""Why one statement failed, or nothing where the connection is lost with it: that error is raised."""
HasTime = Callable[[], bool]
"""Whether a statement that begins now ends within what one call may take."""


def count_tables(
    tables: Iterable[tuple[str, str]], count_rows: Callable[[str, str], int], explain: Explain, has_time: HasTime
) -> list[Count]:
    """The rows of each of *tables*, or why they were not counted, in order, while *has_time* says so.

    *count_rows*: the rows of a schema's table, by one statement. Raises what the driver raises.
    """
    counts: list[Count] = []
    for schema, table in tables:
        if not has_time():
            break
        rows, why = _ask(lambda names=(schema, table): count_rows(*names), explain)
        counts.append(Count(schema, table, rows, why))
    return counts


def count_losses(
    tables: Iterable[TableLosses],
    count_values: Callable[[TableLosses], Sequence[int | None]],
    explain: Explain,
    has_time: HasTime,
) -> list[CountedLosses]:
    """How many values of each of *tables* are lost, or why that was not counted, in order, while *has_time* says so.

    *count_values*: the answers of one statement, None for a sum over no row. Raises what the driver raises.
    """
    counted: list[CountedLosses] = []
    for asked in tables:
        if not has_time():
            break
        values, why = _ask(lambda asked=asked: count_values(asked), explain)
        numbers = tuple(int(one or 0) for one in values or ())
        split = len(asked.asked)
        counted.append(CountedLosses(asked.schema, asked.table, numbers[:split], why, numbers[split:]))
    return counted


def read_keys(
    tables: Iterable[KeyQuestion],
    ask_rows: Callable[[KeyQuestion], Iterable[Sequence[Any]]],
    explain: Explain,
    has_time: HasTime,
) -> list[KeyAnswer]:
    """The groups of the keys of each of *tables*, or the hashes in some groups, or why not, in order, while *has_time*
    says so.

    *ask_rows*: the rows that answer one statement. Raises what the driver raises.
    """
    answers: list[KeyAnswer] = []
    for asked in tables:
        if not has_time():
            break
        rows, why = _ask(lambda asked=asked: list(ask_rows(asked)), explain)
        groups, hashes = (), ()
        if asked.prefixes:
            hashes = tuple(str(row[0]) for row in rows or ())
        else:
            groups = tuple(Group(str(prefix), int(keys), int(total)) for prefix, keys, total in rows or ())
        answers.append(KeyAnswer(asked.schema, asked.table, groups, hashes, why))
    return answers


def profile_tables(
    tables: Iterable[ProfileQuestion],
    measure: Callable[[ProfileQuestion], int | None],
    spread: Callable[[ProfileQuestion, int | None], tuple[KeySpread, int | None]],
    explain: Explain,
    has_time: HasTime,
) -> list[ProfileAnswer]:
    """The size of each of *tables* and how its rows lie along a column, or why not, in order, while *has_time* says so.

    *measure*: the bytes of a table. *spread*: the rows along the column of a table of so many bytes, and how many there
    are where all were read. Both raise what the driver raises.
    """
    answers: list[ProfileAnswer] = []
    for asked in tables:
        if not has_time():
            break
        size, why = _ask(lambda asked=asked: measure(asked), explain)
        found, why_not = None, ""
        if asked.column and not why:
            found, why_not = _ask(lambda asked=asked, size=size: spread(asked, size), explain)
        lies, rows = found or (None, None)
        if why_not:
            lies = KeySpread(asked.column, asked.kind, why=why_not)
        answers.append(ProfileAnswer(asked.schema, asked.table, size, rows, lies, why))
    return answers


def _ask(ask: Callable[[], Answer], explain: Explain) -> tuple[Answer | None, str]:
    try:
        return ask(), ""
    except Exception as error:
        if not (why := explain(error)):
            raise
        return None, why


def within(seconds_each: float, now: Callable[[], datetime]) -> HasTime:
    """Whether a count of *seconds_each* that begins now ends within what one call may take, which begins here."""
    latest = now() + timedelta(seconds=COUNTING_SECONDS - seconds_each)
    return lambda: now() <= latest
