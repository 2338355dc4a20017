"""Deltas from a real MariaDB through the machines: prime, seed, deltas, and the warehouse equal to the source."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Self

import pytest

from case_registry import enter
from columns_there import columns_landed, columns_published
from delta_case import DeltaCase
from fleet.databases import Deletes, Mode, TableRules
from fleet.tables.catalogue import TableName
from lambdas.sources import mysql
from landed_changes import landed_changes, replayed
from localcloud.servers.mariadb import EmbeddedMariadb
from mariadb_cases import MariadbCases
from orchestration.functions import DATABASE_RUN
from workload import KEYS, MARIADB, MariadbWorkload

CHANGES = int(os.environ.get("FLEET_DELTA_MARIADB_CHANGES", "2000"))
SEED = int(os.environ.get("FLEET_DELTA_SEED", "0")) or random.SystemRandom().randint(1, 2**31)
DELTAS = 6
MADE_OF = """
CREATE TABLE orders (id int PRIMARY KEY, what varchar(40), amount decimal(10, 2));
INSERT INTO orders VALUES (1, 'one', 1.5), (2, 'two', 3), (3, 'three', 4.5);
CREATE TABLE order_lines (order_id int, line smallint, body mediumtext, PRIMARY KEY (order_id, line));
INSERT INTO order_lines VALUES (1, 1, 'a'), (1, 2, REPEAT('long ', 3000));
CREATE TABLE parents (id int PRIMARY KEY);
CREATE TABLE children (id int PRIMARY KEY, parent int, FOREIGN KEY (parent) REFERENCES parents (id) ON DELETE CASCADE);
INSERT INTO parents VALUES (1), (2);
INSERT INTO children VALUES (1, 1), (2, 2);
CREATE TABLE torn (id int PRIMARY KEY, what varchar(9)) ENGINE = MyISAM;
INSERT INTO torn VALUES (1, 'one'), (2, 'two');
CREATE TABLE keyless (what varchar(40));
INSERT INTO keyless VALUES ('one');
CREATE TABLE fleet_mark (id int PRIMARY KEY, attempt bigint);
INSERT INTO fleet_mark VALUES (1, 0);
GRANT UPDATE ON fleet_mark TO dms_reader@localhost
"""
COLUMNS = {
    "orders": "id, what, amount",
    "order_lines": "order_id, line, body",
    "parents": "id",
    "children": "id, parent",
    "torn": "id, what",
    "keyless": "what",
}


@pytest.fixture(scope="module")
def cases(mariadb: EmbeddedMariadb, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariadbCases]:
    with MariadbCases(tmp_path_factory.mktemp("mariadb-deltas"), mariadb, deltas=True) as opened:
        yield opened


@pytest.fixture
def seeded(cases: MariadbCases) -> DeltaCase:
    database = DeltaCase(cases, MADE_OF)
    run_ok(database, ["prime", "full"])
    return database


def run_ok(database: DeltaCase, purposes: list[str], mode: Mode = "delta") -> None:
    outcome = database.run(mode)
    assert outcome["outcome"] == "ok", outcome["failure_text"]
    database.assert_equal(**COLUMNS)
    assert database.purposes == purposes


def test_changes_arrive(seeded: DeltaCase) -> None:
    for changes in (
        ["INSERT INTO orders VALUES (4, 'four', NULL)", "UPDATE orders SET what = 'first' WHERE id = 1"],
        ["UPDATE orders SET id = 30 WHERE id = 3", "DELETE FROM orders WHERE id = 2", "DELETE FROM order_lines"],
        [
            "UPDATE torn SET what = 'a' WHERE id = 1",
            "DELETE FROM torn WHERE id = 2",
            "INSERT INTO torn VALUES (3, 'c')",
        ],
        [
            "DELETE FROM orders WHERE id = 30; INSERT INTO orders VALUES (30, 'new', 7)",
            "INSERT INTO keyless VALUES ('two')",
        ],
    ):
        seeded.change(*changes)
        run_ok(seeded, ["delta", "full"])
    assert {seeded.case.tables[name]["mode"] for name in ("orders", "torn")} == {"delta"}
    assert seeded.case.tables["keyless"]["mode"] == "full"
    assert_consumers_are_equal(seeded, ("orders", "order_lines", "torn"))


def assert_consumers_are_equal(database: DeltaCase, tables: Sequence[str]) -> None:
    """A consumer of the landed files has the rows of the source."""
    found = replayed(change for changes in landed_changes(database.case, "mariadb").values() for change in changes)
    for table in tables:
        rows = {tuple(row.values()) for row in found.get(TableName(database.case.id, table), {}).values()}
        assert rows == {*database.case.ask_source(f"SELECT {COLUMNS[table]} FROM {table}")}, table


def test_rows_that_a_foreign_key_takes_along_are_not_left_behind(seeded: DeltaCase) -> None:
    seeded.change("DELETE FROM parents WHERE id = 1")
    run_ok(seeded, ["delta", "full"])
    assert seeded.case.tables["children"]["mode"] == "full"


def test_a_truncated_and_an_altered_table_are_loaded_in_full(seeded: DeltaCase) -> None:
    seeded.change("TRUNCATE orders", "INSERT INTO orders VALUES (9, 'nine', 9)", "ALTER TABLE parents ADD COLUMN x int")
    run_ok(seeded, ["delta", "full"])
    assert {seeded.case.tables[name]["mode"] for name in ("orders", "parents")} == {"full"}


def test_a_column_left_out_lands_neither_in_full_nor_by_delta_and_goes_from_snowflake(seeded: DeltaCase) -> None:
    case = seeded.case
    enter(case, exclude_columns=("*.orders.WHAT", "*.*.secret"))
    seeded.change("ALTER TABLE parents ADD COLUMN secret text", "INSERT INTO parents VALUES (8, 'hidden')")
    for expected in ("full", "delta"):
        seeded.change(
            "UPDATE orders SET amount = amount + 1, what = 'hidden'", "UPDATE parents SET secret = 'hidden too'"
        )
        assert seeded.run()["outcome"] == "ok", case.outcome["failure_text"]
        assert case.tables["orders"]["mode"] == expected
        seeded.assert_equal(orders="id, amount", parents="id")
        landed = columns_landed(case, "orders", "parents")
        assert {"id", "amount"} <= landed
        assert not {"what", "secret"} & landed
    assert "WHAT" not in columns_published(case, "orders")
    assert "SECRET" not in columns_published(case, "parents")


def test_without_a_mark_the_checkpoint_says_how_far_a_delta_reads(seeded: DeltaCase) -> None:
    seeded.change("DROP TABLE fleet_mark", "INSERT INTO orders VALUES (4, 'four', NULL)")
    run_ok(seeded, ["delta", "full"])
    assert not any("nobody knows" in gap for gap in seeded.case.outcome["gaps"])
    ledger, name = seeded.case.cloud.clients.ledger, seeded.case.id
    deltas = [one for one in ledger.attempts_between(name, 1, 9) if one.attempt.mode == "delta"]
    assert deltas[-1].log_place
    assert deltas[-1].reaches == deltas[-1].prepared_at


def test_rows_that_are_deleted_or_changed_are_kept_where_the_registry_says_so(cases: MariadbCases) -> None:
    keeps: dict[str, Deletes] = {"orders": "soft", "order_lines": "history"}
    database = DeltaCase(cases, MADE_OF, keeps)
    case = database.case
    enter(case, tables=tuple(TableRules(case.id, table, deletes=word) for table, word in keeps.items()))
    run_ok(database, ["prime", "full"])
    database.change(
        "UPDATE orders SET what = 'last' WHERE id = 1",
        "DELETE FROM orders WHERE id = 1",
        "UPDATE orders SET id = 30 WHERE id = 3",
        "UPDATE order_lines SET body = 'b' WHERE line = 1",
        "DELETE FROM order_lines WHERE line = 2",
    )
    for purposes in (["delta", "full"], ["full"]):
        run_ok(database, purposes, mode="delta" if "delta" in purposes else "full")
        schema = case.warehouse_schema
        gone = case.ask_warehouse(f"SELECT ID, WHAT FROM {schema}.ORDERS WHERE _DELETED_AT IS NOT NULL ORDER BY ID")
        assert gone == [[1, "last"], [3, "three"]]
        versions = f"SELECT LINE, LENGTH(BODY), _VALID_TO IS NULL FROM {schema}.ORDER_LINES ORDER BY LINE, _VALID_FROM"
        assert case.ask_warehouse(versions) == [[1, 1, False], [1, 1, True], [2, 15_000, False]]


def test_a_log_that_was_cut_begins_the_chain_anew(seeded: DeltaCase) -> None:
    seeded.change("UPDATE orders SET what = 'lost' WHERE id = 1", "FLUSH BINARY LOGS")
    for _ in range(50):  # a file is kept until the engine has come past it
        seeded.change(f"PURGE BINARY LOGS TO '{logs(seeded)[-1]}'", "SELECT sleep(0.1)")
        if len(logs(seeded)) == 1:
            break
    run_ok(seeded, ["delta", "prime", "full"])
    assert any("began anew" in gap for gap in seeded.case.outcome["gaps"])


def logs(database: DeltaCase) -> list[str]:
    """The files of the binary log that there are."""
    secret = database.case.mariadb.secret()  # type: ignore[attr-defined]  a case of MariaDB's
    with mysql.connect(secret, ssl_mode="none") as connection, connection.cursor() as cursor:
        cursor.execute("SHOW BINARY LOGS")
        return [str(row[0]) for row in cursor.fetchall()]


class Application:
    """A connection as `Workload` takes it."""

    def __init__(self, mariadb: EmbeddedMariadb, database: str) -> None:
        self._connection = mariadb.connect(database)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.commit()
        self.close()

    def execute(self, statement: str | bytes, values: Sequence[object] | None = None) -> Any:
        cursor = self._connection.cursor()
        cursor.execute(statement.decode() if isinstance(statement, bytes) else statement, values)
        return cursor

    def rollback(self) -> None:
        self._connection.rollback()

    def commit(self) -> None:
        self._connection.commit()

    def close(self) -> None:
        self._connection.close()


def test_a_random_workload_ends_equal_to_its_source(
    cases: MariadbCases, mariadb: EmbeddedMariadb, record_property: Callable[[str, object], None]
) -> None:
    print(f"seed {SEED}, {CHANGES} changes")  # noqa: T201  what a failure is repeated with
    draw = random.Random(SEED)  # noqa: S311
    database = DeltaCase(cases, MARIADB.format(rows=max(40, CHANGES // 100)))
    work = MariadbWorkload(SEED, lambda: Application(mariadb, database.case.id), max(2, CHANGES // 300))
    assert database.run()["outcome"] == "ok", database.case.outcome["failure_text"]
    arrived: Counter[str] = Counter()
    for number in range(DELTAS):
        work.run(CHANGES // DELTAS)
        if number == 2:
            work.begin_long()
        for state in draw.sample([one for one in DATABASE_RUN if one != "ClaimDatabase"], number % 3):
            cases.cloud.faults.add(database.case.id, f"killed-handler:{state}:{draw.randint(0, 4)}:killed")
        outcome = database.run()
        cases.cloud.faults.clear(database.case.id)
        assert outcome["outcome"] == "ok", outcome["failure_text"]
        work.end_long()
        arrived.update(database.case.tables[table]["mode"] for table in KEYS)
    assert database.run()["outcome"] == "ok"
    database.assert_equal(
        accounts="id, name, balance, seen",
        order_lines="order_id, line, sku, quantity, price",
        codes="code, day, amount",
        documents="id, words",
        tiny="id, what",
        events="at, what",
    )
    record_property("workload", f"MariaDB: {work.counts.total():,} changes; {arrived['delta']} tables by delta")
    assert arrived["delta"] >= 0.95 * arrived.total(), arrived
