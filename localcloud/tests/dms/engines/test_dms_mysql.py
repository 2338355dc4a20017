"""Rows of a real MariaDB as DMS's Parquet, compared value by value."""

from __future__ import annotations

import datetime as dt
import io
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from localcloud.dms.engines.mysql import MysqlReader, MysqlSource
from localcloud.dms.engines.reader import Layout, Login, SourceTable, SourceUnreachableError, TableUnreadableError
from localcloud.dms.rules.filters import Condition, Filter
from localcloud.dms.rules.mappings import Range
from localcloud.dms.rules.transformations import Shape
from localcloud.servers.mariadb import EmbeddedMariadb
from localcloud.tests.dms.dms_logins import mariadb_login

DATABASE = "dms_values"
SCHEMA = (
    """CREATE TABLE numbers (
        id int PRIMARY KEY, flag tinyint(1), tiny tinyint, small smallint, medium mediumint, big bigint,
        utiny tinyint unsigned, usmall smallint unsigned, umedium mediumint unsigned, uwhole int unsigned,
        ubig bigint unsigned, dec38 decimal(38, 10), dec65 decimal(65, 30), single float, twice double, made year,
        one bit, twelve bit(12), many bit(64))""",
    """INSERT INTO numbers VALUES
        (1, 127, -128, -32768, -8388608, -9223372036854775808, 255, 65535, 16777215, 4294967295, 18446744073709551615,
         '-9999999999999999999999999999.9999999999',
         '-99999999999999999999999999999999999.999999999999999999999999999999', 0.1, 1.7976931348623157e308, 2155,
         b'1', b'101010101010', b'1111111111111111111111111111111111111111111111111111111111111111'),
        (2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1e38, '-0e0', 0, b'0', b'1', 0)""",
    "INSERT INTO numbers (id) VALUES (3)",
    """CREATE TABLE times (
        id int PRIMARY KEY, day date, at datetime, fine datetime(6), stamp timestamp(6) NULL, span time,
        fine_span time(6))""",
    """INSERT INTO times VALUES
        (1, '9999-12-31', '9999-12-31 23:59:59', '9999-12-31 23:59:59.999999', '2038-01-19 03:14:07.999999',
         '838:59:59', '-838:59:59.999999'),
        (2, '0000-00-00', '0000-00-00', '0000-00-00', '0000-00-00', '00:00:00', '00:00:00.1'),
        (3, '2024-00-10', '2024-02-00', '2024-00-00 01:02:03', '1970-01-01 00:00:01', '-00:00:01', NULL),
        (4, '1000-01-01', '1000-01-01 00:00:00', '2024-02-29 01:02:03.000001', '2024-10-27 00:30:00', '25:00:00',
         NULL)""",
    "SET sql_mode = 'ALLOW_INVALID_DATES'",
    "INSERT INTO times (id, day, at, fine) VALUES (5, '2024-02-30', '2023-02-29', '2024-06-31 01:02:03')",
    "SET sql_mode = ''",
    """CREATE TABLE texts (
        id int PRIMARY KEY, padded char(5), words varchar(40), latin varchar(20) CHARACTER SET latin1,
        exact varchar(20) COLLATE utf8mb4_bin, old text CHARACTER SET latin1 COLLATE latin1_bin, long_text longtext,
        doc json, mood enum('glad', 'very sad', ''), marks set('x', 'yy', 'z'))""",
    """INSERT INTO texts VALUES
        (1, 'ab   ', 'naïve 😀 "q" \\'s\\' \\\\', 'Ünïcode', 'Ä😀', 'Größe', '長い', '{"a": [1, null]}', 'very sad',
         'z,x'),
        (2, '', '', '', '', '', '', '[]', '', ''), (3, NULL, 'a\\0b\\n', NULL, NULL, NULL, NULL, NULL, NULL, NULL)""",
    """CREATE TABLE bytes (id int PRIMARY KEY, fixed binary(4), free varbinary(8), short tinyblob, body blob,
        large longblob, spot point, shape geometry)""",
    """INSERT INTO bytes VALUES (1, x'00ff', x'00ff00', x'', x'0a', 'lob', ST_GeomFromText('POINT(1 2)'),
        ST_GeomFromText('POINT(1 2)', 4326)), (2, NULL, '', NULL, NULL, NULL, NULL, NULL)""",
    "CREATE TABLE lobs (id int PRIMARY KEY, words longtext, raw mediumblob, plain text)",
    "INSERT INTO lobs VALUES (1, repeat('é', 3000), repeat(x'ff', 3000), repeat('é', 3000)), (2, 'short', x'01', '')",
    "CREATE TABLE cut (id bigint PRIMARY KEY, region varchar(5), part int, weight double, day date, KEY (part))",
    """INSERT INTO cut SELECT 9007199254740992 + seq, concat('r', seq % 3), IF(seq % 10 = 0, NULL, seq), seq,
        DATE '2024-01-01' + INTERVAL seq DAY FROM seq_1_to_100""",
    'CREATE TABLE `Ünï \\ "x".%` (`select` int PRIMARY KEY, `a b` varchar(5))',
    "INSERT INTO `Ünï \\ \"x\".%` VALUES (1, 'x')",
    "CREATE TABLE `it's` (id int PRIMARY KEY)",
    "CREATE TABLE odd_column (id int PRIMARY KEY, `a``b` int)",
    "CREATE TABLE unseen (id int PRIMARY KEY, secret int INVISIBLE, next int AS (id + 1), kept int AS (id + 2) STORED)",
    "INSERT INTO unseen (id, secret) VALUES (1, 7)",
    "CREATE TABLE empty (id int PRIMARY KEY)",
    "CREATE TABLE composite (b int, a varchar(3), PRIMARY KEY (b, a))",
    "CREATE TABLE odd_types (id int PRIMARY KEY, uid uuid, host inet6)",
    "INSERT INTO odd_types VALUES (1, uuid(), '::1')",
    "CREATE TABLE only_odd (uid uuid)",
    "CREATE VIEW open_cuts AS SELECT id FROM cut WHERE part IS NULL",
    "CREATE VIEW erring AS SELECT (SELECT id FROM cut) AS id FROM cut",
    "CREATE TABLE parted (id int, region int) PARTITION BY LIST (region) (PARTITION n VALUES IN (1),"
    " PARTITION s VALUES IN (2))",
    "INSERT INTO parted VALUES (1, 1), (2, 2)",
    "CREATE TABLE kept (id int) WITH SYSTEM VERSIONING",
    "CREATE SEQUENCE numbers_from_here",
)


@pytest.fixture(scope="module")
def login(mariadb: EmbeddedMariadb) -> Login:
    # Zero dates need a server that is not strict; a zone of its own must not reach a timestamp.
    mariadb.execute(None, "SET GLOBAL sql_mode = ''", "SET GLOBAL time_zone = '+05:00'")
    return mariadb_login(mariadb, DATABASE, SCHEMA)


@pytest.fixture(scope="module")
def source(login: Login) -> Iterator[MysqlSource]:
    opened = MysqlReader(has_views=True).open(login)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def tables(source: MysqlSource) -> dict[str, SourceTable]:
    return {table.name: table for table in source.catalogue() if table.schema == DATABASE}


def at(*parts: int) -> dt.datetime:
    """A timestamp without a zone, as Parquet holds it."""
    return dt.datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001


class Read:
    """What the files of one table hold."""

    def __init__(
        self, source: MysqlSource, table: SourceTable, folder: Path, layout: Layout, within: Range | None
    ) -> None:
        self.warnings: list[str] = []
        layout = replace(
            layout, warn=self.warnings.append, shape=replace(layout.shape, schema=table.schema, table=table.name)
        )
        files = source.write(table, layout, within, folder)
        parts = [pq.read_table(io.BytesIO(file.read())) for file in files]
        self.rows_reported = sum(file.rows for file in files)
        self.table = pa.concat_tables(parts) if parts else None
        self.rows = {row["id"]: row for part in parts for row in part.to_pylist()}

    def types(self) -> dict[str, str]:
        assert self.table is not None
        return {field.name: str(field.type) for field in self.table.schema}


@pytest.fixture
def read(source: MysqlSource, tables: dict[str, SourceTable], tmp_path: Path) -> Any:
    def one(name: str, layout: Layout | None = None, within: Range | None = None) -> Read:
        return Read(source, tables[name], tmp_path / name, layout or Layout(), within)

    return one


def test_numbers_arrive_in_the_types_that_aws_lists(read: Any) -> None:
    assert read("numbers").types() == {
        "id": "int32",
        "flag": "int8",
        "tiny": "int8",
        "small": "int16",
        "medium": "int32",
        "big": "int64",
        "utiny": "uint8",
        "usmall": "uint16",
        "umedium": "uint32",
        "uwhole": "uint32",
        "ubig": "uint64",
        "dec38": "decimal128(38, 10)",
        "dec65": "string",
        "single": "double",
        "twice": "double",
        "made": "int16",
        "one": "bool",
        "twelve": "binary",
        "many": "binary",
    }


def test_numbers_at_both_ends_arrive_exactly(read: Any) -> None:
    rows = read("numbers").rows
    assert list(rows[1].values())[1:] == [
        *(127, -128, -32768, -8388608, -(2**63), 255, 65535, 2**24 - 1, 2**32 - 1, 2**64 - 1),
        Decimal("-9999999999999999999999999999.9999999999"),
        "-99999999999999999999999999999999999.999999999999999999999999999999",
        *(0.10000000149011612, 1.7976931348623157e308, 2155),
        *(True, b"\x0a\xaa", b"\xff" * 8),
    ]
    assert (rows[2]["one"], rows[2]["twelve"], rows[2]["made"]) == (False, b"\x00\x01", 0)
    assert (rows[2]["single"], rows[2]["twice"]) == (9.999999680285692e37, 0.0)  # the server itself has no -0.0
    assert set(list(rows[3].values())[1:]) == {None}


def test_times_keep_their_clock_timestamps_come_in_utc_and_zero_dates_are_null(read: Any) -> None:
    read_times = read("times")
    rows = {key: list(row.values())[1:] for key, row in read_times.rows.items()}
    far = at(9999, 12, 31, 23, 59, 59)
    assert rows[1] == [
        *(dt.date(9999, 12, 31), far, far.replace(microsecond=999_999)),
        *(at(2038, 1, 19, 3, 14, 7, 999_999), "838:59:59", "-838:59:59.999999"),
    ]
    assert rows[2] == [None, None, None, None, "00:00:00", "00:00:00.100000"]
    assert rows[3] == [None, None, None, at(1970, 1, 1, 0, 0, 1), "-00:00:01", None]
    assert rows[5][:3] == [None, None, None]
    assert rows[4][:2] == [dt.date(1000, 1, 1), at(1000, 1, 1)]
    assert rows[4][3:5] == [at(2024, 10, 27, 0, 30), "25:00:00"]
    assert read_times.types()["stamp"] == "timestamp[us]"


def test_texts_of_every_character_set_and_collation_arrive_as_text(read: Any) -> None:
    found = read("texts")
    assert list(found.rows[1].values())[1:] == [
        *("ab", "naïve 😀 \"q\" 's' \\", "Ünïcode", "Ä😀", "Größe", "長い", '{"a": [1, null]}', "very sad", "x,z")
    ]
    assert list(found.rows[2].values())[1:] == ["", "", "", "", "", "", "[]", "", ""]
    assert found.rows[3]["words"] == "a\0b\n"
    assert found.rows[3]["mood"] is None
    assert set(found.types().values()) == {"int32", "string"}


def test_bytes_arrive_as_bytes_and_shapes_as_the_server_stores_them(read: Any) -> None:
    point = bytes.fromhex("0101000000000000000000f03f0000000000000040")
    assert list(read("bytes").rows[1].values())[1:] == [
        *(b"\x00\xff\x00\x00", b"\x00\xff\x00", b"", b"\n", b"lob"),
        *(b"\0\0\0\0" + point, b"\xe6\x10\0\0" + point),
    ]


def test_lobs_are_cut_with_a_warning_and_a_text_is_none(read: Any) -> None:
    found = read("lobs", Layout(lob_bytes=1024))
    lengths = {key: [len(row[name]) for name in ("words", "raw", "plain")] for key, row in found.rows.items()}
    assert lengths == {1: [512, 1024, 3000], 2: [5, 1, 0]}
    assert sorted(warning.split(" were ")[0] for warning in found.warnings) == [
        "1 values of column raw",
        "1 values of column words",
    ]


def test_without_lob_support_only_the_lobs_are_left_out(read: Any) -> None:
    assert list(read("lobs", Layout(lob_bytes=None)).types()) == ["id", "plain"]


def test_ranges_of_keys_beyond_the_precision_of_a_double_hold_every_row_once(
    source: MysqlSource, tables: dict[str, SourceTable], tmp_path: Path
) -> None:
    first = 9_007_199_254_740_992
    bounds = [None, (str(first + 1),), (str(first + 2),), (str(first + 50),), None]
    ranges = [Range(("id",), above, upto) for above, upto in pairwise(bounds)]

    def count(number: int) -> int:
        files = source.write(tables["cut"], Layout(), ranges[number], tmp_path / str(number))
        return sum(file.rows for file in files)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(count, range(4))) == [1, 1, 48, 50]


def test_a_range_over_several_columns_compares_them_as_a_row(read: Any) -> None:
    found = read("cut", within=Range(("region", "id"), ("r0", "9007199254741080"), ("r1", "9007199254740996")))
    keys = sorted(key - 9_007_199_254_740_992 for key in found.rows)
    assert keys == [1, 4, 90, 93, 96, 99]


def test_rows_without_a_value_in_the_boundary_column_are_in_no_range(read: Any) -> None:
    assert read("cut", within=Range(("part",), ("95",), None)).rows_reported == 4


@pytest.mark.parametrize(("column", "value"), [("weight", "1"), ("nothing", "1"), ("id", "1 OR 1=1")])
def test_a_range_that_dms_refuses_is_an_error_of_the_table(read: Any, column: str, value: str) -> None:
    with pytest.raises(TableUnreadableError):
        read("cut", within=Range((column,), None, (value,)))


def test_filters_keep_the_rows_they_say(read: Any) -> None:
    filters = (
        Filter("part", (Condition("between", ("10", "20")), Condition("eq", ("91",)))),
        Filter("region", (Condition("noteq", ("r0",)),)),
    )
    found = read("cut", Layout(shape=Shape(filters=filters)))
    assert sorted(row["part"] for row in found.rows.values()) == [11, 13, 14, 16, 17, 19, 91]


def test_the_catalogue_has_tables_with_keys_views_and_a_partitioned_table_once(tables: dict[str, SourceTable]) -> None:
    assert tables["composite"].key == ("b", "a")
    assert [name for name, table in tables.items() if table.is_view] == ["erring", "open_cuts"]
    assert [name for name in tables if "part" in name] == ["parted"]
    assert "numbers_from_here" not in tables


def test_a_partitioned_table_is_read_with_all_of_its_partitions(read: Any) -> None:
    assert read("parted").rows_reported == 2


def test_names_that_need_quoting_are_read(source: MysqlSource, tables: dict[str, SourceTable], tmp_path: Path) -> None:
    (file,) = source.write(tables['Ünï \\ "x".%'], Layout(), None, tmp_path / "odd")
    assert pq.read_table(io.BytesIO(file.read())).to_pylist() == [{"select": 1, "a b": "x"}]


@pytest.mark.parametrize(("table", "name"), [("it's", "it's"), ("odd_column", "a`b")])
def test_a_name_with_a_sign_that_dms_does_not_support_is_an_error_of_its_table(
    read: Any, table: str, name: str
) -> None:
    with pytest.raises(TableUnreadableError, match=f"does not support the name .*{name}"):
        read(table)


def test_an_invisible_column_is_left_out_and_computed_ones_are_read(read: Any) -> None:
    found = read("unseen")
    assert found.rows == {1: {"id": 1, "next": 2, "kept": 3}}
    assert found.warnings == ["column secret is left out: its type int invisible is not migrated"]


def test_an_empty_table_has_no_file(source: MysqlSource, tables: dict[str, SourceTable], tmp_path: Path) -> None:
    assert source.write(tables["empty"], Layout(), None, tmp_path / "empty") == []


def test_columns_of_unknown_types_are_left_out_and_a_table_of_nothing_else_is_an_error(read: Any) -> None:
    found = read("odd_types")
    assert found.rows == {1: {"id": 1}}
    assert len(found.warnings) == 2
    with pytest.raises(TableUnreadableError, match="no column"):
        read("only_odd")


def test_a_system_versioned_table_is_an_error_of_the_table(read: Any) -> None:
    with pytest.raises(TableUnreadableError, match="system-versioned"):
        read("kept")


def test_a_table_that_is_gone_is_an_error_in_the_servers_own_words(
    source: MysqlSource, tables: dict[str, SourceTable], tmp_path: Path
) -> None:
    gone = replace(tables["empty"], name="gone")
    with pytest.raises(TableUnreadableError, match=r"^(?!.*SELECT).*'dms_values\.gone' doesn't exist"):
        source.write(gone, Layout(), None, tmp_path / "gone")


def test_an_error_amid_the_rows_is_one_of_the_table_in_the_servers_own_words(read: Any) -> None:
    with pytest.raises(TableUnreadableError, match=r"^Subquery returns more than 1 row$"):
        read("erring")


def test_of_a_mariadb_no_view_is_read(login: Login) -> None:
    opened = MysqlReader(has_views=False).open(login)
    names = {table.name for table in opened.catalogue() if table.schema == DATABASE}
    opened.close()
    assert "cut" in names
    assert "open_cuts" not in names


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"password": "wrong"}, "Access denied for user"),
        ({"host": "/nowhere"}, "Can't connect"),
        ({"host": "127.0.0.1", "port": 1}, "Can't connect"),
    ],
)
def test_a_server_that_cannot_be_reached_says_why(login: Login, changes: dict[str, Any], words: str) -> None:
    reader = MysqlReader(has_views=True)
    with pytest.raises(SourceUnreachableError, match=words):
        reader.check(replace(login, **changes))
    with pytest.raises(SourceUnreachableError):
        reader.open(replace(login, **changes))


def test_a_password_with_every_sign_is_taken(mariadb: EmbeddedMariadb, login: Login) -> None:
    password = "a b'c\"d\\e=f;g%h"
    with mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE USER odd@localhost IDENTIFIED BY %s", [password])
    opened = MysqlReader(has_views=True).open(replace(login, username="odd", password=password))
    assert opened.catalogue() == []
    opened.close()


def test_a_server_that_stops_during_the_load_leaves_a_table_without_rows_and_without_an_error(
    mariadb: EmbeddedMariadb, tmp_path: Path
) -> None:
    with tempfile.TemporaryDirectory(prefix="fleet-") as folder, EmbeddedMariadb.start(Path(folder)) as server:
        server.create_database("lost")
        server.execute("lost", "CREATE TABLE t (id int)", "INSERT INTO t VALUES (1)")
        secret = server.secret()
        opened = MysqlReader(has_views=False).open(
            Login(secret["host"], secret["port"], "", secret["username"], secret["password"])
        )
        (table,) = opened.catalogue()
        server.stop()
        warnings: list[str] = []
        assert opened.write(table, Layout(warn=warnings.append), None, tmp_path / "t") == []
        opened.check()
        opened.close()
    assert [warning.split(" Can't")[0] for warning in warnings] == ["lost.t: the source is gone:"]
