"""What one's own sources say of themselves before anything is copied, asked from this machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cli.asking_here import ask_here
from cli.own.addresses import Address
from fleet.databases import Database, Registry
from fleet.failures import Failure
from fleet.tables.catalogue import Census
from lambdas.sources import postgresql, sqlserver

# The list of schemas is short. A server that accepts connections and says nothing is waited for no longer than this.
_SCHEMAS_SECONDS = 20
_POSTGRESQL_SCHEMAS = """
SELECT nspname FROM pg_namespace n
WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' AND has_schema_privilege(oid, 'USAGE')
  AND EXISTS (SELECT FROM pg_class WHERE relnamespace = n.oid AND relkind IN ('r', 'p', 'v', 'm', 'f'))
ORDER BY nspname
"""
_SQLSERVER_SCHEMAS = """
SELECT s.name FROM sys.schemas AS s
WHERE EXISTS (SELECT 1 FROM sys.objects AS o WHERE o.schema_id = s.schema_id AND o.type IN ('U', 'V'))
ORDER BY s.name
"""


def ask_census(registry: Registry, database: Database, secret: Mapping[str, Any]) -> Census | Failure:
    """What the source of *database* holds, or why it does not answer."""
    server = registry.server_of(database)
    schemas = list(database.schemas)
    return ask_here(
        server.engine, lambda speaker: speaker.census(secret, database.name_at_source, schemas, server.ssl_mode)
    )


def ask_schemas(address: Address, secret: Mapping[str, Any]) -> tuple[str, ...] | Failure:
    """The schemas of a database that have relations and may be used; of MySQL and MariaDB there is one, the database.

    Those that the login may not use are not among them.
    """
    if address.engine in {"mysql", "mariadb"}:
        return (address.database,)
    read = _read_postgresql if address.engine == "postgresql" else _read_sqlserver
    return ask_here(address.engine, lambda _: read(address, secret))


def _read_postgresql(address: Address, secret: Mapping[str, Any]) -> tuple[str, ...]:
    with postgresql.connect(secret, address.database, address.ssl_mode, _SCHEMAS_SECONDS) as connection:
        return tuple(name for (name,) in connection.run(_POSTGRESQL_SCHEMAS) or ())


def _read_sqlserver(address: Address, secret: Mapping[str, Any]) -> tuple[str, ...]:
    connection = sqlserver.connect(secret, address.database, address.ssl_mode, seconds=_SCHEMAS_SECONDS)
    try:
        with connection.cursor() as cursor:
            cursor.execute(_SQLSERVER_SCHEMAS)
            return tuple(name for (name,) in cursor.fetchall())
    finally:
        connection.close()
