"""Databases of a local cloud on a real MariaDB, for a truth to be tried on."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from cases import SETTINGS, Case, Cases
from fleet.databases import Database, Registry, Server
from fleet.names import warehouse_schema
from lambdas.sources import mysql
from local.cloud import LocalCloud
from localcloud.cloud import AccountLimits
from localcloud.servers.mariadb import EmbeddedMariadb
from truths import PASSWORD, READER, Truth, run_through

_COUNT = 48  # as many as one replication instance holds
_OF_MYSQL = ("case-47", "case-48")


class MariadbCases(Cases):
    """Databases `case-01` and so on, each with a server of the registry's own, all of them on *mariadb*."""

    def __init__(self, folder: Path, mariadb: EmbeddedMariadb, *, deltas: bool = False) -> None:
        self.mariadb = mariadb
        self._left = [f"case-{number:02}" for number in range(_COUNT, 0, -1)]
        names = tuple(reversed(self._left))
        databases = tuple(
            Database(name, name, name, "one", (name,), onboarded=True, views=not deltas, deltas=deltas)
            for name in names
        )
        servers = tuple(
            Server(name, "mysql" if name in _OF_MYSQL else "mariadb", f"fleet/server/{name}", ssl_mode="none")
            for name in names
        )
        self.registry = Registry(SETTINGS, servers, databases)
        secrets = {server.secret: mariadb.secret() for server in servers}
        limits = AccountLimits(dms_rate=None, machine_rates={})  # a test looks at DMS as often as it likes
        self.cloud = LocalCloud(folder, self.registry, secrets, clock="frozen", limits=limits)
        self._open = ExitStack()

    def take_mysql(self) -> Case:
        """The same, of a server that the registry and DMS take for a MySQL."""
        return self.take(next(name for name in self._left if name in _OF_MYSQL))

    def take(self, name: str | None = None) -> Case:
        """A database that nobody has touched, its source empty."""
        name = name or self._left[-1]
        self._left.remove(name)
        self.mariadb.execute(None, f"DROP DATABASE IF EXISTS `{name}`")
        self.mariadb.create_database(name)
        return MariadbCase(self, name, self.mariadb)


class MariadbCase(Case):
    """One database of `MariadbCases`: its schema has its name."""

    def __init__(self, cases: Cases, name: str, mariadb: EmbeddedMariadb) -> None:
        super().__init__(cases, name)
        self.mariadb = mariadb

    def ask_source(self, query: str) -> list[tuple[Any, ...]]:
        """Run the statements of *query*, between semicolons; what a SELECT answers."""
        if query.startswith("SELECT"):
            connected = mysql.connect(self.mariadb.secret(), self.id, "none")
            with connected as connection, connection.cursor() as cursor:
                cursor.execute(query)
                return list(cursor.fetchall())
        self.mariadb.execute(self.id, *filter(str.strip, query.split(";")))
        return []

    def put_secret(self, **changed: Any) -> None:
        """Change the secret with which the source is read."""
        self.cloud.aws.client("secretsmanager").put_secret_value(
            SecretId=f"fleet/server/{self.id}", SecretString=json.dumps({**self.mariadb.secret(), **changed})
        )

    @property
    def warehouse_schema(self) -> str:
        """The quoted name of the Snowflake schema that holds the source's."""
        return f'"FLEET"."{warehouse_schema(self.id, self.id)}"'


def try_on_mariadb(truth: Truth, case: Case) -> None:
    """Make the source, run the database, and compare. `{id}` in a schema's name is the database's."""
    if truth.as_reader:
        case.ask_source(f"CREATE OR REPLACE USER {READER}@localhost IDENTIFIED BY '{PASSWORD}'")
        case.put_secret(username=READER, password=PASSWORD)
    case.ask_source(truth.sql)
    named = {"id": case.id, "ID": case.id.upper()}
    schemas = tuple(schema.format(**named) for schema in truth.registry.get("schemas", ("{id}",)))
    run_through(replace(truth, registry={**truth.registry, "schemas": schemas}), case)
