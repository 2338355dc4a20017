"""What a source says of the log that its changes are read from, and of what reads it.

A part that the login may not see is said to be unseen. No SQL Server and no MySQL were ever reached.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pymysql
import pymysql.cursors
import pytds

from fleet.asking import CATALOGUE_SECONDS
from fleet.databases import SslMode
from fleet.deltas.logs import Slot, SourceLog
from lambdas.sources import mysql, postgresql, sqlserver

# Source: PostgreSQL's manual, "System Views" (pg_settings, pg_replication_slots) and "System Administration Functions".
# What came after version 9.6 is asked for where it is there: wal_status and safe_wal_size with 13.
_POSTGRESQL_SETTINGS = """
SELECT name, setting FROM pg_settings
WHERE name IN ('wal_level', 'wal_sender_timeout', 'max_replication_slots', 'max_wal_senders', 'max_slot_wal_keep_size')
"""
_SLOTS = """
SELECT s.slot_name::text, s.active, coalesce(to_jsonb(s) ->> 'confirmed_flush_lsn', ''),
       coalesce(to_jsonb(s) ->> 'wal_status', ''), (to_jsonb(s) ->> 'safe_wal_size')::bigint
FROM pg_replication_slots s WHERE s.slot_type = 'logical' AND s.database = current_database() ORDER BY s.slot_name
"""
_MAY_ASK = """
SELECT coalesce(has_function_privilege(to_regprocedure('pg_control_system()'), 'EXECUTE'), false),
       to_regprocedure('pg_current_wal_lsn()') IS NOT NULL
"""
_SYSTEM = "SELECT system_identifier::text FROM pg_control_system()"
_WAL = "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END::text"

# Source: MySQL's manual, "Binary Logging Options and Variables", and
# https://mariadb.com/kb/en/replication-and-binary-log-system-variables/; SHOW BINARY LOGS takes REPLICATION CLIENT.
_MYSQL_SETTINGS = """
SHOW GLOBAL VARIABLES WHERE Variable_name IN ('log_bin', 'binlog_format', 'binlog_row_image',
  'binlog_row_value_options', 'binlog_transaction_compression', 'log_bin_compress', 'log_slave_updates',
  'log_replica_updates', 'read_only', 'binlog_expire_logs_seconds', 'expire_logs_days', 'server_id', 'server_uuid',
  'server_uid')
"""
_FILES = "SHOW BINARY LOGS"
# MySQL has it under the second name alone since 8.4, MariaDB under the first in every version.
_STATUS = ("SHOW MASTER STATUS", "SHOW BINARY LOG STATUS")
# Source: MySQL's manual, "Server Error Message Reference": ER_SPECIFIC_ACCESS_DENIED_ERROR, ER_NO_BINARY_LOGGING,
# ER_PARSE_ERROR.
_DENIED, _NO_LOG, _SYNTAX = 1227, 1381, 1064
_FIRST_POSITION = 4  # behind a file's first bytes

# Source: Microsoft's manual, sys.databases, sys.database_recovery_status (for the owner, or with VIEW ANY DATABASE),
# sys.dm_db_log_stats (since 2016 SP2, VIEW DATABASE STATE), sys.fn_cdc_get_max_lsn, and backupset in msdb. What came
# later than 2012 is asked for where it is there.
_KNOWN = """
SELECT o.name, COALESCE(c.name, '') FROM sys.system_objects AS o
LEFT JOIN sys.system_columns AS c ON c.object_id = o.object_id
WHERE o.schema_id = SCHEMA_ID('sys') AND (o.name = 'dm_db_log_stats' OR (o.name = 'databases'
  AND c.name IN ('is_accelerated_database_recovery_on', 'delayed_durability_desc')))
"""
_RECOVERY = """
SELECT CONVERT(varchar(36), family_guid), CASE WHEN last_log_backup_lsn IS NULL THEN 0 ELSE 1 END
FROM sys.database_recovery_status WHERE database_id = DB_ID()
"""
_LOG_STATS = """
SELECT log_min_lsn, log_end_lsn, CONVERT(varchar(19), log_backup_time, 126),
       CONVERT(bigint, active_log_size_mb * 1048576)
FROM sys.dm_db_log_stats(DB_ID())
"""
_MAX_LSN = "SELECT COALESCE(CONVERT(varchar(22), sys.fn_cdc_get_max_lsn(), 1), '')"
_LAST_BACKUP = """
SELECT COALESCE(CONVERT(varchar(19), MAX(backup_finish_date), 126), '')
FROM msdb.dbo.backupset WHERE database_name = DB_NAME() AND type = 'L'
"""
# Source: Microsoft's manual, "sys.dm_tran_database_transactions" (VIEW SERVER STATE): its time is that of the first
# record in the log, by the server's own clock; what has written nothing has no first record.
_OPEN_SINCE = """
SELECT COALESCE(CONVERT(varchar(19), DATEADD(second, -DATEDIFF(second, MIN(database_transaction_begin_time), GETDATE()),
  SYSUTCDATETIME()), 126), '')
FROM sys.dm_tran_database_transactions
WHERE database_id = DB_ID() AND database_transaction_begin_lsn IS NOT NULL
"""
_FATAL_SEVERITY = 20


def ask_postgresql_log(secret: Mapping[str, Any], database: str, ssl_mode: SslMode) -> SourceLog:
    """The write-ahead log and the logical slots of *database*."""
    with postgresql.connect(secret, database, ssl_mode, CATALOGUE_SECONDS) as connection:
        settings = dict(connection.run(_POSTGRESQL_SETTINGS) or [])
        slots = tuple(Slot(*row) for row in connection.run(_SLOTS) or [])
        ((may_ask_system, has_wal),) = connection.run(_MAY_ASK) or [(False, False)]
        server = (connection.run(_SYSTEM) or [[""]])[0][0] if may_ask_system else ""
        newest = (connection.run(_WAL) or [[""]])[0][0] if has_wal else ""
    unseen = () if may_ask_system else ("the login may not see which server it is (pg_control_system)",)
    return SourceLog(settings, server, newest=newest or "", slots=slots, unseen=unseen)


def ask_mysql_log(secret: Mapping[str, Any], database: str, ssl_mode: SslMode) -> SourceLog:
    """The binary log of the server."""
    connected = mysql.connect(secret, database, ssl_mode, read_seconds=CATALOGUE_SECONDS)
    with connected as connection, connection.cursor() as cursor:
        cursor.execute(_MYSQL_SETTINGS)
        settings = {name: str(value) for name, value in cursor.fetchall()}
        files, unseen = _find_files(cursor)
        settings |= _find_filters(cursor) if files else {}
    server = settings.pop("server_uuid", "") or settings.pop("server_uid", "")
    if not files:
        return SourceLog(settings, server, unseen=unseen)
    (first, *_), (last, size, *_) = files[0], files[-1]
    written = sum(row[1] for row in files)
    sizes = {str(row[0]): int(row[1]) for row in files}
    oldest, newest = f"{first}:{_FIRST_POSITION}", f"{last}:{size}"
    return SourceLog(settings, server, oldest, newest, written, unseen=unseen, files=sizes)


def _find_files(cursor: pymysql.cursors.Cursor) -> tuple[Sequence[Sequence[Any]], tuple[str, ...]]:
    try:
        cursor.execute(_FILES)
        return cursor.fetchall(), ()
    except pymysql.err.Error as error:
        if error.args[:1] == (_NO_LOG,):
            return (), ()
        if error.args[:1] == (_DENIED,):
            return (), ("the files of the binary log are hidden from the login, which lacks REPLICATION CLIENT",)
        raise


def _find_filters(cursor: pymysql.cursors.Cursor) -> dict[str, str]:
    """The databases that the server writes to its log, or leaves out of it, as its options name them."""
    for query in _STATUS:
        try:
            cursor.execute(query)
        except pymysql.err.ProgrammingError as error:
            if error.args[:1] == (_SYNTAX,):
                continue
            raise
        row = cursor.fetchone() or ("", 0, "", "")
        return {"binlog_do_db": row[2] or "", "binlog_ignore_db": row[3] or ""}
    return {}


Ask = Callable[[str], Sequence[Sequence[Any]]]


def ask_sqlserver_log(
    secret: Mapping[str, Any], database: str, ssl_mode: SslMode, driver: Callable[..., Any] = pytds.connect
) -> SourceLog:
    """The transaction log of *database*."""
    connection = sqlserver.connect(secret, database, ssl_mode, driver, seconds=CATALOGUE_SECONDS)
    try:
        with connection.cursor() as cursor:

            def ask(query: str) -> Sequence[Sequence[Any]]:
                cursor.execute(query)
                return cursor.fetchall()

            return _read_sqlserver_log(ask)
    finally:
        connection.close()


def _read_sqlserver_log(ask: Ask) -> SourceLog:
    known = {(view, column) for view, column in ask(_KNOWN)}
    unseen: list[str] = []
    settings = dict(_database_settings(ask, known))
    ((server, has_log_backup),) = try_to_ask(
        ask, _RECOVERY, "which server it is and whether its log is backed up", unseen
    ) or [("", None)]
    if has_log_backup is not None:
        settings["has_log_backup"] = str(has_log_backup)
    stats: Sequence[Any] = ("", "", "", None)
    if any(view == "dm_db_log_stats" for view, _ in known):
        stats = next(iter(try_to_ask(ask, _LOG_STATS, "where its log begins and ends", unseen)), stats)
    if settings["is_cdc_enabled"] == "1":
        for (largest,) in try_to_ask(ask, _MAX_LSN, "how far the capture job has read", unseen):
            settings["cdc_max_lsn"] = largest
    oldest, newest, backed_up_at, size = stats
    for (finished_at,) in try_to_ask(ask, _LAST_BACKUP, "when its log was last backed up", unseen):
        backed_up_at = finished_at or backed_up_at
    open_since = next((began for (began,) in try_to_ask(ask, _OPEN_SINCE, "which transactions are open", unseen)), "")
    return SourceLog(
        settings,
        server or "",
        oldest or "",
        newest or "",
        size,
        backed_up_at=backed_up_at or "",
        unseen=tuple(unseen),
        open_since=f"{open_since}+00:00" if open_since else "",
    )


def _database_settings(ask: Ask, known: set[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    columns = {
        "recovery_model": "recovery_model_desc",
        "log_reuse_wait": "log_reuse_wait_desc",
        "is_published": "CONVERT(varchar(1), is_published)",
        "is_cdc_enabled": "CONVERT(varchar(1), is_cdc_enabled)",
    }
    if ("databases", "is_accelerated_database_recovery_on") in known:  # since 2019
        columns["accelerated_database_recovery"] = "CONVERT(varchar(1), is_accelerated_database_recovery_on)"
    if ("databases", "delayed_durability_desc") in known:  # since 2014
        columns["delayed_durability"] = "delayed_durability_desc"
    (row,) = ask(f"SELECT {', '.join(columns.values())} FROM sys.databases WHERE database_id = DB_ID()")
    yield from ((name, str(value)) for name, value in zip(columns, row, strict=True) if value is not None)


def try_to_ask(ask: Ask, query: str, what: str, unseen: list[str]) -> Sequence[Sequence[Any]]:
    """The answer; without one, *what* it would say is noted as unseen. An error that ends the connection goes on."""
    try:
        rows = ask(query)
    except pytds.DatabaseError as error:
        if isinstance(error, pytds.LoginError) or getattr(error, "severity", 0) >= _FATAL_SEVERITY:
            raise
        rows = ()
    if not rows:
        unseen.append(f"{what} is hidden from the login")
    return rows
