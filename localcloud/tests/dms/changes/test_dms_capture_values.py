"""A captured row holds the very values, in the very types, that a full load gives of it, whatever its types."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from localcloud.dms.engines.postgresql import PostgresqlReader
from localcloud.dms.engines.reader import Layout, Login
from localcloud.dms.type_tables import postgresql
from localcloud.servers.postgres import EmbeddedPostgres
from localcloud.tests.dms.changes.dms_captures import Captures, captures_of

LOB_KILOBYTES = 1
# Every type of the type table, and what its values look like at the edges. A column is named after its place.
TYPES: dict[str, list[str]] = {
    "smallint": ["-32768", "32767", "0"],
    "integer": ["-2147483648", "2147483647"],
    "bigint": ["-9223372036854775808", "9223372036854775807"],
    "real": ["1.5", "-0", "NaN", "Infinity", "-Infinity", "1e-45", "3.4028235e38", "0.1"],
    "double precision": ["0.1", "-0", "NaN", "Infinity", "5e-324", "1.7976931348623157e308", "1e15", "1e16"],
    "numeric": ["0.611111104488373", "-0.0000005", "1234567890123456789012.5", "0.0000015", "-2.5"],
    "numeric(10,2)": ["-99999999.99", "0", "1.005"],
    "numeric(5,-2)": ["9999900", "50"],
    "numeric(3,5)": ["0.00999", "-0.00001"],
    "numeric(50,2)": ["1.5", "-123456789012345678901234567890123456789012345678.12"],
    "money": ["12.34", "-92233720368547758.08", "1234567.89"],
    "date": ["0001-01-01", "9999-12-31", "infinity", "-infinity", "12024-01-01", "0044-03-15 BC", "2024-02-29"],
    "time": ["00:00", "23:59:59.123456", "24:00:00", "12:00:00.5"],
    "time(3)": ["23:59:59.1234"],
    "timetz": ["12:00:00+05", "24:00:00-03", "00:00:00.000001+00"],
    "timestamp": ["2024-02-29 23:59:59.123456", "infinity", "-infinity", "0044-03-15 BC", "10000-01-01",
                  "1969-12-31 23:59:59.9"],
    "timestamp(0)": ["2024-02-29 23:59:59.6"],
    "timestamptz": ["2024-03-31 03:30:00+02", "infinity", "-infinity", "0001-01-01 00:00:00+05",
                    "9999-12-31 23:59:59-05", "1900-01-01 00:00:00.000001+00"],
    "bytea": ["\\x00ff00", "\\x", "\\x" + "ab" * 3000],
    "tsvector": ["a fat cat", "'x':1A"],
    "tsquery": ["fat & rat"],
    "xml": [],  # the wheel is built without it
    "path": ["((0,0),(1,1))", "[(0,0),(1.5,1)]"],
    "polygon": ["((0,0),(1,1),(1,0))"],
    "text": ["naïve 😀 'quoted' \\ \"x\"", "", " ", "NULL", "\\N", "é" * 3000, "😀" * 600, "line\nbreak\ttab"],
    "citext": ["[A,c)"],
    "hstore": ["[a,c)"],
    "json": ['{"a" : [1, null]}', "null", '"' + "x" * 2000 + '"'],
    "jsonb": ['{"b": 1, "a": [1, null]}', "1.50"],
    "integer[]": ["{1,NULL,3}", "{}", "[2:3]={1,2}"],
    "text[]": ['{"a b",NULL,"x\\"y"}'],
    "timestamptz[]": ['{"2024-03-31 03:30:00+02"}'],
    "bytea[]": ['{"\\\\x00ff"}'],
    "inet[]": ["{10.0.0.1,10.0.0.0/8}"],
    "pair": ["(1,x)", '(,"a b")'],
    "boolean": ["t", "f"],
    "macaddr": ["08:00:2b:01:02:03"],
    "uuid": ["6f1b1b0e-0000-4000-8000-000000000001"],
    "cidr": ["10.0.0.0/8", "::/0"],
    "inet": ["10.0.0.1", "10.0.0.1/8", "::1", "fe80::1/64"],
    "mood": ["glad", "sad"],
    "interval": ["1 year 2 days 03:04:05.5", "-1 mon", "00:00"],
    "point": ["(1,2)", "(0.1,-1e300)"],
    "line": ["{1,2,3}"],
    "lseg": ["[(0,0),(1,1)]"],
    "box": ["(1,1),(0,0)"],
    "circle": ["<(0,0),1>"],
    "int4range": ["[1,5)", "empty", "(,)"],
    "int8range": ["[1,5]"],
    "numrange": ["[1.50,5)"],
    "character": ["x", ""],
    "character(5)": ["ab", "", "naïve", "  x"],
    "varchar(5)": ["abcde", "", "naïve", " x "],
    "varchar": ["x" * 9000, "x" + "é" * 4001, "xx" + "😀" * 2001, ""],
    "bit(3)": ["101"],
    "bit": ["1"],
    "bit varying(9)": ["10101", ""],
    "bit varying": ["10101"],
    "price": ["5", "-1.005"],
    "exact_too": ["1.000000000000001"],
    "feeling": ["sad"],
    "integers": ["{1,2}"],
    "code_too": ["abcdefg"],
    "strrange": ["[a,c)"],
    '"Odd ""k"" x"': ["x"],
}  # fmt: skip
SCHEMA = f"""
SET lc_monetary = 'C';
CREATE TYPE citext AS RANGE (subtype = text);  -- the wheel has no extensions; these go by their names as well
CREATE TYPE hstore AS RANGE (subtype = text);
CREATE TYPE mood AS ENUM ('glad', 'sad');
CREATE TYPE "Odd ""k"" x" AS ENUM ('x');
CREATE TYPE pair AS (a integer, b text);
CREATE TYPE strrange AS RANGE (subtype = text);
CREATE DOMAIN price AS numeric(10, 2);
CREATE DOMAIN exact AS numeric(30, 15);
CREATE DOMAIN exact_too AS exact;
CREATE DOMAIN integers AS integer[];
CREATE DOMAIN feeling AS mood;
CREATE DOMAIN code AS varchar(7);
CREATE DOMAIN code_too AS code;
CREATE TABLE every (
    id integer PRIMARY KEY, {", ".join(f"c{place} {kind}" for place, kind in enumerate(TYPES))},
    twice integer GENERATED ALWAYS AS (id * 2) STORED
);
CREATE TABLE nan (id integer PRIMARY KEY, value numeric(10, 2));
CREATE TABLE overflow (id integer PRIMARY KEY, value numeric);
"""


@pytest.fixture(scope="module")
def captures(postgres: EmbeddedPostgres) -> Iterator[Captures]:
    with captures_of(postgres, "dms_capture_values", SCHEMA) as captures:
        yield captures


def _insert(place: int, value: str, number: int) -> str:
    return f"INSERT INTO every (id, c{place}) VALUES ({number}, $one${value}$one$)"


def _loaded(login: Login, folder: Path, table: str) -> pa.Table:
    """What a full load gives of *table*."""
    source = PostgresqlReader(memory="64MB").open(login)
    try:
        (found,) = (one for one in source.catalogue() if one.name == table)
        files = source.write(found, Layout(lob_bytes=LOB_KILOBYTES * 1024), None, folder)
    finally:
        source.close()
    return pq.read_table(io.BytesIO(files[0].read()))


def _rows(table: pa.Table) -> list[dict[str, Any]]:
    """The rows, with times as numbers: Python has none before the year 1."""
    for place, field in enumerate(table.schema):
        if pa.types.is_temporal(field.type):
            number = pa.int32() if field.type.bit_width == 32 else pa.int64()
            table = table.set_column(place, field.name, table.column(place).cast(number))
    return table.to_pylist()


def test_a_captured_value_is_that_of_a_full_load_for_every_type(captures: Captures, tmp_path: Path) -> None:
    task = captures.task(table="every", TargetMetadata={"LobMaxSize": LOB_KILOBYTES})
    captures.begin(task, seconds=60)
    values = [(place, value) for place, found in enumerate(TYPES.values()) for value in found]
    captures.execute(*(_insert(place, value, number) for number, (place, value) in enumerate(values)))
    assert captures.end(task)["Status"] == "stopped"
    assert captures.statistics(task)["every"]["TableState"] == "Table completed"
    loaded = _loaded(captures.login(), tmp_path / "full", "every")
    (file,) = captures.files("every")
    assert file.column_names == ["Op", "_at", *loaded.column_names, "_pos", "_seq"]
    captured = file.select(loaded.column_names)
    assert captured.schema == loaded.schema
    assert captured.num_rows == len(values)
    for number, (one, other) in enumerate(zip(_rows(captured), _rows(loaded), strict=True)):
        kind = list(TYPES)[values[number][0]]
        assert repr(one) == repr(other), (kind, values[number])


def test_every_type_of_the_type_table_is_among_those_that_were_compared(captures: Captures) -> None:
    source = PostgresqlReader(memory="64MB").open(captures.login())
    try:
        (every,) = (one for one in source.catalogue() if one.name == "every")
    finally:
        source.close()
    compared = {column.type_name for column in every.columns}
    assert compared >= set(postgresql._TYPES) | {"numeric", "character", "character varying", "bit", "bit varying"}


@pytest.mark.parametrize(("table", "value"), [("nan", "'NaN'"), ("overflow", "9999999999999999999999.9999995")])
def test_a_value_that_errs_a_full_load_suspends_the_table_of_a_capture_in_the_same_words(
    captures: Captures, tmp_path: Path, table: str, value: str
) -> None:
    task = captures.task(table=table, name=f"errs-{table}")
    captures.begin(task, seconds=60)
    captures.execute(f"INSERT INTO {table} VALUES (1, {value})")
    assert captures.end(task)["Status"] == "stopped"
    assert captures.statistics(task)[table]["TableState"] == "Table error"
    assert captures.keys(table) == []
    with pytest.raises(Exception, match="does not fit"):
        _loaded(captures.login(), tmp_path / "full", table)
