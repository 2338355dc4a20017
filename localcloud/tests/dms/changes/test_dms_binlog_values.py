"""A row captured from a binary log holds the very values, in the very types, that a full load gives of the same row."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from localcloud.dms.engines.binlog import tables, values
from localcloud.dms.engines.binlog.charsets import TextDecoder, read_charsets
from localcloud.dms.engines.binlog.server import Server
from localcloud.dms.engines.binlog.tables import Charsets, LoggedColumn
from localcloud.dms.engines.mysql import MysqlReader
from localcloud.dms.engines.reader import Layout, TableUnreadableError
from localcloud.dms.type_tables import mysql
from localcloud.dms.type_tables.column import DmsType, SourceColumn
from localcloud.servers.mariadb import EmbeddedMariadb
from localcloud.tests.dms.changes.dms_binlogs import BinlogCaptures, binlog_captures

DATABASE = "dms_binlog_values"
LOB_KILOBYTES = 1
ODD_TEXTS = ("utf8mb4", "utf8mb3", "ascii", "latin1", "gbk", "swe7")
_TEXTS = ["'naïve'", "''", "' x '", "NULL", "'line\nbreak\ttab'", "'it''s \"q\" \\\\'"]
_SINGLE = [f"CONVERT(x'{first:x}0{first:x}1{first:x}5{first:x}a{first:x}f' USING {{}})" for first in range(16)]
_TIMES = [
    "'00:00:00'",
    "'-00:00:00.9'",
    "'838:59:59.999999'",
    "'-838:59:59.999999'",
    "'25:01:02.5'",
    "'-1:00:00.000001'",
]
_DATETIMES = [
    *("'2024-02-29 23:59:59.123456'", "'0000-00-00'", "'2024-02-00'", "'2023-02-29'", "'2023-02-31 10:00:00'"),
    *(
        "'0001-01-01'",
        "'0000-01-01'",
        "'0000-02-29 01:00:00'",
        "'9999-12-31 23:59:59.999999'",
        "'1969-12-31 23:59:59.9'",
    ),
    *("'1000-01-01 00:00:00'", "'2024-00-10'", "'1900-02-29'", "'1582-10-10 12:00:00'"),
]
_STAMPS = ["'2024-10-27 00:30:00.654321'", "'0000-00-00'", "'1970-01-01 00:00:01'", "'2038-01-19 03:14:07.999999'"]
_DECIMALS = ["0", "-0.004", "1.005", "-1", "99999999999999999999", "-99999999999999999999", "0.00000000000000000001"]
# Every type of the type table, and what its values look like at the edges. A column is named after its place.
TYPES: dict[str, list[str]] = {
    "tinyint": ["-128", "127", "0"],
    "tinyint(1)": ["127", "-1"],
    "tinyint unsigned": ["255", "0"],
    "smallint": ["-32768", "32767"],
    "smallint unsigned": ["65535"],
    "mediumint": ["-8388608", "8388607", "-1"],
    "mediumint unsigned": ["16777215", "0", "8388608"],
    "int": ["-2147483648", "2147483647"],
    "int unsigned": ["4294967295"],
    "int(5) zerofill": ["42"],
    "bigint": ["-9223372036854775808", "9223372036854775807"],
    "bigint unsigned": ["18446744073709551615", "9223372036854775808"],
    "year": ["1901", "2155", "0", "2000"],
    "float": ["0.1", "-0e0", "3.4028235e38", "1e-45", "1.17549435e-38", "-9.999999e37"],
    "float unsigned": ["0.1"],
    "float(7,2)": ["12345.678"],
    "double": ["0.1", "-0e0", "5e-324", "1.7976931348623157e308", "1e15", "-1e16"],
    "double unsigned": ["1.5"],
    "double(10,3)": ["1.23456"],
    "decimal": _DECIMALS,
    "decimal(10,2)": _DECIMALS,
    "decimal(10,2) unsigned": ["12345678.91"],
    "decimal(9,9)": ["0.123456789", "-0.999999999"],
    "decimal(18,9)": _DECIMALS,
    "decimal(19,0)": _DECIMALS,
    "decimal(20,10)": _DECIMALS,
    "decimal(38,10)": [
        *_DECIMALS,
        "-9999999999999999999999999999.9999999999",
        "9999999999999999999999999999.9999999999",
    ],
    "decimal(38,38)": ["0.12345678901234567890123456789012345678", "-0.1"],
    "decimal(1,0)": ["9", "-9"],
    "decimal(1,1)": ["0.9", "-0.9"],
    "decimal(65,30)": [*_DECIMALS, "-99999999999999999999999999999999999.999999999999999999999999999999"],
    "decimal(50,10) zerofill": ["7", "0.5"],
    "decimal(50,0)": ["-7", "99999999999999999999999999999999999999999999999999"],
    "bit(1)": ["b'1'", "b'0'"],
    "bit(12)": ["b'101010101010'", "b'1'"],
    "bit(64)": ["b'1111111111111111111111111111111111111111111111111111111111111111'", "1"],
    "date": ["'2024-02-29'", "'9999-12-31'", *_DATETIMES],
    "datetime": _DATETIMES,
    "datetime(1)": _DATETIMES,
    "datetime(3)": _DATETIMES,
    "datetime(6)": _DATETIMES,
    "timestamp": _STAMPS,
    "timestamp(2)": _STAMPS,
    "timestamp(5)": _STAMPS,
    "timestamp(6)": _STAMPS,
    "time": _TIMES,
    "time(1)": _TIMES,
    "time(2)": _TIMES,
    "time(3)": _TIMES,
    "time(4)": _TIMES,
    "time(5)": _TIMES,
    "time(6)": _TIMES,
    "char(5)": ["'ab   '", "''", "'naïve'", "'  x'", "'😀😀😀😀😀'"],
    "char(5) character set latin1": ["'ab'", "'ï'", "''"],
    "char(255)": ["REPEAT('é', 255)", "'x'"],
    "char(0)": ["''"],
    "varchar(0)": ["''"],
    "varchar(40)": [*_TEXTS, "'😀'"],
    "varchar(9) collate utf8mb4_bin": ["'Ünï'", "'a '"],
    "varchar(9) collate utf8mb4_uca1400_ai_ci": ["'Ünï'"],
    "varchar(9) character set utf8mb3": ["'Ünï'"],
    "varchar(20000)": ["REPEAT('é', 9000)", "'x'"],
    "varchar(9) character set ascii": ["'a'", "CONVERT(x'41ff42' USING ascii)"],
    "varchar(9) character set ucs2": ["'长い'", "''", "'a'"],
    "char(9) character set ucs2": ["'长い'", "'a'"],
    "varchar(9) character set utf16": ["'长😀'"],
    "varchar(9) character set utf16le": ["'长😀'"],
    "varchar(9) character set utf32": ["'长😀'"],
    "varchar(9) character set gbk": ["'长a'", "''"],
    "varchar(9) character set big5": ["'長a'"],
    "varchar(9) character set sjis": ["'長いa\\\\'"],
    "varchar(9) character set cp932": ["'長いa'", "x'8160'"],
    "varchar(9) character set eucjpms": ["'長い'"],
    "varchar(9) character set euckr": ["'한'"],
    **{
        f"varchar(9) character set {name}": [one.format(name) for one in _SINGLE]
        for name in (
            *(
                "latin1",
                "latin2",
                "latin5",
                "latin7",
                "cp1250",
                "cp1251",
                "cp1256",
                "cp1257",
                "koi8r",
                "koi8u",
                "greek",
            ),
            *("hebrew", "tis620", "swe7", "dec8", "hp8", "armscii8", "cp850", "cp852", "cp866", "geostd8", "keybcs2"),
            *("macce", "macroman"),
        )
    },
    "tinytext": _TEXTS,
    "text": [*_TEXTS, "REPEAT('é', 3000)"],
    "text character set latin1 collate latin1_bin": ["'Größe'"],
    "mediumtext": [*_TEXTS, "REPEAT('é', 3000)", "REPEAT('😀', 600)"],
    "longtext": [*_TEXTS, "REPEAT('x', 2000)"],
    "longtext character set latin1": ["REPEAT('é', 2000)"],
    "json": ["'{\"a\" : [1, null]}'", "'null'", "CONCAT('\"', REPEAT('x', 2000), '\"')"],
    "enum('glad', 'very sad', '', 'ü')": ["'glad'", "'very sad'", "''", "'ü'", "0", "NULL"],
    "enum('ä', 'b') character set latin1": ["'ä'", "'b'"],
    "enum('長', 'b') character set ucs2": ["'長'", "'b'"],
    "set('x', 'yy', 'z')": ["'z,x'", "''", "'yy'", "7", "NULL"],
    f"set({', '.join(repr(f'm{number}') for number in range(64))})": ["'m0,m63,m31'", "18446744073709551615"],
    f"set({', '.join(repr(f'm{number}') for number in range(20))})": ["'m0,m19'"],
    f"enum({', '.join(repr(f'm{number}') for number in range(300))})": ["'m299'", "'m0'"],
    "binary(4)": ["x'00ff'", "x''", "x'00000000'", "x'20202020'"],
    "binary(255)": ["x'01'"],
    "varbinary(8)": ["x'00ff00'", "x''", "x'ffff'"],
    "varbinary(3000)": ["REPEAT(x'ff', 3000)"],
    "tinyblob": ["x'00ff'", "x''"],
    "blob": ["x'0a'", "REPEAT(x'ff', 3000)"],
    "mediumblob": ["REPEAT(x'ff', 3000)", "'lob'"],
    "longblob": ["x''", "'lob'"],
    "geometry": ["ST_GeomFromText('POINT(1 2)', 4326)", "ST_GeomFromText('LINESTRING(0 0,1 1)')"],
    "point": ["ST_GeomFromText('POINT(1 2)')"],
    "linestring": ["ST_GeomFromText('LINESTRING(0 0,1 1)')"],
    "polygon": ["ST_GeomFromText('POLYGON((0 0,1 0,1 1,0 0))')"],
    "multipoint": ["ST_GeomFromText('MULTIPOINT(0 0,1 1)')"],
    "multilinestring": ["ST_GeomFromText('MULTILINESTRING((0 0,1 1))')"],
    "multipolygon": ["ST_GeomFromText('MULTIPOLYGON(((0 0,1 0,1 1,0 0)))')"],
    "geometrycollection": ["ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 2))')"],
}
# A row may have 65,535 bytes, and what is made of a column is the same in every table.
_PER_TABLE = 30
_COLUMNS = list(enumerate(TYPES))
TABLES = {f"every{at}": _COLUMNS[at : at + _PER_TABLE] for at in range(0, len(_COLUMNS), _PER_TABLE)}
SCHEMA = tuple(
    f"""CREATE TABLE {name} (id int PRIMARY KEY, {", ".join(f"c{place} {kind} NULL" for place, kind in columns)},
        uid uuid, host inet6, secret int INVISIBLE, twice int AS (id * 2), kept int AS (id * 3) STORED)"""
    for name, columns in TABLES.items()
)


@pytest.fixture(scope="module")
def captures(mariadb: EmbeddedMariadb) -> Iterator[BinlogCaptures]:
    # Zero dates need a server that is not strict; a zone of its own must not reach a timestamp.
    with mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT @@GLOBAL.sql_mode, @@GLOBAL.time_zone")
        (mode, zone) = cursor.fetchone() or ()
    mariadb.execute(None, "SET GLOBAL sql_mode = 'ALLOW_INVALID_DATES'", "SET GLOBAL time_zone = '+05:00'")
    with binlog_captures(mariadb, DATABASE, SCHEMA) as captures:
        yield captures
    mariadb.execute(None, f"SET GLOBAL sql_mode = '{mode}'", f"SET GLOBAL time_zone = '{zone}'")


def _loaded(captures: BinlogCaptures, table: str, folder: Path) -> pa.Table:
    """What a full load gives of *table*."""
    source = MysqlReader(has_views=False, memory="256MB").open(captures.login())
    try:
        (found,) = (one for one in source.catalogue() if (one.schema, one.name) == (DATABASE, table))
        files = source.write(found, Layout(lob_bytes=LOB_KILOBYTES * 1024), None, folder)
    finally:
        source.close()
    return pq.read_table(io.BytesIO(files[0].read())).sort_by("id")


def _rows(table: pa.Table) -> list[dict[str, Any]]:
    """The rows, with times as numbers: Python has none before the year 1."""
    for place, field in enumerate(table.schema):
        if pa.types.is_temporal(field.type):
            number = pa.int32() if field.type.bit_width == 32 else pa.int64()
            table = table.set_column(place, field.name, table.column(place).cast(number))
    return table.to_pylist()


def test_a_value_from_a_binary_log_is_that_of_a_full_load_for_every_type(
    captures: BinlogCaptures, tmp_path: Path
) -> None:
    task = captures.task(TargetMetadata={"LobMaxSize": LOB_KILOBYTES})
    captures.begin(task, seconds=60)
    written: dict[str, list[tuple[str, str]]] = {}
    for table, columns in TABLES.items():
        values = [(place, kind, value) for place, kind in columns for value in TYPES[kind]]
        captures.execute(
            *(
                f"INSERT INTO {table} (id, c{place}) VALUES ({number}, {value})"
                for number, (place, _, value) in enumerate(values)
            )
        )
        written[table] = [(kind, value) for _, kind, value in values]
    assert captures.end(task)["Status"] == "stopped"
    wrong: list[Any] = []
    for table, values in written.items():
        loaded = _loaded(captures, table, tmp_path / table)
        (file,) = captures.files(table)
        assert file.column_names == ["Op", "_at", *loaded.column_names, "_pos", "_seq"]
        captured = file.select(loaded.column_names)
        assert captured.schema == loaded.schema
        assert captured.num_rows == len(values)
        assert captures.statistics(task)[table]["Ddls"] == 0
        for number, (one, other) in enumerate(zip(_rows(captured), _rows(loaded), strict=True)):
            assert (one["twice"], one["kept"]) == (None, None)  # computed ones are not captured
            one |= {"twice": other["twice"], "kept": other["kept"]}
            if repr(one) != repr(other):
                wrong += [
                    (values[number], one[name], other[name]) for name in one if repr(one[name]) != repr(other[name])
                ]
    assert wrong == []


def test_every_type_of_the_type_table_is_among_those_that_were_compared(captures: BinlogCaptures) -> None:
    source = MysqlReader(has_views=False, memory="64MB").open(captures.login())
    try:
        every = [one for one in source.catalogue() if one.schema == DATABASE]
    finally:
        source.close()
    compared = {column.type_name for table in every for column in table.columns}
    # MariaDB calls MySQL's JSON a text; the other is MySQL 8's name of a type that is there.
    assert compared >= (set(mysql._TYPES) | set(mysql._DECLARED_LENGTH) | {"decimal", "bit"}) - {
        "json",
        "geomcollection",
    }


def test_a_json_of_mysql_is_refused_by_name(captures: BinlogCaptures) -> None:
    column = LoggedColumn(SourceColumn("doc", "json"), tables.JSON, 4, is_prefixed=True)
    with closing(Server(captures.login())) as server, pytest.raises(TableUnreadableError, match="column doc, a JSON"):
        values.array(column, DmsType("CLOB"), pa.array([b""], pa.binary()), TextDecoder(server, Charsets({}, {})))


def test_bytes_that_are_no_text_become_what_the_server_makes_of_them(captures: BinlogCaptures) -> None:
    with closing(Server(captures.login())) as server:
        texts = TextDecoder(server, read_charsets(server))
        found = {name: texts.array(name, pa.array([b"a\xffb", None], pa.binary())).to_pylist() for name in ODD_TEXTS}
        asked = {
            name: server.rows(f"SELECT CONVERT(CONVERT(x'61ff62' USING {name}) USING utf8mb4)") for name in ODD_TEXTS
        }
    assert found == {name: [rows[0][0], None] for name, rows in asked.items()}
