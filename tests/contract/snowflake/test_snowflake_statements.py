"""Statements of Snowflake's SQL, through the client that a Lambda uses."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator

import pytest

from lambdas.clients.snowflake import Failed, Succeeded
from snowflake_account import Account, copy, full_load, new_account


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with new_account() as one:
        yield one


# --- requests of several statements


def test_statements_before_a_failure_stay_executed_and_later_ones_do_not_run(account: Account) -> None:
    name = account.orders_table()
    one = f'INSERT INTO "{name}" (ID) VALUES ({{}})'
    failure = account.failed(one.format(1), "SELECT * FROM NO_SUCH_TABLE", one.format(2))
    assert failure.cause.endswith("Object 'RAW.SHOP__PUBLIC.NO_SUCH_TABLE' does not exist or not authorized.")
    assert account.rows(f'SELECT ID FROM "{name}"') == [{"id": "1"}]


def test_an_open_transaction_is_rolled_back_at_the_end_of_its_request(account: Account) -> None:
    name = account.orders_table()
    account.done("BEGIN", f'INSERT INTO "{name}" (ID) VALUES (1)')
    assert account.count(name) == 0


def test_a_definition_commits_the_open_transaction(account: Account) -> None:
    name, other = account.orders_table(), account.new_name()
    account.done("BEGIN", f'INSERT INTO "{name}" (ID) VALUES (1)', f"CREATE TABLE {other} (A INT)", "ROLLBACK")
    assert account.count(name) == 1


def test_a_failure_names_its_statement_line_and_position_as_documented(account: Account) -> None:
    name = account.orders_table()
    failure = account.failed("SELECT 1", f"INSERT INTO {name} (ID) VALUES ('This is not a valid integer.')")
    assert failure.message == (
        "JavaScript execution error: Uncaught Execution of multiple statements failed on statement "
        f'"{f"INSERT INTO {name} (ID) VALUES"[:30]}..." (at line 2, position 0).\n'
        "Numeric value 'This is not a valid integer.' is not recognized in SYSTEM$MULTISTMT at "
        "'    throw `Execution of multiple statements failed on statement {0} (at line {1}, position {2}).`"
        ".replace('{1}', LINES[i])' position 4\nstackstrace: \nSYSTEM$MULTISTMT line: 10"
    )


def test_a_statement_count_that_differs_is_refused_before_anything_runs(account: Account) -> None:
    name = account.orders_table()
    failure = account.failed(f'INSERT INTO "{name}" (ID) VALUES (1); SELECT 1')
    assert failure.code == "000008"
    assert account.count(name) == 0


def test_transactions_need_a_request_of_several_statements(account: Account) -> None:
    assert account.failed("BEGIN").code == "391911"


def test_readers_see_the_old_rows_until_the_commit(account: Account) -> None:
    name = account.orders_table()
    account.land_orders(name)
    account.done(*full_load(name, 150))
    seen = account.done("BEGIN", f'DELETE FROM "{name}"', f'SELECT COUNT(*) AS N FROM "{name}"', "ROLLBACK")
    assert seen[2] == [{"n": "0"}]
    assert account.count(name) == 150


# --- values


def test_values_of_every_type_come_back_as_they_were_landed(account: Account) -> None:
    name = account.new_name()
    account.done(
        f'CREATE TABLE "{name}" (BIG NUMBER(38,0), PRICE NUMBER(38,10), NTZ TIMESTAMP_NTZ(6), LTZ TIMESTAMP_LTZ, '
        'BYTES BINARY(4), "naïve ☃" VARCHAR(20), D DATE, T TIME, F FLOAT, B BOOLEAN, V VARIANT, NOTHING VARCHAR)'
    )
    account.land(
        f"{name}/1.parquet",
        """SELECT 99999999999999999999999999999999999999::DECIMAL(38,0) AS big, 0.0000000001::DECIMAL(38,10) AS price,
        TIMESTAMP '1969-12-31 23:59:59.5' AS ntz, TIMESTAMPTZ '2024-03-10 12:00:00+02' AS ltz,
        '\\x00\\xFF'::BLOB AS bytes, 'Ünïcödé 🚂' AS "naïve ☃", DATE '1969-12-30' AS d, TIME '00:01:00.25' AS t,
        1.5::FLOAT AS f, true AS b, {'k': [1, 2]} AS v, NULL::VARCHAR AS nothing""",
    )
    plain = re.sub(r"INCLUDE_METADATA=\(.*?\) ", "", copy(name))
    account.done(plain)
    assert account.rows(f'SELECT * FROM "{name}"') == [
        {
            "big": "9" * 38,
            "price": "0.0000000001",
            "ntz": "-0.500000000",
            "ltz": "1710064800.000000000",
            "bytes": "00FF",
            "naïve ☃": "Ünïcödé 🚂",
            "d": "-2",
            "t": "60.250000000",
            "f": "1.5",
            "b": "true",
            "v": '{"k":[1,2]}',
            "nothing": None,
        }
    ]


def test_a_zoned_time_lands_in_a_plain_column_in_the_sessions_zone(account: Account) -> None:
    name = account.new_name()
    account.done(f'CREATE TABLE "{name}" (AT TIMESTAMP_NTZ(6))')
    account.land(f"{name}/1.parquet", "SELECT TIMESTAMPTZ '2024-01-01 12:00:00+00' AS at")
    plain = re.sub(r"INCLUDE_METADATA=\(.*?\) ", "", copy(name))
    account.done(plain)
    account.done("ALTER SESSION SET TIMEZONE = 'America/Los_Angeles'", plain)
    rows = account.rows(f'SELECT AT FROM "{name}" ORDER BY AT DESC')
    assert [row["at"] for row in rows] == ["1704110400.000000000", "1704081600.000000000"]


def test_null_in_a_column_that_takes_none_fails(account: Account) -> None:
    name = account.new_name()
    account.done(f'CREATE TABLE "{name}" (A INT NOT NULL)')
    assert account.failed(f'INSERT INTO "{name}" VALUES (NULL)').code == "100072"


@pytest.mark.parametrize(
    "body", ["VALUES (1, 'a', 2)", "SELECT 1, 'a', 2", "SELECT * FROM RAW.OPS.APPLIED", "SELECT 1"]
)
def test_an_insert_of_more_or_fewer_values_than_columns_is_refused(account: Account, body: str) -> None:
    name = account.orders_table()
    assert account.failed(f'INSERT INTO "{name}" (ID, NAME) {body}').code == "002020"


def test_the_current_time_is_the_clocks(account: Account) -> None:
    (row,) = account.rows("SELECT CURRENT_TIMESTAMP() AS AT")
    assert row["at"] == f"{account.clock.now().timestamp():.6f}000"


def test_a_guard_whose_condition_holds_does_not_evaluate_its_text(account: Account) -> None:
    name = account.orders_table()
    guard = "SELECT CAST(IFF(COUNT(*) = {}, '0', 'full load: ' || COUNT(*) || ' rows') AS NUMBER(1,0)) AS OK FROM {}"
    assert account.rows(guard.format(0, name)) == [{"ok": "0"}]
    failure = account.failed(guard.format(1, name))
    assert (failure.code, failure.state) == ("100038", "22018")
    assert failure.message == "Numeric value 'full load: 0 rows' is not recognized"


def test_windows_see_rows_before_and_after_theirs(account: Account) -> None:
    rows = account.rows(
        "SELECT N, LAG(N) OVER (ORDER BY N) AS BEFORE, LEAD(N) OVER (ORDER BY N) AS AFTER, "
        "FIRST_VALUE(N) OVER (ORDER BY N DESC) AS LAST, "
        "SUM(N) OVER (ORDER BY N ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS SO_FAR "
        "FROM (SELECT 1 AS N UNION ALL SELECT 2 UNION ALL SELECT 4) ORDER BY N"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("1", None, "2", "4", "1"),
        ("2", "1", "4", "4", "3"),
        ("4", "2", None, "4", "7"),
    ]


def test_a_subquery_with_two_columns_of_one_name_is_refused(account: Account) -> None:
    failed = account.failed("SELECT A FROM (SELECT 1 AS A, 2 AS A)")
    assert "two columns of one name" in failed.message


def test_division_by_zero_fails(account: Account) -> None:
    name = account.orders_table()
    account.done(f"INSERT INTO {name} (ID) VALUES (0)")
    assert account.failed(f"SELECT 1 / ID FROM {name}").message == "Division by zero"
    assert account.rows(f"SELECT 6 / 3 AS Q, IFF(ID = 0, 0, 1 / ID) AS SAFE FROM {name}") == [{"q": "2", "safe": "0"}]


# --- names


def test_quoted_names_mean_exactly_themselves(account: Account) -> None:
    account.done('CREATE SCHEMA IF NOT EXISTS "RAW"."straße"')
    account.done('CREATE TABLE "RAW"."straße"."Größe ""x""; --" ("lower" INT, "Mixed" INT)')
    account.done('INSERT INTO "RAW"."straße"."Größe ""x""; --" ("lower", "Mixed") VALUES (1, 2)')
    assert account.rows('SELECT "lower" AS "l" FROM "RAW"."straße"."Größe ""x""; --"') == [{"l": "1"}]
    assert account.failed('SELECT lower FROM "RAW"."straße"."Größe ""x""; --"').code == "000904"


def test_an_unquoted_name_is_upper_case_and_another_case_is_another_table(account: Account) -> None:
    name = account.orders_table()
    assert account.rows(f"SELECT id FROM raw.shop__public.{name.lower()}") == []
    assert account.failed(f'SELECT ID FROM "{name.lower()}"').code == "002003"
    assert "by case" in account.failed(f'CREATE TABLE "{name.lower()}" (A INT)').message


def test_tables_of_two_databases_stand_side_by_side(account: Account) -> None:
    account.done("CREATE DATABASE IF NOT EXISTS OTHER")
    account.done("CREATE TABLE OTHER.PUBLIC.T (A INT)")
    account.done("INSERT INTO OTHER.PUBLIC.T VALUES (7)")
    assert account.rows("SELECT o.A, COUNT(*) AS N FROM OTHER.PUBLIC.T o, RAW.OPS.APPLIED GROUP BY 1") is not None
    assert account.failed("SELECT * FROM OTHER.NOWHERE.T").message.endswith(
        "Schema 'OTHER.NOWHERE' does not exist or not authorized."
    )


# --- definitions


def test_columns_are_added_and_widened_and_nothing_else(account: Account) -> None:
    name = account.orders_table()
    account.done(f'ALTER TABLE "{name}" ADD COLUMN "EXTRA" VARCHAR(5)')
    account.done(f'ALTER TABLE "{name}" ALTER COLUMN "EXTRA" SET DATA TYPE VARCHAR(9)')
    account.done(f'ALTER TABLE "{name}" ALTER COLUMN "AMOUNT" SET DATA TYPE NUMBER(38,2)')
    described = {row["name"]: row["type"] for row in account.rows(f'DESCRIBE TABLE "{name}"')}
    assert described["EXTRA"] == "VARCHAR(9)"
    assert described["AMOUNT"] == "NUMBER(38,2)"
    for kind in ("VARCHAR(8)", "NUMBER(3,0)"):
        failure = account.failed(f'ALTER TABLE "{name}" ALTER COLUMN "EXTRA" SET DATA TYPE {kind}')
        assert "cannot change column EXTRA from type VARCHAR(9)" in failure.message


def test_information_schema_lists_the_columns(account: Account) -> None:
    name = account.orders_table()
    rows = account.rows(
        "SELECT COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH AS L, NUMERIC_PRECISION AS P, NUMERIC_SCALE AS S "
        f"FROM RAW.INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = 'SHOP__PUBLIC' AND TABLE_NAME = '{name}' "
        "ORDER BY ORDINAL_POSITION LIMIT 3"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("ID", "NUMBER", None, "19", "0"),
        ("NAME", "TEXT", "40", None, None),
        ("AMOUNT", "NUMBER", None, "12", "2"),
    ]
    tables = f"SELECT TABLE_TYPE, IS_TRANSIENT FROM RAW.INFORMATION_SCHEMA.TABLES WHERE TABLE_NAME = '{name}'"
    assert account.rows(tables) == [{"table_type": "BASE TABLE", "is_transient": "YES"}]


def test_describing_an_integration_shows_whom_to_trust(account: Account) -> None:
    rows = {row["property"]: row["property_value"] for row in account.rows("DESC INTEGRATION LANDING")}
    assert rows["STORAGE_AWS_IAM_USER_ARN"] == "arn:aws:iam::999999999999:user/snowflake-abc1"
    assert rows["STORAGE_AWS_EXTERNAL_ID"] == "fleet-0001"


def test_a_dropped_table_is_gone_and_its_successor_remembers_no_loads(account: Account) -> None:
    name = account.orders_table()
    account.land_orders(name)
    account.done(copy(name, ""))
    columns = '("ID" NUMBER(19,0), "_FILE" VARCHAR, "_ROW" NUMBER(19,0))'
    account.done(f'CREATE OR REPLACE TABLE "{name}" {columns}')
    account.done(copy(name, ""))
    assert account.count(name) == 150
    account.done(f'DROP TABLE IF EXISTS "{name}"')
    assert account.failed(f'SELECT * FROM "{name}"').code == "002003"


def test_create_without_if_not_exists_refuses_what_is_there(account: Account) -> None:
    name = account.orders_table()
    assert account.failed(f'CREATE TABLE "{name}" (A INT)').code == "002002"


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("SHOW TABLES", "SHOW TABLES"),
        ("UNDROP TABLE T", "UNDROP TABLE"),
        ("CREATE STREAM S ON STAGE T", "CREATE STREAM"),
        ("CREATE WAREHOUSE W2 COLOUR = 'red'", "COLOUR"),
        ("CREATE TABLE X (A INT AUTOINCREMENT)", "AUTOINCREMENT"),
        ("CREATE TABLE X (A TIMESTAMP_TZ)", "TIMESTAMPTZ"),
        ("CREATE TABLE X AS SELECT 1 AS A", "from a query"),
        ("SELECT SOUNDEX('x')", "SOUNDEX"),
        ("SELECT MY_FUNCTION(1)", "MY_FUNCTION"),
        ("SELECT $1 FROM @RAW.OPS.LANDING/x", "column of a stage"),
        ("SELECT * FROM INFORMATION_SCHEMA.LOAD_HISTORY", "LOAD_HISTORY"),
        ("ALTER SESSION SET LOCK_TIMEOUT = '5'", "LOCK_TIMEOUT"),
        ("GRANT SELECT ON ALL TABLES IN DATABASE RAW TO ROLE NOBODY", "NOBODY"),
        ("COPY INTO @RAW.OPS.LANDING/x FROM T", "COPY"),
    ],
)
def test_what_is_not_emulated_is_refused_by_name(account: Account, statement: str, named: str) -> None:
    assert named in account.failed(statement).message


def test_one_transaction_over_two_databases_is_refused(account: Account) -> None:
    account.done("CREATE DATABASE IF NOT EXISTS SECOND")
    account.done("CREATE TABLE IF NOT EXISTS SECOND.PUBLIC.T (A INT)")
    name = account.orders_table()
    failure = account.failed(
        "BEGIN", f"INSERT INTO {name} (ID) VALUES (1)", "INSERT INTO SECOND.PUBLIC.T VALUES (1)", "COMMIT"
    )
    assert "a transaction that writes to two databases" in failure.message


def test_a_warehouse_that_does_not_exist_is_no_active_warehouse(account: Account) -> None:
    answer = account.post({"statement": "SELECT COUNT(*) FROM RAW.OPS.APPLIED", "warehouse": "load_wh"})
    assert answer["code"] == "000606"


def test_a_role_that_does_not_exist_is_refused(account: Account) -> None:
    assert "NOBODY" in account.post({"statement": "SELECT 1", "role": "NOBODY"})["message"]


def test_bindings_stand_for_the_question_marks_of_one_statement(account: Account) -> None:
    answer = account.post(
        {"statement": "SELECT ? + 1 AS A, ? AS B", "bindings": {"1": _fixed("41"), "2": {"type": "TEXT", "value": "x"}}}
    )
    assert answer["data"] == [["42", "x"]]


def test_a_result_describes_its_columns(account: Account) -> None:
    answer = account.post({"statement": "SELECT CAST(1 AS NUMBER(12,2)) AS A, 'x', COUNT(*) FROM RAW.OPS.APPLIED"})
    described = [(column["name"], column["type"]) for column in answer["resultSetMetaData"]["rowType"]]
    assert described == [("A", "fixed"), ("'X'", "text"), ("COUNT(*)", "fixed")]
    assert answer["resultSetMetaData"]["rowType"][0]["scale"] == 2


def _fixed(value: str) -> dict[str, str]:
    return {"type": "FIXED", "value": value}


def test_a_handle_of_a_failed_request_gives_the_failure_again(account: Account) -> None:
    handle = account.api.submit(["SELECT * FROM NO_SUCH"], str(uuid.uuid4()))
    while not isinstance(end := account.api.poll(handle), Failed | Succeeded):
        pass
    assert end == account.api.poll(handle)
    assert isinstance(end, Failed)
