"""What exists in the account: databases, schemas, tables with their columns, and objects such as stages and users.

A Snowflake database is a DuckDB file `<folder>/<DATABASE>.duckdb`, a schema is a schema and a table is a table in it.
So a person opens the file after the night and asks `SELECT * FROM "NYC_FLIGHTS__PUBLIC"."FLIGHTS"`, or attaches several
and writes the names exactly as in Snowflake. When the account is closed, the parts
of a definition that DuckDB cannot hold go to the schema `_snowflake` of the same file. What belongs to the account is
in `_account.duckdb`.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb

from localcloud.errors import MachineError
from localcloud.snowflake.definitions.column_types import ColumnType
from localcloud.snowflake.errors import SnowflakeError, missing, not_emulated
from localcloud.snowflake.loading.load_memory import LoadedFile, LoadMemory
from localcloud.snowflake.sql.lexing import literal, quoted

_DUCKDBS_OWN_SCHEMAS = {"main", "information_schema", "pg_catalog", "_snowflake"}
# The columns of a stored definition: the table's and, as JSON, those of its columns.
_DEFINITIONS = (
    "TABLE_SCHEMA VARCHAR, TABLE_NAME VARCHAR, ID VARCHAR, IS_TRANSIENT BOOLEAN, IS_EVOLVING BOOLEAN, COLUMNS VARCHAR"
)
_LOADS = "TABLE_ID VARCHAR, FILE VARCHAR, ETAG VARCHAR, BYTES BIGINT, ROW_COUNT BIGINT, LOADED_AT TIMESTAMP"
# DuckDB's own blocks of 256 KB would make a fleet of small tables many times its size. A log on disk would help
# after a crash, which this cloud does not have, and costs a write and a wait for the disk at every transaction. The
# oldest format, which is the default, takes longer to store a column's estimate of distinct values than its values.
_FILE_OPTIONS = "BLOCK_SIZE 65536, RECOVERY_MODE no_wal_writes, STORAGE_VERSION 'v1.2.0'"


@dataclass(frozen=True)
class Column:
    """A column of a table. *default*: a literal as it was written, or None."""

    name: str
    type: ColumnType
    is_nullable: bool = True
    default: str | None = None


@dataclass(frozen=True)
class Table:
    """A table. *id* is new with every CREATE, so that what was loaded belongs to the table and not to its name."""

    database: str
    schema: str
    name: str
    columns: Mapping[str, Column]
    is_transient: bool = False
    is_evolving: bool = False
    is_temporary: bool = False
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def key(self) -> tuple[str, str, str]:
        """Database, schema and name."""
        return self.database, self.schema, self.name

    @property
    def duckdb(self) -> str:
        """Where DuckDB has it. A temporary table lives in the session's own `temp`, and is gone with the session."""
        return quoted("temp", "main", self.name) if self.is_temporary else quoted(*self.key)


class Catalogue:
    """The definitions. Changes are made by one statement at a time (`locks.DEFINITIONS`).

    Those of tables are kept in memory and stored when the account is closed: this cloud does not crash, and to store
    each one costs more than to make the table.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, folder: Path | None) -> None:
        self._folder = folder
        self._schemas: dict[str, dict[str, dict[str, Table]]] = {}
        self._objects: dict[tuple[str, str], dict[str, Any]] = {}
        self._lock = threading.Lock()
        connection.execute(
            "CREATE TABLE IF NOT EXISTS objects (kind VARCHAR, name VARCHAR, properties VARCHAR);"
            "CREATE TABLE IF NOT EXISTS databases (name VARCHAR)"
        )
        for kind, name, properties in connection.execute("FROM objects").fetchall():
            self._objects[kind, name] = json.loads(properties)
        for (name,) in connection.execute("FROM databases").fetchall():
            self._attach(connection, name)
            self._read(connection, name)

    # --- databases and schemas

    def databases(self) -> list[str]:
        """The databases."""
        return list(self._schemas)

    def has_database(self, name: str) -> bool:
        """Whether *name* exists."""
        return name in self._schemas

    def has_schema(self, database: str, name: str) -> bool:
        """Whether *database* has the schema."""
        return name in self._schemas.get(database, {})

    def create_database(self, cursor: duckdb.DuckDBPyConnection, name: str) -> None:
        """Make a database with its schema PUBLIC."""
        _refuse_look_alike(name, [*self._schemas, "temp", "system", "memory", "_account"])
        self._attach(cursor, name)
        space = quoted(name, "_snowflake")
        cursor.execute(
            f"CREATE SCHEMA {space};"
            f"CREATE TABLE {space}.DEFINITIONS ({_DEFINITIONS});"
            f"CREATE TABLE {space}.SCHEMATA (CATALOG_NAME VARCHAR, SCHEMA_NAME VARCHAR);"
            f"CREATE TABLE {space}.LOADS ({_LOADS})"
        )
        cursor.execute("INSERT INTO databases VALUES (?)", [name])
        self._schemas[name] = {}
        self.create_schema(cursor, name, "PUBLIC")

    def create_schema(self, cursor: duckdb.DuckDBPyConnection, database: str, name: str) -> None:
        """Make a schema."""
        _refuse_look_alike(name, [*self._schemas[database], *_DUCKDBS_OWN_SCHEMAS])
        cursor.execute(f"CREATE SCHEMA {quoted(database, name)}")
        cursor.execute(f"INSERT INTO {quoted(database, '_snowflake')}.SCHEMATA VALUES (?, ?)", [database, name])
        self._schemas[database][name] = {}

    # --- tables

    def find_table(self, key: tuple[str, str, str]) -> Table | None:
        """The table, or None; raises if its database or schema is not there."""
        database, schema, name = key
        if database not in self._schemas:
            raise missing("Database", database)
        if schema not in self._schemas[database]:
            raise missing("Schema", f"{database}.{schema}")
        return self._schemas[database][schema].get(name)

    def table(self, key: tuple[str, str, str]) -> Table:
        """The table; raises if it is not there."""
        found = self.find_table(key)
        if found is None:
            raise missing("Object", ".".join(key))
        return found

    def refuse_look_alike_table(self, key: tuple[str, str, str]) -> None:
        """DuckDB takes "t" and "T" for one table: a second name that differs in case only is refused."""
        _refuse_look_alike(key[2], self._schemas[key[0]][key[1]])

    def remember(self, table: Table) -> None:
        """Take a definition, new or changed, whose transaction is committed."""
        self._schemas[table.database][table.schema][table.name] = table

    def forget(self, table: Table) -> None:
        """Drop a definition whose transaction is committed."""
        self._schemas[table.database][table.schema].pop(table.name, None)

    def tables(self, database: str, schema: str | None = None, name: str | None = None) -> list[Table]:
        """The tables of *database*, by schema; of *schema* alone, and of that *name* alone, where these are given."""
        schemas = self._schemas[database]
        places = schemas.values() if schema is None else [schemas.get(schema, {})]
        if name is None:
            return [table for place in places for table in place.values()]
        return [place[name] for place in places if name in place]

    def schemas(self, database: str) -> list[str]:
        """The schemas of *database*."""
        return list(self._schemas[database])

    # --- objects of the account

    def find_object(self, kind: str, name: str) -> dict[str, Any] | None:
        """The properties of a user, role, warehouse, integration, stage, format or view, or None."""
        return self._objects.get((kind, name))

    def object(self, kind: str, name: str) -> dict[str, Any]:
        """The properties; raises if there is no such object."""
        found = self.find_object(kind, name)
        if found is None:
            raise missing(kind.title(), name)
        return found

    def objects(self, kind: str) -> dict[str, dict[str, Any]]:
        """The properties of all objects of *kind*, by name."""
        return {name: properties for (of, name), properties in self._objects.items() if of == kind}

    def put_object(self, cursor: duckdb.DuckDBPyConnection, kind: str, name: str, properties: dict[str, Any]) -> None:
        """Store an object, new or changed."""
        cursor.execute("DELETE FROM objects WHERE kind = ? AND name = ?", [kind, name])
        cursor.execute("INSERT INTO objects VALUES (?, ?, ?)", [kind, name, json.dumps(properties)])
        self._objects[kind, name] = properties

    def drop_object(self, cursor: duckdb.DuckDBPyConnection, kind: str, name: str) -> None:
        """Forget an object that is there."""
        cursor.execute("DELETE FROM objects WHERE kind = ? AND name = ?", [kind, name])
        del self._objects[kind, name]

    # --- files

    def store(self, cursor: duckdb.DuckDBPyConnection, loads: LoadMemory) -> None:
        """Write the definitions of all tables, and what was loaded into them, into their files."""
        for database in self._schemas:
            tables = self.tables(database)
            loaded = [_load_row(table.id, file) for table in tables for file in loads.of(table.id).values()]
            cursor.begin()
            for name, columns, rows in (
                ("DEFINITIONS", _DEFINITIONS, list(map(_definition, tables))),
                ("LOADS", _LOADS, loaded),
            ):
                place = quoted(database, "_snowflake", name)
                cursor.execute(f"DELETE FROM {place}")
                # A list for each column: to read the rows as a text of values takes several times as long.
                values = ", ".join(f"unnest(?::{column.split()[1]}[])" for column in columns.split(", "))
                if rows:
                    cursor.execute(f"INSERT INTO {place} SELECT {values}", list(zip(*rows, strict=True)))
            cursor.commit()

    def checkpoint(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Bring into the files what is committed. Raises duckdb.TransactionException where others stand in its way.

        Raises:
            MachineError: A file cannot be written.
        """
        if self._folder is not None:
            for database in ("_account", *self._schemas):
                try:
                    cursor.execute(f"CHECKPOINT {quoted(database)}")
                except duckdb.IOException as error:
                    raise MachineError(
                        f"the warehouse's files in {self._folder} cannot be written: {error}.",
                        remedy="Make room there, or name another folder.",
                    ) from None

    def read_loads(self, cursor: duckdb.DuckDBPyConnection, loads: LoadMemory) -> None:
        """Take what was loaded from the files."""
        for database in self._schemas:
            found: dict[str, dict[tuple[str, str], LoadedFile]] = {}
            for table_id, *file in cursor.execute(f"FROM {quoted(database, '_snowflake', 'LOADS')}").fetchall():
                one = LoadedFile(*file)
                found.setdefault(table_id, {})[one.uri, one.etag] = one
            for table_id, files in found.items():
                loads.put(table_id, files)

    def _attach(self, cursor: duckdb.DuckDBPyConnection, name: str) -> None:
        if self._folder is None:
            cursor.execute(f"ATTACH ':memory:' AS {quoted(name)}")
            return
        path = str(self._folder / f"{quote(name, safe='')}.duckdb")
        cursor.execute(f"ATTACH {literal(path)} AS {quoted(name)} ({_FILE_OPTIONS})")

    def _read(self, cursor: duckdb.DuckDBPyConnection, database: str) -> None:
        space = quoted(database, "_snowflake")
        schemas = cursor.execute(f"SELECT SCHEMA_NAME FROM {space}.SCHEMATA").fetchall()
        self._schemas[database] = {name: {} for (name,) in schemas}
        for schema, name, identity, is_transient, is_evolving, columns in cursor.execute(
            f"SELECT * FROM {space}.DEFINITIONS"
        ).fetchall():
            known = {
                column: Column(column, ColumnType(*kind), is_nullable, default)
                for column, is_nullable, default, kind in json.loads(columns)
            }
            self.remember(Table(database, schema, name, known, is_transient, is_evolving, id=identity))


def resolve(context: Mapping[str, Any], parts: tuple[str, ...]) -> tuple[str, str, str]:
    """A written name with the session's database and schema in front, where it lacks them."""
    full = (context["database"], context["schema"])[: 3 - len(parts)] + parts
    if None in full:
        raise SnowflakeError(
            "090105",
            "22000",
            "Cannot perform operation. This session does not have a current "
            f"{'database' if full[0] is None else 'schema'}. Call 'USE DATABASE', or use a qualified name.",
        )
    return full  # type: ignore[return-value]


def _definition(table: Table) -> tuple[Any, ...]:
    """A row of DEFINITIONS."""
    columns = [
        (one.name, one.is_nullable, one.default, tuple(vars(one.type).values())) for one in table.columns.values()
    ]
    return table.schema, table.name, table.id, table.is_transient, table.is_evolving, json.dumps(columns)


def _load_row(table_id: str, file: LoadedFile) -> tuple[Any, ...]:
    """A row of LOADS."""
    return table_id, file.uri, file.etag, file.size_bytes, file.rows, file.at


def _refuse_look_alike(name: str, others: Iterable[str]) -> None:
    for other in others:
        if other != name and other.lower() == name.lower():
            raise not_emulated(f"the name {name!r} beside {other!r}: DuckDB does not tell names apart by case")
