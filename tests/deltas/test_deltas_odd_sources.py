"""What once ended `ok` and was not equal to its source: each of them alone, on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from case_registry import enter
from cases import Cases
from delta_case import NO_VIEW, DeltaCase, delta_cases
from fleet.databases import TableRules
from localcloud.servers.postgres import EmbeddedPostgres

LONG = "(SELECT string_agg(md5(n::text), '') FROM generate_series({}, {}) n)"
"""A text that PostgreSQL cannot make short, 32 letters for each number."""


@pytest.fixture(scope="module")
def cases(postgres: EmbeddedPostgres, case_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cases]:
    with delta_cases(tmp_path_factory.mktemp("broken"), postgres, case_template) as opened:
        yield opened


def seed(cases: Cases, made_of: str = "") -> DeltaCase:
    """A database after its first run in mode `delta`, with what *made_of* adds to it."""
    database = DeltaCase(cases, NO_VIEW + made_of)
    assert database.run_ok() == ["prime", "full"]
    return database


@pytest.mark.parametrize("after", ["numeric(10, 2)", "numeric(10, 2) DEFAULT 7"])
def test_a_column_that_is_dropped_and_added_again_is_loaded_in_full(cases: Cases, after: str) -> None:
    database = seed(cases)
    database.change("ALTER TABLE orders DROP COLUMN amount", f"ALTER TABLE orders ADD COLUMN amount {after}")
    assert database.run_ok() == ["delta", "full"]


@pytest.mark.parametrize("kind", ["mood", "mood[]", "moods"])
def test_a_value_of_an_enum_that_gets_another_name_is_loaded_in_full(cases: Cases, kind: str) -> None:
    database = seed(
        cases,
        "CREATE TYPE mood AS ENUM ('sad', 'glad'); CREATE DOMAIN moods AS mood;"
        f"CREATE TABLE people (id integer PRIMARY KEY, feels {kind}); CREATE TABLE others (id integer PRIMARY KEY);"
        f"INSERT INTO people VALUES (1, '{'{sad}' if '[' in kind else 'sad'}')",
    )
    database.change("ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'")
    assert database.run_ok() == ["delta", "full"]
    database.assert_equal(people="id, feels::text" if kind == "moods" else "id, feels")
    assert database.case.tables["others"]["mode"] == "delta"


def test_an_update_that_leaves_out_a_long_key_makes_no_row_without_a_key(cases: Cases) -> None:
    words = "CREATE TABLE words (word varchar(2650) PRIMARY KEY, n integer)"
    database = seed(cases, f"{words}; INSERT INTO words SELECT {LONG.format(1, 80)}, 1")
    database.change("UPDATE words SET n = 2")
    assert database.run_ok() == ["delta", "full"]
    database.assert_equal(words="word, n")


def test_a_delete_whose_key_is_not_in_the_log_is_not_passed_over(cases: Cases) -> None:
    database = seed(
        cases, "ALTER TABLE customers ALTER name SET NOT NULL; CREATE UNIQUE INDEX by_name ON customers (name);"
    )
    database.change(
        "ALTER TABLE customers REPLICA IDENTITY USING INDEX by_name",
        "DELETE FROM customers WHERE id = 1",
        "ALTER TABLE customers REPLICA IDENTITY DEFAULT",
    )
    assert database.run_ok() == ["delta", "full"]


def test_a_long_value_that_an_update_leaves_out_is_not_lost_where_it_was_cut(cases: Cases) -> None:
    database = DeltaCase(cases, NO_VIEW + "CREATE TABLE notes (id integer PRIMARY KEY, body text, n integer)")
    database.change(f"INSERT INTO notes SELECT 1, {LONG.format(1, 200)}, 1")
    enter(database.case, lob_max_kilobytes=3, losses="accept")
    database.run_ok()
    database.change("UPDATE notes SET n = 2")
    database.run_ok()
    (held,) = database.case.ask_warehouse(f"SELECT LENGTH(BODY), N FROM {database.case.warehouse_schema}.NOTES")
    assert tuple(map(int, held)) == (1536, 2)


@pytest.mark.parametrize(
    ("kind", "keys"),
    [("time", "'10:00:00.0001', '10:00:00.0002'"), ("numeric", "1.00000001, 1.00000002")],
)
def test_a_key_that_loses_digits_is_never_taken_for_another(cases: Cases, kind: str, keys: str) -> None:
    one, other = keys.split(", ")
    database = DeltaCase(
        cases,
        f"{NO_VIEW} CREATE TABLE prices (at {kind} PRIMARY KEY, price integer);"
        f"INSERT INTO prices VALUES ({one}, 1), ({other}, 2)",
    )
    enter(database.case, tables=(TableRules("public", "prices", losses="accept"),))
    database.run_ok()
    database.change(f"UPDATE prices SET price = 3 WHERE at = {one}")
    assert database.run()["outcome"] == "ok", database.case.outcome["failure_text"]
    database.assert_equal(prices="price")


def test_a_slot_that_somebody_else_has_read_is_noticed_beside_one_that_nobody_reads(cases: Cases) -> None:
    database = seed(cases)
    with database.slot_of_another_reader():
        database.run_ok()
        database.change("UPDATE orders SET what = 'read by somebody else' WHERE id = 1")
        database.change(
            "SELECT pg_replication_slot_advance(slot_name, pg_current_wal_lsn()) FROM pg_replication_slots "
            "WHERE database = current_database() AND slot_name NOT LIKE 'another%'"
        )
        assert database.run_ok() == ["delta", "prime", "full"]


def test_a_mark_that_somebody_else_sets_is_named_where_it_hides_ours(cases: Cases) -> None:
    database = seed(cases)
    database.change("UPDATE fleet_mark SET attempt = 900")
    outcome = database.run()
    assert outcome["outcome"] != "ok"
    assert "found the mark of attempt 900" in outcome["failure_text"]


def test_a_mark_of_another_type_is_of_no_use_and_keeps_nothing_back(cases: Cases) -> None:
    database = seed(cases)
    database.change("ALTER TABLE fleet_mark ALTER attempt TYPE numeric(20, 2)", "UPDATE orders SET what = 'x'")
    database.run_ok()
