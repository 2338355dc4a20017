"""Definitions of tables: CREATE, ALTER, DROP and DESCRIBE TABLE."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from localcloud.snowflake.definitions.catalogue import Column, Table, resolve
from localcloud.snowflake.definitions.column_types import ColumnType, column_type
from localcloud.snowflake.errors import SnowflakeError, exists_already, invalid_identifier, not_emulated, syntax_error
from localcloud.snowflake.results import Result, status, texts
from localcloud.snowflake.session_state import SessionState
from localcloud.snowflake.sql.lexing import NAME, QUALIFIED_NAME, is_true, name_of, parts_of, quoted

_DONE = "Statement executed successfully."
_FLAGS = re.IGNORECASE | re.DOTALL
_ALTER = re.compile(
    rf"ALTER\s+TABLE\s+(?P<lenient>IF\s+EXISTS\s+)?(?P<table>{QUALIFIED_NAME})\s+(?P<action>.*)", _FLAGS
)
_CREATE = re.compile(
    rf"(?P<before>CREATE\s+(?:OR\s+REPLACE\s+)?(?:(?:LOCAL|GLOBAL)\s+)?(?:TRANSIENT\s+|TEMP(?:ORARY)?\s+|VOLATILE\s+)?TABLE\s+"
    rf"(?:IF\s+NOT\s+EXISTS\s+)?)(?P<table>{QUALIFIED_NAME})(?P<after>.*)",
    _FLAGS,
)
_ANY_NAME = '"T"'
_SWAP = re.compile(rf"SWAP\s+WITH\s+({QUALIFIED_NAME})", _FLAGS)
_SET = re.compile(r"SET\s+(\w+)\s*=\s*(\w+)", _FLAGS)
_RENAME = re.compile(rf"RENAME\s+COLUMN\s+({NAME})\s+TO\s+({NAME})", _FLAGS)
_DROP_COLUMN = re.compile(rf"DROP\s+COLUMN\s+({NAME})", _FLAGS)
# Properties that change nothing that can be seen here.
_PASSIVE = {"DATA_RETENTION_TIME_IN_DAYS", "MAX_DATA_EXTENSION_TIME_IN_DAYS", "CHANGE_TRACKING", "COMMENT"}


def define(session: SessionState, text: str) -> Result:
    """Run CREATE, ALTER or DROP TABLE."""
    written = _ALTER.fullmatch(text)
    if written is not None:
        if written["lenient"] and session.find_table(parts_of(written["table"])) is None:
            return status(_DONE)
        table = session.table(parts_of(written["table"]))
        for pattern, change in _ALTERATIONS:
            if action := pattern.fullmatch(written["action"]):
                return change(session, table, action)
    written = _CREATE.fullmatch(text)
    if written and (definition := _read(f"{written['before']}{_ANY_NAME}{written['after']}")):
        return _create(session, definition, parts_of(written["table"]))
    tree = _parsed(text)
    if isinstance(tree, exp.Alter):
        return _alter(session, tree)
    if isinstance(tree, exp.Drop):
        return _drop(session, tree)
    raise not_emulated(f"the statement {text[:80]}")


def _parsed(text: str) -> exp.Expr:
    try:
        return sqlglot.parse_one(text, read="snowflake")
    except SqlglotError as error:
        raise syntax_error(str(error).splitlines()[0]) from error


@dataclass(frozen=True)
class _Definition:
    """What a CREATE TABLE says of a table, whatever its name. *like*: the table whose columns it takes, or ()."""

    columns: dict[str, Column]
    like: tuple[str, ...]
    is_transient: bool
    is_evolving: bool
    is_temporary: bool
    is_lenient: bool
    is_replacing: bool


@lru_cache(maxsize=512)
def _read(text: str) -> _Definition | None:
    """The definition, which nobody may change, or None where *text* is no CREATE. Tables of one kind differ in their
    names only, and to read thirty columns costs as much as to load them."""
    tree = _parsed(text)
    if not isinstance(tree, exp.Create):
        return None
    if tree.expression is not None or tree.args.get("clone") is not None:
        raise not_emulated("CREATE TABLE from a query or as a CLONE")
    is_temporary, is_evolving = _properties(tree)
    like = tree.find(exp.LikeProperty)
    return _Definition(
        {} if like else _columns(tree),
        _parts(like.this) if like else (),
        tree.find(exp.TransientProperty) is not None,
        is_evolving,
        is_temporary,
        bool(tree.args.get("exists")),
        bool(tree.args.get("replace")),
    )


def describe(table: Table) -> Result:
    """The columns of a table as DESCRIBE TABLE lists them."""
    names = ["name", "type", "kind", "null?", "default", "primary key", "unique key"]
    rows = [
        [column.name, column.type.snowflake, "COLUMN", "Y" if column.is_nullable else "N", column.default, "N", "N"]
        for column in table.columns.values()
    ]
    return texts(names, rows)


def _create(session: SessionState, definition: _Definition, parts: tuple[str, ...]) -> Result:
    key = resolve(session.context, parts)
    is_temporary = definition.is_temporary
    existing = session.temporary.get(key) if is_temporary else session.engine.catalogue.find_table(key)
    if existing is not None and definition.is_lenient:
        return status(f"{key[2]} already exists, statement succeeded.")
    if existing is not None and not definition.is_replacing:
        raise exists_already(key[2])
    table = Table(
        *key,
        session.table(definition.like).columns if definition.like else definition.columns,
        is_transient=definition.is_transient,
        is_evolving=definition.is_evolving,
        is_temporary=is_temporary,
    )
    if is_temporary:
        return _create_temporary(session, table)
    session.engine.catalogue.refuse_look_alike_table(key)
    session.engine.privileges.own_table(table, session.context["role"])
    done = status(f"Table {table.name} successfully created.")
    if existing is None:  # every load's first, and one statement is a transaction by itself
        session.cursor.execute(_create_text(table))
        session.engine.catalogue.remember(table)
        return done

    def change() -> Result:
        session.cursor.execute(f"DROP TABLE {existing.duckdb}")
        session.cursor.execute(_create_text(table))
        _store(session, table)
        return done

    return session.in_transaction(change)


def _create_temporary(session: SessionState, table: Table) -> Result:
    if any(other.name.lower() == table.name.lower() and other.key != table.key for other in session.temporary.values()):
        raise not_emulated(f"two temporary tables named {table.name} in one request")
    session.cursor.execute(f"DROP TABLE IF EXISTS {table.duckdb}")
    session.cursor.execute(_create_text(table))
    session.temporary[table.key] = table
    return status(f"Table {table.name} successfully created.")


def _create_text(table: Table) -> str:
    kind = "TEMPORARY TABLE" if table.is_temporary else "TABLE"
    return f"CREATE {kind} {table.duckdb} ({', '.join(_column_text(one) for one in table.columns.values())})"


def _column_text(column: Column) -> str:
    default = "" if column.default is None else f" DEFAULT {column.default}"
    return f"{quoted(column.name)} {column.type.duckdb}{'' if column.is_nullable else ' NOT NULL'}{default}"


def _properties(tree: exp.Create) -> tuple[bool, bool]:
    """Whether a CREATE TABLE is temporary, and whether its schema evolves; what we do not know is refused."""
    is_temporary = is_evolving = False
    properties = tree.args.get("properties")
    for one in properties.expressions if properties else []:
        if isinstance(one, exp.TemporaryProperty):
            is_temporary = True
        elif isinstance(one, exp.Property) and type(one) is exp.Property:
            name = one.name.upper()
            if name == "ENABLE_SCHEMA_EVOLUTION":
                is_evolving = is_true(one.args["value"].name or one.args["value"].sql())
            elif name not in _PASSIVE:
                raise not_emulated(f"the property {name} of a table")
        elif not isinstance(one, exp.TransientProperty | exp.SchemaCommentProperty | exp.LikeProperty):
            raise not_emulated(f"the property {one.sql(dialect='snowflake')} of a table")
    return is_temporary, is_evolving


def _columns(tree: exp.Create) -> dict[str, Column]:
    columns: dict[str, Column] = {}
    if not isinstance(tree.this, exp.Schema):
        raise not_emulated("CREATE TABLE without columns")
    for one in tree.this.expressions:
        if isinstance(one, exp.ColumnDef):
            column = _column(one)
            if column.name in columns:
                raise SnowflakeError(
                    "002025", "42S21", f"SQL compilation error:\nduplicate column name '{column.name}'"
                )
            columns[column.name] = column
        elif not isinstance(one, exp.PrimaryKey):  # Snowflake records a primary key and does not enforce it
            raise not_emulated(f"{one.sql(dialect='snowflake')} in CREATE TABLE")
    return columns


def _column(written: exp.ColumnDef) -> Column:
    is_nullable, default = True, None
    for constraint in written.constraints:
        kind = constraint.kind
        if isinstance(kind, exp.NotNullColumnConstraint):
            is_nullable = bool(kind.args.get("allow_null"))
        elif isinstance(kind, exp.DefaultColumnConstraint) and isinstance(
            kind.this, exp.Literal | exp.Boolean | exp.Null
        ):
            default = kind.this.sql(dialect="duckdb")
        elif not isinstance(kind, exp.CommentColumnConstraint | exp.PrimaryKeyColumnConstraint):
            raise not_emulated(f"{constraint.sql(dialect='snowflake')} of a column")
    if written.kind is None:
        raise syntax_error(f"column {written.name} has no type")
    return Column(_name(written.this), column_type(written.kind), is_nullable, default)


def _alter(session: SessionState, tree: exp.Alter) -> Result:
    table = session.table(_parts(tree.this))
    columns = dict(table.columns)
    statements: list[str] = []
    for action in tree.args["actions"]:
        if isinstance(action, exp.ColumnDef):
            column = _column(action)
            if column.name in columns:
                if action.args.get("exists"):
                    continue
                raise SnowflakeError(
                    "001430", "42601", f"SQL compilation error:\ncolumn '{column.name}' already exists"
                )
            if not column.is_nullable or column.default is not None:
                raise not_emulated(f"ADD COLUMN {column.name} with NOT NULL or a default")
            statements.append(f"ADD COLUMN {_column_text(column)}")
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
    name = _name(action.this)
    if name not in columns:
        raise invalid_identifier(name)
    before = columns[name]
    if action.args.get("drop") and action.args.get("allow_null"):
        return replace(before, is_nullable=True)
    if action.args.get("dtype") is None:
        raise not_emulated(f"ALTER TABLE ... {action.sql(dialect='snowflake')}")
    after = column_type(action.args["dtype"])
    if not _may_become(before.type, after):
        raise SnowflakeError(
            "002023",
            "22000",
            f"SQL compilation error:\ncannot change column {name} from type {before.type.snowflake} "
            f"to {after.snowflake}",
        )
    return replace(before, type=after)


def _may_become(before: ColumnType, after: ColumnType) -> bool:
    """A text may grow; the precision of a number may change if its values fit; nothing else may.

    Source: https://docs.snowflake.com/en/sql-reference/sql/alter-table-column (documented).
    """
    if before.kind != after.kind:
        return False
    if before.kind == "VARCHAR":
        return (after.length or 0) >= (before.length or 0)
    return before == after or (before.kind == "NUMBER" and before.scale == after.scale)


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
        _store(session, replace(table, name=other.name))
        _store(session, replace(other, name=table.name))
        return status(_DONE)

    return session.in_transaction(change)


def _set(session: SessionState, table: Table, action: re.Match[str]) -> Result:
    name = action[1].upper()
    if name == "ENABLE_SCHEMA_EVOLUTION":
        return _change(session, table, replace(table, is_evolving=is_true(action[2])), [])
    if name not in _PASSIVE:
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
    name = name_of(action[1])
    if name not in table.columns:
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
        _store(session, after)
        return status(_DONE)

    return session.in_transaction(change)


def _drop(session: SessionState, tree: exp.Drop) -> Result:
    written = tree.find(exp.Table)
    if written is None:
        raise not_emulated(f"the statement {tree.sql(dialect='snowflake')}")
    parts = _parts(written)
    table = session.find_table(parts)
    if table is None and tree.args.get("exists"):
        return status("Drop statement executed successfully.")
    table = table or session.table(parts)
    done = status(f"{table.name} successfully dropped.")
    if table.is_temporary:
        session.cursor.execute(f"DROP TABLE {table.duckdb}")
        del session.temporary[table.key]
        return done

    def change() -> Result:
        session.cursor.execute(f"DROP TABLE {table.duckdb}")
        session.after_commit.append(lambda: session.engine.catalogue.forget(table))
        return done

    return session.in_transaction(change)


def _store(session: SessionState, table: Table) -> None:
    session.after_commit.append(lambda: session.engine.catalogue.remember(table))


def _parts(table: exp.Expr) -> tuple[str, ...]:
    if not isinstance(table, exp.Table):
        raise not_emulated(f"a table written as {table.sql(dialect='snowflake')}")
    return tuple(_name(part) for part in table.parts)


def _name(identifier: exp.Expr) -> str:
    if isinstance(identifier, exp.Identifier):
        return identifier.name if identifier.quoted else identifier.name.upper()
    return identifier.name.upper()
