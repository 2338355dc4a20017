"""What the error numbers of PostgreSQL, MySQL, MariaDB and SQL Server mean for a load: one table an engine.

A number is the same in every language and version; words are not. Only numbers that the vendor's page lists are here.
"""

from __future__ import annotations

from fleet.databases import Engine
from fleet.failures import FailureClass
from fleet.source_errors import mysql, postgresql, sqlserver


def classify_number(engine: Engine, number: str) -> FailureClass:
    """The class of *engine*'s error *number*: a SQLSTATE of PostgreSQL, else the server's own number; or `unknown`.

    >>> classify_number("postgresql", "3D000"), classify_number("mariadb", "1142"), classify_number("sqlserver", "208")
    ('mapping_empty', 'credentials', 'table_error')
    >>> classify_number("mysql", "none at all")
    'unknown'
    """
    if engine == "postgresql":
        return postgresql.classify_state(number)
    if not number.isdecimal():
        return "unknown"
    return (sqlserver if engine == "sqlserver" else mysql).classify_code(int(number))
