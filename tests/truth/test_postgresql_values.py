"""A law of values: what comes through the local path is equal to the source, or the source counted it as changed.

Random columns of random types with random and extreme values, on a real PostgreSQL: read by the local DMS into Parquet,
taken into a table of the types that the product declares in Snowflake, and compared with the source value by value.
FLEET_TRUTH_CASES says how many tables are tried.
"""

from __future__ import annotations

import io
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from postgresql_comparison import ask_for
from psycopg import sql
from sqlglot import exp

from fleet.tables.catalogue import Table
from fleet.tables.columns import dms_type, snowflake_type
from fleet.tables.losses import TableLosses, ask_losses, find_column_losses
from lambdas.sources import postgresql
from lambdas.sources.postgresql_losses import condition, quote
from localcloud.dms.engines.postgresql import PostgresqlReader, PostgresqlSource
from localcloud.dms.engines.reader import Layout, Login, TableUnreadableError
from localcloud.dms.type_tables.postgresql import dms_type as carried_as
from localcloud.servers.postgres import EmbeddedPostgres
from localcloud.snowflake.definitions.column_types import column_type
from postgresql_columns import LOB_KILOBYTES, SETUP, Generated, tables

CASES = int(os.environ.get("FLEET_TRUTH_CASES", "100"))
DATABASE = "truth values"


@dataclass
class Place:
    """One database on a real server, with both houses' ways to it. *cells*: how many were compared, by what became of
    them."""

    connection: psycopg.Connection
    secret: dict[str, Any]
    source: PostgresqlSource
    warehouse: duckdb.DuckDBPyConnection
    cells: Counter[str]

    def run(self, statement: str) -> list[tuple[Any, ...]]:
        """All that the server answers."""
        cursor = self.connection.execute(sql.SQL(statement))  # type: ignore[arg-type]  made by this test
        return cursor.fetchall() if cursor.description else []


@pytest.fixture(scope="module")
def place(postgres: EmbeddedPostgres) -> Iterator[Place]:
    postgres.create_database(DATABASE)
    secret = postgres.secret(DATABASE)
    login = Login(secret["host"], secret["port"], DATABASE, secret["username"], secret["password"])
    with postgres.connect(DATABASE, autocommit=True) as connection, duckdb.connect() as warehouse:
        source = PostgresqlReader(memory="256MB").open(login)
        place = Place(connection, secret, source, warehouse, Counter())
        place.run(SETUP)
        yield place
        source.close()
    postgres.drop_database(DATABASE)


@settings(max_examples=CASES, suppress_health_check=list(HealthCheck), deadline=None)
@given(generated=tables(), is_view=st.integers(0, 9).map((7).__eq__))
def test_a_value_arrives_as_it_is_or_is_counted_as_changed(
    place: Place, generated: list[Generated], is_view: bool
) -> None:
    _make(place, generated, is_view)
    (table,) = postgresql.ask_census(place.secret, DATABASE, ["v"], "none").tables
    asked = ask_losses("postgresql", table, LOB_KILOBYTES)
    (counted,) = postgresql.ask_losses(place.secret, DATABASE, [asked], "none", 60, lambda: True)
    assert counted.why == ""
    said = _conditions(place, asked)
    assert counted.values == tuple(sum(map(bool, one)) for one in zip(*said, strict=True))
    lost = _lost_by_column(asked, said)
    try:
        arrived = _arrived(place, table)
    except TableUnreadableError as error:
        _judge_erring(table, asked, counted.values, str(error))
        place.cells["erring"] += len(generated) * len(generated[0].values)
        return
    rows = len(generated[0].values)
    changed = {name: values for name, values in _changed(place, table, arrived).items() if any(values)}
    assert changed == {name: values for name, values in lost.items() if any(values)}
    left_out = {column.name for column in table.columns if column.name not in arrived}
    named = find_column_losses("postgresql", table, rows, asked, counted)
    assert {one.column for one in named} == {*changed, *left_out}
    place.cells["carried"] += rows * (len(table.columns) - len(left_out))
    place.cells["left out"] += rows * len(left_out)
    place.cells["changed"] += sum(map(sum, changed.values()))


def test_nine_of_ten_cells_were_carried(place: Place, record_property: Callable[[str, object], None]) -> None:
    record_property("cells", ", ".join(f"{count:,} {kind}" for kind, count in place.cells.items()))
    total = sum(place.cells[kind] for kind in ("carried", "left out", "erring"))
    share = 0.9 if CASES >= 1_000 else 0.8  # of few tables, one that errs by chance is much
    assert place.cells["carried"] >= share * total, place.cells
    assert place.cells["changed"] > 0


def test_the_two_houses_have_one_type_for_each_type_of_the_servers_catalogue(place: Place) -> None:
    names = [
        name
        for (name,) in place.run(
            "SELECT format_type(oid, NULL) FROM pg_type WHERE typtype IN ('b', 'r', 'm', 'e') AND typnamespace IN "
            "('pg_catalog'::regnamespace, 'kinds'::regnamespace) AND typelem NOT IN (SELECT oid FROM pg_type "
            "WHERE typtype IN ('c', 'p') AND typnamespace = 'pg_catalog'::regnamespace)"
        )
    ]
    assert len(names) > 100
    fields = ", ".join(f"c{number} {name}" for number, name in enumerate(names))
    place.run(f"DROP SCHEMA IF EXISTS v CASCADE; CREATE SCHEMA v; CREATE TABLE v.t ({fields})")
    (table,) = postgresql.ask_census(place.secret, DATABASE, ["v"], "none").tables
    (other,) = (one for one in place.source.catalogue() if one.schema == "v")
    ours = [_words(dms_type("postgresql", column)) for column in table.columns]
    assert ours == [_words(carried_as(column)) for column in other.columns]


def _words(kind: Any) -> tuple[Any, ...] | None:
    return kind and (kind.name, kind.length, kind.precision, kind.scale)


def _make(place: Place, generated: Sequence[Generated], is_view: bool) -> None:
    """A table `v.t` with a key and the generated columns, the domains of which are made first; or a view of such a
    table, whose expressions have lost their modifiers."""
    place.run("DROP SCHEMA IF EXISTS v CASCADE; CREATE SCHEMA v; GRANT USAGE ON SCHEMA v TO PUBLIC")
    fields = ["id integer PRIMARY KEY"]
    for number, one in enumerate(generated):
        declared = one.declared
        for depth in range(one.domains):
            place.run(f"CREATE DOMAIN v.d{number}_{depth} AS {declared}")
            declared = f"v.d{number}_{depth}"
        fields.append(f"{quote(_name(number))} {declared}")
    home = "kinds.behind" if is_view else "v.t"
    place.run(f"DROP TABLE IF EXISTS kinds.behind CASCADE; CREATE TABLE {home} ({', '.join(fields)})")
    rows = zip(*(one.values for one in generated), strict=True)
    values = ", ".join(
        f"({', '.join([str(key), *('NULL' if value is None else _literal(value) for value in row)])})"
        for key, row in enumerate(rows)
    )
    place.run(f"INSERT INTO {home} VALUES {values}")
    if is_view:
        names = [quote(_name(number)) for number in range(len(generated))]
        bare = ", ".join(f"CASE WHEN id >= 0 THEN {name} ELSE NULL END AS {name}" for name in names)
        place.run(f"CREATE VIEW v.t AS SELECT id, {bare} FROM {home}")
    place.run("GRANT SELECT ON v.t TO PUBLIC")


def _name(number: int) -> str:
    return ("c{}", 'C "{}"', "c {} é", "{}'s")[number % 4].format(number)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _conditions(place: Place, asked: TableLosses) -> list[tuple[bool, ...]]:
    """What the product's statement says of each row, for each question."""
    asks = ", ".join(["true", *(f"coalesce({condition(one)}, false)" for one in asked.asked)])
    return [row[1:] for row in place.run(f"SELECT {asks} FROM v.t ORDER BY id")]


def _lost_by_column(asked: TableLosses, said: Sequence[tuple[bool, ...]]) -> dict[str, list[bool]]:
    lost: dict[str, list[bool]] = {}
    for place, one in enumerate(asked.asked):
        before = lost.get(one.column.name, [False] * len(said))
        lost[one.column.name] = [was or row[place] for was, row in zip(before, said, strict=True)]
    return lost


def _judge_erring(table: Table, asked: TableLosses, counted: Sequence[int], words: str) -> None:
    """A table that the local DMS refuses is named by a number that no decimal holds, in words that name its column."""
    erring = {
        one.column.name
        for one, values in zip(asked.asked, counted, strict=True)
        if values and one.loss.kind in {"not a number", "whole digits"}
    }
    assert any(f"of column {name}" in words for name in erring), f"{table} errs: {words}"


def _arrived(place: Place, table: Table) -> dict[str, list[Any]]:
    """The values of each column that came, from a table of the types that the product declares in Snowflake."""
    (found,) = (one for one in place.source.catalogue() if one.schema == "v")
    (file,) = place.source.write(found, Layout(lob_bytes=LOB_KILOBYTES * 1024), None, None)  # type: ignore[arg-type]  it is small
    landed = pq.ParquetFile(io.BytesIO(file.read())).read()
    kinds = {column.name: dms_type("postgresql", column) for column in table.columns}
    carried = {name: kind for name, kind in kinds.items() if kind is not None}
    assert landed.column_names == list(carried)
    declared = {
        name: column_type(exp.DataType.build(snowflake_type(kind), dialect="snowflake"))
        for name, kind in carried.items()
    }
    fields = ", ".join(f"{quote(name)} {kind.duckdb}" for name, kind in declared.items())
    place.warehouse.execute(f"CREATE OR REPLACE TABLE t ({fields})")
    place.warehouse.execute("INSERT INTO t SELECT * FROM landed")
    stored = place.warehouse.execute("SELECT * FROM t ORDER BY id").to_arrow_table()
    for name, kind in declared.items():
        if kind.length is not None:
            assert all(len(value) <= kind.length for value in stored[name].to_pylist() if value is not None)
    return {name: _plain(stored[name]) for name in carried}


def _plain(values: pa.ChunkedArray) -> list[Any]:
    """Days and microseconds as numbers: Python's own types do not hold all of them."""
    if pa.types.is_date32(values.type):
        return values.cast(pa.int32()).to_pylist()
    return (values.cast(pa.int64()) if pa.types.is_temporal(values.type) else values).to_pylist()


def _changed(place: Place, table: Table, arrived: dict[str, list[Any]]) -> dict[str, list[bool]]:
    """Which values are not what the source has, which says it in its own words."""
    columns = [column for column in table.columns if column.name in arrived]
    ways = [ask_for(column) for column in columns]
    rows = place.run(f"SELECT {', '.join(way for way, _ in ways)} FROM v.t ORDER BY id")
    return {
        column.name: [
            (is_value is None) != (was is None) or (was is not None and not read(was, is_value))
            for was, is_value in zip((row[number] for row in rows), arrived[column.name], strict=True)
        ]
        for number, (column, (_, read)) in enumerate(zip(columns, ways, strict=True))
    }
