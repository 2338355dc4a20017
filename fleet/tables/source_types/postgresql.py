"""PostgreSQL's types as DMS takes them.

Source: AWS DMS user guide, "Using a PostgreSQL database as an AWS DMS source", section "Source data types for
PostgreSQL" (awsdocs/aws-dms-user-guide, doc_source/CHAP_Source.PostgreSQL.md), read 2026-11-21. `varchar` without a
length: the same page calls it partially migrated; Qlik, the engine's ancestor, documents 8,000 (assumed for DMS).
"""

from __future__ import annotations

from fleet.tables.source_types.column import Column, DmsType, Loss, numeric

_TYPES = {
    "smallint": DmsType("INT2"),
    "integer": DmsType("INT4"),
    "bigint": DmsType("INT8"),
    "real": DmsType("REAL4"),
    "double precision": DmsType("REAL8"),
    "money": DmsType("NUMERIC", precision=38, scale=4),
    "text": DmsType("NCLOB"),
    "bytea": DmsType("BLOB"),
    "timestamp without time zone": DmsType("DATETIME"),
    "timestamp with time zone": DmsType("DATETIME"),
    "date": DmsType("DATE"),
    "time without time zone": DmsType("TIME"),
    "time with time zone": DmsType("TIME"),
    "interval": DmsType("STRING", 128),
    "boolean": DmsType("STRING", 5),  # 'true' or 'false', unless MapBooleanAsBoolean is set
    "cidr": DmsType("STRING", 50),
    "inet": DmsType("STRING", 50),
    "macaddr": DmsType("STRING", 18),
    "uuid": DmsType("STRING", 36),
    "tsvector": DmsType("CLOB"),
    "tsquery": DmsType("CLOB"),
    "xml": DmsType("CLOB"),
    "json": DmsType("NCLOB"),
    "jsonb": DmsType("NCLOB"),
    "hstore": DmsType("NCLOB"),
    "array": DmsType("NCLOB"),
    "composite": DmsType("NCLOB"),
    "point": DmsType("STRING", 255),
    "line": DmsType("STRING", 255),
    "lseg": DmsType("STRING", 255),
    "box": DmsType("STRING", 255),
    "path": DmsType("CLOB"),
    "polygon": DmsType("CLOB"),
    "circle": DmsType("STRING", 255),
    "int4range": DmsType("STRING", 255),
    "int8range": DmsType("STRING", 255),
    "numrange": DmsType("STRING", 255),
    "enum": DmsType("STRING", 64),
}
_NUMERIC_DEFAULT = DmsType("NUMERIC", precision=28, scale=6)
_VARCHAR_DEFAULT_LENGTH = 8_000


def dms_type(column: Column) -> DmsType | None:
    """The DMS type of *column*, or None where DMS does not carry the type.

    >>> dms_type(Column("factor", "numeric")).scale
    6
    >>> dms_type(Column("shape", "pg_lsn")) is None
    True
    """
    match column.type_name:
        case "numeric":
            return _NUMERIC_DEFAULT if column.precision is None else numeric(column.precision, column.scale or 0)
        case "character":
            return DmsType("WSTRING", column.length or 1)
        case "character varying":
            return DmsType("WSTRING", column.length or _VARCHAR_DEFAULT_LENGTH)
        case "bit" | "bit varying":
            return DmsType("STRING", column.length or 1)
        case _:
            return _TYPES.get(column.type_name)


_FRACTION = Loss("fraction", "digits after the third of a second are cut off", 3)
_OFFSET = Loss("offset", "the offset from UTC is dropped")
_RANGE = Loss("range", "points in time that are infinite or outside of the years 1 to 9999 become another")
_LOSSES = {
    "time without time zone": (_FRACTION,),
    "time with time zone": (_FRACTION, _OFFSET),
    "timestamp without time zone": (_RANGE,),
    "timestamp with time zone": (_RANGE,),
    "date": (_RANGE,),
}
_ROUNDED = Loss("digits", "digits after the sixth behind the point are rounded off", 6)
_CUT = Loss("length", f"characters after the {_VARCHAR_DEFAULT_LENGTH:,}th are cut off", _VARCHAR_DEFAULT_LENGTH)


def losses(column: Column) -> tuple[Loss, ...]:
    """In which ways values of *column*, which DMS carries, may change, apart from LobMaxSize.

    >>> [loss.kind for loss in losses(Column("at", "time with time zone"))]
    ['fraction', 'offset']
    """
    if column.type_name == "numeric" and column.precision is None:
        return (_ROUNDED,)
    if column.type_name == "character varying" and column.length is None:
        return (_CUT,)
    return _LOSSES.get(column.type_name, ())
