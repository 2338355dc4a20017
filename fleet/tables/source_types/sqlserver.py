"""SQL Server's types as DMS takes them.

Source: AWS DMS user guide, "Using a Microsoft SQL Server database as a source for AWS DMS", section "Source data types
for SQL Server" (awsdocs/aws-dms-user-guide, doc_source/CHAP_Source.SQLServer.md of 2023-06-15; docs/facts/dms.md 4.7),
read 2026-11-21. A type's name is the system type's in `sys.types`: an alias type counts as its base. A text or binary
type without a length is the one declared with `(max)`. What the table leaves open (all assumed):
- MONEY and SMALLMONEY are NUMERIC without digits: 19 and 10 of them, 4 after the point, which is what they hold.
- UNIQUEIDENTIFIER and DATETIMEOFFSET have no length: 36 and 34 characters is what they look like as text.
- `rowversion` is another name of TIMESTAMP, which holds 8 bytes. VECTOR and JSON of newer servers stand in no table.
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


_LOSSES: dict[str, tuple[Loss, ...]] = {}


def losses(column: Column) -> tuple[Loss, ...]:
    """In which ways values of *column*, which DMS carries, may change, apart from LobMaxSize."""
    return _LOSSES.get(column.type_name, ())
