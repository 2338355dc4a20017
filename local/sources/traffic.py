"""A day's changes at a PostgreSQL source: real ones, to any table with a primary key, the same ones for the same seed.

Values come from the rows that are there, so nothing has to be known of a table but its catalogue. What a constraint
refuses is rolled back to a savepoint and left out.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import psycopg
from psycopg import errors, sql

from fleet.names import MARK_TABLE
from fleet.tables.catalogue import TableName

_MOST = 20
"""So many rows of a table are changed in one way at most, and a tenth of them otherwise."""
_JOINED = 3
"""So many tables are changed in one transaction together."""
_REFUSALS = (errors.IntegrityError, errors.DataError)
# Else a deferred constraint would refuse the whole transaction at its end.
_AT_ONCE = "SET CONSTRAINTS ALL IMMEDIATE"
_TABLES = """
SELECT n.nspname, c.relname,
       array_agg(a.attname ORDER BY a.attnum) FILTER (WHERE a.attgenerated = ''),
       array_agg(a.attname ORDER BY a.attnum) FILTER (WHERE a.attgenerated = '' AND NOT u.is_unique),
       array_agg(a.attname ORDER BY a.attnum) FILTER (WHERE k.is_key),
       array_agg(t.typname || CASE WHEN a.atttypmod > 4 AND t.typcategory = 'S' THEN ' ' || a.atttypmod - 4 ELSE '' END
                 ORDER BY a.attnum) FILTER (WHERE k.is_key),
       bool_or(k.is_key AND a.attidentity = 'a')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped JOIN pg_type t ON t.oid = a.atttypid
CROSS JOIN LATERAL (SELECT EXISTS (
    SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND a.attnum = ANY(i.indkey)) AS is_unique) u
CROSS JOIN LATERAL (SELECT EXISTS (
    SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary AND a.attnum = ANY(i.indkey)) AS is_key) k
WHERE c.relkind = 'r' AND n.nspname = ANY(%s) AND c.relname <> %s
GROUP BY n.nspname, c.relname HAVING bool_or(k.is_key) ORDER BY n.nspname, c.relname
"""


@dataclass(frozen=True)
class TableTraffic:
    """What was committed of changes to one table, in rows. A row whose key changed was updated."""

    schema: str
    table: str
    inserted: int = 0
    updated: int = 0
    deleted: int = 0

    @property
    def all(self) -> int:
        """All of them."""
        return self.inserted + self.updated + self.deleted


@dataclass(frozen=True)
class _Keyed:
    """A table with a primary key. *columns*: that take a value; *free*: in no unique index; *key_types*: each with the
    most characters of a text. *is_fixed*: the server alone gives the key its values in an update."""

    name: TableName
    columns: tuple[str, ...]
    free: tuple[str, ...]
    key: tuple[str, ...]
    key_types: tuple[str, ...]
    is_fixed: bool

    @property
    def sql(self) -> sql.Identifier:
        """Its name in SQL."""
        return sql.Identifier(*self.name)


def make_traffic(connection: psycopg.Connection[Any], schemas: Sequence[str], seed: int) -> tuple[TableTraffic, ...]:
    """Change rows of every keyed table of *schemas*; what was changed of each, without those that stayed as they were.

    Of each table some rows get a column's value from another row, one gets a new key, copies of rows come under new
    keys, and rows go, each kind in a transaction of its own. Then one transaction changes several tables.
    """
    rows = connection.execute(_TABLES, [list(schemas), MARK_TABLE]).fetchall()
    tables = [
        _Keyed(TableName(schema, table), tuple(columns), tuple(free or ()), tuple(key), tuple(types), is_fixed)
        for schema, table, columns, free, key, types, is_fixed in rows
    ]
    connection.commit()
    made = {one.name: TableTraffic(*one.name) for one in tables}
    chance = random.Random(seed)  # noqa: S311  which rows, repeatable
    for table in tables:
        for change in (_update, _change_key, _insert, _delete):
            with connection.transaction():
                connection.execute(_AT_ONCE)
                made[table.name] = change(connection, table, chance, made[table.name], _MOST)
    with connection.transaction():
        connection.execute(_AT_ONCE)
        joined = chance.sample(tables, min(_JOINED, len(tables)))
        for table, change in zip(joined, (_insert, _update, _delete), strict=False):
            made[table.name] = change(connection, table, chance, made[table.name], 2)
    return tuple(one for one in made.values() if one.all)


def _update(
    connection: psycopg.Connection[Any], table: _Keyed, chance: random.Random, made: TableTraffic, most: int
) -> TableTraffic:
    """Rows take another row's value of a column that is in no unique index."""
    places = _choose(connection, table, chance, most, least=min(most, 5))
    givers = _choose(connection, table, chance, len(places), least=len(places))
    count = 0
    for place, giver in zip(places, givers, strict=True) if table.free else ():
        column = sql.Identifier(chance.choice(table.free))
        statement = sql.SQL("UPDATE {table} SET {column} = (SELECT {column} FROM {table} WHERE {giver}) WHERE {place}")
        count += _try(connection, statement.format(table=table.sql, column=column, giver=giver, place=place))
    return replace(made, updated=made.updated + count)


def _change_key(
    connection: psycopg.Connection[Any], table: _Keyed, chance: random.Random, made: TableTraffic, most: int
) -> TableTraffic:
    """One row gets a key that no row has."""
    del most
    new = _new_key(table, chance)
    if new is None or table.is_fixed:
        return made
    statement = sql.SQL("UPDATE {} SET {} = {} WHERE {}")
    count = sum(
        _try(connection, statement.format(table.sql, sql.Identifier(new[0]), new[1], place))
        for place in _choose(connection, table, chance, 1)
    )
    return replace(made, updated=made.updated + count)


def _insert(
    connection: psycopg.Connection[Any], table: _Keyed, chance: random.Random, made: TableTraffic, most: int
) -> TableTraffic:
    """Copies of rows come under keys that no row has."""
    count = 0
    for place in _choose(connection, table, chance, most):
        new = _new_key(table, chance)
        if new is None:
            break
        values = [new[1] if column == new[0] else sql.Identifier(column) for column in table.columns]
        statement = sql.SQL("INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE SELECT {values} FROM {table}")
        columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
        insert = statement.format(table=table.sql, columns=columns, values=sql.SQL(", ").join(values))
        count += _try(connection, sql.SQL("{} WHERE {}").format(insert, place))
    return replace(made, inserted=made.inserted + count)


def _delete(
    connection: psycopg.Connection[Any], table: _Keyed, chance: random.Random, made: TableTraffic, most: int
) -> TableTraffic:
    """Rows go."""
    statement = sql.SQL("DELETE FROM {} WHERE {}")
    count = sum(
        _try(connection, statement.format(table.sql, place)) for place in _choose(connection, table, chance, most // 2)
    )
    return replace(made, deleted=made.deleted + count)


def _choose(
    connection: psycopg.Connection[Any], table: _Keyed, chance: random.Random, most: int, least: int = 1
) -> list[sql.Composable]:
    """Conditions that each find one row by its key: a tenth of the table's, within the bounds."""
    key = [sql.Identifier(column) for column in table.key]
    texts = sql.SQL(", ").join(sql.SQL("{}::text").format(column) for column in key)
    order = sql.SQL(", ").join(key)
    rows = connection.execute(sql.SQL("SELECT {} FROM {} ORDER BY {}").format(texts, table.sql, order)).fetchall()
    chosen = chance.sample(rows, min(most, max(least, len(rows) // 10), len(rows)))
    return [
        sql.SQL(" AND ").join(
            sql.SQL("{} = {}").format(column, sql.Literal(value)) for column, value in zip(key, row, strict=True)
        )
        for row in chosen
    ]


def _new_key(table: _Keyed, chance: random.Random) -> tuple[str, sql.Composable] | None:
    """A column of the key with a value that no row has there, as SQL; None where no column is of a type for that."""
    number = chance.randrange(16**8)
    for column, kind in zip(table.key, table.key_types, strict=True):
        name, _, length = kind.partition(" ")
        largest = sql.SQL("(SELECT max({}) FROM {})").format(sql.Identifier(column), table.sql)
        if name in {"int2", "int4", "int8", "numeric"}:
            return column, sql.SQL("{} + 1").format(largest)
        if name in {"date", "timestamp", "timestamptz"}:
            return column, sql.SQL("{} + interval '1 day'").format(largest)
        if name in {"text", "varchar", "bpchar"}:
            return column, sql.Literal(f"{number:08x}"[: int(length or 8)])
        if name == "uuid":
            return column, sql.SQL("{}::uuid").format(sql.Literal(f"{number:032x}"))
    return None


def _try(connection: psycopg.Connection[Any], statement: sql.Composed) -> int:
    """The rows that *statement* changed; none where a constraint refused it."""
    try:
        with connection.transaction():
            return connection.execute(statement).rowcount
    except _REFUSALS:
        return 0
