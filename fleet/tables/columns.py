"""What becomes of a column: source type → DMS type → Parquet type → Snowflake type.

DMS decides the first two steps: the tables in `fleet/tables/source_types/` and below are AWS's, with their sources. The
last step is ours: the Snowflake table is made from the source's catalogue through DMS's mapping, because what DMS has
already cut or turned into text cannot be had back by a wider column.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fleet.databases import Engine
from fleet.quotas import SNOWFLAKE_BINARY_BYTES, SNOWFLAKE_NUMBER_PLACES, SNOWFLAKE_VARCHAR_CHARACTERS
from fleet.tables.source_types import mysql, postgresql, sqlserver
from fleet.tables.source_types.column import Column, DmsType, Loss

__all__ = [
    "Column",
    "DmsType",
    "Loss",
    "dms_type",
    "find_losses",
    "is_long",
    "lob_units",
    "parquet_type",
    "snowflake_type",
]

_ENGINES: Mapping[Engine, Callable[[Column], DmsType | None]] = {
    "postgresql": postgresql.dms_type,
    "mysql": mysql.dms_type,
    "mariadb": mysql.dms_type,
    "sqlserver": sqlserver.dms_type,
}


def dms_type(engine: Engine, column: Column) -> DmsType | None:
    """The DMS type of *column*, or None where DMS does not carry the type.

    >>> dms_type("postgresql", Column("price", "numeric", precision=10, scale=2))
    DmsType(name='NUMERIC', length=None, precision=10, scale=2)
    >>> dms_type("mariadb", Column("size", "bigint unsigned")).name
    'UINT8'
    >>> dms_type("sqlserver", Column("body", "nvarchar")).name
    'NCLOB'
    """
    return _ENGINES[engine](column)


_LOSSES: Mapping[Engine, Callable[[Column], tuple[Loss, ...]]] = {
    "postgresql": postgresql.losses,
    "mysql": mysql.losses,
    "mariadb": mysql.losses,
    "sqlserver": sqlserver.losses,
}


def find_losses(engine: Engine, column: Column, lob_kilobytes: int) -> tuple[Loss, ...]:
    """In which ways values of *column* may change on the way; none where it is exact, or not carried at all.

    >>> find_losses("postgresql", Column("factor", "numeric"), 32)[0].how
    'digits after the sixth behind the point are rounded off'
    >>> [loss.how for loss in find_losses("postgresql", Column("body", "text"), 32)]
    ['characters after the 16,384th are cut off (lob_max_kilobytes)']
    >>> find_losses("postgresql", Column("id", "integer"), 32)
    ()
    """
    dms = dms_type(engine, column)
    if dms is None:
        return ()
    if not dms.is_lob or column.is_masked:
        return _LOSSES[engine](column)
    most = lob_units(dms, lob_kilobytes)
    unit = "bytes" if dms.name == "BLOB" else "characters"
    cut = Loss("long", f"{unit} after the {most:,}th are cut off (lob_max_kilobytes)", most)
    return (*_LOSSES[engine](column), cut)


def is_long(engine: Engine, column: Column) -> bool:
    """Whether DMS moves *column* as a large object, which it cuts at a length and takes memory for."""
    kind = dms_type(engine, column)
    return kind is not None and kind.is_lob


def lob_units(dms: DmsType, kilobytes: int) -> int:
    """How much of a value DMS keeps with a LobMaxSize of *kilobytes*: bytes of a BLOB, characters of a text.

    A character outside of the basic plane counts as two. Source: AWS DMS user guide, "Working with LOB source data
    types for PostgreSQL" (docs/facts/dms.md 4.8): an NCLOB's characters take two bytes each, a CLOB's one.

    >>> lob_units(DmsType("NCLOB"), 32), lob_units(DmsType("CLOB"), 32), lob_units(DmsType("BLOB"), 32)
    (16384, 32768, 32768)
    """
    return kilobytes * 1024 // (2 if dms.name == "NCLOB" else 1)


# Source: AWS DMS user guide, "Using Amazon S3 as a target", section "Target data types for S3 Parquet"
# (awsdocs/aws-dms-user-guide, doc_source/CHAP_Target.S3.md; docs/facts/snowflake.md 3.10), read 2026-11-21.
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


def number_type(precision: int, scale: int) -> str:
    """The type that holds a decimal of Parquet's: text where Snowflake has not so many digits after the point.

    >>> number_type(38, 37), number_type(38, 38)
    ('NUMBER(38,37)', 'VARCHAR(41)')
    """
    if scale > SNOWFLAKE_NUMBER_PLACES.value:
        return f"VARCHAR({precision + len('-0.')})"
    return f"NUMBER({precision},{scale})"


def snowflake_type(dms: DmsType) -> str:
    """The type of the Snowflake column that takes *dms*'s Parquet in without loss.

    >>> snowflake_type(DmsType("NUMERIC", precision=10, scale=2)), snowflake_type(DmsType("WSTRING", 40))
    ('NUMBER(10,2)', 'VARCHAR(40)')
    """
    kind = parquet_type(dms)
    if kind == "DECIMAL":
        return number_type(dms.precision or 0, dms.scale or 0)
    if kind == "STRING":
        return f"VARCHAR({min(dms.length or SNOWFLAKE_VARCHAR_CHARACTERS.value, SNOWFLAKE_VARCHAR_CHARACTERS.value)})"
    if kind == "BINARY":
        return f"BINARY({SNOWFLAKE_BINARY_BYTES.value})"
    return _SNOWFLAKE[kind]
