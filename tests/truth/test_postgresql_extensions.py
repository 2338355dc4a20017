"""What extensions bring to a PostgreSQL: foreign tables, and types that an extension's schema hides, on Debian's
server."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pyarrow.parquet as pq
import pytest

from debian_postgresql import DebianPostgresql, start
from fleet.databases import Database
from fleet.tables.account import find_fate
from fleet.tables.catalogue import Table
from fleet.tables.columns import dms_type
from fleet.tables.losses import ask_losses, columns_left_out
from lambdas.sources import postgresql
from localcloud.dms.engines.postgresql import PostgresqlReader
from localcloud.dms.engines.reader import Layout, Login

DATABASE = "extended"
SCHEMA = """
CREATE SCHEMA ext;
CREATE EXTENSION citext SCHEMA ext; CREATE EXTENSION hstore SCHEMA ext; CREATE EXTENSION ltree;
CREATE EXTENSION postgis SCHEMA ext; CREATE EXTENSION file_fdw;
CREATE DOMAIN email AS ext.citext; CREATE DOMAIN work_email AS email;
CREATE TABLE typed (id integer PRIMARY KEY, words ext.citext, mail work_email, pairs ext.hstore, many ext.citext[],
    tree ltree, shape ext.geometry, spot ext.geometry(Point, 4326), place ext.geography);
INSERT INTO typed VALUES (1, repeat('é', 513), 'A@b', 'a=>1, b=>NULL', '{A,b}', 'a.b', 'POINT(1 2)', NULL, NULL),
    (2, NULL, NULL, NULL, '{}', NULL, NULL, NULL, NULL);
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
CREATE FOREIGN TABLE lines (line text) SERVER files OPTIONS (filename '/etc/debian_version');
CREATE TABLE mixed (id integer, line text) PARTITION BY LIST (id);
CREATE FOREIGN TABLE mixed_1 PARTITION OF mixed FOR VALUES IN (1) SERVER files OPTIONS (filename '/dev/null');
"""
ENTRY = Database("extended", "server", DATABASE, "one", ("public",))


@pytest.fixture(scope="module")
def debian_postgresql() -> Iterator[DebianPostgresql]:
    """A server with a database of extensions."""
    with start() as server:
        with server.connect() as connection:
            connection.execute(f"CREATE DATABASE {DATABASE}")
        with server.connect(DATABASE) as connection:
            connection.execute(SCHEMA)  # type: ignore[arg-type]  a literal of this test
            connection.execute("GRANT pg_read_server_files TO reader; GRANT USAGE ON SCHEMA ext TO reader")
        yield server


@pytest.fixture(scope="module")
def census(debian_postgresql: DebianPostgresql) -> dict[str, Table]:
    found = postgresql.ask_census(debian_postgresql.secret, DATABASE, ["public"], "none")
    return {table.table: table for table in found.tables}


@pytest.fixture(scope="module")
def landed(debian_postgresql: DebianPostgresql) -> list[dict[str, Any]]:
    """The rows of `typed`, from the local DMS's file."""
    login = Login(str(debian_postgresql.folder), 5432, DATABASE, "reader", "for-this-test-only")
    source = PostgresqlReader(memory="64MB").open(login)
    (table,) = (table for table in source.catalogue() if table.name == "typed")
    (file,) = source.write(table, Layout(lob_bytes=1024), None, None)  # type: ignore[arg-type]  it is small
    rows = pq.ParquetFile(io.BytesIO(file.read())).read().to_pylist()
    source.close()
    return rows


def test_a_type_of_an_extension_goes_by_its_own_name_whatever_schema_it_is_in(census: dict[str, Table]) -> None:
    types = {column.name: column.type_name for column in census["typed"].columns}
    assert types == {
        "id": "integer",
        "words": "citext",
        "mail": "citext",
        "pairs": "hstore",
        "many": "array",
        "tree": "ltree",
        "shape": "geometry",
        "spot": "geometry",
        "place": "geography",
    }
    left_out = columns_left_out("postgresql", census["typed"])
    assert [column.name for column in left_out] == ["tree", "shape", "spot", "place"]
    assert [column.declared for column in left_out][1:3] == ["ext.geometry", "ext.geometry(Point,4326)"]


def test_what_the_local_dms_carries_of_them_is_what_the_product_says(
    census: dict[str, Table], landed: list[dict[str, Any]]
) -> None:
    carried = [column.name for column in census["typed"].columns if dms_type("postgresql", column)]
    assert [list(row) for row in landed] == [carried, carried]
    first, second = landed
    assert first == {
        "id": 1,
        "words": "é" * 512,
        "mail": "A@b",
        "pairs": '"a"=>"1", "b"=>NULL',
        "many": "{A,b}",
    }
    assert second == {"id": 2, "words": None, "mail": None, "pairs": None, "many": "{}"}


def test_what_is_cut_of_them_is_counted(debian_postgresql: DebianPostgresql, census: dict[str, Table]) -> None:
    asked = ask_losses("postgresql", census["typed"], 1)
    (counted,) = postgresql.ask_losses(debian_postgresql.secret, DATABASE, [asked], "none", 60, lambda: True)
    lost = {one.column.name: values for one, values in zip(asked.asked, counted.values, strict=True)}
    assert lost == {"words": 1, "mail": 0, "pairs": 0, "many": 0}


def test_a_foreign_table_is_asked_of_dms_and_one_that_is_a_partition_comes_with_its_parent(
    census: dict[str, Table],
) -> None:
    there = {table.name: table for table in census.values()}
    fates = {name: find_fate("postgresql", ENTRY, table, there)[0] for name, table in census.items()}
    assert census["lines"].kind == "foreign table"
    assert (fates["lines"], fates["mixed"], fates["mixed_1"]) == ("moved", "moved", "with its parent")
