"""What a database looks like: its tables, how large they are, and how the rows of each lie along its key."""

from __future__ import annotations

from dataclasses import dataclass

from fleet.databases import Database, Engine
from fleet.profiles.spread import KeySpread, RangeKind
from fleet.tables.catalogue import RelationKind, Table, TableName
from fleet.tables.registry_entries import range_kind


@dataclass(frozen=True)
class ProfileQuestion:
    """What is asked of one table: its size, and how its rows lie along *column*, if one is named.

    *leads_key*: whether it is the key's first. *is_unique*: whether no two rows have one value there. *rows_estimated*:
    by the server's statistics.
    """

    schema: str
    table: str
    column: str = ""
    kind: RangeKind = "number"
    leads_key: bool = False
    is_unique: bool = False
    rows_estimated: int | None = None


@dataclass(frozen=True)
class ProfileAnswer:
    """The size of a table with its indexes, and its *spread*, or *why* not. *rows*: where all of them were read."""

    schema: str
    table: str
    size_bytes: int | None = None
    rows: int | None = None
    spread: KeySpread | None = None
    why: str = ""

    @property
    def name(self) -> TableName:
        """The table's two names."""
        return TableName(self.schema, self.table)


@dataclass(frozen=True)
class ProfiledColumn:
    """A column as its source declares it."""

    name: str
    declared: str
    is_nullable: bool


@dataclass(frozen=True)
class LongestValue:
    """The longest value of a column that DMS moves as a large object, and the limit that would keep it whole."""

    column: str
    kilobytes: int


@dataclass(frozen=True)
class TableProfile:
    """One table. *rows*: counted, or by the server's statistics; None where it has none. *size_bytes*: with indexes.

    *long_columns*: how many DMS takes memory for. *longest*: of those of them that were measured and have a value.
    *gaps*: what is not known of it, in words.
    """

    schema: str
    table: str
    kind: RelationKind
    columns: tuple[ProfiledColumn, ...]
    key: tuple[str, ...]
    rows: int | None = None
    is_counted: bool = False
    size_bytes: int | None = None
    spread: KeySpread | None = None
    long_columns: int = 0
    longest: tuple[LongestValue, ...] = ()
    gaps: tuple[str, ...] = ()

    @property
    def name(self) -> TableName:
        """Its two names."""
        return TableName(self.schema, self.table)


@dataclass(frozen=True)
class DatabaseProfile:
    """What a run would move of a database. *taken_at*: ISO time in UTC. Tables come in order of name, without views."""

    database: str
    engine: Engine
    taken_at: str
    tables: tuple[TableProfile, ...]

    @property
    def rows(self) -> int:
        """Of all tables, as far as they are known."""
        return sum(table.rows or 0 for table in self.tables)

    @property
    def size_bytes(self) -> int:
        """Of all tables, as far as they are known."""
        return sum(table.size_bytes or 0 for table in self.tables)


def ask_of(database: Database, table: Table) -> ProfileQuestion:
    """What to ask of *table*: along the column that the registry loads it in ranges of, else along its key's first.

    >>> from fleet.tables.columns import Column
    >>> shop = Database("shop", "s", "Shop", "one", ("s",))
    >>> ask_of(shop, Table("s", "t", False, (Column("id", "integer"),), ("id",)))
    ProfileQuestion(schema='s', table='t', column='id', kind='number', leads_key=True, is_unique=True, \
rows_estimated=None)
    >>> ask_of(shop, Table("s", "t", False, (Column("code", "text"),), ("code",))).column
    ''
    """
    declared = [one.column for one in database.parallel_loads if (one.schema, one.table) == table.name]
    wanted = (*declared, *table.key[:1])
    column = next((one for name in wanted[:1] for one in table.columns if one.name == name), None)
    kind = range_kind(column) if column else None
    if column is None or kind is None:
        return ProfileQuestion(table.schema, table.table, rows_estimated=table.rows_estimated)
    return ProfileQuestion(
        table.schema,
        table.table,
        column.name,
        kind,
        leads_key=table.key[:1] == (column.name,),
        is_unique=table.key == (column.name,),
        rows_estimated=table.rows_estimated,
    )
