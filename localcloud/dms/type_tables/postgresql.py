"""PostgreSQL's types as DMS carries them.

Source: https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.PostgreSQL.html, "Source data types for
PostgreSQL", "Limitations" and "Endpoint settings" (crowecawcaw/aws-docs-history, 2026), read 2026-11-30. A type that
the page does not list is left out (assumed: elsewhere AWS says that unknown types may be streamed as texts). The page
leaves open, and it is assumed here:
- VARCHAR without a length has 8,000 bytes (`unboundedVarcharMaxSize`, documented): bytes of UTF-8, and no half
  character. CHAR, BIT and BIT VARYING without a length, as an expression of a view has them, are as long; a `char` that
  is declared without one has one character, and PostgreSQL says so.
- UUID is a STRING of 36 characters. BOOLEAN is "CHAR (5)", which is no type of DMS's: STRING.
- The page writes STRRANGE; PostgreSQL has no such type of its own, but lets a database define one.
"""

from __future__ import annotations

from localcloud.dms.type_tables.column import DmsType, SourceColumn, exact_number, read_rows, read_type

UNBOUNDED_BYTES = 8_000
_UNDECLARED_NUMBER = read_type("NUMERIC(28,6)")
_TYPES = read_rows(
    {
        "INT2": ["smallint"],
        "INT4": ["integer"],
        "INT8": ["bigint"],
        "REAL4": ["real"],
        "REAL8": ["double precision"],
        "NUMERIC(38,4)": ["money"],
        "DATE": ["date"],
        "TIME": ["time without time zone", "time with time zone"],
        "DATETIME": ["timestamp without time zone", "timestamp with time zone"],
        "BLOB": ["bytea"],
        "CLOB": ["tsvector", "tsquery", "xml", "path", "polygon"],
        "NCLOB": ["text", "citext", "json", "jsonb", "array", "composite", "hstore"],
        "STRING(5)": ["boolean"],
        "STRING(18)": ["macaddr"],
        "STRING(36)": ["uuid"],
        "STRING(50)": ["cidr", "inet"],
        "STRING(64)": ["enum"],
        "STRING(128)": ["interval"],
        "STRING(255)": ["point", "line", "lseg", "box", "circle", "int4range", "int8range", "numrange", "strrange"],
    }
)


def dms_type(column: SourceColumn) -> DmsType | None:
    """The DMS type of *column*; None where DMS leaves it out. The catalogue calls arrays, enums and composite types
    `array`, `enum` and `composite`, all others as `format_type` does.

    >>> dms_type(SourceColumn("price", "numeric"))
    DmsType(name='NUMERIC', length=None, precision=28, scale=6)
    >>> dms_type(SourceColumn("large", "oid")) is None
    True
    """
    match column.type_name:
        case "numeric" if column.precision is None:
            return _UNDECLARED_NUMBER
        case "numeric":
            return exact_number(column.precision or 0, column.scale or 0)
        case "character" | "character varying":
            return DmsType("WSTRING", column.length or UNBOUNDED_BYTES)
        case "bit" | "bit varying":
            return DmsType("STRING", column.length or UNBOUNDED_BYTES)
        case name:
            return _TYPES.get(name)
