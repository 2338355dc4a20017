"""Every type of SQL Server with its modifiers: DMS's type, Parquet's and Snowflake's.

Source: https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.SQLServer.html, "Source data types for SQL Server",
read 2026-11-30. Where the page has no length, it is assumed (`fleet/tables/source_types/sqlserver.py`).
"""

from __future__ import annotations

from typing import Any

import pytest

from fleet.tables.columns import Column, DmsType, dms_type, parquet_type, snowflake_type

TYPES: list[tuple[str, dict[str, Any], DmsType, str, str]] = [
    ("bigint", {}, DmsType("INT8"), "INT64", "NUMBER(19,0)"),
    ("int", {}, DmsType("INT4"), "INT32", "NUMBER(10,0)"),
    ("smallint", {}, DmsType("INT2"), "INT16", "NUMBER(5,0)"),
    ("tinyint", {}, DmsType("UINT1"), "UINT8", "NUMBER(3,0)"),
    ("bit", {}, DmsType("BOOLEAN"), "BOOL", "BOOLEAN"),
    ("decimal", {"precision": 1, "scale": 0}, DmsType("NUMERIC", None, 1, 0), "DECIMAL", "NUMBER(1,0)"),
    ("decimal", {"precision": 38, "scale": 37}, DmsType("NUMERIC", None, 38, 37), "DECIMAL", "NUMBER(38,37)"),
    ("numeric", {"precision": 18, "scale": 4}, DmsType("NUMERIC", None, 18, 4), "DECIMAL", "NUMBER(18,4)"),
    ("money", {}, DmsType("NUMERIC", None, 19, 4), "DECIMAL", "NUMBER(19,4)"),
    ("smallmoney", {}, DmsType("NUMERIC", None, 10, 4), "DECIMAL", "NUMBER(10,4)"),
    ("real", {}, DmsType("REAL4"), "FLOAT", "FLOAT"),  # float(1) to float(24) are real in the catalogue
    ("float", {}, DmsType("REAL8"), "DOUBLE", "FLOAT"),
    ("date", {}, DmsType("DATE"), "DATE32", "DATE"),
    ("time", {"scale": 7}, DmsType("TIME"), "TIME32", "TIME"),
    ("datetime", {}, DmsType("DATETIME"), "TIMESTAMP", "TIMESTAMP_NTZ(6)"),
    ("datetime2", {"scale": 7}, DmsType("DATETIME"), "TIMESTAMP", "TIMESTAMP_NTZ(6)"),
    ("smalldatetime", {}, DmsType("DATETIME"), "TIMESTAMP", "TIMESTAMP_NTZ(6)"),
    ("datetimeoffset", {"scale": 7}, DmsType("WSTRING", 34), "STRING", "VARCHAR(34)"),
    ("char", {"length": 5}, DmsType("STRING", 5), "STRING", "VARCHAR(5)"),
    ("varchar", {"length": 8_000}, DmsType("STRING", 8_000), "STRING", "VARCHAR(8000)"),
    ("nchar", {"length": 5}, DmsType("WSTRING", 5), "STRING", "VARCHAR(5)"),
    ("nvarchar", {"length": 4_000}, DmsType("WSTRING", 4_000), "STRING", "VARCHAR(4000)"),
    ("binary", {"length": 4}, DmsType("BYTES", 4), "BINARY", "BINARY(8388608)"),
    ("varbinary", {"length": 8_000}, DmsType("BYTES", 8_000), "BINARY", "BINARY(8388608)"),
    ("timestamp", {}, DmsType("BYTES", 8), "BINARY", "BINARY(8388608)"),
    ("uniqueidentifier", {}, DmsType("STRING", 36), "STRING", "VARCHAR(36)"),
    ("hierarchyid", {}, DmsType("WSTRING", 250), "STRING", "VARCHAR(250)"),
    *((name, {}, DmsType("CLOB"), "STRING", "VARCHAR(16777216)") for name in ("varchar", "text")),
    *((name, {}, DmsType("CLOB"), "STRING", "VARCHAR(16777216)") for name in ("geometry", "geography")),
    *((name, {}, DmsType("NCLOB"), "STRING", "VARCHAR(16777216)") for name in ("nvarchar", "ntext", "xml")),
    *((name, {}, DmsType("BLOB"), "BINARY", "BINARY(8388608)") for name in ("varbinary", "image")),
]


@pytest.mark.parametrize(("name", "modifiers", "dms", "parquet", "snowflake"), TYPES)
def test_a_type_with_its_modifiers_becomes(
    name: str, modifiers: dict[str, Any], dms: DmsType, parquet: str, snowflake: str
) -> None:
    found = dms_type("sqlserver", Column("c", name, **modifiers))
    assert found == dms
    assert (parquet_type(dms), snowflake_type(dms)) == (parquet, snowflake)


@pytest.mark.parametrize("name", ["json", "vector", "clr", "sql_variant", "cursor", "table", "a type of next year"])
def test_a_type_that_is_on_no_list_is_not_carried(name: str) -> None:
    assert dms_type("sqlserver", Column("c", name)) is None
