"""The expressions of `add-column`: SQLite's, as DMS documents them, computed by SQLite itself.

Source: AWS DMS user guide, "Using transformation rule expressions to define column content". A column of the source
is written `$NAME`, which is how SQLite writes a parameter. Refused by name: what depends on chance, or on a function
that is not in the guide's list.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

Value = str | int | float | bytes | None

HEADERS = (
    *("AR_H_STREAM_POSITION", "AR_H_TIMESTAMP", "AR_H_COMMIT_TIMESTAMP", "AR_H_OPERATION", "AR_H_USER"),
    "AR_H_CHANGE_SEQ",
)
"""What a change carries beside its row. Source: the guide, "Replicating source table headers using expressions"."""
_HEADER = re.compile(r"\s*\$(AR_H_\w+)\s*")
_METADATA = {"AR_M_SOURCE_SCHEMA", "AR_M_SOURCE_TABLE_NAME"}
_FUNCTIONS = {
    *("lower", "upper", "ltrim", "replace", "rtrim", "substr", "trim", "replacechars", "hex", "zeroblob", "abs"),
    *("round", "max", "min", "coalesce", "ifnull", "nullif", "date", "time", "datetime", "julianday", "strftime"),
    *("hash_sha256", "like", "glob"),
}
_CLOCK_FUNCTIONS = {"date": 0, "time": 0, "datetime": 0, "julianday": 0, "strftime": 1}
_LITERAL = re.compile(r"'(?:[^']|'')*'")
_TOKENS = re.compile(r"'(?:[^']|'')*'|\$(\w+)|(\bcurrent_(?:date|time|timestamp)\b)", re.IGNORECASE)


class ExpressionError(Exception):
    """The expression is not one that DMS documents, or not one that is computed here."""


@dataclass(frozen=True)
class Expression:
    """An expression that was understood. Two of the same text are equal."""

    text: str

    def __post_init__(self) -> None:
        if _LITERAL.fullmatch(self.text):  # by far the most frequent: needs no SQLite
            return
        for name in self.names:
            if name.startswith("AR_") and name not in _METADATA and name not in HEADERS:
                raise ExpressionError(f"${name} in an expression")
        if any(found.group(2) for found in _TOKENS.finditer(self.text)):
            raise ExpressionError("CURRENT_DATE, CURRENT_TIME and CURRENT_TIMESTAMP in an expression")
        refused: list[str] = []
        connection = _connect(datetime(2000, 1, 1), refused)  # noqa: DTZ001  any: the expression is only read
        try:
            connection.execute(f"EXPLAIN SELECT ({self.text})", dict.fromkeys(self.names))
        except sqlite3.Error as error:
            raise ExpressionError(f"the expression {self.text}: {refused[0] if refused else error}") from error
        finally:
            connection.close()

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names behind a `$`, each once."""
        found = (match.group(1) for match in _TOKENS.finditer(self.text) if match.group(1))
        return tuple(dict.fromkeys(found))

    @property
    def header(self) -> str | None:
        """The header that the expression is, and nothing else."""
        found = _HEADER.fullmatch(self.text)
        return found.group(1) if found else None

    @property
    def columns(self) -> tuple[str, ...]:
        """The source's columns, and the headers, that the expression reads."""
        return tuple(name for name in self.names if name not in _METADATA)


class Evaluation:
    """An expression being computed for one table. *at* is what `'now'` means."""

    def __init__(self, expression: Expression, schema: str, table: str, at: datetime) -> None:
        self._columns = expression.columns
        self._fixed = {"AR_M_SOURCE_SCHEMA": schema, "AR_M_SOURCE_TABLE_NAME": table}
        self._sql = f"SELECT ({expression.text})"
        self._connection = _connect(at, [])

    def of(self, values: Sequence[Value]) -> Value:
        """The value for a row whose columns, in the expression's order, hold *values*.

        Raises sqlite3.Error when SQLite cannot compute it.
        """
        parameters = {**self._fixed, **dict(zip(self._columns, values, strict=True))}
        return self._connection.execute(self._sql, parameters).fetchone()[0]


def constant(expression: Expression, schema: str, table: str, at: datetime) -> Value:
    """The value of an expression that reads no column.

    >>> constant(Expression("'it''s ' || upper($AR_M_SOURCE_SCHEMA)"), "hr", "t", datetime(2026, 1, 2))
    "it's HR"
    >>> constant(Expression("datetime()"), "hr", "t", datetime(2026, 1, 2))
    '2026-01-02 00:00:00'
    """
    if _LITERAL.fullmatch(expression.text):
        return expression.text[1:-1].replace("''", "'")
    return Evaluation(expression, schema, table, at).of(())


def _connect(at: datetime, refused: list[str]) -> sqlite3.Connection:
    # A load's segment is handed from thread to thread, never shared between two at once.
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    plain = sqlite3.connect(":memory:", check_same_thread=False)
    now = at.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    for name, first in _CLOCK_FUNCTIONS.items():
        connection.create_function(name, -1, _timed(plain, name, first, now))
    connection.create_function("replaceChars", 3, _replace_characters, deterministic=True)
    connection.create_function("hash_sha256", 1, _sha256, deterministic=True)
    connection.set_authorizer(lambda action, first, second, *_: _authorise(action, second or first, refused))
    return connection


def _authorise(action: int, name: str | None, refused: list[str]) -> int:
    if action == sqlite3.SQLITE_FUNCTION and (name or "").lower() in _FUNCTIONS:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_SELECT:
        return sqlite3.SQLITE_OK
    refused.append(f"the function {name}" if action == sqlite3.SQLITE_FUNCTION else "more than an expression")
    return sqlite3.SQLITE_DENY


def _timed(plain: sqlite3.Connection, name: str, first: int, now: str):
    """SQLite's function *name*, whose time string is argument *first*, with `'now'` as *now*: time is the cloud's."""

    def function(*arguments: Value) -> Value:
        given = list(arguments)
        if len(given) == first:
            given.append(now)
        elif isinstance(given[first], str) and str(given[first]).lower() == "now":
            given[first] = now
        marks = ", ".join("?" * len(given))
        return plain.execute(f"SELECT {name}({marks})", given).fetchone()[0]

    return function


def _replace_characters(text: Value, old: Value, new: Value) -> Value:
    """*text*, where each character of *old* is replaced by the one at its place in *new*, or by *new*'s first.

    Source: the guide: `replaceChars("abcde","abcd","123")` is 1231e.
    """
    if text is None or old is None or new is None:
        return None
    to = str(new)
    swapped: Mapping[str, str] = {
        sign: to[place] if place < len(to) else to[:1] for place, sign in reversed(list(enumerate(str(old))))
    }
    return "".join(swapped.get(sign, sign) for sign in str(text))


def _sha256(value: Value) -> Value:
    if value is None:
        return None
    return hashlib.sha256(value if isinstance(value, bytes) else str(value).encode()).hexdigest()
