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
import psycopg
from duckdb_extensions import import_extension
from psycopg.conninfo import make_conninfo

from localcloud.dms.engines.driver_words import words_of
from localcloud.dms.engines.reader import (
    Layout,
    Login,
    SourceTable,
    SourceUnreachableError,
    TableUnreadableError,
    Written,
    carried,
)
from localcloud.dms.files import writer
from localcloud.dms.files.lobs import units
from localcloud.dms.files.quoting import identifier, literal
from localcloud.dms.rules.mappings import Range
from localcloud.dms.type_tables.column import DmsType, SourceColumn
from localcloud.dms.type_tables.postgresql import UNBOUNDED_BYTES, dms_type

_CATALOGUE = (Path(__file__).parent / "postgresql_catalogue.sql").read_bytes()
_CONNECT_SECONDS = 10
# What the scanner puts before the server's own words.
_SERVERS_WORDS = re.compile(r"^.*?\bERROR:\s+", re.DOTALL)
# Values are as text what they are to a driver of ODBC's, whatever the database's own settings say. Source:
# https://odbc.postgresql.org/docs/ (DateStyle is ISO); that DMS sets the rest is assumed.
_SESSION = "-c DateStyle=ISO -c IntervalStyle=postgres -c TimeZone=UTC -c extra_float_digits=2"
_FLOATS_AND_LOBS = {"REAL4", "REAL8", "BLOB", "CLOB", "NCLOB"}


class PostgresqlReader:
    """PostgreSQL as a source. One DuckDB serves every database that is open; *memory* bounds what it may hold."""

    def __init__(self, *, memory: str = "1GB") -> None:
        # No thread of DuckDB's own: each caller does its own work, several at once. To hand the work over costs more
        # than to read a small table, and gains nothing with a large one, which comes through one connection.
        self._duckdb = duckdb.connect(config={"memory_limit": memory, "threads": 1})
        import_extension("postgres_scanner", con=self._duckdb)  # not by the default one, which threads share
        self._duckdb.execute("LOAD postgres_scanner")
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def check(self, login: Login) -> None:
        """Connect and say goodbye. Raises SourceUnreachableError."""
        _connect(login).close()

    def open(self, login: Login) -> PostgresqlSource:
        """The database behind *login*. Raises SourceUnreachableError."""
        with self._lock:
            name = f"source_{next(self._numbers)}"
            return PostgresqlSource(login, self._duckdb.cursor(), name)


class PostgresqlSource:
    """One PostgreSQL database, attached to DuckDB under *name*."""

    def __init__(self, login: Login, cursor: duckdb.DuckDBPyConnection, name: str) -> None:
        self._login = login
        self._cursor = cursor
        self._name = name
        try:
            cursor.execute(f"ATTACH {literal(_conninfo(login))} AS {name} (TYPE postgres, READ_ONLY)")
        except duckdb.Error as error:
            raise SourceUnreachableError(self._words(error)) from None

    def catalogue(self) -> list[SourceTable]:
        """Tables, partitioned tables with each partition beside them, foreign tables, and views that are not
        materialised.

        The guide says that parent and children of a partitioned table are all reported as regular tables, and that
        materialised views are not supported. That foreign tables are read is assumed.
        """
        with _connect(self._login) as connection:
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
        text = str(error).replace(_conninfo(self._login), where)
        return _SERVERS_WORDS.sub("", text).strip()

    def check(self) -> None:
        """Raise SourceUnreachableError unless the database still answers."""
        _connect(self._login).close()

    def close(self) -> None:
        """Detach, which closes the connections."""
        self._cursor.execute(f"DETACH {self._name}")
        self._cursor.close()


def _conninfo(login: Login) -> str:
    return make_conninfo(
        host=login.host,
        port=login.port,
        dbname=login.database,
        user=login.username,
        password=login.password,
        options=_SESSION,
        sslmode="disable" if login.ssl_mode == "none" else login.ssl_mode,
        client_encoding="UTF8",  # DMS asks for it, whatever the database holds (assumed)
        connect_timeout=_CONNECT_SECONDS,
        application_name="dms",
    )


def _connect(login: Login) -> psycopg.Connection:
    try:
        return psycopg.connect(_conninfo(login))
    except psycopg.Error as error:
        raise SourceUnreachableError(words_of(error)) from error


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
    fields = ", ".join(f"{_value(column, kind, lob_bytes)} AS {identifier(column.name)}" for column, kind in columns)
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


def _value(column: SourceColumn, kind: DmsType, lob_bytes: int) -> str:
    """The column as an expression in the source's SQL, of a type that the scanner maps exactly."""
    name = identifier(column.name)
    match kind.name:
        case "NUMERIC":
            return _decimal(column, kind, name)
        case "DATETIME":
            # Documented: infinity becomes '9999-12-31 23:59:59' and -infinity '4713-01-01 00:00:00 BC'.
            at = f"({name} AT TIME ZONE 'UTC')" if column.type_name == "timestamp with time zone" else name
            return _within_years(at, "timestamp", " 23:59:59")
        case "DATE":
            return _within_years(name, "date")
        case "TIME":
            # The offset of a `time with time zone` is dropped, and 24:00 is the day's beginning (assumed).
            return f"CASE {name}::time WHEN '24:00' THEN '00:00' ELSE {name}::time END"
        # One unit more than is carried, so that a cut is noticed (`lobs.cut` makes it).
        case "BLOB":
            return f"substring({name} FROM 1 FOR {units(kind, lob_bytes) + 1})"
        case "NCLOB" | "CLOB":
            return f"left({name}::text, {units(kind, lob_bytes) + 1})"
        case "STRING" | "WSTRING":
            # A cast to text drops the padding of `character(n)`, as DMS does by default (TrimSpaceInChar).
            if column.length is None and kind.length == UNBOUNDED_BYTES:
                return _cut_bytes(f"{name}::text", UNBOUNDED_BYTES)
            text = f"{name}::text"
            return text if column.type_name == "character varying" else f"left({text}, {kind.length})"
        case _:
            return name


def _decimal(column: SourceColumn, kind: DmsType, name: str) -> str:
    precision, scale = kind.precision or 0, kind.scale or 0
    if column.type_name == "money":
        return f"{name}::numeric({precision},{scale})"
    # A decimal has neither NaN nor infinity, nor more digits than it has. What DMS writes for them is unknown: the
    # table errors rather than hold something made up, and the text that is no number says why.
    what = literal(f" does not fit into the DECIMAL({precision},{scale}) of column {column.name}")
    fits = f"{name} <> 'NaN'"  # a number with a precision of its own is no other that does not fit
    if column.precision is None:
        fits = f"abs(round({name}, {scale})) < 1e{precision - scale}::numeric"
    checked = f"CASE WHEN {fits} THEN {name} ELSE ({name}::text || {what})::numeric END"
    return f"({checked})::numeric({precision},{scale})"


def _within_years(value: str, kind: str, last_second: str = "") -> str:
    """What infinity becomes is documented for timestamps and assumed for dates. What becomes of other points in time
    outside of the years 1 to 9999 is assumed: the nearest end of them."""
    return (
        f"CASE WHEN {value} >= {kind} '10000-01-01' THEN {kind} '9999-12-31{last_second}' "
        f"WHEN {value} = '-infinity' THEN {kind} '4713-01-01 BC' "
        f"WHEN {value} < {kind} '0001-01-01' THEN {kind} '0001-01-01' ELSE {value} END"
    )


def _cut_bytes(text: str, most: int) -> str:
    """*text*, cut to *most* bytes of UTF-8 and then to whole characters. The first byte that goes is looked at: if it
    goes on with a character (10xxxxxx), that character goes too."""
    raw = f"convert_to({text}, 'UTF8')"
    ends = [f"WHEN get_byte({raw}, {end}) & 192 <> 128 THEN {end}" for end in (most, most - 1, most - 2, most - 3)]
    kept = f"substring({raw} FROM 1 FOR CASE {' '.join(ends)} END)"
    return f"CASE WHEN octet_length({raw}) <= {most} THEN {text} ELSE convert_from({kept}, 'UTF8') END"
