"""A night with a database on a real MariaDB beside two on PostgreSQL, through both machines."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from cases import SETTINGS
from fleet.databases import Database, ParallelLoad, Registry, Server, TableRules, TaskProfile
from fleet.tables.catalogue import TableName
from fleet.warehouse import qualified, quote
from local.checksums import Checksum, sum_rows
from local.cloud import LocalCloud
from localcloud.servers.mariadb import EmbeddedMariadb
from localcloud.servers.postgres import EmbeddedPostgres
from watched_objects import WatchedObjects

SHOP = (
    """CREATE TABLE orders (id bigint unsigned PRIMARY KEY, customer int, amount decimal(12, 2), note varchar(60),
        placed timestamp(6) NULL, due date, is_open tinyint(1), weight double, marks set('new', 'paid'), took time)""",
    """INSERT INTO orders SELECT 18446744073709550000 + seq, seq % 7, seq * 1.25, concat('order 😀 ', seq),
        TIMESTAMP '2024-03-31 00:00:00.000001' + INTERVAL seq MINUTE, DATE '2024-01-01' + INTERVAL seq DAY, seq % 3,
        seq / 7, IF(seq % 2, 'new,paid', ''), SEC_TO_TIME(seq * 600) FROM seq_1_to_1000""",
    "CREATE TABLE customers (id int PRIMARY KEY, name varchar(40) COLLATE utf8mb4_bin, photo longblob, doc json)",
    """INSERT INTO customers VALUES (1, 'Ada', x'00ff', '{"a": 1}'), (2, 'Bö', NULL, NULL),
        (3, '', repeat('x', 40000), '[]')""",
    "CREATE TABLE nothing (id int PRIMARY KEY)",
    "CREATE VIEW open_orders AS SELECT id FROM orders WHERE is_open",
)
# How MariaDB is asked for what must arrive; LOBs are cut at 32 KB.
AS_IT_MUST_ARRIVE = {
    "orders": "id, customer, amount, note, placed, due, is_open, weight, marks, CAST(took AS CHAR)",
    "customers": "id, name, LEFT(photo, 32768), doc",
    "nothing": "id",
}
IN_THE_WAREHOUSE = {
    "orders": ("ID", "CUSTOMER", "AMOUNT", "NOTE", "PLACED", "DUE", "IS_OPEN", "WEIGHT", "MARKS", "TOOK"),
    "customers": ("ID", "NAME", "PHOTO", "DOC"),
    "nothing": ("ID",),
}
BOOKS = """
CREATE TABLE books (id integer PRIMARY KEY, title text);
INSERT INTO books SELECT n, 'book ' || n FROM generate_series(1, 50) n;
"""


@dataclass(frozen=True)
class Night:
    """What stood where when the run had ended."""

    status: str
    outcomes: dict[str, dict[str, Any]]
    tables: dict[str, dict[str, dict[str, Any]]]
    at_source: dict[str, Checksum]
    in_warehouse: dict[str, Checksum]
    column_types: dict[str, str]


@pytest.fixture(scope="module")
def night(mariadb: EmbeddedMariadb, postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Night:
    mariadb.create_database("Shop")
    mariadb.execute("Shop", *SHOP)
    for name in ("mariadb night books", "mariadb night more"):
        postgres.create_database(name)
        with postgres.connect(name) as connection:
            connection.execute(BOOKS.encode())
    ranges = ParallelLoad("Shop", "orders", "id", ("18446744073709550250", "18446744073709550750"))
    registry = Registry(
        SETTINGS,
        (
            Server(
                "shops",
                "mariadb",
                "fleet/server/shops",
                ssl_mode="none",
                databases_at_once=1000,
                connections_at_once=30_000,
            ),
            Server(
                "here",
                "postgresql",
                "fleet/server/here",
                ssl_mode="none",
                databases_at_once=1000,
                connections_at_once=30_000,
            ),
        ),
        (
            Database("books", "here", "mariadb night books", "one", ("public",), onboarded=True),
            Database("more", "here", "mariadb night more", "one", ("public",), onboarded=True),
            Database(
                "shop",
                "shops",
                "Shop",
                "one",
                ("Shop",),
                views=False,
                onboarded=True,
                parallel_loads=(ranges,),
                tables=(TableRules("Shop", "customers", accept=("photo",)),),
            ),
        ),
    )
    secrets = {"fleet/server/shops": mariadb.secret(), "fleet/server/here": postgres.secret("postgres")}
    with LocalCloud(tmp_path_factory.mktemp("mariadb"), registry, secrets) as cloud:
        arn = cloud.start_run("night-1", {"mode": "full"})
        status = cloud.machines.ended(arn).result(timeout=120)["status"]
        outcomes = {one.database: vars(one) for one in cloud.clients.ledger.outcomes("night-1")}
        return Night(
            status=status,
            outcomes=outcomes,
            tables={name: read_tables(cloud, outcome) for name, outcome in outcomes.items()},
            at_source={name: ask_source(mariadb, name) for name in AS_IT_MUST_ARRIVE},
            in_warehouse={name: ask_warehouse(cloud, name) for name in AS_IT_MUST_ARRIVE},
            column_types=column_types(cloud),
        )


def read_tables(cloud: LocalCloud, outcome: dict[str, Any]) -> dict[str, dict[str, Any]]:
    body = cloud.aws.client("s3").get_object(Bucket=cloud.control_bucket, Key=outcome["document"])["Body"].read()
    return {table["table"]: table for table in json.loads(body)["tables"]}


def ask_source(mariadb: EmbeddedMariadb, table: str) -> Checksum:
    with mariadb.connect("Shop") as connection, connection.cursor() as cursor:
        cursor.execute("SET time_zone = '+00:00'")
        cursor.execute(f"SELECT {AS_IT_MUST_ARRIVE[table]} FROM {table}")
        return sum_rows(cursor.fetchall())


def ask_warehouse(cloud: LocalCloud, table: str) -> Checksum:
    target = qualified(SETTINGS.snowflake, "shop", TableName("Shop", table))
    return sum_rows(administer(cloud, f"SELECT {', '.join(map(quote, IN_THE_WAREHOUSE[table]))} FROM {target}"))


def column_types(cloud: LocalCloud) -> dict[str, str]:
    target = qualified(SETTINGS.snowflake, "shop", TableName("Shop", "orders"))
    return {row[0]: row[1] for row in administer(cloud, f"DESCRIBE TABLE {target}")}


def administer(cloud: LocalCloud, statement: str) -> list[list[Any]]:
    where = {"database": SETTINGS.snowflake.database, "warehouse": SETTINGS.snowflake.warehouse}
    (result,) = cloud.snowflake.administer(statement, **where)
    return [list(row) for row in result.rows]


def test_every_database_of_either_engine_ends_ok(night: Night) -> None:
    ends = {name: (item["outcome"], item.get("failure_text")) for name, item in night.outcomes.items()}
    assert ends == dict.fromkeys(("books", "more", "shop"), ("ok", ""))
    assert night.status == "SUCCEEDED"


def test_source_dms_parquet_and_warehouse_count_the_same_rows(night: Night) -> None:
    for name, rows in {"orders": 1000, "customers": 3, "nothing": 0}.items():
        table = night.tables["shop"][name]
        assert [table[f"rows_{where}"] for where in ("at_source", "by_dms", "in_parquet", "in_warehouse")] == [rows] * 4


def test_every_value_of_mariadb_arrives_in_the_warehouse(night: Night) -> None:
    assert night.at_source["orders"].rows == 1000
    assert night.in_warehouse == night.at_source


def test_no_view_of_mariadb_is_expected_because_dms_moves_none(night: Night) -> None:
    assert set(night.tables["shop"]) == {"orders", "customers", "nothing"}


def test_the_warehouses_columns_hold_what_the_sources_can(night: Night) -> None:
    assert {name: night.column_types[name] for name in ("ID", "IS_OPEN", "MARKS", "TOOK", "PLACED")} == {
        "ID": "NUMBER(20,0)",
        "IS_OPEN": "NUMBER(3,0)",
        "MARKS": "VARCHAR(8)",
        "TOOK": "VARCHAR(17)",
        "PLACED": "TIMESTAMP_NTZ(6)",
    }


def test_half_a_load_of_a_server_that_stopped_is_never_handed_off(mariadb: EmbeddedMariadb, tmp_path: Path) -> None:
    """DMS calls such a task finished. What it lacks is noticed by asking the source again before anything is sealed."""
    with tempfile.TemporaryDirectory(prefix="fleet-") as folder, EmbeddedMariadb.start(Path(folder)) as server:
        server.create_database("lost")
        for name in ("first", "second", "third"):
            server.execute("lost", f"CREATE TABLE {name} (id int)", f"INSERT INTO {name} VALUES (1)")
        one_at_once = replace(SETTINGS, profile=TaskProfile(tables_at_once=1))
        database = Database("lost", "shops", "lost", "one", ("lost",), onboarded=True)
        registry = Registry(
            one_at_once,
            (
                Server(
                    "shops",
                    "mariadb",
                    "fleet/server/shops",
                    ssl_mode="none",
                    databases_at_once=1000,
                    connections_at_once=30_000,
                ),
            ),
            (database,),
        )
        with LocalCloud(tmp_path, registry, {"fleet/server/shops": server.secret()}) as cloud:
            put: list[str] = []

            def stop(key: str) -> None:
                put.append(key)
                server.stop()

            cloud.aws.objects = WatchedObjects(stop)
            cloud.machines.ended(cloud.start_run("night-1", {"mode": "full"})).result(timeout=120)
            (outcome,) = cloud.clients.ledger.outcomes("night-1")
    assert [key.split("/")[-2] for key in put] == ["first"]
    assert (outcome.outcome, outcome.failure_class) == ("failed", "connection")
