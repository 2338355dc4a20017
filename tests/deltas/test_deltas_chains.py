"""What may happen to a chain between reads, folders and warehouse: nothing is lost, and nothing is hidden."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import pytest

from case_registry import enter
from cases import Cases
from delta_case import DeltaCase, delta_cases
from fleet.databases import Mode, Rename
from fleet.names import task_id
from localcloud.dms.changes.captured import CaptureHooks, CaptureKilledError
from localcloud.servers.postgres import EmbeddedPostgres


@dataclass
class Killer:
    """Lets a capture die *when* the first file of *table* is put; nothing where that is empty."""

    table: str = ""
    when: str = "after"

    def around_put(self, when: str, key: str) -> None:
        if self.table and when == self.when and f"/{self.table}/" in key:
            self.table = ""
            raise CaptureKilledError


KILLER = Killer()


@pytest.fixture(scope="module")
def cases(postgres: EmbeddedPostgres, case_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cases]:
    hooks = CaptureHooks(around_put=KILLER.around_put)
    with delta_cases(tmp_path_factory.mktemp("chains"), postgres, case_template, hooks, count=24) as opened:
        yield opened


def orders(database: DeltaCase) -> list[list[object]]:
    return database.case.ask_warehouse(f"SELECT ID, WHAT FROM {database.case.warehouse_schema}.ORDERS")


@pytest.mark.parametrize(("table", "when"), [("orders", "before"), ("orders", "after"), ("fleet_mark", "after")])
def test_a_capture_that_dies_around_a_file_leaves_the_warehouse_as_it_is_until_the_next_delta(
    shared: DeltaCase, table: str, when: str
) -> None:
    before = orders(shared)
    shared.change(f"UPDATE orders SET what = '{table} {when}'", "UPDATE customers SET id = -id WHERE id IN (2, -2)")
    KILLER.table, KILLER.when = table, when
    outcome = shared.run()
    assert outcome["outcome"] != "ok"
    assert {table["failure"]["name"] for table in shared.case.tables.values() if table["mode"] == "delta"} == {
        "DeltaBehind"
    }
    assert orders(shared) == before
    assert shared.run_ok() == ["delta"]


def test_changes_that_a_capture_wrote_twice_are_applied_once_and_said(shared: DeltaCase) -> None:
    shared.change("UPDATE orders SET what = 'twice' WHERE id < 3")
    KILLER.table, KILLER.when = "orders", "after"
    said = "files hold more changes than DMS counts, which come twice and are applied once: 2 of public.orders"
    assert said in shared.run()["gaps"]
    assert shared.run_ok() == ["delta"]
    assert said not in shared.case.outcome["gaps"]


def test_a_folder_that_waits_and_is_deleted_costs_a_full_load_of_its_tables(shared: DeltaCase) -> None:
    shared.change("UPDATE orders SET what = 'in a folder that goes' WHERE id = 1")
    KILLER.table, KILLER.when = "orders", "after"
    assert shared.run()["outcome"] != "ok"
    case = shared.case
    waiting = case.cloud.clients.chains.find(case.id)
    assert waiting is not None
    (record,) = case.cloud.clients.ledger.attempts_between(case.id, waiting.newest, waiting.newest)
    for key in case.objects(f"{record.folder}/"):
        case.s3.delete_object(Bucket=case.bucket, Key=key)
    assert shared.run_ok() == ["delta", "full"]
    assert {table["mode"] for table in case.tables.values()} == {"full"}


def test_what_a_run_landed_that_broke_off_is_sealed_by_the_next_one(shared: DeltaCase) -> None:
    shared.change("UPDATE orders SET what = 'landed' WHERE id = 1")
    assert shared.run_broken("dies-each-time:SealFolder")["outcome"] == "failed"
    landed = shared.case.cloud.clients.ledger.claim(shared.case.id).number
    shared.change("UPDATE orders SET what = 'later' WHERE id = 2")
    assert shared.run_ok() == ["delta"]
    (record,) = shared.case.cloud.clients.ledger.attempts_between(shared.case.id, landed, landed)
    assert record.sealed_at is not None
    assert record.chain == shared.case.cloud.clients.chains.find(shared.case.id).number  # type: ignore[union-attr]


def test_a_prime_that_broke_off_is_gone_on_from(cases: Cases) -> None:
    database = DeltaCase(cases)
    assert database.run_broken("dies-each-time:SealFolder")["outcome"] == "failed"
    database.change("UPDATE orders SET what = 'between' WHERE id = 1")
    assert database.run_ok() == ["prime", "full"]
    database.change("UPDATE orders SET what = 'after' WHERE id = 1")
    assert database.run_ok() == ["delta"]


def test_a_full_load_of_one_table_leaves_pending_changes_of_the_others(shared: DeltaCase) -> None:
    shared.change("UPDATE orders SET what = 'pending'", "UPDATE customers SET name = 'pending'")
    KILLER.table, KILLER.when = "orders", "after"
    assert shared.run()["outcome"] != "ok"
    case = shared.case
    content = {"run": case.run, "database": case.id, "mode": "full", "tables": ["public.customers"]}
    cases = shared.cases
    cases.time.pass_seconds(1)  # who begins with the end of another adopts its outcome
    cases.time.until(cases.execute("database-run", f"narrow-{case.id}", content))
    shared.assert_equal(customers="id, name")
    assert "pending" not in str(orders(shared))
    assert shared.run_ok() == ["delta"]


def test_a_task_that_somebody_replaced_begins_the_chain_anew(seeded: DeltaCase) -> None:
    case = seeded.case
    name = task_id("fleet", case.id, "delta")
    (found,) = case.dms.describe_replication_tasks(Filters=[{"Name": "replication-task-id", "Values": [name]}])[
        "ReplicationTasks"
    ]
    case.dms.delete_replication_task(ReplicationTaskArn=found["ReplicationTaskArn"])
    case.time.pass_seconds(60)
    kept = ("SourceEndpointArn", "TargetEndpointArn", "ReplicationInstanceArn", "MigrationType", "TableMappings")
    case.dms.create_replication_task(
        ReplicationTaskIdentifier=name,
        Tags=[{"Key": "fleet", "Value": "fleet"}],
        **{member: found[member] for member in kept},
    )
    case.time.pass_seconds(60)
    seeded.change("UPDATE orders SET what = 'in no log' WHERE id = 1")
    assert seeded.run_ok() == ["delta", "prime", "full"]
    assert any("began anew" in gap and "has read the chain up to" in gap for gap in case.outcome["gaps"]), case.outcome[
        "gaps"
    ]


def test_a_task_that_somebody_deleted_is_made_anew_by_the_run(seeded: DeltaCase) -> None:
    case, name = seeded.case, task_id("fleet", seeded.case.id, "delta")
    filters = [{"Name": "replication-task-id", "Values": [name]}]
    (found,) = case.dms.describe_replication_tasks(Filters=filters)["ReplicationTasks"]
    case.dms.delete_replication_task(ReplicationTaskArn=found["ReplicationTaskArn"])
    case.time.pass_seconds(60)
    seeded.change("UPDATE orders SET what = 'in no log' WHERE id = 1")
    assert seeded.run_ok() == ["delta", "prime", "full"]
    assert any("is gone, which has read the chain up to" in gap for gap in case.outcome["gaps"]), case.outcome["gaps"]
    seeded.change("UPDATE orders SET what = 'in the log' WHERE id = 1")
    assert seeded.run_ok() == ["delta"]


def test_where_the_registry_says_stop_a_gap_ends_the_run(seeded: DeltaCase) -> None:
    enter(seeded.case, on_gap="stop")
    query = "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = current_database()"
    seeded.change(query)
    outcome = seeded.run()
    assert outcome["outcome"] == "failed"
    assert "no logical replication slot any more" in outcome["failure_text"]
    assert "prime" not in seeded.purposes or "full" not in seeded.purposes
    enter(seeded.case, on_gap="reload")
    seeded.run_ok()


def test_a_table_that_was_left_out_for_a_while_is_loaded_in_full_when_it_is_back(shared: DeltaCase) -> None:
    enter(shared.case, exclude=("public.orders",))
    shared.change("UPDATE orders SET what = 'left out' WHERE id = 1", "UPDATE customers SET name = 'in' WHERE id = 1")
    assert shared.run()["outcome"] == "ok"
    assert "orders" not in shared.case.tables
    enter(shared.case, exclude=())
    shared.change("UPDATE orders SET what = 'back' WHERE id = 2")
    shared.run_ok()
    assert shared.case.tables["orders"]["mode"] == "full"
    shared.change("UPDATE orders SET what = 'by delta' WHERE id = 3")
    shared.run_ok()
    assert shared.case.tables["orders"]["mode"] == "delta"


def test_a_seed_waits_for_transactions_that_are_open(cases: Cases) -> None:
    database = DeltaCase(cases)
    database.run_broken("dies-each-time:NextStep")  # after the prime, before the seed
    with cases.postgres.connect(database.case.id) as connection:
        connection.execute("UPDATE customers SET name = 'open' WHERE id = 1")
        outcome = database.run()
        assert outcome["failure_text"] is not None
        assert "transactions that the deltas may lack did not end" in outcome["failure_text"]
        connection.commit()
    database.run_ok()


def test_a_table_that_snowflake_refuses_three_times_is_loaded_in_full(shared: DeltaCase) -> None:
    for number in range(3):
        shared.change(f"UPDATE orders SET what = 'refused {number}' WHERE id = 1")
        outcome = shared.run_broken("refused-copy:public.orders")
        assert outcome["outcome"] == "partial", outcome["failure_text"]
    assert shared.run_ok() == ["delta", "full"]
    assert shared.case.tables["orders"]["mode"] == "full"


def test_a_long_value_that_an_update_leaves_alone_is_not_lost(seeded: DeltaCase) -> None:
    random_text = "(SELECT string_agg(md5(n::text), '') FROM generate_series(1, 200) n)"
    seeded.change(
        "CREATE TABLE letters (id integer PRIMARY KEY, body text, seen integer)",
        f"INSERT INTO letters VALUES (1, {random_text}, 0), (2, 'short', 0)",
    )
    seeded.run_ok()
    seeded.change("UPDATE letters SET seen = 1")
    seeded.run_ok()
    seeded.assert_equal(letters="id, body, seen")
    assert seeded.case.tables["letters"]["mode"] == "full"
    seeded.change("UPDATE letters SET body = NULL WHERE id = 2")  # of a short row nothing is kept apart
    seeded.run_ok()
    seeded.assert_equal(letters="id, body, seen")
    assert seeded.case.tables["letters"]["mode"] == "delta"


def test_a_column_that_changes_lack_is_not_lost(seeded: DeltaCase) -> None:
    area = "area integer GENERATED ALWAYS AS (side * side)"
    seeded.change(
        f"CREATE TABLE squares (id integer PRIMARY KEY, side integer, {area})", "INSERT INTO squares VALUES (1, 3)"
    )
    seeded.run_ok()
    seeded.change("UPDATE squares SET side = 4")
    seeded.run_ok()
    seeded.assert_equal(squares="id, side, area")


def test_a_red_delta_is_run_again_whole(shared: DeltaCase) -> None:
    shared.change("UPDATE orders SET what = 'again'")
    outcome = shared.run_broken("refused-copy:public.orders")
    assert outcome["outcome"] == "partial"
    case, cases = shared.case, shared.cases
    arn = case.execution_arn(case.run)
    said = json.loads(cases.describe(arn)["cause"])["errorMessage"]
    assert said.endswith(json.dumps({"run": case.run, "database": case.id, "mode": "delta"})), said
    rerun = cases.time.until(
        cases.execute("fleet-run", f"again-{case.id}", {"rerun_of": case.run, "what": "failed-tables"})
    )
    assert rerun["status"] == "SUCCEEDED", rerun
    shared.assert_equal()


def test_a_red_delta_is_healed_by_a_redrive(shared: DeltaCase) -> None:
    shared.change("UPDATE orders SET what = 'redriven'")
    assert shared.run_broken("refused-copy:public.orders")["outcome"] == "partial"
    again = shared.cases.redrive(shared.case.execution_arn(shared.case.run))
    assert again["status"] == "SUCCEEDED", again
    assert shared.case.outcome["outcome"] == "ok"
    shared.assert_equal()


def test_a_table_whose_column_gets_another_name_in_the_registry_is_loaded_in_full_once(seeded: DeltaCase) -> None:
    enter(seeded.case, renames=(Rename("public", "orders", "amount", "price"),))
    for amount, mode, failure in (("100", "full", "TableDrifted"), ("200", "delta", "")):  # the old column is kept
        seeded.change(f"UPDATE orders SET amount = {amount} WHERE id = 1")
        outcome = seeded.run()
        assert (outcome["failure_name"], outcome["not_ok_count"]) == (failure, 0)
        assert seeded.case.tables["orders"]["mode"] == mode
        schema = seeded.case.warehouse_schema
        assert seeded.case.ask_warehouse(f"SELECT PRICE FROM {schema}.ORDERS WHERE ID = 1") == [[Decimal(amount)]]


@pytest.mark.parametrize("mode", ["delta", "full"])
def test_what_comes_to_a_folder_after_its_seal_ends_red_and_costs_a_full_load_of_its_table(
    shared: DeltaCase, mode: Mode
) -> None:
    case = shared.case
    shared.change("UPDATE orders SET what = 'a' WHERE id = 1")
    assert shared.run_ok(mode) == [mode]
    ledger = case.cloud.clients.ledger
    newest = ledger.claim(case.id).number
    (record,) = ledger.attempts_between(case.id, newest, newest)
    name = "20261130-140000123" if mode == "delta" else "LOAD00000009"
    case.put(f"{record.folder}/public/orders/{name}.parquet")
    shared.change("UPDATE orders SET what = 'b' WHERE id = 2")
    outcome = shared.run()
    assert (outcome["outcome"], outcome["failure_name"]) == ("failed", "LateObject")  # somebody writes who must not
    assert f"{name}.parquet" in outcome["failure_text"]
    assert any(f"{name}.parquet" in gap for gap in outcome["gaps"])
    shared.run_ok()
    assert case.tables["orders"]["mode"] == "full"
    shared.change("UPDATE orders SET what = 'c' WHERE id = 3")
    shared.run_ok()
    assert case.tables["orders"]["mode"] == "delta"
