"""SELECT, INSERT, UPDATE, DELETE, MERGE and TRUNCATE, run in a session."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import duckdb

from localcloud.quotas import SNOWFLAKE_BINARY_BYTES, SNOWFLAKE_VARCHAR_CHARACTERS
from localcloud.snowflake.definitions import information_schema, views
from localcloud.snowflake.definitions.catalogue import Column, Table, resolve
from localcloud.snowflake.errors import SnowflakeError, invalid_identifier, missing, not_emulated, raising
from localcloud.snowflake.loading.inferring import lay_out_schema
from localcloud.snowflake.results import Result, counts, status
from localcloud.snowflake.session_state import SessionState
from localcloud.snowflake.sql.lexing import QUALIFIED_NAME, literal, parts_of, quoted
from localcloud.snowflake.sql.shapes import Shaped, shape
from localcloud.snowflake.sql.translation import MERGE_SOURCE, NOW, TableReference, Translation, translate

_DONE = {"insert": "inserted", "update": "updated", "delete": "deleted"}
_COPY_HISTORY = (
    "FILE_NAME VARCHAR, LAST_LOAD_TIME TIMESTAMPTZ, ROW_COUNT BIGINT, ROW_PARSED BIGINT, FILE_SIZE BIGINT, "
    "STATUS VARCHAR"
)


def run_translated(session: SessionState, text: str, bindings: list[Any]) -> Result:
    """Run one query or change."""
    shaped = shape(text)
    translation = translate(shaped.text)
    tables: list[Table] = []
    places = {NOW: f"TIMESTAMPTZ '{session.now.isoformat()}'"}
    for reference in translation.tables:
        places[reference.hole] = _place(session, shaped, reference, tables, places)
    if translation.tables:
        session.require_warehouse()
    _refuse_changed_view(session, shaped, translation)
    _require_privileges(session, translation, tables)
    _refuse_other_case(shaped, translation, tables)
    filled = shaped.fill(translation.text, places)
    if translation.looks_only and len(tables) == 1:
        return _look(tables[0], translation, shaped)
    if translation.kind == "select":
        return _select(session, filled, bindings, translation, shaped)
    if translation.kind == "merge":
        if bindings:
            raise not_emulated("bindings in a MERGE")
        return _merge(session, tables[0], shaped, translation, places)
    return _CHANGES[translation.kind](session, tables[0], filled, bindings, translation, shaped)


def truncate(session: SessionState, text: str) -> Result:
    """Empty a table and forget which files were loaded into it."""
    written = re.fullmatch(rf"TRUNCATE\s+(?:TABLE\s+)?(IF\s+EXISTS\s+)?({QUALIFIED_NAME})", text, re.IGNORECASE)
    if written is None:
        raise not_emulated(f"this form of TRUNCATE: {text[:80]}")
    table = session.find_table(parts_of(written[2]))
    if table is None and written[1]:
        return status("Statement executed successfully.")
    table = table or session.table(parts_of(written[2]))
    session.require("TRUNCATE", table)
    session.cursor.execute(f"DELETE FROM {table.duckdb}")
    session.change_loads(table, {})
    return status("Statement executed successfully.")


def too_long(column: Column, expression: str) -> list[str]:
    """The branch of a CASE that fails as Snowflake does where the value is longer than the column takes, if one can."""
    limit = column.type.length
    if limit is None or column.type.kind == "VARIANT":
        return []
    is_binary = column.type.kind == "BINARY"
    length = f"octet_length({expression})" if is_binary else f"length({expression}::VARCHAR)"
    kind = "Binary value" if is_binary else "String"
    message = f"{kind} is too long and would be truncated, column {column.name} {column.type.snowflake}"
    return [f"WHEN {length} > {limit} THEN {raising('100078', '22000', message)}"]


def _bounded(column: Column, expression: str) -> list[str]:
    """Like `too_long`, but nothing for columns of the greatest length: no literal or value of a table is longer."""
    is_default = column.type.length in {SNOWFLAKE_VARCHAR_CHARACTERS.value, SNOWFLAKE_BINARY_BYTES.value}
    return [] if is_default else too_long(column, expression)


def _place(
    session: SessionState, shaped: Shaped, reference: TableReference, tables: list[Table], places: dict[str, str]
) -> str:
    """What fills a table's hole; a stored table is added to *tables*."""
    if reference.is_copy_history:
        table = session.table(parts_of(shaped.text_value(reference.parts[0])))
        since = shaped.fill(reference.since, places)
        return f"(FROM {_lay_out_history(session, table)} WHERE LAST_LOAD_TIME >= CAST({since} AS TIMESTAMPTZ))"
    if reference.inferred:
        return lay_out_schema(session, {name: shaped.text_value(value) for name, value in reference.inferred})
    parts = tuple(shaped.name(part) for part in reference.parts)
    if len(parts) > 1 and parts[-2] == "INFORMATION_SCHEMA":
        database = resolve(session.context, parts)[0]
        if not session.engine.catalogue.has_database(database):
            raise missing("Database", database)
        pinned = {shaped.name(name): shaped.text_value(value) for name, value in reference.pinned}
        return information_schema.lay_out(session.cursor, session.engine.catalogue, database, parts[-1], pinned)
    if view := _find_view(session, parts):
        return _lay_out_view(session, view)
    table = session.table(parts)
    tables.append(table)
    return table.duckdb


def _find_view(session: SessionState, parts: tuple[str, ...]) -> views.View | None:
    """The view of that name, unless a temporary table hides it."""
    key = resolve(session.context, parts)
    return None if key in session.temporary else views.find(session.engine.catalogue, key)


def _lay_out_view(session: SessionState, view: views.View) -> str:
    """Make the rows of *view* for the session; the name under which DuckDB has them.

    The session's role needs the view alone, the view's owner what it reads.
    Source: https://docs.snowflake.com/en/user-guide/views-introduction (documented).
    """
    session.require("SELECT", view.as_table)
    shaped = shape(view.query)
    translation = translate(shaped.text)
    places = {NOW: f"TIMESTAMPTZ '{session.now.isoformat()}'"}
    for reference in translation.tables:
        table = session.engine.catalogue.table(resolve(view.context, tuple(map(shaped.name, reference.parts))))
        session.engine.privileges.require(view.owner, "SELECT", table)
        places[reference.hole] = table.duckdb
    place = quoted("temp", "main", ".".join(view.key))
    session.cursor.execute(f"CREATE OR REPLACE TEMPORARY TABLE {place} AS {shaped.fill(translation.text, places)}")
    return place


def _refuse_changed_view(session: SessionState, shaped: Shaped, translation: Translation) -> None:
    """The first table of a change is the one that is changed."""
    if translation.kind == "select":
        return
    parts = tuple(map(shaped.name, translation.tables[0].parts))
    if _find_view(session, parts):
        raise not_emulated(f"{translation.kind.upper()} of the view {parts[-1]}")


def _require_privileges(session: SessionState, translation: Translation, tables: list[Table]) -> None:
    """The first table of a change is the one that is changed; all others are read."""
    changes = {"select": (), "merge": tuple(translation.actions)}.get(translation.kind, (translation.kind,))
    for change in changes:
        session.require(change.upper(), tables[0])
    for table in tables[1 if changes else 0 :]:
        session.require("SELECT", table)


def _lay_out_history(session: SessionState, table: Table) -> str:
    """Make the rows of COPY_HISTORY for the session; the name under which DuckDB has them."""
    place = quoted("temp", "main", f"{table.id}.COPY_HISTORY")
    session.cursor.execute(f"CREATE OR REPLACE TEMPORARY TABLE {place} ({_COPY_HISTORY})")
    rows = [
        f"({literal(one.uri)}, '{one.at.isoformat()}+00', {one.rows}, {one.rows}, {one.size_bytes}, 'Loaded')"
        for one in session.loads(table).values()
    ]
    if rows:
        session.cursor.execute(f"INSERT INTO {place} VALUES {', '.join(rows)}")
    return place


def _refuse_other_case(shaped: Shaped, translation: Translation, tables: list[Table]) -> None:
    """DuckDB would find column "ID" under the name "id"; Snowflake would not."""
    known = {name for table in tables for name in table.columns}
    known |= {shaped.name(name) for name in translation.declared}
    lower = {name.lower() for name in known}
    for used in translation.used:
        name = shaped.name(used)
        if name not in known and name.lower() in lower:
            raise invalid_identifier(name)


def _select(session: SessionState, text: str, bindings: list[Any], translation: Translation, shaped: Shaped) -> Result:
    cursor = session.cursor.execute(text, bindings)
    names, types = _described(cursor)
    if "TIMESTAMP WITH TIME ZONE" in types:
        # The driver would need pytz to return such a value; UTC without a zone says the same.
        inner = ", ".join(f"c{at}" for at in range(len(names)))
        outer = ", ".join(
            f"c{at} AT TIME ZONE 'UTC'" if kind == "TIMESTAMP WITH TIME ZONE" else f"c{at}"
            for at, kind in enumerate(types)
        )
        cursor = session.cursor.execute(f"SELECT {outer} FROM ({text}) AS q({inner})", bindings)
    if translation.names is not None:
        names = [shaped.fill_name(name) for name in translation.names]
    return Result(names, types, cursor.fetchall())


def _look(table: Table, translation: Translation, shaped: Shaped) -> Result:
    """What `SELECT <columns> FROM <table> LIMIT 0` answers: every load begins so, and DuckDB plans it slowly."""
    names = [shaped.fill_name(name) for name in translation.names or ()]
    for name in names:
        if name not in table.columns:
            raise invalid_identifier(name)
    return Result(names, [table.columns[name].type.duckdb for name in names], [])


def _described(cursor: duckdb.DuckDBPyConnection) -> tuple[list[str], list[str]]:
    described = cursor.description or []
    return [column[0] for column in described], [str(column[1]) for column in described]


def _insert(
    session: SessionState, table: Table, body: str, bindings: list[Any], translation: Translation, shaped: Shaped
) -> Result:
    names = [shaped.name(name) for name in translation.columns] or list(table.columns)
    for name in names:
        if name not in table.columns:
            raise invalid_identifier(name)
    width = translation.width
    if width is None:
        width = len(_described(session.cursor.execute(f"SELECT * FROM ({body}) LIMIT 0", bindings))[0])
    if width != len(names):
        raise SnowflakeError(
            "002020",
            "21S01",
            "SQL compilation error:\nInsert value list does not match column list "
            f"expecting {len(names)} but got {width}",
        )
    if translation.is_overwriting:
        session.cursor.execute(f"DELETE FROM {table.duckdb}")
    columns = ", ".join(quoted(name) for name in names)
    fitting = _fitting_literals([table.columns[name] for name in names], translation, shaped)
    lengths = [
        branch for name in names if name not in fitting for branch in _bounded(table.columns[name], f"s.{quoted(name)}")
    ]
    if lengths:
        body = f"SELECT {columns} FROM ({body}) AS s({columns}) WHERE CASE {' '.join(lengths)} ELSE true END"
    return counts(
        inserted=_affected(session.cursor.execute(f"INSERT INTO {table.duckdb} ({columns}) {body}", bindings))
    )


def _fitting_literals(columns: list[Column], translation: Translation, shaped: Shaped) -> set[str]:
    """The columns whose text is written in the statement itself and is seen there to be short enough."""
    return {
        column.name
        for column, text in zip(columns, translation.literals, strict=False)
        if text is not None
        and column.type.kind == "VARCHAR"
        and len(shaped.text_value(text)) <= (column.type.length or 0)
    }


def _delete(session: SessionState, _table: Table, text: str, bindings: list[Any], *_: object) -> Result:
    return counts(deleted=_affected(session.cursor.execute(text, bindings)))


def _update(session: SessionState, table: Table, text: str, bindings: list[Any], *_: object) -> Result:
    updated = _affected(session.cursor.execute(text, bindings))
    _refuse_too_long(session, table)
    return Result(
        ["number of rows updated", "number of multi-joined rows updated"], ["BIGINT", "BIGINT"], [[updated, 0]]
    )


def _merge(
    session: SessionState, table: Table, shaped: Shaped, translation: Translation, places: dict[str, str]
) -> Result:
    if translation.source:
        source = shaped.fill(translation.source, places)
        session.cursor.execute(f"CREATE OR REPLACE TEMPORARY TABLE {MERGE_SOURCE} AS {source}")
    # DuckDB would apply both changes, in any order.
    twice = session.cursor.execute(shaped.fill(translation.ambiguous, places)).fetchone()
    if twice != (0,):
        raise SnowflakeError("100090", "42P18", "Duplicate row detected during DML action")
    done = Counter(dict(session.cursor.execute(shaped.fill(translation.acting, places)).fetchall()))
    session.cursor.execute(shaped.fill(translation.text, places))
    if translation.source:
        session.cursor.execute(f"DROP TABLE {MERGE_SOURCE}")
    _refuse_too_long(session, table)
    return counts(**{_DONE[action]: done[action] for action in translation.actions})


def _refuse_too_long(session: SessionState, table: Table) -> None:
    """What a change wrote is checked afterwards: everything that was there before fitted."""
    checks = [branch for column in table.columns.values() for branch in _bounded(column, quoted(column.name))]
    if checks:
        session.cursor.execute(f"SELECT count(CASE {' '.join(checks)} END) FROM {table.duckdb}").fetchall()


def _affected(cursor: duckdb.DuckDBPyConnection) -> int:
    row = cursor.fetchone()
    if row is None:
        raise SnowflakeError("000603", "XX000", "SQL execution internal error: no count came back")
    return row[0]


_CHANGES = {"insert": _insert, "update": _update, "delete": _delete}
