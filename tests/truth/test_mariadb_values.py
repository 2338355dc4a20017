"""Every value of random tables on a real MariaDB arrives in DMS's Parquet, or is counted as one that does not."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pymysql.cursors
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet.tables.columns import dms_type
from fleet.tables.losses import ask_losses, columns_left_out
from lambdas.sources import mysql
from lambdas.sources.mysql_census import read_census
from localcloud.dms.engines.mysql import MysqlReader, MysqlSource
from localcloud.dms.engines.reader import Layout, Login
from localcloud.servers.mariadb import EmbeddedMariadb
from mariadb_columns import MOST_LEGACY_CHARACTERS, ROWS, TABLES, How, RandomColumn

TABLES_TRIED = int(os.environ.get("FLEET_TRUTH_MARIADB_TABLES", "20"))
"""How many random tables of up to 16 columns are tried."""
SCHEMA = "random_values"
LOB_KILOBYTES = 1
_MADE = "SET sql_mode = 'ALLOW_INVALID_DATES'"  # not strict: what does not fit is fitted, as in many an old source


@dataclass(frozen=True)
class Ends:
    """Both ends of a table's way: the server that has it, and the local DMS that reads it."""

    cursor: pymysql.cursors.Cursor
    source: MysqlSource
    secret: dict[str, Any]

    def make(self, columns: Sequence[RandomColumn], zone: str) -> None:
        """The table t, with its rows put in by a session in *zone*."""
        defined = ", ".join(f"c{place} {column.declared}" for place, column in enumerate(columns))
        filled = {f"c{place}": column.literals for place, column in enumerate(columns) if not column.is_computed}
        rows = zip(*filled.values(), strict=True) if filled else [()] * ROWS
        self.cursor.execute(f"CREATE OR REPLACE TABLE t (row_no int, {defined})")
        self.cursor.execute(f"SET time_zone = '{zone}'")
        for number, row in enumerate(rows):
            values = ", ".join((str(number), *row))
            self.cursor.execute(f"INSERT INTO t ({', '.join(('row_no', *filled))}) VALUES ({values})")
        self.cursor.execute("SET time_zone = '+00:00'")

    def at_source(self, place: int, how: How) -> list[object]:
        """The values of a column there, in order, as texts that tell apart what a reader would."""
        self.cursor.execute(f"SELECT {_ASKED[how](f'c{place}')} FROM t ORDER BY row_no")
        return [None if row[0] is None else _AT_SOURCE[how](*row) for row in self.cursor.fetchall()]

    def arrived(self) -> pa.Table:
        """What the local DMS makes of the table."""
        table = next(one for one in self.source.catalogue() if one.schema == SCHEMA)
        with tempfile.TemporaryDirectory() as folder:
            layout = Layout(lob_bytes=LOB_KILOBYTES * 1024)
            files = self.source.write(table, layout, None, Path(folder) / "t")
            found = pa.concat_tables([pq.read_table(io.BytesIO(file.read())) for file in files])
        return found.sort_by("row_no")


def _legacy(name: str) -> str:
    """Each character in its own code and in UTF-8, where a question mark is what Unicode does not have."""
    parts = [f"SUBSTRING({name}, {place + 1}, 1)" for place in range(MOST_LEGACY_CHARACTERS)]
    return ", ".join((name, *(f"HEX({part}), HEX(CONVERT({part} USING utf8mb4))" for part in parts)))


def _read_legacy(_: str, *parts: str) -> str:
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return "".join(f"<{own}>" if code == "3F" and own != "3F" else bytes.fromhex(code).decode() for own, code in pairs)


def _number(value: object) -> str:
    return str(Decimal(str(value)).normalize() if Decimal(str(value)) else 0)


_ASKED: dict[How, Callable[[str], str]] = {
    "number": lambda name: f"CAST({name} AS CHAR)",
    "single": lambda name: f"CAST({name} AS DOUBLE)",
    "double": lambda name: f"CAST({name} AS DOUBLE)",  # a DOUBLE(10,2) is shown rounded
    "date": lambda name: f"CAST({name} AS CHAR)",
    "moment": lambda name: f"CAST({name} AS CHAR)",
    "text": lambda name: f"HEX(CONVERT({name} USING utf8mb4))",
    "legacy text": _legacy,
    "bytes": lambda name: f"HEX({name})",
    "bit": lambda name: f"CAST({name} + 0 AS CHAR)",
}
_AT_SOURCE: dict[How, Callable[..., object]] = {
    "number": _number,
    "single": lambda value: repr(float(value) + 0.0),
    "double": lambda value: repr(float(value) + 0.0),
    "date": str,
    "moment": lambda text: f"{text:.<20}{'000000'}"[:26] if "." not in text else f"{text:0<26}",
    "text": lambda text: bytes.fromhex(text).decode(),
    "legacy text": _read_legacy,
    "bytes": bytes.fromhex,
    "bit": int,
}
_ARRIVED: dict[How, Callable[..., object]] = {
    "number": _number,
    "single": lambda value: repr(value + 0.0),
    "double": lambda value: repr(value + 0.0),
    "bit": lambda value: int(value) if isinstance(value, bool) else int.from_bytes(value, "big"),
}


def _arrived(column: pa.ChunkedArray, how: How) -> list[object]:
    # Python has no year 0.
    values = (pc.cast(column, pa.string()) if how in {"date", "moment"} else column).to_pylist()
    read = _ARRIVED.get(how, lambda value: value)
    return [None if value is None else read(value) for value in values]


@pytest.fixture(scope="module")
def ends(mariadb: EmbeddedMariadb) -> Iterator[Ends]:
    mariadb.create_database(SCHEMA)
    secret = mariadb.secret()
    login = Login(secret["host"], secret["port"], "", secret["username"], secret["password"])
    source = MysqlReader(has_views=False).open(login)
    with mariadb.connect(SCHEMA) as connection, connection.cursor() as cursor:
        cursor.execute(_MADE)
        yield Ends(cursor, source, secret)
    source.close()


@settings(max_examples=TABLES_TRIED, deadline=None)
@given(columns=TABLES, zone=st.sampled_from(["+00:00", "-07:00", "+05:45"]))
def test_a_value_arrives_as_it_is_or_is_counted_as_one_that_does_not(
    ends: Ends, columns: list[RandomColumn], zone: str
) -> None:
    ends.make(columns, zone)
    (table,) = read_census(ends.cursor, [SCHEMA]).tables
    arrived = ends.arrived()
    asked = ask_losses("mariadb", table, LOB_KILOBYTES)
    (counted,) = mysql.ask_losses(ends.secret, SCHEMA, [asked] if asked.asked else [], "none", 10, lambda: True) or (
        None,
    )
    assert counted is None or not counted.why
    found: dict[str, list[int]] = {}
    for one, values in zip(asked.asked, counted.values if counted else (), strict=True):
        found.setdefault(one.column.name, []).append(values)
    left_out = {column.name for column in columns_left_out("mariadb", table)}
    assert left_out == {f"c{place}" for place, column in enumerate(columns) if column.how == "not carried"}
    assert set(arrived.column_names) == {column.name for column in table.columns} - left_out
    for place, column in enumerate(columns):
        if column.how == "not carried":
            continue
        wanted, got = ends.at_source(place, column.how), _arrived(arrived.column(f"c{place}"), column.how)
        changed = [pair for pair in zip(wanted, got, strict=True) if pair[0] != pair[1]]
        losses = found.get(f"c{place}", [0])
        shown = f"{column.declared}: {changed}, {losses} counted"
        assert max(losses) <= len(changed) <= sum(losses), shown
        assert all(dms_type("mariadb", one) for one in table.columns if one.name == f"c{place}"), shown
