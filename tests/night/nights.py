"""Two nights over a few sample databases, and what stood where after each of them."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pyarrow.parquet
from psycopg import sql

from canonical import SourceColumn, canonical_rows, select_list
from case_place import list_objects
from cases import SETTINGS
from fleet.databases import Database, ParallelLoad, Registry, Server
from fleet.folders import Folder
from fleet.names import task_id, warehouse_name
from fleet.tables.catalogue import TableName
from fleet.warehouse import qualified, quote
from local.cloud import LocalCloud
from local.sources.datasets.loading import Loader
from local.sources.datasets.published import Published
from local.sources.sample_fleet import SAMPLE
from localcloud.servers.postgres import EmbeddedPostgres
from watched_objects import WatchedObjects

SAMPLES = ("type-museum", "odd-names", "empty-corner")
RANGES = ParallelLoad("public", "measurements", "id", ("250", "500", "750"))
_MEASUREMENTS = """
CREATE TABLE measurements (id integer PRIMARY KEY, what text, value double precision);
INSERT INTO measurements SELECT n, 'm' || n, n / 7.0 FROM generate_series(1, 1000) n;
CREATE VIEW largest AS SELECT * FROM measurements WHERE id > 990;
"""
_BY_DAY = """
DELETE FROM measurements WHERE id <= 100;
INSERT INTO measurements VALUES (2000, 'new', 1);
UPDATE measurements SET what = 'changed' WHERE id = 500;
"""
_COLUMNS = """
SELECT n.nspname, c.relname, a.attname, format_type(t.oid, NULL),
       CASE WHEN t.typelem <> 0 AND t.typlen = -1 THEN 'array' ELSE t.typtype::text END,
       CASE WHEN t.typname = 'numeric' AND a.atttypmod > 4
            THEN ARRAY[((a.atttypmod - 4) >> 16) & 65535, (a.atttypmod - 4) & 2047] END
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped JOIN pg_type t ON t.oid = a.atttypid
WHERE c.relkind IN ('r', 'v') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
ORDER BY n.nspname, c.relname, a.attnum
"""

Key = tuple[str, str, str]  # database, schema, table


@dataclass(frozen=True)
class Night:
    """What stood where when a run had ended. *objects*: key and ETag of everything in the landing bucket."""

    run: str
    description: Mapping[str, Any]
    outcomes: Mapping[str, Mapping[str, Any]]
    tables: Mapping[Key, Mapping[str, Any]]
    objects: Mapping[str, str]
    at_source: Mapping[Key, int]
    by_dms: Mapping[Key, int]
    in_parquet: Mapping[Key, int]
    in_warehouse: Mapping[Key, int]
    source_rows: Mapping[Key, Counter[tuple]]
    warehouse_rows: Mapping[Key, Counter[tuple]]

    def folder(self, database: str) -> Folder:
        """The folder of that database's attempt."""
        return Folder(database, "full", self.run, int(self.outcomes[database]["attempt"]))


class Nights:
    """A cloud in which two nights go by, with changes at the source between them."""

    def __init__(self, folder: Path, postgres: EmbeddedPostgres) -> None:
        self._postgres = postgres
        by_id = {sample.id: sample for sample in SAMPLE}
        self._samples = [by_id[name] for name in SAMPLES]
        sampled = [
            Database(one.id, "here", one.name_at_source, "one", one.schemas, tables=one.rules) for one in self._samples
        ]
        ranged = Database("ranges", "here", "ranges", "two", ("public",), parallel_loads=(RANGES,))
        self.databases = tuple(Database(**{**vars(one), "onboarded": True}) for one in (*sampled, ranged))
        server = Server(
            "here",
            "postgresql",
            "fleet/server/here",
            ssl_mode="none",
            databases_at_once=1000,
            connections_at_once=30_000,
        )
        registry = Registry(SETTINGS, (server,), self.databases)
        self.cloud = LocalCloud(folder, registry, {server.secret: postgres.secret("postgres")})
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self._build()
        with ExitStack() as opening:
            opening.enter_context(self.cloud)
            self._watch_writes()
            self.first = self._run("night-1")
            self._change("ranges", _BY_DAY)
            self.second = self._run("night-2")
            self._open = opening.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def _watch_writes(self) -> None:
        """Note every object that anybody puts into the landing bucket, in order, and every one that is deleted."""
        self.put: list[str] = []
        self.deleted: list[str] = []

        def note(params: Mapping[str, Any], model: Any, **_: Any) -> None:
            if params["Bucket"] == SETTINGS.landing_bucket:
                (self.put if model.name == "PutObject" else self.deleted).append(params["Key"])

        events = self.cloud.aws.client("s3").meta.events
        for operation in ("PutObject", "DeleteObject"):
            events.register(f"before-parameter-build.s3.{operation}", note)
        self.cloud.aws.objects = WatchedObjects(self.put.append)  # what DMS puts

    def _build(self) -> None:
        for database in self.databases:
            self._postgres.drop_database(database.name_at_source)
            self._postgres.create_database(database.name_at_source)
        with Published() as data:
            for sample in self._samples:
                with Loader(self._postgres, sample.name_at_source, data) as load:
                    sample.fill(load)
        self._change("ranges", _MEASUREMENTS)

    def _change(self, database: str, statements: str) -> None:
        with self._postgres.connect(database) as connection:
            connection.execute(statements.encode())

    def _run(self, run: str) -> Night:
        arn = self.cloud.start_run(run, {"mode": "full"})
        description = self.cloud.machines.ended(arn).result(timeout=120)
        self._refuse_broken_executions(run)
        outcomes = {one.database: vars(one) for one in self.cloud.clients.ledger.outcomes(run)}
        columns = self._columns()
        return Night(
            run=run,
            description=description,
            outcomes=outcomes,
            tables=self._tables(outcomes),
            objects=list_objects(self.cloud.aws.client("s3"), SETTINGS.landing_bucket, ""),
            at_source=self._ask_source_counts(columns),
            by_dms=self._ask_dms(),
            in_parquet=self._read_footers(run, outcomes, columns),
            in_warehouse={key: self._ask_warehouse("count(*)", key)[0][0] for key in columns},
            source_rows={key: self._read_source(key, columns[key]) for key in columns},
            warehouse_rows={key: self._read_warehouse(key, columns[key]) for key in columns},
        )

    def _refuse_broken_executions(self, run: str) -> None:
        """Nothing can be learnt from a night in which a handler of ours broke: say how."""
        machines = self.cloud.aws.client("stepfunctions")
        for one in machines.list_executions(stateMachineArn=self.cloud.machine_arns["database-run"])["executions"]:
            if one["name"].startswith(run) and one["status"] != "SUCCEEDED":
                found = machines.describe_execution(executionArn=one["executionArn"])
                raise AssertionError(f"{one['name']} ended {one['status']}: {found.get('error')}: {found.get('cause')}")

    def _columns(self) -> dict[Key, list[SourceColumn]]:
        """Every table and view of every source, with its columns, by PostgreSQL's own catalogue."""
        found: dict[Key, list[SourceColumn]] = {}
        for database in self.databases:
            with self._postgres.connect(database.name_at_source) as connection:
                for schema, table, name, type_name, kind, modifier in connection.execute(_COLUMNS):
                    column = SourceColumn(name, type_name, kind, tuple(modifier or ()))
                    found.setdefault((database.id, schema, table), []).append(column)
        return found

    def _tables(self, outcomes: Mapping[str, Mapping[str, Any]]) -> dict[Key, Mapping[str, Any]]:
        found = {}
        for database, outcome in outcomes.items():
            body = self.cloud.aws.client("s3").get_object(Bucket=self.cloud.control_bucket, Key=outcome["document"])
            for table in json.loads(body["Body"].read())["tables"]:
                found[database, table["schema"], table["table"]] = table
        return found

    def _ask_source_counts(self, columns: Mapping[Key, object]) -> dict[Key, int]:
        return {key: self._ask_source(key, "count(*)")[0][0] for key in columns}

    def _ask_source(self, key: Key, asked: str) -> list[tuple[Any, ...]]:
        (database,) = [one for one in self.databases if one.id == key[0]]
        with self._postgres.connect(database.name_at_source) as connection:
            table = sql.Identifier(*key[1:]).as_string(connection)
            return connection.execute(f"SELECT {asked} FROM {table}".encode()).fetchall()

    def _read_source(self, key: Key, columns: list[SourceColumn]) -> Counter[tuple]:
        return canonical_rows(columns, self._ask_source(key, ", ".join(select_list(columns))), cut=True)

    def _ask_dms(self) -> dict[Key, int]:
        dms, counts = self.cloud.aws.client("dms"), {}
        for database in self.databases:
            filters = [{"Name": "replication-task-id", "Values": [task_id("fleet", database.id, "full")]}]
            (task,) = dms.describe_replication_tasks(Filters=filters)["ReplicationTasks"]
            pages = dms.get_paginator("describe_table_statistics").paginate(
                ReplicationTaskArn=task["ReplicationTaskArn"]
            )
            for page in pages:
                for table in page["TableStatistics"]:
                    counts[database.id, table["SchemaName"], table["TableName"]] = table["FullLoadRows"]
        return counts

    def _read_footers(
        self, run: str, outcomes: Mapping[str, Mapping[str, Any]], columns: Mapping[Key, object]
    ) -> dict[Key, int]:
        s3, counts = self.cloud.aws.client("s3"), {}
        for key in columns:
            folder = Folder(key[0], "full", run, int(outcomes[key[0]]["attempt"]))
            files = list_objects(s3, SETTINGS.landing_bucket, folder.table_prefix(TableName(*key[1:])))
            bodies = (s3.get_object(Bucket=SETTINGS.landing_bucket, Key=file)["Body"].read() for file in files)
            counts[key] = sum(pyarrow.parquet.read_metadata(io.BytesIO(body)).num_rows for body in bodies)
        return counts

    def _ask_warehouse(self, asked: str, key: Key) -> list[list[Any]]:
        table = qualified(SETTINGS.snowflake, key[0], TableName(*key[1:]))
        where = {"database": SETTINGS.snowflake.database, "warehouse": SETTINGS.snowflake.warehouse}
        (result,) = self.cloud.snowflake.administer(f"SELECT {asked} FROM {table}", **where)
        return [list(row) for row in result.rows]

    def _read_warehouse(self, key: Key, columns: list[SourceColumn]) -> Counter[tuple]:
        names = ", ".join(quote(warehouse_name(column.name)) for column in columns)
        return canonical_rows(columns, self._ask_warehouse(names, key), cut=False)
