"""Tables that keep deleted rows, through the machines: orders is `soft`, customers `history`."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import pytest

from case_registry import enter
from cases import Cases
from delta_case import MARK, DeltaCase, delta_cases
from fleet.databases import Deletes, TableRules
from localcloud.dms.changes.captured import CaptureHooks, CaptureKilledError
from localcloud.servers.postgres import EmbeddedPostgres
from workload import KEYS, SCHEMA, Workload

DELETES: dict[str, Deletes] = {"orders": "soft", "customers": "history"}
WORKLOAD: dict[str, Deletes] = {
    "accounts": "history",
    "order_lines": "soft",
    "codes": "history",
    "documents": "history",
    "tiny": "soft",
}
RULES = tuple(TableRules("public", table, deletes=word) for table, word in DELETES.items())


@dataclass
class Killer:
    """Lets a capture die after the first file of *table* is put; nothing where that is empty."""

    table: str = ""

    def around_put(self, when: str, key: str) -> None:
        if self.table and when == "after" and f"/{self.table}/" in key:
            self.table = ""
            raise CaptureKilledError


KILLER = Killer()


@pytest.fixture(scope="module")
def cases(postgres: EmbeddedPostgres, case_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cases]:
    hooks, folder = CaptureHooks(around_put=KILLER.around_put), tmp_path_factory.mktemp("deletes")
    with delta_cases(folder, postgres, case_template, captures=hooks, tables=RULES) as opened:
        yield opened


@pytest.fixture
def seeded(cases: Cases) -> DeltaCase:
    database = DeltaCase(cases, deletes=DELETES)
    assert database.run_ok() == ["prime", "full"]
    return database


def ask(database: DeltaCase, query: str) -> list[list[Any]]:
    """The rows of a query about ORDERS or CUSTOMERS."""
    schema = database.case.warehouse_schema
    return database.case.ask_warehouse(query.replace("ORDERS", f"{schema}.ORDERS").replace("CUST", f"{schema}.CUST"))


def gone(database: DeltaCase) -> list[list[Any]]:
    """The orders that are flagged."""
    return ask(database, "SELECT ID, WHAT FROM ORDERS WHERE _DELETED_AT IS NOT NULL ORDER BY ID")


def versions(database: DeltaCase, key: int) -> list[str]:
    """The names that the customer had, in order; the last with a dot where it is not there any more. The intervals of
    all customers must follow each other.
    """
    rows = ask(database, "SELECT ID, NAME, _VALID_FROM, _VALID_TO FROM CUSTOMERS")
    rows.sort(key=lambda row: (row[0], row[2]))
    for (one, _, start, end), (other, _, after, _) in pairwise([*rows, [None] * 4]):
        assert start is not None
        assert end is None or start < end
        assert one != other or (end is not None and end <= after)
    found = [(name, end) for one, name, _, end in rows if one == key]
    return [*(name for name, _ in found[:-1]), *(name + ("." if end else "") for name, end in found[-1:])]


def test_deleted_rows_stay_with_their_last_image_and_come_back(seeded: DeltaCase) -> None:
    seeded.change(
        "UPDATE orders SET what = 'last' WHERE id = 1",
        "DELETE FROM orders WHERE id IN (1, 2)",
        "UPDATE orders SET id = 30 WHERE id = 3",
        "INSERT INTO orders VALUES (7, 'came and went', 7)",
        "DELETE FROM orders WHERE id = 7",
    )
    assert seeded.run_ok() == ["delta"]
    assert gone(seeded) == [[1, "last"], [2, "order 2"], [3, "order 3"], [7, "came and went"]]
    assert seeded.case.tables["orders"]["rows_in_warehouse"] == 3  # living rows are counted
    seeded.change("INSERT INTO orders VALUES (1, 'back', NULL)")
    seeded.run_ok()
    assert [row[0] for row in gone(seeded)] == [2, 3, 7]
    assert seeded.run_ok("full") == ["full"]
    assert [row[0] for row in gone(seeded)] == [2, 3, 7]


def test_history_has_a_version_for_each_change(seeded: DeltaCase) -> None:
    seeded.change(
        "UPDATE customers SET name = 'Ada 2' WHERE id = 1",
        "UPDATE customers SET name = 'Ada 3' WHERE id = 1; UPDATE customers SET name = 'Ada 4' WHERE id = 1",
        "UPDATE customers SET name = name WHERE id = 1",
        "DELETE FROM customers WHERE id = 2",
        "UPDATE customers SET id = 10 WHERE id = 1",
    )
    seeded.run_ok()
    assert versions(seeded, 1) == ["Ada", "Ada 2", "Ada 3", "Ada 4."]
    assert (versions(seeded, 2), versions(seeded, 10)) == (["Bo."], ["Ada 4"])
    seeded.change("INSERT INTO customers VALUES (2, 'Bo')", "UPDATE customers SET name = 'Ada 5' WHERE id = 10")
    seeded.run_ok()
    assert (versions(seeded, 2), versions(seeded, 10)) == (["Bo", "Bo"], ["Ada 4", "Ada 5"])


@pytest.mark.parametrize("mode", ["full", "delta"])
def test_a_full_load_closes_flags_and_opens_and_leaves_alone_what_is_as_it_was(seeded: DeltaCase, mode: str) -> None:
    before = ask(seeded, "SELECT ID, NAME, _VALID_FROM, _FILE FROM CUSTOMERS WHERE ID = 1")
    seeded.change(
        "DELETE FROM orders WHERE id = 1",
        "UPDATE orders SET what = 'changed' WHERE id = 2",
        "UPDATE customers SET name = 'Bo 2' WHERE id = 2",
        "UPDATE customers SET name = 'Bo 3' WHERE id = 2",
        "INSERT INTO customers VALUES (3, 'Cy'), (4, 'Di')",
        "DELETE FROM customers WHERE id = 4",
    )
    if mode == "full":
        assert seeded.run_ok("full") == ["full"]
        assert versions(seeded, 2) == ["Bo", "Bo 3"]
        seeded.run_ok()  # repeats what was before the full load, which ends as it was
    else:
        seeded.run_ok()
        seeded.run_ok("full")
    assert gone(seeded) == [[1, "order 1"]]
    assert (versions(seeded, 1), versions(seeded, 3)) == (["Ada"], ["Cy"])
    assert versions(seeded, 2)[-1] == "Bo 3"
    assert ask(seeded, "SELECT ID, NAME, _VALID_FROM, _FILE FROM CUSTOMERS WHERE ID = 1") == before


def test_changes_that_are_read_again_after_an_unclean_stop_make_no_versions(seeded: DeltaCase) -> None:
    seeded.change(
        "UPDATE customers SET name = 'Ada 2' WHERE id = 1",
        "UPDATE customers SET name = 'Ada' WHERE id = 1",
        "DELETE FROM customers WHERE id = 2",
        "DELETE FROM orders WHERE id = 1",
    )
    KILLER.table = "customers"
    assert seeded.run()["outcome"] != "ok"
    seeded.change("UPDATE customers SET name = 'Ada 3' WHERE id = 1", "INSERT INTO customers VALUES (2, 'Bo')")
    seeded.run_ok()
    assert (versions(seeded, 1), versions(seeded, 2)) == (["Ada", "Ada 2", "Ada", "Ada 3"], ["Bo", "Bo"])
    assert gone(seeded) == [[1, "order 1"]]


def test_a_new_column_is_added_in_place_and_another_type_is_refused_by_name(seeded: DeltaCase) -> None:
    seeded.change(
        "DELETE FROM orders WHERE id = 1",
        "ALTER TABLE orders ADD COLUMN note text",
        "ALTER TABLE customers ALTER COLUMN name TYPE varchar(80)",
    )
    seeded.run_ok()
    seeded.assert_equal(orders="id, what, amount, note", customers="id, name")
    assert gone(seeded) == [[1, "order 1"]]
    seeded.change("ALTER TABLE orders ALTER COLUMN note TYPE date USING NULL")
    outcome = seeded.run()
    assert (outcome["outcome"], outcome["failure_name"]) == ("partial", "TableNotReplaced")
    assert "Rename it in Snowflake, where it stays as it is, and rerun" in outcome["failure_text"]
    assert gone(seeded) == [[1, "order 1"]]
    schema = seeded.case.warehouse_schema
    seeded.case.cloud.snowflake.administer(f"DROP TABLE {schema}.ORDERS")  # the stand-in does not rename
    seeded.run_ok()


def test_a_table_begins_to_keep_rows_and_does_not_cease_to_in_silence(seeded: DeltaCase) -> None:
    enter(seeded.case, tables=(TableRules("public", "nothing", deletes="history"), *RULES))
    seeded.change("INSERT INTO nothing VALUES (1, 'a')", "DELETE FROM orders WHERE id = 1")
    seeded.run_ok()
    assert seeded.case.tables["nothing"]["mode"] == "full"
    hard = tuple(replace(one, deletes="hard") for one in RULES)
    enter(seeded.case, tables=hard)
    outcome = seeded.run()
    assert (outcome["outcome"], outcome["failure_name"]) == ("failed", "DeletesSwitched")
    assert gone(seeded) == [[1, "order 1"]]
    schema = seeded.case.warehouse_schema
    for table in ("ORDERS", "CUSTOMERS", "NOTHING"):
        seeded.case.cloud.snowflake.administer(f"DROP TABLE {schema}.{table}")
    seeded.deletes = {}
    seeded.run_ok()
    enter(seeded.case, tables=RULES)
    seeded.deletes = DELETES
    seeded.run_ok()
    assert versions(seeded, 1) == ["Ada"]


def test_a_long_value_of_a_version_that_has_ended_says_nothing_of_updates(seeded: DeltaCase) -> None:
    enter(seeded.case, tables=(TableRules("public", "letters", deletes="history"), *RULES))
    seeded.change(
        "CREATE TABLE letters (id integer PRIMARY KEY, body text, seen integer)",
        "INSERT INTO letters SELECT 1, string_agg(md5(n::text), ''), 0 FROM generate_series(1, 200) n",
    )
    seeded.run_ok()
    seeded.change("UPDATE letters SET body = NULL")
    seeded.run_ok()
    assert seeded.case.tables["letters"]["mode"] == "full"  # it might have been left out
    seeded.change("UPDATE letters SET seen = 1")
    seeded.run_ok()
    assert seeded.case.tables["letters"]["mode"] == "delta"


def test_a_table_without_a_key_that_is_to_keep_rows_is_named_and_not_loaded(cases: Cases) -> None:
    database = DeltaCase(cases, MARK, DELETES)
    enter(database.case, deletes="soft", tables=(TableRules("public", "totals", deletes="hard"), *RULES))
    database.change("CREATE TABLE notes (what text)", "INSERT INTO notes VALUES ('a')")
    outcome = database.run()
    assert (outcome["outcome"], outcome["failure_name"]) == ("partial", "RowsNotKept")
    assert "public.notes cannot keep deleted rows" in outcome["failure_text"]
    assert database.case.tables["totals"]["failure"] is None


def test_after_any_workload_what_lives_is_the_source_and_the_versions_of_a_key_follow_each_other(
    cases: Cases,
) -> None:
    seed = random.SystemRandom().randint(1, 2**31)
    print(f"seed {seed}")  # noqa: T201  what a failure is repeated with
    database = DeltaCase(cases, deletes=WORKLOAD)
    enter(database.case, tables=tuple(TableRules("public", name, deletes=word) for name, word in WORKLOAD.items()))
    database.change("DROP TABLE orders, customers, nothing")
    database.change(SCHEMA.format(rows=60))
    work = Workload(seed, lambda: cases.postgres.connect(database.case.id), 4)
    assert database.run()["outcome"] == "ok", database.case.outcome["failure_text"]
    modes: set[tuple[str, str]] = set()
    for number in range(5):
        work.run(120)
        KILLER.table = "accounts" if number == 1 else ""
        database.run("full" if number == 3 else "delta")
        modes |= {(name, database.case.tables[name]["mode"]) for name in WORKLOAD}
    assert modes == {(name, mode) for name in WORKLOAD for mode in ("full", "delta")}
    assert database.run()["outcome"] == "ok", database.case.outcome["failure_text"]
    several: set[str] = set()
    for table, key in KEYS.items():
        query = f"SELECT column_name FROM information_schema.columns WHERE table_name = '{table}' ORDER BY 1"
        names = [name for (name,) in database.case.ask_source(query) if name not in {"content", "tags", "body"}]
        database.assert_equal(**{table: ", ".join(names)})
        if WORKLOAD[table] == "history" and follow_each_other(database, table, key, names):
            several.add(table)
    assert several  # not each table: a seed may leave one as it was


def follow_each_other(database: DeltaCase, table: str, key: tuple[str, ...], names: list[str]) -> bool:
    """The versions of each key have intervals that do not overlap, and at most the last is open. Whether any key has
    several.
    """
    columns = ", ".join(name.upper() for name in (*key, *names))
    rows = database.case.ask_warehouse(
        f"SELECT _VALID_FROM, _VALID_TO, {columns} FROM {database.case.warehouse_schema}.{table.upper()}"
    )
    width = 2 + len(key)
    rows.sort(key=lambda row: (repr(row[2:width]), row[0]))
    for before, after in pairwise(rows):
        assert before[1] is None or before[0] < before[1], before
        if before[2:width] == after[2:width]:
            assert before[1] is not None, (before, after)
            assert before[1] <= after[0], (before, after)
    return len({repr(row[2:width]) for row in rows}) < len(rows)
