"""What a source holds: its census, and one relation in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from fleet.tables.columns import Column

RelationKind = Literal[
    "table",
    "partitioned table",
    "view",
    "materialized view",
    "foreign table",
    "external table",
    "memory-optimized table",
    "system-versioned table",
    "history table",
    "sequence",
    "hidden relations",
]
"""What a relation is at its source. All engines' kinds; `fleet/tables/relations.py` says which DMS moves."""

BarredBy = Literal["", "rows", "broken"]
"""What bars a login from a relation: a right that it lacks, a policy that hides rows, a definition that fails."""

Feature = Literal["columnstore index", "sparse columns", "encrypted columns"]
"""What a table has, whatever its kind, and DMS may not bear."""


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
    """A relation as the source's catalogue has it. *key*: the primary key's columns, in order, or empty.

    *is_view*: whether DMS selects it as a view. *part_of*: the relation that a partition's rows belong to.
    *barred*: why the login does not see all of it, in words with the right that it lacks; empty where it does.
    *barred_by*: what kind of reason that is.
    *rows_estimated*: by the server's statistics, None where it has none. *features*: as far as they matter to DMS.
    *incarnation*: differs after the relation was made anew or emptied as a whole, which no log of changes shows; empty
    where the engine says nothing of it. *delta_bars*: why its changes are not all in the log, in words.
    *left_out*: columns of the source that the registry leaves out, which are not among *columns* then.
    *is_key_declared*: the registry says the *key*, and the source has none (`fleet/tables/registry_columns.py`).
    """

    schema: str
    table: str
    is_view: bool
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    kind: RelationKind = "table"
    part_of: TableName | None = None
    barred: str = ""
    rows_estimated: int | None = None
    features: tuple[Feature, ...] = ()
    incarnation: str = ""
    delta_bars: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    is_key_declared: bool = False
    barred_by: BarredBy = ""

    @property
    def name(self) -> TableName:
        """Its two names."""
        return TableName(self.schema, self.table)


@dataclass(frozen=True)
class Census:
    """Everything under the schemas that a database is asked for, as far as its login sees it, in order of name.

    *schemas*: those of the asked ones that the source has. *gone*: relations that a run moved once, that are not there
    any more, and that the registry does not leave out: they are remembered until it does. *gaps*: what the login may be
    kept from seeing, in words.
    """

    schemas: tuple[str, ...]
    tables: tuple[Table, ...]
    gone: tuple[TableName, ...] = ()
    gaps: tuple[str, ...] = ()
