"""ALTER TABLE: columns added, changed, renamed and dropped, tables swapped."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import replace

from sqlglot import exp

from localcloud.snowflake.definitions.catalogue import Column, Table
from localcloud.snowflake.definitions.column_types import ColumnType, column_type
from localcloud.snowflake.definitions.tables import (
    PASSIVE,
    column_of,
    column_text,
    name_in,
    parsed,
    parts_in,
    store,
)
from localcloud.snowflake.errors import SnowflakeError, invalid_identifier, not_emulated
from localcloud.snowflake.results import Result, status
from localcloud.snowflake.session_state import SessionState
from localcloud.snowflake.sql.lexing import NAME, QUALIFIED_NAME, is_true, name_of, parts_of, quoted

_DONE = "Statement executed successfully."
_FLAGS = re.IGNORECASE | re.DOTALL
_ALTER = re.compile(
    rf"ALTER\s+TABLE\s+(?P<lenient>IF\s+EXISTS\s+)?(?P<table>{QUALIFIED_NAME})\s+(?P<action>.*)", _FLAGS
)
_SWAP = re.compile(rf"SWAP\s+WITH\s+({QUALIFIED_NAME})", _FLAGS)
_SET = re.compile(r"SET\s+(\w+)\s*=\s*(\w+)", _FLAGS)
_RENAME = re.compile(rf"RENAME\s+COLUMN\s+({NAME})\s+TO\s+({NAME})", _FLAGS)
_DROP_COLUMN = re.compile(rf"DROP\s+COLUMN\s+(?P<lenient>IF\s+EXISTS\s+)?(?P<column>{NAME})", _FLAGS)


def alter(session: SessionState, text: str) -> Result:
    """Run ALTER TABLE."""
    written = _ALTER.fullmatch(text)
    if written is not None:
        if written["lenient"] and session.find_table(parts_of(written["table"])) is None:
            return status(_DONE)
        table = session.table(parts_of(written["table"]))
        for pattern, change in _ALTERATIONS:
            if action := pattern.fullmatch(written["action"]):
                return change(session, table, action)
    tree = parsed(text)
    if isinstance(tree, exp.Alter):
        return _alter(session, tree)
    raise not_emulated(f"the statement {text[:80]}")


def _alter(session: SessionState, tree: exp.Alter) -> Result:
    table = session.table(parts_in(tree.this))
    columns = dict(table.columns)
    statements: list[str] = []
    for action in tree.args["actions"]:
        if isinstance(action, exp.ColumnDef):
            column = column_of(action)
            if column.name in columns:
                if action.args.get("exists"):
                    continue
                raise SnowflakeError(
                    "001430", "42601", f"SQL compilation error:\ncolumn '{column.name}' already exists"
                )
            if not column.is_nullable or column.default is not None:
                raise not_emulated(f"ADD COLUMN {column.name} with NOT NULL or a default")
            statements.append(f"ADD COLUMN {column_text(column)}")
        elif isinstance(action, exp.AlterColumn):
            column = _altered(columns, action)
            statements.append(
                f"ALTER COLUMN {quoted(column.name)} SET DATA TYPE {column.type.duckdb}"
                if action.args.get("dtype")
                else f"ALTER COLUMN {quoted(column.name)} DROP NOT NULL"
            )
        else:
            raise not_emulated(f"ALTER TABLE ... {action.sql(dialect='snowflake')}")
        columns[column.name] = column
    return _change(session, table, replace(table, columns=columns), statements)


def _altered(columns: dict[str, Column], action: exp.AlterColumn) -> Column:
    name = name_in(action.this)
    if name not in columns:
        raise invalid_identifier(name)
    before = columns[name]
    if action.args.get("drop") and action.args.get("allow_null"):
        return replace(before, is_nullable=True)
    if action.args.get("dtype") is None:
        raise not_emulated(f"ALTER TABLE ... {action.sql(dialect='snowflake')}")
    after = column_type(action.args["dtype"])
    if refusal := _why_not(before.type, after):
        code, why = refusal
        raise SnowflakeError(
            code,
            "22000",
            f"SQL compilation error:\ncannot change column {name} from type {before.type.snowflake} "
            f"to {after.snowflake}{why}",
        )
    return replace(before, type=after)


def _why_not(before: ColumnType, after: ColumnType) -> tuple[str, str] | None:
    """Code and words of a refusal: a text may grow; the precision of a number may change if its values fit; nothing
    else may.

    Source: https://docs.snowflake.com/en/sql-reference/sql/alter-table-column (documented). The codes 002108 and
    040050 and all sentences are observed in public error reports, 040052 is assumed.
    """
    if before.kind != after.kind:
        return "002108", ""
    if before.kind == "VARCHAR" and (after.length or 0) < (before.length or 0):
        return "040050", " because reducing the byte-length of a varchar is not supported."
    if before.kind == "NUMBER" and before.scale != after.scale:
        return "040052", " because changing the scale of a number is not supported."
    return None if before == after or before.kind in {"VARCHAR", "NUMBER"} else ("002108", "")


def _swap(session: SessionState, table: Table, action: re.Match[str]) -> Result:
    """Exchange two tables of one schema; what was loaded into a table stays with it."""
    other = session.table(parts_of(action[1]))
    if (table.database, table.schema) != (other.database, other.schema) or table.is_temporary or other.is_temporary:
        raise not_emulated("SWAP WITH across schemas or with a temporary table")

    def change() -> Result:
        between = f"swap_{uuid.uuid4().hex}"
        for old, new in ((table.name, between), (other.name, table.name), (between, other.name)):
            place = quoted(table.database, table.schema, old)
            session.cursor.execute(f"ALTER TABLE {place} RENAME TO {quoted(new)}")
        store(session, replace(table, name=other.name))
        store(session, replace(other, name=table.name))
        return status(_DONE)

    return session.in_transaction(change)


def _set(session: SessionState, table: Table, action: re.Match[str]) -> Result:
    name = action[1].upper()
    if name == "ENABLE_SCHEMA_EVOLUTION":
        return _change(session, table, replace(table, is_evolving=is_true(action[2])), [])
    if name not in PASSIVE:
        raise not_emulated(f"the property {name} of a table")
    return status(_DONE)


def _rename_column(session: SessionState, table: Table, action: re.Match[str]) -> Result:
    old, new = name_of(action[1]), name_of(action[2])
    if old not in table.columns:
        raise invalid_identifier(old)
    columns = {new if name == old else name: column for name, column in table.columns.items()}
    columns[new] = replace(columns[new], name=new)
    statement = f"RENAME COLUMN {quoted(old)} TO {quoted(new)}"
    return _change(session, table, replace(table, columns=columns), [statement])


def _drop_column(session: SessionState, table: Table, action: re.Match[str]) -> Result:
    name = name_of(action["column"])
    if name not in table.columns:
        if action["lenient"]:
            return status(_DONE)
        raise invalid_identifier(name)
    columns = {other: column for other, column in table.columns.items() if other != name}
    return _change(session, table, replace(table, columns=columns), [f"DROP COLUMN {quoted(name)}"])


_ALTERATIONS: list[tuple[re.Pattern[str], Callable[[SessionState, Table, re.Match[str]], Result]]] = [
    (_SWAP, _swap),
    (_SET, _set),
    (_RENAME, _rename_column),
    (_DROP_COLUMN, _drop_column),
]


def _change(session: SessionState, before: Table, after: Table, statements: list[str]) -> Result:
    if before.is_temporary:
        raise not_emulated("ALTER TABLE of a temporary table")

    def change() -> Result:
        for statement in statements:
            session.cursor.execute(f"ALTER TABLE {before.duckdb} {statement}")
        store(session, after)
        return status(_DONE)

    return session.in_transaction(change)
