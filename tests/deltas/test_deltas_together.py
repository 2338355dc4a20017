"""What must hold where two of the things that deltas can do come together: each was broken once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from case_registry import enter
from cases import Cases
from delta_case import MARK, DeltaCase, delta_cases
from fleet.databases import Deletes, Mode, TableRules
from localcloud.servers.postgres import EmbeddedPostgres
from test_deltas_joined import begin, end, until_it_reads
from test_deltas_sweep import found, warehouse

DELETES: dict[str, Deletes] = {"orders": "soft", "customers": "history"}
RULES = tuple(TableRules("public", table, deletes=word) for table, word in DELETES.items())


@pytest.fixture(scope="module")
def cases(postgres: EmbeddedPostgres, case_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cases]:
    with delta_cases(tmp_path_factory.mktemp("broken"), postgres, case_template, tables=RULES) as opened:
        yield opened


@pytest.fixture
def seeded(cases: Cases) -> DeltaCase:
    """A database whose view is left to full runs."""
    database = DeltaCase(cases, MARK, DELETES)
    enter(database.case, without_deltas="full_runs")
    assert database.run_ok() == ["prime", "full"]
    return database


def run_joined(database: DeltaCase, mode: Mode, **content: Any) -> dict[str, Any]:
    """The outcome's record of a run that another one has joined."""
    case = database.case
    case.run = held = f"held-{case.id}"
    holder = database.cases.execute("fleet-run", held, {"mode": mode, "databases": [case.id], **content})
    until_it_reads(database)
    database.cases.time.pass_seconds(5)
    assert end(database, begin(database, "joined")) == {"skipped": 1}
    database.cases.time.until(holder)
    case.run = held
    return case.outcome


def test_a_view_that_a_full_run_could_not_load_is_red_also_where_a_delta_has_joined_it(seeded: DeltaCase) -> None:
    seeded.change("INSERT INTO orders VALUES (6, 'six', 6)")
    faults = seeded.cases.cloud.faults
    faults.add(seeded.case.id, "refused-copy:public.totals")
    outcome = run_joined(seeded, "full")
    faults.clear(seeded.case.id)
    assert seeded.purposes == ["full", "delta"]
    assert (outcome["outcome"], outcome["failure_name"]) == ("partial", "LoadRefused")


def test_what_a_full_run_has_counted_and_found_is_said_also_where_a_delta_has_joined_it(seeded: DeltaCase) -> None:
    seeded.change(
        "ALTER TABLE orders ADD COLUMN at timestamp",
        "UPDATE orders SET at = 'infinity' WHERE id = 1",
        "ALTER TABLE customers DROP COLUMN name",
    )
    outcome = run_joined(seeded, "full")
    tables = seeded.case.tables
    assert seeded.purposes == ["full", "delta"]
    assert outcome["outcome"] == "partial"
    assert tables["orders"]["losses"]
    assert tables["customers"]["drift"]["name"] == "TableDrifted"
    assert {name: one["rows_at_source"] for name, one in tables.items()} == {
        "orders": 5,
        "customers": 2,
        "nothing": 0,
        "totals": 1,
    }


def test_a_table_that_a_sweep_has_had_loaded_is_mended_also_where_a_delta_has_joined_the_run(seeded: DeltaCase) -> None:
    warehouse(seeded, 'DELETE FROM {}.ORDERS WHERE "ID" = 1')
    outcome = run_joined(seeded, "delta", sweep=True)
    assert seeded.purposes == ["delta", "delta", "full", "delta"]
    assert (outcome["outcome"], outcome["failure_text"]) == ("ok", "")
    assert found(seeded)["orders"]["is_mended"]
    seeded.assert_equal()


def test_a_keeping_table_that_somebody_has_given_a_row_twice_is_red_until_they_take_it_away(seeded: DeltaCase) -> None:
    twice = "WHERE \"WHAT\" = 'by hand'"
    warehouse(seeded, 'INSERT INTO {}.ORDERS ("ID", "WHAT") VALUES (1, \'by hand\')')
    assert seeded.run(sweep=["public.orders"])["outcome"] == "partial"
    assert "take away in Snowflake what lives twice" in seeded.case.tables["orders"]["failure"]["text"]
    warehouse(seeded, f"DELETE FROM {{}}.ORDERS {twice}")
    assert seeded.run()["outcome"] == "ok"
    seeded.assert_equal(orders="id, what, amount")


def test_a_chain_that_is_begun_anew_names_the_tables_that_are_left_to_full_runs(seeded: DeltaCase) -> None:
    case, first = seeded.case, seeded.case.run
    tasks = case.dms.describe_replication_tasks()["ReplicationTasks"]
    (task,) = [one for one in tasks if one["ReplicationTaskIdentifier"] == f"fleet-{case.id}-cdc"]
    case.dms.delete_replication_task(ReplicationTaskArn=task["ReplicationTaskArn"])
    assert seeded.run()["outcome"] == "ok"
    assert seeded.purposes == ["delta", "prime", "full"]
    assert case.tables["totals"]["measured_in"] == first


def test_a_table_that_waits_for_a_full_load_gets_it_also_where_it_takes_no_deltas_any_more(seeded: DeltaCase) -> None:
    enter(seeded.case, tables=())
    seeded.deletes = {}
    schema = seeded.case.warehouse_schema
    for table in ("ORDERS", "CUSTOMERS"):
        seeded.case.cloud.snowflake.administer(f"DROP TABLE {schema}.{table}")
    seeded.run("full")
    seeded.change("TRUNCATE orders", "INSERT INTO orders VALUES (9, 'nine', 9)")
    assert seeded.run_broken("refused-copy:public.orders")["outcome"] == "partial"
    seeded.change("ALTER TABLE orders DROP CONSTRAINT orders_pkey")
    assert seeded.run()["outcome"] == "ok"
    seeded.assert_equal(orders="id, what, amount")
    seeded.change("INSERT INTO orders VALUES (10, 'ten', 10)")
    assert seeded.run()["outcome"] == "ok"
    assert seeded.purposes == ["delta"]  # from then on it is left to full runs


def test_a_sweep_of_a_table_that_is_excluded_does_not_say_that_it_is_loaded(seeded: DeltaCase) -> None:
    enter(seeded.case, exclude=("public.customers",))
    seeded.run(sweep=["public.customers"])
    assert "the registry excludes it" in found(seeded)["customers"]["why"]
