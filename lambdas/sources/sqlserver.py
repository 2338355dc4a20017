"""Questions to a SQL Server source, with a driver in pure Python, read-only.

No server of this kind was ever reached by this code: the catalogue's shape is as Microsoft documents it, and the tests
answer as documented. Source: Microsoft's manual, "System catalog views (Transact-SQL)": sys.schemas, sys.objects,
sys.columns, sys.types, sys.indexes, sys.index_columns, sys.databases.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pytds

from fleet.asking import CATALOGUE_SECONDS, CONNECT_SECONDS
from fleet.counts import Count
from fleet.databases import SslMode
from fleet.failures import Failure, FailureClass, classify
from fleet.source_errors.sqlserver import classify_code
from fleet.tables.catalogue import Census, Table
from fleet.tables.columns import Column
from fleet.tables.losses import CountedLosses, TableLosses
from lambdas.sources.counting import HasTime, count_tables
from lambdas.sources.host import host_of
from lambdas.sources.tds_encryption import encrypted
from lambdas.sources.tds_messages import numbers_of
from lambdas.sources.words import causes_of, describe, find_words

# An alias type is given as its base type. The types of the CLR share one system type: they keep their own names.
_CATALOGUE = """
SELECT s.name, o.name, CASE WHEN o.type = 'V' THEN 1 ELSE 0 END, c.name,
       CASE WHEN t.is_assembly_type = 1 THEN t.name ELSE TYPE_NAME(t.system_type_id) END,
       c.max_length, c.precision, c.scale, c.is_nullable, k.key_ordinal
FROM sys.objects AS o
JOIN sys.schemas AS s ON s.schema_id = o.schema_id
JOIN sys.columns AS c ON c.object_id = o.object_id
JOIN sys.types AS t ON t.user_type_id = c.user_type_id
LEFT JOIN sys.indexes AS i ON i.object_id = o.object_id AND i.is_primary_key = 1
LEFT JOIN sys.index_columns AS k
  ON k.object_id = i.object_id AND k.index_id = i.index_id AND k.column_id = c.column_id AND k.key_ordinal > 0
WHERE o.type IN ('U', 'V') AND o.is_ms_shipped = 0
  AND HAS_PERMS_BY_NAME(QUOTENAME(s.name) + '.' + QUOTENAME(o.name), 'OBJECT', 'SELECT') = 1
"""
_ORDER = "ORDER BY s.name, o.name, c.column_id"
_SNAPSHOT_STATE = "SELECT snapshot_isolation_state FROM sys.databases WHERE name = DB_NAME()"
# Source: Microsoft's manual, "Database Engine error severities": from 20 on the connection ends.
_FATAL_SEVERITY = 20

Connect = Callable[..., Any]
"""What opens a connection of the DB-API: pytds, or a test's stand-in for a server."""


def connect(
    secret: Mapping[str, Any],
    database: str,
    ssl_mode: SslMode = "require",
    driver: Connect = pytds.connect,
    *,
    seconds: float | None = None,
) -> Any:
    """A connection to *database* on the server that *secret* names, where each statement commits by itself.

    *seconds*: for each statement; the driver then asks the server to cancel it. The host may name an instance,
    `HOST\\INSTANCE`: the instance is left out, because the driver takes it or the port, and the port is enough.
    """
    host = host_of(secret).partition("\\")[0]
    with encrypted(secret, host, ssl_mode) as encryption:
        return driver(
            dsn=host,
            port=int(secret["port"]),
            database=database,
            user=secret["username"],
            password=secret["password"],
            login_timeout=CONNECT_SECONDS,
            timeout=seconds,
            appname="fleet",
            autocommit=True,
            **encryption,
        )


@contextmanager
def _cursor(
    secret: Mapping[str, Any], database: str, ssl_mode: SslMode, driver: Connect, seconds: float
) -> Iterator[Any]:
    """A cursor whose statements end after *seconds*, and wait half as long for a lock.

    Source: Microsoft's manual, "SET LOCK_TIMEOUT": in milliseconds; the server has no time-out for a whole statement.
    """
    connection = connect(secret, database, ssl_mode, driver, seconds=seconds)
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCK_TIMEOUT {int(seconds * 500)}")
            yield cursor
    finally:
        connection.close()


def ask_census(
    secret: Mapping[str, Any],
    database: str,
    schemas: Sequence[str],
    ssl_mode: SslMode = "require",
    driver: Connect = pytds.connect,
) -> Census:
    """The tables and views of *schemas* that the user may read, in order of schema and name."""
    with _cursor(secret, database, ssl_mode, driver, CATALOGUE_SECONDS) as cursor:
        return Census(tuple(schemas), tuple(read_catalogue(cursor, schemas)))


def read_catalogue(cursor: Any, schemas: Sequence[str] | None) -> Iterator[Table]:
    """The tables and views of *schemas*, or of all of them."""
    within = "" if schemas is None else f"  AND s.name IN ({', '.join(['%s'] * len(schemas))})\n"
    cursor.execute(_CATALOGUE + within + _ORDER, tuple(schemas or ()))
    found: dict[tuple[str, str, bool], list[Sequence[Any]]] = {}
    for row in cursor.fetchall():
        found.setdefault((row[0], row[1], bool(row[2])), []).append(row)
    for (schema, table, is_view), columns in found.items():
        key = sorted((row for row in columns if row[9]), key=lambda row: row[9])
        yield Table(schema, table, is_view, tuple(map(_column, columns)), tuple(row[3] for row in key))


def _column(row: Sequence[Any]) -> Column:
    """A column from what sys.columns says of it; a text's length comes in bytes, -1 for `(max)`."""
    _, _, _, name, kind, max_length, precision, scale, is_nullable, _ = row
    length = None
    if kind in {"char", "varchar", "nchar", "nvarchar", "binary", "varbinary"} and max_length > 0:
        length = max_length // 2 if kind.startswith("n") else max_length
    is_decimal = kind in {"decimal", "numeric"}
    return Column(
        name, kind, length, precision if is_decimal else None, scale if is_decimal else None, bool(is_nullable)
    )


def ask_counts(
    secret: Mapping[str, Any],
    database: str,
    tables: Sequence[tuple[str, str]],
    ssl_mode: SslMode,
    seconds_each: float,
    has_time: HasTime,
    driver: Connect = pytds.connect,
) -> list[Count]:
    """What `count_tables` gives of *tables*: in one snapshot if the database allows that, else one after another.

    Source: Microsoft's manual, "SET TRANSACTION ISOLATION LEVEL": SNAPSHOT needs ALLOW_SNAPSHOT_ISOLATION (state 1).
    """
    with _cursor(secret, database, ssl_mode, driver, seconds_each) as cursor:
        cursor.execute(_SNAPSHOT_STATE)
        if cursor.fetchall()[0][0] == 1:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL SNAPSHOT; BEGIN TRANSACTION")

        def count(schema: str, table: str) -> int:
            cursor.execute(f"SELECT COUNT_BIG(*) FROM {quote(schema)}.{quote(table)}")
            return cursor.fetchall()[0][0]  # all: what is left unread is cancelled at the server

        return count_tables(tables, count, lambda error: _explain(error, seconds_each), has_time)


def ask_losses(
    secret: Mapping[str, Any],
    database: str,
    tables: Sequence[TableLosses],
    ssl_mode: SslMode,
    seconds_each: float,
    has_time: HasTime,
) -> list[CountedLosses]:
    """No loss of this engine is counted yet."""
    del secret, database, ssl_mode, seconds_each, has_time
    return [CountedLosses(one.schema, one.table, (), "not counted on this engine yet") for one in tables]


def _explain(error: Exception, seconds_each: float) -> str:
    # The driver's, which has asked the server to cancel the statement; the network's has a number.
    if isinstance(error, TimeoutError) and error.errno is None:
        return f"no answer within {seconds_each:g} s"
    is_the_servers = isinstance(error, pytds.DatabaseError) and not isinstance(error, pytds.LoginError)
    if not is_the_servers or getattr(error, "severity", 0) >= _FATAL_SEVERITY:
        return ""
    return find_words(error)


def quote(name: str) -> str:
    """*name* as SQL Server quotes it.

    >>> quote("a]b")
    '[a]]b]'
    """
    return "[" + name.replace("]", "]]") + "]"


def describe_failure(error: BaseException) -> Failure:
    """What an error of the driver or of the network says of the source: by number, where the server gave one.

    The first number that says something counts: a login to a database that is not there is answered 4060, then 18456.
    """
    numbers = [number for one in causes_of(error) for number in numbers_of(one)]
    failure_class: FailureClass = "unknown"
    for number in numbers:
        if failure_class == "unknown":
            failure_class = classify_code(number)
    if failure_class == "table_error":  # no table was asked for: the statement itself was wrong
        failure_class = "unknown"
    elif not numbers:
        failure_class = "credentials" if isinstance(error, pytds.LoginError) else classify(find_words(error))
        if failure_class == "unknown" and _is_of_connection(error):
            failure_class = "connection"
    return describe(error, failure_class)


def _is_of_connection(error: BaseException) -> bool:
    """The driver's own complaints (no encryption where it is asked for, ...) are plain errors, no server's."""
    is_the_servers = isinstance(error, pytds.DatabaseError) and not isinstance(error, pytds.OperationalError)
    return isinstance(error, OSError | pytds.Error) and not is_the_servers
