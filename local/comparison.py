"""Whole databases compared: every table that a run moves, by its checksum at the source and in the warehouse."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from fleet.databases import Registry
from fleet.errors import MalformedInputError
from fleet.failures import Failure
from fleet.tables.account import select_tables
from fleet.tables.catalogue import TableName
from lambdas.sources import postgresql
from local.checksums import Checksum, sum_source, sum_warehouse
from localcloud.servers.postgres import EmbeddedPostgres


@dataclass(frozen=True)
class ComparedTable:
    """One table on either side. *warehouse*: None where the warehouse has no such table, or none with its columns."""

    database: str
    name: TableName
    source: Checksum
    warehouse: Checksum | None

    @property
    def is_equal(self) -> bool:
        """Whether the warehouse has exactly the source's rows."""
        return self.source == self.warehouse


def compare(
    server: EmbeddedPostgres, registry: Registry, databases: Iterable[str], warehouse: Path
) -> tuple[ComparedTable, ...]:
    """Every table and view of *databases* that a run moves, as *server* has it now and as the file *warehouse* has it.

    Raises:
        MalformedInputError: A database has no table to move.
    """
    compared: list[ComparedTable] = []
    with duckdb.connect(str(warehouse), read_only=True) as opened:
        opened.execute("SET enable_progress_bar = false")
        for name in databases:
            compared += _compare_database(server, registry, name, opened)
    return tuple(compared)


def _compare_database(
    server: EmbeddedPostgres, registry: Registry, name: str, warehouse: duckdb.DuckDBPyConnection
) -> list[ComparedTable]:
    database = registry.database(name)
    lob_bytes = (database.lob_max_kilobytes or registry.settings.profile.lob_max_kilobytes) * 1024
    census = postgresql.ask_census(server.secret("postgres"), database.name_at_source, database.schemas)
    tables = select_tables("postgresql", database, census, None)
    if isinstance(tables, Failure):
        raise MalformedInputError(tables.text)
    compared: list[ComparedTable] = []
    with server.connect(database.name_at_source) as connection:
        for table in tables:
            try:
                held = sum_warehouse(warehouse, name, table)
            except duckdb.CatalogException:
                held = None
            compared.append(ComparedTable(name, table.name, sum_source(connection, table, lob_bytes), held))
    return compared
