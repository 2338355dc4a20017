"""SELECT, INSERT, UPDATE, DELETE and MERGE from Snowflake's SQL to DuckDB's.

What is not on the lists below is refused by name, because a function that both have may mean two things.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from localcloud.snowflake.definitions.column_types import cast_type
from localcloud.snowflake.errors import not_emulated, raising, syntax_error

_FUNCTIONS = (
    exp.Abs,
    exp.And,
    exp.Avg,
    exp.ByteLength,
    exp.Case,
    exp.Cast,
    exp.Coalesce,
    exp.Concat,
    exp.Count,
    exp.CountIf,
    exp.CurrentTimestamp,
    exp.DateDiff,
    exp.Day,
    exp.DateAdd,
    exp.DPipe,
    exp.Exists,
    exp.FirstValue,
    exp.If,
    exp.Lag,
    exp.Lead,
    exp.Length,
    exp.Lower,
    exp.Max,
    exp.MD5,
    exp.MD5NumberLower64,
    exp.Min,
    exp.Month,
    exp.Nullif,
    exp.Or,
    exp.Pad,
    exp.ParseJSON,
    exp.Replace,
    exp.Round,
    exp.RowNumber,
    exp.SplitPart,
    exp.Substring,
    exp.Sum,
    exp.Trim,
    exp.TryCast,
    exp.Upper,
    exp.Year,
)
_REFUSED = {
    exp.Lateral: "LATERAL",
    exp.Pivot: "PIVOT",
    exp.TableSample: "SAMPLE",
    exp.MatchRecognize: "MATCH_RECOGNIZE",
    exp.HistoricalData: "AT or BEFORE (Time Travel)",
    exp.Lambda: "a lambda",
    exp.Collate: "COLLATE",
    exp.Interval: "INTERVAL",
    exp.Parameter: "a session variable or a column of a stage",
    exp.Returning: "RETURNING",
    exp.Connect: "CONNECT BY",
    exp.IntDiv: "DIV0",
}
_KINDS = {
    exp.Select: "select",
    exp.SetOperation: "select",
    exp.Insert: "insert",
    exp.Update: "update",
    exp.Delete: "delete",
    exp.Merge: "merge",
}
NOW = "§NOW§"  # means the moment at which the statement starts
MERGE_SOURCE = '"temp"."main"."merge source"'


@dataclass(frozen=True)
class TableReference:
    """A table that a statement names, or a table whose loads COPY_HISTORY lists; *since*: from when on.

    *inferred*: the arguments of INFER_SCHEMA, by name. *pinned*: columns that the statement's WHERE holds to one text.
    """

    hole: str
    parts: tuple[str, ...]
    is_copy_history: bool = False
    since: str = ""
    inferred: tuple[tuple[str, str], ...] = ()
    pinned: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Translation:
    """DuckDB text with holes for tables, names and values, and what must be checked before it runs.

    *text*: of an INSERT, only what is inserted; *columns*: those an INSERT names; *width*: how many values it gives a
    row, or None where a star decides; *literals*: for each value that an INSERT selects the text that it is, or None
    where it is none; *actions*: of a MERGE; *source*: the query that a MERGE takes its rows from, to be laid out as
    MERGE_SOURCE; *ambiguous*: counts the rows that a MERGE would change twice; *acting*: counts those of each action;
    *names*: result columns, or None where a star decides; *used*, *declared*: columns the statement reads, and names it
    gives itself; *looks_only*: it selects columns of one table by their names, and no row.
    """

    kind: str
    tables: tuple[TableReference, ...]
    text: str = ""
    names: tuple[str, ...] | None = None
    columns: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    source: str = ""
    ambiguous: str = ""
    acting: str = ""
    width: int | None = None
    literals: tuple[str | None, ...] = ()
    is_overwriting: bool = False
    used: frozenset[str] = frozenset()
    declared: frozenset[str] = frozenset()
    looks_only: bool = False


@lru_cache(maxsize=2_048)
def translate(shaped_text: str) -> Translation:
    """The translation of a statement's shape (`shapes.py`). Raises SnowflakeError for what is not done here."""
    try:
        tree = sqlglot.parse_one(shaped_text, read="snowflake")
    except SqlglotError as error:
        raise syntax_error(str(error).splitlines()[0]) from error
    kind = next((name for node, name in _KINDS.items() if isinstance(tree, node)), None)
    if kind is None:
        raise not_emulated(f"the statement {shaped_text.split()[0]}")
    _refuse_unknown(tree)
    _refuse_twins(tree)
    names = _result_names(tree) if kind == "select" else None
    looks_only = _looks_only(tree)
    used = frozenset(_stored(one.this) for one in tree.find_all(exp.Column) if isinstance(one.this, exp.Identifier))
    declared = frozenset(_declared(tree))
    for identifier in tree.find_all(exp.Identifier):
        identifier.set("this", _stored(identifier))
        identifier.set("quoted", True)
    tables = tuple(_replace_tables(tree))
    tree = tree.transform(_adapted)
    plain = Translation(kind, tables, names=names, used=used, declared=declared, looks_only=looks_only)
    return _with_text(plain, tree)


def _with_text(plain: Translation, tree: exp.Expr) -> Translation:
    if isinstance(tree, exp.Insert):
        schema = tree.this if isinstance(tree.this, exp.Schema) else None
        columns = tuple(one.name for one in schema.expressions) if schema else ()
        if not isinstance(tree.expression, exp.Query | exp.Values):
            raise not_emulated("this form of INSERT")
        body = tree.expression.sql(dialect="duckdb")
        return replace(
            plain,
            text=body,
            columns=columns,
            width=_width(tree.expression),
            literals=_literals(tree.expression),
            is_overwriting=bool(tree.args.get("overwrite")),
        )
    if isinstance(tree, exp.Merge):
        plain = replace(plain, actions=_merge_actions(tree), source=_take_source(tree))
        plain = replace(plain, ambiguous=_ambiguous_text(tree), acting=_acting_text(tree))
        return replace(plain, text=_merge_text(tree))
    return replace(plain, text=tree.sql(dialect="duckdb"))


def _stored(identifier: exp.Identifier) -> str:
    return identifier.this if identifier.quoted else identifier.this.upper()


def _refuse_unknown(tree: exp.Expr) -> None:
    for node in tree.walk():
        if isinstance(node, exp.TableFromRows):
            continue
        for refused, name in _REFUSED.items():
            if isinstance(node, refused):
                raise not_emulated(name)
        if isinstance(node, exp.Anonymous | exp.AnonymousAggFunc):
            if not isinstance(node.find_ancestor(exp.TableFromRows), exp.TableFromRows):
                raise not_emulated(f"the function {node.name}")
        elif isinstance(node, exp.Func) and not isinstance(node, _FUNCTIONS):
            raise not_emulated(f"the function {node.sql_name()}")


def _refuse_twins(tree: exp.Expr) -> None:
    """Of two columns of one name DuckDB takes one; Snowflake says that the name is ambiguous."""
    for query in tree.find_all(exp.Subquery, exp.CTE):
        if isinstance(query.this, exp.Query):
            names = [one.alias_or_name for one in query.this.selects if one.alias_or_name not in {"", "*"}]
            if len(names) > len(set(names)):
                raise not_emulated("a subquery with two columns of one name")


def _result_names(tree: exp.Expr) -> tuple[str, ...] | None:
    if not isinstance(tree, exp.Query) or tree.is_star:
        return None
    return tuple(_result_name(one) for one in tree.selects)


def _looks_only(tree: exp.Expr) -> bool:
    given = {name for name, value in tree.args.items() if value}
    if not isinstance(tree, exp.Select) or given != {"expressions", "from_", "limit"}:
        return False
    is_table = isinstance(tree.args["from_"].this, exp.Table) and set(tree.args["from_"].this.args) <= {
        "this",
        "db",
        "catalog",
    }
    are_columns = all(isinstance(one, exp.Column) and not one.table for one in tree.expressions)
    return is_table and are_columns and tree.args["limit"].expression == exp.Literal.number(0)


def _result_name(projection: exp.Expr) -> str:
    """An alias or a column's name; otherwise the expression, as `shapes.Shaped.fill_name` will have it."""
    named = projection.args.get("alias") if isinstance(projection, exp.Alias) else None
    if isinstance(projection, exp.Column):
        named = projection.this
    if isinstance(named, exp.Identifier):
        return f'"{named.this}"' if "§" in named.this else _stored(named)
    return projection.sql(dialect="snowflake")


def _declared(tree: exp.Expr) -> Iterator[str]:
    for alias in tree.find_all(exp.Alias, exp.TableAlias, exp.CTE):
        if isinstance(alias.args.get("alias"), exp.Identifier):
            yield _stored(alias.args["alias"])
        if isinstance(alias, exp.TableAlias):
            yield from (_stored(one) for one in alias.columns)


def _replace_tables(tree: exp.Expr) -> Iterator[TableReference]:
    """Put a hole in the place of every stored table, and say what belongs there."""
    common = {one.alias for one in tree.find_all(exp.CTE)}
    nodes = [one for one in tree.find_all(exp.Table, exp.TableFromRows) if not _is_common(one, common)]
    pinned = [_pinned(one.find_ancestor(exp.Select)) for one in nodes]
    for at, node in enumerate(nodes):
        hole = f"§T{at}§"
        if isinstance(node, exp.TableFromRows):
            reference = _table_function(node, hole)
            alias = node.args.get("alias")
            node.replace(exp.Table(this=exp.to_identifier(hole, quoted=True), alias=alias))
        else:
            if not isinstance(node.this, exp.Identifier):
                raise not_emulated(f"selecting from {node.this.sql(dialect='snowflake')}")
            reference = TableReference(hole, tuple(part.name for part in node.parts), pinned=pinned[at])
            node.set("db", None)
            node.set("catalog", None)
            node.set("this", exp.to_identifier(hole, quoted=True))
        yield reference


def _pinned(select: exp.Select | None) -> tuple[tuple[str, str], ...]:
    """The columns that a SELECT from one table alone compares with one text each, and every row must equal."""
    where = select and select.args.get("where")
    if select is None or where is None or len(list(select.find_all(exp.Table))) != 1:
        return ()
    condition = where.this
    parts = condition.flatten() if isinstance(condition, exp.And) else [condition]
    return tuple(
        (one.this.name, one.expression.name)
        for one in parts
        if isinstance(one, exp.EQ)
        and isinstance(one.this, exp.Column)
        and isinstance(one.expression, exp.Literal)
        and one.expression.is_string
    )


def _is_common(node: exp.Expr, common: set[str]) -> bool:
    return isinstance(node, exp.Table) and node.name in common and not node.db


def _table_function(node: exp.TableFromRows, hole: str) -> TableReference:
    call = node.find(exp.Anonymous)
    if call is not None and call.name.upper() == "INFER_SCHEMA":
        return _infer_schema(call, hole)
    if call is None or call.name.upper() != "COPY_HISTORY":
        raise not_emulated(f"the table function {node.this.sql(dialect='snowflake')}")
    arguments = {one.this.name.upper(): one.expression for one in call.expressions if isinstance(one, exp.Kwarg)}
    if set(arguments) != {"TABLE_NAME", "START_TIME"}:
        raise not_emulated("COPY_HISTORY without, or with more than, TABLE_NAME => and START_TIME =>")
    since = arguments["START_TIME"].transform(_adapted).sql(dialect="duckdb")
    return TableReference(hole, (arguments["TABLE_NAME"].name,), is_copy_history=True, since=since)


def _infer_schema(call: exp.Anonymous, hole: str) -> TableReference:
    arguments = tuple((one.this.name.upper(), one.expression) for one in call.expressions if isinstance(one, exp.Kwarg))
    if len(arguments) < len(call.expressions) or not all(isinstance(value, exp.Literal) for _, value in arguments):
        raise not_emulated("INFER_SCHEMA with an argument that is no NAME => 'text'")
    return TableReference(hole, (), inferred=tuple((name, value.name) for name, value in arguments))


def _adapted(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.DataType):
        return cast_type(node)
    if isinstance(node, exp.CurrentTimestamp):
        return exp.to_identifier(NOW, quoted=True)
    if isinstance(node, exp.ByteLength):  # sqlglot would count the characters of a text
        of = node.this.sql(dialect="duckdb")
        text = f"CASE typeof({of}) WHEN 'BLOB' THEN octet_length({of}::BLOB) ELSE strlen({of}::VARCHAR) END"
        return sqlglot.parse_one(text, read="duckdb")
    if isinstance(node, exp.MD5NumberLower64):
        of = node.this.sql(dialect="duckdb")
        return sqlglot.parse_one(f"CAST('0x' || SUBSTRING(MD5({of}), 17, 16) AS UBIGINT)", read="duckdb")
    if isinstance(node, exp.Div | exp.Mod):
        # Snowflake: "Division by zero"; DuckDB gives infinity or NULL.
        failing = sqlglot.parse_one(raising("100051", "22012", "Division by zero"), read="duckdb")
        divisor = node.expression
        is_zero = exp.EQ(this=exp.paren(divisor.copy()), expression=exp.Literal.number(0))
        node.set("expression", exp.Case(ifs=[exp.If(this=is_zero, true=failing)], default=exp.paren(divisor)))
    return node


def _width(body: exp.Expr) -> int | None:
    if isinstance(body, exp.Values):
        return max(len(row.expressions) for row in body.expressions)
    return None if not isinstance(body, exp.Query) or body.is_star else len(body.selects)


def _literals(body: exp.Expr) -> tuple[str | None, ...]:
    if not isinstance(body, exp.Select) or body.is_star:
        return ()
    return tuple(one.name if isinstance(one, exp.Literal) and one.is_string else None for one in body.expressions)


def _take_source(tree: exp.Merge) -> str:
    """The query in USING, which the table MERGE_SOURCE takes the place of: it is read twice, and runs once. Empty where
    a table is there already.
    """
    using = tree.args["using"]
    if not isinstance(using, exp.Subquery):
        return ""
    tree.set("using", exp.alias_(exp.to_table(MERGE_SOURCE), using.alias, table=True, quoted=True))
    return using.this.sql(dialect="duckdb")


def _ambiguous_text(tree: exp.Merge) -> str:
    """The rows of the target that match more than one row of the source, as far as a WHEN MATCHED takes them up."""
    conditions = [
        when.args["condition"].sql(dialect="duckdb") if when.args.get("condition") else "TRUE"
        for when in tree.args["whens"].expressions
        if when.args["matched"]
    ]
    target, source, on = (part.sql(dialect="duckdb") for part in (tree.this, tree.args["using"], tree.args["on"]))
    return (
        f'SELECT count(*) FROM (SELECT "{tree.this.alias_or_name}".rowid FROM {target} JOIN {source} ON {on} '
        f"WHERE {' OR '.join(f'({one})' for one in conditions) or 'FALSE'} GROUP BY ALL HAVING count(*) > 1)"
    )


def _merge_text(tree: exp.Expr) -> str:
    for when in tree.args["whens"].expressions:
        if isinstance(when.args["then"], exp.Update):
            for assignment in when.args["then"].expressions:
                assignment.this.set("table", None)  # DuckDB's SET takes bare columns
    return tree.sql(dialect="duckdb")


def _acting_text(tree: exp.Merge) -> str:
    """How many rows of the source do what, asked before the MERGE: DuckDB's RETURNING takes as long as the MERGE."""
    target, source, on = (part.sql(dialect="duckdb") for part in (tree.this, tree.args["using"], tree.args["on"]))
    found = f'"{tree.this.alias_or_name}".rowid IS NOT NULL'
    branches = [
        f"WHEN {found if when.args['matched'] else f'NOT ({found})'} "
        f"AND ({when.args['condition'].sql(dialect='duckdb') if when.args.get('condition') else 'TRUE'}) "
        f"THEN '{_action(when)}'"
        for when in tree.args["whens"].expressions
    ]
    return f"SELECT CASE {' '.join(branches)} END, count(*) FROM {source} LEFT JOIN {target} ON {on} GROUP BY 1"


def _merge_actions(tree: exp.Expr) -> tuple[str, ...]:
    """What the MERGE may do, in the order in which Snowflake's result names it."""
    kinds = {_action(when) for when in tree.args["whens"].expressions}
    return tuple(kind for kind in ("insert", "update", "delete") if kind in kinds)


def _action(when: exp.Expr) -> str:
    then = when.args["then"]
    return "insert" if isinstance(then, exp.Insert) else "update" if isinstance(then, exp.Update) else "delete"
