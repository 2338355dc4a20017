"""Values at the edges of SQL Server's types into Parquet and CSV. **No server was reached**: its driver's answers are
of the Python types that the driver's documents promise, and of the ends that Microsoft's manual names."""

from __future__ import annotations

import csv
import datetime as dt
import io
import math
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from localcloud.dms.engines.reader import Layout, Login, Written
from localcloud.dms.engines.sqlserver import SqlServerReader
from localcloud.dms.files.formats import Csv
from localcloud.tests.dms.engines.documented_sqlserver import DocumentedServer

LOGIN = Login("sql.example.com", 1433, "Shop", "dms", "secret")
MEGABYTE = 1024 * 1024
# type, max_length, precision, scale, as in documented_sqlserver.py
TYPES: dict[str, tuple[str, int, int, int]] = {
    "Whole": ("decimal", 17, 38, 0),
    "Mixed": ("numeric", 17, 38, 10),
    "Part": ("decimal", 17, 38, 38),
    "Cash": ("money", 8, 19, 4),
    "Change": ("smallmoney", 4, 10, 4),
    "Twice": ("float", 8, 53, 0),
    "Single": ("real", 4, 24, 0),
    "Day": ("date", 3, 10, 0),
    "Clock": ("time", 5, 16, 7),
    "Old": ("datetime", 8, 23, 3),
    "New": ("datetime2", 8, 27, 7),
    "Rough": ("smalldatetime", 4, 16, 0),
    "Zoned": ("datetimeoffset", 10, 34, 7),
    "Words": ("varchar", 50, 0, 0),
    "Wide": ("nvarchar", 80, 0, 0),
    "WideText": ("nvarchar", -1, 0, 0),
    "Bytes": ("varbinary", 20, 0, 0),
    "Blob": ("varbinary", -1, 0, 0),
}


class Edges:
    """A table of the given columns, whose rows the driver answers with."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.warnings: list[str] = []
        self.asked: list[str] = []

    def write(self, names: Sequence[str], rows: Sequence[Sequence[Any]], layout: Layout) -> Written:
        key = ("dbo", "Edges", 0, "Id", "int", 4, 10, 0, False, 1)
        catalogue = [key, *[("dbo", "Edges", 0, name, *TYPES[name], True, None) for name in names]]
        numbered = [(number, *row) for number, row in enumerate(rows, 1)]
        server = DocumentedServer({"FROM sys.objects": catalogue, "FROM [dbo].[Edges]": numbered})
        source = SqlServerReader(server.connect).open(LOGIN)
        (table,) = source.catalogue()
        (file,) = source.write(table, replace(layout, warn=self.warnings.append), None, self._folder / "out")
        source.close()
        self.asked = server.asked
        return file

    def parquet(
        self, names: Sequence[str], *rows: Sequence[Any], layout: Layout | None = None
    ) -> list[tuple[Any, ...]]:
        read = pq.read_table(io.BytesIO(self.write(names, rows, layout or Layout()).read()))
        return [tuple(row.values())[1:] for row in read.to_pylist()]

    def csv(self, names: Sequence[str], *rows: Sequence[Any]) -> list[list[str]]:
        text = self.write(names, rows, Layout(format=Csv())).read().decode()
        return [row[1:] for row in csv.reader(io.StringIO(text, newline=""), lineterminator="\n")]


@pytest.fixture
def edges(tmp_path: Path) -> Edges:
    return Edges(tmp_path)


def at(*parts: int) -> dt.datetime:
    """A timestamp without a zone."""
    return dt.datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001


DECIMALS = ("Whole", "Mixed", "Part", "Cash", "Change")
MOST = ("9" * 38, "9" * 28 + "." + "9" * 10, "0." + "9" * 38, "922337203685477.5807", "214748.3647")
LEAST = tuple(f"-{one}" for one in (*MOST[:3], "922337203685477.5808", "214748.3648"))
FINEST = ("1", "0.0000000001", "0." + "0" * 37 + "1", "0.0001", "0.0001")


def test_sql_servers_decimals_of_all_38_digits_and_money_arrive_digit_by_digit(edges: Edges) -> None:
    rows = [tuple(map(Decimal, texts)) for texts in (MOST, LEAST, FINEST)] + [(None,) * 5]
    assert edges.parquet(DECIMALS, *rows) == rows


def test_sql_servers_decimals_stand_in_csv_with_all_their_places(edges: Edges) -> None:
    rows = [tuple(map(Decimal, texts)) for texts in (MOST, LEAST, FINEST)] + [(None,) * 5]
    assert edges.csv(DECIMALS, *rows) == [list(MOST), list(LEAST), list(FINEST), ["NULL"] * 5]


def test_sql_servers_floats_keep_the_sign_of_zero_and_both_ends(edges: Edges) -> None:
    # SQL Server stores neither NaN nor infinities; what the driver gave all the same would not be made into a number.
    rows = [(-0.0, -0.0), (1.7976931348623157e308, 3.4028234663852886e38), (5e-324, 1e-45), (math.nan, math.inf)]
    found = edges.parquet(("Twice", "Single"), *rows, (None, None))
    assert [math.copysign(1, value) for value in found[0]] == [-1, -1]
    assert found[1] == rows[1]
    assert found[2] == (5e-324, pytest.approx(1e-45, rel=0.5))
    assert math.isnan(found[3][0])
    assert found[3][1] == math.inf
    assert found[4] == (None, None)


TIMES = ("Day", "Clock", "Old", "New", "Rough", "Zoned")
# Source: Microsoft's manual, "Date and time types": the range of each.
FIRST = (
    dt.date(1, 1, 1),
    dt.time(0),
    at(1753, 1, 1),
    at(1, 1, 1),
    at(1900, 1, 1),
    "0001-01-01 00:00:00.0000000 +00:00",
)
LAST = (
    dt.date(9999, 12, 31),
    dt.time(23, 59, 59, 999_999),
    at(9999, 12, 31, 23, 59, 59, 997_000),
    at(9999, 12, 31, 23, 59, 59, 999_999),
    at(2079, 6, 6, 23, 59),
    "9999-12-31 23:59:59.9999999 +14:00",
)


def test_sql_servers_dates_and_times_arrive_at_both_ends_and_a_zone_stays_in_its_text(edges: Edges) -> None:
    found = edges.parquet(TIMES, FIRST, LAST, (None,) * 6)
    last = tuple(
        dt.time(23, 59, 59, 999_000) if name == "Clock" else one for name, one in zip(TIMES, LAST, strict=True)
    )
    assert found == [FIRST, last, (None,) * 6]


def test_sql_servers_dates_and_times_stand_in_csv_with_microseconds(edges: Edges) -> None:
    assert edges.csv(TIMES, FIRST, LAST) == [
        [
            *("0001-01-01", "00:00:00", "1753-01-01 00:00:00.000000", "0001-01-01 00:00:00.000000"),
            *("1900-01-01 00:00:00.000000", "0001-01-01 00:00:00.0000000 +00:00"),
        ],
        [
            *("9999-12-31", "23:59:59.999", "9999-12-31 23:59:59.997000", "9999-12-31 23:59:59.999999"),
            *("2079-06-06 23:59:00.000000", "9999-12-31 23:59:59.9999999 +14:00"),
        ],
    ]


TEXTS = ("Words", "Wide", "WideText", "Bytes", "Blob")
SIGNS = (
    ("", "", "", b"", b""),
    (None,) * 5,
    ("NULL", "😀👩‍👩‍👧 e\u0301", "😀", b"\x00", b"\x00\xff"),
    ("a,b", 'line\nbreak\r\t"quoted"', "\\N", b'\x2c\x0a"', b"'"),
)


def test_sql_servers_empty_texts_and_binaries_differ_from_null_and_every_sign_arrives(edges: Edges) -> None:
    assert edges.parquet(TEXTS, *SIGNS) == list(SIGNS)
    assert edges.warnings == []


def test_sql_servers_texts_and_binaries_come_back_from_csv_as_they_were(edges: Edges) -> None:
    found = edges.csv(TEXTS, SIGNS[0], *SIGNS[2:])
    assert found == [
        [one.hex().upper() if isinstance(one, bytes) else one for one in row] for row in (SIGNS[0], *SIGNS[2:])
    ]


def test_one_megabyte_of_sql_servers_is_cut_at_half_of_it(edges: Edges) -> None:
    half = MEGABYTE // 2
    # One unit more than is carried is asked for, as `LEFT` and `SUBSTRING` answer it.
    (found,) = edges.parquet(
        ("WideText", "Blob"), ("x" * (half // 2 + 1), b"\xab" * (half + 1)), layout=Layout(lob_bytes=half)
    )
    assert found == ("x" * (half // 2), b"\xab" * half)
    assert f"LEFT([WideText], {half // 2 + 1})" in edges.asked[-1]
    assert f"SUBSTRING([Blob], 1, {half + 1})" in edges.asked[-1]
    assert edges.warnings == [
        f"1 values of column {name} were cut to the maximum LOB size of {half} bytes" for name in ("WideText", "Blob")
    ]


def test_one_megabyte_of_sql_servers_stays_whole_below_its_limit(edges: Edges) -> None:
    row = ("x" * MEGABYTE, b"\xab" * MEGABYTE)
    assert edges.parquet(("WideText", "Blob"), row, layout=Layout(lob_bytes=2 * MEGABYTE)) == [row]
    assert edges.warnings == []
