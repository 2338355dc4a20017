"""The product's own load, executed: both guards hold in both directions, and what they refuse changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count

import pytest

from cases import SETTINGS
from fleet.attempts import Attempt
from fleet.drift import TablePlan
from fleet.folders import LandedFile
from fleet.manifests import SealedTable
from fleet.tables.catalogue import Table
from fleet.tables.columns import Column
from fleet.warehouse import full_load_statements, qualified, setup_statements
from fleet.warehouse_columns import table_columns
from snowflake_account import BUCKET, EXTERNAL_ID, Account, new_account

SNOWFLAKE = replace(SETTINGS.snowflake, database="FLEET", role="LOADER")
ATTEMPT = Attempt("night-1", "shop", "full", 7, "arn")
_NUMBERS = count(1)


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with new_account() as one:
        for statement in setup_statements(
            SNOWFLAKE, landing_bucket=BUCKET, role_arn=one.role_arn, external_id=EXTERNAL_ID
        ):
            one.snowflake.administer(statement)
        yield one


@pytest.fixture
def table() -> Table:
    """A table that no other test loads."""
    return Table("public", f"items_{next(_NUMBERS)}", False, (Column("id", "integer"),))


def load(
    account: Account,
    table: Table,
    says: int,
    owners: Sequence[str],
    attempt: Attempt = ATTEMPT,
    *,
    is_replaced: bool = False,
) -> str:
    """Land a row for each of *owners* and load them under a manifest that *says* a count; the refusal, or nothing."""
    progress = account.run(*prepare(account, table, says, owners, attempt, is_replaced=is_replaced))
    return getattr(progress, "cause", "")


def prepare(
    account: Account, table: Table, says: int, owners: Sequence[str], attempt: Attempt, *, is_replaced: bool
) -> tuple[str, ...]:
    """Land those rows; the request that loads them."""
    key = f"{attempt.folder.table_prefix(table.name)}LOAD00000001.parquet"
    rows = ", ".join(f"({number}, '{owner}')" for number, owner in enumerate(owners))
    query = f"SELECT id, owner AS _fleet_database, '2026-11-29' AS _fleet_at FROM (VALUES {rows}) t(id, owner)"
    account.land(key, query)
    file = LandedFile(key, 1, "etag")
    sealed = SealedTable(table.schema, table.table, False, "loaded", says, says, (file,))
    plan = TablePlan(table_columns("postgresql", table), is_replaced=is_replaced)
    return full_load_statements(SNOWFLAKE, attempt, table, sealed, plan)


def held(account: Account, table: Table) -> list[int]:
    """The ids that readers see."""
    rows = account.rows(f"SELECT ID FROM {qualified(SNOWFLAKE, 'shop', table.name)} ORDER BY ID")
    return [int(row["id"] or 0) for row in rows]


@pytest.mark.parametrize(
    ("says", "owners", "words"),
    [
        (2, ["shop"] * 3, "full load: 3 rows, 3 of this database, 2 by DMS"),
        (4, ["shop"] * 3, "full load: 3 rows, 3 of this database, 4 by DMS"),
        (3, ["shop"] * 2 + ["crm"], "full load: 3 rows, 2 of this database, 3 by DMS"),
        (3, ["shop"] * 3 + ["crm"], "full load: 4 rows, 3 of this database, 3 by DMS"),
        (2, ["shop"] * 2 + ["crm"], "full load: 3 rows, 2 of this database, 2 by DMS"),
    ],
    ids=["more", "fewer", "one-of-another-database", "one-more-of-another-database", "another-database-makes-more"],
)
@pytest.mark.parametrize("is_replaced", [False, True], ids=["loaded", "replaced"])
def test_a_load_of_more_or_fewer_rows_than_dms_moved_is_refused_and_readers_see_the_old_ones(
    account: Account, table: Table, says: int, owners: list[str], words: str, is_replaced: bool
) -> None:
    assert load(account, table, 1, ["shop"]) == ""
    refusal = load(account, table, says, owners, replace(ATTEMPT, number=8), is_replaced=is_replaced)
    assert words in refusal
    assert held(account, table) == [0]


def test_a_load_of_exactly_the_rows_that_dms_moved_is_published(account: Account, table: Table) -> None:
    assert load(account, table, 3, ["shop"] * 3) == ""
    assert held(account, table) == [0, 1, 2]


@pytest.mark.parametrize(("number", "is_refused"), [(6, True), (7, False), (8, False)])
@pytest.mark.parametrize("is_replaced", [False, True], ids=["loaded", "replaced"])
def test_an_older_attempt_is_refused_and_the_same_or_a_newer_one_is_not(
    account: Account, table: Table, number: int, is_refused: bool, is_replaced: bool
) -> None:
    assert load(account, table, 1, ["shop"]) == ""
    refusal = load(account, table, 2, ["shop"] * 2, replace(ATTEMPT, number=number), is_replaced=is_replaced)
    assert (f"attempt 7 is applied already, this is attempt {number}" in refusal) == is_refused
    assert held(account, table) == ([0] if is_refused else [0, 1])


def test_a_request_that_died_after_it_replaced_a_table_is_finished_when_it_is_sent_again(
    account: Account, table: Table
) -> None:
    assert load(account, table, 1, ["shop"]) == ""
    newer = replace(ATTEMPT, number=8)
    statements = prepare(account, table, 2, ["shop"] * 2, newer, is_replaced=True)
    (place,) = [number for number, one in enumerate(statements) if " CLONE " in one]
    account.done(*statements[: place + 1])
    assert (held(account, table), applied(account, table)) == ([0, 1], [7])
    account.done(*statements)
    assert (held(account, table), applied(account, table)) == ([0, 1], [7, 8])


def applied(account: Account, table: Table) -> list[int]:
    """The attempts that OPS.APPLIED has of it."""
    query = f"SELECT ATTEMPT FROM FLEET.OPS.APPLIED WHERE TABLE_NAME = '{table.table}' ORDER BY ATTEMPT"
    return [int(row["attempt"] or 0) for row in account.rows(query)]
