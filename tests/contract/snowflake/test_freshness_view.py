"""OPS.READINGS and OPS.FRESHNESS as they are set up and written, and what docs/deltas.md says to do with them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from fleet.attempts import Attempt
from fleet.databases import Mode, SnowflakeSettings
from fleet.freshness import Reading, reading_statements
from fleet.tables.catalogue import TableName
from fleet.warehouse import setup_statements
from localcloud.snowflake.errors import SnowflakeError
from snowflake_account import BUCKET, EXTERNAL_ID, Account, new_account

SNOWFLAKE = SnowflakeSettings("a", "https://a", "LOADER", "key", "LOADER", "LOAD_WH", "FLEET", "READER")
PAGE = (Path(__file__).parents[3] / "docs" / "deltas.md").read_text(encoding="utf-8")
JOINED, THINNED = (one for one in re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL) if "OPS.FRESHNESS" in one)
ORDERS, ODD = TableName("public", "orders"), TableName("Größe", 'it\'s "odd"\\')


@pytest.fixture
def account() -> Iterator[Account]:
    with new_account() as one:
        for _ in range(2):  # setting up again changes nothing
            setup = setup_statements(SNOWFLAKE, landing_bucket=BUCKET, role_arn=one.role_arn, external_id=EXTERNAL_ID)
            one.snowflake.administer(";".join(setup))
        yield one


def write(account: Account, number: int, *readings: Reading, mode: Mode = "delta") -> None:
    """What the loader inserts for an attempt."""
    attempt = Attempt(f"run-{number}", "shop", mode, number, "arn")
    account.done(*reading_statements(SNOWFLAKE, attempt, readings))


def read(account: Account, query: str, role: str = "READER") -> list[tuple[object, ...]]:
    (result,) = account.snowflake.administer(query, role=role, warehouse="LOAD_WH")
    return [tuple(row) for row in result.rows]


def fresh(account: Account) -> list[tuple[object, ...]]:
    columns = "SOURCE_TABLE, RUN, ATTEMPT, MODE, POSITION, ROW_COUNT, AGE_SECONDS"
    return read(account, f"SELECT {columns} FROM FLEET.OPS.FRESHNESS ORDER BY SOURCE_TABLE")


def ago(account: Account, seconds: float) -> datetime:
    return account.clock.now() - timedelta(seconds=seconds)


def test_the_view_has_the_newest_reading_of_each_table(account: Account) -> None:
    write(account, 7, Reading(ORDERS, ago(account, 500), "", 3), Reading(ODD, ago(account, 500)), mode="full")
    write(account, 8, Reading(ORDERS, ago(account, 60), "checkpoint:V1#1", 5))
    write(account, 6, Reading(ORDERS, ago(account, 100)))  # comes late, and is older
    write(account, 8, Reading(ORDERS, ago(account, 60), "checkpoint:V1#1", 5))  # comes twice
    assert fresh(account) == [
        ('it\'s "odd"\\', "run-7", 7, "full", None, None, 500),
        ("orders", "run-8", 8, "delta", "checkpoint:V1#1", 5, 60),
    ]
    account.clock.sleep(40)
    assert [row[-1] for row in fresh(account)] == [540, 100]


def test_of_two_readings_of_one_moment_that_of_the_later_attempt_counts(account: Account) -> None:
    for number in (9, 10, 8):
        write(account, number, Reading(ORDERS, account.clock.now().replace(microsecond=0)))
    assert [row[2] for row in fresh(account)] == [10]


def test_the_moment_is_kept_whatever_zone_the_reader_has(account: Account) -> None:
    moment = ago(account, 60)
    write(account, 7, Reading(ODD, moment), Reading(ORDERS, moment, "checkpoint:V1#1", 7))
    (found, counted), _ = read(account, "SELECT FRESH_AS_OF, ROW_COUNT FROM FLEET.OPS.FRESHNESS ORDER BY ROW_COUNT")
    assert counted == 7
    assert isinstance(found, datetime)
    assert found.replace(tzinfo=moment.tzinfo) == moment


def test_the_query_of_the_page_finds_every_table_and_the_oldest_first(account: Account) -> None:
    account.done(
        'CREATE SCHEMA FLEET."SHOP__PUBLIC"',
        *(f'CREATE TRANSIENT TABLE FLEET."SHOP__PUBLIC"."{name}" (ID NUMBER)' for name in ("ORDERS", "CARTS", "NEW")),
    )
    write(account, 7, Reading(ORDERS, ago(account, 10)), Reading(TableName("public", "carts"), ago(account, 99)))
    found = read(account, JOINED)
    assert {row[1]: row[4] for row in found} == {"CARTS": 99, "ORDERS": 10, "NEW": None}
    assert [row[1] for row in found if row[4] is not None] == ["CARTS", "ORDERS"]


def test_thinned_as_the_page_says_each_table_keeps_its_newest_reading(account: Account) -> None:
    day = 86_400
    write(account, 1, Reading(ORDERS, ago(account, 40 * day)), Reading(ODD, ago(account, 40 * day)))
    write(account, 2, Reading(ORDERS, ago(account, 35 * day)), Reading(ODD, ago(account, 35 * day)))
    write(account, 3, Reading(ORDERS, ago(account, 20 * day)))
    write(account, 4, Reading(ORDERS, ago(account, 10 * day)))
    before = fresh(account)
    account.snowflake.administer(THINNED, warehouse="LOAD_WH")
    assert fresh(account) == before
    kept = read(account, "SELECT SOURCE_TABLE, ATTEMPT FROM FLEET.OPS.READINGS ORDER BY ATTEMPT")
    assert kept == [(ODD.table, 2), ("orders", 3), ("orders", 4)]


def test_the_loader_may_only_add_readings(account: Account) -> None:
    write(account, 7, Reading(ORDERS, account.clock.now()))
    for change in ("DELETE FROM FLEET.OPS.READINGS", "UPDATE FLEET.OPS.READINGS SET ATTEMPT = 9"):
        with pytest.raises(SnowflakeError, match="Insufficient privileges"):
            read(account, change, role="LOADER")
    with pytest.raises(SnowflakeError, match=r"not authorized|Insufficient privileges"):
        read(account, "INSERT INTO FLEET.OPS.READINGS (ATTEMPT) VALUES (9)", role="READER")


def test_a_thousand_tables_are_read_by_one_statement(account: Account) -> None:
    readings = [Reading(TableName("public", f"table_{number}"), account.clock.now()) for number in range(1_000)]
    assert len(list(reading_statements(SNOWFLAKE, Attempt("run", "shop", "delta", 7, "arn"), readings))) == 1
    write(account, 7, *readings)
    assert len(fresh(account)) == 1_000
