"""Whole loads through DMS's API from a real PostgreSQL: keys, files, states and the task's log, under its rules."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from typing import Any

import pyarrow.parquet as pq
import pytest

from localcloud.aws import LocalAws
from localcloud.dms.engines.postgresql import PostgresqlReader
from localcloud.servers.postgres import EmbeddedPostgres
from localcloud.tests.dms.dms_cloud import BUCKET, FOLDER, Cloud, Clouds, allow, make_role, refused, rules

DATABASE = "dms_rules"
SCHEMA = """
CREATE TABLE people (id integer PRIMARY KEY, name varchar(20), born date, photo bytea);
INSERT INTO people SELECT n, 'Name ' || n, date '2000-01-01' + n, decode(repeat('ff', 2000), 'hex')
FROM generate_series(1, 20) AS n;
CREATE TABLE orders (id integer PRIMARY KEY, person integer);
INSERT INTO orders SELECT n, n FROM generate_series(1, 5) AS n;
CREATE TABLE odd (id integer PRIMARY KEY, place pg_lsn, value numeric(5, 2));
INSERT INTO odd VALUES (1, '0/1', 1);
CREATE TABLE nan (id integer PRIMARY KEY, value numeric(5, 2));
INSERT INTO nan VALUES (1, 'NaN');
CREATE VIEW grown AS SELECT id FROM people WHERE id > 18;
"""
LOGGED = {"Logging": {"EnableLogging": True}}


@pytest.fixture(scope="module")
def database(postgres: EmbeddedPostgres) -> Iterator[str]:
    postgres.create_database(DATABASE)
    with postgres.connect(DATABASE) as connection:
        connection.execute(SCHEMA)
    yield DATABASE
    postgres.drop_database(DATABASE)


@pytest.fixture(scope="module")
def clouds(postgres: EmbeddedPostgres, database: str) -> Iterator[Clouds]:
    with LocalAws() as aws:
        yield Clouds(aws, postgres.secret(database))


@pytest.fixture(scope="module")
def reader() -> PostgresqlReader:
    return PostgresqlReader(memory="64MB")


@pytest.fixture
def cloud(clouds: Clouds, reader: PostgresqlReader) -> Iterator[Cloud]:
    with clouds.open(reader) as cloud:
        cloud.dms.modify_endpoint(EndpointArn=cloud.source, DatabaseName=DATABASE)
        yield cloud


def change(target: str, action: str, place: str, **more: Any) -> dict[str, Any]:
    names = dict(zip(("schema-name", "table-name", "column-name"), place.split("."), strict=False))
    rule = {"rule-type": "transformation", "rule-target": target, "rule-action": action, "object-locator": names}
    return {**rule, **{name.replace("_", "-"): value for name, value in more.items()}}


def body(cloud: Cloud, key: str) -> bytes:
    return cloud.aws.client("s3").get_object(Bucket=BUCKET, Key=f"{FOLDER}/{key}")["Body"].read()


def rows(cloud: Cloud, key: str) -> list[dict[str, Any]]:
    return pq.read_table(io.BytesIO(body(cloud, key))).to_pylist()


def set_target(cloud: Cloud, **settings: Any) -> None:
    cloud.dms.modify_endpoint(EndpointArn=cloud.target, S3Settings=settings)


def test_transformations_shape_keys_and_columns_while_statistics_keep_the_sources_names(cloud: Cloud) -> None:
    task = cloud.create_task(
        rules(
            "people",
            "table",
            change("schema", "rename", "public", value="staff"),
            change("table", "add-prefix", "public.%", value="t_"),
            change("column", "rename", "public.people.name", value="label"),
            change("column", "remove-column", "public.people.photo"),
            change("column", "change-data-type", "public.people.id", data_type={"type": "int8"}),
            change(
                "column",
                "add-column",
                "public.people",
                value="key",
                expression="$AR_M_SOURCE_TABLE_NAME || ':' || $id",
                data_type={"type": "string", "length": 20},
            ),
        )
    )
    set_target(cloud, IncludeOpForFullLoad=True)
    cloud.run(task)
    assert cloud.keys() == ["staff/t_people/LOAD00000001.parquet"]
    assert cloud.tables(task) == {"people": ("Table completed", 20)}
    table = pq.read_table(io.BytesIO(body(cloud, cloud.keys()[0])))
    assert {field.name: str(field.type) for field in table.schema} == {
        "Op": "string",
        "id": "int64",
        "label": "string",
        "born": "date32[day]",
        "key": "string",
    }
    assert {row["key"]: row["label"] for row in table.to_pylist()} == {f"people:{n}": f"Name {n}" for n in range(1, 21)}


def test_a_filter_decides_the_rows_that_are_loaded_and_counted(cloud: Cloud) -> None:
    conditions = [{"filter-operator": "lte", "value": "2"}, {"filter-operator": "gte", "value": "20"}]
    filters = [{"filter-type": "source", "column-name": "id", "filter-conditions": conditions}]
    mappings = rules("people", "table").replace(
        '"rule-action"', f'"filters": {filters}, "rule-action"'.replace("'", '"')
    )
    task = cloud.create_task(mappings)
    cloud.run(task)
    assert cloud.tables(task) == {"people": ("Table completed", 3)}
    assert sorted(row["id"] for row in rows(cloud, "public/people/LOAD00000001.parquet")) == [1, 2, 20]


def test_two_tables_under_one_name_both_err_and_the_others_are_loaded(cloud: Cloud) -> None:
    task = cloud.create_task(
        rules(
            "%",
            "all",
            change("table", "rename", "public.people", value="x"),
            change("table", "rename", "public.orders", value="x"),
        )
    )
    ended = cloud.run(task)
    tables = cloud.tables(task)
    assert (tables["people"], tables["orders"], tables["grown"]) == (
        ("Table error", 0),
        ("Table error", 0),
        ("Table completed", 2),
    )
    assert ended["ReplicationTaskStats"]["TablesErrored"] == 3  # and the one with a NaN
    assert not any(one.startswith("public/x/") for one in cloud.keys())  # noqa: SIM118  a method of ours


def test_a_table_that_the_rules_do_not_fit_errs_alone(cloud: Cloud) -> None:
    task = cloud.create_task(rules("[op]%", "table", change("column", "convert-uppercase", "public.p%.%")))
    cloud.run(task)
    assert cloud.tables(task) == {
        "people": ("Table error", 0),  # its photo is a BLOB
        "orders": ("Table completed", 5),
        "odd": ("Table completed", 1),
    }


def test_csv_is_what_an_endpoint_without_a_format_writes(cloud: Cloud) -> None:
    cloud.dms.modify_endpoint(
        EndpointArn=cloud.target,
        ExactSettings=True,
        S3Settings={
            **{name: value for name, value in target(cloud).items() if name in {"ServiceAccessRoleArn", "BucketName"}},
            "BucketFolder": FOLDER,
            "AddColumnName": True,
            "CompressionType": "GZIP",
            "MaxFileSize": 1,
        },
    )
    cloud.run(cloud.create_task(rules("orders")))
    assert cloud.keys() == ["public/orders/LOAD00000001.csv.gz"]
    text = gzip.decompress(body(cloud, cloud.keys()[0])).decode()
    assert sorted(text.splitlines()) == ["1,1", "2,2", "3,3", "4,4", "5,5", "id,person"]


def target(cloud: Cloud) -> dict[str, Any]:
    filters = [{"Name": "endpoint-arn", "Values": [cloud.target]}]
    return cloud.dms.describe_endpoints(Filters=filters)["Endpoints"][0]["S3Settings"]


def test_a_date_partition_leaves_the_keys_of_a_full_load_as_they_are(cloud: Cloud) -> None:
    set_target(cloud, DatePartitionEnabled=True, DatePartitionSequence="YYYYMMDD")
    cloud.run(cloud.create_task(rules("orders")))
    assert cloud.keys() == ["public/orders/LOAD00000001.parquet"]


def test_a_view_is_loaded_only_by_a_rule_that_speaks_of_views(cloud: Cloud) -> None:
    task = cloud.create_task(rules("grown", "view"))
    cloud.run(task)
    assert cloud.tables(task) == {"grown": ("Table completed", 2)}


def test_without_lob_support_a_table_is_loaded_without_its_lobs(cloud: Cloud) -> None:
    cloud.run(cloud.create_task(rules("people"), TargetMetadata={"SupportLobs": False, "LimitedSizeLobMode": False}))
    assert set(rows(cloud, "public/people/LOAD00000001.parquet")[0]) == {"id", "name", "born"}


@pytest.mark.parametrize("mode", [{"FullLobMode": True, "LimitedSizeLobMode": False}, {"InlineLobMaxSize": 8}])
def test_a_lob_mode_that_s3_does_not_take_is_refused_at_the_start(cloud: Cloud, mode: dict[str, Any]) -> None:
    task = cloud.create_task(rules("people"), TargetMetadata=mode)
    cloud.test(cloud.source, cloud.target)
    with refused("NotEmulated", next(iter(mode))):
        cloud.start(task)


@pytest.fixture
def logs_role(cloud: Cloud) -> Iterator[None]:
    name = "dms-cloudwatch-logs-role"
    make_role(cloud.aws, name, "dms.amazonaws.com", allow("logs:*", "*"))
    yield
    cloud.aws.client("iam").delete_role_policy(RoleName=name, PolicyName="own")
    cloud.aws.client("iam").delete_role(RoleName=name)
    cloud.aws.client("logs").delete_log_group(logGroupName="dms-tasks-one")


@pytest.mark.usefixtures("logs_role")
def test_the_tasks_log_names_what_is_cut_left_out_or_errs(cloud: Cloud) -> None:
    task = cloud.create_task(rules("[npo]%", "table"), TargetMetadata={"LobMaxSize": 1}, **LOGGED)
    cloud.run(task)
    cloud.until(lambda: len(log(cloud, task)), 3)
    words = [line.partition("]")[2] for line in sorted(log(cloud, task), key=lambda line: line.partition("]")[2])]
    assert words[0].startswith("E:  Table 'public'.'nan': ")
    assert words[1:] == [
        "W:  Table 'public'.'odd': column place is left out: its type pg_lsn is not migrated",
        "W:  Table 'public'.'people': 20 values of column photo were cut to the maximum LOB size of 1024 bytes",
    ]


@pytest.mark.parametrize(("policy", "people"), [("LOG_ERROR", "Table completed"), ("SUSPEND_TABLE", "Table error")])
def test_a_table_in_which_a_value_is_cut_errs_where_the_policy_says_so(cloud: Cloud, policy: str, people: str) -> None:
    behaviour = {"TargetMetadata": {"LobMaxSize": 1}, "ErrorBehavior": {"DataTruncationErrorPolicy": policy}}
    task = cloud.create_task(rules("people"), **behaviour)
    cloud.run(task)
    rows = 20 if people == "Table completed" else 0
    assert cloud.tables(task) == {"people": (people, rows)}
    assert len(cloud.keys()) == min(rows, 1)


def test_without_the_role_there_is_no_log(cloud: Cloud) -> None:
    task = cloud.create_task(rules("odd"), **LOGGED)
    cloud.run(task)
    assert log(cloud, task) == []


def log(cloud: Cloud, task: str) -> list[str]:
    client = cloud.aws.client("logs")
    stream = f"dms-task-{task.rpartition(':')[2]}"
    for group in client.describe_log_groups(logGroupNamePrefix="dms-tasks-one")["logGroups"]:
        streams = client.describe_log_streams(logGroupName=group["logGroupName"])["logStreams"]
        if stream in {one["logStreamName"] for one in streams}:
            found = client.get_log_events(logGroupName=group["logGroupName"], logStreamName=stream, startFromHead=True)
            return [event["message"] for event in found["events"]]
    return []
