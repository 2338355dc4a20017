"""Everything under some schemas of a MySQL or MariaDB server, as far as the login sees it.

Source: MySQL's manual, "INFORMATION_SCHEMA Tables" (TABLES, COLUMNS, KEY_COLUMN_USAGE), and MariaDB's, whose table
types are more. Both show a login only what it has some right on; COLUMNS says which for each column.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pymysql
import pymysql.cursors

from fleet.spelling import list_some
from fleet.tables.catalogue import Census, RelationKind, Table, TableName
from fleet.tables.columns import Column
from lambdas.sources.mysql_grants import Grants, read_grants
from lambdas.sources.mysql_losses import quote
from lambdas.sources.mysql_storage import InnodbCatalogue, read_storage

# Of a name and the same one in other letters, asked for together, the server may look for the first alone (seen with
# MariaDB 10.11): so all schemas are looked at, and what is in them one schema at a time.
_SCHEMAS = "SELECT schema_name FROM information_schema.schemata"
# To say how many rows there are, the server opens the table: only then does it say that a table or view is broken.
_TABLES = """
SELECT table_schema, table_name, table_type, engine, table_comment, table_rows, create_time
FROM information_schema.tables WHERE table_schema = %s AND table_type <> 'TEMPORARY'
"""
# MariaDB's JSON is a longtext with a check, and says so nowhere. An invisible column's name of a type ends so: it is of
# another type for DMS, of none.
_COLUMNS = """
SELECT table_schema, table_name, column_name,
       concat(data_type, CASE WHEN numeric_precision IS NOT NULL AND column_type LIKE '%% unsigned%%' THEN ' unsigned'
                              ELSE '' END,
              CASE WHEN extra LIKE '%%INVISIBLE%%' THEN ' invisible' ELSE '' END),
       CASE WHEN data_type IN ('char', 'varchar', 'binary', 'varbinary', 'enum', 'set') THEN character_maximum_length
            WHEN data_type = 'bit' THEN numeric_precision END,
       CASE WHEN data_type = 'decimal' THEN numeric_precision END,
       CASE WHEN data_type = 'decimal' THEN numeric_scale END,
       is_nullable = 'YES',
       concat(column_type,
              CASE WHEN character_set_name IN ('utf8', 'utf8mb3', 'utf8mb4') THEN ''
                   ELSE coalesce(concat(' character set ', character_set_name), '') END,
              CASE WHEN extra LIKE '%%INVISIBLE%%' THEN ' invisible' ELSE '' END),
       find_in_set('select', privileges) > 0,
       extra LIKE '%%VIRTUAL%%' OR extra LIKE '%%STORED GENERATED%%' OR extra LIKE '%%PERSISTENT%%'
FROM information_schema.columns WHERE table_schema = %s ORDER BY ordinal_position
"""
_KEYS = """
SELECT table_schema, table_name, column_name FROM information_schema.key_column_usage
WHERE table_schema = %s AND constraint_name = 'PRIMARY' ORDER BY ordinal_position
"""
_KINDS: Mapping[str, RelationKind] = {
    "VIEW": "view",
    "SYSTEM VIEW": "view",
    "SYSTEM VERSIONED": "system-versioned table",
    "SEQUENCE": "sequence",
}
# Source: MySQL's manual, "Server Error Message Reference": ER_NONEXISTING_GRANT, ER_TABLEACCESS_DENIED_ERROR,
# ER_COLUMNACCESS_DENIED_ERROR, ER_OPTION_PREVENTS_STATEMENT (no grants are looked at).
_NO_GRANT_CODES = {1141, 1290}
_DENIED_CODES = {1142, 1143}


class _Row(NamedTuple):
    """One column of one relation, as `_COLUMNS` gives it."""

    schema: str
    table: str
    column: str
    type: str
    length: int | None
    precision: int | None
    scale: int | None
    is_nullable: int
    declared: str
    is_readable: int
    is_generated: int


def read_census(cursor: pymysql.cursors.Cursor, schemas: Sequence[str]) -> Census:
    """Everything under *schemas*, in order of schema and name. A table in partitions is one table."""
    there = sorted({name for (name,) in _ask(cursor, _SCHEMAS)} & set(schemas))
    grants, storage = _ask_grants(cursor), read_storage(cursor)
    tables: list[Table] = []
    for schema in there:
        tables += [] if grants.shows_all(schema) else [_hidden(schema)]
        tables += _tables(cursor, schema, grants, storage)
    return Census(tuple(there), tuple(sorted(tables, key=lambda one: one.name)))


def _tables(cursor: pymysql.cursors.Cursor, wanted: str, grants: Grants, stored: InnodbCatalogue) -> Iterator[Table]:
    columns = _by_table(map(_Row._make, _ask(cursor, _COLUMNS, wanted)))
    keys = _by_table(_ask(cursor, _KEYS, wanted))
    for schema, table, kind, storage, comment, rows, created_at in _ask(cursor, _TABLES, wanted):
        name = TableName(schema, table)
        if schema != wanted:  # the catalogue compares names without regard to case
            continue
        found, is_broken = columns.get(name, []), _is_broken(kind, storage, comment)
        yield Table(
            schema,
            table,
            kind in {"VIEW", "SYSTEM VIEW"},
            tuple(
                Column(row.column, row.type, row.length, row.precision, row.scale, bool(row.is_nullable), row.declared)
                for row in found
            ),
            tuple(row[2] for row in keys.get(name, ())),
            _KINDS.get(kind, "table"),
            barred=comment if is_broken else _describe_bar(cursor, name, found, grants),
            rows_estimated=rows,
            incarnation=stored.incarnation(name, created_at),
            delta_bars=tuple(stored.bars(name, storage, [row.column for row in found if row.is_generated])),
            barred_by="broken" if is_broken else "",
        )


def _is_broken(kind: str, storage: str | None, comment: str) -> bool:
    """Whether *comment* is what the server says of a relation that it cannot open: "View 'shop.sales' references
    invalid table(s) or ...", "Incorrect information in file: ...". Only of a table is there a *storage* engine else."""
    return comment not in {"", "VIEW"} and (kind == "VIEW" or (kind == "BASE TABLE" and storage is None))


def _describe_bar(cursor: pymysql.cursors.Cursor, name: TableName, columns: Sequence[_Row], grants: Grants) -> str:
    """Why the login does not see all of the relation, with the right that it lacks."""
    hidden = [row.column for row in columns if not row.is_readable]
    if len(hidden) == len(columns):  # no relation is without columns
        return "the login may not SELECT from it"
    if hidden:
        return f"the login may not SELECT {list_some(hidden)} of it, and DMS reads all columns or none"
    granted = grants.columns.get(name)
    if granted and _hides_columns(cursor, name):
        return f"the login may SELECT only {list_some(granted)} of it, and other columns are hidden from it"
    return ""


def _hides_columns(cursor: pymysql.cursors.Cursor, name: TableName) -> bool:
    """Whether a relation of which single columns are granted has others: the server refuses to show all of them."""
    try:
        _ask(cursor, f"SELECT * FROM {quote(name.schema)}.{quote(name.table)} LIMIT 0")
    except pymysql.err.Error as error:
        if error.args[:1] and error.args[0] in _DENIED_CODES:
            return True
        raise
    return False


def _hidden(schema: str) -> Table:
    """What speaks for relations of *schema* that the login would not see, if there are any; `exclude` may name it."""
    barred = "the login may SELECT from single tables of it only, and others are hidden from it"
    return Table(schema, "?", False, (), kind="hidden relations", barred=barred)


def _ask_grants(cursor: pymysql.cursors.Cursor) -> Grants:
    try:
        return read_grants(line for (line,) in _ask(cursor, "SHOW GRANTS"))
    except pymysql.err.Error as error:
        if error.args[:1] and error.args[0] in _NO_GRANT_CODES:
            return Grants(("%",))
        raise


def _by_table(rows: Iterable[Any]) -> dict[TableName, list[Any]]:
    found: dict[TableName, list[Any]] = {}
    for row in rows:
        found.setdefault(TableName(row[0], row[1]), []).append(row)
    return found


def _ask(cursor: pymysql.cursors.Cursor, query: str, schema: str | None = None) -> Sequence[Sequence[Any]]:
    """The rows that answer *query* about *schema*. Without a value, a % in it is not read."""
    cursor.execute(query, None if schema is None else (schema,))
    return cursor.fetchall()
