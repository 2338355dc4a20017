"""A table's keys as texts and hashes that source and warehouse agree upon, so that they are compared without collation.

A key becomes one text, of which both sides take the MD5. Its first hex digits name the group of keys that are compared
by a count and a sum; the sum is of the last 32 bits. All expressions, of all engines and of Snowflake, are here.

PostgreSQL: `md5(bytea)` and `bit(32)::bigint`. Source: https://www.postgresql.org/docs/current/functions-binarystring.html
MySQL, MariaDB: MD5 of a text is of its bytes. Source: https://mariadb.com/kb/en/md5/
Snowflake: MD5 of the bytes of UTF-8, and MD5_NUMBER_LOWER64, the lower 64 bits without a sign.
Source: https://docs.snowflake.com/en/sql-reference/functions/md5_number_lower64
SQL Server: HASHBYTES takes a `varchar(max)` from 2016 on, and a collation that ends with UTF8 exists from 2019 on. No
server of this kind was ever reached by these expressions.
Source: https://learn.microsoft.com/en-us/sql/t-sql/functions/hashbytes-transact-sql
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from fleet.databases import Engine
from fleet.tables.catalogue import Table, TableName
from fleet.tables.columns import Column, find_losses

KeyKind = Literal["number", "text", "padded text", "uuid", "date", "truth"]
"""How a key's column becomes text. *padded text*: blanks at its end mean nothing at the source."""
HASH_DIGITS = 32
_SUMMED_FROM = HASH_DIGITS - 8 + 1
_SUMMED_BELOW = 2**32
_SHOWN_CHARACTERS = 60
NO_HASH = "null"
"""In place of the hash of a key in which Snowflake has a NULL; at the source there is none."""

_INTEGERS = ("tinyint", "smallint", "mediumint", "int", "bigint")
_KINDS: Mapping[Engine, Mapping[str, KeyKind]] = {
    "postgresql": {
        **dict.fromkeys(("smallint", "integer", "bigint"), "number"),
        "character varying": "text",
        "character": "padded text",
        "uuid": "uuid",
        "date": "date",
        "boolean": "truth",
    },
    "mysql": {
        **dict.fromkeys((*_INTEGERS, *(f"{one} unsigned" for one in _INTEGERS)), "number"),
        "varchar": "text",
        "char": "padded text",
        "date": "date",
    },
    "sqlserver": {
        **dict.fromkeys(_INTEGERS, "number"),
        **dict.fromkeys(("varchar", "nvarchar"), "text"),
        **dict.fromkeys(("char", "nchar"), "padded text"),
        "uniqueidentifier": "uuid",
        "date": "date",
        "bit": "truth",
    },
}
_DECIMALS = {"numeric", "decimal", "decimal unsigned"}
_DECIMAL_DIGITS = 38


@dataclass(frozen=True)
class KeyPart:
    """One column of a key, as the source names it, and how it becomes text."""

    column: str
    kind: KeyKind


@dataclass(frozen=True)
class KeyQuestion:
    """What is asked of a table's keys. *digits*: how many of the hash name a group.

    Without *prefixes* a count and a sum of each group; with them the hashes of all keys in those groups.
    """

    schema: str
    table: str
    parts: tuple[KeyPart, ...]
    digits: int
    prefixes: tuple[str, ...] = ()

    @property
    def name(self) -> TableName:
        """The table's two names."""
        return TableName(self.schema, self.table)


def key_parts(engine: Engine, table: Table) -> tuple[KeyPart, ...] | str:
    """The columns of *table*'s key in order; or why its keys are not compared, in words.

    >>> t = Table("s", "t", False, (Column("id", "bigint"), Column("at", "timestamp without time zone")), ("id",))
    >>> key_parts("postgresql", t)
    (KeyPart(column='id', kind='number'),)
    >>> from dataclasses import replace
    >>> key_parts("postgresql", replace(t, key=("id", "at")))
    "its key column 'at' is of type timestamp without time zone, of which no text is known that both sides agree upon"
    """
    columns = {column.name: column for column in table.columns}
    parts: list[KeyPart] = []
    for name in table.key:
        column = columns[name]
        kind = _kind(engine, column)
        if kind is None:
            return (
                f"its key column {name!r} is of type {column.declared or column.type_name}, of which no text is known "
                "that both sides agree upon"
            )
        if column.is_masked or any(loss.kind == "character" for loss in find_losses(engine, column, 1)):
            return f"values of its key column {name!r} do not arrive as they are"
        parts.append(KeyPart(name, kind))
    return tuple(parts)


def _kind(engine: Engine, column: Column) -> KeyKind | None:
    if column.type_name in _DECIMALS:
        digits = column.precision or _DECIMAL_DIGITS + 1
        return "number" if column.scale == 0 and digits <= _DECIMAL_DIGITS else None
    return _KINDS["mysql" if engine == "mariadb" else engine].get(column.type_name)


@dataclass(frozen=True)
class _Dialect:
    """How a server writes it. *texts*: of a column by its kind; *hashed*: MD5 of a text, in small hex digits; *summed*:
    the number that the last eight digits of a hash are; *joined*: texts, a bar between them."""

    texts: Mapping[KeyKind, str]
    hashed: str
    summed: str
    joined: Callable[[Sequence[str]], str]


def _by_bars(texts: Sequence[str]) -> str:
    return " || '|' || ".join(texts)


_POSTGRESQL = _Dialect(
    {
        "number": "{0}::text",
        "text": "{0}::text",
        "padded text": "rtrim({0}::text, ' ')",
        "uuid": "lower({0}::text)",
        "date": "to_char({0}, 'YYYYMMDD')",
        "truth": "{0}::text",
    },
    "md5(convert_to({0}, 'UTF8'))",
    f"('x' || substr(h, {_SUMMED_FROM}))::bit(32)::bigint",
    _by_bars,
)
_MYSQL = _Dialect(
    {
        "number": "CAST({0} + 0 AS CHAR)",  # without the zeros that ZEROFILL shows
        "text": "CONVERT({0} USING utf8mb4)",
        "padded text": "TRIM(TRAILING ' ' FROM CONVERT({0} USING utf8mb4))",
        "date": "DATE_FORMAT({0}, '%Y%m%d')",
    },
    "MD5({0})",
    f"CAST(CONV(SUBSTRING(h, {_SUMMED_FROM}), 16, 10) AS UNSIGNED)",
    lambda texts: f"CONCAT_WS('|', {', '.join(texts)})",
)
_IN_UTF8 = "CONVERT(varchar(max), {0} COLLATE Latin1_General_100_BIN2_UTF8)"
_SQLSERVER = _Dialect(
    {
        "number": "CONVERT(varchar(max), {0})",
        "text": _IN_UTF8,
        "padded text": f"RTRIM({_IN_UTF8})",
        "uuid": "CONVERT(varchar(max), LOWER(CONVERT(varchar(36), {0})))",
        "date": "CONVERT(varchar(max), CONVERT(varchar(8), {0}, 112))",
        "truth": "CONVERT(varchar(max), CASE {0} WHEN 1 THEN 'true' ELSE 'false' END)",
    },
    "LOWER(CONVERT(varchar(32), HASHBYTES('MD5', {0}), 2))",
    f"CONVERT(bigint, CONVERT(varbinary(4), SUBSTRING(h, {_SUMMED_FROM}, 8), 2))",
    lambda texts: " + '|' + ".join(texts),
)
_DIALECTS: Mapping[Engine, _Dialect] = {
    "postgresql": _POSTGRESQL,
    "mysql": _MYSQL,
    "mariadb": _MYSQL,
    "sqlserver": _SQLSERVER,
}
_SNOWFLAKE = _Dialect(
    {
        "number": "CAST(CAST({0} AS NUMBER(38,0)) AS VARCHAR)",
        "text": "{0}",
        "padded text": "RTRIM({0}, ' ')",
        "uuid": "LOWER({0})",
        "date": "LPAD(CAST(YEAR({0}) * 10000 + MONTH({0}) * 100 + DAY({0}) AS VARCHAR), 8, '0')",
        "truth": "LOWER(CAST({0} AS VARCHAR))",
    },
    "MD5({0})",
    "",
    _by_bars,
)


def _one_text(dialect: _Dialect, parts: Sequence[KeyPart], columns: Sequence[str]) -> str:
    """The key as one text. Of several columns, texts are hashed first: ('a', 'bc') is not ('ab', 'c') then, whatever is
    in them. No other kind of text has a bar in it."""
    texts = [dialect.texts[part.kind].format(column) for part, column in zip(parts, columns, strict=True)]
    if len(texts) == 1:
        return texts[0]
    is_free = [part.kind in {"text", "padded text"} for part in parts]
    return dialect.joined(
        [dialect.hashed.format(one) if free else one for one, free in zip(texts, is_free, strict=True)]
    )


def source_statement(engine: Engine, asked: KeyQuestion, quote: Callable[[str], str]) -> str:
    """What answers *asked* at the source: the first digits, the count and the sum of each group of keys; or the hashes
    of all keys in its groups. *quote*: a name as the engine quotes it.

    >>> asked = KeyQuestion("s", "t", (KeyPart("id", "number"),), 2)
    >>> print(source_statement("postgresql", asked, '"{}"'.format))
    SELECT left(h, 2), count(*), sum(('x' || substr(h, 25))::bit(32)::bigint) FROM (SELECT \
md5(convert_to("id"::text, 'UTF8')) AS h FROM "s"."t") AS k GROUP BY left(h, 2)
    >>> asked = KeyQuestion("s", "t", (KeyPart("name", "text"), KeyPart("n", "number")), 1, ("a", "f"))
    >>> print(source_statement("sqlserver", asked, "[{}]".format))
    SELECT h FROM (SELECT LOWER(CONVERT(varchar(32), HASHBYTES('MD5', LOWER(CONVERT(varchar(32), HASHBYTES('MD5', \
CONVERT(varchar(max), [name] COLLATE Latin1_General_100_BIN2_UTF8)), 2)) + '|' + CONVERT(varchar(max), [n])), 2)) AS h \
FROM [s].[t]) AS k WHERE left(h, 1) IN ('a', 'f')
    """
    dialect = _DIALECTS[engine]
    text = _one_text(dialect, asked.parts, [quote(part.column) for part in asked.parts])
    hashes = f"(SELECT {dialect.hashed.format(text)} AS h FROM {quote(asked.schema)}.{quote(asked.table)}) AS k"
    group = f"left(h, {asked.digits})"
    if asked.prefixes:
        return f"SELECT h FROM {hashes} WHERE {group} IN ({_listed(asked.prefixes)})"
    return f"SELECT {group}, count(*), sum({dialect.summed}) FROM {hashes} GROUP BY {group}"


def warehouse_statement(asked: KeyQuestion, rows: str, columns: Sequence[str]) -> str:
    """The same of Snowflake: GROUP_OF, KEY_COUNT and HASH_SUM of each group, or the HASH of each row in its groups.

    *rows*: what is selected from; *columns*: the key's, quoted.
    """
    text = _one_text(_SNOWFLAKE, asked.parts, columns)
    group = f"SUBSTR(H, 1, {asked.digits})"
    hashed = f"{warehouse_hash(asked.parts, columns)} AS H"
    if asked.prefixes:
        return f"SELECT H AS HASH FROM (SELECT {hashed} FROM {rows}) WHERE {group} IN ({_listed(asked.prefixes)})"
    summed = f"MOD(MD5_NUMBER_LOWER64({text}), {_SUMMED_BELOW}) AS N"
    return (
        f"SELECT {group} AS GROUP_OF, COUNT(*) AS KEY_COUNT, COALESCE(SUM(N), 0) AS HASH_SUM "
        f"FROM (SELECT {hashed}, {summed} FROM {rows}) GROUP BY {group}"
    )


def warehouse_hash(parts: Sequence[KeyPart], columns: Sequence[str]) -> str:
    """The hash of a row's key in Snowflake."""
    return f"COALESCE({_SNOWFLAKE.hashed.format(_one_text(_SNOWFLAKE, parts, columns))}, '{NO_HASH}')"


def warehouse_shown(parts: Sequence[KeyPart], columns: Sequence[str]) -> str:
    """A row's key in Snowflake for people to read, cut after a few words."""
    texts = [f"COALESCE({_SNOWFLAKE.texts[one.kind].format(at)}, '')" for one, at in zip(parts, columns, strict=True)]
    joined = " || ', ' || ".join(texts)
    return f"SUBSTR({joined}, 1, {_SHOWN_CHARACTERS})"


def _listed(prefixes: Sequence[str]) -> str:
    return ", ".join(f"'{one}'" for one in prefixes)
