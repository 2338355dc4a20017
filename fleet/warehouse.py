"""The SQL of the hand-off. One multi-statement request takes one table in, whole or not at all.

Every name is quoted and every value is a literal of ours: the SQL API binds no variables in such requests. A guard is a
cast that fails and says why, so that COMMIT is not reached.
Source: Snowflake's documentation of transactions, COPY INTO and the SQL API (docs/facts/snowflake.md 3.5, 3.7, 3.9).
"""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace

from fleet.attempts import Attempt
from fleet.databases import Deletes, Rename, Settings, SnowflakeSettings
from fleet.declared_keys import key_guards
from fleet.dms.mappings import DATABASE_COLUMN
from fleet.drift import TablePlan
from fleet.failures import Failure
from fleet.manifests import SealedTable
from fleet.names import resource_name, warehouse_name, warehouse_schema
from fleet.quotas import SNOWFLAKE_COPY_FILES
from fleet.tables.catalogue import Table, TableName
from fleet.tables.columns import Column
from fleet.warehouse_columns import (
    FILE_COLUMN,
    KEEPING_COLUMNS,
    LANDED,
    OWN_NAMES,
    PRESENT,
    ROW_COLUMN,
    WarehouseColumn,
)
from fleet.warehouse_text import list_names, literal, quote

_NAME_CHARACTERS = 255
"""Source: https://docs.snowflake.com/en/sql-reference/identifiers-syntax (documented)."""


def qualified(snowflake: SnowflakeSettings, database: str, name: TableName, *, suffix: str = "") -> str:
    """The full Snowflake name of a table of *database*, or of one beside it, whose name ends with *suffix*."""
    schema, table = warehouse_schema(database, name.schema), warehouse_name(name.table)
    return ".".join(map(quote, (snowflake.database, schema, table[: _NAME_CHARACTERS - len(suffix)] + suffix)))


SNOWFLAKE_ROLE = "snowflake-read"
"""What the role is called, behind the fleet's prefix, that Snowflake assumes to read the landing bucket."""


def administration(settings: Settings, public_key: str, external_id: str) -> tuple[str, ...]:
    """What an administrator of Snowflake runs once: what `setup_statements` has, and the loader's user and warehouse.

    *public_key*: of the user (`public_key_text`); *external_id*: by which the role knows that it is this Snowflake.
    """
    where = settings.snowflake
    role_arn = f"arn:aws:iam::{settings.account}:role/{resource_name(settings.prefix, SNOWFLAKE_ROLE)}"
    return (
        *setup_statements(where, landing_bucket=settings.landing_bucket, role_arn=role_arn, external_id=external_id),
        f"CREATE USER IF NOT EXISTS {where.user} TYPE = SERVICE RSA_PUBLIC_KEY = '{public_key}'",
        f"ALTER USER {where.user} SET RSA_PUBLIC_KEY = '{public_key}'",
        f"GRANT ROLE {where.role} TO USER {where.user}",
        f"CREATE WAREHOUSE IF NOT EXISTS {where.warehouse} WAREHOUSE_SIZE = XSMALL AUTO_SUSPEND = 60",
        f"GRANT USAGE ON WAREHOUSE {where.warehouse} TO ROLE {where.role}",
    )


def public_key_text(public_key: bytes) -> str:
    """A public key's DER form as Snowflake's RSA_PUBLIC_KEY wants it.

    >>> public_key_text(b"key")
    'a2V5'
    """
    return base64.b64encode(public_key).decode()


def setup_statements(
    snowflake: SnowflakeSettings, *, landing_bucket: str, role_arn: str, external_id: str
) -> tuple[str, ...]:
    """What Snowflake needs once, in order; running them again changes nothing.

    The loader's role owns every schema and table that it makes: without a role above it nobody else could see them,
    ACCOUNTADMIN included. Readers get what is there and, as future grants of the database, what will be loaded. Those
    hold only in schemas without future grants of their own.
    Source: https://docs.snowflake.com/en/sql-reference/sql/grant-privilege (documented).
    """
    database, loader, reader = quote(snowflake.database), snowflake.role, snowflake.reader_role
    ops = f"{quote(snowflake.database)}.OPS"
    return (
        f"CREATE DATABASE IF NOT EXISTS {quote(snowflake.database)}",
        f"CREATE SCHEMA IF NOT EXISTS {ops}",
        f"CREATE STORAGE INTEGRATION IF NOT EXISTS FLEET_LANDING TYPE = EXTERNAL_STAGE STORAGE_PROVIDER = 'S3' "
        f"ENABLED = TRUE STORAGE_AWS_ROLE_ARN = {literal(role_arn)} "
        f"STORAGE_AWS_EXTERNAL_ID = {literal(external_id)} "
        f"STORAGE_ALLOWED_LOCATIONS = ({literal(f's3://{landing_bucket}/')})",
        f"CREATE STAGE IF NOT EXISTS {ops}.LANDING URL = {literal(f's3://{landing_bucket}/')} "
        f"STORAGE_INTEGRATION = FLEET_LANDING",
        f"CREATE FILE FORMAT IF NOT EXISTS {ops}.DMS_PARQUET TYPE = PARQUET USE_VECTORIZED_SCANNER = TRUE",
        # Rows are only ever inserted: an UPDATE would lock the table against every other load of the night.
        f"CREATE TABLE IF NOT EXISTS {ops}.APPLIED (DATABASE_ID VARCHAR(32), SCHEMA_NAME VARCHAR(256), "
        f"TABLE_NAME VARCHAR(256), ATTEMPT NUMBER(9,0), RUN VARCHAR(40), MODE VARCHAR(5), ROW_COUNT NUMBER(19,0), "
        f"APPLIED_AT TIMESTAMP_LTZ)",
        # So are these, by one INSERT for all tables of an attempt (`fleet/freshness.py`).
        f"CREATE TABLE IF NOT EXISTS {readings_table(snowflake)} ({define_readings()})",
        # The names of its columns are those of INFORMATION_SCHEMA.TABLES, to be joined with. Made anew each time, so
        # that a newer version of it takes the place of an older one.
        f"CREATE OR REPLACE VIEW {ops}.FRESHNESS COPY GRANTS AS SELECT {', '.join(READING_COLUMNS)}, "
        f"DATEDIFF('second', FRESH_AS_OF, CURRENT_TIMESTAMP()) AS AGE_SECONDS FROM {readings_table(snowflake)} "
        f"QUALIFY ROW_NUMBER() OVER (PARTITION BY TABLE_SCHEMA, TABLE_NAME ORDER BY FRESH_AS_OF DESC, ATTEMPT DESC) "
        f"= 1",
        f"CREATE ROLE IF NOT EXISTS {loader}",
        f"CREATE ROLE IF NOT EXISTS {reader}",
        f"GRANT ROLE {loader} TO ROLE SYSADMIN",
        f"GRANT ROLE {reader} TO ROLE SYSADMIN",
        f"GRANT USAGE, CREATE SCHEMA ON DATABASE {database} TO ROLE {loader}",
        f"GRANT USAGE ON SCHEMA {ops} TO ROLE {loader}",
        f"GRANT USAGE ON STAGE {ops}.LANDING TO ROLE {loader}",
        f"GRANT USAGE ON FILE FORMAT {ops}.DMS_PARQUET TO ROLE {loader}",
        f"GRANT SELECT, INSERT ON TABLE {ops}.APPLIED TO ROLE {loader}",
        f"GRANT INSERT ON TABLE {readings_table(snowflake)} TO ROLE {loader}",
        f"GRANT USAGE ON DATABASE {database} TO ROLE {reader}",
        f"GRANT USAGE ON ALL SCHEMAS IN DATABASE {database} TO ROLE {reader}",
        f"GRANT USAGE ON FUTURE SCHEMAS IN DATABASE {database} TO ROLE {reader}",
        f"GRANT SELECT ON ALL TABLES IN DATABASE {database} TO ROLE {reader}",
        f"GRANT SELECT ON FUTURE TABLES IN DATABASE {database} TO ROLE {reader}",
        f"GRANT SELECT ON VIEW {ops}.FRESHNESS TO ROLE {reader}",
    )


_READINGS = {
    "DATABASE_ID": "VARCHAR(32)",
    "SOURCE_SCHEMA": "VARCHAR(256)",
    "SOURCE_TABLE": "VARCHAR(256)",
    "TABLE_SCHEMA": "VARCHAR(256)",
    "TABLE_NAME": "VARCHAR(256)",
    "RUN": "VARCHAR(40)",
    "ATTEMPT": "NUMBER(9,0)",
    "MODE": "VARCHAR(5)",
    "FRESH_AS_OF": "TIMESTAMP_LTZ",
    "POSITION": "VARCHAR",
    "ROW_COUNT": "NUMBER(19,0)",
}
READING_COLUMNS = tuple(_READINGS)
"""Of OPS.READINGS, in order."""


def define_readings() -> str:
    """The columns of OPS.READINGS as CREATE TABLE takes them."""
    return ", ".join(f"{name} {kind}" for name, kind in _READINGS.items())


def readings_table(snowflake: SnowflakeSettings) -> str:
    """The table of how fresh tables were after each attempt that brought them up to date."""
    return f"{quote(snowflake.database)}.OPS.READINGS"


def find_clashes(tables: Sequence[Table], deletes_of: Callable[[TableName], Deletes]) -> dict[TableName, Failure]:
    """The tables that cannot be handed off because two names would be one in Snowflake, each with its failure.

    *deletes_of*: what becomes of a table's deleted rows; to keep them takes columns of our own.

    >>> from fleet.tables.columns import Column
    >>> columns = (Column("id", "integer"), Column("ID", "integer"))
    >>> [failure.name for failure in find_clashes([Table("s", "t", False, columns)], lambda _: "hard").values()]
    ['ColumnsClash']
    >>> [str(name) for name in find_clashes([Table("s", "t", False, ()), Table("s", "T", False, ())], lambda _: "hard")]
    ['s.t', 's.T']
    >>> table = Table("s", "t", False, (Column("op", "text"), Column("_deleted_at", "date")))
    >>> print(find_clashes([table], lambda _: "soft")[table.name].text)
    s.t: column 'op' has the name of our own column 'Op', and one of them would overwrite the other. Give it another \
name with `renames` in the registry, or exclude the table.
    """
    by_target: dict[tuple[str, str], list[Table]] = defaultdict(list)
    for table in tables:
        by_target[warehouse_name(table.schema), warehouse_name(table.table)].append(table)
    clashes = {}
    for (_, target), group in by_target.items():
        for table in group:
            if len(group) > 1:
                names = " and ".join(str(one.name) for one in group)
                clashes[table.name] = Failure(
                    "mapping_empty",
                    "TablesClash",
                    f"{names} would all be {target!r} in Snowflake. Exclude all but one, or rename them.",
                )
            elif words := _clashing_columns(table, KEEPING_COLUMNS[deletes_of(table.name)]):
                clashes[table.name] = Failure(
                    "mapping_empty",
                    "ColumnsClash",
                    f"{table.name}: {words} Give it another name with `renames` in the registry, or exclude the table.",
                )
    return clashes


def _clashing_columns(table: Table, keeping: Sequence[WarehouseColumn]) -> str:
    """The first column that COPY, which matches names without regard to case, could not keep apart, in words.

    *keeping*: the columns by which the table keeps deleted rows.
    """
    own = {name.upper(): name for name in (*OWN_NAMES, *(column.name for column in keeping))}
    seen: dict[str, str] = {}
    for name in (column.name for column in table.columns):
        if name.upper() in own:
            return (
                f"column {name!r} has the name of our own column {own[name.upper()]!r}, "
                f"and one of them would overwrite the other."
            )
        if name.upper() in seen:
            return f"columns {seen[name.upper()]!r} and {name!r} differ in case only, and COPY cannot tell them apart."
        seen[name.upper()] = name
    return ""


def rename_columns(table: Table, renames: Sequence[Rename]) -> Table:
    """*table* with its columns as DMS writes them into the files.

    >>> from fleet.tables.columns import Column
    >>> moved = rename_columns(Table("s", "t", False, (Column("op", "text"),)), [Rename("s", "t", "op", "operation")])
    >>> moved.columns[0].name
    'operation'
    """
    to = {one.column: one.to for one in renames if (one.schema, one.table) == table.name}

    def renamed(column: Column) -> Column:
        return replace(column, name=to[column.name]) if column.name in to else column

    return replace(table, columns=tuple(map(renamed, table.columns))) if to else table


def look_statement(snowflake: SnowflakeSettings, attempt: Attempt, table: Table, sealed: SealedTable) -> str:
    """What changes nothing: the columns of the table's first file, if it has one, and of the table, in one answer.

    All files of a table are written by one task from one definition, so that one of them speaks for all.
    """
    schema, name = warehouse_schema(attempt.database, table.schema), warehouse_name(table.table)
    present = (
        f'SELECT "ORDINAL_POSITION" AS "PLACE", {literal(PRESENT)} AS "SEEN", "COLUMN_NAME", "DATA_TYPE", '
        f'"CHARACTER_MAXIMUM_LENGTH" AS "LENGTH", "NUMERIC_PRECISION" AS "DIGITS", "NUMERIC_SCALE" AS "PLACES", '
        f'"DATETIME_PRECISION" AS "FRACTION" FROM {quote(snowflake.database)}."INFORMATION_SCHEMA"."COLUMNS" '
        f'WHERE "TABLE_SCHEMA" = {literal(schema)} AND "TABLE_NAME" = {literal(name)}'
    )
    if not sealed.files:
        return f'{present} ORDER BY "PLACE"'
    stage = literal(f"@{quote(snowflake.database)}.OPS.LANDING/{sealed.files[0].key}")
    landed = (
        f'SELECT "ORDER_ID", {literal(LANDED)}, "COLUMN_NAME", "TYPE", NULL, NULL, NULL, NULL '
        f"FROM TABLE(INFER_SCHEMA(LOCATION => {stage}, FILE_FORMAT => {literal(_format(snowflake))}))"
    )
    return f'{present} UNION ALL {landed} ORDER BY "PLACE"'


def full_load_statements(
    snowflake: SnowflakeSettings, attempt: Attempt, table: Table, sealed: SealedTable, plan: TablePlan
) -> tuple[str, ...]:
    """One request: the published table holds exactly *sealed*'s rows afterwards, or is as it was before.

    Running it again gives the same rows; an attempt older than the last applied one is refused by the order guard.
    The last statement answers the rows that the table then holds.
    """
    target = qualified(snowflake, attempt.database, table.name)
    count = f"SELECT COUNT(*) AS ROW_COUNT FROM {target}"
    if plan.is_replaced:
        return (*_replacement(snowflake, attempt, table, sealed, plan, target), count)
    return (
        *shape_statements(snowflake, attempt, table, plan),
        "BEGIN TRANSACTION",
        f"DELETE FROM {target}",
        *copy_statements(snowflake, attempt, table, sealed, target),
        *key_guards(table, target),
        # Both guards stand behind the DELETE, whose lock another load of this table had to give back first: asked for
        # earlier, the order guard would not see what that one applied meanwhile.
        f"INSERT INTO {applied_table(snowflake)} {load_guards(snowflake, attempt, table, sealed, target)}",
        "COMMIT",
        count,
    )


def shape_statements(snowflake: SnowflakeSettings, attempt: Attempt, table: Table, plan: TablePlan) -> tuple[str, ...]:
    """What makes the published table, or gives it the columns that *plan* adds and widens, and takes those that it
    removes. Source: https://docs.snowflake.com/en/sql-reference/sql/alter-table (documented, IF EXISTS too)."""
    target = qualified(snowflake, attempt.database, table.name)
    schema = f"{quote(snowflake.database)}.{quote(warehouse_schema(attempt.database, table.schema))}"
    return (
        f"CREATE SCHEMA IF NOT EXISTS {schema}",
        f"CREATE TRANSIENT TABLE IF NOT EXISTS {target} ({define(plan.columns)})",
        *(f"ALTER TABLE {target} ADD COLUMN IF NOT EXISTS {define([column])}" for column in plan.added),
        *(
            f"ALTER TABLE {target} ALTER COLUMN {quote(column.name)} SET DATA TYPE {column.type}"
            for column in plan.widened
        ),
        *(f"ALTER TABLE {target} DROP COLUMN IF EXISTS {quote(column.name)}" for column in plan.removed),
        # Names every column: a table that someone has changed since fails here, not by silently dropping a column.
        f"SELECT {list_names([column.name for column in plan.columns])} FROM {target} LIMIT 0",
    )


def _replacement(
    snowflake: SnowflakeSettings, attempt: Attempt, table: Table, sealed: SealedTable, plan: TablePlan, target: str
) -> tuple[str, ...]:
    """A table of the session's own is loaded and guarded; then it takes the place of the published one, in one step.

    Until that step nothing of the published table changes, whatever fails. The guards stand after it too, because DDL
    is no part of a transaction: a load that another attempt overtook in between is noticed.
    """
    beside = qualified(snowflake, attempt.database, table.name, suffix=f"__FLEET_{attempt.number}")
    return (
        "SHOW STREAMS IN ACCOUNT LIMIT 10000",
        f"CREATE OR REPLACE TEMPORARY TABLE {beside} ({define(plan.columns)})",
        *copy_statements(snowflake, attempt, table, sealed, beside),
        load_guards(snowflake, attempt, table, sealed, beside),
        *key_guards(table, beside),
        f"CREATE OR REPLACE TRANSIENT TABLE {target} CLONE {beside} COPY GRANTS",
        f"INSERT INTO {applied_table(snowflake)} {load_guards(snowflake, attempt, table, sealed, target)}",
        f"DROP TABLE {beside}",
    )


def load_guards(snowflake: SnowflakeSettings, attempt: Attempt, table: Table, sealed: SealedTable, held_in: str) -> str:
    """A row of OPS.APPLIED; a cast in it fails where a later attempt is applied, or *held_in* holds other rows."""
    keys = tuple(map(literal, (attempt.database, table.schema, table.table)))
    where = f"DATABASE_ID = {keys[0]} AND SCHEMA_NAME = {keys[1]} AND TABLE_NAME = {keys[2]}"
    is_own = f"{quote(warehouse_name(DATABASE_COLUMN))} = {literal(attempt.database)}"
    return (
        f"SELECT {', '.join(keys)}, "
        f"CAST(IFF(LATEST <= {attempt.number}, '{attempt.number}', 'attempt ' || LATEST || "
        f"' is applied already, this is attempt {attempt.number}') AS NUMBER(9,0)), "
        f"{literal(attempt.run)}, {literal(attempt.mode)}, "
        f"CAST(IFF(HELD = {sealed.rows} AND OWN = {sealed.rows}, '{sealed.rows}', "
        f"'full load: ' || HELD || ' rows, ' || OWN || ' of this database, {sealed.rows} by DMS') AS NUMBER(19,0)), "
        f"CURRENT_TIMESTAMP() "
        f"FROM (SELECT COALESCE(MAX(ATTEMPT), 0) AS LATEST FROM {applied_table(snowflake)} WHERE {where}), "
        f"(SELECT COUNT(*) AS HELD, COUNT_IF({is_own}) AS OWN FROM {held_in})"
    )


def applied_table(snowflake: SnowflakeSettings) -> str:
    """The table that says which attempts were applied to which tables."""
    return f"{quote(snowflake.database)}.OPS.APPLIED"


def _format(snowflake: SnowflakeSettings) -> str:
    return f"{quote(snowflake.database)}.OPS.DMS_PARQUET"


def define(columns: Sequence[WarehouseColumn]) -> str:
    """*columns* as CREATE TABLE takes them."""
    return ", ".join(f"{quote(column.name)} {column.type}" for column in columns)


def copy_statements(
    snowflake: SnowflakeSettings, attempt: Attempt, table: Table, sealed: SealedTable, target: str
) -> Sequence[str]:
    """One COPY for each thousand files; none for an empty table."""
    prefix = attempt.folder.table_prefix(table.name)
    names = [file.key.removeprefix(prefix) for file in sealed.files]
    size = SNOWFLAKE_COPY_FILES.value
    stage = literal(f"@{quote(snowflake.database)}.OPS.LANDING/{prefix}")
    return [
        f"COPY INTO {target} FROM {stage} FILES = ({', '.join(map(literal, names[first : first + size]))}) "
        f"FILE_FORMAT = (FORMAT_NAME = {literal(_format(snowflake))}) "
        f"MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE INCLUDE_METADATA = ({quote(FILE_COLUMN)} = METADATA$FILENAME, "
        f"{quote(ROW_COLUMN)} = METADATA$FILE_ROW_NUMBER) "
        f"ON_ERROR = ABORT_STATEMENT FORCE = TRUE"
        for first in range(0, len(names), size)
    ]
