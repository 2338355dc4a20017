"""The local DMS moves exactly the rows that the source holds: none twice, none left out, whatever way they are cut."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pyarrow.parquet as pq
import pytest

from localcloud.aws import LocalAws
from localcloud.dms.engines.postgresql import PostgresqlReader
from localcloud.servers.postgres import EmbeddedPostgres
from localcloud.tests.dms.dms_cloud import BUCKET, FOLDER, Cloud, Clouds, rules
from localcloud.tests.dms.dms_logins import postgres_login

DATABASE = "dms_rows"
SCHEMA = """
CREATE TABLE keyed (id integer PRIMARY KEY, what text);
INSERT INTO keyed SELECT n, 'row ' || n FROM generate_series(1, 1000) n;
CREATE TABLE twins (id integer, what text);
INSERT INTO twins SELECT n % 7, 'twin' FROM generate_series(1, 100) n;
INSERT INTO twins VALUES (NULL, NULL), (NULL, NULL);
CREATE TABLE single (id integer, what text);
INSERT INTO single VALUES (1, 'alone');
CREATE TABLE nothing (id integer, what text);
CREATE VIEW seen AS SELECT id, what FROM twins;
"""
TABLES = ("keyed", "twins", "single", "nothing", "seen")


@pytest.fixture(scope="module")
def clouds(postgres: EmbeddedPostgres) -> Iterator[Clouds]:
    with postgres_login(postgres, DATABASE, SCHEMA), LocalAws() as aws:
        yield Clouds(aws, postgres.secret(DATABASE))


@pytest.fixture
def cloud(clouds: Clouds) -> Iterator[Cloud]:
    with clouds.open(PostgresqlReader(memory="64MB")) as cloud:
        cloud.dms.modify_endpoint(EndpointArn=cloud.source, DatabaseName=DATABASE)
        yield cloud


def landed(cloud: Cloud, table: str) -> Counter[tuple[Any, Any]]:
    """Every row of *table*'s objects, as often as it is there."""
    rows: Counter[tuple[Any, Any]] = Counter()
    names = cloud.keys()
    for key in names:
        if key.startswith(f"public/{table}/"):
            body = cloud.aws.client("s3").get_object(Bucket=BUCKET, Key=f"{FOLDER}/{key}")["Body"].read()
            rows.update((one["id"], one["what"]) for one in pq.read_table(io.BytesIO(body)).to_pylist())
    return rows


def at_source(postgres: EmbeddedPostgres, table: str) -> Counter[tuple[Any, Any]]:
    """Every row that the source holds."""
    with postgres.connect(DATABASE) as connection:
        return Counter(connection.execute(f"SELECT id, what FROM {table}".encode()).fetchall())


@pytest.mark.parametrize("boundaries", [[], ["500"], ["1", "250", "1000"]])
def test_what_lands_is_exactly_what_the_source_holds(
    postgres: EmbeddedPostgres, cloud: Cloud, boundaries: list[str]
) -> None:
    cut = {
        "rule-type": "table-settings",
        "object-locator": {"schema-name": "public", "table-name": "keyed"},
        "parallel-load": {"type": "ranges", "columns": ["id"], "boundaries": [[one] for one in boundaries]},
    }
    task = cloud.create_task(rules("%", "all", *([cut] if boundaries else [])))
    assert cloud.run(task)["StopReason"] == "Stop Reason FULL_LOAD_ONLY_FINISHED"
    counts = cloud.tables(task)
    for table in TABLES:
        wanted = at_source(postgres, table)
        assert landed(cloud, table) == wanted, table
        assert counts[table] == ("Table completed", wanted.total())


def test_a_second_load_into_a_new_folder_brings_the_same_rows_and_counts_them_anew(
    postgres: EmbeddedPostgres, cloud: Cloud
) -> None:
    task = cloud.create_task(rules("twins"))
    cloud.run(task)
    names = cloud.keys()
    for key in names:
        cloud.aws.client("s3").delete_object(Bucket=BUCKET, Key=f"{FOLDER}/{key}")
    cloud.run(task, "reload-target")
    wanted = at_source(postgres, "twins")
    assert landed(cloud, "twins") == wanted
    assert cloud.tables(task)["twins"] == ("Table completed", wanted.total())
