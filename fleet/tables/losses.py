"""What a column may lose on its way from the source to Snowflake, what was lost, and what that means.

A column is *exact*, *lossy* (some values change, and the source can count them) or *left out*. Which, is said by the
tables of `fleet/tables/source_types/`; how values are counted, by the engine's module in `lambdas/sources/`.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from fleet.databases import Database, Engine, LossPolicy
from fleet.quotas import DMS_LOB_KILOBYTES
from fleet.spelling import list_some
from fleet.tables.catalogue import Table, TableName
from fleet.tables.columns import Column, dms_type, find_losses, lob_units
from fleet.tables.source_types.column import Loss


@dataclass(frozen=True)
class ColumnLoss:
    """What one column of a table loses. *values*: how many of its values do, None where nobody counted.

    *why*: why they were not counted. *is_left_out*: the column does not arrive at all.
    """

    column: str
    how: str
    values: int | None = None
    why: str = ""
    is_left_out: bool = False
    is_accepted: bool = False

    @property
    def is_red(self) -> bool:
        """Whether something is surely lost, and nobody has accepted that."""
        return bool(self.values) and not self.is_accepted


@dataclass(frozen=True)
class AskedLoss:
    """One question to a source: how many values of a column lose something as *loss* says."""

    column: Column
    loss: Loss


@dataclass(frozen=True)
class TableLosses:
    """All such questions about one table, which one statement answers."""

    schema: str
    table: str
    asked: tuple[AskedLoss, ...]

    @property
    def long(self) -> tuple[AskedLoss, ...]:
        """The questions about long values: of these, the longest is asked for as well."""
        return tuple(one for one in self.asked if one.loss.kind == "long")

    @property
    def name(self) -> TableName:
        """The table's two names."""
        return TableName(self.schema, self.table)


@dataclass(frozen=True)
class CountedLosses:
    """The answers, in the order of the questions; none with *why* where the table was not counted.

    *longest*: for each question about long values, how long the longest is at most, in units of UTF-16 or bytes.
    """

    schema: str
    table: str
    values: tuple[int, ...]
    why: str = ""
    longest: tuple[int, ...] = ()

    @property
    def name(self) -> TableName:
        """The table's two names."""
        return TableName(self.schema, self.table)


def ask_losses(engine: Engine, table: Table, lob_kilobytes: int) -> TableLosses:
    """What may be lost of *table*'s columns that DMS carries, in their order; a column may lose in several ways."""
    asked = [AskedLoss(column, loss) for column in table.columns for loss in find_losses(engine, column, lob_kilobytes)]
    return TableLosses(table.schema, table.table, tuple(asked))


def find_column_losses(
    engine: Engine, table: Table, rows: int, asked: TableLosses, counted: CountedLosses | None
) -> list[ColumnLoss]:
    """What *table*, of which *rows* were moved, loses for sure or may lose. *counted*: None where nobody was asked.

    A column that is left out loses all of its values; one that loses nothing is not among them.
    """
    left_out = [
        ColumnLoss(one.name, f"DMS does not carry {one.declared or one.type_name}", rows, is_left_out=True)
        for one in columns_left_out(engine, table)
        if rows
    ]
    why = "" if counted is None else counted.why
    if counted is None or why:
        return left_out + [ColumnLoss(one.column.name, one.loss.how, None, why) for one in asked.asked if rows]
    longest = {one.column.name: units for one, units in zip(asked.long, counted.longest, strict=False)}
    pairs = zip(asked.asked, counted.values, strict=True)
    return left_out + [
        ColumnLoss(one.column.name, one.loss.how + _propose(engine, one, longest), values)
        for one, values in pairs
        if values
    ]


def _propose(engine: Engine, asked: AskedLoss, longest: Mapping[str, int]) -> str:
    """What limit would keep the longest value of the column whole, if there is one."""
    dms, units = dms_type(engine, asked.column), longest.get(asked.column.name, 0)
    if asked.loss.kind != "long" or dms is None or not units:
        return ""
    kilobytes = math.ceil(units / lob_units(dms, 1))
    if kilobytes > DMS_LOB_KILOBYTES.value:
        return f"; the longest would need {kilobytes:,} KB, and DMS takes at most {DMS_LOB_KILOBYTES.value:,}"
    return f"; `lob_max_kilobytes: {kilobytes}` would keep the longest"


def columns_left_out(engine: Engine, table: Table) -> tuple[Column, ...]:
    """The columns of *table* that DMS does not carry."""
    return tuple(column for column in table.columns if dms_type(engine, column) is None)


def describe_columns(engine: Engine, table: Table, lob_kilobytes: int, accepted: Collection[str] = ()) -> list[str]:
    """A line for each column of *table* that may lose something or is left out, before any value was counted.

    What hardly any column loses is not among them: only a count says that it did.

    >>> t = Table("s", "t", False, (Column("n", "numeric"), Column("o", "oid")))
    >>> for line in describe_columns("postgresql", t, 32, {"n"}):
    ...     print(line)
    s.t.n (numeric): digits after the sixth behind the point are rounded off (accepted)
    s.t.o (oid) is left out: DMS does not carry it
    """
    lines: list[str] = []
    for column in table.columns:
        name = f"{table.name}.{column.name} ({column.declared or column.type_name})"
        mark = " (accepted)" if column.name in accepted else ""
        if dms_type(engine, column) is None:
            lines.append(f"{name} is left out: DMS does not carry it{mark}")
        found = find_losses(engine, column, lob_kilobytes)
        lines += [f"{name}: {loss.how}{mark}" for loss in found if not loss.is_rare]
    return lines


def accepted_columns(database: Database, table: Table) -> Collection[str]:
    """The columns of *table* whose losses the registry accepts."""
    if database.losses_of(table.name) == "accept":
        return {column.name for column in table.columns}
    return database.rules_of(table.name).accept


def accept(losses: Iterable[ColumnLoss], database: Database, name: TableName, policy: LossPolicy) -> list[ColumnLoss]:
    """*losses* with those marked that the registry accepts."""
    columns = database.rules_of(name).accept
    return [replace(one, is_accepted=policy == "accept" or one.column in columns) for one in losses]


def describe_uncounted(losses: Mapping[TableName, Sequence[ColumnLoss]]) -> list[str]:
    """A gap for each reason why losses that nobody accepted were not counted, with their columns.

    >>> loss = ColumnLoss("price", "digits are rounded off", None, "it took too long")
    >>> describe_uncounted({TableName("s", "t"): [loss]})
    ['values that may be lost were not counted (it took too long): s.t.price']
    """
    columns: dict[str, list[str]] = {}
    for name, found in losses.items():
        for loss in found:
            if loss.values is None and not loss.is_accepted:
                columns.setdefault(loss.why, []).append(f"{name}.{loss.column}")
    return [
        f"values that may be lost were not counted{f' ({why})' if why else ''}: "
        f"{list_some(list(dict.fromkeys(named)), 'columns')}"
        for why, named in columns.items()
    ]


def describe(losses: Sequence[ColumnLoss], rows: int) -> str:
    """What is lost of a table of *rows*, in a few words.

    >>> digits = ColumnLoss("price", "more than 6 digits after the point are rounded", 3)
    >>> shape = ColumnLoss("shape", "DMS does not carry geometry", 12, is_left_out=True)
    >>> describe([digits, shape], 12)
    '3 of 12 values of price: more than 6 digits after the point are rounded; column shape is left out: DMS does not \
carry geometry'
    """
    parts = [
        f"column {one.column} is left out: {one.how}"
        if one.is_left_out
        else f"{one.values or 0:,} of {rows:,} values of {one.column}: {one.how}"
        for one in losses
    ]
    return list_some(parts, "columns", by="; ")
