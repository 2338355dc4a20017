"""A value that arrives by a delta is the value that a full load brings, for every type that DMS carries of MariaDB's.

Two tables of all types, and random ones of random types and values, are loaded in full. Then each row is copied at the
source under a new key, moved and put in again, and all of that arrives by a delta. A full load afterwards changes
nothing of it. FLEET_DELTA_TABLES says how many random tables, FLEET_DELTA_SEED does not: Hypothesis draws them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from delta_case import DeltaCase
from fleet.names import warehouse_schema
from fleet.tables.catalogue import Census
from fleet.tables.source_types import mysql
from fleet.warehouse_columns import OWN_NAMES
from localcloud.servers.mariadb import EmbeddedMariadb
from mariadb_cases import MariadbCases
from mariadb_columns import TABLES as RANDOM_TABLES
from mariadb_columns import RandomColumn

TABLES = int(os.environ.get("FLEET_DELTA_TABLES", "8"))
_COPIES = 1000
_MARK = """
CREATE TABLE fleet_mark (id int PRIMARY KEY, attempt bigint);
INSERT INTO fleet_mark VALUES (1, 0);
GRANT UPDATE ON fleet_mark TO dms_reader@localhost
"""
_LONG = "REPEAT('é', 600)"
_SHAPES = {
    "geometry": "LINESTRING(0 0,1 1)",
    "point": "POINT(1 -2.5)",
    "linestring": "LINESTRING(0 0,1 1)",
    "polygon": "POLYGON((0 0,1 0,1 1,0 0))",
    "multipoint": "MULTIPOINT(0 0,1 1)",
    "multilinestring": "MULTILINESTRING((0 0,1 1))",
    "multipolygon": "MULTIPOLYGON(((0 0,1 0,1 1,0 0)))",
    "geometrycollection": "GEOMETRYCOLLECTION(POINT(1 2))",
}
EVERY_TYPE = {
    "tinyint": ("-128", "127"),
    "smallint": ("-32768", "32767"),
    "mediumint": ("-8388608", "8388607"),
    "int": ("-2147483648", "2147483647"),
    "bigint": ("-9223372036854775808", "9223372036854775807"),
    "tinyint unsigned": ("0", "255"),
    "smallint unsigned": ("0", "65535"),
    "mediumint unsigned": ("0", "16777215"),
    "int unsigned": ("0", "4294967295"),
    "bigint unsigned": ("0", "18446744073709551615"),
    "decimal(10,2)": ("-12345678.91", "0.01"),
    "decimal(38,0)": ("-99999999999999999999999999999999999999", "1"),
    "decimal(38,38)": ("0.12345678901234567890123456789012345678", "-0.1"),
    "decimal(65,30)": ("-99999999999999999999999999999999999.999999999999999999999999999999", "0"),
    "decimal(10,2) unsigned": ("12345678.91", "0"),
    "float": ("0.1", "3.4028235e38"),
    "float unsigned": ("1e-38", "0.1"),
    "double": ("5e-324", "-1.7976931348623157e308"),
    "double unsigned": ("1.5", "0"),
    "bit(1)": ("1", "0"),
    "bit(12)": ("b'101010101010'", "1"),
    "bit(64)": ("18446744073709551615", "1"),
    "year": ("1901", "2155"),
    "date": ("'2024-02-29'", "'0000-00-00'"),
    "datetime(6)": ("'9999-12-31 23:59:59.999999'", "'2023-02-31 10:00:00'"),
    "datetime": ("'1582-10-10 12:00:00'", "'2024-00-10'"),
    "timestamp(3)": ("'2024-10-27 00:30:00.654'", "'0000-00-00'"),
    "time(6)": ("'-838:59:59.999999'", "'24:00:00'"),
    "char(5)": ("'ab   '", "'naïve'"),
    "varchar(40)": ("'Ünï 😀'", "''"),
    "varchar(9) character set gbk": ("'长a'", "''"),
    "enum('glad', '', 'ü')": ("'ü'", "0"),
    "set('x', 'yy', 'z')": ("'z,x'", "''"),
    "binary(4)": ("x'00ff'", "x'20202020'"),
    "varbinary(8)": ("x'00ff00'", "x''"),
    "tinytext": ("'a'", "''"),
    "text": (_LONG, "''"),
    "mediumtext": (_LONG, "''"),
    "longtext": (_LONG, "'😀'"),
    "json": ('\'{"a" : [1, null, "é"]}\'', "'[]'"),
    "tinyblob": ("x'00ff'", "x''"),
    "blob": ("REPEAT(x'00ff', 700)", "x''"),
    "mediumblob": ("REPEAT(x'00ff', 700)", "x''"),
    "longblob": ("REPEAT(x'00ff', 700)", "x''"),
    **{kind: (f"ST_GeomFromText('{shape}', 4326)", "NULL") for kind, shape in _SHAPES.items()},
}
"""Columns, each with its two values at the edges."""


@pytest.fixture(scope="module")
def database(mariadb: EmbeddedMariadb, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeltaCase]:
    with MariadbCases(tmp_path_factory.mktemp("mariadb-types"), mariadb, deltas=True) as cases:
        found = DeltaCase(cases, _MARK)
        tables = _draw()
        with mariadb.connect(found.case.id) as connection, connection.cursor() as cursor:
            # As many an old source: not strict, and what is in no calendar is kept.
            cursor.execute("SET sql_mode = 'ALLOW_INVALID_DATES'")
            for name, columns in tables.items():
                defined = ", ".join(f"c{place} {column.declared}" for place, column in enumerate(columns))
                cursor.execute(f"CREATE TABLE {name} (id int PRIMARY KEY, {defined})")
                filled = {f"c{place}": one.literals for place, one in enumerate(columns) if not one.is_computed}
                for number, row in enumerate(zip(*filled.values(), strict=True)):
                    cursor.execute(f"INSERT INTO {name} (id, {', '.join(filled)}) VALUES ({number}, {', '.join(row)})")
            connection.commit()
            found.run()
            for name, columns in tables.items():
                listed = ", ".join(f"c{place}" for place, column in enumerate(columns) if not column.is_computed)
                for statement in (
                    f"INSERT INTO {name} (id, {listed}) SELECT id + {_COPIES}, {listed} FROM {name}",
                    f"UPDATE {name} SET id = id + {2 * _COPIES} WHERE id < {_COPIES}",
                    f"INSERT INTO {name} (id, {listed}) SELECT id - {2 * _COPIES}, {listed} FROM {name} "
                    f"WHERE id >= {2 * _COPIES}",
                ):
                    cursor.execute(statement)
            connection.commit()
        found.run()
        yield found


def _draw() -> dict[str, Sequence[RandomColumn]]:
    """Tables by name."""
    drawn: list[list[RandomColumn]] = []

    @settings(max_examples=TABLES, phases=[Phase.generate], suppress_health_check=list(HealthCheck), deadline=None)
    @given(columns=RANDOM_TABLES)
    def collect(columns: list[RandomColumn]) -> None:
        drawn.append(columns)

    collect()
    every = [RandomColumn(f"{kind} NULL", "text", (*values, "NULL")) for kind, values in EVERY_TYPE.items()]
    return {"every_0": every[::2], "every_1": every[1::2], **{f"t{place}": one for place, one in enumerate(drawn)}}


def test_every_type_that_dms_carries_is_among_them(database: DeltaCase) -> None:
    census = database.case.cloud.clients.source.census(
        database.case.cloud.registry.servers[0],
        next(one for one in database.case.cloud.registry.databases if one.id == database.case.id),
    )
    assert isinstance(census, Census)
    found = {
        column.type_name
        for table in census.tables
        if table.table.startswith("every")
        for column in table.columns
        if mysql.dms_type(column) is not None
    }
    of_mysql_alone = {"json", "geomcollection"}  # MariaDB's JSON is a longtext
    others = {"bit", "decimal", "char", "varchar", "enum", "set", "binary", "varbinary"}
    assert (set(mysql._TYPES) | others) - of_mysql_alone <= found


def test_rows_that_came_by_a_delta_equal_what_a_full_load_brings(database: DeltaCase) -> None:
    found = {name: table for name, table in database.case.tables.items() if name != "fleet_mark"}
    tables = [name for name, table in found.items() if table["mode"] == "delta" and not table["failure"]]
    assert {"every_0", "every_1"} <= set(tables), {name: found[name] for name in ("every_0", "every_1")}
    failed = {name: table["failure"] for name, table in found.items() if name not in tables}
    assert len(tables) >= 0.7 * len(found), failed
    before = {name: rows(database, name) for name in tables}
    database.run("full")
    assert not {name: table for name, table in database.case.tables.items() if name in tables and table["failure"]}
    for name in tables:
        assert before[name], name
        differing = [
            (column, was[:60], now[:60])
            for one, other in zip(before[name], rows(database, name), strict=True)
            for column, was, now in zip(one, one.values(), other.values(), strict=True)
            if was != now
        ]
        assert not differing, (name, differing[:4])


def rows(database: DeltaCase, table: str) -> list[dict[str, str]]:
    """The rows of the warehouse's table by column, without the columns of our own, in the order of their keys."""
    schema = warehouse_schema(database.case.id, database.case.id)
    where = f"TABLE_NAME = '{table.upper()}' AND TABLE_SCHEMA = '{schema}'"
    found = database.case.ask_warehouse(f"SELECT COLUMN_NAME FROM FLEET.INFORMATION_SCHEMA.COLUMNS WHERE {where}")
    names = [name for (name,) in found if name not in OWN_NAMES]
    listed = ", ".join(f'"{name}"' for name in names)
    held = database.case.ask_warehouse(f"SELECT {listed} FROM {database.case.warehouse_schema}.{table.upper()}")
    place = names.index("ID")
    return [dict(zip(names, map(_text, row), strict=True)) for row in sorted(held, key=lambda row: row[place])]


def _text(value: object) -> str:
    """The zero of a FLOAT has a sign in MariaDB's log that no query of it shows."""
    return repr(value + 0.0 if isinstance(value, float) else value)
