"""What a source holds, and which of it a run moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from fleet.databases import Database
from fleet.failures import Failure
from fleet.tables.columns import Column


class TableName(NamedTuple):
    """A table or view of one database, by its names at the source.

    >>> str(TableName("public", "flights"))
    'public.flights'
    """

    schema: str
    table: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.table}"


@dataclass(frozen=True)
class Table:
    """A table or view as the source's catalogue has it. *key*: the primary key's columns, in order, or empty."""

    schema: str
    table: str
    is_view: bool
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()

    @property
    def name(self) -> TableName:
        """Its two names."""
        return TableName(self.schema, self.table)


def select_tables(
    database: Database, catalogue: Sequence[Table], only: Sequence[str] | None
) -> tuple[Table, ...] | Failure:
    """The tables and views that a full load of *database* moves, in the catalogue's order.

    *only*: exact `schema.table` names, where the run's input narrows the load. A name that the source does not hold,
    or a selection of nothing, is a failure: a load that silently moves less than asked is worse than none.
    """
    excluded = set(database.exclude)
    selected = tuple(
        table
        for table in catalogue
        if table.schema in database.schemas
        and str(table.name) not in excluded
        and (database.views or not table.is_view)
    )
    if only is not None:
        wanted = set(only)
        if unknown := sorted(wanted - {str(table.name) for table in selected}):
            return Failure(
                "mapping_empty",
                "TableNotSelected",
                f"{database.id} has no table {unknown[0]!r} to move ({len(selected)} tables and views are selected). "
                f"Name tables as schema.table, exactly as the source does.",
            )
        selected = tuple(table for table in selected if str(table.name) in wanted)
    if not selected:
        return Failure(
            "mapping_empty",
            "NothingSelected",
            f"{database.id} selects no table: the source's user sees {len(catalogue)} tables and views, none "
            f"of them in schemas {', '.join(database.schemas) or '(none)'}. "
            f"Check the grants, and `schemas` in the registry.",
        )
    return selected
