"""What a table may become: columns added and widened, tables replaced by a clone, and what staged files hold."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from localcloud.snowflake.errors import SnowflakeError
from snowflake_account import Account, new_account

_NUMBERS = count(1)
_PLACE = '"RAW"."SHOP__PUBLIC"'


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with new_account() as one:
        yield one


@pytest.fixture
def table(account: Account) -> str:
    """A table of one row that no other test has."""
    name = f"DRIFTING_{next(_NUMBERS)}"
    columns = '"ID" NUMBER(10,0), "PRICE" NUMBER(10,2), "NAME" VARCHAR(5), "AT" DATE, "BODY" BINARY(8)'
    account.done(f'CREATE TRANSIENT TABLE {_PLACE}."{name}" ({columns})')
    account.done(f'INSERT INTO "{name}" ("ID", "PRICE", "NAME") VALUES (1, 1.25, \'one\')')
    return name


def types(account: Account, name: str) -> dict[str, str]:
    """The columns and their types, as INFORMATION_SCHEMA has them."""
    rows = account.rows(
        'SELECT "COLUMN_NAME", "DATA_TYPE", "CHARACTER_MAXIMUM_LENGTH" AS "L", "NUMERIC_PRECISION" AS "P", '
        f'"NUMERIC_SCALE" AS "S" FROM "RAW"."INFORMATION_SCHEMA"."COLUMNS" WHERE "TABLE_SCHEMA" = \'SHOP__PUBLIC\' '
        f'AND "TABLE_NAME" = \'{name}\' ORDER BY "ORDINAL_POSITION"'
    )
    found = {}
    for row in rows:
        size = row["l"] if row["l"] is not None else f"{row['p']},{row['s']}" if row["p"] is not None else ""
        found[str(row["column_name"])] = f"{row['data_type']}({size})" if size else str(row["data_type"])
    return found


def test_a_column_is_added_at_the_end_and_only_once(account: Account, table: str) -> None:
    add = f'ALTER TABLE {_PLACE}."{table}" ADD COLUMN IF NOT EXISTS "NOTE" VARCHAR(40)'
    account.done(add)
    account.done(add)
    assert list(types(account, table).items())[-1] == ("NOTE", "TEXT(40)")
    assert account.rows(f'SELECT "NOTE" FROM "{table}"') == [{"note": None}]
    assert account.failed(f'ALTER TABLE "{table}" ADD COLUMN "NOTE" DATE').code == "001430"


def test_a_column_is_dropped_once_and_again_only_if_it_exists(account: Account, table: str) -> None:
    drop = f'ALTER TABLE {_PLACE}."{table}" DROP COLUMN'
    account.done(f'{drop} IF EXISTS "NAME"')
    account.done(f'{drop} IF EXISTS "NAME"')
    assert "NAME" not in types(account, table)
    assert account.failed(f'{drop} "NAME"').code == "000904"


@pytest.mark.parametrize(
    ("column", "to", "shown"),
    [("NAME", "VARCHAR(50)", "TEXT(50)"), ("PRICE", "NUMBER(20,2)", "NUMBER(20,2)")],
)
def test_a_text_grows_and_a_number_takes_more_digits(
    account: Account, table: str, column: str, to: str, shown: str
) -> None:
    account.done(f'ALTER TABLE {_PLACE}."{table}" ALTER COLUMN "{column}" SET DATA TYPE {to}')
    assert types(account, table)[column] == shown
    assert account.rows(f'SELECT "PRICE", "NAME" FROM "{table}"') == [{"price": "1.25", "name": "one"}]


@pytest.mark.parametrize(
    ("column", "to", "code", "words"),
    [
        ("NAME", "VARCHAR(4)", "040050", "reducing the byte-length of a varchar is not supported"),
        ("PRICE", "NUMBER(12,6)", "040052", "changing the scale of a number is not supported"),
        ("ID", "VARCHAR(20)", "002108", "cannot change column ID from type NUMBER(10,0) to VARCHAR(20)"),
        ("AT", "TIMESTAMP_NTZ(6)", "002108", "cannot change column AT from type DATE to TIMESTAMP_NTZ(6)"),
        ("BODY", "BINARY(16)", "002108", "cannot change column BODY from type BINARY(8)"),
    ],
)
def test_no_other_change_of_a_type_is_taken(
    account: Account, table: str, column: str, to: str, code: str, words: str
) -> None:
    failure = account.failed(f'ALTER TABLE {_PLACE}."{table}" ALTER COLUMN "{column}" SET DATA TYPE {to}')
    assert failure.code == code
    assert words in failure.message


def read(account: Account, name: str) -> str:
    """Nothing, if the role READER may read the table, or why not."""
    try:
        account.snowflake.administer(f'SELECT * FROM {_PLACE}."{name}"', role="READER", warehouse="LOAD_WH")
    except SnowflakeError as error:
        return error.message
    return ""


@pytest.fixture
def granted(account: Account, table: str) -> str:
    """A table that READER may read."""
    account.snowflake.administer("CREATE ROLE IF NOT EXISTS READER; GRANT USAGE ON DATABASE RAW TO ROLE READER;")
    account.snowflake.administer(f"GRANT USAGE ON SCHEMA {_PLACE} TO ROLE READER")
    account.done(f'GRANT SELECT ON TABLE {_PLACE}."{table}" TO ROLE READER')
    assert read(account, table) == ""
    return table


def test_a_clone_takes_the_place_of_a_table_with_its_rows_and_the_grants_of_that_table(
    account: Account, granted: str
) -> None:
    new = f"{granted}_NEW"
    account.done(
        f'CREATE OR REPLACE TRANSIENT TABLE {_PLACE}."{new}" ("ID" VARCHAR(20))',
        f"INSERT INTO {_PLACE}.\"{new}\" SELECT '007'",
        f'CREATE OR REPLACE TRANSIENT TABLE {_PLACE}."{granted}" CLONE {_PLACE}."{new}" COPY GRANTS',
    )
    assert types(account, granted) == {"ID": "TEXT(20)"}
    assert account.rows(f'SELECT * FROM "{granted}"') == [{"id": "007"}]
    assert (read(account, granted), read(account, new) != "") == ("", True)


def test_a_table_that_is_replaced_keeps_its_grants_only_where_they_are_copied(account: Account, granted: str) -> None:
    account.done(f'CREATE OR REPLACE TABLE {_PLACE}."{granted}" ("ID" NUMBER(3,0)) COPY GRANTS')
    assert read(account, granted) == ""
    account.done(f'CREATE OR REPLACE TABLE {_PLACE}."{granted}" ("ID" NUMBER(3,0))')
    assert read(account, granted) != ""


def test_a_transient_table_is_not_cloned_to_a_permanent_one(account: Account, table: str) -> None:
    failure = account.failed(f'CREATE OR REPLACE TABLE {_PLACE}."{table}_2" CLONE {_PLACE}."{table}"')
    assert "Transient object cannot be cloned to a permanent object" in failure.message


def test_a_clone_commits_the_open_transaction(account: Account, table: str) -> None:
    account.failed(
        "BEGIN TRANSACTION",
        f'DELETE FROM "{table}"',
        f'CREATE OR REPLACE TRANSIENT TABLE {_PLACE}."{table}_C" CLONE {_PLACE}."{table}"',
        "SELECT 1 / 0",
    )
    assert account.count(table) == 0


def test_a_stream_is_stale_once_its_table_was_replaced(account: Account, table: str) -> None:
    stream = f"{table}_CHANGES"
    account.done(f'CREATE STREAM "RAW"."OPS"."{stream}" ON TABLE {_PLACE}."{table}"')

    def shown() -> tuple[str | None, str | None]:
        (row,) = [row for row in account.rows("SHOW STREAMS IN ACCOUNT LIMIT 10000") if row["name"] == stream]
        return row["table_name"], row["stale"]

    assert shown() == (f"RAW.SHOP__PUBLIC.{table}", "false")
    account.done(f'CREATE OR REPLACE TRANSIENT TABLE {_PLACE}."{table}" CLONE {_PLACE}."{table}"')
    assert shown() == (f"RAW.SHOP__PUBLIC.{table}", "true")


def test_infer_schema_lists_the_columns_of_staged_files(account: Account) -> None:
    account.land(
        "inferred/a/LOAD1.parquet",
        "SELECT 1::BIGINT AS id, 1.5::DECIMAL(12,6) AS price, 'x' AS \"Name\", TIMESTAMP '2026-01-01' AS at, "
        "DATE '2026-01-01' AS day, 1.5::FLOAT AS rate, TIME '10:00' AS hour, true AS yes, 'x'::BLOB AS body",
    )
    rows = account.rows(
        'SELECT "COLUMN_NAME", "TYPE" FROM TABLE(INFER_SCHEMA('
        "LOCATION => '@\"RAW\".OPS.LANDING/inferred/a/LOAD1.parquet', FILE_FORMAT => '\"RAW\".OPS.PARQUET')) "
        'ORDER BY "ORDER_ID"'
    )
    assert [(row["column_name"], row["type"]) for row in rows] == [
        ("id", "NUMBER(38, 0)"),
        ("price", "NUMBER(12, 6)"),
        ("Name", "TEXT"),
        ("at", "TIMESTAMP_NTZ"),
        ("day", "DATE"),
        ("rate", "REAL"),
        ("hour", "TIME"),
        ("yes", "BOOLEAN"),
        ("body", "BINARY"),
    ]


def test_one_answer_holds_the_columns_of_a_staged_file_and_those_of_a_table(account: Account) -> None:
    account.land("looked/a/LOAD1.parquet", "SELECT 1::BIGINT AS id, 'x' AS name")
    account.run("CREATE TABLE RAW.OPS.LOOKED (ID NUMBER(9,0))", "CREATE TABLE RAW.OPS.OTHER (NOT_ASKED_FOR DATE)")
    rows = account.rows(
        "SELECT ORDINAL_POSITION AS PLACE, 'present' AS SEEN, COLUMN_NAME, DATA_TYPE, NUMERIC_PRECISION AS DIGITS "
        "FROM RAW.INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = 'OPS' AND TABLE_NAME = 'LOOKED' "
        "UNION ALL SELECT ORDER_ID, 'landed', COLUMN_NAME, TYPE, NULL FROM TABLE(INFER_SCHEMA("
        "LOCATION => '@RAW.OPS.LANDING/looked/a/', FILE_FORMAT => 'RAW.OPS.PARQUET')) ORDER BY SEEN, PLACE"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("0", "landed", "id", "NUMBER(38, 0)", None),
        ("1", "landed", "name", "TEXT", None),
        ("1", "present", "ID", "NUMBER", "9"),
    ]


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("SELECT * FROM TABLE(INFER_SCHEMA(LOCATION => '@RAW.OPS.LANDING/x'))", "FILE_FORMAT"),
        ("CREATE STREAM S ON VIEW V", "CREATE STREAM"),
        ("SHOW STREAMS LIKE 'x%'", "SHOW STREAMS"),
    ],
)
def test_what_of_drift_is_not_emulated_is_refused_by_name(account: Account, statement: str, named: str) -> None:
    assert named in account.failed(statement).message
