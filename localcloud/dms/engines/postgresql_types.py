"""The table that a relation message of PostgreSQL's log speaks of, with the types that its catalogue would show."""

from __future__ import annotations

from pathlib import Path

import psycopg

from localcloud.dms.engines.changes import ChangedTable
from localcloud.dms.engines.pgoutput import Relation
from localcloud.dms.engines.reader import SourceTable
from localcloud.dms.type_tables.column import SourceColumn

_TYPES = (Path(__file__).parent / "postgresql_types.sql").read_bytes()
_KEY = """SELECT attname FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY (indkey)
    WHERE indrelid = %s AND indisprimary"""


def read_table(connection: psycopg.Connection, relation: Relation) -> ChangedTable:
    """The table as *relation* has it. Its key is the primary key that there is now, else the replica identity."""
    numbers = {
        "types": [column.type_id for column in relation.columns],
        "modifiers": [column.modifier for column in relation.columns],
    }
    types = connection.execute(_TYPES, numbers).fetchall()
    columns: list[SourceColumn] = []
    casts: dict[str, str] = {}
    for column, (name, length, precision, scale, cast) in zip(relation.columns, types, strict=True):
        columns.append(SourceColumn(column.name, name, length, precision, scale))
        casts[column.name] = cast
    key = tuple(name for (name,) in connection.execute(_KEY, [relation.id]).fetchall())
    if not key and relation.identity != "f":
        key = tuple(column.name for column in relation.columns if column.is_identity)
    return ChangedTable(SourceTable(relation.schema, relation.name, tuple(columns), key), relation.id, casts)
