"""Columns that the registry leaves out, and keys that it declares, through the machines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from case_registry import enter
from cases import Case, Cases
from columns_there import columns_landed, columns_published
from delta_case import NO_VIEW, DeltaCase, delta_cases
from fleet.databases import Deletes, TableRules
from localcloud.servers.postgres import EmbeddedPostgres

SECRETS = f"""{NO_VIEW}
ALTER TABLE orders ADD COLUMN card_no text; UPDATE orders SET card_no = 'secret ' || id;
ALTER TABLE customers ADD COLUMN password text, ADD COLUMN city text;
UPDATE customers SET password = 'secret ' || id, city = 'Rome';
ALTER TABLE nothing ADD COLUMN card_no text; INSERT INTO nothing VALUES (1, 'a', 'secret');
"""
COLUMNS = {"orders": "CARD_NO", "nothing": "CARD_NO", "customers": "PASSWORD"}
DELETES: dict[str, Deletes] = {"orders": "soft", "customers": "history", "nothing": "hard"}
RULES = tuple(TableRules("public", name, deletes=word, drift="failed") for name, word in DELETES.items())
KEYS = (
    TableRules("public", "visits", key=("customer", "day"), deletes="soft"),
    TableRules("public", "calls", key=("customer", "day"), deletes="history"),
    TableRules("public", "notes", key=("customer",)),
)


@pytest.fixture(scope="module")
def cases(postgres: EmbeddedPostgres, case_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cases]:
    with delta_cases(tmp_path_factory.mktemp("left-out"), postgres, case_template, count=5) as opened:
        yield opened


def account(case: Case) -> dict[str, Any]:
    """What the last outcome accounts for."""
    return json.loads(case.read_control(case.outcome["document"]))["account"]


def run_ok(database: DeltaCase, mode: str = "delta") -> None:
    assert database.run(mode)["outcome"] == "ok", database.case.outcome["failure_text"]


def test_a_column_that_is_left_out_lands_no_more_and_is_dropped_in_snowflake_with_its_values(cases: Cases) -> None:
    database = DeltaCase(cases, SECRETS, DELETES)
    case = database.case
    enter(case, tables=RULES)
    run_ok(database)
    assert all(name in columns_published(case, table) for table, name in COLUMNS.items())
    enter(case, exclude_columns=("*.*.PASSWORD", "public.*.card*"))
    for expected in ("full", "delta"):
        database.change(
            "UPDATE customers SET city = city || '!', password = 'x'",
            "UPDATE orders SET what = 'y'",
            "DELETE FROM nothing",
            "INSERT INTO nothing VALUES (2, 'b', 'secret')",
        )
        run_ok(database)
        assert {case.tables[table]["mode"] for table in COLUMNS} == {expected}
        landed = columns_landed(case, *COLUMNS)
        assert {"city", "what"} <= landed
        assert not {"password", "card_no"} & landed
        for table, name in COLUMNS.items():
            dropped = f"column {name} is left out by the registry: it is dropped with its values"
            assert case.tables[table]["changes"] == ([dropped] if expected == "full" else [])
            assert name not in columns_published(case, table)
        database.assert_equal(orders="id, what, amount", customers="id, name, city", nothing="id, what")
    said = [f"public.{table}.{COLUMNS[table].lower()}" for table in sorted(COLUMNS)]
    assert account(case)["columns_left_out"] == said


def test_a_column_that_comes_during_the_run_does_not_land_or_is_named_and_not_loaded(cases: Cases) -> None:
    """DMS counts case, so that its rule with the pattern leaves out one column, and lets one in another case land."""
    database = DeltaCase(cases)
    case = database.case
    enter(case, exclude_columns=("*.*.pin*",))
    run_ok(database)
    before = columns_published(case, "orders")

    def meanwhile(number: int) -> Any:
        def add(_: Any) -> None:
            database.change(
                f'ALTER TABLE customers ADD COLUMN pin{number} text; ALTER TABLE orders ADD COLUMN "PIN{number}" text',
                f"UPDATE customers SET pin{number} = 'secret'; UPDATE orders SET \"PIN{number}\" = 'secret'",
            )
            cases.functions.before.pop("StartTask")

        return add

    for number, mode in enumerate(("delta", "full")):
        cases.functions.before["StartTask"] = meanwhile(number)
        outcome = database.run(mode)
        said = " ".join(outcome["gaps"]) if mode == "delta" else outcome["failure_text"]
        assert f"public.orders: column 'PIN{number}' landed, which `exclude_columns` leaves out" in said
        assert f"{case.id}/{mode}/{case.run}/" in said
        assert f"PIN{number}" in columns_landed(case, "orders")
        assert not any(name.casefold().startswith("pin") for name in columns_landed(case, "customers"))
        assert columns_published(case, "orders") == before
        # A delta's table is loaded in full within the run, by a catalogue that knows the column.
        assert outcome["failure_name"] == ("" if mode == "delta" else "LeftOutLanded")


def test_a_declared_key_keeps_deleted_rows_and_where_it_does_not_hold_the_table_fails_alone(cases: Cases) -> None:
    database = DeltaCase(cases)
    case = database.case
    enter(case, tables=KEYS, exclude_columns=("*.pins.pin",))
    database.change(
        "CREATE TABLE pins (pin integer PRIMARY KEY, what text)",
        "INSERT INTO pins VALUES (1, 'a')",
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
    assert any("`exclude_columns` names its key column 'pin'" in one["why"] for one in account(case)["relations"])
    assert columns_landed(case, "pins") == set()
    database.change("DELETE FROM notes WHERE day <> '2026-01-01' OR day IS NULL", "DROP TABLE pins")
    for name in ("visits", "calls"):
        database.change(
            f"DELETE FROM {name} WHERE customer = 2", f"UPDATE {name} SET what = 'z' WHERE day = '2026-01-02'"
        )
    run_ok(database)
    assert {case.tables[one.table]["mode"] for one in KEYS} == {"full"}
    visits = f"SELECT CUSTOMER, WHAT, _DELETED_AT IS NOT NULL FROM {case.warehouse_schema}.VISITS"
    assert case.ask_warehouse(visits) == [[1, "a", False], [1, "z", False], [2, "c", True]]
    calls = f"SELECT CUSTOMER, WHAT, _VALID_TO IS NULL FROM {case.warehouse_schema}.CALLS"
    assert case.ask_warehouse(calls) == [[1, "a", True], [1, "b", False], [1, "z", True], [2, "c", False]]
