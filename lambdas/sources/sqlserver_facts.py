"""What a SQL Server source says of itself, and which of its views cannot be read.

No server of this kind was ever reached by this code: it follows Microsoft's manual, and the tests answer as documented.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytds

from fleet.asking import FACTS_SECONDS
from fleet.checks.source_facts import BrokenView, CaptureJob, FoldedColumn, SourceFacts
from fleet.databases import SslMode
from lambdas.sources import sqlserver
from lambdas.sources.counting import HasTime
from lambdas.sources.logs import Ask, try_to_ask
from lambdas.sources.sqlserver_names import literal, quote

# Source: Microsoft's manual, read 2026-12-01: "SERVERPROPERTY" (ProductVersion, Edition,
# EngineEdition, which alone sets Azure's two apart);
# https://learn.microsoft.com/en-us/sql/relational-databases/system-dynamic-management-views/sys-dm-server-services-transact-sql
# and sys-dm-exec-connections-transact-sql there (VIEW SERVER STATE);
# https://learn.microsoft.com/en-us/sql/relational-databases/system-tables/dbo-cdc-jobs-transact-sql. That a database
# `rdsadmin` is there on RDS alone:
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.SQLServer.CommonDBATasks.html.
_SERVER = """
SELECT CONVERT(varchar(40), SERVERPROPERTY('ProductVersion')),
       CASE CONVERT(int, SERVERPROPERTY('EngineEdition')) WHEN 5 THEN 'Azure SQL Database'
            WHEN 8 THEN 'Azure SQL Managed Instance' ELSE CONVERT(varchar(128), SERVERPROPERTY('Edition')) END,
       CASE WHEN DB_ID('rdsadmin') IS NULL THEN 0 ELSE 1 END, CONVERT(int, is_cdc_enabled),
       CASE WHEN IS_SRVROLEMEMBER('sysadmin') = 1 OR IS_MEMBER('db_owner') = 1 THEN 1 ELSE 0 END
FROM sys.databases WHERE database_id = DB_ID()
"""
_ENCRYPTION = "SELECT encrypt_option FROM sys.dm_exec_connections WHERE session_id = @@SPID"
_AGENT = "SELECT status_desc FROM sys.dm_server_services WHERE servicename LIKE '%Agent%'"
_JOBS = """
SELECT job_type, CONVERT(int, COALESCE(pollinginterval, 0)), CONVERT(int, COALESCE(continuous, 0))
FROM msdb.dbo.cdc_jobs WHERE database_id = DB_ID()
"""
# Source: Microsoft's manual, "Windows collation name": CI in the name is case-insensitive.
_FOLDED = """
SELECT s.name, o.name, c.name, c.collation_name
FROM sys.indexes AS i
JOIN sys.index_columns AS x ON x.object_id = i.object_id AND x.index_id = i.index_id
JOIN sys.columns AS c ON c.object_id = x.object_id AND c.column_id = x.column_id
JOIN sys.objects AS o ON o.object_id = i.object_id
JOIN sys.schemas AS s ON s.schema_id = o.schema_id
WHERE i.is_primary_key = 1 AND c.collation_name LIKE '%[_]CI[_]%' AND s.name IN ({schemas})
ORDER BY s.name, o.name, x.key_ordinal
"""


def ask_sqlserver_facts(
    secret: Mapping[str, Any],
    database: str,
    schemas: Sequence[str],
    views: Sequence[tuple[str, str]],
    ssl_mode: SslMode,
    has_time: HasTime,
    driver: sqlserver.Connect = pytds.connect,
) -> SourceFacts:
    """What the server is; *views* are tried one by one while *has_time* says so. No row is read."""
    connection = sqlserver.connect(secret, database, ssl_mode, driver, seconds=FACTS_SECONDS)
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCK_TIMEOUT {FACTS_SECONDS * 500}")

            def ask(query: str) -> Sequence[Sequence[Any]]:
                cursor.execute(query)
                return cursor.fetchall()

            return _read(ask, schemas, views, has_time)
    finally:
        connection.close()


def _read(ask: Ask, schemas: Sequence[str], views: Sequence[tuple[str, str]], has_time: HasTime) -> SourceFacts:
    unseen: list[str] = []
    ((version, edition, is_on_rds, has_cdc, may_read_log),) = ask(_SERVER)
    encrypted = next((row[0] for row in try_to_ask(ask, _ENCRYPTION, "whether it is encrypted", unseen)), None)
    agent = next((row[0] for row in try_to_ask(ask, _AGENT, "whether its agent runs", unseen)), None)
    jobs = try_to_ask(ask, _JOBS, "which jobs MS-CDC has", unseen) if has_cdc else ()
    folded = ask(_FOLDED.format(schemas=", ".join(map(literal, schemas)) or "NULL"))
    return SourceFacts(
        version,
        edition,
        None if encrypted is None else "TLS" if encrypted == "TRUE" else "",
        is_on_rds=bool(is_on_rds),
        agent=agent,
        capture_jobs=tuple(CaptureJob(kind, seconds, bool(is_continuous)) for kind, seconds, is_continuous in jobs)
        if jobs
        else None,
        log_rights_missing=() if may_read_log else ("sysadmin or db_owner",),
        folded=tuple(FoldedColumn(*row) for row in folded),
        broken_views=tuple(_try_views(ask, views, has_time, unseen)),
        unseen=tuple(unseen),
    )


def _try_views(ask: Ask, views: Sequence[tuple[str, str]], has_time: HasTime, unseen: list[str]) -> list[BrokenView]:
    """Those of *views* that the server refuses to read."""
    broken: list[BrokenView] = []
    for place, (schema, table) in enumerate(views):
        if not has_time():
            unseen.append(f"{len(views) - place} views, for which no time was left")
            break
        try:
            ask(f"SELECT TOP (0) * FROM {quote(schema)}.{quote(table)}")
        except Exception as error:
            if not (why := sqlserver.explain(error, FACTS_SECONDS)):
                raise
            broken.append(BrokenView(schema, table, why))
    return broken
