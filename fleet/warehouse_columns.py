"""The columns of a Snowflake table: their names from the source's catalogue, their types from what the file holds.

What the file cannot say comes from the catalogue: INFER_SCHEMA gives no length of a text, one number type for every
whole number, and one kind of timestamp (docs/decisions/0028).
Source: https://docs.snowflake.com/en/sql-reference/functions/infer_schema (documented).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from fleet.databases import Deletes, Engine
from fleet.dms.endpoints import OPERATION_COLUMN, TIMESTAMP_COLUMN
from fleet.dms.mappings import DATABASE_COLUMN
from fleet.failures import Failure
from fleet.names import warehouse_name
from fleet.quotas import SNOWFLAKE_BINARY_BYTES, SNOWFLAKE_NUMBER_DIGITS, SNOWFLAKE_VARCHAR_CHARACTERS
from fleet.spelling import list_some
from fleet.tables.catalogue import Table
from fleet.tables.columns import DmsType, dms_type, number_type, parquet_type, snowflake_type

_RULES = 1
"""Raised when the rules of this file change, so that every table is looked at anew."""


class WarehouseColumn(NamedTuple):
    """A column of a Snowflake table, or of a staged file as Snowflake sees it. *type*: as Snowflake writes it."""

    name: str
    type: str

    def __str__(self) -> str:
        return f"{self.name} {self.type}"


LANDED, PRESENT = "landed", "present"
"""Where a look saw a column: in the staged file, or in the table."""
FILE_COLUMN, ROW_COLUMN = "_FILE", "_ROW"
OWN_COLUMNS = (
    WarehouseColumn(warehouse_name(DATABASE_COLUMN), "VARCHAR(32)"),
    WarehouseColumn(warehouse_name(TIMESTAMP_COLUMN), "VARCHAR(26)"),
    WarehouseColumn(FILE_COLUMN, "VARCHAR(1024)"),
    WarehouseColumn(ROW_COLUMN, "NUMBER(19,0)"),
)
OWN_NAMES = (*(column.name for column in OWN_COLUMNS), OPERATION_COLUMN)
"""Names that no column of a source may have: the table's own, and what DMS adds to each file."""
DELETED_AT, VALID_FROM, VALID_TO = "_DELETED_AT", "_VALID_FROM", "_VALID_TO"
KEEPING_COLUMNS: Mapping[Deletes, tuple[WarehouseColumn, ...]] = {
    "hard": (),
    "soft": (WarehouseColumn(DELETED_AT, "TIMESTAMP_NTZ(6)"),),
    "history": (WarehouseColumn(VALID_FROM, "TIMESTAMP_NTZ(6)"), WarehouseColumn(VALID_TO, "TIMESTAMP_NTZ(6)")),
}
"""What a table has beside `OWN_COLUMNS` to keep rows that are deleted at the source. No file has them."""
_LANDED_OWN = {name.upper() for name in (DATABASE_COLUMN, TIMESTAMP_COLUMN, OPERATION_COLUMN)}
_TYPE = re.compile(r"(?P<kind>\w+)(?:\s*\((?P<first>\d+)(?:,\s*(?P<second>\d+))?\))?")
_KINDS = {"TEXT": "VARCHAR", "STRING": "VARCHAR", "REAL": "FLOAT", "DOUBLE": "FLOAT"}


def type_parts(written: str) -> tuple[str, tuple[int, ...]]:
    """The kind of a Snowflake type, and its numbers.

    >>> type_parts("NUMBER(38, 0)"), type_parts("TEXT")
    (('NUMBER', (38, 0)), ('VARCHAR', ()))
    """
    found = _TYPE.fullmatch(written.strip().upper())
    if found is None:
        return written.strip().upper(), ()
    numbers = tuple(int(one) for one in (found["first"], found["second"]) if one is not None)
    return _KINDS.get(found["kind"], found["kind"]), numbers


def table_columns(engine: Engine, table: Table) -> tuple[WarehouseColumn, ...]:
    """The columns by the catalogue alone: the source's that DMS carries, in order, then our own."""
    typed = ((column, dms_type(engine, column)) for column in table.columns)
    carried = (WarehouseColumn(warehouse_name(one.name), snowflake_type(dms)) for one, dms in typed if dms is not None)
    return (*carried, *OWN_COLUMNS)


def fingerprint(engine: Engine, table: Table) -> str:
    """A short name of the table's columns with their types, and of what we make of them.

    >>> from fleet.tables.columns import Column
    >>> cents, mills = (Table("s", "t", False, (Column("a", "numeric", None, 10, scale),)) for scale in (2, 3))
    >>> fingerprint("postgresql", cents) == fingerprint("postgresql", mills)
    False
    """
    columns = [(one.name, one.type_name, one.length, one.precision, one.scale) for one in table.columns]
    text = json.dumps([_RULES, engine, columns, table_columns(engine, table)])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def wanted_columns(
    engine: Engine, table: Table, landed: Sequence[WarehouseColumn] | None
) -> tuple[WarehouseColumn, ...] | Failure:
    """The columns that hold all that *landed*, as INFER_SCHEMA lists it; by the catalogue where no file landed.

    A failure where a column landed that the catalogue does not have, or one that DMS carries did not land. One that our
    type table leaves out has a place where it landed: AWS says that unknown types may arrive as text.
    """
    if landed is None:
        return table_columns(engine, table)
    left = {column.name.upper(): column for column in landed}
    wanted: list[WarehouseColumn] = []
    missing: list[str] = []
    for column in table.columns:
        dms, found = dms_type(engine, column), left.pop(column.name.upper(), None)
        if found is not None:
            wanted.append(WarehouseColumn(warehouse_name(column.name), _holding(dms, found.type)))
        elif dms is not None:
            missing.append(column.name)
    if missing:
        text = (
            f"{table.name}: {_listed(missing)} of the source's catalogue did not land: the files of DMS lack them. "
            f"Nothing is loaded."
        )
        return Failure("landing_mismatch", "ColumnNotLanded", text)
    if strange := [column.name for name, column in left.items() if name not in _LANDED_OWN]:
        text = (
            f"{table.name}: {_listed(strange)} landed and are not in the source's catalogue, as it was read before the "
            f"start. Nothing is loaded. Was the table changed meanwhile? Then rerun it."
        )
        return Failure("landing_mismatch", "ColumnWithoutPlace", text)
    return (*wanted, *OWN_COLUMNS)


def _holding(dms: DmsType | None, in_file: str) -> str:
    """The type that holds what a file's column of type *in_file* holds; our own of *dms* where that is wide enough."""
    kind, numbers = type_parts(in_file)
    if dms is None or type_parts(snowflake_type(dms))[0] != kind:
        return _written(kind, numbers)
    ours = snowflake_type(dms)
    # Every whole number is NUMBER(38, 0) there; ours holds what Parquet's integer of that width can hold.
    if kind != "NUMBER" or (parquet_type(dms) != "DECIMAL" and numbers[1:] in {(), (0,)}):
        return ours
    precision, scale = (*numbers, 0, 0)[:2]
    our_precision, our_scale = type_parts(ours)[1]
    places = max(scale, our_scale)
    digits = places + max(precision - scale, our_precision - our_scale)
    return number_type(digits, places) if digits <= SNOWFLAKE_NUMBER_DIGITS.value else number_type(precision, scale)


def _written(kind: str, numbers: tuple[int, ...]) -> str:
    """A type as our tables declare it, where the file alone decides.

    >>> _written("VARCHAR", ()), _written("NUMBER", (12, 6)), _written("TIMESTAMP_NTZ", ())
    ('VARCHAR(16777216)', 'NUMBER(12,6)', 'TIMESTAMP_NTZ(6)')
    """
    if kind == "VARCHAR":
        return f"VARCHAR({SNOWFLAKE_VARCHAR_CHARACTERS.value})"
    if kind == "BINARY":
        return f"BINARY({SNOWFLAKE_BINARY_BYTES.value})"
    if kind == "TIMESTAMP_NTZ":
        return "TIMESTAMP_NTZ(6)"
    if kind == "NUMBER" and len(numbers) == 2:
        return number_type(*numbers)
    return f"{kind}({','.join(map(str, numbers))})" if numbers else kind


def read_landed(rows: Sequence[Mapping[str, str | None]]) -> tuple[WarehouseColumn, ...]:
    """The columns of the staged file, from the rows of a look; none where no file was looked at."""
    return tuple(
        WarehouseColumn(str(row["column_name"]), str(row["data_type"])) for row in rows if row["seen"] == LANDED
    )


def read_present(rows: Sequence[Mapping[str, str | None]]) -> tuple[WarehouseColumn, ...]:
    """The columns of the table, from the rows of a look; none where there is no such table.

    >>> blank = {"seen": "present", "length": None, "digits": None, "places": None, "fraction": None}
    >>> text = {**blank, "column_name": "A", "data_type": "TEXT", "length": "5"}
    >>> [str(column) for column in read_present([text, {**text, "data_type": "TIME", "fraction": "9"}])]
    ['A VARCHAR(5)', 'A TIME(9)']
    """
    return tuple(WarehouseColumn(str(row["column_name"]), _present_type(row)) for row in rows if row["seen"] == PRESENT)


def _present_type(row: Mapping[str, str | None]) -> str:
    kind, _ = type_parts(str(row["data_type"]))
    if kind == "NUMBER":
        return f"NUMBER({row['digits']},{row['places']})"
    number = row["length"] if kind in {"VARCHAR", "BINARY"} else row["fraction"]
    return kind if number is None else f"{kind}({number})"


def _listed(names: Sequence[str]) -> str:
    """
    >>> _listed(["a"]), _listed(["a", "b", "c", "d", "e"])
    ("column 'a'", "columns 'a', 'b', 'c' and 2 more")
    """
    if len(names) == 1:
        return f"column {names[0]!r}"
    return f"columns {list_some(list(map(repr, names)))}"
