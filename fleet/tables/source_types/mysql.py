"""MySQL's and MariaDB's types as DMS takes them.

Source: https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html, "Limitations" and "Source data types
for MySQL", read 2026-11-30. A type's name is `DATA_TYPE` of `information_schema.columns`, with ` unsigned` after it
where the column is, and ` invisible` where it is that: DMS does not migrate such columns. `bit` has its bits as length.
What the page leaves open:
- FLOAT is "REAL(DOUBLE)" with the range of a double: REAL8, with the exact value of the single.
- BIT is BOOLEAN, BIT(64) is BYTES(8): one bit is BOOLEAN, more are as many bytes as they need (assumed).
- TIME is STRING without a length: 17 characters hold `-838:59:59.999999` (assumed).
- TEXT is WSTRING without a length: 65,535 characters, as the guide said until 2018 (assumed since).
- DATETIME(6) is not among those whose fractions it names (1 to 5): it keeps its microseconds (assumed).
- MariaDB's JSON is a `longtext` in its catalogue, so it is NCLOB and not CLOB (assumed).
- A type that it does not list (UUID, INET4, INET6, VECTOR) is left out (assumed).
- A zero date is NULL. So is a date with a zero day or month, and one that its month does not have (both assumed).
- A computed column is loaded in full loads, for only its changes are said to be missed (assumed).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

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
    >>> [dms_type(Column("c", name)) for name in ("inet6", "int unsigned invisible")]
    [None, None]
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


_ZERO_DATE = Loss("zero date", "dates that are zero, or not in the calendar, arrive as NULL")
_LOSSES: Mapping[str, tuple[Loss, ...]] = dict.fromkeys(("date", "datetime", "timestamp"), (_ZERO_DATE,))
_CHARACTER = Loss("character", "characters that Unicode does not have arrive as ?")
_CHARACTER_SET = re.compile(r".* character set (\w+)", re.DOTALL)
# Source: https://mariadb.com/kb/en/supported-character-sets-and-collations/: all of Unicode, or in Unicode as a whole.
_IN_UNICODE = {"ascii", "latin1", "ucs2", "utf16", "utf16le", "utf32"}


def losses(column: Column) -> tuple[Loss, ...]:
    """In which ways values of *column*, which DMS carries, may change, apart from LobMaxSize. The name of its character
    set ends what it is *declared* as, unless that is UTF-8.

    >>> [loss.kind for loss in losses(Column("due", "date"))]
    ['zero date']
    >>> [loss.how for loss in losses(Column("c", "char", 1, declared="char(1) character set sjis"))]
    ['characters that Unicode does not have arrive as ?']
    >>> losses(Column("c", "char", 1, declared="char(1) character set latin1"))
    ()
    """
    found = _CHARACTER_SET.fullmatch(column.declared)
    if found and found[1] not in _IN_UNICODE:
        return (_CHARACTER,)
    return _LOSSES.get(column.type_name, ())
