"""AWS's published tables of types, row by row, in both houses: source type, DMS type, and the type in Parquet.

Source: AWS DMS user guide, sections "Source data types for" PostgreSQL, MySQL and SQL Server, "Target data types
for S3 Parquet" (doc_source of awsdocs/aws-dms-user-guide, 2023-06-15). Where AWS gives no length, ours is in
each house's tables.
"""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import pytest

from fleet.tables import columns as product
from fleet.tables.source_types import mysql as product_mysql
from fleet.tables.source_types import postgresql as product_postgresql
from fleet.tables.source_types import sqlserver as product_sqlserver
from localcloud.dms.files.parquet import arrow_type
from localcloud.dms.files.writer import duckdb_type
from localcloud.dms.type_tables import mysql, parquet, postgresql, sqlserver
from localcloud.dms.type_tables.column import DmsType, SourceColumn

POSTGRESQL = {
    "integer": "INT4",
    "smallint": "INT2",
    "bigint": "INT8",
    "numeric(38,10)": "NUMERIC",
    "numeric(39,2)": "STRING",
    "real": "REAL4",
    "double precision": "REAL8",
    "money": "NUMERIC",
    "character(3)": "WSTRING",
    "character varying(3)": "WSTRING",
    "text": "NCLOB",
    "bytea": "BLOB",
    "timestamp without time zone": "DATETIME",
    "timestamp with time zone": "DATETIME",
    "date": "DATE",
    "time without time zone": "TIME",
    "time with time zone": "TIME",
    "interval": "STRING",
    "boolean": "STRING",
    "enum": "STRING",
    "cidr": "STRING",
    "inet": "STRING",
    "macaddr": "STRING",
    "bit(4)": "STRING",
    "bit varying(4)": "STRING",
    "uuid": "STRING",
    "tsvector": "CLOB",
    "tsquery": "CLOB",
    "xml": "CLOB",
    "point": "STRING",
    "line": "STRING",
    "lseg": "STRING",
    "box": "STRING",
    "path": "CLOB",
    "polygon": "CLOB",
    "circle": "STRING",
    "json": "NCLOB",
    "jsonb": "NCLOB",
    "array": "NCLOB",
    "composite": "NCLOB",
    "hstore": "NCLOB",
    "int4range": "STRING",
    "int8range": "STRING",
    "numrange": "STRING",
    "oid": None,
    "tsrange": None,
}
MYSQL = {
    "int": "INT4",
    "bigint": "INT8",
    "mediumint": "INT4",
    "tinyint": "INT1",
    "smallint": "INT2",
    "tinyint unsigned": "UINT1",
    "smallint unsigned": "UINT2",
    "mediumint unsigned": "UINT4",
    "int unsigned": "UINT4",
    "bigint unsigned": "UINT8",
    "decimal(10,0)": "NUMERIC",
    "binary(1)": "BYTES",
    "bit(1)": "BOOLEAN",
    "bit(64)": "BYTES",
    "blob": "BYTES",
    "longblob": "BLOB",
    "mediumblob": "BLOB",
    "tinyblob": "BYTES",
    "date": "DATE",
    "datetime": "DATETIME",
    "time": "STRING",
    "timestamp": "DATETIME",
    "year": "INT2",
    "double": "REAL8",
    "float": "REAL8",
    "varchar(45)": "WSTRING",
    "varbinary(4000)": "BYTES",
    "char(4)": "WSTRING",
    "text": "WSTRING",
    "longtext": "NCLOB",
    "mediumtext": "NCLOB",
    "tinytext": "WSTRING",
    "geometry": "BLOB",
    "point": "BLOB",
    "linestring": "BLOB",
    "polygon": "BLOB",
    "multipoint": "BLOB",
    "multilinestring": "BLOB",
    "multipolygon": "BLOB",
    "geometrycollection": "BLOB",
    "enum(4)": "WSTRING",
    "set(4)": "WSTRING",
    "json": "CLOB",
}
SQLSERVER = {
    "bigint": "INT8",
    "bit": "BOOLEAN",
    "decimal(18,2)": "NUMERIC",
    "int": "INT4",
    "money": "NUMERIC",
    "numeric(18,2)": "NUMERIC",
    "smallint": "INT2",
    "smallmoney": "NUMERIC",
    "tinyint": "UINT1",
    "real": "REAL4",
    "float": "REAL8",
    "datetime": "DATETIME",
    "datetime2": "DATETIME",
    "smalldatetime": "DATETIME",
    "date": "DATE",
    "time": "TIME",
    "datetimeoffset": "WSTRING",
    "char(4)": "STRING",
    "varchar(4)": "STRING",
    "varchar": "CLOB",
    "nchar(4)": "WSTRING",
    "nvarchar(4)": "WSTRING",
    "nvarchar": "NCLOB",
    "binary(4)": "BYTES",
    "varbinary(4)": "BYTES",
    "varbinary": "BLOB",
    "timestamp": "BYTES",
    "uniqueidentifier": "STRING",
    "hierarchyid": "WSTRING",
    "xml": "NCLOB",
    "geometry": "CLOB",
    "geography": "CLOB",
    "text": "CLOB",
    "ntext": "NCLOB",
    "image": "BLOB",
    "decimal(38,38)": "NUMERIC",
    "json": None,
    "vector": None,
    "clr": None,
    "cursor": None,
    "sql_variant": None,
    "table": None,
}
PARQUET = {
    "BYTES": "BINARY",
    "DATE": "DATE32",
    "TIME": "TIME32",
    "DATETIME": "TIMESTAMP",
    "INT1": "INT8",
    "INT2": "INT16",
    "INT4": "INT32",
    "INT8": "INT64",
    "NUMERIC": "DECIMAL",
    "REAL4": "FLOAT",
    "REAL8": "DOUBLE",
    "STRING": "STRING",
    "UINT1": "UINT8",
    "UINT2": "UINT16",
    "UINT4": "UINT32",
    "UINT8": "UINT64",
    "WSTRING": "STRING",
    "BLOB": "BINARY",
    "NCLOB": "STRING",
    "CLOB": "STRING",
}


def column(written: str) -> SourceColumn:
    name, _, rest = written.partition("(")
    numbers = [int(part) for part in rest.rstrip(")").split(",") if part]
    if len(numbers) == 2:
        return SourceColumn("c", name, precision=numbers[0], scale=numbers[1])
    return SourceColumn("c", name, length=numbers[0] if numbers else None)


@pytest.mark.parametrize(
    ("dms_type", "written", "wanted"),
    [
        pytest.param(module.dms_type, written, wanted, id=f"{module.__name__}-{written}")
        for module, rows in (
            *((postgresql, POSTGRESQL), (mysql, MYSQL), (sqlserver, SQLSERVER)),
            *((product_postgresql, POSTGRESQL), (product_mysql, MYSQL), (product_sqlserver, SQLSERVER)),
        )
        for written, wanted in rows.items()
    ],
)
def test_a_source_type_becomes_the_dms_type_of_awss_table(
    dms_type: Callable[[SourceColumn], DmsType | None], written: str, wanted: str | None
) -> None:
    found = dms_type(column(written))
    assert (found.name if found else None) == wanted


@pytest.mark.parametrize(("kind", "wanted"), PARQUET.items())
def test_a_dms_type_becomes_the_parquet_type_of_awss_table(kind: str, wanted: str) -> None:
    assert parquet.parquet_type(DmsType(kind)) == wanted
    assert product.parquet_type(product.DmsType(kind)) == wanted


@pytest.mark.parametrize("kind", [*PARQUET, "BOOLEAN"])
def test_what_a_reader_hands_over_becomes_parquet_without_losing_a_value(kind: str) -> None:
    one = DmsType(kind, precision=20, scale=3)
    value = {"DATE": "'2026-01-02'", "TIME": "'01:02:03'", "DATETIME": "'2026-01-02'", "BOOLEAN": "true"}.get(
        kind, "'1'"
    )
    arrow = duckdb.sql(f"SELECT CAST({value} AS {duckdb_type(one)}) AS c").to_arrow_table()
    assert arrow["c"].cast(arrow_type(one)).to_pylist() == arrow["c"].to_pylist()
