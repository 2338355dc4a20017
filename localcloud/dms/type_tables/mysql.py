"""MySQL's and MariaDB's types as DMS carries them.

Source: https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html, "Source data types for MySQL",
read 2026-11-30. A type that the page does not list is left out, MariaDB's own (UUID, INET4, INET6, VECTOR) among them.
The page leaves open, and it is assumed here:
- FLOAT is "REAL(DOUBLE)" with the range of a double: REAL8.
- The page has BIT and BIT(64): one bit is BOOLEAN, more are as many BYTES as hold them.
- TIME is a STRING of 17 characters, the longest being -838:59:59.999999. TEXT is a WSTRING of 65,535.
- A DATETIME(6), which is beyond the fractions that the page names, keeps its microseconds.
- UNSIGNED DECIMAL, FLOAT and DOUBLE are not on the page: as their signed forms.
- MySQL 8 calls GEOMETRYCOLLECTION `geomcollection`.
"""

from __future__ import annotations

from localcloud.dms.type_tables.column import DmsType, SourceColumn, exact_number, read_rows

_TYPES = read_rows(
    {
        "INT1": ["tinyint"],
        "INT2": ["smallint", "year"],
        "INT4": ["mediumint", "int"],
        "INT8": ["bigint"],
        "UINT1": ["tinyint unsigned"],
        "UINT2": ["smallint unsigned"],
        "UINT4": ["mediumint unsigned", "int unsigned"],
        "UINT8": ["bigint unsigned"],
        "REAL8": ["float", "float unsigned", "double", "double unsigned"],
        "DATE": ["date"],
        "DATETIME": ["datetime", "timestamp"],
        "STRING(17)": ["time"],
        "WSTRING(255)": ["tinytext"],
        "WSTRING(65535)": ["text"],
        "NCLOB": ["mediumtext", "longtext"],
        "CLOB": ["json"],
        "BYTES(255)": ["tinyblob"],
        "BYTES(65535)": ["blob"],
        "BLOB": [
            *("mediumblob", "longblob", "geometry", "point", "linestring", "polygon"),
            *("multipoint", "multilinestring", "multipolygon", "geometrycollection", "geomcollection"),
        ],
    }
)
_DECLARED_LENGTH = {
    **dict.fromkeys(["char", "varchar", "enum", "set"], "WSTRING"),
    **dict.fromkeys(["binary", "varbinary"], "BYTES"),
}


def dms_type(column: SourceColumn) -> DmsType | None:
    """The DMS type of *column*; None where DMS leaves it out. A number's name ends in ` unsigned` where it is.

    >>> dms_type(SourceColumn("size", "bigint unsigned")).name, dms_type(SourceColumn("flags", "bit", length=64)).length
    ('UINT8', 8)
    >>> dms_type(SourceColumn("id", "uuid")) is None
    True
    """
    if column.type_name in {"decimal", "decimal unsigned"}:
        return exact_number(10 if column.precision is None else column.precision, column.scale or 0)
    if column.type_name == "bit":
        bits = column.length or 1
        return DmsType("BOOLEAN") if bits == 1 else DmsType("BYTES", -(-bits // 8))
    if name := _DECLARED_LENGTH.get(column.type_name):
        return DmsType(name, column.length or 1)
    return _TYPES.get(column.type_name)
