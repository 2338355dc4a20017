"""What the local DMS writes of one relation: the same changes from Parquet, CSV and compressed CSV."""

from __future__ import annotations

import io
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from changes.csv_files import read_csv
from changes.origin import dropped_origin
from changes.parquet_files import read_parquet
from changes.record import Change
from fleet.tables.catalogue import Table
from fleet.tables.columns import Column, dms_type, parquet_type
from localcloud.dms.engines.reader import Layout
from localcloud.dms.files import writer
from localcloud.dms.files.formats import Csv, Parquet
from localcloud.dms.type_tables.column import DmsType

# A column, the SQL of its values, and the value in the third row.
COLUMNS = [
    (Column("id", "bigint"), "9007199254740990 + i", 9007199254740993),
    (Column("tiny", "tinyint"), "i + 250", 253),
    (Column("price", "decimal", None, 12, 4), "i * 1.25", Decimal("3.7500")),
    (Column("share", "decimal", None, 3, 3), "i / 10.0", Decimal("0.300")),
    (Column("weight", "float"), "i / 7.0", 3 / 7),
    (Column("single", "real"), "0.1", 0.10000000149011612),
    (Column("flag", "bit"), "i % 2 = 0", False),
    (Column("name", "nvarchar", 40), "'a,' || chr(10) || '\"b\"' || i", 'a,\n"b"3'),
    (Column("empty", "varchar", 9), "''", ""),
    (Column("due", "date"), "DATE '2026-12-01' + i::INTEGER", date(2026, 12, 4)),
    (
        Column("at", "datetime2", scale=6),
        "TIMESTAMP '1969-12-31 23:59:59.999999'",
        datetime(1969, 12, 31, 23, 59, 59, 999999),  # noqa: DTZ001  as Parquet's
    ),
    (Column("clock", "time"), "TIME '23:59:59.123'", time(23, 59, 59, 123_000)),
    (Column("body", "varbinary", 9), "unhex('00FF')", b"\0\xff"),
    (Column("note", "varchar", 9), "NULL", None),
]
TABLE = Table("dbo", "t", False, tuple(column for column, *_ in COLUMNS), ("id",))
_DUCKDB = {
    "INT8": "TINYINT",
    "INT64": "BIGINT",
    "UINT8": "UTINYINT",
    "DOUBLE": "DOUBLE",
    "FLOAT": "FLOAT",
    "BOOL": "BOOLEAN",
    "STRING": "VARCHAR",
    "DATE32": "DATE",
    "TIMESTAMP": "TIMESTAMP",
    "TIME32": "TIME",
    "BINARY": "BLOB",
}


def written(how: Parquet | Csv, folder: Path) -> bytes:
    """A full load of four rows."""
    carried, selected = [], []
    for column, sql, _ in COLUMNS:
        kind = dms_type("sqlserver", column)
        assert kind is not None
        carried.append((column.name, DmsType(kind.name, kind.length, kind.precision, kind.scale)))
        in_sql = _DUCKDB.get(parquet_type(kind), f"DECIMAL({kind.precision}, {kind.scale})")
        selected.append(f'({sql})::{in_sql} AS "{column.name}"')
    relation = f"(SELECT {', '.join(selected)} FROM range(4) AS r(i))"
    layout = Layout(leading=(("Op", "I"), ("_fleet_at", "2026-12-01 10:00:00.000000")), format=how)
    with duckdb.connect() as connection:
        (file,) = writer.write(connection, relation, carried, layout, folder / how.suffix)
        return file.read()


@pytest.mark.parametrize("has_header", [True, False])
def test_csv_and_parquet_of_a_load_are_the_same_changes(tmp_path: Path, has_header: bool) -> None:
    names = None if has_header else ["Op", "_fleet_at", *(column.name for column in TABLE.columns)]

    def read_as_csv(how: Csv) -> list[Change]:
        return list(read_csv(io.BytesIO(written(how, tmp_path)), origin, names))

    origin = dropped_origin("drop/dbo/t/LOAD00000001.csv", "shop", "sqlserver", {TABLE.name: TABLE})
    from_parquet = list(read_parquet(io.BytesIO(written(Parquet(codec="gzip"), tmp_path)), origin))
    assert from_parquet[3].after == {column.name: value for column, _, value in COLUMNS}
    assert [one.operation for one in from_parquet] == ["load"] * 4
    assert read_as_csv(Csv(has_header=has_header)) == from_parquet
    assert read_as_csv(Csv(codec="gzip", has_header=has_header)) == from_parquet
