"""Deltas from a real PostgreSQL through the machines: prime, seed, deltas, and the warehouse equal to the source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from case_registry import deploy, enter
from cases import Cases
from delta_case import MARK, DeltaCase, delta_cases
from fleet.databases import Quarantine, Rename
from localcloud.servers.postgres import EmbeddedPostgres
from orchestration.costs import OF_DELTAS, way_through
from orchestration.definitions import load


@pytest.fixture(scope="module")
def cases(postgres: EmbeddedPostgres, case_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cases]:
    with delta_cases(tmp_path_factory.mktemp("deltas"), postgres, case_template) as opened:
        yield opened


@pytest.fixture
def database(cases: Cases) -> DeltaCase:
    return DeltaCase(cases)


@pytest.fixture
def with_view(cases: Cases) -> DeltaCase:
    """A database after its first run in mode `delta`, with a view, which each run loads in full."""
    database = DeltaCase(cases, MARK)
    assert database.run_ok() == ["prime", "full"]
    return database


def test_a_first_delta_primes_and_seeds_and_later_ones_bring_changes(with_view: DeltaCase) -> None:
    for changes in (
        [
            "INSERT INTO orders VALUES (6, 'six', 6.5)",
            "UPDATE orders SET what = 'first' WHERE id = 1",
            "DELETE FROM orders WHERE id = 2",
        ],
        ["UPDATE orders SET id = 30 WHERE id = 3", "INSERT INTO customers VALUES (3, 'Cy')"],
        [
            "DELETE FROM orders WHERE id = 30; INSERT INTO orders VALUES (30, 'new', NULL)",
            "UPDATE orders SET what = NULL",
        ],
    ):
        with_view.change(*changes)
        assert with_view.run_ok() == ["delta", "full"]


def test_a_delta_without_changes_is_ok(shared: DeltaCase) -> None:
    assert shared.run_ok() == ["delta"]
    assert {table["mode"] for table in shared.case.tables.values()} == {"delta"}


def states_of(database: DeltaCase) -> set[str]:
    """The states that the execution of the database's last run came to."""
    cases, case = database.cases, database.case
    arn = f"{cases.cloud.machine_arns['database-run'].replace(':stateMachine:', ':execution:')}:{case.run}-{case.id}-0"
    pages = cases.cloud.clients.executions.get_paginator("get_execution_history").paginate(executionArn=arn)
    events = [event for page in pages for event in page["events"]]
    return {one["stateEnteredEventDetails"]["name"] for one in events if "stateEnteredEventDetails" in one}


def test_a_table_with_a_renamed_column_arrives_by_delta(database: DeltaCase) -> None:
    enter(database.case, renames=(Rename("public", "customers", "name", "title"),))
    database.run("delta")
    database.change("UPDATE customers SET name = 'Bo' WHERE id = 1")
    assert database.run("delta")["outcome"] == "ok"
    assert database.case.tables["customers"]["mode"] == "delta"
    found = database.case.ask_warehouse(f'SELECT TITLE FROM {database.case.warehouse_schema}."CUSTOMERS" WHERE ID = 1')
    assert [tuple(row) for row in found] == [("Bo",)]
    enter(database.case, renames=(Rename("public", "customers", "name", "called"),))
    database.change("UPDATE customers SET name = 'Bea' WHERE id = 2")
    database.run("delta")  # what landed under the old name would be null under the new one
    assert database.case.tables["customers"]["mode"] == "full"


def test_what_takes_no_deltas_is_left_to_full_runs_where_the_registry_says_so(cases: Cases) -> None:
    database = DeltaCase(cases, MARK)
    enter(database.case, without_deltas="full_runs")
    assert database.run_ok() == ["prime", "full"]
    first = database.case.run
    database.change("INSERT INTO orders VALUES (60, 'new', 1)", "INSERT INTO nothing VALUES (1, 'first row')")
    assert database.run("delta")["outcome"] == "ok"
    assert database.purposes == ["delta", "full"]  # of a table in which nothing was ever seen to land
    database.change("UPDATE orders SET what = 'x' WHERE id = 60", "DELETE FROM nothing")
    assert database.run("delta")["outcome"] == "ok"
    assert database.purposes == ["delta"]
    way = way_through(load("database-run"), OF_DELTAS)  # what docs/costs.md counts
    assert states_of(database) >= set(way)
    assert all(name.startswith("Wait") for name in states_of(database) - set(way))
    views = [table for table in database.case.tables.values() if table["mode"] == "full"]
    assert [(one["table"], one["measured_in"], one["rows_in_warehouse"]) for one in views] == [("totals", first, None)]
    page = database.case.read_control(f"runs/{database.case.run}/report.html").decode()
    assert f"Tables that were left to full runs (1): last loaded by run {first}." in page
    assert database.run_ok("full") == ["full"]


@pytest.fixture
def ends_at_mark(database: DeltaCase) -> Iterator[None]:
    """A delta meanwhile is stopped by us, once the mark has landed."""
    case, registry = database.case, database.case.cloud.clients.records.current_registry()
    profile = replace(registry.settings.profile, deltas_end="at_mark")
    deploy(case, replace(registry, settings=replace(registry.settings, profile=profile)))
    yield
    deploy(case, registry)


@pytest.mark.usefixtures("ends_at_mark")
def test_a_delta_that_ends_at_its_mark_is_shorter_and_has_what_came_before_it(database: DeltaCase) -> None:
    assert database.run_ok() == ["prime", "full"]
    for number in range(2):
        database.change(f"INSERT INTO orders VALUES ({70 + number}, 'new', 1)")
        assert database.run_ok() == ["delta"]
    ledger = database.case.cloud.clients.ledger
    newest = ledger.claim(database.case.id).number
    for attempt in ledger.attempts_between(database.case.id, 1, newest):
        if attempt.purpose == "delta":  # the mark of a prime is older than what its task begins to read
            assert attempt.is_closed
            assert attempt.stop_asked_at
            assert attempt.started_at
            seconds = (attempt.stop_asked_at - attempt.started_at).total_seconds()
            # Nothing of a table lands before DMS's own interval is over, the mark included.
            assert 60 <= seconds < database.cases.registry.settings.limits.delta_seconds


def test_a_task_that_ended_at_a_time_before_may_end_at_marks_from_now_on(
    seeded: DeltaCase, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue("ends_at_mark")
    for number in range(2):  # it finds the stop position that its task was last started with
        seeded.change(f"INSERT INTO orders VALUES ({80 + number}, 'new', 1)")
        assert seeded.run_ok() == ["delta"]


def test_a_plan_of_deltas_is_made_from_deltas_and_one_of_full_loads_from_full_loads(database: DeltaCase) -> None:
    database.run_ok("full")
    ledger, name = database.case.cloud.clients.ledger, database.case.id
    in_full = ledger.measures([name])[name]
    assert in_full.delta_seconds is None
    database.change("UPDATE orders SET what = 'x' WHERE id = 1")
    database.run_ok()
    outcome = database.case.outcome
    took = (outcome["ended_at"] - outcome["started_at"]).total_seconds()
    assert ledger.measures([name])[name] == replace(in_full, delta_seconds=round(took))
    assert took > database.cases.registry.settings.limits.delta_seconds


def test_a_database_that_has_had_no_delta_for_too_long_is_counted_by_the_sweep(seeded: DeltaCase) -> None:
    cases, name = seeded.cases, seeded.case.id
    asked = {"fleet_run": cases.cloud.machine_arns["fleet-run"]}
    cases.time.pass_seconds(47 * 3600)
    assert name not in cases.invoke("Sweep", asked)["overdue"]
    cases.time.pass_seconds(3600)
    assert name in cases.invoke("Sweep", asked)["overdue"]
    registry = cases.cloud.clients.records.current_registry()
    enter(seeded.case, quarantined=Quarantine("it moves", "Ada", "2999-12-31"))
    assert seeded.run()["outcome"] == "quarantined"
    assert name in cases.invoke("Sweep", asked)["overdue"], "its source keeps the log all the same"
    deploy(seeded.case, registry)
    seeded.run_ok()
    assert name not in cases.invoke("Sweep", asked)["overdue"]


def test_a_delta_says_in_which_run_its_tables_were_last_counted(with_view: DeltaCase) -> None:
    first = with_view.case.run
    with_view.change("UPDATE orders SET what = 'x' WHERE id = 1")
    for _ in range(2):
        with_view.run_ok()
        assert with_view.case.tables["orders"].get("measured_in") == first
        assert not with_view.case.tables["totals"].get("measured_in")
    with_view.run_ok("full")
    second = with_view.case.run
    with_view.run_ok()
    assert with_view.case.tables["orders"]["measured_in"] == second


def test_changes_from_before_the_chain_and_within_the_seed_are_there(database: DeltaCase) -> None:
    database.change("INSERT INTO orders VALUES (7, 'before', 1)")
    database.run_ok()
    database.change("INSERT INTO orders VALUES (8, 'after', 1)")
    database.run_ok()


def test_a_full_run_in_between_loses_nothing(shared: DeltaCase) -> None:
    shared.change("UPDATE orders SET what = 'before the full run' WHERE id = 1")
    assert shared.run_ok("full") == ["full"]
    shared.change("UPDATE orders SET what = 'after it' WHERE id = 2")
    assert shared.run_ok() == ["delta"]


def test_a_full_run_begins_the_chain_where_there_is_none(database: DeltaCase) -> None:
    assert database.run_ok("full") == ["prime", "full"]
    assert database.case.outcome["mode"] == "full"
    database.change("DELETE FROM orders WHERE id = 1")
    assert database.run_ok() == ["delta"]
    assert database.run_ok("full") == ["full"]


def test_a_slot_that_is_gone_begins_the_chain_anew(seeded: DeltaCase) -> None:
    seeded.change("UPDATE orders SET what = 'lost' WHERE id = 1")
    (slot,) = seeded.case.ask_source("SELECT slot_name FROM pg_replication_slots WHERE database = current_database()")
    seeded.change(f"SELECT pg_drop_replication_slot('{slot[0]}')")
    assert seeded.run_ok() == ["delta", "prime", "full"]
    assert any("began anew" in gap for gap in seeded.case.outcome["gaps"])
    seeded.change("UPDATE orders SET what = 'found' WHERE id = 1")
    assert seeded.run_ok() == ["delta"]


def test_a_table_whose_columns_change_is_loaded_in_full_in_the_same_run(seeded: DeltaCase) -> None:
    seeded.change("ALTER TABLE orders ADD COLUMN note text", "UPDATE orders SET note = 'n' WHERE id = 1")
    assert seeded.run_ok() == ["delta", "full"]
    seeded.assert_equal(orders="id, what, amount, note")
    assert seeded.case.tables["orders"]["mode"] == "full"
    seeded.change("UPDATE orders SET note = 'm' WHERE id = 2")
    seeded.run_ok()
    seeded.assert_equal(orders="id, what, amount, note")
    assert seeded.case.tables["orders"]["mode"] == "delta"


def test_a_table_dropped_and_made_anew_is_loaded_in_full(seeded: DeltaCase) -> None:
    seeded.change(
        "DROP TABLE customers",
        "CREATE TABLE customers (id integer PRIMARY KEY, name varchar(40))",
        "INSERT INTO customers VALUES (9, 'Zoe')",
    )
    seeded.run_ok()


def test_a_new_table_is_loaded_and_then_captured(seeded: DeltaCase) -> None:
    seeded.change("CREATE TABLE fresh (id integer PRIMARY KEY, what text)", "INSERT INTO fresh VALUES (1, 'one')")
    seeded.run_ok()
    seeded.assert_equal(fresh="id, what")
    seeded.change("INSERT INTO fresh VALUES (2, 'two')", "DELETE FROM fresh WHERE id = 1")
    seeded.run_ok()
    seeded.assert_equal(fresh="id, what")
    assert seeded.case.tables["fresh"]["mode"] == "delta"


def test_a_truncated_table_is_emptied(shared: DeltaCase) -> None:
    shared.change("TRUNCATE customers", "INSERT INTO customers VALUES (1, 'after')")
    shared.run()
    shared.assert_equal(customers="id, name")


def test_what_does_no_deltas_is_refused_by_name(cases: Cases) -> None:
    case = cases.take("case-01")
    run = cases.run_night("wrong", mode="delta", databases=[case.id])
    assert "database 'case-01' does no deltas. Set `deltas: true`" in str(run["cause"])
