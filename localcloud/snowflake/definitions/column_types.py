"""Snowflake's column types: how they are written, what DuckDB column holds them, how the SQL API describes values.

Source: https://docs.snowflake.com/en/sql-reference/intro-summary-data-types (documented). DuckDB's timestamps and times
hold microseconds: a longer fraction, which DMS never writes, is refused at declaration.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from localcloud.quotas import SNOWFLAKE_BINARY_BYTES, SNOWFLAKE_VARCHAR_CHARACTERS
from localcloud.snowflake.errors import SnowflakeError, not_emulated

_T = exp.DataType.Type
_KINDS = {
    _T.DECIMAL: "NUMBER",
    _T.INT: "NUMBER",
    _T.BIGINT: "NUMBER",
    _T.SMALLINT: "NUMBER",
    _T.TINYINT: "NUMBER",
    _T.VARCHAR: "VARCHAR",
    _T.TEXT: "VARCHAR",
    _T.CHAR: "VARCHAR",
    _T.BINARY: "BINARY",
    _T.VARBINARY: "BINARY",
    _T.FLOAT: "FLOAT",
    _T.DOUBLE: "FLOAT",
    _T.BOOLEAN: "BOOLEAN",
    _T.DATE: "DATE",
    _T.TIME: "TIME",
    _T.TIMESTAMP: "TIMESTAMP_NTZ",
    _T.TIMESTAMPNTZ: "TIMESTAMP_NTZ",
    _T.DATETIME: "TIMESTAMP_NTZ",
    _T.TIMESTAMPLTZ: "TIMESTAMP_LTZ",
    _T.VARIANT: "VARIANT",
}
_DUCKDB = {
    "VARCHAR": "VARCHAR",
    "BINARY": "BLOB",
    "FLOAT": "DOUBLE",
    "BOOLEAN": "BOOLEAN",
    "DATE": "DATE",
    "TIME": "TIME",
    "TIMESTAMP_NTZ": "TIMESTAMP",
    "TIMESTAMP_LTZ": "TIMESTAMPTZ",
    "VARIANT": "JSON",
}


@dataclass(frozen=True)
class ColumnType:
    """A column's type. *length*: characters or bytes; *scale*: of a NUMBER, or the digits of a second's fraction."""

    kind: str
    precision: int | None = None
    scale: int | None = None
    length: int | None = None

    @property
    def snowflake(self) -> str:
        """As DESCRIBE TABLE writes it.

        >>> ColumnType("NUMBER", 10, 2).snowflake, ColumnType("VARCHAR", length=40).snowflake
        ('NUMBER(10,2)', 'VARCHAR(40)')
        """
        if self.kind == "NUMBER":
            return f"NUMBER({self.precision},{self.scale})"
        if self.length is not None:
            return f"{self.kind}({self.length})"
        return self.kind if self.scale is None else f"{self.kind}({self.scale})"

    @property
    def duckdb(self) -> str:
        """The DuckDB type that holds it."""
        return f"DECIMAL({self.precision},{self.scale})" if self.kind == "NUMBER" else _DUCKDB[self.kind]

    @property
    def information_schema(self) -> str:
        """As INFORMATION_SCHEMA.COLUMNS.DATA_TYPE has it."""
        return "TEXT" if self.kind == "VARCHAR" else self.kind


def column_type(written: exp.DataType) -> ColumnType:
    """The type that a column definition declares. What Snowflake has and we do not is refused by name."""
    kind = _KINDS.get(written.this)
    numbers = [int(one.name) for one in written.expressions]
    if kind is None:
        raise not_emulated(f"the type {written.sql(dialect='snowflake')}")
    if kind == "NUMBER":
        precision, scale = (*numbers, 0)[:2] if numbers else (38, 0)
        # Source: https://docs.snowflake.com/en/sql-reference/data-types-numeric: a scale is 0 to 37.
        if not (1 <= precision <= 38 and 0 <= scale <= min(37, precision)):
            raise SnowflakeError("002263", "22023", f"SQL compilation error:\ninvalid NUMBER({precision},{scale})")
        return ColumnType(kind, precision, scale)
    if kind == "VARCHAR":
        default = 1 if written.this is _T.CHAR else SNOWFLAKE_VARCHAR_CHARACTERS.value
        return ColumnType(kind, length=numbers[0] if numbers else default)
    if kind == "BINARY":
        return ColumnType(kind, length=numbers[0] if numbers else SNOWFLAKE_BINARY_BYTES.value)
    if kind in {"TIME", "TIMESTAMP_NTZ", "TIMESTAMP_LTZ"}:
        digits = numbers[0] if numbers else 9
        if digits < 6:
            raise not_emulated(f"a fraction of {digits} digits in {kind}: values would be cut; declare 6 or 9")
        return ColumnType(kind, scale=digits)
    return ColumnType(kind)


def cast_type(written: exp.DataType) -> exp.DataType:
    """The DuckDB type of a CAST. A length in a CAST is refused: DuckDB would ignore it."""
    if written.expressions and _KINDS.get(written.this) in {"VARCHAR", "BINARY"}:
        raise not_emulated(f"CAST to {written.sql(dialect='snowflake')}: cast without a length")
    return exp.DataType.build(column_type(written).duckdb, dialect="duckdb")


_INTEGERS = r"(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER)"
_RESULTS = {
    "VARCHAR": {"type": "text", "length": SNOWFLAKE_VARCHAR_CHARACTERS.value},
    "BLOB": {"type": "binary", "length": SNOWFLAKE_BINARY_BYTES.value},
    "DOUBLE": {"type": "real"},
    "FLOAT": {"type": "real"},
    "BOOLEAN": {"type": "boolean"},
    "DATE": {"type": "date"},
    "TIME": {"type": "time", "scale": 9},
    "TIMESTAMP": {"type": "timestamp_ntz", "scale": 9},
    "TIMESTAMP WITH TIME ZONE": {"type": "timestamp_ltz", "scale": 9},
    "JSON": {"type": "variant"},
}


def result_type(duckdb_type: str) -> dict[str, Any]:
    """How `resultSetMetaData.rowType` describes a column that DuckDB returns.

    >>> result_type("DECIMAL(12,2)")
    {'type': 'fixed', 'precision': 12, 'scale': 2}
    """
    if found := re.fullmatch(r"DECIMAL\((\d+),\s*(\d+)\)", duckdb_type):
        return {"type": "fixed", "precision": int(found[1]), "scale": int(found[2])}
    if re.fullmatch(_INTEGERS, duckdb_type):
        return {"type": "fixed", "precision": 38 if "HUGE" in duckdb_type else 18, "scale": 0}
    if duckdb_type in {'"NULL"', "NULL"}:
        return {"type": "text", "length": 0}
    if duckdb_type not in _RESULTS:
        raise not_emulated(f"a result column of type {duckdb_type}")
    return dict(_RESULTS[duckdb_type])
