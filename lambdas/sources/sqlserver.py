"""Questions to a SQL Server source, with a driver in pure Python, read-only.

No server of this kind was ever reached by this code: the catalogue's shape is as Microsoft documents it, and the tests
answer as documented. Source: Microsoft's manual, "System catalog views (Transact-SQL)": sys.schemas, sys.objects,
sys.columns, sys.types, sys.indexes, sys.index_columns, sys.databases.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from tempfile import NamedTemporaryFile
from typing import Any

import pytds

from fleet.databases import SslMode
from fleet.failures import Failure, classify
from fleet.tables.catalogue import Table
from fleet.tables.columns import Column
from lambdas.sources.encryption import AUTHORITY

# An alias type stands as its base. The types of the CLR share one system type: they go by their own name.
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
_COUNTS_AT_ONCE = 50
CONNECT_TIMEOUT_SECONDS = 10

Connect = Callable[..., Any]
"""What opens a connection of the DB-API: pytds, or a test's stand-in for a server."""


def connect(
    secret: Mapping[str, Any], database: str, ssl_mode: SslMode = "require", driver: Connect = pytds.connect
) -> Any:
    """A connection to *database* on the server that *secret* names, and each statement for itself.

    The driver encrypts only if pyOpenSSL is installed beside it, and raises ValueError otherwise. It compares the
    server's certificate with its authority's whenever it encrypts, for `require` too.
    """
    with _authorities(secret, ssl_mode) as file:
        return driver(
            dsn=secret["host"],
            port=int(secret["port"]),
            database=database,
            user=secret["username"],
            password=secret["password"],
            login_timeout=CONNECT_TIMEOUT_SECONDS,
            appname="fleet",
            autocommit=True,
            cafile=file,
            validate_host=ssl_mode == "verify-full",
        )


@contextmanager
def _authorities(secret: Mapping[str, Any], ssl_mode: SslMode) -> Iterator[str | None]:
    """The file of the authorities that are believed. None means to the driver, without a word: encrypt nothing."""
    trusted = ssl.get_default_verify_paths()
    if ssl_mode == "none":
        yield None
    elif pem := secret.get(AUTHORITY):
        with NamedTemporaryFile("w", suffix=".pem") as file:
            file.write(pem)
            file.flush()
            yield file.name
    else:
        yield trusted.cafile or trusted.openssl_cafile


@contextmanager
def _cursor(secret: Mapping[str, Any], database: str, ssl_mode: SslMode, driver: Connect) -> Iterator[Any]:
    connection = connect(secret, database, ssl_mode, driver)
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


def ask_catalogue(
    secret: Mapping[str, Any],
    database: str,
    schemas: Sequence[str],
    ssl_mode: SslMode = "require",
    driver: Connect = pytds.connect,
) -> tuple[Table, ...]:
    """The tables and views of *schemas* that the user may read, in order of schema and name."""
    with _cursor(secret, database, ssl_mode, driver) as cursor:
        return tuple(read_catalogue(cursor, schemas))


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
    tables: Sequence[Sequence[str]],
    ssl_mode: SslMode = "require",
    driver: Connect = pytds.connect,
) -> list[list[Any]]:
    """[schema, table, rows] of each of *tables*: in one snapshot if the database allows that, else one after another.

    Source: Microsoft's manual, "SET TRANSACTION ISOLATION LEVEL": SNAPSHOT needs ALLOW_SNAPSHOT_ISOLATION (state 1).
    """
    counts: list[list[Any]] = []
    with _cursor(secret, database, ssl_mode, driver) as cursor:
        cursor.execute(_SNAPSHOT_STATE)
        if cursor.fetchone()[0] == 1:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL SNAPSHOT; BEGIN TRANSACTION")
        for first in range(0, len(tables), _COUNTS_AT_ONCE):
            group = tables[first : first + _COUNTS_AT_ONCE]
            cursor.execute(
                " UNION ALL ".join(
                    f"SELECT {number}, COUNT_BIG(*) FROM {quote(schema)}.{quote(table)}"
                    for number, (schema, table) in enumerate(group)
                )
            )
            rows = dict(cursor.fetchall())
            counts += [[schema, table, rows[number]] for number, (schema, table) in enumerate(group)]
    return counts


def quote(name: str) -> str:
    """*name* as SQL Server quotes it.

    >>> quote("a]b")
    '[a]]b]'
    """
    return "[" + name.replace("]", "]]") + "]"


def describe_failure(error: BaseException) -> Failure:
    """What an error of the driver or of the network says of the source."""
    text = str(error)
    failure_class = classify(text)
    if isinstance(error, pytds.LoginError):
        failure_class = "credentials"
    elif failure_class == "unknown" and isinstance(error, OSError | pytds.InterfaceError | pytds.OperationalError):
        failure_class = "connection"
    return Failure(failure_class, "SourceNotAnswering", f"the source did not answer: {text}")
