"""How published tables come into a source database: DuckDB reads them and writes by binary COPY."""

from __future__ import annotations

import re
from types import TracebackType
from typing import Any, Self

import psycopg

from local.sources.datasets.published import Published
from localcloud.servers.postgres import EmbeddedPostgres


class Loader:
    """Fills one empty database. Use it as a context: it holds connections while open."""

    def __init__(self, server: EmbeddedPostgres, database: str, published: Published) -> None:
        self.published = published
        self._server = server
        self._database = database
        self._schemas = {"public"}

    def __enter__(self) -> Self:
        self._connection: psycopg.Connection[Any] = self._server.connect(self._database, autocommit=True)
        self.published.duckdb.execute(
            f"ATTACH {_literal(self._server.conninfo(self._database))} AS source (TYPE postgres)"
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.published.duckdb.execute("DETACH source")
        self._connection.close()

    def table(self, name: str, select: str, *, key: str = "", schema: str = "public") -> None:
        """Make table *name* from DuckDB's *select* (a relation will do), with the primary key of *key*'s columns."""
        if schema not in self._schemas:
            self.run(f"CREATE SCHEMA {quoted(schema)}")
            self._schemas.add(schema)
            self.published.duckdb.execute("CALL pg_clear_cache()")  # DuckDB does not see what others create
        table = f"{quoted(schema)}.{quoted(name)}"
        query = select if re.match(r"(SELECT|FROM)\b", select) else f"FROM {select}"
        self.published.duckdb.execute(f"CREATE TABLE source.{table} AS {query}")
        if key:
            columns = ", ".join(quoted(column) for column in key.split())
            self.run(f"ALTER TABLE {table} ADD PRIMARY KEY ({columns})")

    def run(self, statements: str) -> None:
        """Run PostgreSQL *statements* in the database."""
        self._connection.execute(statements.encode())


def quoted(identifier: str) -> str:
    """*identifier* as SQL takes it, whatever is in it.

    >>> quoted("Order")
    '"Order"'
    """
    return '"' + identifier.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
