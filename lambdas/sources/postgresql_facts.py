"""What a PostgreSQL source says of itself, and which of its views cannot be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pg8000.native

from fleet.asking import FACTS_SECONDS
from fleet.checks.source_facts import BrokenView, FoldedColumn, SourceFacts
from fleet.databases import SslMode
from lambdas.sources.counting import HasTime
from lambdas.sources.host import host_of
from lambdas.sources.postgresql import ask_rows_alone, connect, explain
from lambdas.sources.postgresql_losses import quote

# Source: PostgreSQL's manual, "System Catalogs" (pg_collation; collisdeterministic since 12) and "The Statistics
# Collector" (pg_stat_ssl since 9.5: everybody sees the row of the own connection). That the role rds_superuser is there
# on RDS alone: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.Roles.html,
# read 2026-12-01.
_SERVER = """
SELECT current_setting('server_version'), current_setting('server_version_num')::int,
       EXISTS (SELECT FROM pg_roles WHERE rolname = 'rds_superuser'),
       (SELECT rolsuper OR rolreplication FROM pg_roles WHERE rolname = current_user)
       OR EXISTS (SELECT FROM pg_roles WHERE rolname = 'rds_replication' AND pg_has_role(oid, 'MEMBER'))
"""
_ENCRYPTION = "SELECT ssl, concat_ws(' ', version, cipher) FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
_FOLDED = """
SELECT n.nspname::text, c.relname::text, a.attname::text, o.collname::text
FROM pg_index i
JOIN pg_class c ON c.oid = i.indrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY(i.indkey)
JOIN pg_collation o ON o.oid = a.attcollation
WHERE i.indisprimary AND to_jsonb(o) ->> 'collisdeterministic' = 'false' AND n.nspname = ANY(:schemas)
ORDER BY n.nspname, c.relname, a.attnum
"""
_SINCE_STAT_SSL = 90_500


def ask_postgresql_facts(
    secret: Mapping[str, Any],
    database: str,
    schemas: Sequence[str],
    views: Sequence[tuple[str, str]],
    ssl_mode: SslMode,
    has_time: HasTime,
) -> SourceFacts:
    """What the server is; *views* are tried one by one while *has_time* says so. No row is read."""
    with connect(secret, database, ssl_mode, FACTS_SECONDS) as connection:
        ((version, number, is_on_rds, may_replicate),) = connection.run(_SERVER) or [("", 0, False, False)]
        found = (connection.run(_ENCRYPTION) or [(False, "")])[0] if number >= _SINCE_STAT_SSL else None
        folded = connection.run(_FOLDED, schemas=list(schemas)) or []
        broken, tried = _try_views(connection, views, has_time)
    unseen = [] if tried == len(views) else [f"{len(views) - tried} views, for which no time was left"]
    return SourceFacts(
        version,
        encryption=None if found is None else (found[1] or "TLS") if found[0] else "",
        is_local=host_of(secret).startswith("/"),
        is_on_rds=is_on_rds,
        log_rights_missing=() if may_replicate else ("rds_replication" if is_on_rds else "REPLICATION",),
        folded=tuple(FoldedColumn(*row) for row in folded),
        broken_views=broken,
        unseen=tuple(unseen),
    )


def _try_views(
    connection: pg8000.native.Connection, views: Sequence[tuple[str, str]], has_time: HasTime
) -> tuple[tuple[BrokenView, ...], int]:
    """Those of *views* that the server refuses to read, and how many were tried."""
    broken: list[BrokenView] = []
    for place, (schema, table) in enumerate(views):
        if not has_time():
            return tuple(broken), place
        try:
            ask_rows_alone(connection, f"SELECT * FROM {quote(schema)}.{quote(table)} LIMIT 0")
        except pg8000.native.DatabaseError as error:
            if not (why := explain(error, FACTS_SECONDS)):
                raise
            broken.append(BrokenView(schema, table, why))
    return tuple(broken), len(views)
