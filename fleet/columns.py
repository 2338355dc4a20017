"""What becomes of a column: source type → DMS type → Parquet type → Snowflake type.

DMS decides the first two steps; the tables below are AWS's, with their sources. The last step is ours: the Snowflake
table is made from the source's catalogue through DMS's mapping, because what DMS has already cut or turned into text
cannot be had back by a wider column.
"""

from __future__ import annotations

from dataclasses import dataclass

from fleet.quotas import SNOWFLAKE_BINARY_BYTES, SNOWFLAKE_VARCHAR_CHARACTERS


@dataclass(frozen=True)
class Column:
    """A column as the source's catalogue has it. *type_name* is the engine's own name, in lower case.

    *length*: characters of a text type, or None; *precision* and *scale*: of a numeric type, or None.
    """

    name: str
    type_name: str
    length: int | None = None
    precision: int | None = None
    scale: int | None = None
    is_nullable: bool = True


@dataclass(frozen=True)
class DmsType:
    """A type of DMS's own (INT4, WSTRING, ...), between source and target."""

    name: str
    length: int | None = None
    precision: int | None = None
    scale: int | None = None

    @property
    def is_lob(self) -> bool:
        """Whether LobMaxSize cuts its values.

        >>> DmsType("NCLOB").is_lob, DmsType("WSTRING", 40).is_lob
        (True, False)
        """
        return self.name in {"BLOB", "CLOB", "NCLOB"}


# Source: AWS DMS user guide, "Using a PostgreSQL database as an AWS DMS source", section "Source data types for
# PostgreSQL" (awsdocs/aws-dms-user-guide, doc_source/CHAP_Source.PostgreSQL.md), read 2026-11-21. `varchar` without a
# length: the same page calls it partially migrated; Qlik, the engine's ancestor, documents 8,000 (assumed for DMS).
_POSTGRESQL = {
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
_POSTGRESQL_NUMERIC_DEFAULT = DmsType("NUMERIC", precision=28, scale=6)
_POSTGRESQL_VARCHAR_DEFAULT_LENGTH = 8_000


def dms_type(engine: str, column: Column) -> DmsType | None:
    """The DMS type of *column*, or None where DMS does not carry the type.

    >>> dms_type("postgresql", Column("price", "numeric", precision=10, scale=2))
    DmsType(name='NUMERIC', length=None, precision=10, scale=2)
    >>> dms_type("postgresql", Column("factor", "numeric")).scale
    6
    >>> dms_type("postgresql", Column("shape", "pg_lsn")) is None
    True
    """
    if engine != "postgresql":
        raise ValueError(f"no type table for engine {engine!r}: only 'postgresql' so far (fleet/columns.py)")
    if column.type_name == "numeric":
        if column.precision is None:
            return _POSTGRESQL_NUMERIC_DEFAULT
        if column.precision > 38:
            return DmsType("STRING", column.precision + 2)
        return DmsType("NUMERIC", precision=column.precision, scale=column.scale or 0)
    if column.type_name == "character":
        return DmsType("WSTRING", column.length or 1)
    if column.type_name == "character varying":
        return DmsType("WSTRING", column.length or _POSTGRESQL_VARCHAR_DEFAULT_LENGTH)
    if column.type_name in {"bit", "bit varying"}:
        return DmsType("STRING", column.length or 1)
    return _POSTGRESQL.get(column.type_name)


# Source: AWS DMS user guide, "Using Amazon S3 as a target", section "Target data types for S3 Parquet"
# (awsdocs/aws-dms-user-guide, doc_source/CHAP_Target.S3.md; reference/snowflake.md 3.10), read 2026-11-21.
_PARQUET = {
    "BYTES": "BINARY",
    "BLOB": "BINARY",
    "DATE": "DATE32",
    "TIME": "TIME32",
    "DATETIME": "TIMESTAMP",
    "INT1": "INT8",
    "INT2": "INT16",
    "INT4": "INT32",
    "INT8": "INT64",
    "NUMERIC": "DECIMAL",
    "REAL4": "FLOAT",
    "REAL8": "DOUBLE",
    "STRING": "STRING",
    "WSTRING": "STRING",
    "CLOB": "STRING",
    "NCLOB": "STRING",
    "UINT1": "UINT8",
    "UINT2": "UINT16",
    "UINT4": "UINT32",
    "UINT8": "UINT64",
    "BOOLEAN": "BOOL",
}

_SNOWFLAKE = {
    "BOOL": "BOOLEAN",
    "INT8": "NUMBER(3,0)",
    "INT16": "NUMBER(5,0)",
    "INT32": "NUMBER(10,0)",
    "INT64": "NUMBER(19,0)",
    "UINT8": "NUMBER(3,0)",
    "UINT16": "NUMBER(5,0)",
    "UINT32": "NUMBER(10,0)",
    "UINT64": "NUMBER(20,0)",
    "FLOAT": "FLOAT",
    "DOUBLE": "FLOAT",
    "DATE32": "DATE",
    "TIME32": "TIME",
    "TIMESTAMP": "TIMESTAMP_NTZ(6)",
}


def parquet_type(dms: DmsType) -> str:
    """The type of *dms* in DMS's Parquet, in AWS's words.

    >>> parquet_type(DmsType("NCLOB")), parquet_type(DmsType("DATETIME"))
    ('STRING', 'TIMESTAMP')
    """
    return _PARQUET[dms.name]


def snowflake_type(dms: DmsType) -> str:
    """The type of the Snowflake column that takes *dms*'s Parquet in without loss.

    >>> snowflake_type(DmsType("NUMERIC", precision=10, scale=2)), snowflake_type(DmsType("WSTRING", 40))
    ('NUMBER(10,2)', 'VARCHAR(40)')
    """
    kind = parquet_type(dms)
    if kind == "DECIMAL":
        return f"NUMBER({dms.precision},{dms.scale})"
    if kind == "STRING":
        return f"VARCHAR({min(dms.length or SNOWFLAKE_VARCHAR_CHARACTERS.value, SNOWFLAKE_VARCHAR_CHARACTERS.value)})"
    if kind == "BINARY":
        return f"BINARY({SNOWFLAKE_BINARY_BYTES.value})"
    return _SNOWFLAKE[kind]
