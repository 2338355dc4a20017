"""What a SQL Server's catalogue answers, in the shapes that Microsoft documents. No server was ever reached.

Source: https://learn.microsoft.com/en-us/sql/relational-databases/system-catalog-views/ and the pages that the queries
of `lambdas/sources/sqlserver_catalogue.py` name. What is answered here is what the queries' expressions come to; that
they come to it on a server is not shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tds_server import Answer, Row

# Source: sys.tables and sys.columns, "Applies to", and the pages of sys.security_predicates and graph tables.
SINCE: Mapping[str, int] = {
    "tables.is_filetable": 2012,
    "tables.is_memory_optimized": 2014,
    "tables.temporal_type": 2016,
    "tables.is_external": 2016,
    "columns.encryption_type": 2016,
    "columns.is_masked": 2016,
    "security_predicates.target_object_id": 2016,
    "columns.graph_type": 2017,
    "tables.ledger_type": 2022,
}


@dataclass(frozen=True)
class Sys:
    """A column as the catalogue has it. *max_length*: in bytes, -1 for `(max)`."""

    name: str
    type: str = "int"
    max_length: int = 4
    precision: int = 0
    scale: int = 0
    alias: str | None = None
    is_nullable: int = 1
    key_place: int | None = None
    may_select: int | None = 1
    is_sparse: int = 0
    encryption: int | None = None
    is_masked: int = 0
    is_computed: int = 0


ID = Sys("Id", precision=10, is_nullable=0, key_place=1)


@dataclass(frozen=True)
class Thing:
    """A table (U) or view (V). *hides*: how many of its rows a security policy hides from the login, if it has one."""

    name: str
    columns: Sequence[Sys] = (ID,)
    type: str = "U"
    schema: str = "dbo"
    in_memory: int = 0
    temporal: int = 0
    is_external: int = 0
    may_select: int | None = 1
    has_columnstore: int = 0
    rows: int | None = 12
    hides: int | None = None
    made: str = "245575913/2026-11-30T12:00:00.123"
    is_published: int = 1


@dataclass
class Server:
    """*blind*: schemas without VIEW DEFINITION. *counted*: what each count of rows or losses answers, by its name."""

    things: Sequence[Thing]
    version: int = 2022
    schemas: Sequence[str] = ("dbo",)
    blind: Sequence[str] = ()
    rights: Sequence[str] = ("CONNECT", "SELECT", "UNMASK", "VIEW DEFINITION")
    state: int = 0
    counted: Mapping[str, Answer] = field(default_factory=dict)

    def answer(self, query: str) -> Answer:
        """The rows for one query of the census."""
        if "sys.system_objects" in query:
            return [tuple(name.split(".")) for name, since in SINCE.items() if since <= self.version]
        if "fn_my_permissions" in query:
            return [(right,) for right in self.rights]
        if "snapshot_isolation_state" in query:
            return self.state
        if "sys.security_predicates" in query:
            return [(one.schema, one.name, "dbo.Filter") for one in self.things if one.hides is not None]
        if "FROM sys.partitions AS p WHERE p.object_id = OBJECT_ID(" in query:
            return [(self._named(query).rows,)]
        if "JOIN sys.columns" in query:
            return [row for thing in self.things for row in self._columns(thing)]
        if "JOIN sys.tables" in query:
            return [self._relation(thing) for thing in self.things]
        if "FROM sys.schemas" in query:
            return [(name, int(name not in self.blind)) for name in self.schemas]
        if "FROM sys.columns WHERE is_masked" in query:
            return sum(column.is_masked for thing in self.things for column in thing.columns)
        for name, answer in self.counted.items():
            if name in query:
                return answer
        thing = self._named(query)
        return (thing.rows or 0) - (thing.hides or 0)

    def _named(self, query: str) -> Thing:
        return next(thing for thing in self.things if f"[{thing.schema}].[{thing.name}]" in query)

    def _relation(self, one: Thing) -> Row:
        knows = self.version >= 2016
        return (
            one.schema,
            one.name,
            one.type,
            one.in_memory,
            one.temporal if knows else 0,
            one.is_external if knows else 0,
            one.may_select,
            one.has_columnstore,
            one.rows,
            one.made,
            one.is_published,
        )

    def _columns(self, thing: Thing) -> list[Row]:
        return [
            (
                *(thing.schema, thing.name, one.name, one.type, one.alias),
                *(one.max_length, one.precision, one.scale, one.is_nullable, one.key_place),
                *(one.may_select, one.is_sparse, one.encryption, one.is_masked, one.is_computed),
            )
            for one in thing.columns
        ]
