"""How large the tables of a MySQL or MariaDB source are, and how their rows lie along a column.

A table that is small is walked along its key. Of a larger one the server is asked how many rows it expects between two
values: it looks at a few pages of the index for that, and reads no range.
Source: https://dev.mysql.com/doc/refman/8.0/en/information-schema-tables-table.html (DATA_LENGTH, INDEX_LENGTH) and
https://dev.mysql.com/doc/refman/5.6/en/equality-range-optimization.html, "Equality Range Optimization of Many-Valued
Comparisons" (index dives), read 2026-12-01.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from time import monotonic
from typing import Any

import pymysql.cursors

from fleet.databases import SslMode
from fleet.profiles.profile import ProfileAnswer, ProfileQuestion
from fleet.profiles.spread import KeySpread, KeyStep, in_order, place_of
from lambdas.sources.counting import HasTime, profile_tables
from lambdas.sources.mysql import explain, snapshot
from lambdas.sources.mysql_losses import quote

WALKED_ROWS = 1_000_000
"""Our choice: a table of at most so many rows, by the server's statistics, is walked; that takes about a second."""
_WALKED_STEPS = 48
_LEAST_STEP_ROWS = 100
_LOOKS = 160
_PARTS = 3
"""The size, the least and greatest value, and the steps share the time of a table."""
_A_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_DATE_CHARACTERS = len("2026-01-31")


def ask_profile(
    secret: Mapping[str, Any],
    database: str,
    tables: Sequence[ProfileQuestion],
    ssl_mode: SslMode,
    seconds_each: float,
    has_time: HasTime,
    clock: Callable[[], float] = monotonic,
) -> list[ProfileAnswer]:
    """What `profile_tables` gives of *tables*, all in one snapshot."""
    seconds = seconds_each / _PARTS
    with snapshot(
        secret, database, ssl_mode, seconds / 2
    ) as cursor:  # a step that begins in time may take as long again

        def spread(asked: ProfileQuestion, _: int | None) -> tuple[KeySpread, int | None]:
            latest = clock() + seconds
            return _spread(cursor, asked, lambda: clock() < latest)

        return profile_tables(
            tables,
            lambda asked: _ask(cursor, size_statement(asked))[0][0],
            spread,
            lambda error: explain(error, seconds / 2),
            has_time,
        )


def _spread(cursor: pymysql.cursors.Cursor, asked: ProfileQuestion, has_time: HasTime) -> tuple[KeySpread, int | None]:
    column = quote(asked.column)
    ends = f"SELECT CAST(MIN({column}) AS CHAR), CAST(MAX({column}) AS CHAR) FROM {_name(asked)}"
    minimum, maximum = _ask(cursor, ends)[0]
    if maximum is None:
        return KeySpread(asked.column, asked.kind, by="all rows"), None
    if (asked.rows_estimated or 0) <= WALKED_ROWS:
        steps = _walk(cursor, asked, has_time)
        if steps is not None:
            found = in_order(asked.kind, steps)
            return KeySpread(asked.column, asked.kind, minimum, maximum, found, "all rows"), int(
                sum(step.rows for step in steps)
            )
    found = in_order(asked.kind, _look(cursor, asked, minimum, maximum, has_time))
    why = "" if found else "the server says nothing of its ranges"
    return KeySpread(asked.column, asked.kind, minimum, maximum, found, "statistics", why), None


def _walk(cursor: pymysql.cursors.Cursor, asked: ProfileQuestion, has_time: HasTime) -> list[KeyStep] | None:
    """The steps of all rows, from one value of the column to the next; None where the time does not suffice."""
    size = max(_LEAST_STEP_ROWS, (asked.rows_estimated or 0) // _WALKED_STEPS)
    steps: list[KeyStep] = []
    after = ""
    while has_time():
        upper, rows = _ask(cursor, step_statement(asked, after, size))[0]
        if not rows:
            return steps
        if not asked.is_unique:  # the last value of a step may have more rows than the step
            rows = _ask(cursor, f"SELECT COUNT(*) FROM {_name(asked)} WHERE {_between(asked, after, upper)}")[0][0]
        steps.append(KeyStep(upper, rows))
        after = upper
        if len(steps) % (2 * _WALKED_STEPS) == 0:  # the statistics say too little
            size *= 2
    return None


def _look(
    cursor: pymysql.cursors.Cursor, asked: ProfileQuestion, minimum: str, maximum: str, has_time: HasTime
) -> list[KeyStep]:
    """The steps by the server's estimates: the one that holds most is halved, and halved again."""
    first = KeyStep(maximum, _estimate(cursor, asked, "", maximum))
    found: list[tuple[str, KeyStep]] = [(minimum, first)]
    whole: list[tuple[str, KeyStep]] = []
    for _ in range(_LOOKS):
        if not found or not has_time():
            break
        heaviest = max(found, key=lambda pair: pair[1].rows)
        found.remove(heaviest)
        above, step = heaviest
        middle = find_middle(asked, above, step.upper)
        if middle is None:
            whole.append(heaviest)
            continue
        low = KeyStep(middle, _estimate(cursor, asked, above if above != minimum else "", middle))
        high = KeyStep(step.upper, _estimate(cursor, asked, middle, step.upper))
        found += [(above, low), (middle, high)]
    return [step for _, step in (*found, *whole)]


def find_middle(asked: ProfileQuestion, low: str, high: str) -> str | None:
    """What is between *low* and *high*, as a value of the column; None where there is nothing, or they are no values.

    >>> number, time = ProfileQuestion("s", "t", "c", "number"), ProfileQuestion("s", "t", "c", "time")
    >>> find_middle(number, "-10", "21"), find_middle(number, "4", "5"), find_middle(time, "2020-01-01", "2020-01-04")
    ('5', None, '2020-01-02')
    """
    one, other = place_of(asked.kind, low), place_of(asked.kind, high)
    if isinstance(one, Decimal) and isinstance(other, Decimal):
        middle = str(int((one + other) // 2))
    elif isinstance(one, datetime) and isinstance(other, datetime):
        half = (one + (other - one) / 2).replace(microsecond=0)
        middle = str(half)[: _DATE_CHARACTERS if len(high) <= _DATE_CHARACTERS else None]
    else:
        return None
    place = place_of(asked.kind, middle)
    is_between = place is not None and one < place < other  # pyright: ignore[reportOperatorIssue]  all of one type
    return middle if is_between else None


def _estimate(cursor: pymysql.cursors.Cursor, asked: ProfileQuestion, after: str, upto: str) -> float:
    cursor.execute(estimate_statement(asked, after, upto))
    (row, *_), columns = cursor.fetchall(), [one[0] for one in cursor.description or ()]
    return float(row[columns.index("rows")] or 0)


def size_statement(asked: ProfileQuestion) -> str:
    """One statement that answers the bytes of a table and its indexes; NULL where there is none."""
    return (
        "SELECT CAST(SUM(data_length + index_length) AS SIGNED) FROM information_schema.tables "
        f"WHERE table_schema = {_literal(asked.schema)} AND table_name = {_literal(asked.table)}"
    )


def step_statement(asked: ProfileQuestion, after: str, size: int) -> str:
    """One statement that answers the last of the next *size* values after that one, and how many there are.

    >>> step_statement(ProfileQuestion("s", "t", "id"), "7", 500)
    'SELECT CAST(MAX(`id`) AS CHAR), COUNT(*) FROM (SELECT `id` FROM `s`.`t` WHERE `id` > 7 ORDER BY `id` LIMIT 500) \
AS step'
    """
    column, where = quote(asked.column), _between(asked, after, "")
    return (
        f"SELECT CAST(MAX({column}) AS CHAR), COUNT(*) FROM "
        f"(SELECT {column} FROM {_name(asked)} WHERE {where} ORDER BY {column} LIMIT {size}) AS step"
    )


def estimate_statement(asked: ProfileQuestion, after: str, upto: str) -> str:
    """One statement that answers how many rows the server expects there, by the primary key where the column leads it.

    Without a hint it may choose another index, of which it then says how many rows there are in all.
    """
    hint = " FORCE INDEX (PRIMARY)" if asked.leads_key else ""
    return f"EXPLAIN SELECT {quote(asked.column)} FROM {_name(asked)}{hint} WHERE {_between(asked, after, upto)}"


def _between(asked: ProfileQuestion, after: str, upto: str) -> str:
    """The condition on the column; without both ends any value that is none fails."""
    column = quote(asked.column)
    ends = [f"{column} > {_value(after)}"] if after else []
    ends += [f"{column} <= {_value(upto)}"] if upto else []
    return " AND ".join(ends) or f"{column} IS NOT NULL"


def _value(text: str) -> str:
    """A number is not quoted: it would be compared as a float."""
    return text if _A_NUMBER.fullmatch(text) else _literal(text)


def _literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


def _name(asked: ProfileQuestion) -> str:
    return f"{quote(asked.schema)}.{quote(asked.table)}"


def _ask(cursor: pymysql.cursors.Cursor, query: str) -> Sequence[Sequence[Any]]:
    cursor.execute(query)  # without values: with any, even none, a % in a name would be read
    return cursor.fetchall()
