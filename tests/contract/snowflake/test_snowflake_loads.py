"""Loads of staged Parquet, through the client that a Lambda uses."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from lambdas.clients.snowflake import Failed, Succeeded
from snowflake_account import BUCKET, FORMAT, Account, copy, full_load, new_account


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with new_account() as one:
        yield one


def test_a_full_load_publishes_the_rows_of_its_files(account: Account) -> None:
    name = account.orders_table()
    account.land_orders(name)
    results = account.done(*full_load(name, 150))
    assert results[3] == [
        {
            "file": f"s3://{BUCKET}/{name}/LOAD00000001.parquet",
            "status": "LOADED",
            "rows_parsed": "150",
            "rows_loaded": "150",
            "error_limit": "1",
            "errors_seen": "0",
            "first_error": None,
            "first_error_line": None,
            "first_error_character": None,
            "first_error_column_name": None,
        }
    ]
    assert results[5] == [{"number of rows inserted": "1"}]
    last = account.rows(f'SELECT * FROM "{name}" ORDER BY ID DESC LIMIT 1')
    path = f"{name}/LOAD00000001.parquet"
    assert last == [{"id": "149", "name": "order 149", "amount": "37.25", "_file": path, "_row": "150"}]


def test_a_full_load_run_again_leaves_the_same_rows(account: Account) -> None:
    name = account.orders_table()
    account.land_orders(name)
    account.done(*full_load(name, 150))
    first = account.rows(f'SELECT * FROM "{name}" ORDER BY ID')
    account.done(*full_load(name, 150))
    assert account.rows(f'SELECT * FROM "{name}" ORDER BY ID') == first


def test_a_wrong_expected_count_changes_nothing_and_says_both_counts(account: Account) -> None:
    name = account.orders_table()
    account.land_orders(name)
    account.done(*full_load(name, 150))
    account.land_orders(name, rows=149)
    failure = account.failed(*full_load(name, 150, attempt=2))
    assert failure.cause == "Numeric value 'full load: 149 rows, expected 150' is not recognized"
    assert (failure.code, failure.state) == ("100132", "P0000")
    assert account.count(name) == 150
    assert account.rows(f"SELECT MAX(ATTEMPT) AS N FROM RAW.OPS.APPLIED WHERE TABLE_NAME = '{name}'") == [{"n": "1"}]


def test_an_older_attempt_is_refused_after_a_newer_one(account: Account) -> None:
    name = account.orders_table()
    account.land_orders(name)
    account.done(*full_load(name, 150, attempt=3))
    assert "attempt 3 is applied" in account.failed(*full_load(name, 150, attempt=2)).cause


def test_a_stale_extra_file_is_caught_by_the_count(account: Account) -> None:
    name = account.orders_table()
    account.land_orders(name)
    account.land_orders(name, rows=20, file="LOAD00000005.parquet")
    assert "170 rows, expected 150" in account.failed(*full_load(name, 150)).cause
    assert account.count(name) == 0


def test_files_limits_a_copy_to_the_named_ones(account: Account) -> None:
    name = account.orders_table()
    account.land_orders(name)
    account.land_orders(name, rows=20, file="LOAD00000005.parquet")
    account.done(*full_load(name, 150, options="FILES=('LOAD00000001.parquet') FORCE=TRUE"))
    assert account.count(name) == 150


def test_a_missing_named_file_stops_the_load_and_keeps_the_rows(account: Account) -> None:
    name = account.orders_table()
    account.land_orders(name)
    account.done(*full_load(name, 150))
    options = "FILES=('LOAD00000001.parquet', 'LOAD00000002.parquet') FORCE=TRUE"
    failure = account.failed(*full_load(name, 300, options=options))
    assert f"Remote file 's3://{BUCKET}/{name}/LOAD00000002.parquet' was not found" in failure.cause
    assert account.count(name) == 150


def test_more_than_a_thousand_named_files_are_refused(account: Account) -> None:
    name = account.orders_table()
    files = ", ".join(f"'{number}.parquet'" for number in range(1_001))
    assert "at most 1000" in account.failed(copy(name, f"FILES=({files})")).cause


def test_a_copy_of_which_one_file_is_bad_leaves_no_row(account: Account) -> None:
    name = account.orders_table()
    account.land_orders(name)
    account.land(f"{name}/LOAD00000002.parquet", "SELECT 1 AS id, repeat('x', 41) AS name, 1.5 AS amount")
    failure = account.failed(copy(name))
    assert failure.code == "100078"
    assert "String is too long and would be truncated, column NAME VARCHAR(40)" in failure.message
    assert "LOAD00000002.parquet" in failure.message
    assert account.count(name) == 0


def test_an_unreadable_file_fails_with_its_name(account: Account) -> None:
    name = account.orders_table()
    account.s3.put_object(Bucket=BUCKET, Key=f"{name}/LOAD00000001.parquet", Body=b"PAR1 no parquet PAR1")
    failure = account.failed(copy(name))
    assert failure.code == "100069"
    assert "LOAD00000001.parquet" in failure.message


def test_an_empty_folder_loads_nothing_and_says_so(account: Account) -> None:
    name = account.orders_table()
    assert account.done(*full_load(name, 0))[3] == [{"status": "Copy executed with 0 files processed."}]


def test_a_file_loaded_before_is_not_loaded_again_unless_forced_or_changed(account: Account) -> None:
    name = account.orders_table()
    account.land_orders(name)
    account.done(copy(name, ""))
    assert account.done(copy(name, "FORCE=FALSE")) == [[{"status": "Copy executed with 0 files processed."}]]
    assert account.count(name) == 150
    account.done(copy(name, "FORCE=TRUE"))
    assert account.count(name) == 300
    account.land_orders(name, rows=10)  # the same name with another ETag
    account.done(copy(name, ""))
    assert account.count(name) == 310


def test_truncate_forgets_what_was_loaded_and_delete_does_not(account: Account) -> None:
    name = account.orders_table()
    account.land_orders(name)
    account.done(copy(name, ""))
    account.done(f'DELETE FROM "{name}"')
    account.done(copy(name, ""))
    assert account.count(name) == 0
    account.done(f'TRUNCATE TABLE "{name}"')
    account.done(copy(name, ""))
    assert account.count(name) == 150


def test_a_rolled_back_load_is_not_remembered(account: Account) -> None:
    name = account.orders_table()
    account.land_orders(name)
    account.done("BEGIN", copy(name, ""), "ROLLBACK")
    account.done(copy(name, ""))
    assert account.count(name) == 150


def test_swapped_tables_take_their_load_history_along(account: Account) -> None:
    name, other = account.orders_table(), account.orders_table()
    account.land_orders(name)
    account.done(copy(name, ""))
    account.done(f'ALTER TABLE "{name}" SWAP WITH "{other}"')
    assert (account.count(name), account.count(other)) == (0, 150)
    account.done(copy(other, "", folder=name))
    assert account.count(other) == 150


def test_copy_history_lists_the_loads_of_a_table(account: Account) -> None:
    name = account.orders_table()
    account.land_orders(name)
    account.done(copy(name))
    query = (
        "SELECT FILE_NAME, ROW_COUNT FROM TABLE(INFORMATION_SCHEMA.COPY_HISTORY("
        f"TABLE_NAME => '{name}', START_TIME => DATEADD(hour, {{}}, CURRENT_TIMESTAMP())))"
    )
    expected = [{"file_name": f"s3://{BUCKET}/{name}/LOAD00000001.parquet", "row_count": "150"}]
    assert account.rows(query.format(-1)) == expected
    assert account.rows(query.format(1)) == []


def test_a_number_that_does_not_fit_fails_the_load(account: Account) -> None:
    name = account.orders_table()
    account.land(f"{name}/1.parquet", "SELECT 1 AS id, 99999999999.5 AS amount")
    failure = account.failed(copy(name))
    assert failure.code == "100046"
    assert account.count(name) == 0


def test_binary_in_a_text_column_is_refused_rather_than_guessed(account: Account) -> None:
    name = account.orders_table()
    account.land(f"{name}/1.parquet", "SELECT 1 AS id, 'x'::BLOB AS name")
    assert "loading Parquet BLOB into column NAME VARCHAR(40)" in account.failed(copy(name)).message


def test_columns_that_the_table_lacks_are_passed_over_unless_its_schema_evolves(account: Account) -> None:
    name = account.orders_table()
    account.land(f"{name}/1.parquet", "SELECT 1 AS id, 'new' AS extra, 7 AS more")
    account.done(copy(name))
    assert "EXTRA" not in {row["name"] for row in account.rows(f'DESCRIBE TABLE "{name}"')}
    account.done(f'ALTER TABLE "{name}" SET ENABLE_SCHEMA_EVOLUTION = TRUE')
    account.done(copy(name))
    assert account.rows(f'SELECT EXTRA, MORE FROM "{name}" WHERE EXTRA IS NOT NULL') == [{"extra": "new", "more": "7"}]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ("ON_ERROR=CONTINUE", "ON_ERROR=CONTINUE"),
        ("SIZE_LIMIT=5", "SIZE_LIMIT"),
        ("VALIDATION_MODE=RETURN_ERRORS", "VALIDATION_MODE"),
        ("TRUNCATECOLUMNS=TRUE", "TRUNCATECOLUMNS"),
    ],
)
def test_an_unknown_copy_option_is_refused_by_name(account: Account, options: str, named: str) -> None:
    failure = account.failed(copy(account.orders_table(), options))
    assert "not emulated here" in failure.message
    assert named in failure.message


def test_a_format_without_the_vectorized_scanner_is_refused(account: Account) -> None:
    name = account.orders_table()
    statement = copy(name).replace(FORMAT, "FILE_FORMAT=(TYPE=PARQUET) MATCH_BY_COLUMN_NAME=CASE_INSENSITIVE")
    assert "USE_VECTORIZED_SCANNER=TRUE" in account.failed(statement).message


def test_a_wrong_external_id_is_refused_by_the_trust_policy(account: Account) -> None:
    account.snowflake.administer(
        f"""CREATE STORAGE INTEGRATION WRONG_ID TYPE=EXTERNAL_STAGE STORAGE_PROVIDER='S3' ENABLED=TRUE
        STORAGE_AWS_ROLE_ARN='{account.role_arn}' STORAGE_AWS_EXTERNAL_ID='not-ours'
        STORAGE_ALLOWED_LOCATIONS=('s3://{BUCKET}/');
        CREATE STAGE RAW.OPS.WRONG_ID URL='s3://{BUCKET}/' STORAGE_INTEGRATION=WRONG_ID"""
    )
    name = account.orders_table()
    account.land_orders(name)
    statement = copy(name, stage="RAW.OPS.WRONG_ID")
    failure = account.failed(statement)
    assert failure.code == "003167"
    assert "is not authorized to perform: sts:AssumeRole" in failure.message
    account.snowflake.administer("ALTER STORAGE INTEGRATION WRONG_ID SET STORAGE_AWS_EXTERNAL_ID='fleet-0001'")
    account.done(statement)
    assert account.count(name) == 150


def test_a_prefix_outside_the_roles_policy_is_refused(account: Account) -> None:
    role = account.create_role("read-one-prefix", f"arn:aws:s3:::{BUCKET}/allowed/*")
    account.snowflake.administer(
        f"""CREATE STORAGE INTEGRATION ONE_PREFIX TYPE=EXTERNAL_STAGE STORAGE_PROVIDER='S3' ENABLED=TRUE
        STORAGE_AWS_ROLE_ARN='{role}' STORAGE_AWS_EXTERNAL_ID='fleet-0001' STORAGE_ALLOWED_LOCATIONS=('*');
        CREATE STAGE RAW.OPS.ONE_PREFIX URL='s3://{BUCKET}/' STORAGE_INTEGRATION=ONE_PREFIX"""
    )
    name = account.orders_table()
    account.land_orders(name)
    failure = account.failed(copy(name, stage="RAW.OPS.ONE_PREFIX"))
    assert failure.code == "091003"
    assert "s3:GetObject" in failure.message


def test_a_stage_outside_the_allowed_locations_is_refused(account: Account) -> None:
    statement = "CREATE STAGE RAW.OPS.ELSEWHERE URL='s3://elsewhere/' STORAGE_INTEGRATION=LANDING"
    assert "is not allowed by integration LANDING" in account.failed(statement).message


def test_a_delta_merged_twice_changes_nothing_the_second_time(account: Account) -> None:
    name = account.orders_table()
    account.land_orders(name, rows=5)
    account.done(*full_load(name, 5))
    account.land(
        f"{name}/cdc/1.parquet",
        "SELECT * FROM (VALUES ('U', 1, 'first', '01'), ('U', 1, 'last', '02'), ('D', 2, NULL, '03'),"
        " ('I', 9, 'new', '04'), ('D', 77, NULL, '05')) AS t(op, id, name, seq)",
    )
    change = f"{name}__CHG"
    delta = [
        f'CREATE OR REPLACE TEMPORARY TABLE "{change}" (OP VARCHAR, ID NUMBER(19,0), NAME VARCHAR(40), SEQ VARCHAR, '
        f'"_FILE" VARCHAR, "_ROW" NUMBER(19,0))',
        copy(change, folder=f"{name}/cdc"),
        "BEGIN",
        f'MERGE INTO "{name}" t USING (SELECT * FROM "{change}" QUALIFY ROW_NUMBER() OVER '
        f'(PARTITION BY "ID" ORDER BY "SEQ" DESC NULLS LAST) = 1) s ON t."ID" = s."ID" '
        f'WHEN MATCHED AND s.OP = \'D\' THEN DELETE WHEN MATCHED THEN UPDATE SET "NAME" = s."NAME" '
        f'WHEN NOT MATCHED AND s.OP <> \'D\' THEN INSERT ("ID", "NAME") VALUES (s."ID", s."NAME")',
        "COMMIT",
    ]
    merged = account.done(*delta)[3]
    inserted, updated, deleted = (f"number of rows {what}" for what in ("inserted", "updated", "deleted"))
    assert merged == [{inserted: "1", updated: "1", deleted: "1"}]
    rows = account.rows(f'SELECT ID, NAME FROM "{name}" ORDER BY ID')
    assert [row["name"] for row in rows] == ["order 0", "last", "order 3", "order 4", "new"]
    assert account.done(*delta)[3] == [{inserted: "0", updated: "2", deleted: "0"}]
    assert account.rows(f'SELECT ID, NAME FROM "{name}" ORDER BY ID') == rows
    assert account.failed(f'SELECT * FROM "{change}"').code == "002003"


def test_a_merge_with_two_rows_for_one_target_row_is_refused(account: Account) -> None:
    name = account.orders_table()
    account.done(f"INSERT INTO \"{name}\" (ID, NAME) VALUES (1, 'a')")
    failure = account.failed(
        f"MERGE INTO \"{name}\" t USING (SELECT 1 AS ID, 'x' AS NAME UNION ALL SELECT 1, 'y') s ON t.ID = s.ID "
        "WHEN MATCHED THEN UPDATE SET NAME = s.NAME"
    )
    assert (failure.code, failure.state) == ("100090", "42P18")


def test_a_merge_that_writes_too_long_a_text_is_refused(account: Account) -> None:
    name = account.orders_table()
    account.done(f"INSERT INTO \"{name}\" (ID, NAME) VALUES (1, 'a')")
    long = "x" * 41
    assert account.failed(f"UPDATE \"{name}\" SET NAME = '{long}'").code == "100078"
    assert account.failed(f"INSERT INTO \"{name}\" (NAME) VALUES ('{long}')").code == "100078"
    assert account.failed(f"INSERT INTO \"{name}\" (NAME) SELECT '{long}'").code == "100078"
    assert account.failed(f"INSERT INTO \"{name}\" (NAME) SELECT 'x' || '{long}'").code == "100078"
    assert account.rows(f'SELECT NAME FROM "{name}"') == [{"name": "a"}]


def test_sixteen_tables_load_at_once(account: Account) -> None:
    names = [account.orders_table() for _ in range(16)]
    for name in names:
        account.land_orders(name, rows=30)
    handles = [account.api.submit(full_load(name, 30), str(uuid.uuid4())) for name in names]
    assert all(isinstance(_end(account, handle), Succeeded) for handle in handles)
    assert [account.count(name) for name in names] == [30] * 16


def test_loads_of_one_table_queue_and_all_succeed(account: Account) -> None:
    name = account.orders_table()
    account.land_orders(name, rows=30)
    handles = [account.api.submit(full_load(name, 30), str(uuid.uuid4())) for _ in range(8)]
    ends = [_end(account, handle) for handle in handles]
    assert all(isinstance(end, Succeeded) for end in ends), ends
    assert account.count(name) == 30


def test_a_table_is_created_once_by_many_at_once(account: Account) -> None:
    name = account.new_name()
    statement = f'CREATE TABLE IF NOT EXISTS "{name}" ("ID" NUMBER(19,0))'
    with ThreadPoolExecutor(8) as pool:
        ends = list(pool.map(lambda _: account.run(statement), range(8)))
    assert all(isinstance(end, Succeeded) for end in ends), ends


def _end(account: Account, handle: str) -> Succeeded | Failed:
    """The end of a request; the frozen clock does not move meanwhile, so this polls at once."""
    while True:
        progress = account.api.poll(handle, wanted=())
        if isinstance(progress, Succeeded | Failed):
            return progress
