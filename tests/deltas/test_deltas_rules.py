"""Rules that only show where something happens in the middle of a delta: each of them alone, on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from cases import Cases
from delta_case import DeltaCase, delta_cases
from fleet.names import task_id
from localcloud.dms.changes.captured import CaptureHooks
from localcloud.servers.postgres import EmbeddedPostgres


@dataclass
class Meanwhile:
    """Does *deed*, once, around the put of a file of the mark: the delta reads then."""

    deed: Callable[[], object] | None = None
    when: str = "after"

    def around_put(self, when: str, key: str) -> None:
        """Called by the capture."""
        if when == self.when and "/fleet_mark/" in key and (deed := self.deed):
            self.deed = None
            deed()


MEANWHILE = Meanwhile()


@pytest.fixture(scope="module")
def cases(postgres: EmbeddedPostgres, case_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cases]:
    hooks = CaptureHooks(around_put=MEANWHILE.around_put)
    with delta_cases(tmp_path_factory.mktemp("rules"), postgres, case_template, captures=hooks) as opened:
        yield opened


def names(database: DeltaCase) -> list[str]:
    """What the warehouse has of the orders."""
    return sorted(str(row[0]) for row in database.case.ask_warehouse(f"SELECT WHAT FROM {orders(database)}"))


def orders(database: DeltaCase) -> str:
    """The table in the warehouse."""
    return f'{database.case.warehouse_schema}."ORDERS"'


def test_a_delta_whose_mark_did_not_land_waits_though_its_task_stopped_as_asked(shared: DeltaCase) -> None:
    before = names(shared)
    case = shared.case

    def lose_the_mark() -> None:
        (key,) = [key for key in case.objects() if "/fleet_mark/" in key and case.run in key]
        case.s3.delete_object(Bucket=case.bucket, Key=key)

    shared.change("UPDATE orders SET what = 'before the mark' WHERE id = 1")
    MEANWHILE.deed = lose_the_mark
    outcome = shared.run()
    assert MEANWHILE.deed is None
    assert {table["failure"]["name"] for table in case.tables.values() if table["mode"] == "delta"} == {"DeltaBehind"}
    assert outcome["outcome"] != "ok"
    assert names(shared) == before
    assert shared.run_ok() == ["delta"]


def test_a_table_that_is_altered_while_the_delta_reads_is_loaded_in_full(seeded: DeltaCase) -> None:
    seeded.change("UPDATE orders SET what = 'of the old shape' WHERE id = 1")
    MEANWHILE.deed = lambda: seeded.change("ALTER TABLE orders ADD COLUMN note text", "UPDATE orders SET note = 'n'")
    assert seeded.run_ok() == ["delta", "full"]
    assert MEANWHILE.deed is None
    seeded.assert_equal(orders="id, what, amount, note")
    assert seeded.case.tables["orders"]["mode"] == "full"


def test_a_table_that_dms_has_suspended_is_loaded_in_full_in_each_run(seeded: DeltaCase) -> None:
    seeded.change("UPDATE orders SET amount = 'NaN' WHERE id = 1", "UPDATE orders SET amount = 7 WHERE id = 1")
    for what in ("at first", "and later"):
        seeded.change(f"UPDATE orders SET what = '{what}' WHERE id = 2")
        assert seeded.run_ok() == ["delta", "full"]
        assert seeded.case.tables["orders"]["mode"] == "full"
        assert seeded.case.tables["customers"]["mode"] == "delta"


def test_a_table_whose_full_load_fails_takes_no_delta_before_another(seeded: DeltaCase) -> None:
    # In a seed, after which all that a delta needs is known of the table from the chain before.
    seeded.change(
        "UPDATE orders SET what = 'in no log' WHERE id = 1",
        "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = current_database()",
    )
    assert seeded.run_broken("errored-table:public.orders")["outcome"] == "partial"
    assert seeded.purposes == ["delta", "prime", "full"]
    assert seeded.run_ok() == ["delta", "full"]
    assert seeded.case.tables["orders"]["mode"] == "full"


def test_an_object_that_nobody_knows_ends_red_and_keeps_no_change_back(shared: DeltaCase) -> None:
    shared.change("UPDATE orders SET what = 'beside a stray one' WHERE id = 1")
    case = shared.case

    def put_a_stray() -> None:
        (key,) = [key for key in case.objects() if "/fleet_mark/" in key and case.run in key]
        case.put(key.partition("public/")[0] + "somebody/elses/file.parquet")

    MEANWHILE.deed = put_a_stray
    outcome = shared.run()
    assert (outcome["outcome"], outcome["failure_name"]) == ("failed", "StrayObjects")
    shared.assert_equal()
    assert shared.run_ok() == ["delta"]


def test_what_a_task_left_unsealed_that_is_gone_belongs_to_no_chain(seeded: DeltaCase) -> None:
    seeded.change("UPDATE orders SET what = 'by the old task' WHERE id = 1")
    assert seeded.run_broken("dies-each-time:SealFolder")["outcome"] == "failed"
    case = seeded.case
    ledger = case.cloud.clients.ledger
    left = ledger.claim(case.id).number
    replace_task(case.id, seeded.cases)
    assert seeded.run_ok() == ["delta", "prime", "full"]
    (record,) = ledger.attempts_between(case.id, left, left)
    assert record.sealed_at is None


def test_a_task_that_somebody_replaced_is_known_by_itself_where_its_slot_is_not_missed(seeded: DeltaCase) -> None:
    other = f"others_{seeded.case.id[-2:]}"
    seeded.change(f"SELECT pg_create_logical_replication_slot('{other}', 'pgoutput')")
    assert seeded.run_ok() == ["delta"]
    replace_task(seeded.case.id, seeded.cases)
    seeded.change("UPDATE orders SET what = 'in no log' WHERE id = 1")
    assert seeded.run_ok() == ["delta", "prime", "full"]
    seeded.change(f"SELECT pg_drop_replication_slot('{other}')")


def replace_task(database: str, cases: Cases) -> None:
    """Let somebody make the database's task of changes anew."""
    name, dms = task_id("fleet", database, "delta"), cases.cloud.aws.client("dms")
    (found,) = dms.describe_replication_tasks(Filters=[{"Name": "replication-task-id", "Values": [name]}])[
        "ReplicationTasks"
    ]
    dms.delete_replication_task(ReplicationTaskArn=found["ReplicationTaskArn"])
    cases.time.pass_seconds(60)
    kept = ("SourceEndpointArn", "TargetEndpointArn", "ReplicationInstanceArn", "MigrationType", "TableMappings")
    dms.create_replication_task(
        ReplicationTaskIdentifier=name,
        Tags=[{"Key": "fleet", "Value": "fleet"}],
        **{member: found[member] for member in kept},
    )
    cases.time.pass_seconds(60)


def test_a_task_that_was_deleted_to_be_made_anew_is_made_by_the_next_run(seeded: DeltaCase) -> None:
    seeded.change(
        "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = current_database()"
    )
    assert seeded.run_broken("killed-call:ContinueChain:32:before:9999")["outcome"] == "failed"
    name = task_id("fleet", seeded.case.id, "delta")
    assert not seeded.case.cloud.clients.dms.find_tasks([name])
    seeded.change("UPDATE orders SET what = 'in no log' WHERE id = 1")
    assert seeded.run_ok() == ["prime", "full"]


def test_an_attempt_that_was_taken_by_a_function_that_died_is_gone_on_with(cases: Cases) -> None:
    database = DeltaCase(cases)
    assert database.run_broken("killed-handler:NextStep:1:exited")["outcome"] == "ok"
    assert database.purposes == ["prime", "full"]


def test_a_seed_is_refused_where_nobody_says_which_transactions_are_open(cases: Cases) -> None:
    database = DeltaCase(cases)
    database.run_broken("dies-each-time:NextStep")  # after the prime, before the seed
    login = cases.postgres.LOGIN
    with cases.postgres.connect(database.case.id) as other, cases.postgres.connect(autocommit=True) as server:
        other.execute("SELECT 1")
        server.execute(f"REVOKE pg_monitor FROM {login}".encode())
        try:
            outcome = database.run()
        finally:
            server.execute(f"GRANT pg_monitor TO {login}".encode())
    assert (outcome["outcome"], outcome["failure_name"]) == ("failed", "TransactionsHidden")
    assert database.run_ok() == ["delta", "full"]
