"""Columns that the registry leaves out, and keys that it declares, through the machines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from case_registry import enter
from cases import Cases
from delta_case import NO_VIEW, DeltaCase, delta_cases
from fleet.databases import Deletes, TableRules
from fleet.parquet_footer import read_footer
from localcloud.servers.mariadb import EmbeddedMariadb
from localcloud.servers.postgres import EmbeddedPostgres
from mariadb_cases import MariadbCases

PATTERNS = ("*.*.pass*", "public.orders.Card_No")
PEOPLE = """
ALTER TABLE orders ADD COLUMN card_no text; UPDATE orders SET card_no = 'secret ' || id;
ALTER TABLE customers ADD COLUMN password text, ADD COLUMN city text;
UPDATE customers SET password = 'secret ' || id, city = 'Rome';
"""
SEES = {"orders": "id, what, amount", "customers": "id, name, city"}


@pytest.fixture(scope="module")
def cases(postgres: EmbeddedPostgres, case_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cases]:
    folder = tmp_path_factory.mktemp("left-out")
    with delta_cases(folder, postgres, case_template, count=8, exclude_columns=PATTERNS) as opened:
        yield opened


def landed(database: DeltaCase, **table: str) -> set[str]:
    """All columns of all Parquet files that ever landed of the database, or of one *table*."""
    s3, bucket, names = database.case.s3, database.case.cloud.registry.settings.landing_bucket, set()
    for one in s3.list_objects_v2(Bucket=bucket, Prefix=f"{database.case.id}/").get("Contents", ()):
        key = one["Key"]
        if key.endswith(".parquet") and f"/{table.get('table', '')}" in key:
            names |= read_footer(s3.get_object(Bucket=bucket, Key=key)["Body"].read()).columns
    return names


def warehouse_columns(database: DeltaCase, table: str) -> set[str]:
    schema = database.case.warehouse_schema.split(".")[1].strip('"')
    found = database.case.ask_warehouse(
        f"SELECT COLUMN_NAME FROM FLEET.INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = '{schema}' "
        f"AND TABLE_NAME = '{table.upper()}'"
    )
    return {row[0] for row in found}


def test_a_column_left_out_lands_neither_in_full_loads_nor_in_deltas(cases: Cases) -> None:
    database = DeltaCase(cases, f"{NO_VIEW} {PEOPLE}")
    database.run()
    assert database.case.outcome["outcome"] == "ok", database.case.outcome["failure_text"]
    database.change(
        "UPDATE customers SET password = 'new', city = 'Oslo' WHERE id = 1", "DELETE FROM orders WHERE id = 1"
    )
    database.run()
    assert database.case.outcome["outcome"] == "ok", database.case.outcome["failure_text"]
    assert {database.case.tables[one]["mode"] for one in SEES} == {"delta"}
    assert database.case.ask_warehouse(f"SELECT CITY FROM {database.case.warehouse_schema}.CUSTOMERS WHERE ID = 1")
    assert {"city", "what"} <= landed(database)
    assert not {"password", "card_no"} & landed(database)


KEPT: dict[str, Deletes] = {"orders": "soft", "customers": "history"}


def test_a_column_that_is_left_out_later_is_dropped_in_snowflake_with_its_values(cases: Cases) -> None:
    database = DeltaCase(cases, f"{NO_VIEW} {PEOPLE} ALTER TABLE nothing ADD COLUMN card_no text;", KEPT)
    database.change("INSERT INTO nothing VALUES (1, 'a', 'secret')")
    rules = (
        *(TableRules("public", name, deletes=word, drift="failed") for name, word in KEPT.items()),
        TableRules("public", "nothing", drift="failed"),
    )
    enter(database.case, exclude_columns=(), tables=rules)
    assert database.run()["outcome"] == "ok", database.case.outcome["failure_text"]
    columns = {"orders": "CARD_NO", "nothing": "CARD_NO", "customers": "PASSWORD"}
    assert all(name in warehouse_columns(database, table) for table, name in columns.items())
    enter(database.case, exclude_columns=("*.*.PASSWORD", "public.*.card*"))
    assert database.run()["outcome"] == "ok", database.case.outcome["failure_text"]
    for table, name in columns.items():
        loaded = database.case.tables[table]
        assert loaded["mode"] == "full"
        assert loaded["changes"] == [f"column {name} is left out by the registry: it is dropped with its values"]
        assert name not in warehouse_columns(database, table)
    database.change(
        "UPDATE customers SET city = 'Bonn', password = 'x'", "UPDATE orders SET what = 'y'", "DELETE FROM nothing"
    )
    assert database.run()["outcome"] == "ok", database.case.outcome["failure_text"]
    assert {database.case.tables[table]["mode"] for table in columns} == {"delta"}
    database.assert_equal(**SEES)


@pytest.mark.parametrize("mode", ["full", "delta"])
def test_a_column_that_comes_during_the_run_does_not_land_or_is_named_and_not_loaded(cases: Cases, mode: str) -> None:
    """The rule with a pattern counts case, so that one column lands whose case is another one."""
    database = DeltaCase(cases)
    assert database.run()["outcome"] == "ok"
    before = warehouse_columns(database, "orders")

    def add(_: Any) -> None:
        database.change(
            'ALTER TABLE customers ADD COLUMN passport text; ALTER TABLE orders ADD COLUMN "PASSPORT" text',
            "UPDATE customers SET passport = 'secret'",
            "UPDATE orders SET \"PASSPORT\" = 'secret'",
        )
        database.cases.functions.before.pop("StartTask")

    database.cases.functions.before["StartTask"] = add
    outcome = database.run(mode)
    assert outcome["failure_name"] == ("LeftOutLanded" if mode == "full" else "")
    said = outcome["failure_text"] if mode == "full" else " ".join(outcome["gaps"])
    assert "public.orders: column 'PASSPORT' landed, which `exclude_columns` leaves out" in said
    assert "/public/orders/" in said
    assert "PASSPORT" in landed(database)
    assert "passport" not in landed(database)
    assert warehouse_columns(database, "orders") == before
    assert "PASSPORT" not in warehouse_columns(database, "customers")


def test_a_table_whose_key_is_left_out_is_not_moved_and_the_outcome_says_so(cases: Cases) -> None:
    database = DeltaCase(cases, f"{NO_VIEW} {PEOPLE} CREATE TABLE pins (pin text PRIMARY KEY);")
    enter(database.case, exclude_columns=("*.customers.name", "*.pins.pin", "*.orders.id"))
    outcome = database.run("full")
    assert (outcome["outcome"], outcome["failure_name"]) == ("partial", "RelationsNotMoved")
    assert "public.orders (`exclude_columns` names its key column 'id')" in outcome["failure_text"]
    assert landed(database, table="orders/") == landed(database, table="pins/") == set()
    assert "NAME" not in warehouse_columns(database, "customers")


KEYS = (
    TableRules("public", "visits", key=("customer", "day"), deletes="soft"),
    TableRules("public", "calls", key=("customer", "day"), deletes="history"),
    TableRules("public", "notes", key=("customer",)),
)


def test_a_table_with_a_declared_key_keeps_deleted_rows_and_one_without_that_key_fails_alone(cases: Cases) -> None:
    database = DeltaCase(cases)
    enter(database.case, tables=KEYS)
    database.change(
        "CREATE TABLE visits (customer integer, day date, what text)",
        "INSERT INTO visits VALUES (1, '2026-01-01', 'a'), (1, '2026-01-02', 'b'), (2, '2026-01-01', 'c')",
        "CREATE TABLE calls AS SELECT * FROM visits",
        "CREATE TABLE notes AS SELECT * FROM visits UNION ALL SELECT NULL, NULL, 'd'",
    )
    outcome = database.run()
    assert (outcome["outcome"], outcome["failure_name"]) == ("partial", "DeclaredKeyBroken")
    assert outcome["failure_text"].startswith(
        "public.notes does not have the key that the registry declares: "
        "1 rows beside another one with their key, 1 rows without a whole key."
    )
    database.change("DELETE FROM notes WHERE day <> '2026-01-01' OR day IS NULL")
    for name in ("visits", "calls"):
        database.change(
            f"DELETE FROM {name} WHERE customer = 2", f"UPDATE {name} SET what = 'z' WHERE day = '2026-01-02'"
        )
    assert database.run()["outcome"] == "ok", database.case.outcome["failure_text"]
    assert {database.case.tables[one.table]["mode"] for one in KEYS} == {"full"}
    schema = database.case.warehouse_schema
    visits = f"SELECT CUSTOMER, WHAT, _DELETED_AT IS NOT NULL FROM {schema}.VISITS ORDER BY CUSTOMER, WHAT"
    assert database.case.ask_warehouse(visits) == [[1, "a", False], [1, "z", False], [2, "c", True]]
    calls = f"SELECT CUSTOMER, WHAT, _VALID_TO IS NULL FROM {schema}.CALLS ORDER BY CUSTOMER, WHAT"
    assert database.case.ask_warehouse(calls) == [[1, "a", True], [1, "b", False], [1, "z", True], [2, "c", False]]
    database.change("INSERT INTO visits VALUES (1, '2026-01-01', 'twice')")
    assert database.run()["failure_name"] == "DeclaredKeyBroken"
    assert len(database.case.ask_warehouse(visits)) == 3
