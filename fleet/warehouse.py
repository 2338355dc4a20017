"""The SQL of the hand-off. One multi-statement request takes one table in, whole or not at all.

Every name is quoted and every value is a literal of ours: the SQL API binds no variables in such requests. A guard is a
cast that fails and says why, so that COMMIT is not reached.
Source: Snowflake's documentation of transactions, COPY INTO and the SQL API (docs/facts/snowflake.md 3.5, 3.7, 3.9).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from fleet.attempts import Attempt
from fleet.databases import Engine, SnowflakeSettings
from fleet.dms.endpoints import TIMESTAMP_COLUMN
from fleet.dms.mappings import DATABASE_COLUMN
from fleet.failures import Failure
from fleet.manifests import SealedTable
from fleet.names import warehouse_name, warehouse_schema
from fleet.quotas import SNOWFLAKE_COPY_FILES
from fleet.tables.catalogue import Table, TableName
from fleet.tables.columns import dms_type, snowflake_type

FILE_COLUMN, ROW_COLUMN = "_FILE", "_ROW"
_OWN_COLUMNS = (
    (warehouse_name(DATABASE_COLUMN), "VARCHAR(32)"),
    (warehouse_name(TIMESTAMP_COLUMN), "VARCHAR(26)"),
    (FILE_COLUMN, "VARCHAR(1024)"),
    (ROW_COLUMN, "NUMBER(19,0)"),
)


def quote(name: str) -> str:
    """*name* as an identifier that means exactly it.

    >>> quote('a"b')
    '"a""b"'
    """
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    r"""*text* as a string constant; Snowflake reads backslashes in it.

    >>> literal("it's a\\b")
    "'it''s a\\\\b'"
    """
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def qualified(snowflake: SnowflakeSettings, database: str, name: TableName) -> str:
    """The full Snowflake name of a table of *database*."""
    schema = warehouse_schema(database, name.schema)
    return ".".join(map(quote, (snowflake.database, schema, warehouse_name(name.table))))


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
        f"CREATE ROLE IF NOT EXISTS {loader}",
        f"CREATE ROLE IF NOT EXISTS {reader}",
        f"GRANT ROLE {loader} TO ROLE SYSADMIN",
        f"GRANT ROLE {reader} TO ROLE SYSADMIN",
        f"GRANT USAGE, CREATE SCHEMA ON DATABASE {database} TO ROLE {loader}",
        f"GRANT USAGE ON SCHEMA {ops} TO ROLE {loader}",
        f"GRANT USAGE ON STAGE {ops}.LANDING TO ROLE {loader}",
        f"GRANT USAGE ON FILE FORMAT {ops}.DMS_PARQUET TO ROLE {loader}",
        f"GRANT SELECT, INSERT ON TABLE {ops}.APPLIED TO ROLE {loader}",
        f"GRANT USAGE ON DATABASE {database} TO ROLE {reader}",
        f"GRANT USAGE ON ALL SCHEMAS IN DATABASE {database} TO ROLE {reader}",
        f"GRANT USAGE ON FUTURE SCHEMAS IN DATABASE {database} TO ROLE {reader}",
        f"GRANT SELECT ON ALL TABLES IN DATABASE {database} TO ROLE {reader}",
        f"GRANT SELECT ON FUTURE TABLES IN DATABASE {database} TO ROLE {reader}",
    )


def find_clashes(tables: Sequence[Table]) -> dict[TableName, Failure]:
    """The tables that cannot be handed off because two names would be one in Snowflake, each with its failure.

    >>> from fleet.tables.columns import Column
    >>> columns = (Column("id", "integer"), Column("ID", "integer"))
    >>> [failure.name for failure in find_clashes([Table("s", "t", False, columns)]).values()]
    ['ColumnsClash']
    >>> [str(name) for name in find_clashes([Table("s", "t", False, ()), Table("s", "T", False, ())])]
    ['s.t', 's.T']
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
            elif pair := _clashing_columns(table):
                clashes[table.name] = Failure(
                    "mapping_empty",
                    "ColumnsClash",
                    f"{table.name}: columns {pair[0]!r} and {pair[1]!r} differ in case only, or one is a name of ours; "
                    f"COPY cannot tell them apart. Exclude the table, or rename the column at the source.",
                )
    return clashes


def _clashing_columns(table: Table) -> tuple[str, str] | None:
    seen: dict[str, str] = {}  # COPY matches names without regard to case
    for name in [column.name for column in table.columns] + [name for name, _ in _OWN_COLUMNS]:
        if name.upper() in seen:
            return seen[name.upper()], name
        seen[name.upper()] = name
    return None


def table_columns(engine: Engine, table: Table) -> tuple[tuple[str, str], ...]:
    """Name and type of each column of the Snowflake table: the source's that DMS carries, in order, then our own."""
    typed = ((column, dms_type(engine, column)) for column in table.columns)
    carried = tuple((warehouse_name(column.name), snowflake_type(dms)) for column, dms in typed if dms is not None)
    return carried + _OWN_COLUMNS


def full_load_statements(
    snowflake: SnowflakeSettings, engine: Engine, attempt: Attempt, table: Table, sealed: SealedTable
) -> tuple[str, ...]:
    """One request: the published table holds exactly *sealed*'s rows afterwards, or is as it was before.

    Running it again gives the same rows; an attempt older than the last applied one is refused by the order guard.
    The last statement answers the rows that the table then holds.
    """
    target = qualified(snowflake, attempt.database, table.name)
    columns = table_columns(engine, table)
    listed = ", ".join(f"{quote(name)} {kind}" for name, kind in columns)
    schema = f"{quote(snowflake.database)}.{quote(warehouse_schema(attempt.database, table.schema))}"
    applied = f"{quote(snowflake.database)}.OPS.APPLIED"
    keys = tuple(map(literal, (attempt.database, table.schema, table.table)))
    where = f"DATABASE_ID = {keys[0]} AND SCHEMA_NAME = {keys[1]} AND TABLE_NAME = {keys[2]}"
    is_own = f"{quote(warehouse_name(DATABASE_COLUMN))} = {literal(attempt.database)}"
    return (
        f"CREATE SCHEMA IF NOT EXISTS {schema}",
        f"CREATE TRANSIENT TABLE IF NOT EXISTS {target} ({listed})",
        # Names every column: a table that has drifted from the source fails here, not by silently dropping a column.
        f"SELECT {', '.join(quote(name) for name, _ in columns)} FROM {target} LIMIT 0",
        "BEGIN TRANSACTION",
        f"DELETE FROM {target}",
        *_copies(snowflake, attempt, table, sealed, target),
        # Both guards stand behind the DELETE, whose lock another load of this table had to give back first: asked for
        # earlier, the order guard would not see what that one applied meanwhile.
        f"INSERT INTO {applied} SELECT {', '.join(keys)}, "
        f"CAST(IFF(LATEST <= {attempt.number}, '{attempt.number}', 'attempt ' || LATEST || "
        f"' is applied already, this is attempt {attempt.number}') AS NUMBER(9,0)), "
        f"{literal(attempt.run)}, {literal(attempt.mode)}, "
        f"CAST(IFF(HELD = {sealed.rows} AND OWN = {sealed.rows}, '{sealed.rows}', "
        f"'full load: ' || HELD || ' rows, ' || OWN || ' of this database, {sealed.rows} by DMS') AS NUMBER(19,0)), "
        f"CURRENT_TIMESTAMP() "
        f"FROM (SELECT COALESCE(MAX(ATTEMPT), 0) AS LATEST FROM {applied} WHERE {where}), "
        f"(SELECT COUNT(*) AS HELD, COUNT_IF({is_own}) AS OWN FROM {target})",
        "COMMIT",
        f"SELECT COUNT(*) AS ROW_COUNT FROM {target}",
    )


def _copies(
    snowflake: SnowflakeSettings, attempt: Attempt, table: Table, sealed: SealedTable, target: str
) -> Sequence[str]:
    """One COPY for each thousand files; none for an empty table."""
    prefix = attempt.folder.table_prefix(table.name)
    names = [file.key.removeprefix(prefix) for file in sealed.files]
    size = SNOWFLAKE_COPY_FILES.value
    stage = literal(f"@{quote(snowflake.database)}.OPS.LANDING/{prefix}")
    return [
        f"COPY INTO {target} FROM {stage} FILES = ({', '.join(map(literal, names[first : first + size]))}) "
        f"FILE_FORMAT = (FORMAT_NAME = {literal(f'{quote(snowflake.database)}.OPS.DMS_PARQUET')}) "
        f"MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE INCLUDE_METADATA = ({quote(FILE_COLUMN)} = METADATA$FILENAME, "
        f"{quote(ROW_COLUMN)} = METADATA$FILE_ROW_NUMBER) "
        f"ON_ERROR = ABORT_STATEMENT FORCE = TRUE"
        for first in range(0, len(names), size)
    ]
