"""Views of Snowflake's, as far as OPS.FRESHNESS needs them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.snowflake.errors import SnowflakeError
from snowflake_account import Account, new_account

NEWEST = (
    "SELECT NAME, AMOUNT AS LAST_AMOUNT, DATEDIFF('second', AT, CURRENT_TIMESTAMP()) AS AGE FROM RAW.OPS.{0} "
    "QUALIFY ROW_NUMBER() OVER (PARTITION BY NAME ORDER BY AT DESC) = 1"
)


@pytest.fixture
def account() -> Iterator[Account]:
    """An account with roles that read, and a table of amounts at moments."""
    with new_account() as one:
        one.snowflake.administer(
            "CREATE ROLE READER; CREATE TABLE RAW.OPS.AMOUNTS (NAME VARCHAR, AMOUNT NUMBER(9,0), AT TIMESTAMP_LTZ);"
            "GRANT USAGE ON DATABASE RAW TO ROLE READER; GRANT USAGE ON SCHEMA RAW.OPS TO ROLE READER;"
            "GRANT INSERT ON TABLE RAW.OPS.AMOUNTS TO ROLE LOADER"
        )
        yield one


def read(account: Account, query: str = "SELECT * FROM RAW.OPS.NEWEST", role: str | None = None) -> list[list[object]]:
    (result,) = account.snowflake.administer(query, warehouse="LOAD_WH", **({"role": role} if role else {}))
    return sorted([list(row) for row in result.rows], key=str)


def create(account: Account, text: str = f"CREATE VIEW RAW.OPS.NEWEST AS {NEWEST.format('AMOUNTS')}") -> None:
    account.snowflake.administer(text)


def test_a_view_answers_what_its_query_answers_now(account: Account) -> None:
    create(account)
    account.done(
        "INSERT INTO RAW.OPS.AMOUNTS SELECT 'a', 1, CURRENT_TIMESTAMP()",
        "INSERT INTO RAW.OPS.AMOUNTS SELECT 'b', 7, CURRENT_TIMESTAMP()",
    )
    assert read(account) == [["a", 1, 0], ["b", 7, 0]]
    account.clock.sleep(90)
    account.done("INSERT INTO RAW.OPS.AMOUNTS SELECT 'a', 2, CURRENT_TIMESTAMP()")
    account.clock.sleep(5)
    assert read(account) == [["a", 2, 5], ["b", 7, 95]]


def test_a_view_joins_what_is_there(account: Account) -> None:
    create(account)
    account.done("INSERT INTO RAW.OPS.AMOUNTS SELECT 'AMOUNTS', 1, CURRENT_TIMESTAMP()")
    query = (
        "SELECT t.TABLE_NAME, t.TABLE_TYPE, n.LAST_AMOUNT FROM RAW.INFORMATION_SCHEMA.TABLES AS t "
        "LEFT JOIN RAW.OPS.NEWEST AS n ON n.NAME = t.TABLE_NAME WHERE t.TABLE_SCHEMA = 'OPS'"
    )
    assert read(account, query) == [
        ["AMOUNTS", "BASE TABLE", 1],
        ["APPLIED", "BASE TABLE", None],
        ["NEWEST", "VIEW", None],
    ]


def test_rows_behind_those_that_a_view_shows_are_deleted_by_it(account: Account) -> None:
    create(account)
    for amount in ("1", "2", "3"):
        account.done(f"INSERT INTO RAW.OPS.AMOUNTS SELECT 'a', {amount}, CURRENT_TIMESTAMP()")
        account.clock.sleep(1)
    account.snowflake.administer(
        "DELETE FROM RAW.OPS.AMOUNTS AS r USING RAW.OPS.NEWEST AS n WHERE r.NAME = n.NAME AND r.AMOUNT < n.LAST_AMOUNT",
        warehouse="LOAD_WH",
    )
    assert read(account, "SELECT AMOUNT FROM RAW.OPS.AMOUNTS") == [[3]]


def test_who_may_read_a_view_needs_nothing_of_its_table_and_its_owner_does(account: Account) -> None:
    create(account)
    with pytest.raises(SnowflakeError, match="does not exist or not authorized"):
        read(account, role="READER")
    account.snowflake.administer("GRANT SELECT ON VIEW RAW.OPS.NEWEST TO ROLE READER")
    assert read(account, role="READER") == []
    with pytest.raises(SnowflakeError, match="does not exist or not authorized"):
        read(account, "SELECT * FROM RAW.OPS.AMOUNTS", role="READER")
    account.done(f"CREATE VIEW RAW.OPS.ITS_OWN AS {NEWEST.format('AMOUNTS')}")  # by the loader, who may only insert
    with pytest.raises(SnowflakeError, match="Insufficient privileges"):
        account.snowflake.administer("SELECT * FROM RAW.OPS.ITS_OWN", warehouse="LOAD_WH")


def test_a_grant_on_future_tables_is_none_on_views(account: Account) -> None:
    account.snowflake.administer("GRANT SELECT ON FUTURE TABLES IN DATABASE RAW TO ROLE READER")
    create(account)
    with pytest.raises(SnowflakeError, match="does not exist or not authorized"):
        read(account, role="READER")


def test_a_view_that_is_replaced_keeps_its_grants_where_they_are_copied(account: Account) -> None:
    text = f"VIEW RAW.OPS.NEWEST COPY GRANTS AS {NEWEST.format('AMOUNTS')}"
    create(account, f"CREATE OR REPLACE {text}")
    account.snowflake.administer("GRANT SELECT ON VIEW RAW.OPS.NEWEST TO ROLE READER")
    create(account, f"CREATE OR REPLACE {text}")
    assert read(account, role="READER") == []
    create(account, f"CREATE OR REPLACE {text.replace(' COPY GRANTS', '')}")
    with pytest.raises(SnowflakeError, match="does not exist or not authorized"):
        read(account, role="READER")


def test_a_view_and_a_table_share_their_names(account: Account) -> None:
    create(account)
    create(account, f"CREATE VIEW IF NOT EXISTS RAW.OPS.NEWEST AS {NEWEST.format('AMOUNTS')}")
    for text in (
        f"CREATE VIEW RAW.OPS.NEWEST AS {NEWEST.format('AMOUNTS')}",
        f"CREATE OR REPLACE VIEW RAW.OPS.APPLIED AS {NEWEST.format('AMOUNTS')}",
        "CREATE TABLE RAW.OPS.NEWEST (A NUMBER)",
    ):
        with pytest.raises(SnowflakeError, match="already exists"):
            create(account, text)
    create(account, "DROP VIEW RAW.OPS.NEWEST")
    create(account, "DROP VIEW IF EXISTS RAW.OPS.NEWEST")
    create(account, "CREATE TABLE RAW.OPS.NEWEST (A NUMBER)")


def test_a_view_of_a_table_that_is_not_there_is_refused(account: Account) -> None:
    with pytest.raises(SnowflakeError, match=r"'RAW.OPS.NONE' does not exist"):
        create(account, f"CREATE VIEW RAW.OPS.NEWEST AS {NEWEST.format('NONE')}")


@pytest.mark.parametrize(
    "text",
    [
        "CREATE VIEW RAW.OPS.V AS SELECT * FROM RAW.OPS.AMOUNTS",
        "CREATE VIEW RAW.OPS.V AS SELECT COUNT(*) FROM RAW.OPS.AMOUNTS",
        "CREATE VIEW RAW.OPS.V AS SELECT NAME, NAME FROM RAW.OPS.AMOUNTS",
        "CREATE VIEW RAW.OPS.V AS SELECT NAME, HASH(NAME) AS H FROM RAW.OPS.AMOUNTS",
        "CREATE VIEW RAW.OPS.V AS SELECT TABLE_NAME FROM RAW.INFORMATION_SCHEMA.TABLES",
        "CREATE VIEW RAW.OPS.V (N) AS SELECT NAME FROM RAW.OPS.AMOUNTS",
        "CREATE VIEW RAW.OPS.V COMMENT = 'x' AS SELECT NAME FROM RAW.OPS.AMOUNTS",
        "CREATE SECURE VIEW RAW.OPS.V AS SELECT NAME FROM RAW.OPS.AMOUNTS",
        "CREATE MATERIALIZED VIEW RAW.OPS.V AS SELECT NAME FROM RAW.OPS.AMOUNTS",
        "CREATE OR REPLACE VIEW IF NOT EXISTS RAW.OPS.V AS SELECT NAME FROM RAW.OPS.AMOUNTS",
        "CREATE VIEW RAW.OPS.V AS SELECT NAME FROM RAW.OPS.NEWEST",
        "DELETE FROM RAW.OPS.NEWEST",
        "DELETE FROM RAW.OPS.NEWEST USING RAW.OPS.AMOUNTS AS a WHERE TRUE",
        "INSERT INTO RAW.OPS.NEWEST SELECT 'a', 1, 1",
    ],
)
def test_what_is_not_emulated_of_views_is_refused_by_name(account: Account, text: str) -> None:
    create(account)
    account.done("INSERT INTO RAW.OPS.AMOUNTS SELECT 'a', 1, CURRENT_TIMESTAMP()")
    with pytest.raises(SnowflakeError, match="not emulated here"):
        account.snowflake.administer(text, warehouse="LOAD_WH")
    assert len(read(account, "SELECT NAME FROM RAW.OPS.AMOUNTS")) == 1


def test_a_view_is_there_when_the_account_is_opened_again(tmp_path: Path) -> None:
    with new_account(str(tmp_path)) as account:
        account.snowflake.administer(
            "CREATE ROLE READER; CREATE TABLE RAW.OPS.AMOUNTS (NAME VARCHAR, AMOUNT NUMBER(9,0), AT TIMESTAMP_LTZ);"
            "GRANT USAGE ON DATABASE RAW TO ROLE READER; GRANT USAGE ON SCHEMA RAW.OPS TO ROLE READER"
        )
        create(account)
        account.snowflake.administer("GRANT SELECT ON VIEW RAW.OPS.NEWEST TO ROLE READER")
        account.snowflake.close()
        account.reopen(str(tmp_path))
        assert read(account, role="READER") == []
