"""The one thing that is ever written to a source: the number of an attempt, into the one row of the fleet's mark.

What is committed before the mark comes before it in the log, so that a delta with the mark in it has all of that.
The table is made by who owns the source (`fleet prerequisites --deltas`); without it nothing is written anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fleet.asking import CATALOGUE_SECONDS
from fleet.databases import SslMode
from fleet.deltas.sealing import MARK_COLUMN
from fleet.names import MARK_TABLE
from lambdas.sources import mysql, mysql_losses, postgresql, postgresql_losses, sqlserver, sqlserver_names


def mark_postgresql(secret: Mapping[str, Any], database: str, schema: str, attempt: int, ssl_mode: SslMode) -> bool:
    """Set the mark to *attempt*; whether it is there now."""
    table = f"{postgresql_losses.quote(schema)}.{postgresql_losses.quote(MARK_TABLE)}"
    with postgresql.connect(secret, database, ssl_mode, CATALOGUE_SECONDS) as connection:
        connection.run("ROLLBACK")  # of the read-only transaction that every question begins with
        connection.run(f"UPDATE {table} SET {MARK_COLUMN} = :attempt WHERE id = 1", attempt=attempt)
        return (connection.run(f"SELECT {MARK_COLUMN} FROM {table} WHERE id = 1") or []) == [[attempt]]


def mark_mysql(secret: Mapping[str, Any], database: str, schema: str, attempt: int, ssl_mode: SslMode) -> bool:
    """The same on MySQL and MariaDB."""
    table = f"{mysql_losses.quote(schema)}.{mysql_losses.quote(MARK_TABLE)}"
    connected = mysql.connect(secret, database, ssl_mode, read_seconds=CATALOGUE_SECONDS)
    with connected as connection, connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {MARK_COLUMN} = {attempt:d} WHERE id = 1")  # a name may hold `%`
        connection.commit()
        cursor.execute(f"SELECT {MARK_COLUMN} FROM {table} WHERE id = 1")
        return [tuple(row) for row in cursor.fetchall()] == [(attempt,)]


def mark_sqlserver(secret: Mapping[str, Any], database: str, schema: str, attempt: int, ssl_mode: SslMode) -> bool:
    """The same on SQL Server."""
    table = f"{sqlserver_names.quote(schema)}.{sqlserver_names.quote(MARK_TABLE)}"
    connection = sqlserver.connect(secret, database, ssl_mode, seconds=CATALOGUE_SECONDS)
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"UPDATE {table} SET {MARK_COLUMN} = {attempt:d} WHERE id = 1")
            cursor.execute(f"SELECT {MARK_COLUMN} FROM {table} WHERE id = 1")
            return [tuple(row) for row in cursor.fetchall()] == [(attempt,)]
    finally:
        connection.close()
