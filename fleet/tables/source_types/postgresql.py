"""PostgreSQL's types as DMS takes them, and what they lose.

Source: AWS DMS user guide, "Using a PostgreSQL database as an AWS DMS source", sections "Source data types for
PostgreSQL", "Limitations" and "Endpoint settings" (CHAP_Source.PostgreSQL.md in crowecawcaw/aws-docs-history, of 2026),
read 2026-11-30. What no page lists is left out (assumed: AWS says elsewhere that unknown types may be streamed as
texts). What the pages leave open:
- `varchar` without a length keeps 8,000 bytes (`unboundedVarcharMaxSize`); that they are bytes of UTF-8 is assumed.
  Assumed as well: `character`, `bit` and `bit varying` without a length, which an expression of a view can have, are as
  long. `char` as a person declares it has length 1 in the catalogue.
- A `numeric` without precision is NUMERIC(28,6). What becomes of NaN, of infinity, and of more than 22 digits before
  the point is not said; the local DMS errs the table. Where a table was loaded all the same, such values are counted as
  changed.
- Points in time outside of the years 1 to 9999 are said of infinity alone; all are counted as changed.
- 24:00 as a time of day has no place in Parquet's or Snowflake's TIME; it is counted as changed.
An enum's label has at most 63 bytes, and the texts of intervals, addresses and shapes are shorter than their types: all
exact. The blanks that fill up a `char(n)` mean nothing to PostgreSQL, so nothing is lost with them.
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
    "citext": DmsType("NCLOB"),
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
    "strrange": DmsType("STRING", 255),  # which PostgreSQL has only where a database defines it
    "enum": DmsType("STRING", 64),
}
_NUMERIC_DEFAULT = DmsType("NUMERIC", precision=28, scale=6)
_UNBOUNDED_BYTES = 8_000
_TEXTS = {"character": "WSTRING", "character varying": "WSTRING", "bit": "STRING", "bit varying": "STRING"}


def dms_type(column: Column) -> DmsType | None:
    """The DMS type of *column*, or None where DMS does not carry the type.

    >>> dms_type(Column("factor", "numeric")).scale
    6
    >>> dms_type(Column("state", "character", 2)).length, dms_type(Column("max", "character")).length
    (2, 8000)
    >>> dms_type(Column("shape", "pg_lsn")) is None
    True
    """
    if column.type_name == "numeric":
        return _NUMERIC_DEFAULT if column.precision is None else numeric(column.precision, column.scale or 0)
    if column.type_name in _TEXTS:
        return DmsType(_TEXTS[column.type_name], column.length or _UNBOUNDED_BYTES)
    return _TYPES.get(column.type_name)


_FRACTION = Loss("fraction", "digits after the third of a second are cut off", 3)
_MIDNIGHT = Loss("midnight", "24:00 becomes another time", is_rare=True)
_OFFSET = Loss("offset", "the offset from UTC is dropped")
_RANGE = Loss(
    "range", "points in time that are infinite or outside of the years 1 to 9999 become another", is_rare=True
)
_RANGE_TEXT = Loss("length", "characters after the 255th are cut off", 255)
_LOSSES = {
    "time without time zone": (_FRACTION, _MIDNIGHT),
    "time with time zone": (_FRACTION, _MIDNIGHT, _OFFSET),
    "timestamp without time zone": (_RANGE,),
    "timestamp with time zone": (_RANGE,),
    "date": (_RANGE,),
    "numrange": (_RANGE_TEXT,),
    "strrange": (_RANGE_TEXT,),
}
_NOT_A_NUMBER = Loss("not a number", "NaN and infinity have no place in a decimal", is_rare=True)
_UNDECLARED = (
    Loss("digits", "digits after the sixth behind the point are rounded off", 6),
    Loss("whole digits", "numbers of more than 22 digits before the point do not fit", 22, is_rare=True),
    _NOT_A_NUMBER,
)
_CUT = Loss("bytes", f"what is after the {_UNBOUNDED_BYTES:,}th byte is cut off", _UNBOUNDED_BYTES)


def losses(column: Column) -> tuple[Loss, ...]:
    """In which ways values of *column*, which DMS carries, may change, apart from LobMaxSize.

    >>> [loss.kind for loss in losses(Column("at", "time with time zone"))]
    ['fraction', 'midnight', 'offset']
    >>> [loss.kind for loss in losses(Column("price", "numeric", precision=10, scale=2))]
    ['not a number']
    >>> losses(Column("wide", "numeric", precision=50, scale=2))
    ()
    """
    if column.type_name == "numeric":
        if column.precision is None:
            return _UNDECLARED
        return (_NOT_A_NUMBER,) if numeric(column.precision, column.scale or 0).name == "NUMERIC" else ()
    if column.type_name in _TEXTS and column.length is None:
        return (_CUT,)
    return _LOSSES.get(column.type_name, ())
