"""What the registry says of a database's tables, held against what its source has: what leads nowhere, in sentences.

A misspelt name here costs a night, silently: a table that was to be left out is moved, one that was to be loaded in
ranges is loaded whole, or errs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Literal

from fleet.databases import Database, ParallelLoad, TableRules
from fleet.spelling import closest
from fleet.tables.catalogue import Table
from fleet.tables.patterns import is_pattern, matches
from fleet.tables.source_types.column import Column

_NUMBERS = re.compile(
    r"(tiny|small|medium|big)?int(eger)?( unsigned)?|serial|(small|big)serial|numeric|decimal|(small)?money|year"
)
_TIMES = re.compile(r"date|datetime2?|smalldatetime|timestamp\b.*")
_NO_RANGES = re.compile(
    r"real|float|double( precision)?|(n|tiny|medium|long)?text|.*blob|bytea|image|jsonb?|xml|array|bool(ean)?|bit"
)
"""Types that no load is cut by: a float is not exact, a long value is no LOB's bound, a switch has two values."""
_A_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def judge_entries(database: Database, tables: Sequence[Table]) -> tuple[str, ...]:
    """One sentence for each entry of *database* that does not fit *tables*, its source's catalogue, with the next step.

    *tables*: all that the login sees, before `exclude`. A schema of which it sees nothing is said once.

    >>> from fleet.tables.source_types.column import Column
    >>> orders = Table("public", "orders", False, (Column("id", "integer"),))
    >>> shop = Database("shop", "s", "Shop", "i", ("public",), exclude=("public.ordres",))
    >>> judge_entries(shop, [orders])
    ("shop: `exclude` names public.ordres, which the source's login does not see. Did you mean public.orders?",)
    """
    by_name = {str(table.name): table for table in tables}
    return (
        *_judge_schemas(database, tables),
        *_judge_patterns(database, "include", database.include, by_name),
        *_judge_patterns(database, "exclude", database.exclude, by_name),
        *_judge_exclude_columns(database, tables),
        *(
            text
            for load in database.parallel_loads
            if load.schema in database.schemas  # others are its family's, for other databases
            for text in _judge_parallel_load(database, load, by_name)
        ),
        *(
            text
            for rules in database.tables
            if rules.schema in database.schemas
            for text in _judge_rules(database, rules, by_name)
        ),
    )


def range_kind(column: Column) -> Literal["number", "time"] | None:
    """What the boundaries of ranges of *column* are; None where DMS cuts by no such column, or it is of another type.

    >>> [range_kind(Column("c", kind)) for kind in ("bigint unsigned", "datetime2", "text")]
    ['number', 'time', None]
    """
    if _NUMBERS.fullmatch(column.type_name):
        return "number"
    return "time" if _TIMES.fullmatch(column.type_name) else None


def _judge_schemas(database: Database, tables: Sequence[Table]) -> Iterator[str]:
    seen = {table.schema for table in tables}
    for schema in database.schemas:
        if schema not in seen:
            meant = closest(schema, seen - set(database.schemas))
            yield (
                f"{database.id}: `schemas` names {schema!r}, in which the source's login sees no table or view. "
                f"{_meant(meant, 'Correct the name, or grant USAGE and SELECT there.')}"
            )


def _judge_patterns(database: Database, key: str, patterns: Sequence[str], by_name: dict[str, Table]) -> Iterator[str]:
    """A pattern with `*` may match nothing here: a family's are for many databases."""
    for pattern in patterns:
        if is_pattern(pattern) or any(matches(pattern, name) for name in by_name):
            continue
        if not any(pattern.startswith(f"{schema}.") for schema in database.schemas):
            continue  # its family's, for other databases: one of its own would not be in the registry
        yield (
            f"{database.id}: `{key}` names {pattern}, which the source's login does not see. "
            f"{_meant(_closest_name(pattern, by_name), 'Remove the entry, or correct the name.')}"
        )


def _judge_exclude_columns(database: Database, tables: Sequence[Table]) -> Iterator[str]:
    """A pattern with `*` may wait for what comes; a name says what is there."""
    names = [f"{table.name}.{column.name}" for table in tables for column in table.columns]
    for pattern in database.exclude_columns:
        if not is_pattern(pattern) and not any(matches(pattern, name, ignores_case=True) for name in names):
            step = "Remove the entry, or correct the name."
            yield (
                f"{database.id}: `exclude_columns` names {pattern}, which the source's login does not see. "
                f"{_meant(_closest_name(pattern, names), step)}"
            )


def _judge_rules(database: Database, rules: TableRules, by_name: dict[str, Table]) -> Iterator[str]:
    name = f"{rules.schema}.{rules.table}"
    what = f"{database.id}: `tables` names {name}"
    table = by_name.get(name)
    if table is None:
        step = "Remove the entry, or correct the name."
        yield f"{what}, which the source's login does not see. {_meant(_closest_name(name, by_name), step)}"
        return
    columns = [column.name for column in table.columns]
    for accepted in rules.accept:
        if accepted not in columns:
            step = "Remove it, or correct the name."
            meant = _meant(_closest_name(accepted, columns), step)
            yield f"{what} and accepts losses of column {accepted!r}, which it has not; case counts. {meant}"
    for name in rules.key:
        if name not in columns and not table.key:
            meant = _meant(_closest_name(name, columns), "Correct the name: otherwise the table is not loaded.")
            yield f"{what} and says that column {name!r} is of its key, which it has not; case counts. {meant}"
    if rules.key and table.key:
        key = ", ".join(table.key)
        yield f"{what} and declares a key, and it has one at its source ({key}), which counts. Remove `key`."


def _judge_parallel_load(database: Database, load: ParallelLoad, by_name: dict[str, Table]) -> Iterator[str]:
    name = f"{load.schema}.{load.table}"
    what = f"{database.id}: `parallel_loads` of {name}"
    table = by_name.get(name)
    if table is None:
        step = "Correct the name: otherwise the table is loaded whole."
        yield f"{what}: the source's login sees no such table. {_meant(_closest_name(name, by_name), step)}"
        return
    if table.is_view:
        yield f"{what}: it is a view, and DMS cuts tables only. Remove the entry."
        return
    columns = {column.name: column for column in table.columns}
    column = columns.get(load.column)
    if column is None:
        meant = _closest_name(load.column, columns)
        step = f"It has {', '.join(list(columns)[:8])}{', ...' if len(columns) > 8 else ''}."
        yield f"{what}: it has no column {load.column!r}; case counts. {_meant(meant, step)}"
        return
    yield from _judge_boundaries(what, column, load.boundaries)


def _judge_boundaries(what: str, column: Column, boundaries: Sequence[str]) -> Iterator[str]:
    kind = column.type_name
    if _NO_RANGES.fullmatch(kind):
        yield f"{what}: column {column.name!r} is of type {kind}, by which DMS cuts no table. Choose another column."
    elif _NUMBERS.fullmatch(kind) and (wrong := _first(boundaries, _is_number)):
        step = "Write a number."
        yield f"{what}: the boundary {wrong!r} is no number, and column {column.name!r} is of type {kind}. {step}"
    elif _TIMES.fullmatch(kind) and (wrong := _first(boundaries, _is_time)):
        step = "Write it as 2026-01-31 or 2026-01-31 23:59:59."
        yield f"{what}: the boundary {wrong!r} is no time, and column {column.name!r} is of type {kind}. {step}"


def _first(boundaries: Iterable[str], is_right: Callable[[str], bool]) -> str:
    return next((one for one in boundaries if not is_right(one)), "")


def _is_number(text: str) -> bool:
    return _A_NUMBER.fullmatch(text) is not None


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _closest_name(name: str, known: Iterable[str]) -> str:
    """The known name that *name* may stand for: one that differs in case only before one that is spelt alike."""
    names = list(known)
    return next((one for one in names if one.casefold() == name.casefold()), "") or closest(name, names)


def _meant(name: str, step: str) -> str:
    return f"Did you mean {name}?" if name else step
