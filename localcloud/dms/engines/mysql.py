"""Reads MySQL and MariaDB: the catalogue by PyMySQL, the rows by DuckDB's scanner, converted by the source itself.

Types and their treatment: https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html, "Limitations" and
"Source data types" (read 2026-11-30); what it leaves open says "assumed". What the scanner (1.5.5) would get wrong by
itself, seen against MariaDB 10.11, and what is done about it:
- TINYINT(1) is a boolean, so that 127 is true: a setting.
- A decimal of more than 38 digits is a double: the source is asked for text.
- A decimal without a scale, or unsigned, has one digit too few, and its longest values are errors: the source is asked
  for a signed one, without a scale of one digit more.
- Text of a `_bin` collation, MariaDB's JSON among it, is binary: the source is asked to convert it.
- A date with a zero month or day, and one that its month does not have, is an error: the source is asked for NULL.
- What the server says of an error amid the rows is lost: the query is asked again.
- A query runs for at most 300 seconds, and in the server's own time zone: settings.
Right as they are: unsigned numbers, BIT, YEAR, TIME as text beyond 24 hours, ENUM and SET, geometry, character sets.
"""

from __future__ import annotations

import itertools
import re
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pymysql
import pymysql.cursors

from localcloud.dms.engines.binlog.changes import BinlogReader
from localcloud.dms.engines.driver_words import words_of
from localcloud.dms.engines.mysql_catalogue import SOCKET_NAME, connect, quote, read_catalogue, unsupported
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
from localcloud.dms.files.lobs import units
from localcloud.dms.files.quoting import literal
from localcloud.dms.rules.mappings import Range
from localcloud.dms.type_tables.column import DmsType, SourceColumn
from localcloud.dms.type_tables.mysql import dms_type

_SETTINGS = {
    "mysql_tinyint1_as_boolean": "false",
    "mysql_query_timeout_enabled": "false",
    "mysql_session_time_zone": "'+00:00'",
}
_NUMBERS = {"INT1", "INT2", "INT4", "INT8", "UINT1", "UINT2", "UINT4", "UINT8", "NUMERIC"}
_NO_BOUNDARIES = {"REAL8", "BLOB", "CLOB", "NCLOB", "BOOLEAN", "BYTES"}


class MysqlReader:
    """MySQL or, without *has_views*, MariaDB as a source. One DuckDB serves all that is open; *memory* bounds it.

    Source: the guide, "Limitations": views of MariaDB are not migrated.
    """

    def __init__(self, *, has_views: bool, memory: str = "1GB", threads: int = 2) -> None:
        self._config = {"memory_limit": memory, "threads": threads}
        self._kinds = {"BASE TABLE", "SYSTEM VERSIONED"} | ({"VIEW"} if has_views else set())
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._duckdb: duckdb.DuckDBPyConnection | None = None

    def check(self, login: Login) -> None:
        """Connect and say goodbye. Raises SourceUnreachableError."""
        with _connected(login):
            pass

    def open(self, login: Login) -> MysqlSource:
        """The server behind *login*. Raises SourceUnreachableError."""
        with self._lock:
            if self._duckdb is None:  # only now: most fleets have no such source
                self._duckdb = self._loaded()
            name = f"source_{next(self._numbers)}"
            return MysqlSource(login, self._duckdb.cursor(), name, self._kinds)

    def changes(self) -> BinlogReader:
        """What reads the binary logs."""
        return BinlogReader()

    def _loaded(self) -> duckdb.DuckDBPyConnection:
        connection = connect_with("mysql_scanner", **self._config)
        for name, value in _SETTINGS.items():
            connection.execute(f"SET GLOBAL {name} = {value}")
        return connection


class MysqlSource:
    """One MySQL server, attached to DuckDB under *name*. A schema of DMS's is what MySQL calls a database."""

    def __init__(self, login: Login, cursor: duckdb.DuckDBPyConnection, name: str, kinds: set[str]) -> None:
        self._login = login
        self._cursor = cursor
        self._name = name
        self._kinds = kinds
        self._types: dict[tuple[str, str], str] = {}
        try:
            cursor.execute(f"CREATE SECRET {name} ({_secret(login)})")
            cursor.execute(f"ATTACH '' AS {name} (TYPE mysql, READ_ONLY, SECRET {name})")
        except duckdb.Error as error:
            cursor.execute(f"DROP SECRET IF EXISTS {name}")
            raise SourceUnreachableError(_words(error)) from error

    def catalogue(self) -> list[SourceTable]:
        """Tables, each with all of its partitions, and views, of every database that is not the server's own."""
        with _connected(self._login) as cursor:
            found = [(table, kind) for table, kind in read_catalogue(cursor) if kind in self._kinds]
        self._types = {(table.schema, table.name): kind for table, kind in found}
        return [table for table, _ in found]

    def write(self, table: SourceTable, layout: Layout, within: Range | None, folder: Path) -> Sequence[Written]:
        """Stream the rows of *table* within the range to Parquet. Raises TableUnreadableError."""
        if why := unsupported(table, self._types.get((table.schema, table.name), "")):
            raise TableUnreadableError(why)
        columns = carried(table, layout, dms_type)
        query = select(table, columns, layout.lob_bytes or 0, within)
        relation = f"mysql_query({literal(self._name)}, {literal(query)})"
        named = [(column.name, kind) for column, kind in columns]
        try:
            return writer.write(self._cursor.cursor(), relation, named, layout, folder)
        except TableUnreadableError as error:
            try:
                self._reach()
            except SourceUnreachableError as gone:
                layout.warn(f"{table.schema}.{table.name}: the source is gone: {gone}")
                shutil.rmtree(folder, ignore_errors=True)
                return []
            words = _words(error.__cause__ or error)
            raise TableUnreadableError(self._ask_again(query) if words.endswith(":") else words) from error

    def check(self) -> None:
        """Say nothing: a server that is gone does not end the task (see `write`)."""

    def _ask_again(self, query: str) -> str:
        """What the server says when *query* fails again; of an error amid the rows, the scanner loses the words."""
        try:
            with _connected(self._login) as cursor, cursor.connection.cursor(pymysql.cursors.SSCursor) as rows:
                rows.execute(query)
                while rows.fetchmany(1_000):
                    pass
        except SourceUnreachableError as error:
            return str(error)
        return "the query failed, and did not when it was asked again"

    def _reach(self) -> None:
        with _connected(self._login):
            pass

    def close(self) -> None:
        """Detach, which closes the connections."""
        self._cursor.execute(f"DETACH {self._name}")
        self._cursor.execute(f"DROP SECRET {self._name}")
        self._cursor.close()


@contextmanager
def _connected(login: Login) -> Iterator[pymysql.cursors.Cursor]:
    try:
        with connect(login) as connection, connection.cursor() as cursor:
            yield cursor
    except (pymysql.err.Error, OSError) as error:
        raise SourceUnreachableError(words_of(error)) from error


def _secret(login: Login) -> str:
    """The members of DuckDB's secret for *login*."""
    is_local = login.host.startswith("/")
    members = {"HOST": "localhost" if is_local else login.host, "USER": login.username, "PASSWORD": login.password}
    if is_local:
        members["SOCKET"] = f"{login.host}/{SOCKET_NAME}"
    members["SSL_MODE"] = "disabled"  # what is emulated of DMS's modes for MySQL
    listed = "".join(f", {name} {literal(value)}" for name, value in members.items())
    return f"TYPE mysql, PORT {login.port}{listed}"


def _words(error: BaseException) -> str:
    """The server's words of what the scanner raised, without the query that it repeats."""
    return re.sub(r'MySQL query ".*": ', "MySQL query: ", str(error), flags=re.DOTALL).split("\n\n")[0].strip()


def select(
    table: SourceTable, columns: Sequence[tuple[SourceColumn, DmsType]], lob_bytes: int, within: Range | None = None
) -> str:
    """The query that the source answers with *table*'s rows as DMS would carry them. Raises TableUnreadableError."""
    fields = ", ".join(f"{_value(column, kind, lob_bytes)} AS {quote(column.name)}" for column, kind in columns)
    query = f"SELECT {fields} FROM {quote(table.schema)}.{quote(table.name)}"
    return query if within is None else f"{query} WHERE {_where(table, columns, within)}"


def _where(table: SourceTable, columns: Sequence[tuple[SourceColumn, DmsType]], within: Range) -> str:
    """Rows are compared as tuples (assumed for several columns). NULL in a boundary column is not loaded (documented).

    A number is compared with a number: with text, MySQL compares both as doubles and confuses large keys.
    """
    kinds = {column.name: kind for column, kind in columns}
    for name in within.columns:
        if name not in kinds or kinds[name].name in _NO_BOUNDARIES:
            raise TableUnreadableError(f"{table.schema}.{table.name} cannot be cut by column {name!r}")
    row = f"({', '.join(map(quote, within.columns))})"
    terms = [f"{quote(name)} IS NOT NULL" for name in within.columns]
    for sign, bound in ((">", within.above), ("<=", within.upto)):
        if bound is not None:
            values = [_bound(kinds[name], value) for name, value in zip(within.columns, bound, strict=True)]
            terms.append(f"{row} {sign} ({', '.join(values)})")
    return " AND ".join(terms)


def _bound(kind: DmsType, value: str) -> str:
    if kind.name not in _NUMBERS:
        return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
    if not re.fullmatch(r"-?\d+(\.\d+)?", value):
        raise TableUnreadableError(f"the boundary {value!r} is not a number")
    return value


def _value(column: SourceColumn, kind: DmsType, lob_bytes: int) -> str:
    """The column as an expression in the source's SQL, of a type that the scanner maps exactly."""
    name = quote(column.name)
    match kind.name:
        # One unit more than is carried, so that a cut is noticed (`lobs.cut` makes it).
        case "BLOB":
            return f"SUBSTRING({name}, 1, {units(kind, lob_bytes) + 1})"
        case "NCLOB" | "CLOB":
            return f"LEFT(CONVERT({name} USING utf8mb4), {units(kind, lob_bytes) + 1})"
        case "STRING" | "WSTRING":
            # The log has the digits of a decimal alone: that DMS writes no zeros of ZEROFILL either is assumed.
            shown = f"CAST({name} AS DECIMAL(65, {column.scale or 0}))" if "decimal" in column.type_name else name
            return f"CONVERT({shown} USING utf8mb4)"
        case "NUMERIC":
            digits = (kind.precision or 0) + (not kind.scale)  # the scanner takes off a sign and a point
            return f"CAST({name} AS DECIMAL({digits}, {kind.scale}))"
        case "REAL8":
            # A FLOAT is a single: its exact value, not the digits it is shown with (a CAST is MySQL 8's).
            return f"({name} * 1e0)"
        case "DATE" | "DATETIME":
            # Documented: a zero value is NULL on a target without one. That every other date that no calendar has is
            # NULL too is assumed. A month of zero has no last day, which counts as false.
            return f"IF(DAYOFMONTH({name}) BETWEEN 1 AND DAYOFMONTH(LAST_DAY({name})), {name}, NULL)"
        case _:
            return name
