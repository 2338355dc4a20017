"""Rows of a real PostgreSQL as DMS's Parquet, compared value by value, and one whole load from source to bucket."""

from __future__ import annotations

import datetime as dt
import io
import math
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from localcloud.aws import LocalAws
from localcloud.dms.engines.postgresql import PostgresqlReader, PostgresqlSource
from localcloud.dms.engines.reader import Layout, Login, SourceTable, TableUnreadableError
from localcloud.dms.files.formats import Parquet
from localcloud.dms.rules.expressions import Expression
from localcloud.dms.rules.mappings import Range
from localcloud.dms.rules.transformations import Shape, Transformation
from localcloud.dms.type_tables.column import DmsType
from localcloud.servers.postgres import EmbeddedPostgres
from localcloud.tests.dms.dms_cloud import BUCKET, FOLDER, Clouds, rules
from localcloud.tests.dms.dms_logins import postgres_login

DATABASE = "dms_values"
SCHEMA = """
CREATE TYPE mood AS ENUM ('glad', 'sad');
CREATE DOMAIN price AS numeric(10, 2);
CREATE TABLE every_type (
    id integer PRIMARY KEY, small smallint, big bigint, dec numeric(10, 2), free numeric, wide numeric(50, 2),
    single real, double double precision, cash money, flag boolean, uid uuid, at timestamptz, local timestamp,
    day date, clock time, zoned timetz, span interval, body text, code varchar(5), open varchar, pad char(5),
    bits bytea, doc jsonb, list integer[], kind mood, cost price, net inet, flags bit(3), spot point, span4 int4range
);
INSERT INTO every_type VALUES
    (1, -32768, 9223372036854775807, -99999999.99, 0.611111104488373, 1.5, 1.5, 0.1, 12.34, true,
     '6f1b1b0e-0000-4000-8000-000000000001', '2024-03-31 03:30:00+02', '2024-02-29 23:59:59.123456', '0001-01-01',
     '23:59:59.123456', '12:00:00+05', '1 year 2 days 03:04:05', 'naïve 😀 ''quoted''', 'abcde', '', 'ab',
     '\\x00ff00', '{"a": [1, null]}', '{1,NULL,3}', 'sad', 5, '10.0.0.1', '101', '(1,2)', '[1,5)'),
    (2, 0, 0, 0, 0, 0, '-0', '-0', 0, false, NULL, NULL, NULL, NULL, '00:00', NULL, NULL,
     '', '', NULL, '', '', 'null', '{}', NULL, NULL, NULL, NULL, NULL, NULL),
    (3, NULL, NULL, NULL, NULL, NULL, 'NaN', 'Infinity', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
     NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
CREATE TABLE endless (at timestamptz, local timestamp, day date);
INSERT INTO endless VALUES ('infinity', '-infinity', 'infinity'), (NULL, NULL, NULL);
CREATE TABLE nan (id integer PRIMARY KEY, value numeric(10, 2));
INSERT INTO nan VALUES (1, 'NaN');
CREATE TABLE overflow (value numeric);
INSERT INTO overflow VALUES (9999999999999999999999.9999995);
CREATE TABLE scales (hundreds numeric(5, -2), small numeric(3, 5), tiny numeric(40, 40));
INSERT INTO scales VALUES (9999900, 0.00999, ('-0.' || repeat('9', 40))::numeric);
CREATE VIEW unbounded AS SELECT repeat('x', 9000)::varchar AS ascii, ('x' || repeat('é', 4001))::varchar AS two,
    ('xx' || repeat('😀', 2001))::varchar AS four, repeat('é', 4000)::varchar AS fits, max('NY'::char(2)) AS state,
    B'10101'::varbit AS bits;
CREATE DOMAIN exact AS numeric(30, 15);
CREATE DOMAIN exact_too AS exact;
CREATE DOMAIN integers AS integer[];
CREATE DOMAIN feeling AS mood;
CREATE DOMAIN code AS varchar(7);
CREATE DOMAIN code_too AS code;
CREATE TABLE domains (id integer PRIMARY KEY, deep exact_too, list integers, kind feeling, text code_too);
CREATE TABLE lobs (id integer PRIMARY KEY, words text, raw bytea);
INSERT INTO lobs VALUES (1, repeat('é', 3000), decode(repeat('ff', 3000), 'hex')), (2, 'short', '\\x01');
CREATE TABLE keyless_list (list integer[]);
CREATE TABLE odd_types (id integer PRIMARY KEY, spot pg_lsn, pair point);
INSERT INTO odd_types VALUES (1, '0/1', '(1,2)');
CREATE TABLE only_odd (spot pg_lsn);
CREATE TABLE cut (id integer PRIMARY KEY, region varchar(5), part integer, weight real);
INSERT INTO cut SELECT n, 'r', CASE WHEN n % 10 = 0 THEN NULL ELSE n END, n FROM generate_series(1, 100) AS n;
CREATE TABLE "Ünï ""t"" x" ("select" integer PRIMARY KEY, "a b" text);
INSERT INTO "Ünï ""t"" x" VALUES (1, 'x');
CREATE TABLE empty (id integer PRIMARY KEY);
CREATE TABLE composite (b integer, a text, PRIMARY KEY (b, a));
CREATE VIEW open_cuts AS SELECT id FROM cut WHERE part IS NULL;
CREATE MATERIALIZED VIEW kept_cuts AS SELECT id FROM cut WHERE id < 4;
CREATE TABLE parted (id integer, region text) PARTITION BY LIST (region);
CREATE TABLE parted_north PARTITION OF parted FOR VALUES IN ('n');
INSERT INTO parted VALUES (1, 'n');
"""


@pytest.fixture(scope="module")
def login(postgres: EmbeddedPostgres) -> Iterator[Login]:
    with postgres_login(postgres, DATABASE, SCHEMA) as login:
        yield login


@pytest.fixture(scope="module")
def reader() -> PostgresqlReader:
    return PostgresqlReader(memory="64MB")


@pytest.fixture(scope="module")
def source(reader: PostgresqlReader, login: Login) -> Iterator[PostgresqlSource]:
    source = reader.open(login)
    yield source
    source.close()


@pytest.fixture(scope="module")
def catalogue(source: PostgresqlSource) -> dict[str, SourceTable]:
    return {table.name: table for table in source.catalogue()}


class Reading:
    """What a reading of one table gives."""

    def __init__(
        self, source: PostgresqlSource, table: SourceTable, folder: Path, layout: Layout, within: Range | None
    ) -> None:
        self.files = source.write(table, layout, within, folder)
        read = pq.read_table(io.BytesIO(self.files[0].read()))
        self.schema = {field.name: str(field.type) for field in read.schema}
        self.rows: list[dict[str, Any]] = read.to_pylist()


@pytest.fixture
def read(source: PostgresqlSource, catalogue: dict[str, SourceTable], tmp_path: Path) -> Any:
    def read(name: str, layout: Layout | None = None, part: Range | None = None) -> Reading:
        return Reading(source, catalogue[name], tmp_path / "out", layout or Layout(), part)

    return read


def test_every_type_arrives_as_the_type_that_dms_documents(read: Any) -> None:
    schema = read("every_type").schema
    assert schema == {
        "id": "int32",
        "small": "int16",
        "big": "int64",
        "dec": "decimal128(10, 2)",
        "free": "decimal128(28, 6)",
        "wide": "string",
        "single": "float",
        "double": "double",
        "cash": "decimal128(38, 4)",
        "flag": "string",
        "uid": "string",
        "at": "timestamp[us]",
        "local": "timestamp[us]",
        "day": "date32[day]",
        "clock": "time32[ms]",
        "zoned": "time32[ms]",
        "bits": "binary",
        **dict.fromkeys(["span", "body", "code", "open", "pad", "doc", "list", "kind", "net", "flags"], "string"),
        "cost": "decimal128(10, 2)",
        "spot": "string",
        "span4": "string",
    }


def test_every_value_arrives_as_it_stood_in_the_source(read: Any) -> None:
    first, second, third = read("every_type").rows
    assert first == {
        "id": 1,
        "small": -32_768,
        "big": 9_223_372_036_854_775_807,
        "dec": Decimal("-99999999.99"),
        "free": Decimal("0.611111"),
        "wide": "1.50",
        "single": 1.5,
        "double": 0.1,
        "cash": Decimal("12.3400"),
        "flag": "true",
        "uid": "6f1b1b0e-0000-4000-8000-000000000001",
        "at": dt.datetime(2024, 3, 31, 1, 30),  # noqa: DTZ001  UTC, without a zone, as DMS writes it
        "local": dt.datetime(2024, 2, 29, 23, 59, 59, 123_456),  # noqa: DTZ001
        "day": dt.date(1, 1, 1),
        "clock": dt.time(23, 59, 59, 123_000),
        "zoned": dt.time(12),
        "span": "1 year 2 days 03:04:05",
        "body": "naïve 😀 'quoted'",
        "code": "abcde",
        "open": "",
        "pad": "ab",
        "bits": b"\x00\xff\x00",
        "doc": '{"a": [1, null]}',
        "list": "{1,NULL,3}",
        "kind": "sad",
        "cost": Decimal("5.00"),
        "net": "10.0.0.1/32",
        "flags": "101",
        "spot": "(1,2)",
        "span4": "[1,5)",
    }
    assert (second["flag"], second["body"], second["code"], second["pad"]) == ("false", "", "", "")
    assert (second["bits"], second["doc"], second["list"]) == (b"", "null", "{}")
    assert (second["open"], second["uid"]) == (None, None)
    assert math.copysign(1, second["single"]) == math.copysign(1, second["double"]) == -1
    assert math.isnan(third["single"])
    assert third["double"] == math.inf
    assert {name for name, value in third.items() if value is not None} == {"id", "single", "double"}


def test_infinite_times_are_cut_to_the_ends_that_the_guide_names(
    source: PostgresqlSource, catalogue: dict[str, SourceTable], tmp_path: Path
) -> None:
    (file,) = source.write(catalogue["endless"], Layout(), None, tmp_path / "out")
    # Python's dates begin with the year 1, so DuckDB reads them.
    path = tmp_path / "endless.parquet"
    path.write_bytes(file.read())
    rows = duckdb.sql(f'SELECT "at"::text, "local"::text, "day"::text FROM "{path}"').fetchall()
    assert rows == [("9999-12-31 23:59:59", "4713-01-01 (BC) 00:00:00", "9999-12-31"), (None, None, None)]


def test_a_decimal_that_is_not_a_number_errors_the_table_instead_of_becoming_zero(read: Any) -> None:
    with pytest.raises(TableUnreadableError, match=r"NaN does not fit into the DECIMAL\(10,2\) of column value"):
        read("nan")


def test_a_number_of_too_many_digits_errors_the_table_and_names_its_column(read: Any) -> None:
    words = r"9999999999999999999999\.9999995 does not fit into the DECIMAL\(28,6\) of column value"
    with pytest.raises(TableUnreadableError, match=words):
        read("overflow")


def test_a_scale_that_no_decimal_has_is_made_up_for_with_digits(read: Any) -> None:
    reading = read("scales")
    assert (reading.schema["hundreds"], reading.schema["small"]) == ("decimal128(7, 0)", "decimal128(5, 5)")
    assert reading.rows == [{"hundreds": Decimal(9_999_900), "small": Decimal("0.00999"), "tiny": "-0." + 40 * "9"}]


def test_a_text_without_a_length_is_cut_at_8_000_bytes_and_never_within_a_character(read: Any) -> None:
    (row,) = read("unbounded").rows
    assert row["ascii"] == "x" * 8_000
    assert row["two"] == "x" + "é" * 3_999
    assert row["four"] == "xx" + "😀" * 1_999
    assert row["fits"] == "é" * 4_000
    assert (row["state"], row["bits"]) == ("NY", "10101")


def test_a_domain_is_what_it_is_over_to_any_depth(catalogue: dict[str, SourceTable]) -> None:
    columns = {column.name: column for column in catalogue["domains"].columns}
    assert (columns["deep"].type_name, columns["deep"].precision, columns["deep"].scale) == ("numeric", 30, 15)
    assert [columns[name].type_name for name in ("list", "kind", "text")] == ["array", "enum", "character varying"]
    assert columns["text"].length == 7


def test_lobs_are_cut_at_their_limit_and_shorter_ones_are_whole(read: Any) -> None:
    first, second = read("lobs", Layout(lob_bytes=1024)).rows
    assert first["words"] == "é" * 512  # two bytes a character, as DMS counts an NCLOB
    assert first["raw"] == b"\xff" * 1024
    assert (second["words"], second["raw"]) == ("short", b"\x01")


def test_an_array_without_a_primary_key_errors_the_table(read: Any) -> None:
    with pytest.raises(TableUnreadableError, match="no primary key"):
        read("keyless_list")


def test_a_column_of_a_type_that_dms_does_not_carry_is_left_out(read: Any) -> None:
    assert read("odd_types").rows == [{"id": 1, "pair": "(1,2)"}]
    with pytest.raises(TableUnreadableError, match="no column"):
        read("only_odd")


def test_the_columns_that_dms_adds_are_around_those_of_the_source(read: Any) -> None:
    added = Transformation(
        "1", "column", "add-column", "%", value="_db", kind=DmsType("STRING", 9), expression=Expression("'it''s'")
    )
    shape = Shape("public", "lobs", (added,))
    layout = Layout(leading=(("Op", "I"), ("_at", "2026-11-21 01:02:03.000004")), shape=shape)
    assert list(read("lobs", layout).rows[1].items()) == [
        ("Op", "I"),
        ("_at", "2026-11-21 01:02:03.000004"),
        ("id", 2),
        ("words", "short"),
        ("raw", b"\x01"),
        ("_db", "it's"),
    ]


def test_names_need_no_care(read: Any) -> None:
    assert read('Ünï "t" x').rows == [{"select": 1, "a b": "x"}]


def test_an_empty_table_gives_no_file(
    source: PostgresqlSource, catalogue: dict[str, SourceTable], tmp_path: Path
) -> None:
    assert list(source.write(catalogue["empty"], Layout(), None, tmp_path / "out")) == []


def test_ranges_take_every_row_once_but_for_those_without_a_boundary_value(
    source: PostgresqlSource, catalogue: dict[str, SourceTable], tmp_path: Path
) -> None:
    bounds = [None, ("30",), ("60",), None]
    found: list[int] = []
    for number, (above, upto) in enumerate(pairwise(bounds)):
        part = Reading(source, catalogue["cut"], tmp_path / str(number), Layout(), Range(("part",), above, upto))
        parts = [row["part"] for row in part.rows]
        assert all((not above or int(above[0]) < n) and (not upto or n <= int(upto[0])) for n in parts)
        found += parts
    assert sorted(found) == [n for n in range(1, 101) if n % 10]


def test_ranges_over_two_columns_compare_them_as_a_tuple(read: Any) -> None:
    part = read("cut", part=Range(("region", "id"), ("r", "98"), None))
    assert [row["id"] for row in part.rows] == [99, 100]


def test_a_row_without_a_value_in_a_later_boundary_column_is_in_no_range(read: Any) -> None:
    part = read("cut", part=Range(("region", "part"), None, ("s", "0")))
    assert [row["id"] for row in part.rows] == [n for n in range(1, 101) if n % 10]


@pytest.mark.parametrize("column", ["weight", "nowhere"])
def test_a_table_is_not_cut_by_a_float_or_a_column_it_does_not_have(read: Any, column: str) -> None:
    with pytest.raises(TableUnreadableError, match=column):
        read("cut", part=Range((column,), None, ("1",)))


def test_the_catalogue_knows_tables_from_views_and_keys_in_their_order(catalogue: dict[str, SourceTable]) -> None:
    views = {name for name, table in catalogue.items() if table.is_view}
    assert views == {"open_cuts", "unbounded"}
    assert "kept_cuts" not in catalogue  # the guide: materialised views are not supported
    assert {"parted", "parted_north"} <= set(catalogue)  # the guide: parents and children are both reported
    assert catalogue["composite"].key == ("b", "a")
    assert {table.schema for table in catalogue.values()} == {"public"}


def test_files_are_compressed_and_grouped_as_asked(read: Any) -> None:
    (file,) = read("cut", Layout(format=Parquet("gzip", row_group_rows=30))).files
    metadata = pq.ParquetFile(io.BytesIO(file.read())).metadata
    assert metadata.row_group(0).column(0).compression == "GZIP"
    assert [metadata.row_group(n).num_rows for n in range(metadata.num_row_groups)] == [30, 30, 30, 10]
    assert (metadata.num_rows, file.rows) == (100, 100)


def test_a_table_far_larger_than_the_memory_is_streamed_into_files_of_bounded_size(
    source: PostgresqlSource, postgres: EmbeddedPostgres, tmp_path: Path
) -> None:
    with postgres.connect(DATABASE) as connection:
        connection.execute(
            "CREATE VIEW large AS SELECT n, repeat(md5(n::text), 20) AS body FROM generate_series(1, 200000) AS n"
        )
    (table,) = [one for one in source.catalogue() if one.name == "large"]
    files = source.write(table, Layout(file_bytes=32 * 1024 * 1024), None, tmp_path / "out")
    assert sum(file.rows for file in files) == 200_000
    assert len(files) > 1
    ends = [
        (read[0].as_py(), read[-1].as_py()) for file in files for read in [pq.read_table(io.BytesIO(file.read()))["n"]]
    ]
    assert ends == sorted(ends)


def test_a_load_moves_the_rows_of_a_database_into_the_bucket(
    postgres: EmbeddedPostgres, reader: PostgresqlReader, login: Login
) -> None:
    with LocalAws() as aws, Clouds(aws, postgres.secret(DATABASE)).open(reader) as cloud:
        cloud.dms.modify_endpoint(EndpointArn=cloud.source, DatabaseName=DATABASE)
        cloud.dms.modify_endpoint(
            EndpointArn=cloud.target,
            S3Settings={
                "IncludeOpForFullLoad": True,
                "TimestampColumnName": "_at",
                "UseTaskStartTimeForFullLoadTimestamp": True,
                "CompressionType": "GZIP",
            },
        )
        column = {
            "rule-type": "transformation",
            "rule-target": "column",
            "rule-action": "add-column",
            "object-locator": {"schema-name": "%", "table-name": "%"},
            "value": "_db",
            "expression": "'shop'",
            "data-type": {"type": "string", "length": 32},
        }
        cut = {
            "rule-type": "table-settings",
            "object-locator": {"schema-name": "public", "table-name": "cut"},
            "parallel-load": {"type": "ranges", "columns": ["id"], "boundaries": [["50"]]},
        }
        task = cloud.create_task(rules("[ckon]%", "all", column, cut))
        ended = cloud.run(task)
        assert ended["StopReason"] == "Stop Reason FULL_LOAD_ONLY_FINISHED"
        tables = cloud.tables(task)
        assert tables["cut"] == ("Table completed", 100)
        assert tables["open_cuts"] == ("Table completed", 10)
        assert "kept_cuts" not in tables
        assert tables["composite"] == ("Table completed", 0)
        assert tables["nan"] == ("Table error", 0)
        assert cloud.keys() == [
            "public/cut/SEGMENT1_LOAD00000001.parquet",
            "public/cut/SEGMENT2_LOAD00000001.parquet",
            "public/odd_types/LOAD00000001.parquet",
            "public/open_cuts/LOAD00000001.parquet",
        ]
        key = f"{FOLDER}/public/open_cuts/LOAD00000001.parquet"
        body = aws.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()
        started = ended["ReplicationTaskStartDate"].astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
        assert pq.read_table(io.BytesIO(body)).to_pylist() == [
            {"Op": "I", "_at": started, "id": n, "_db": "shop"} for n in range(10, 101, 10)
        ]
