"""Which transactions are open at a source: what they wrote before a capture began may be in no change of it.

A login that does not see other sessions has not asked: none seen is not none open.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fleet.asking import CATALOGUE_SECONDS
from fleet.databases import SslMode
from fleet.failures import Failure
from lambdas.sources import mysql, postgresql, sqlserver

# A transaction that has written has a number of its own. Source: PostgreSQL's manual, "The Cumulative Statistics
# System", pg_stat_activity; whom it hides other sessions from, of those the query reads <insufficient privilege>.
_POSTGRESQL = """
SELECT backend_xid::text, query = '<insufficient privilege>' FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
  AND (backend_xid IS NOT NULL OR query = '<insufficient privilege>')
"""
# Source: https://mariadb.com/kb/en/information-schema-innodb_trx-table/ and MySQL's manual, "The INFORMATION_SCHEMA
# INNODB_TRX Table": it needs the PROCESS privilege, without which the question is refused (1227).
_MYSQL = "SELECT trx_id FROM information_schema.innodb_trx WHERE trx_rows_modified > 0"
# Source: Microsoft's manual, "sys.dm_tran_database_transactions": what has written has a first log record.
_SQLSERVER = """
SELECT transaction_id FROM sys.dm_tran_database_transactions
WHERE database_id = DB_ID() AND database_transaction_begin_lsn IS NOT NULL
"""


def open_on_postgresql(secret: Mapping[str, Any], database: str, ssl_mode: SslMode) -> list[str] | Failure:
    """The open transactions of *database* that have written."""
    with postgresql.connect(secret, database, ssl_mode, CATALOGUE_SECONDS) as connection:
        rows = connection.run(_POSTGRESQL) or []
    if any(hidden for _, hidden in rows):
        text = f"the login does not see other sessions of {database!r}. Grant it pg_read_all_stats."
        return Failure("credentials", "TransactionsHidden", text)
    return [number for number, _ in rows]


def open_on_mysql(secret: Mapping[str, Any], database: str, ssl_mode: SslMode) -> list[str] | Failure:
    """The same on MySQL and MariaDB, of the whole server."""
    connected = mysql.connect(secret, database, ssl_mode, read_seconds=CATALOGUE_SECONDS)
    with connected as connection, connection.cursor() as cursor:
        cursor.execute(_MYSQL)
        return [str(number) for (number,) in cursor.fetchall()]


def open_on_sqlserver(secret: Mapping[str, Any], database: str, ssl_mode: SslMode) -> list[str] | Failure:
    """The same on SQL Server; without VIEW DATABASE STATE the question is refused."""
    connection = sqlserver.connect(secret, database, ssl_mode, seconds=CATALOGUE_SECONDS)
    try:
        with connection.cursor() as cursor:
            cursor.execute(_SQLSERVER)
            return [str(number) for (number,) in cursor.fetchall()]
    finally:
        connection.close()
