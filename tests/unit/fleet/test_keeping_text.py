"""The SQL of tables that keep deleted rows, as text."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

import pytest

from cases import SETTINGS
from fleet.attempts import Attempt
from fleet.compared_loads import compared_load_statements
from fleet.deltas.change_sql import ChangeBatch, change_statements
from fleet.drift import TablePlan
from fleet.folders import LandedFile
from fleet.manifests import SealedTable
from fleet.tables.catalogue import Table
from fleet.tables.columns import Column
from fleet.warehouse_columns import KEEPING_COLUMNS, table_columns

PRICES = Table("public", "prices", False, (Column("sku", "character", length=8), Column("at", "date")), ("sku",))
Keeping = Literal["soft", "history"]


def compared(deletes: Keeping) -> tuple[str, ...]:
    attempt = Attempt("night-1", "shop", "full", 7, "arn")
    file = LandedFile(f"{attempt.folder.table_prefix(PRICES.name)}LOAD00000001.parquet", 9, "etag")
    sealed = SealedTable("public", "prices", False, "loaded", 3, 3, (file,))
    plan = TablePlan((*table_columns("postgresql", PRICES), *KEEPING_COLUMNS[deletes]))
    began = datetime(2026, 11, 30, 14, 0, 0, 250_000, tzinfo=UTC)
    return compared_load_statements(SETTINGS.snowflake, attempt, PRICES, sealed, plan, deletes, began)


def changed(deletes: Keeping) -> tuple[str, ...]:
    attempt = Attempt("night-2", "shop", "delta", 8, "arn")
    file = LandedFile(f"{attempt.folder.table_prefix(PRICES.name)}20261130-140000123.parquet", 9, "etag")
    sealed = SealedTable("public", "prices", False, "loaded", 3, None, (file,))
    batch = ChangeBatch(PRICES, ((attempt, sealed),), 7, table_columns("postgresql", PRICES), True, deletes)
    return change_statements(SETTINGS.snowflake, "postgresql", attempt, batch)


def test_the_statements_of_tables_that_keep_deleted_rows_are_as_reviewed(golden: Callable[[str, str], None]) -> None:
    parts: list[str] = []
    for deletes in ("soft", "history"):
        parts += [f"-- {deletes}: a full load\n", *(f"{one};\n" for one in compared(deletes))]
        parts += [f"\n-- {deletes}: changes\n", *(f"{one};\n" for one in changed(deletes)), "\n"]
    golden("kept_rows.sql", "".join(parts).rstrip() + "\n")


@pytest.mark.parametrize("made", [compared, changed])
@pytest.mark.parametrize("deletes", ["soft", "history"])
def test_nothing_of_a_keeping_table_changes_outside_of_the_transaction_or_is_deleted(
    made: Callable[[str], tuple[str, ...]], deletes: Keeping
) -> None:
    statements = made(deletes)
    begin, commit = statements.index("BEGIN TRANSACTION"), statements.index("COMMIT")
    inside = [one.split()[0] for one in statements[begin + 1 : commit]]
    assert {"CREATE", "ALTER", "DROP", "COPY", "DELETE"}.isdisjoint(inside)
    assert "MERGE" in inside
    outside = [*statements[:begin], *statements[commit:]]
    target = '"PRICES"'
    assert not [one for one in outside if one.startswith(("MERGE", "UPDATE", "DELETE")) or f"COPY INTO {target}" in one]
    assert "THEN DELETE" not in "".join(statements)
