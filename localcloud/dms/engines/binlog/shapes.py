"""What is made of a table in the binary log: its columns as a full load would find them in the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from localcloud.dms.engines.binlog import tables
from localcloud.dms.engines.binlog.rows import RowTaker
from localcloud.dms.engines.binlog.server import Server
from localcloud.dms.engines.binlog.tables import Charsets, LoggedTable, UnknownTableError
from localcloud.dms.engines.changes import ChangedTable
from localcloud.dms.engines.mysql_catalogue import COLUMNS_OF_TABLE, read_column, unsupported
from localcloud.dms.engines.reader import SourceTable
from localcloud.dms.type_tables.column import DmsType, SourceColumn
from localcloud.dms.type_tables.mysql import dms_type

_VAGUE = {"enum", "set", "geometry"}
_SHAPES = DmsType("BLOB")
_COMPUTED = ("VIRTUAL GENERATED", "STORED GENERATED")
_EMPTY = LoggedTable("", "", (), ())


@dataclass(frozen=True)
class LoggedShape:
    """*logged*: what the log says of the table. *unfit*: why its changes cannot be read, or nothing. *computed*: the
    columns that the server computes."""

    logged: LoggedTable
    unfit: str = ""
    computed: frozenset[str] = frozenset()

    @cached_property
    def taker(self) -> RowTaker:
        """What takes rows out of the log."""
        return RowTaker(self.logged)


def shape_of(data: bytes, server: Server, charsets: Charsets, *, is_mariadb: bool) -> ChangedTable:
    """The table of a table map event."""
    schema, name = tables.name_of(data)
    try:
        logged = tables.read(data, charsets, is_mariadb=is_mariadb)
    except UnknownTableError as error:
        return ChangedTable(SourceTable(schema, name, ()), 0, LoggedShape(_EMPTY, f"{schema}.{name}: {error}"))
    found = server.rows(COLUMNS_OF_TABLE, schema, name)
    known = {column.name: column for column in (read_column(*row[1:]) for row in found)}
    columns = tuple(_column(one.source, known.get(one.source.name)) for one in logged.columns)
    key = tuple(columns[place].name for place in logged.key)
    table = SourceTable(schema, name, columns, key)
    kind = found[0][0] if found else "BASE TABLE"
    computed = frozenset(row[1] for row in found if any(word in row[4] for word in _COMPUTED))
    return ChangedTable(table, 0, LoggedShape(logged, unsupported(table, kind), computed))


def _column(logged: SourceColumn, known: SourceColumn | None) -> SourceColumn:
    """The log does not say that a column is invisible, nor all of some types: then the catalogue's column of the name
    is taken. One that DMS leaves out there is left out here too."""
    if known is None:
        return logged
    is_vague = logged.type_name == known.type_name or (logged.type_name == "geometry" and dms_type(known) == _SHAPES)
    return known if dms_type(known) is None or (logged.type_name in _VAGUE and is_vague) else logged
