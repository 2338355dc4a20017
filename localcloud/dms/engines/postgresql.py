"""Reads PostgreSQL: the catalogue in one query, the rows by DuckDB's scanner, converted by the source itself.

Every column is cast in the source's SQL to what DMS would carry, so that DuckDB never has to guess (it reads a numeric
without precision as a double and a numeric NaN as 0). Types and their treatment: AWS DMS user guide, "Using a
PostgreSQL database as an AWS DMS source", sections "Limitations" and "Source data types"; what it leaves open says
"assumed".
"""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Sequence
from pathlib import Path

import duckdb

from localcloud.dms.engines.postgresql_changes import PostgresqlChangeReader
from localcloud.dms.engines.postgresql_connection import connect, conninfo
from localcloud.dms.engines.postgresql_values import value_sql
from localcloud.dms.engines.reader import (
    Layout,
    Login,
    SourceTable,
    SourceUnreachableError,
    TableUnreadableError,
    Written,
    carried,
)
from localcloud.dms.engines.scanners import connect_with
from localcloud.dms.files import writer
from localcloud.dms.files.quoting import identifier, literal
from localcloud.dms.rules.mappings import Range
from localcloud.dms.type_tables.column import DmsType, SourceColumn
from localcloud.dms.type_tables.postgresql import dms_type

_CATALOGUE = (Path(__file__).parent / "postgresql_catalogue.sql").read_bytes()
# What the scanner puts before the server's own words.
_SERVERS_WORDS = re.compile(r"^.*?\bERROR:\s+", re.DOTALL)
_FLOATS_AND_LOBS = {"REAL4", "REAL8", "BLOB", "CLOB", "NCLOB"}


class PostgresqlReader:
    """PostgreSQL as a source. One DuckDB serves every database that is open; *memory* bounds what it may hold."""

    def __init__(self, *, memory: str = "1GB") -> None:
        # No thread of DuckDB's own: each caller does its own work, several at once. To hand the work over costs more
        # than to read a small table, and gains nothing with a large one, which comes through one connection.
        self._duckdb = connect_with("postgres_scanner", memory_limit=memory, threads=1)
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def check(self, login: Login) -> None:
        """Connect and say goodbye. Raises SourceUnreachableError."""
        connect(login).close()

    def open(self, login: Login) -> PostgresqlSource:
        """The database behind *login*. Raises SourceUnreachableError."""
        with self._lock:
            name = f"source_{next(self._numbers)}"
            return PostgresqlSource(login, self._duckdb.cursor(), name)

    def changes(self) -> PostgresqlChangeReader:
        """What reads the slots."""
        return PostgresqlChangeReader()


class PostgresqlSource:
    """One PostgreSQL database, attached to DuckDB under *name*."""

    def __init__(self, login: Login, cursor: duckdb.DuckDBPyConnection, name: str) -> None:
        self._login = login
        self._cursor = cursor
        self._name = name
        try:
            cursor.execute(f"ATTACH {literal(conninfo(login))} AS {name} (TYPE postgres, READ_ONLY)")
        except duckdb.Error as error:
            raise SourceUnreachableError(self._words(error)) from None

    def catalogue(self) -> list[SourceTable]:
        """Tables, partitioned tables with each partition beside them, foreign tables, and views that are not
        materialised.

        The guide says that parent and children of a partitioned table are all reported as regular tables, and that
        materialised views are not supported. That foreign tables are read is assumed.
        """
        with connect(self._login) as connection:
            rows = connection.execute(_CATALOGUE).fetchall()
        return [
            SourceTable(schema, name, tuple(_column(fields) for fields in columns or ()), tuple(key or ()), is_view)
            for schema, name, is_view, columns, key in rows
        ]

    def write(self, table: SourceTable, layout: Layout, within: Range | None, folder: Path) -> Sequence[Written]:
        """Stream the rows of *table* within the range to files. Raises TableUnreadableError."""
        columns = carried(table, layout, dms_type)
        query = select(table, columns, layout.lob_bytes or 0, within)
        relation = f"postgres_query({literal(self._name)}, {literal(query)})"
        named = [(column.name, kind) for column, kind in columns]
        try:
            return writer.write(self._cursor.cursor(), relation, named, layout, folder)
        except TableUnreadableError as error:
            raise TableUnreadableError(self._words(error)) from None

    def _words(self, error: Exception) -> str:
        """What the scanner raised without the connection string that it repeats, for the password is in it."""
        where = f"{self._login.host}:{self._login.port}/{self._login.database}"
        text = str(error).replace(conninfo(self._login), where)
        return _SERVERS_WORDS.sub("", text).strip()

    def check(self) -> None:
        """Raise SourceUnreachableError unless the database still answers."""
        connect(self._login).close()

    def close(self) -> None:
        """Detach, which closes the connections."""
        self._cursor.execute(f"DETACH {self._name}")
        self._cursor.close()


def _column(fields: Sequence[object]) -> SourceColumn:
    name, type_name, length, precision, scale = fields
    return SourceColumn(name, type_name, length, precision, scale)  # type: ignore[arg-type]  as the query says


def select(
    table: SourceTable, columns: Sequence[tuple[SourceColumn, DmsType]], lob_bytes: int, within: Range | None = None
) -> str:
    """The query that the source answers with *table*'s rows as DMS would carry them. Raises TableUnreadableError."""
    # Source: the guide, "Limitations": a table with an ARRAY and without a primary key is suspended during full load.
    if not table.key and not table.is_view and any(column.type_name == "array" for column in table.columns):
        raise TableUnreadableError(f"{table.schema}.{table.name} has an ARRAY column and no primary key")
    fields = ", ".join(f"{value_sql(column, kind, lob_bytes)} AS {identifier(column.name)}" for column, kind in columns)
    query = f"SELECT {fields} FROM {identifier(table.schema)}.{identifier(table.name)}"
    return query if within is None else f"{query} WHERE {_where(table, columns, within)}"


def _where(table: SourceTable, columns: Sequence[tuple[SourceColumn, DmsType]], within: Range) -> str:
    """Rows are compared as tuples (assumed for several columns). NULL in a boundary column is not loaded
    (documented); a comparison may be decided before it comes to a NULL in a later column, so NULL is asked for too."""
    kinds = {column.name: kind for column, kind in columns}
    for name in within.columns:
        if name not in kinds or kinds[name].name in _FLOATS_AND_LOBS:
            raise TableUnreadableError(f"{table.schema}.{table.name} cannot be cut by column {name!r}")
    names = [identifier(name) for name in within.columns]
    row = f"({', '.join(names)})"
    terms = [f"{name} IS NOT NULL" for name in names]
    for sign, bound in ((">", within.above), ("<=", within.upto)):
        if bound is not None:
            terms.append(f"{row} {sign} ({', '.join(literal(value) for value in bound)})")
    return " AND ".join(terms)
