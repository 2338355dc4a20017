"""Definitions of tables: CREATE, DROP and DESCRIBE TABLE."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from localcloud.snowflake.definitions import views
from localcloud.snowflake.definitions.catalogue import Column, Table, resolve
from localcloud.snowflake.definitions.column_types import column_type
from localcloud.snowflake.errors import SnowflakeError, exists_already, not_emulated, syntax_error
from localcloud.snowflake.results import Result, status, texts
from localcloud.snowflake.session_state import SessionState
from localcloud.snowflake.sql.lexing import QUALIFIED_NAME, is_true, parts_of, quoted

_DONE = "Statement executed successfully."
_FLAGS = re.IGNORECASE | re.DOTALL
_CREATE = re.compile(
    rf"(?P<before>CREATE\s+(?:OR\s+REPLACE\s+)?(?:(?:LOCAL|GLOBAL)\s+)?(?:TRANSIENT\s+|TEMP(?:ORARY)?\s+|VOLATILE\s+)?TABLE\s+"
    rf"(?:IF\s+NOT\s+EXISTS\s+)?)(?P<table>{QUALIFIED_NAME})(?P<after>.*)",
    _FLAGS,
)
_ANY_NAME = '"T"'
# Properties that change nothing that can be seen here.
PASSIVE = {"DATA_RETENTION_TIME_IN_DAYS", "MAX_DATA_EXTENSION_TIME_IN_DAYS", "CHANGE_TRACKING", "COMMENT"}


def define(session: SessionState, text: str) -> Result:
    """Run CREATE or DROP TABLE."""
    written = _CREATE.fullmatch(text)
    if written and (definition := _read(f"{written['before']}{_ANY_NAME}{written['after']}")):
        return _create(session, definition, parts_of(written["table"]))
    tree = parsed(text)
    if isinstance(tree, exp.Drop):
        return _drop(session, tree)
    raise not_emulated(f"the statement {text[:80]}")


def parsed(text: str) -> exp.Expr:
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
    copies_grants: bool


@lru_cache(maxsize=512)
def _read(text: str) -> _Definition | None:
    """The definition, which nobody may change, or None where *text* is no CREATE. Tables of one kind differ in their
    names only, and to read thirty columns costs as much as to load them."""
    tree = parsed(text)
    if not isinstance(tree, exp.Create):
        return None
    if tree.expression is not None or tree.args.get("clone") is not None:
        raise not_emulated("CREATE TABLE from a query, or this form of CLONE")
    is_temporary, is_evolving = _properties(tree)
    like = tree.find(exp.LikeProperty)
    return _Definition(
        {} if like else _columns(tree),
        parts_in(like.this) if like else (),
        tree.find(exp.TransientProperty) is not None,
        is_evolving,
        is_temporary,
        bool(tree.args.get("exists")),
        bool(tree.args.get("replace")),
        tree.find(exp.CopyGrantsProperty) is not None,
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
    if views.find(session.engine.catalogue, key) is not None:
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
    own(session, table, existing if definition.copies_grants else None)
    done = status(f"Table {table.name} successfully created.")
    if existing is None:  # every load's first, and one statement is a transaction by itself
        session.cursor.execute(create_text(table))
        session.engine.catalogue.remember(table)
        return done

    def change() -> Result:
        session.cursor.execute(f"DROP TABLE {existing.duckdb}")
        session.cursor.execute(create_text(table))
        store(session, table)
        return done

    return session.in_transaction(change)


def own(session: SessionState, table: Table, like: Table | None) -> None:
    """Note whose the new *table* is, and who else may use it: as *like*, or by the future grants."""
    if like is None:
        session.engine.privileges.own_table(table, session.context["role"])
    else:
        session.engine.privileges.copy_grants(like, table, session.context["role"])


def _create_temporary(session: SessionState, table: Table) -> Result:
    if any(other.name.lower() == table.name.lower() and other.key != table.key for other in session.temporary.values()):
        raise not_emulated(f"two temporary tables named {table.name} in one request")
    session.cursor.execute(f"DROP TABLE IF EXISTS {table.duckdb}")
    session.cursor.execute(create_text(table))
    session.temporary[table.key] = table
    return status(f"Table {table.name} successfully created.")


def create_text(table: Table) -> str:
    kind = "TEMPORARY TABLE" if table.is_temporary else "TABLE"
    return f"CREATE {kind} {table.duckdb} ({', '.join(column_text(one) for one in table.columns.values())})"


def column_text(column: Column) -> str:
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
            elif name not in PASSIVE:
                raise not_emulated(f"the property {name} of a table")
        elif not isinstance(
            one, exp.TransientProperty | exp.SchemaCommentProperty | exp.LikeProperty | exp.CopyGrantsProperty
        ):
            raise not_emulated(f"the property {one.sql(dialect='snowflake')} of a table")
    return is_temporary, is_evolving


def _columns(tree: exp.Create) -> dict[str, Column]:
    columns: dict[str, Column] = {}
    if not isinstance(tree.this, exp.Schema):
        raise not_emulated("CREATE TABLE without columns")
    for one in tree.this.expressions:
        if isinstance(one, exp.ColumnDef):
            column = column_of(one)
            if column.name in columns:
                raise SnowflakeError(
                    "002025", "42S21", f"SQL compilation error:\nduplicate column name '{column.name}'"
                )
            columns[column.name] = column
        elif not isinstance(one, exp.PrimaryKey):  # Snowflake records a primary key and does not enforce it
            raise not_emulated(f"{one.sql(dialect='snowflake')} in CREATE TABLE")
    return columns


def column_of(written: exp.ColumnDef) -> Column:
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
    return Column(name_in(written.this), column_type(written.kind), is_nullable, default)


def _drop(session: SessionState, tree: exp.Drop) -> Result:
    written = tree.find(exp.Table)
    if written is None:
        raise not_emulated(f"the statement {tree.sql(dialect='snowflake')}")
    parts = parts_in(written)
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


def store(session: SessionState, table: Table) -> None:
    session.after_commit.append(lambda: session.engine.catalogue.remember(table))


def parts_in(table: exp.Expr) -> tuple[str, ...]:
    if not isinstance(table, exp.Table):
        raise not_emulated(f"a table written as {table.sql(dialect='snowflake')}")
    return tuple(name_in(part) for part in table.parts)


def name_in(identifier: exp.Expr) -> str:
    if isinstance(identifier, exp.Identifier):
        return identifier.name if identifier.quoted else identifier.name.upper()
    return identifier.name.upper()
