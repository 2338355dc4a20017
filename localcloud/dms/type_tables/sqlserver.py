"""SQL Server's types as DMS carries them to a target that is no SQL Server.

Source: https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.SQLServer.html, "Source data types for SQL Server",
read 2026-11-30. A type that the page does not list (json, vector, one's own of the CLR) is left out; the page's
CURSOR, SQL_VARIANT and TABLE make DMS refuse the whole table, which the reader does. TEXT, NTEXT and IMAGE are on the
page beside VARCHAR(max), NVARCHAR(max) and VARBINARY(max). The page leaves open, and it is assumed here:
- MONEY and SMALLMONEY have the digits that they hold (Microsoft's manual, "money and smallmoney").
- UNIQUEIDENTIFIER and DATETIMEOFFSET are as long as their text; TIMESTAMP has the 8 bytes of a `rowversion`.
"""

from __future__ import annotations

from localcloud.dms.type_tables.column import DmsType, SourceColumn, exact_number, read_rows

_TYPES = read_rows(
    {
        "BOOLEAN": ["bit"],
        "UINT1": ["tinyint"],
        "INT2": ["smallint"],
        "INT4": ["int"],
        "INT8": ["bigint"],
        "REAL4": ["real"],
        "REAL8": ["float"],
        "NUMERIC(10,4)": ["smallmoney"],
        "NUMERIC(19,4)": ["money"],
        "DATE": ["date"],
        "TIME": ["time"],
        "DATETIME": ["datetime", "datetime2", "smalldatetime"],
        "WSTRING(34)": ["datetimeoffset"],
        "STRING(36)": ["uniqueidentifier"],
        "BYTES(8)": ["timestamp"],
        "WSTRING(250)": ["hierarchyid"],
        "BLOB": ["image"],
        "CLOB": ["text", "geometry", "geography"],
        "NCLOB": ["ntext", "xml"],
    }
)
# The type with a length, and the one declared with (max).
_OF_SOME_LENGTH = {
    "char": ("STRING", "CLOB"),
    "varchar": ("STRING", "CLOB"),
    "nchar": ("WSTRING", "NCLOB"),
    "nvarchar": ("WSTRING", "NCLOB"),
    "binary": ("BYTES", "BLOB"),
    "varbinary": ("BYTES", "BLOB"),
}


def dms_type(column: SourceColumn) -> DmsType | None:
    """The DMS type of *column*; None where DMS does not carry it. A column declared with `(max)` has no length.

    >>> dms_type(SourceColumn("name", "nvarchar", length=40)).length, dms_type(SourceColumn("body", "varbinary")).name
    (40, 'BLOB')
    >>> dms_type(SourceColumn("anything", "sql_variant")) is None
    True
    """
    if column.type_name in {"decimal", "numeric"}:
        return exact_number(18 if column.precision is None else column.precision, column.scale or 0)
    if column.type_name in _OF_SOME_LENGTH:
        bounded, unbounded = _OF_SOME_LENGTH[column.type_name]
        return DmsType(unbounded) if column.length is None else DmsType(bounded, column.length)
    return _TYPES.get(column.type_name)
