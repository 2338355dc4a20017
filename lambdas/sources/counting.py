"""Counts tables one statement each, so that one slow or broken table does not take the others with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from fleet.asking import COUNTING_SECONDS

CountRows = Callable[[str, str], int]
"""The rows of a schema's table, by one statement. Raises what the driver raises."""


def count_tables(
    tables: Iterable[tuple[str, str]],
    count_rows: CountRows,
    explain: Callable[[Exception], str],
    has_time: Callable[[], bool],
) -> list[list[Any]]:
    """[schema, table, rows, ""] of each of *tables*, or [schema, table, None, why], in order, while *has_time* says so.

    *explain*: why one statement failed, or nothing where the connection is lost with it; that error is raised.
    """
    counts: list[list[Any]] = []
    for schema, table in tables:
        if not has_time():
            break
        try:
            counts.append([schema, table, count_rows(schema, table), ""])
        except Exception as error:
            if not (why := explain(error)):
                raise
            counts.append([schema, table, None, why])
    return counts


def within(seconds_each: float, now: Callable[[], datetime]) -> Callable[[], bool]:
    """Whether a count of *seconds_each* that begins now ends within what one call may take, which begins here."""
    latest = now() + timedelta(seconds=COUNTING_SECONDS - seconds_each)
    return lambda: now() <= latest
