"""Values at their edges, from a real MariaDB into Parquet and CSV; the server itself is asked what they are.

It has no type for money but DECIMAL, and holds neither NaN nor infinities; test_dms_mysql.py has its floats and times.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from localcloud.dms.engines.mysql import MysqlReader, MysqlSource
from localcloud.dms.engines.reader import Layout, SourceTable, Written
from localcloud.dms.files.formats import Csv
from localcloud.servers.mariadb import EmbeddedMariadb
from localcloud.tests.dms.dms_logins import mariadb_login

DATABASE = "dms_edges"
MEGABYTE = 1024 * 1024
SCHEMA = (
    """CREATE TABLE decimals (id int PRIMARY KEY, whole decimal(38,0), mixed decimal(38,10), part decimal(38,38),
        cash decimal(19,4), short decimal(5), plus decimal(7,2) unsigned, more decimal(38) unsigned)""",
    """INSERT INTO decimals VALUES
        (1, '99999999999999999999999999999999999999', '9999999999999999999999999999.9999999999',
         '0.99999999999999999999999999999999999999', '922337203685477.5807', 99999, '99999.99',
         '99999999999999999999999999999999999999'),
        (2, '-99999999999999999999999999999999999999', '-9999999999999999999999999999.9999999999',
         '-0.99999999999999999999999999999999999999', '-922337203685477.5808', -99999, 0, 0),
        (3, 0, '0.0000000001', '0.00000000000000000000000000000000000001', '0.0001', 1, '0.01', 1),
        (4, NULL, NULL, NULL, NULL, NULL, NULL, NULL)""",
    """CREATE TABLE days (id int PRIMARY KEY, day date, at datetime(6), stamp timestamp(6) NULL)""",
    """INSERT INTO days VALUES
        (1, '1000-01-01', '1000-01-01 00:00:00', '1970-01-01 00:00:01'),
        (2, '9999-12-31', '9999-12-31 23:59:59.999999', '2038-01-19 03:14:07.999999'),
        (3, '2024-02-29', '1969-12-31 23:59:59.999999', '2024-10-27 00:30:00.000001'), (4, NULL, NULL, NULL)""",
    "CREATE TABLE texts (id int PRIMARY KEY, body text, code varchar(12), pad char(4), raw varbinary(8), lob longblob)",
    """INSERT INTO texts VALUES
        (1, '', '', '', '', ''), (2, NULL, NULL, NULL, NULL, NULL),
        (3, '😀👩‍👩‍👧 é', '😀😀', 'é', x'00', x'00ff'), (4, 'NULL', 'a,b', 'x', x'fffe', x'fffe'),
        (5, 'line\\nbreak\\r\\t"quoted"', '\\\\N', '  y', x'2c0a22', x'2c0a22'),
        (6, 'ends in blanks  ', 'ends  ', 'y', x'27', 'NULL')""",
    "CREATE TABLE large (id int PRIMARY KEY, body longtext, raw longblob)",
    f"INSERT INTO large VALUES (1, repeat('x', {MEGABYTE}), repeat(x'ab', {MEGABYTE})), (2, repeat('😀', 1000), NULL)",
)


@pytest.fixture(scope="module")
def source(mariadb: EmbeddedMariadb) -> Iterator[MysqlSource]:
    opened = MysqlReader(has_views=False).open(mariadb_login(mariadb, DATABASE, SCHEMA))
    yield opened
    opened.close()


class Edges:
    """One table, in the source and in its files."""

    def __init__(self, source: MysqlSource, mariadb: EmbeddedMariadb, folder: Path) -> None:
        self._source = source
        self._mariadb = mariadb
        self._folder = folder
        self._tables: dict[str, SourceTable] = {one.name: one for one in source.catalogue() if one.schema == DATABASE}
        self.warnings: list[str] = []

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """The server's own answer."""
        with self._mariadb.connect(DATABASE) as connection, connection.cursor() as cursor:
            cursor.execute("SET time_zone = '+00:00'")
            cursor.execute(query)
            return list(cursor.fetchall())

    def write(self, table: str, layout: Layout) -> Written:
        layout = replace(layout, warn=self.warnings.append)
        (file,) = self._source.write(self._tables[table], layout, None, self._folder / "out")
        return file

    def parquet(self, table: str, layout: Layout | None = None) -> list[tuple[Any, ...]]:
        rows = pq.read_table(io.BytesIO(self.write(table, layout or Layout()).read())).to_pylist()
        return sorted((tuple(row.values()) for row in rows), key=lambda row: row[0])

    def csv(self, table: str) -> list[list[str | None]]:
        text = self.write(table, Layout(format=Csv(null="<null>"))).read().decode()
        rows = sorted(csv.reader(io.StringIO(text, newline=""), lineterminator="\n"), key=lambda row: row[0])
        return [[None if value == "<null>" else value for value in row] for row in rows]


@pytest.fixture
def edges(source: MysqlSource, mariadb: EmbeddedMariadb, tmp_path: Path) -> Edges:
    return Edges(source, mariadb, tmp_path)


def test_decimals_of_all_38_digits_arrive_from_mariadb_digit_by_digit(edges: Edges) -> None:
    asked = edges.ask("SELECT * FROM decimals ORDER BY id")
    assert edges.parquet("decimals") == asked
    assert asked[1][1:5] == (
        Decimal("-" + "9" * 38),
        Decimal("-" + "9" * 28 + "." + "9" * 10),
        Decimal("-0." + "9" * 38),
        Decimal("-922337203685477.5808"),
    )


def test_decimals_of_mariadb_stand_in_csv_with_all_their_places(edges: Edges) -> None:
    columns = ("id", "whole", "mixed", "part", "cash", "short", "plus", "more")
    asked = edges.ask(f"SELECT {', '.join(f'CAST({one} AS char)' for one in columns)} FROM decimals ORDER BY id")
    assert edges.csv("decimals") == [list(row) for row in asked]


def test_days_at_both_ends_arrive_from_mariadb(edges: Edges) -> None:
    assert edges.parquet("days") == edges.ask("SELECT * FROM days ORDER BY id")


def test_days_of_mariadb_stand_in_csv_with_microseconds(edges: Edges) -> None:
    asked = edges.ask("SELECT CAST(id AS char), CAST(day AS char), CAST(at AS char), CAST(stamp AS char) FROM days")
    assert edges.csv("days") == [list(row) for row in sorted(asked)]


def test_mariadbs_empty_texts_and_binaries_differ_from_null_and_every_sign_arrives(edges: Edges) -> None:
    asked = edges.ask("SELECT * FROM texts ORDER BY id")
    assert edges.parquet("texts") == asked
    assert asked[0][1:] == ("", "", "", b"", b"")
    assert asked[1][1:] == (None,) * 5
    assert edges.warnings == []


def test_mariadbs_texts_and_binaries_come_back_from_csv_as_they_were(edges: Edges) -> None:
    asked = edges.ask("SELECT CAST(id AS char), body, code, pad, hex(raw), hex(lob) FROM texts ORDER BY id")
    assert edges.csv("texts") == [list(row) for row in asked]


def test_one_megabyte_of_mariadbs_is_cut_at_half_of_it(edges: Edges) -> None:
    half = MEGABYTE // 2
    first, second = edges.parquet("large", Layout(lob_bytes=half))
    assert first == (1, "x" * (half // 2), b"\xab" * half)
    assert second == (2, "😀" * 1000, None)
    assert edges.warnings == [
        f"1 values of column {name} were cut to the maximum LOB size of {half} bytes" for name in ("body", "raw")
    ]


def test_one_megabyte_of_mariadbs_stays_whole_below_its_limit(edges: Edges) -> None:
    assert edges.parquet("large", Layout(lob_bytes=2 * MEGABYTE)) == edges.ask("SELECT * FROM large ORDER BY id")
    assert edges.warnings == []
