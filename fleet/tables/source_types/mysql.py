"""MySQL's and MariaDB's types as DMS takes them.

Source: AWS DMS user guide, "Using a MySQL-compatible database as a source for AWS DMS", section "Source data types for
MySQL" (awsdocs/aws-dms-user-guide, doc_source/CHAP_Source.MySQL.md of 2023-06-15), read 2026-11-21. A type's name is
`DATA_TYPE` of `information_schema.columns`, with ` unsigned` after it where the column is; `bit` has its bits as
length.
What the table leaves open:
- FLOAT is "REAL(DOUBLE)" with the range of a double: REAL8.
- BIT is BOOLEAN, BIT(64) is BYTES(8): one bit is BOOLEAN, more are as many bytes as they need (assumed).
- TIME is STRING without a length: 17 characters hold `-838:59:59.999999` (assumed).
- TEXT is WSTRING without a length: 65,535 characters, as the guide said until 2018 (assumed since).
- MariaDB's JSON is a `longtext` in its catalogue, so it is NCLOB and not CLOB (assumed). Its UUID, INET4 and INET6
  stand in no table of AWS's: they are left out (assumed).
"""

from __future__ import annotations

from fleet.tables.source_types.column import Column, DmsType, Loss, numeric

_TYPES = {
    "tinyint": DmsType("INT1"),
    "smallint": DmsType("INT2"),
    "mediumint": DmsType("INT4"),
    "int": DmsType("INT4"),
    "bigint": DmsType("INT8"),
    "tinyint unsigned": DmsType("UINT1"),
    "smallint unsigned": DmsType("UINT2"),
    "mediumint unsigned": DmsType("UINT4"),
    "int unsigned": DmsType("UINT4"),
    "bigint unsigned": DmsType("UINT8"),
    "float": DmsType("REAL8"),
    "double": DmsType("REAL8"),
    "year": DmsType("INT2"),
    "date": DmsType("DATE"),
    "datetime": DmsType("DATETIME"),
    "timestamp": DmsType("DATETIME"),
    "time": DmsType("STRING", 17),
    "tinytext": DmsType("WSTRING", 255),
    "text": DmsType("WSTRING", 65_535),
    "mediumtext": DmsType("NCLOB"),
    "longtext": DmsType("NCLOB"),
    "json": DmsType("CLOB"),
    "tinyblob": DmsType("BYTES", 255),
    "blob": DmsType("BYTES", 65_535),
    "mediumblob": DmsType("BLOB"),
    "longblob": DmsType("BLOB"),
    **dict.fromkeys(
        (
            "geometry",
            "point",
            "linestring",
            "polygon",
            "multipoint",
            "multilinestring",
            "multipolygon",
            "geometrycollection",
            "geomcollection",  # what MySQL 8 calls it
        ),
        DmsType("BLOB"),
    ),
}
_SIGNLESS = {"decimal unsigned": "decimal", "float unsigned": "float", "double unsigned": "double"}


def dms_type(column: Column) -> DmsType | None:
    """The DMS type of *column*, or None where DMS does not carry the type.

    >>> dms_type(Column("flag", "bit", length=1)).name, dms_type(Column("flags", "bit", length=12))
    ('BOOLEAN', DmsType(name='BYTES', length=2, precision=None, scale=None))
    >>> dms_type(Column("host", "inet6")) is None
    True
    """
    kind = _SIGNLESS.get(column.type_name, column.type_name)
    match kind:
        case "decimal":
            return numeric(column.precision or 10, column.scale or 0)
        case "bit":
            bits = column.length or 1
            return DmsType("BOOLEAN") if bits == 1 else DmsType("BYTES", (bits + 7) // 8)
        case "char" | "varchar" | "enum" | "set":
            return DmsType("WSTRING", column.length or 1)
        case "binary" | "varbinary":
            return DmsType("BYTES", column.length or 1)
        case _:
            return _TYPES.get(kind)


_LOSSES: dict[str, tuple[Loss, ...]] = {}


def losses(column: Column) -> tuple[Loss, ...]:
    """In which ways values of *column*, which DMS carries, may change, apart from LobMaxSize."""
    return _LOSSES.get(column.type_name, ())
