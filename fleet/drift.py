"""Drift: what a run does to a Snowflake table whose source has changed since the last load. Pure.

Source: https://docs.snowflake.com/en/sql-reference/sql/alter-table-column (documented: only a text's length and, with
the same scale, a number's precision may grow); docs/decisions/0029 for the replacement of a table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fleet.databases import DriftPolicy
from fleet.failures import Failure
from fleet.tables.catalogue import TableName
from fleet.warehouse_columns import WarehouseColumn, type_parts

_LONGEST_FRACTION = 9


@dataclass(frozen=True)
class TableLook:
    """What Snowflake said of one table. *landed*: the columns of its first file, none where it has no file; *present*:
    those of the table, none where it is not there."""

    landed: tuple[WarehouseColumn, ...]
    present: tuple[WarehouseColumn, ...]


@dataclass(frozen=True)
class KnownTable:
    """A table as it was last loaded. *fingerprint*: of the catalogue's columns then. *wanted*: what it had to hold.

    *present*: what it holds, columns that the source has dropped among them. *has_landed*: files were seen, so that the
    types are theirs.
    """

    schema: str
    table: str
    fingerprint: str
    wanted: tuple[WarehouseColumn, ...]
    present: tuple[WarehouseColumn, ...]
    has_landed: bool

    @property
    def name(self) -> TableName:
        """Its two names."""
        return TableName(self.schema, self.table)


@dataclass(frozen=True)
class TablePlan:
    """What becomes of a table before it is loaded. *columns*: all that it then has.

    *added*, *widened*: by ALTER, with their new types. *removed*: by ALTER, because the registry leaves them out.
    *is_replaced*: another table takes its place. *changes*: in words. *drift*: what is red though the table is loaded.
    *refused*: why it is not loaded.
    """

    columns: tuple[WarehouseColumn, ...]
    added: tuple[WarehouseColumn, ...] = ()
    widened: tuple[WarehouseColumn, ...] = ()
    removed: tuple[WarehouseColumn, ...] = ()
    is_replaced: bool = False
    changes: tuple[str, ...] = ()
    drift: Failure | None = None
    refused: Failure | None = None


def needs_look(known: KnownTable | None, fingerprint: str, *, has_files: bool) -> bool:
    """Whether Snowflake must be asked for the table: its columns are not those last loaded, or no file said its types.

    >>> known = KnownTable("s", "t", "f", (), (), has_landed=False)
    >>> [needs_look(known, "f", has_files=False), needs_look(known, "f", has_files=True), needs_look(None, "f",
    ... has_files=False)]
    [False, True, True]
    """
    return known is None or known.fingerprint != fingerprint or (has_files and not known.has_landed)


def plan_table(
    name: TableName, wanted: Sequence[WarehouseColumn], present: Sequence[WarehouseColumn], policy: DriftPolicy
) -> TablePlan:
    """How the table that has the columns *present* comes to hold *wanted*; without any present, it is made.

    A column is never made narrower: what is wide enough stays. One that the source has dropped is kept, with NULL in
    every row, until the policy accepts its end.

    >>> def plan(old, new, policy="partial"):
    ...     columns = ([WarehouseColumn(*one.split()) for one in each.split(", ")] for each in (new, old))
    ...     return plan_table(TableName("s", "t"), *columns, policy)
    >>> plan("A NUMBER(10,2)", "A NUMBER(12,2), B DATE").changes
    ('column A grows from NUMBER(10,2) to NUMBER(12,2)', 'column B DATE is new')
    >>> plan("A NUMBER(10,2)", "A NUMBER(12,6)").is_replaced
    True
    >>> plan("A VARCHAR(50)", "A VARCHAR(20)") == TablePlan((WarehouseColumn("A", "VARCHAR(50)"),))
    True
    """
    if not present:
        return TablePlan(tuple(wanted))
    there, needed = {column.name: column for column in present}, {column.name for column in wanted}
    dropped = [column for column in present if column.name not in needed]
    added = [column for column in wanted if column.name not in there]
    narrow = [column for column in wanted if column.name in there and not _holds(there[column.name].type, column.type)]
    widened = [column for column in narrow if _may_alter(there[column.name].type, column.type)]
    retyped = [column for column in narrow if column not in widened]
    missed = [f"column {one.name} was {there[one.name].type} and is {one.type}" for one in retyped]
    # COPY could not keep apart two columns of one table whose names differ in case only.
    taken = {column.name.upper() for column in wanted}
    kept = [column for column in dropped if policy == "partial" and column.name.upper() not in taken]
    gone = [f"column {one.name} ({one.type}) is no longer at the source" for one in dropped]
    if (missed or gone) and policy == "failed":
        text = f"{name}: {'; '.join(missed + gone)}. Withheld, as the registry says: readers see the last load's rows."
        return TablePlan(tuple(present), refused=Failure("drift", "DriftWithheld", text))
    ends = ("it is kept, with NULL in every row" if one in kept else "it is dropped from the table" for one in dropped)
    missed += [f"{words}: {end}" for words, end in zip(gone, ends, strict=True)]
    is_replaced = bool(retyped) or len(kept) < len(dropped)
    changes = [f"column {one.name} grows from {there[one.name].type} to {one.type}" for one in widened]
    changes += [f"column {one} is new" for one in added]
    changes += missed
    if is_replaced:
        changes.append("the table was replaced: its grants were kept, every stream on it is stale")
    newer = {column.name: column for column in (wanted if is_replaced else widened)}
    columns = tuple(newer.get(column.name, column) for column in present if column.name in needed or column in kept)
    return TablePlan(
        columns=columns + tuple(added),
        added=() if is_replaced else tuple(added),
        widened=() if is_replaced else tuple(widened),
        is_replaced=is_replaced,
        changes=tuple(changes),
        drift=_red(name, missed, is_kept=bool(kept)) if missed and policy == "partial" else None,
    )


def read_streams(rows: Sequence[Mapping[str, str | None]], table: Sequence[str]) -> tuple[str, ...]:
    """The streams on the table of those names, from rows of SHOW STREAMS; only those that our role may see are there.

    >>> row = {"database_name": "D", "schema_name": "S", "name": "CHANGES", "table_name": 'FLEET."a b".T'}
    >>> read_streams([row], ("FLEET", "a b", "T")), read_streams([row], ("FLEET", "A", "T"))
    (('D.S.CHANGES',), ())
    """
    full = ".".join(table)
    return tuple(
        f"{row['database_name']}.{row['schema_name']}.{row['name']}"
        for row in rows
        if (row["table_name"] or "").replace('"', "") == full.replace('"', "")
    )


def _red(name: TableName, missed: Sequence[str], *, is_kept: bool) -> Failure:
    again = " It is said at each run until the registry accepts it." if is_kept else ""
    return Failure(
        "drift", "TableDrifted", f"{name} was loaded, and has changed at the source: {'; '.join(missed)}.{again}"
    )


def _holds(present: str, wanted: str) -> bool:
    """Whether a column of type *present* holds every value of *wanted* as it is.

    >>> _holds("NUMBER(14,6)", "NUMBER(10,2)"), _holds("NUMBER(12,6)", "NUMBER(10,2)"), _holds("DATE", "TIMESTAMP_NTZ")
    (True, False, False)
    """
    (kind, numbers), (wanted_kind, wanted_numbers) = type_parts(present), type_parts(wanted)
    if kind != wanted_kind:
        return False
    if kind == "NUMBER":
        (precision, scale), (wanted_precision, wanted_scale) = (one or (38, 0) for one in (numbers, wanted_numbers))
        return scale >= wanted_scale and precision - scale >= wanted_precision - wanted_scale
    if kind in {"TIME", "TIMESTAMP_NTZ"}:
        fractions = [one or (_LONGEST_FRACTION,) for one in (numbers, wanted_numbers)]
        return fractions[0] >= fractions[1]
    return not numbers or not wanted_numbers or numbers >= wanted_numbers


def _may_alter(present: str, wanted: str) -> bool:
    """Whether ALTER TABLE takes a column from one type to the other, which is wider.

    >>> _may_alter("VARCHAR(5)", "VARCHAR(9)"), _may_alter("NUMBER(5,2)", "NUMBER(9,3)"), _may_alter("DATE", "TIME")
    (True, False, False)
    """
    (kind, numbers), (wanted_kind, wanted_numbers) = type_parts(present), type_parts(wanted)
    if kind != wanted_kind:
        return False
    return kind == "VARCHAR" or (kind == "NUMBER" and numbers[1:] == wanted_numbers[1:])
