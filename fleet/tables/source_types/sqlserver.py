"""SQL Server's types as DMS takes them, and what they lose. No server of this kind was ever reached by this code.

Source: https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.SQLServer.html, "Source data types for SQL Server"
and "Limitations", read 2026-11-30 (docs/facts/dms.md 7.7). A type's name is the system type's in `sys.types`: an alias
type counts as its base (documented), a type of a CLR assembly of one's own is `clr`. A text or binary type without a
length is the one declared with `(max)`. What the page leaves open (all assumed):
- MONEY and SMALLMONEY are NUMERIC without digits: 19 and 10 of them, 4 after the point, which is what they hold.
- UNIQUEIDENTIFIER and DATETIMEOFFSET have no length: 36 and 34 characters is what they look like as text.
- `rowversion` is another name of TIMESTAMP, which holds 8 bytes. JSON, VECTOR and types of one's own assemblies are on
  no list: they are left out. A table with a SQL_VARIANT is not moved at all (`fleet/tables/relations.py`).
- A DATETIME2 arrives with microseconds and a TIME with milliseconds, which is what Parquet holds; the rest is cut.
- A shape is carried as well-known text. That has no heights and measures (Microsoft's manual, "STAsText").

No loss: a CHAR's or NCHAR's blanks at the end, which TrimSpaceInChar cuts off, because the server itself fills each
value up to the declared length. A text of a code page, whose every character has a place in Unicode. Years, which are 1
to 9999 in all types with a date.
"""

from __future__ import annotations

from fleet.tables.source_types.column import Column, DmsType, Loss, numeric

_TYPES = {
    "bigint": DmsType("INT8"),
    "int": DmsType("INT4"),
    "smallint": DmsType("INT2"),
    "tinyint": DmsType("UINT1"),
    "bit": DmsType("BOOLEAN"),
    "money": DmsType("NUMERIC", precision=19, scale=4),
    "smallmoney": DmsType("NUMERIC", precision=10, scale=4),
    "real": DmsType("REAL4"),
    "float": DmsType("REAL8"),
    "date": DmsType("DATE"),
    "time": DmsType("TIME"),
    "datetime": DmsType("DATETIME"),
    "datetime2": DmsType("DATETIME"),
    "smalldatetime": DmsType("DATETIME"),
    "datetimeoffset": DmsType("WSTRING", 34),
    "uniqueidentifier": DmsType("STRING", 36),
    "timestamp": DmsType("BYTES", 8),
    "text": DmsType("CLOB"),
    "ntext": DmsType("NCLOB"),
    "image": DmsType("BLOB"),
    "xml": DmsType("NCLOB"),
    "hierarchyid": DmsType("WSTRING", 250),
    "geometry": DmsType("CLOB"),
    "geography": DmsType("CLOB"),
}
_BOUNDED = {"char": "STRING", "varchar": "STRING", "nchar": "WSTRING", "nvarchar": "WSTRING"}
_UNBOUNDED = {"varchar": "CLOB", "nvarchar": "NCLOB", "varbinary": "BLOB"}


def dms_type(column: Column) -> DmsType | None:
    """The DMS type of *column*, or None where DMS does not carry the type.

    >>> dms_type(Column("name", "nvarchar", length=40)), dms_type(Column("name", "nvarchar")).name
    (DmsType(name='WSTRING', length=40, precision=None, scale=None), 'NCLOB')
    >>> dms_type(Column("anything", "sql_variant")) is None
    True
    """
    kind = column.type_name
    if column.length is None and kind in _UNBOUNDED:
        return DmsType(_UNBOUNDED[kind])
    if kind in _BOUNDED:
        return DmsType(_BOUNDED[kind], column.length or 1)
    if kind in {"binary", "varbinary"}:
        return DmsType("BYTES", column.length or 1)
    if kind in {"decimal", "numeric"}:
        return numeric(column.precision or 18, column.scale or 0)
    return _TYPES.get(kind)


_MASKED = Loss("mask", "the login has no UNMASK and reads a mask in its place")
_SEVENTH_DIGIT = Loss("fraction", "the seventh digit of a second is cut off", 6)
_MILLISECONDS = Loss("fraction", "digits after the third of a second are cut off", 3)
_HEIGHTS = Loss("heights", "heights and measures of its points are dropped")
_LOSSES = {
    "hierarchyid": (Loss("length", "characters after the 250th are cut off", 250),),
    # Source: the page, "Limitations": "DMS replaces the SRID with the default SRID".
    "geometry": (Loss("reference system", "its spatial reference system becomes 0", 0), _HEIGHTS),
    "geography": (Loss("reference system", "its spatial reference system becomes 4326", 4326), _HEIGHTS),
}
_MOST_DIGITS_OF_A_SECOND = 7


def losses(column: Column) -> tuple[Loss, ...]:
    """In which ways values of *column*, which DMS carries, may change, apart from LobMaxSize.

    >>> [loss.bound for loss in losses(Column("at", "datetime2", scale=7))], losses(Column("at", "datetime2", scale=6))
    ([6], ())
    >>> [loss.kind for loss in losses(Column("place", "geography"))]
    ['reference system', 'heights']
    """
    if column.is_masked:
        return (_MASKED,)
    digits = _MOST_DIGITS_OF_A_SECOND if column.scale is None else column.scale
    match column.type_name:
        case "datetime2" if digits > _SEVENTH_DIGIT.bound:
            return (_SEVENTH_DIGIT,)
        case "time" if digits > _MILLISECONDS.bound:
            return (_MILLISECONDS,)
        case _:
            return _LOSSES.get(column.type_name, ())
