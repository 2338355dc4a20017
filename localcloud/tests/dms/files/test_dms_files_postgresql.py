"""Values at their edges, from a real PostgreSQL into Parquet and CSV; the source itself is asked what they are."""

from __future__ import annotations

import csv
import datetime as dt
import io
import math
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from localcloud.dms.engines.postgresql import PostgresqlReader, PostgresqlSource
from localcloud.dms.engines.reader import Layout, Login, SourceTable, TableUnreadableError, Written
from localcloud.dms.files.formats import Csv
from localcloud.dms.rules.expressions import Expression
from localcloud.dms.rules.transformations import Shape, Transformation
from localcloud.dms.type_tables.column import DmsType
from localcloud.servers.postgres import EmbeddedPostgres
from localcloud.tests.dms.dms_logins import postgres_login, require_no_connection

DATABASE = "dms_edges"
SCHEMA = """
CREATE TYPE address AS (street text, house integer);
CREATE TABLE decimals (id integer PRIMARY KEY, whole numeric(38,0), mixed numeric(38,10), part numeric(38,38),
                       cash money);
INSERT INTO decimals VALUES
    (1, 99999999999999999999999999999999999999, 9999999999999999999999999999.9999999999,
     0.99999999999999999999999999999999999999, '92233720368547758.07'),
    (2, -99999999999999999999999999999999999999, -9999999999999999999999999999.9999999999,
     -0.99999999999999999999999999999999999999, '-92233720368547758.08'),
    (3, 0, 0.0000000001, 0.00000000000000000000000000000000000001, '0.01'),
    (4, NULL, NULL, NULL, NULL);
CREATE TABLE floats (id integer PRIMARY KEY, single real, double double precision);
INSERT INTO floats VALUES (1, 'NaN', 'NaN'), (2, 'Infinity', 'Infinity'), (3, '-Infinity', '-Infinity'),
    (4, '-0', '-0'), (5, '3.4028235e38', '1.7976931348623157e308'), (6, '1e-45', '5e-324'), (7, NULL, NULL),
    (8, '0.1', '0.1');
CREATE TABLE whole (id integer PRIMARY KEY, small smallint, middle integer, big bigint);
INSERT INTO whole VALUES (1, -32768, -2147483648, -9223372036854775808),
    (2, 32767, 2147483647, 9223372036854775807), (3, NULL, NULL, NULL);
CREATE TABLE days (id integer PRIMARY KEY, day date, at timestamp, zoned timestamptz);
INSERT INTO days VALUES
    (1, '0001-01-01', '0001-01-01 00:00:00', '0001-01-01 00:00:00+00'),
    (2, '9999-12-31', '9999-12-31 23:59:59.999999', '9999-12-31 23:59:59.999999+00'),
    (3, '2024-02-29', '2024-02-29 12:00:00.000001', '2024-03-31 02:30:00+02'),
    (4, '1970-01-01', '1969-12-31 23:59:59.999999', '2024-10-27 02:30:00+05:45'),
    (5, NULL, NULL, NULL);
CREATE TABLE endless (id integer PRIMARY KEY, day date, at timestamp, zoned timestamptz);
INSERT INTO endless VALUES (1, 'infinity', 'infinity', 'infinity'), (2, '-infinity', '-infinity', '-infinity');
CREATE TABLE beyond (id integer PRIMARY KEY, day date, at timestamp, zoned timestamptz, clock time, clock_tz timetz);
INSERT INTO beyond VALUES
    (1, '5874897-12-31', '294276-12-31 23:59:59.999999', '9999-12-31 23:59:59-01', '24:00', '24:00+05:30'),
    (2, '4714-11-24 BC', '4714-11-24 BC', '0001-01-01 00:00+01', '00:00', '00:00+05:30');
CREATE TABLE clocks (id integer PRIMARY KEY, clock time, zoned timetz);
INSERT INTO clocks VALUES (1, '00:00', '00:00+14'), (2, '23:59:59.999999', '23:59:59.999999-12'), (3, NULL, NULL);
CREATE TABLE texts (id integer PRIMARY KEY, body text, code varchar(12), pad char(4), raw bytea);
INSERT INTO texts VALUES
    (1, '', '', '', ''), (2, NULL, NULL, NULL, NULL), (3, '😀👩‍👩‍👧 e\u0301', '😀😀', 'é', '\\x00'),
    (4, 'NULL', 'a,b', 'x', '\\xfffe'), (5, E'line\\nbreak\\r\\t"quoted"', E'\\\\N', '  y', '\\x2c0a22'),
    (6, 'ends in blanks  ', 'ends  ', 'y', '\\x27');
CREATE TABLE others (id integer PRIMARY KEY, list text[], doc json, docb jsonb, uid uuid, bits bit(4),
                     varbits bit varying(8), span interval, place address, page xml, net cidr, mac macaddr,
                     shape polygon, span_of numrange, words tsvector);
INSERT INTO others VALUES
    (1, '{a,NULL,"b c"}', '{"b": 1, "a": [1, null]}', '{"b": 1, "a": "😀"}', '6f1b1b0e-0000-4000-8000-000000000001',
     '1010', '11', '1 year 2 mons -3 days 04:05:06.789', ROW('Main', 5), NULL, '10.0.0.0/8',
     '08:00:2b:01:02:03', '((0,0),(1,1),(2,0))', '[1.5,2)', 'a fat cat'),
    (2, '{}', 'null', 'null', NULL, NULL, '', '-1 day', ROW(NULL, NULL), NULL, NULL, NULL, NULL, 'empty', '');
CREATE TABLE unknown (id integer PRIMARY KEY, place pg_lsn, wide jsonpath);
INSERT INTO unknown VALUES (1, '0/1', '$.a');
CREATE TABLE large (id integer PRIMARY KEY, body text, raw bytea);
INSERT INTO large SELECT 1, repeat('x', 1048576), decode(repeat('ab', 1048576), 'hex');
INSERT INTO large SELECT 2, repeat('😀', 1000), NULL;
"""


@pytest.fixture(scope="module")
def login(postgres: EmbeddedPostgres) -> Iterator[Login]:
    with postgres_login(postgres, DATABASE, SCHEMA) as login:
        yield login


@pytest.fixture(scope="module")
def source(login: Login) -> Iterator[PostgresqlSource]:
    source = PostgresqlReader(memory="256MB").open(login)
    yield source
    source.close()


class Edges:
    """One table, in the source and in its files."""

    def __init__(self, source: PostgresqlSource, postgres: EmbeddedPostgres, folder: Path) -> None:
        self._source = source
        self._postgres = postgres
        self._folder = folder
        self._tables: dict[str, SourceTable] = {table.name: table for table in source.catalogue()}
        self.warnings: list[str] = []

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """The source's own answer."""
        with self._postgres.connect(DATABASE) as connection:
            return connection.execute(query).fetchall()  # type: ignore[arg-type]  a literal of these tests

    def write(self, table: str, layout: Layout | None = None) -> Written:
        (file,) = self._source.write(
            self._tables[table], replace(layout or Layout(), warn=self.warnings.append), None, self._folder / "out"
        )
        return file

    def parquet(self, table: str, layout: Layout | None = None) -> list[tuple[Any, ...]]:
        read = pq.read_table(io.BytesIO(self.write(table, layout).read()))
        return sorted((tuple(row.values()) for row in read.to_pylist()), key=lambda row: row[0])

    def csv(self, table: str, **how: Any) -> list[list[str]]:
        text = self.write(table, Layout(format=Csv(**how))).read().decode()
        return sorted(csv.reader(io.StringIO(text, newline=""), lineterminator="\n"), key=lambda row: int(row[0]))


@pytest.fixture
def edges(source: PostgresqlSource, postgres: EmbeddedPostgres, tmp_path: Path) -> Edges:
    return Edges(source, postgres, tmp_path)


def test_decimals_of_all_38_digits_and_money_arrive_digit_by_digit(edges: Edges) -> None:
    asked = edges.ask("SELECT id, whole, mixed, part, cash::numeric(38, 4) FROM decimals ORDER BY id")
    assert edges.parquet("decimals") == asked
    assert asked[0][1:] == (
        Decimal("9" * 38),
        Decimal("9" * 28 + "." + "9" * 10),
        Decimal("0." + "9" * 38),
        Decimal("92233720368547758.0700"),
    )


def test_decimals_stand_in_csv_with_all_their_places(edges: Edges) -> None:
    asked = edges.ask("SELECT id::text, whole::text, mixed::text, part::text, cash::numeric(38, 4)::text FROM decimals")
    assert edges.csv("decimals") == [["NULL" if value is None else value for value in row] for row in sorted(asked)]


def test_floats_keep_nan_infinities_and_the_sign_of_zero(edges: Edges) -> None:
    found, asked = edges.parquet("floats"), edges.ask("SELECT * FROM floats ORDER BY id")
    assert [repr(row) for row in found[:4]] == [repr(row) for row in asked[:4]]  # NaN is not equal to itself
    assert [math.copysign(1, value) for value in found[3][1:]] == [-1, -1]
    assert [row[2] for row in found[4:]] == [row[2] for row in asked[4:]]
    singles = edges.ask("SELECT single::float8 FROM floats WHERE id > 4 ORDER BY id")
    assert [(row[1],) for row in found[4:]] == singles


def test_whole_numbers_arrive_at_both_ends(edges: Edges) -> None:
    assert edges.parquet("whole") == edges.ask("SELECT * FROM whole ORDER BY id")


def test_dates_and_times_arrive_at_both_ends_and_in_utc(edges: Edges) -> None:
    asked = edges.ask("SELECT id, day, at, zoned AT TIME ZONE 'UTC' FROM days ORDER BY id")
    assert edges.parquet("days") == asked
    assert asked[3][3] == dt.datetime(2024, 10, 26, 20, 45)  # noqa: DTZ001  DMS writes no zone


def test_dates_and_times_stand_in_csv_with_microseconds(edges: Edges) -> None:
    shown = "'YYYY-MM-DD HH24:MI:SS.US'"
    asked = edges.ask(
        f"SELECT id::text, day::text, to_char(at, {shown}), to_char(zoned AT TIME ZONE 'UTC', {shown}) FROM days"
    )
    assert edges.csv("days") == [["NULL" if value is None else value for value in row] for row in sorted(asked)]


def test_times_outside_of_the_years_become_an_end_of_them_and_24_00_the_days_beginning(edges: Edges) -> None:
    last, first = dt.datetime.fromisoformat("9999-12-31 23:59:59"), dt.datetime.fromisoformat("0001-01-01")
    assert edges.parquet("beyond") == [
        (1, last.date(), last, last, dt.time(0), dt.time(0)),
        (2, first.date(), first, first, dt.time(0), dt.time(0)),
    ]


def test_endless_times_become_the_ends_that_the_guide_names(edges: Edges, tmp_path: Path) -> None:
    path = tmp_path / "endless.parquet"
    path.write_bytes(edges.write("endless").read())
    # Python's dates begin with the year 1, so DuckDB reads them.
    assert duckdb.sql(f'SELECT "day"::text, "at"::text, "zoned"::text FROM "{path}" ORDER BY id').fetchall() == [
        ("9999-12-31", "9999-12-31 23:59:59", "9999-12-31 23:59:59"),
        ("4713-01-01 (BC)", "4713-01-01 (BC) 00:00:00", "4713-01-01 (BC) 00:00:00"),
    ]


def test_times_of_day_lose_what_is_finer_than_a_millisecond_and_their_offset(edges: Edges) -> None:
    last = dt.time(23, 59, 59, 999_000)
    assert edges.parquet("clocks") == [(1, dt.time(0), dt.time(0)), (2, last, last), (3, None, None)]


def test_texts_and_binaries_keep_empty_from_null_and_every_sign(edges: Edges) -> None:
    # `rtrim`: DMS drops the padding of char(n) by default (TrimSpaceInChar).
    asked = edges.ask("SELECT id, body, code, rtrim(pad::text), raw FROM texts ORDER BY id")
    assert edges.parquet("texts") == asked
    assert asked[0][1:] == ("", "", "", b"")
    assert asked[1][1:] == (None, None, None, None)


def test_texts_and_binaries_come_back_from_csv_as_they_were(edges: Edges) -> None:
    asked = edges.ask("SELECT id::text, body, code, rtrim(pad::text), upper(encode(raw, 'hex')) FROM texts ORDER BY id")
    assert edges.csv("texts", null="<null>") == [["<null>" if one is None else one for one in row] for row in asked]


def test_what_dms_carries_as_text_is_the_text_that_the_source_shows(edges: Edges) -> None:
    columns = [
        *("list", "doc", "docb", "uid", "bits", "varbits", "span", "place", "page", "net", "mac", "shape", "span_of"),
        "words",
    ]
    texts = ", ".join(f"{name}::text" for name in columns)
    assert edges.parquet("others") == edges.ask(f"SELECT id, {texts} FROM others ORDER BY id")
    assert edges.warnings == []


def test_a_column_of_an_unknown_type_is_left_out_and_warned_of_by_name(edges: Edges) -> None:
    assert edges.parquet("unknown") == [(1,)]
    assert edges.warnings == [
        "column place is left out: its type pg_lsn is not migrated",
        "column wide is left out: its type jsonpath is not migrated",
    ]


def test_one_megabyte_is_cut_at_half_of_it_and_not_at_two(edges: Edges, tmp_path: Path) -> None:
    half = 512 * 1024
    first, second = edges.parquet("large", Layout(lob_bytes=half))
    assert first == (1, "x" * (half // 2), b"\xab" * half)
    assert second == (2, "😀" * 1000, None)
    assert edges.warnings == [
        f"1 values of column {name} were cut to the maximum LOB size of {half} bytes" for name in ("body", "raw")
    ]


def test_one_megabyte_stays_whole_below_its_limit(edges: Edges) -> None:
    assert edges.parquet("large", Layout(lob_bytes=2 * 1024 * 1024)) == edges.ask("SELECT * FROM large ORDER BY id")
    assert edges.warnings == []


def test_a_table_that_breaks_off_in_its_middle_holds_nothing_open(
    postgres: EmbeddedPostgres, login: Login, tmp_path: Path
) -> None:
    postgres.create_database("dms_broken")
    with postgres.connect("dms_broken") as connection:
        connection.execute(
            "CREATE TABLE t (id integer PRIMARY KEY, word text);"
            "INSERT INTO t SELECT n, CASE WHEN n = 90000 THEN 'x' ELSE '1' END FROM generate_series(1, 100000) AS n"
        )
    source = PostgresqlReader(memory="64MB").open(replace(login, database="dms_broken"))
    (table,) = source.catalogue()
    added = Transformation(
        "1", "column", "add-column", "%", value="n", kind=DmsType("INT4"), expression=Expression("$word || ''")
    )
    with pytest.raises(TableUnreadableError, match="'x'"):
        source.write(table, Layout(shape=Shape("public", "t", (added,))), None, tmp_path / "broken")
    (file,) = source.write(table, Layout(), None, tmp_path / "whole")
    assert file.rows == 100_000
    source.close()
    require_no_connection(postgres, "dms_broken")
    postgres.drop_database("dms_broken")


def test_without_lob_support_lob_columns_are_left_out(edges: Edges) -> None:
    assert edges.parquet("large", Layout(lob_bytes=None)) == [(1,), (2,)]
    assert edges.warnings == []
