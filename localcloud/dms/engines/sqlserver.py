"""Reads SQL Server through its driver. **No SQL Server was ever reached by this code.**

What it asks and what it is answered follow Microsoft's manual and the driver's documents; the tests answer likewise.
Types and their treatment: AWS DMS user guide, "Using a Microsoft SQL Server database as a source for AWS DMS", sections
"Limitations" and "Source data types", read 2026-11-30 (docs/facts/dms.md 7.7). Under which locks DMS reads is not
documented: here the database's own READ COMMITTED decides, without hints (assumed).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytds

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
from localcloud.dms.engines.sqlserver_catalogue import Connect, connect, quote, read_catalogue, read_unsupported
from localcloud.dms.files import writer
from localcloud.dms.files.lobs import units, without_cut_half
from localcloud.dms.files.parquet import arrow_type
from localcloud.dms.rules.mappings import Range
from localcloud.dms.type_tables.column import DmsType, SourceColumn
from localcloud.dms.type_tables.sqlserver import dms_type

_ROWS_AT_ONCE = 2_048
_NUMBERS = {"UINT1", "INT2", "INT4", "INT8", "NUMERIC"}
_NO_BOUNDARIES = {"REAL4", "REAL8", "BLOB", "CLOB", "NCLOB", "BOOLEAN", "BYTES"}
# Source: the guide: "doesn't support tables that include fields with the following data types".
_FORBIDDEN_TYPES = {"cursor", "sql_variant", "table"}
# Source: the guide, "Limitations": names with one of these are not replicated; that such a table errs is assumed.
_FORBIDDEN_NAMES = re.compile(r"""\\|--|[\n"\b\r'\t;]""")
# Source: the guide, "Limitations": up to 1,000 columns for each table; that a wider one errs is assumed.
_MOST_COLUMNS = 1_000
_HIERARCHYID_CHARACTERS = 250


class SqlServerReader:
    """SQL Server as a source. *driver*: what opens a connection of the DB-API."""

    def __init__(self, driver: Connect = pytds.connect) -> None:
        self._driver = driver

    def check(self, login: Login) -> None:
        """Connect and say goodbye. Raises SourceUnreachableError."""
        with _connected(login, self._driver):
            pass

    def open(self, login: Login) -> SqlServerSource:
        """The database behind *login*. Raises SourceUnreachableError."""
        self.check(login)
        return SqlServerSource(login, self._driver)


class SqlServerSource:
    """One SQL Server database; a connection for each table under way."""

    def __init__(self, login: Login, driver: Connect) -> None:
        self._login = login
        self._driver = driver
        self._duckdb = duckdb.connect()
        self._unsupported: dict[tuple[str, str], str] = {}

    def catalogue(self) -> list[SourceTable]:
        """Tables, each with all of its partitions, and views, of every schema that the user may read."""
        with _connected(self._login, self._driver) as cursor:
            found = list(read_catalogue(cursor))
            self._unsupported = read_unsupported(cursor)
        return found

    def write(self, table: SourceTable, layout: Layout, within: Range | None, folder: Path) -> Sequence[Written]:
        """Stream the rows of *table* within the range to files. Raises TableUnreadableError."""
        self._refuse(table)
        columns = carried(table, layout, dms_type)
        query = select(table, columns, layout.lob_bytes or 0, within)
        schema = pa.schema([pa.field(column.name, _arrow_type(kind)) for column, kind in columns])
        halves: list[UnicodeError] = []
        try:
            with _connected(self._login, self._driver) as asked, self._duckdb.cursor() as cursor:
                asked.execute(query)
                cursor.register("rows", pa.RecordBatchReader.from_batches(schema, _batches(asked, schema, halves)))
                return writer.write(cursor, "rows", [(column.name, kind) for column, kind in columns], layout, folder)
        except pytds.Error as error:
            raise TableUnreadableError(words_of(error)) from error
        except TableUnreadableError as error:
            if not halves:
                raise
            # What DMS makes of such a text is not documented; that the table errs is assumed.
            words = f"{table.schema}.{table.name} holds a text with half a surrogate pair, which is no character"
            raise TableUnreadableError(words) from error

    def _refuse(self, table: SourceTable) -> None:
        name = f"{table.schema}.{table.name}"
        if why := self._unsupported.get((table.schema, table.name)):
            raise TableUnreadableError(f"{name} is {why}: DMS does not support it")
        if found := _FORBIDDEN_NAMES.search(name):
            raise TableUnreadableError(f"{name} holds {found[0]!r} in its name: DMS does not support it")
        if len(table.columns) > _MOST_COLUMNS:
            raise TableUnreadableError(f"{name} has {len(table.columns)} columns: DMS supports {_MOST_COLUMNS}")
        if forbidden := [column.name for column in table.columns if column.type_name in _FORBIDDEN_TYPES]:
            raise TableUnreadableError(f"{name} has a column of an unsupported type: {forbidden[0]}")

    def check(self) -> None:
        """Raise SourceUnreachableError unless the database still answers."""
        with _connected(self._login, self._driver):
            pass

    def close(self) -> None:
        """Give back what is held."""
        self._duckdb.close()


@contextmanager
def _connected(login: Login, driver: Connect) -> Iterator[Any]:
    """A cursor of a connection of its own. Raises SourceUnreachableError when there is none to be had."""
    try:
        connection = connect(login, driver)
    except (pytds.Error, OSError) as error:
        raise SourceUnreachableError(words_of(error)) from error
    try:
        yield connection.cursor()
    finally:
        connection.close()


def _arrow_type(kind: DmsType) -> pa.DataType:
    return pa.time64("us") if kind.name == "TIME" else arrow_type(kind)


def _batches(cursor: Any, schema: pa.Schema, halves: list[UnicodeError]) -> Iterator[pa.RecordBatch]:
    """The rows. *halves* gets the error of a text that is not Unicode: on its way out of Arrow it loses its type."""
    try:
        while rows := cursor.fetchmany(_ROWS_AT_ONCE):
            columns = zip(zip(*rows, strict=True), schema, strict=True)
            yield pa.record_batch([_array(values, field.type) for values, field in columns], schema)
    except UnicodeError as error:
        halves.append(error)
        raise


def _array(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    try:
        return pa.array(values, kind)
    except UnicodeEncodeError:
        return pa.array([without_cut_half(one) if isinstance(one, str) else one for one in values], kind)


def select(
    table: SourceTable, columns: Sequence[tuple[SourceColumn, DmsType]], lob_bytes: int, within: Range | None = None
) -> str:
    """The query that the source answers with *table*'s rows as DMS would carry them. Raises TableUnreadableError."""
    fields = ", ".join(f"{_value(column, kind, lob_bytes)} AS {quote(column.name)}" for column, kind in columns)
    query = f"SELECT {fields} FROM {quote(table.schema)}.{quote(table.name)}"
    return query if within is None else f"{query} WHERE {_where(table, columns, within)}"


def _where(table: SourceTable, columns: Sequence[tuple[SourceColumn, DmsType]], within: Range) -> str:
    """Rows are compared as tuples (assumed for several columns), which SQL Server cannot: the comparison is spelled
    out. NULL in a boundary column is not loaded (documented)."""
    kinds = {column.name: kind for column, kind in columns}
    for name in within.columns:
        if name not in kinds or kinds[name].name in _NO_BOUNDARIES:
            raise TableUnreadableError(f"{table.schema}.{table.name} cannot be cut by column {name!r}")
    terms = [f"{quote(name)} IS NOT NULL" for name in within.columns]
    for sign, bound in ((">", within.above), ("<=", within.upto)):
        if bound is not None:
            values = [_bound(kinds[name], value) for name, value in zip(within.columns, bound, strict=True)]
            terms.append(_compared(list(map(quote, within.columns)), sign, values))
    return " AND ".join(terms)


def _compared(names: Sequence[str], sign: str, values: Sequence[str]) -> str:
    """The comparison of a row of *names* with a row of *values*.

    >>> _compared(["a", "b"], "<=", ["1", "2"])
    '(a < 1 OR (a = 1 AND b <= 2))'
    """
    if len(names) == 1:
        return f"{names[0]} {sign} {values[0]}"
    rest = _compared(names[1:], sign, values[1:])
    return f"({names[0]} {sign[0]} {values[0]} OR ({names[0]} = {values[0]} AND {rest}))"


def _bound(kind: DmsType, value: str) -> str:
    if kind.name not in _NUMBERS:
        return "N'" + value.replace("'", "''") + "'"
    if not re.fullmatch(r"-?\d+(\.\d+)?", value):
        raise TableUnreadableError(f"the boundary {value!r} is not a number")
    return value


def _value(column: SourceColumn, kind: DmsType, lob_bytes: int) -> str:
    """The column as an expression in the source's SQL, which the driver gives as the Python type that fits *kind*."""
    name = quote(column.name)
    more = units(kind, lob_bytes) + 1  # one unit more than is carried, so that a cut is noticed (`lobs.cut` makes it)
    match column.type_name:
        case "hierarchyid":
            return (
                f"LEFT({name}.ToString(), {_HIERARCHYID_CHARACTERS})"  # WSTRING(250); that the rest is cut is assumed
            )
        case "geometry" | "geography":
            # As well-known text, without the SRID, which DMS replaces (documented), and without heights and measures,
            # which this text has not; that it is this text is assumed.
            return f"LEFT({name}.STAsText(), {more})"
        case "datetimeoffset":
            return f"CONVERT(nvarchar(34), {name}, 121)"  # how DMS writes it is not documented (assumed)
        case "uniqueidentifier":
            return f"CONVERT(char(36), {name})"
        case "timestamp":
            return f"CONVERT(binary(8), {name})"
        case "xml" | "ntext":
            return f"LEFT(CONVERT(nvarchar(max), {name}), {more})"
        case "text":
            return f"LEFT(CONVERT(varchar(max), {name}), {more})"
        case "image":
            return f"SUBSTRING(CONVERT(varbinary(max), {name}), 1, {more})"
        case "char" | "nchar":
            return f"RTRIM({name})"  # TrimSpaceInChar, on by default (documented)
        case _ if kind.is_lob:
            return f"SUBSTRING({name}, 1, {more})" if kind.name == "BLOB" else f"LEFT({name}, {more})"
        case _:
            return name
