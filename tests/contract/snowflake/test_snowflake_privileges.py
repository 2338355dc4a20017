"""Which role may use which table: owners, roles above them, grants on what is there and on what will be made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.snowflake.errors import SnowflakeError
from snowflake_account import Account, new_account

OWN = "RAW.LOADED"


@pytest.fixture
def account() -> Iterator[Account]:
    """An account whose loader has made a schema and may make tables there."""
    with new_account() as one:
        one.snowflake.administer(
            "CREATE ROLE READER; CREATE ROLE OTHER; GRANT USAGE, CREATE SCHEMA ON DATABASE RAW TO ROLE LOADER"
        )
        one.done(f"CREATE SCHEMA {OWN}", f"CREATE TABLE {OWN}.BEFORE (ID NUMBER)")
        yield one


def read(account: Account, role: str, table: str) -> str:
    """Nothing, if the role may read the table, or why not."""
    try:
        account.snowflake.administer(f"SELECT * FROM {OWN}.{table}", role=role, warehouse="LOAD_WH")
    except SnowflakeError as error:
        return error.message
    return ""


def test_nobody_reads_what_a_role_owns_that_no_other_role_was_granted(account: Account) -> None:
    assert read(account, "LOADER", "BEFORE") == ""
    for role in ("ACCOUNTADMIN", "SYSADMIN", "SECURITYADMIN", "PUBLIC", "READER"):
        assert "does not exist or not authorized" in read(account, role, "BEFORE"), role


def test_a_role_above_the_owner_reads_what_it_owns(account: Account) -> None:
    account.snowflake.administer("GRANT ROLE LOADER TO ROLE SYSADMIN")
    assert [read(account, role, "BEFORE") for role in ("SYSADMIN", "ACCOUNTADMIN")] == ["", ""]
    assert read(account, "SECURITYADMIN", "BEFORE") != ""
    account.snowflake.administer("REVOKE ROLE LOADER FROM ROLE SYSADMIN")
    assert read(account, "SYSADMIN", "BEFORE") != ""


def test_a_reader_reads_what_is_there_by_a_grant_on_all_and_what_comes_by_one_on_the_future(account: Account) -> None:
    account.snowflake.administer("GRANT USAGE ON DATABASE RAW TO ROLE READER")
    account.snowflake.administer("GRANT USAGE ON ALL SCHEMAS IN DATABASE RAW TO ROLE READER")
    account.snowflake.administer("GRANT SELECT ON FUTURE TABLES IN DATABASE RAW TO ROLE READER")
    account.done(f"CREATE TABLE {OWN}.AFTER (ID NUMBER)")
    assert (read(account, "READER", "AFTER"), read(account, "READER", "BEFORE") != "") == ("", True)
    account.snowflake.administer("GRANT SELECT ON ALL TABLES IN DATABASE RAW TO ROLE READER")
    assert read(account, "READER", "BEFORE") == ""
    account.done(f"CREATE OR REPLACE TABLE {OWN}.BEFORE (ID NUMBER)", f"CREATE SCHEMA {OWN}_LATER")
    assert read(account, "READER", "BEFORE") == ""  # by the future grant: those of the table that it was are gone


def test_a_reader_of_the_tables_needs_their_schema_too(account: Account) -> None:
    account.snowflake.administer("GRANT SELECT ON FUTURE TABLES IN DATABASE RAW TO ROLE READER")
    account.snowflake.administer("GRANT USAGE ON DATABASE RAW TO ROLE READER")
    account.done(f"CREATE TABLE {OWN}.AFTER (ID NUMBER)")
    assert read(account, "READER", "AFTER") != ""
    account.snowflake.administer("GRANT USAGE ON FUTURE SCHEMAS IN DATABASE RAW TO ROLE READER")
    assert read(account, "READER", "AFTER") != ""
    account.snowflake.administer(f"GRANT USAGE ON SCHEMA {OWN} TO ROLE READER")
    assert read(account, "READER", "AFTER") == ""


def test_a_future_grant_of_the_schema_switches_off_that_of_the_database(account: Account) -> None:
    account.snowflake.administer("GRANT USAGE ON DATABASE RAW TO ROLE READER")
    account.snowflake.administer("GRANT USAGE ON ALL SCHEMAS IN DATABASE RAW TO ROLE READER")
    account.snowflake.administer("GRANT SELECT ON FUTURE TABLES IN DATABASE RAW TO ROLE READER")
    account.snowflake.administer(f"GRANT SELECT ON FUTURE TABLES IN SCHEMA {OWN} TO ROLE OTHER")
    account.done(f"CREATE TABLE {OWN}.AFTER (ID NUMBER)")
    assert read(account, "READER", "AFTER") != ""


def test_who_may_read_a_table_may_not_change_it(account: Account) -> None:
    account.snowflake.administer("GRANT USAGE ON DATABASE RAW TO ROLE READER")
    account.snowflake.administer(f"GRANT USAGE ON SCHEMA {OWN} TO ROLE READER")
    account.snowflake.administer(f"GRANT SELECT ON TABLE {OWN}.BEFORE TO ROLE READER")
    for change in (f"INSERT INTO {OWN}.BEFORE VALUES (1)", f"DELETE FROM {OWN}.BEFORE", f"TRUNCATE {OWN}.BEFORE"):
        with pytest.raises(SnowflakeError, match="Insufficient privileges to operate on table 'BEFORE'"):
            account.snowflake.administer(change, role="READER", warehouse="LOAD_WH")


def test_only_who_manages_grants_gives_future_ones_and_roles(account: Account) -> None:
    for statement in (
        "GRANT SELECT ON FUTURE TABLES IN DATABASE RAW TO ROLE READER",
        "GRANT ROLE READER TO ROLE OTHER",
    ):
        assert "Insufficient privileges" in account.failed(statement).message
        account.snowflake.administer(statement, role="SECURITYADMIN")


@pytest.mark.parametrize(
    "statement",
    [
        "GRANT OWNERSHIP ON TABLE RAW.OPS.APPLIED TO ROLE READER",
        "GRANT SELECT ON TABLE RAW.OPS.APPLIED TO ROLE READER WITH GRANT OPTION",
        "GRANT ALL PRIVILEGES ON DATABASE RAW TO ROLE READER",
        "GRANT SELECT ON FUTURE VIEWS IN DATABASE RAW TO ROLE READER",
    ],
)
def test_a_grant_that_would_not_be_judged_here_is_refused_by_name(account: Account, statement: str) -> None:
    with pytest.raises(SnowflakeError, match="not emulated here"):
        account.snowflake.administer(statement)


def test_grants_are_there_when_the_account_is_opened_again(tmp_path: Path) -> None:
    with new_account(str(tmp_path)) as account:
        account.snowflake.administer("CREATE ROLE READER; GRANT ROLE LOADER TO ROLE READER")
        table = account.orders_table()
        account.snowflake.close()
        account.reopen(str(tmp_path))
        query = f'SELECT * FROM RAW.SHOP__PUBLIC."{table}"'
        account.snowflake.administer(query, role="READER", warehouse="LOAD_WH")
        with pytest.raises(SnowflakeError, match="not authorized"):
            account.snowflake.administer(query, role="SYSADMIN", warehouse="LOAD_WH")
