"""INFER_SCHEMA: the columns of staged Parquet files, laid out for the session that asks.

Source: https://docs.snowflake.com/en/sql-reference/functions/infer_schema (documented: the columns of the result, that
every kind of timestamp comes as TIMESTAMP_NTZ, LOCATION as a prefix). How numbers are written, `NUMBER(38, 0)`
for every whole number among them, is assumed (docs/facts/snowflake.md 5).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import duckdb

from localcloud.snowflake.definitions.catalogue import resolve
from localcloud.snowflake.errors import SnowflakeError, not_emulated, syntax_error
from localcloud.snowflake.loading.formats import check_format
from localcloud.snowflake.loading.listing import look_into
from localcloud.snowflake.loading.stages import Integration, StagedObject
from localcloud.snowflake.session_state import SessionState
from localcloud.snowflake.sql.lexing import QUALIFIED_NAME, literal, parts_of

_LOCATION = re.compile(rf"@(?P<stage>{QUALIFIED_NAME})(?:/(?P<path>.*))?", re.DOTALL)
_NO_ROW = (
    "SELECT ''::VARCHAR AS COLUMN_NAME, ''::VARCHAR AS TYPE, true AS NULLABLE, ''::VARCHAR AS EXPRESSION, "
    "''::VARCHAR AS FILENAMES, 0::INTEGER AS ORDER_ID WHERE false"
)
_TYPES = {
    "FLOAT": "REAL",
    "DOUBLE": "REAL",
    "VARCHAR": "TEXT",
    "BLOB": "BINARY",
    "BOOLEAN": "BOOLEAN",
    "DATE": "DATE",
    "TIME": "TIME",
    "TIMESTAMP": "TIMESTAMP_NTZ",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP_NTZ",
}


def lay_out_schema(session: SessionState, arguments: Mapping[str, str]) -> str:
    """The rows of INFER_SCHEMA, as a subquery for DuckDB."""
    if set(arguments) != {"LOCATION", "FILE_FORMAT"}:
        raise not_emulated("INFER_SCHEMA without, or with more than, LOCATION => and FILE_FORMAT =>")
    session.require_warehouse()
    written = _LOCATION.fullmatch(arguments["LOCATION"])
    if written is None:
        raise syntax_error(f"unexpected {arguments['LOCATION']!r}: LOCATION is @<stage>/<path>")
    format_ = ".".join(resolve(session.context, parts_of(arguments["FILE_FORMAT"])))
    check_format(session.engine.catalogue.object("FILE FORMAT", format_))
    found: dict[tuple[str, str], list[str]] = {}
    integration, objects = look_into(session, written)
    for one in objects:
        for column in _columns_of(session, integration, one):
            found.setdefault(column, []).append(one.key)
    rows = [
        f"({literal(name)}, {literal(kind)}, true, {literal(f'$1:{name}::{kind}')}, {literal(', '.join(files))}, {at})"
        for at, ((name, kind), files) in enumerate(found.items())
    ]
    return f"({_NO_ROW} UNION ALL VALUES {', '.join(rows)})" if rows else f"({_NO_ROW})"


def _columns_of(session: SessionState, integration: Integration, one: StagedObject) -> list[tuple[str, str]]:
    file = session.engine.scratch_file()
    try:
        session.engine.stages.read(integration, one.bucket, one.key, file)
        relation = session.cursor.read_parquet(str(file))
        return [(name, _type(str(kind))) for name, kind in zip(relation.columns, relation.types, strict=True)]
    except duckdb.Error as error:
        raise SnowflakeError(
            "100069", "22000", f"Error parsing the parquet file: {error}\n  File '{one.uri}'"
        ) from error
    finally:
        file.unlink(missing_ok=True)


def _type(kind: str) -> str:
    """
    >>> _type("DECIMAL(12,6)"), _type("UBIGINT"), _type("DOUBLE")
    ('NUMBER(12, 6)', 'NUMBER(38, 0)', 'REAL')
    """
    if found := re.fullmatch(r"DECIMAL\((\d+),\s*(\d+)\)", kind):
        return f"NUMBER({found[1]}, {found[2]})"
    if re.fullmatch(r"U?(TINY|SMALL|BIG)?INT(EGER)?", kind):
        return "NUMBER(38, 0)"
    if kind not in _TYPES:
        raise not_emulated(f"INFER_SCHEMA of a Parquet column of type {kind}")
    return _TYPES[kind]
