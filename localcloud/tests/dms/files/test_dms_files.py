"""The files of a load, read back by PyArrow and as text: formats, sizes, columns, cuts, and what errors a table."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from localcloud.dms.engines.reader import Layout, TableUnreadableError, Written
from localcloud.dms.files import writer
from localcloud.dms.files.formats import Csv, Parquet
from localcloud.dms.rules.expressions import Expression
from localcloud.dms.rules.filters import Condition, Filter
from localcloud.dms.rules.transformations import Shape, Transformation
from localcloud.dms.type_tables.column import DmsType

ROWS = """
SELECT i::INTEGER AS id, 'name ' || i % 3 AS name, CASE WHEN i % 2 = 0 THEN i * 1.25 END::DECIMAL(10, 2) AS price,
       TIMESTAMP '2026-01-01 00:00:00.123456' + INTERVAL (i) HOUR AS at, TIME '01:02:03.456789' AS clock
FROM range(25) AS r(i)
"""
COLUMNS = [
    ("id", DmsType("INT4")),
    ("name", DmsType("WSTRING", 40)),
    ("price", DmsType("NUMERIC", precision=10, scale=2)),
    ("at", DmsType("DATETIME")),
    ("clock", DmsType("TIME")),
]


class Writing:
    """Writes relations and reads the files back."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._connection = duckdb.connect()
        self.warnings: list[str] = []

    def write(
        self, layout: Layout, query: str = ROWS, columns: Sequence[tuple[str, DmsType]] = COLUMNS
    ) -> list[Written]:
        return writer.write(self._connection.cursor(), f"({query})", columns, layout, self._folder / "out")

    def rows(self, layout: Layout, *given: Any) -> list[dict[str, Any]]:
        """The rows of all Parquet files."""
        return [
            row for file in self.write(layout, *given) for row in pq.read_table(io.BytesIO(file.read())).to_pylist()
        ]

    def text(self, layout: Layout, *given: Any) -> str:
        """The one CSV file."""
        (file,) = self.write(layout, *given)
        return file.read().decode()


@pytest.fixture
def writing(tmp_path: Path) -> Writing:
    return Writing(tmp_path)


def rule(action: str, column: str = "%", **more: Any) -> Transformation:
    return Transformation("1", "column", action, "%", column=column, **more)


def shaped(*rules: Transformation, filters: tuple[Filter, ...] = (), **more: Any) -> Layout:
    return Layout(shape=Shape("hr", "people", rules, filters), **more)


def added(text: str | None, kind: DmsType, name: str = "more") -> Transformation:
    return rule("add-column", value=name, kind=kind, expression=Expression(text) if text else None)


def column(file: Written, name: str = "name") -> Any:
    metadata = pq.ParquetFile(io.BytesIO(file.read())).metadata
    return next(
        metadata.row_group(0).column(n) for n in range(metadata.num_columns) if metadata.schema.column(n).name == name
    )


def test_the_defaults_are_dictionaries_statistics_and_no_compression(writing: Writing) -> None:
    (file,) = writing.write(Layout())
    chunk = column(file)
    assert (chunk.compression, chunk.is_stats_set) == ("UNCOMPRESSED", True)
    assert "RLE_DICTIONARY" in chunk.encodings
    assert file.rows == 25


@pytest.mark.parametrize(
    ("encoding", "found"),
    [("plain", {"PLAIN", "RLE"}), ("plain-dictionary", {"PLAIN_DICTIONARY", "RLE"})],
)
def test_an_encoding_type_decides_how_values_stand(writing: Writing, encoding: Any, found: set[str]) -> None:
    (file,) = writing.write(Layout(format=Parquet(encoding=encoding)))
    assert set(column(file).encodings) == found


def test_statistics_can_be_left_out(writing: Writing) -> None:
    (file,) = writing.write(Layout(format=Parquet(has_statistics=False)))
    assert not column(file).is_stats_set


def test_a_dictionary_beyond_its_limit_falls_back_to_plain(writing: Writing) -> None:
    query = "SELECT md5(i::VARCHAR) AS name FROM range(3000) AS r(i)"
    columns = [("name", DmsType("STRING", 32))]
    (file,) = writing.write(Layout(format=Parquet(dictionary_page_bytes=1_000)), query, columns)
    chunk = column(file)
    assert "PLAIN" in chunk.encodings
    assert chunk.total_uncompressed_size > 3_000 * 32


def test_data_pages_are_of_the_version_and_size_asked_for(writing: Writing, tmp_path: Path) -> None:
    query = "SELECT md5(i::VARCHAR) AS name FROM range(3000) AS r(i)"
    columns = [("name", DmsType("STRING", 32))]
    sizes = {}
    for version in ("1.0", "2.0"):
        for page_bytes in (1_000, 1_000_000):
            how = Parquet(encoding="plain", page_version=version, data_page_bytes=page_bytes)  # type: ignore[arg-type]
            writing = Writing(tmp_path / f"{version}-{page_bytes}")
            (file,) = writing.write(Layout(format=how), query, columns)
            sizes[version, page_bytes] = len(file.read())
            assert pq.read_table(io.BytesIO(file.read())).num_rows == 3_000
    assert sizes["1.0", 1_000] > sizes["1.0", 1_000_000]  # each page has a header
    assert sizes["2.0", 1_000] > sizes["2.0", 1_000_000]
    assert sizes["1.0", 1_000] != sizes["2.0", 1_000]


@pytest.mark.parametrize(("rows", "groups"), [(10, [10, 10, 5]), (25, [25]), (10_000, [25])])
def test_row_groups_have_exactly_the_rows_asked_for(writing: Writing, rows: int, groups: list[int]) -> None:
    (file,) = writing.write(Layout(format=Parquet(row_group_rows=rows)))
    metadata = pq.ParquetFile(io.BytesIO(file.read())).metadata
    assert [metadata.row_group(n).num_rows for n in range(metadata.num_row_groups)] == groups


def test_row_groups_of_more_rows_than_a_batch_have_exactly_ten_thousand(writing: Writing) -> None:
    (file,) = writing.write(Layout(), "SELECT i::INTEGER AS id FROM range(25000) AS r(i)", COLUMNS[:1])
    metadata = pq.ParquetFile(io.BytesIO(file.read())).metadata
    assert [metadata.row_group(n).num_rows for n in range(metadata.num_row_groups)] == [10_000, 10_000, 5_000]
    assert pq.read_table(io.BytesIO(file.read()))["id"].to_pylist() == list(range(25_000))


def test_a_row_group_ends_before_64_mebibytes_of_data(writing: Writing) -> None:
    layout = Layout(lob_bytes=2**30, format=Parquet(encoding="plain"))
    query = "SELECT repeat('x', 4194304)::BLOB AS b FROM range(17)"
    (file,) = writing.write(layout, query, [("b", DmsType("BLOB"))])
    metadata = pq.ParquetFile(io.BytesIO(file.read())).metadata
    assert [metadata.row_group(n).num_rows for n in range(metadata.num_row_groups)] == [15, 2]


def test_a_parquet_file_ends_before_it_would_be_too_long(writing: Writing) -> None:
    query = "SELECT md5(i::VARCHAR) AS name FROM range(4000) AS r(i)"
    layout = Layout(format=Parquet(row_group_rows=100), file_bytes=32 * 1024)
    found = writing.write(layout, query, [("name", DmsType("STRING", 32))])
    assert sum(file.rows for file in found) == 4_000
    assert len(found) > 2
    bodies = [sum(column_bytes(file)) for file in found]
    assert all(20 * 1024 < size <= 32 * 1024 for size in bodies[:-1])


def column_bytes(file: Written) -> list[int]:
    metadata = pq.ParquetFile(io.BytesIO(file.read())).metadata
    return [metadata.row_group(n).column(0).total_compressed_size for n in range(metadata.num_row_groups)]


@pytest.mark.parametrize(
    ("layout", "at", "clock"),
    [
        (Parquet(), "timestamp[us]", "time32[ms]"),
        (Parquet(has_milliseconds=True), "timestamp[ms]", "time32[ms]"),
    ],
)
def test_times_have_the_unit_of_their_setting(writing: Writing, layout: Parquet, at: str, clock: str) -> None:
    (file,) = writing.write(Layout(format=layout))
    table = pq.read_table(io.BytesIO(file.read()))
    assert (str(table.schema.field("at").type), str(table.schema.field("clock").type)) == (at, clock)
    first = table.to_pylist()[0]
    micros = 123_000 if layout.has_milliseconds else 123_456
    assert first["at"] == dt.datetime(2026, 1, 1, 0, 0, 0, micros)  # noqa: DTZ001  DMS writes no zone
    assert first["clock"] == dt.time(1, 2, 3, 456_000)


def test_csv_writes_null_as_a_word_and_an_empty_text_as_nothing(writing: Writing) -> None:
    query = "SELECT * FROM (VALUES (1, NULL), (2, ''), (3, 'NULL')) AS t(id, name)"
    assert writing.text(Layout(format=Csv()), query, COLUMNS[:2]) == "1,NULL\n2,\n3,NULL\n"


def test_csv_quotes_what_rfc_4180_says_and_nothing_without_it(writing: Writing, tmp_path: Path) -> None:
    query = """SELECT 1 AS id, 'a "b", c' || chr(10) || 'd' AS name"""
    assert writing.text(Layout(format=Csv()), query, COLUMNS[:2]) == '1,"a ""b"", c\nd"\n'
    plain = Writing(tmp_path / "plain")
    assert plain.text(Layout(format=Csv(is_rfc4180=False)), query, COLUMNS[:2]) == '1,a "b", c\nd\n'


def test_csv_takes_delimiters_a_null_word_and_a_header(writing: Writing) -> None:
    how = Csv(delimiter="|", row_delimiter="\r\n", null="", has_header=True)
    layout = Layout(leading=(("Op", "I"), ("_at", "2026-11-21 01:02:03.000004")), format=how)
    text = writing.text(layout, "SELECT 1 AS id, NULL AS name UNION ALL SELECT 2, 'a|b'", COLUMNS[:2])
    assert text == 'Op|_at|id|name\r\nI|2026-11-21 01:02:03.000004|1|\r\nI|2026-11-21 01:02:03.000004|2|"a|b"\r\n'


def test_csv_writes_each_type_as_text(writing: Writing) -> None:
    query = """
        SELECT 1.50::DECIMAL(10, 2) AS num, 1e100::DOUBLE AS big, 'nan'::DOUBLE AS nan, '-inf'::DOUBLE AS low,
               TIMESTAMP '2026-01-01 10:00:00.5' AS at, DATE '0001-01-01' AS day, TIME '10:00:00.1239' AS clock,
               TIME '10:00' AS noon, true AS yes, '\\xAB\\x01'::BLOB AS raw, 255::UTINYINT AS tiny
    """
    columns = [
        ("num", DmsType("NUMERIC", precision=10, scale=2)),
        *((name, DmsType("REAL8")) for name in ("big", "nan", "low")),
        ("at", DmsType("DATETIME")),
        ("day", DmsType("DATE")),
        *((name, DmsType("TIME")) for name in ("clock", "noon")),
        ("yes", DmsType("BOOLEAN")),
        ("raw", DmsType("BYTES", 2)),
        ("tiny", DmsType("UINT1")),
    ]
    assert writing.text(Layout(format=Csv()), query, columns) == (
        "1.50,1e+100,NaN,-Infinity,2026-01-01 10:00:00.500000,0001-01-01,10:00:00.123,10:00:00,true,AB01,255\n"
    )


def test_csv_files_are_never_longer_than_asked_and_each_has_its_header(writing: Writing) -> None:
    layout = Layout(format=Csv(has_header=True), file_bytes=1024)
    found = writing.write(layout, "SELECT i AS id, 'é😀' AS name FROM range(500) AS r(i)", COLUMNS[:2])
    sizes = [len(file.read()) for file in found]
    assert max(sizes) <= 1024 < 2 * min(sizes[:-1])
    rows = [list(csv.reader(io.StringIO(file.read().decode()))) for file in found]
    assert all(one[0] == ["id", "name"] and len(one) == file.rows + 1 for one, file in zip(rows, found, strict=True))
    assert [int(row[0]) for one in rows for row in one[1:]] == list(range(500))


def test_gzipped_csv_unpacks_to_the_same_rows(writing: Writing) -> None:
    (file,) = writing.write(Layout(format=Csv("gzip")), "SELECT 1 AS id, 'é' AS name", COLUMNS[:2])
    assert gzip.decompress(file.read()).decode() == "1,é\n"


@pytest.mark.parametrize("row_group_rows", [10_000, 10])
def test_only_a_file_that_is_not_small_touches_the_disk(writing: Writing, tmp_path: Path, row_group_rows: int) -> None:
    layout = Layout(format=Parquet("gzip", row_group_rows=row_group_rows))
    (small,) = writing.write(layout)
    assert isinstance(small.content, bytes)
    assert list(tmp_path.iterdir()) == []
    (large,) = writing.write(layout, "SELECT i AS id, md5(i::VARCHAR) AS name FROM range(9000) AS r(i)", COLUMNS[:2])
    assert isinstance(large.content, Path)
    assert large.read() == large.content.read_bytes()
    assert pq.read_table(large.content).num_rows == large.rows == 9_000
    large.remove()
    small.remove()
    assert not large.content.exists()


def test_no_rows_make_no_file(writing: Writing, tmp_path: Path) -> None:
    assert writing.write(Layout(), f"{ROWS} WHERE false") == []
    assert Writing(tmp_path / "csv").write(Layout(format=Csv(has_header=True)), f"{ROWS} WHERE false") == []


@pytest.mark.parametrize("layout", [Parquet(), Csv()])
def test_lobs_are_cut_by_units_and_every_cut_is_counted(writing: Writing, layout: Parquet | Csv) -> None:
    query = """
        SELECT repeat('😀', 600) AS n, repeat('é', 1500) AS c, repeat('x', 1500)::BLOB AS b
        UNION ALL SELECT repeat('a', 512), repeat('😀', 512), repeat('x', 1024)::BLOB
        UNION ALL SELECT NULL, '', ''::BLOB
    """
    columns = [(name, DmsType(kind)) for name, kind in (("n", "NCLOB"), ("c", "CLOB"), ("b", "BLOB"))]
    warnings: list[str] = []
    made = writing.write(Layout(format=layout, lob_bytes=1024, warn=warnings.append), query, columns)
    if isinstance(layout, Parquet):
        found = [tuple(row.values()) for row in pq.read_table(io.BytesIO(made[0].read())).to_pylist()]
    else:
        lines = [line.split(",") for line in made[0].read().decode().splitlines()]
        found = [(None if n == "NULL" else n, c, bytes.fromhex(b)) for n, c, b in lines]
    # An NCLOB's character counts as two bytes, one outside of the basic plane as four; a CLOB's as one and two.
    assert found == [
        ("😀" * 256, "é" * 1024, b"x" * 1024),
        ("a" * 512, "😀" * 512, b"x" * 1024),
        (None, "", b""),
    ]
    assert warnings == [f"1 values of column {name} were cut to the maximum LOB size of 1024 bytes" for name in "ncb"]


@pytest.mark.parametrize(("kilobytes", "kept"), [(512, 512 * 1024), (1024, 1024 * 1024), (2048, 1024 * 1024)])
def test_a_lob_of_one_megabyte_is_cut_only_below_its_size(writing: Writing, kilobytes: int, kept: int) -> None:
    (row,) = writing.rows(
        Layout(lob_bytes=kilobytes * 1024), "SELECT repeat('x', 1048576)::BLOB AS b", [("b", DmsType("BLOB"))]
    )
    assert row["b"] == b"x" * kept


def test_added_columns_hold_constants_expressions_or_nothing(writing: Writing) -> None:
    layout = shaped(
        added("'it''s ' || $AR_M_SOURCE_SCHEMA", DmsType("STRING", 6), "where"),
        added("$name || '/' || ($id + 1)", DmsType("STRING", 50), "label"),
        added("round($price)", DmsType("INT8"), "rounded"),
        added("datetime()", DmsType("DATETIME"), "loaded"),
        added("date($at, '+1 day')", DmsType("DATE"), "next"),
        added(None, DmsType("DATETIME"), "empty"),
        at=dt.datetime(2026, 11, 21, 1, 2, 3, tzinfo=dt.UTC),
    )
    assert [list(row.items())[5:] for row in writing.rows(layout)[1:3]] == [
        [
            ("where", "it's h"),
            ("label", f"name {n}/{n + 1}"),
            ("rounded", rounded),
            ("loaded", dt.datetime(2026, 11, 21, 1, 2, 3)),  # noqa: DTZ001  DMS writes no zone
            ("next", dt.date(2026, 1, 2)),
            ("empty", None),
        ]
        for n, rounded in ((1, None), (2, 3))
    ]


def test_added_columns_stand_in_csv_too(writing: Writing) -> None:
    layout = shaped(
        added("'x'", DmsType("STRING", 6), "where"), added("$id * 2", DmsType("INT8"), "double"), format=Csv()
    )
    assert writing.text(layout, "SELECT 1 AS id, 'a' AS name", COLUMNS[:2]) == "1,a,x,2\n"


@pytest.mark.parametrize(
    ("name", "kind", "found"),
    [
        ("id", DmsType("INT8"), 7),
        ("id", DmsType("STRING", 10), "7"),
        ("id", DmsType("NUMERIC", precision=5, scale=1), Decimal("7.0")),
        ("id", DmsType("REAL8"), 7.0),
        ("name", DmsType("STRING", 3), "nam"),
        ("name", DmsType("BYTES", 9), b"name 1"),
        ("at", DmsType("DATE"), dt.date(2026, 1, 1)),
        ("at", DmsType("STRING", 19), "2026-01-01 07:00:00"),
        ("clock", DmsType("STRING", 12), "01:02:03.456"),
    ],
)
def test_a_changed_data_type_carries_the_value_over(writing: Writing, name: str, kind: DmsType, found: object) -> None:
    row = writing.rows(shaped(rule("change-data-type", name, kind=kind)))[7]
    assert row[name] == found


@pytest.mark.parametrize(
    ("layout", "words"),
    [
        (shaped(rule("change-data-type", "name", kind=DmsType("INT4"))), "name 0"),
        (shaped(rule("change-data-type", "at", kind=DmsType("BOOLEAN"))), "TIMESTAMP"),
        (shaped(added("$nowhere || 'x'", DmsType("STRING", 9))), "nowhere"),
        (shaped(added("$name", DmsType("INT4"))), "name 0"),
        (shaped(rule("remove-column")), "no column"),
        (shaped(rule("rename", "id", value="name")), "get the name name"),
        (shaped(filters=(Filter("nowhere", (Condition("null"),)),)), "filtered by nowhere"),
        (shaped(filters=(Filter("id", (Condition("eq", ("x",)),)),)), "Could not convert"),
    ],
)
def test_rules_that_do_not_fit_error_the_table_in_one_sentence(writing: Writing, layout: Layout, words: str) -> None:
    with pytest.raises(TableUnreadableError, match=words):
        writing.write(layout)


def test_a_lob_cannot_be_filtered_and_an_unsigned_number_not_be_plain_dictionary(writing: Writing) -> None:
    lob = [("b", DmsType("NCLOB"))]
    with pytest.raises(TableUnreadableError, match="which is a NCLOB"):
        writing.write(shaped(filters=(Filter("b", (Condition("null"),)),)), "SELECT 'x' AS b", lob)
    layout = Layout(format=Parquet(encoding="plain-dictionary"))
    with pytest.raises(TableUnreadableError, match="UINT4"):
        writing.write(layout, "SELECT 1::UINTEGER AS n", [("n", DmsType("UINT4"))])


def test_filters_compare_by_the_type_of_the_column(writing: Writing) -> None:
    filters = (
        Filter("price", (Condition("gte", ("9.5",)), Condition("eq", ("2.50",)))),
        Filter("at", (Condition("lte", ("2026-01-01 12:00:01",)),)),
    )
    assert [row["id"] for row in writing.rows(shaped(filters=filters))] == [2, 8, 10, 12]
