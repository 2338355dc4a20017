"""What a MySQL or MariaDB source says of itself, and which of its views cannot be read. No MySQL was ever reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pymysql
import pymysql.cursors

from fleet.asking import FACTS_SECONDS
from fleet.checks.source_facts import BrokenView, FoldedColumn, SourceFacts
from fleet.databases import SslMode
from lambdas.sources.counting import HasTime
from lambdas.sources.host import host_of
from lambdas.sources.mysql import explain, snapshot
from lambdas.sources.mysql_grants import missing_log_rights
from lambdas.sources.mysql_losses import quote

# Source: MySQL's manual, "Server System Variables" (version, basedir) and "Server Status Variables" (Ssl_cipher is
# empty where a connection is not encrypted); MariaDB has the same names. That RDS is installed in /rdsdbbin is on no
# page (assumed).
_SERVER = "SELECT @@version, @@basedir"
_RDS_FOLDER = "/rdsdbbin"
_ENCRYPTION = "SHOW SESSION STATUS WHERE Variable_name IN ('Ssl_version', 'Ssl_cipher')"
# Source: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/mysql-stored-proc-configuring.html, read 2026-12-01: a
# value of NULL is no hours at all.
_KEPT = "SELECT value FROM mysql.rds_configuration WHERE name = 'binlog retention hours'"
# Source: MySQL's manual, "Collation Naming Conventions": `_ci` in a name is case-insensitive.
_FOLDED = """
SELECT table_schema, table_name, column_name, collation_name FROM information_schema.columns
WHERE table_schema IN %s AND column_key = 'PRI' AND collation_name REGEXP '_ci(_|$)'
ORDER BY table_schema, table_name, ordinal_position
"""


def ask_mysql_facts(
    secret: Mapping[str, Any],
    database: str,
    schemas: Sequence[str],
    views: Sequence[tuple[str, str]],
    ssl_mode: SslMode,
    has_time: HasTime,
) -> SourceFacts:
    """What the server is; *views* are tried one by one while *has_time* says so. No row is read."""
    unseen: list[str] = []
    with snapshot(secret, database, ssl_mode, FACTS_SECONDS) as cursor:
        ((version, folder),) = _ask(cursor, _SERVER)
        status = {str(name): str(value) for name, value in _ask(cursor, _ENCRYPTION)}
        rights = _find_log_rights(cursor, unseen)
        is_on_rds = str(folder).startswith(_RDS_FOLDER)
        kept_hours = _find_kept_hours(cursor, unseen) if is_on_rds else None
        cursor.execute(_FOLDED, (tuple(schemas),))
        folded = tuple(FoldedColumn(*row) for row in cursor.fetchall())
        broken = tuple(_try_views(cursor, views, has_time, unseen))
    cipher = status.get("Ssl_cipher", "")
    return SourceFacts(
        version,
        encryption=f"{status.get('Ssl_version', '')} {cipher}".strip() if cipher else "",
        is_local=host_of(secret).startswith("/"),
        is_on_rds=is_on_rds,
        kept_hours=kept_hours,
        log_rights_missing=rights,
        folded=folded,
        broken_views=broken,
        unseen=tuple(unseen),
    )


def _find_log_rights(cursor: pymysql.cursors.Cursor, unseen: list[str]) -> tuple[str, ...] | None:
    try:
        return missing_log_rights(str(line) for (line,) in _ask(cursor, "SHOW GRANTS"))
    except pymysql.err.Error as error:
        if not explain(error, FACTS_SECONDS):
            raise
        unseen.append("what is granted to the login (SHOW GRANTS)")
        return None


def _find_kept_hours(cursor: pymysql.cursors.Cursor, unseen: list[str]) -> int | None:
    try:
        rows = _ask(cursor, _KEPT)
    except pymysql.err.Error as error:
        if not explain(error, FACTS_SECONDS):
            raise
        unseen.append("for how long RDS keeps the binary log (mysql.rds_configuration)")
        return None
    return int(rows[0][0] or 0) if rows else 0


def _try_views(
    cursor: pymysql.cursors.Cursor, views: Sequence[tuple[str, str]], has_time: HasTime, unseen: list[str]
) -> list[BrokenView]:
    """Those of *views* that the server refuses to read."""
    broken: list[BrokenView] = []
    for place, (schema, table) in enumerate(views):
        if not has_time():
            unseen.append(f"{len(views) - place} views, for which no time was left")
            break
        try:
            _ask(cursor, f"SELECT * FROM {quote(schema)}.{quote(table)} LIMIT 0")
        except pymysql.err.Error as error:
            if not (why := explain(error, FACTS_SECONDS)):
                raise
            broken.append(BrokenView(schema, table, why))
    return broken


def _ask(cursor: pymysql.cursors.Cursor, query: str) -> Sequence[Sequence[Any]]:
    cursor.execute(query)  # without values: with any, even none, a % in a name would be read
    return cursor.fetchall()
