"""Databases of a suite's own on the real servers, and the login that DMS reads them with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from psycopg import sql

from localcloud.dms.engines.reader import Login
from localcloud.servers.mariadb import EmbeddedMariadb
from localcloud.servers.postgres import EmbeddedPostgres


@contextmanager
def postgres_login(postgres: EmbeddedPostgres, database: str, schema: str) -> Iterator[Login]:
    """The login of a new *database* that *schema* was run in; it is dropped afterwards."""
    postgres.create_database(database)
    with postgres.connect(database) as connection:
        connection.execute(schema)  # type: ignore[arg-type]  a literal of the suite's
    secret = postgres.secret(database)
    yield Login(secret["host"], secret["port"], database, secret["username"], secret["password"])
    postgres.drop_database(database)


def mariadb_login(mariadb: EmbeddedMariadb, database: str, schema: Sequence[str]) -> Login:
    """The login of the server, once a new *database* holds what the statements of *schema* make, in UTC."""
    mariadb.create_database(database)
    mariadb.execute(database, "SET time_zone = '+00:00'", *schema)
    secret = mariadb.secret()
    return Login(secret["host"], secret["port"], "", secret["username"], secret["password"])


def require_no_connection(postgres: EmbeddedPostgres, database: str) -> None:
    """Fail if anyone stays connected to *database*. A server process ends a moment after its client has gone."""
    held = sql.SQL("SELECT count(*) FROM pg_stat_activity WHERE datname = {}").format(database)
    for _ in range(1_000):
        with postgres.connect() as connection:
            if connection.execute(held).fetchone() == (0,):
                return
    pytest.fail(f"connections to {database} are left open")
