"""OPS.FRESHNESS: how fresh each table is, of a real PostgreSQL, after whatever its runs made of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from cases import Cases
from delta_case import MARK, DeltaCase, delta_cases
from fleet.attempt_record import AttemptRecord
from localcloud.dms.changes.captured import CaptureHooks, CaptureKilledError
from localcloud.servers.postgres import EmbeddedPostgres

BY_DELTA, IN_FULL = {"orders", "customers", "nothing"}, {"totals"}


@dataclass
class Intruder:
    """Lets a capture die after the first file of *table* is put, or calls *puts*."""

    table: str = ""
    puts: Callable[[], None] | None = None

    def around_put(self, when: str, key: str) -> None:
        if self.table and when == "after" and f"/{self.table}/" in key:
            self.table = ""
            if self.puts is None:
                raise CaptureKilledError
            self.puts()


INTRUDER = Intruder()


@pytest.fixture(scope="module")
def cases(postgres: EmbeddedPostgres, case_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cases]:
    hooks = CaptureHooks(around_put=INTRUDER.around_put)
    with delta_cases(tmp_path_factory.mktemp("freshness"), postgres, case_template, captures=hooks) as opened:
        yield opened


@pytest.fixture(scope="module")
def seed(cases: Cases) -> Callable[[], DeltaCase]:
    """Makes a database with a view, and runs it for the first time."""

    def make() -> DeltaCase:
        database = DeltaCase(cases, MARK)
        assert database.run_ok() == ["prime", "full"]
        return database

    return make


@dataclass(frozen=True)
class Fresh:
    """A row of OPS.FRESHNESS."""

    run: str
    attempt: int
    mode: str
    fresh_as_of: datetime
    position: str | None
    row_count: int | None


def freshness(database: DeltaCase) -> dict[str, Fresh]:
    """What OPS.FRESHNESS says of each table."""
    columns = "SOURCE_TABLE, RUN, ATTEMPT, MODE, FRESH_AS_OF, POSITION, ROW_COUNT"
    rows = database.case.ask_warehouse(f"SELECT {columns} FROM OPS.FRESHNESS WHERE DATABASE_ID = '{database.case.id}'")
    assert len({row[0] for row in rows}) == len(rows)
    return {row[0]: Fresh(*row[1:4], row[4].replace(tzinfo=UTC), *row[5:]) for row in rows}


def newest(database: DeltaCase) -> AttemptRecord:
    """The newest attempt at the database."""
    ledger, name = database.case.cloud.clients.ledger, database.case.id
    number = ledger.claim(name).number
    (record,) = ledger.attempts_between(name, number, number)
    return record


class Before:
    """What OPS.FRESHNESS says before something is done, a minute later."""

    def __init__(self, database: DeltaCase) -> None:
        self.database = database
        self.fresh = freshness(database)
        database.cases.time.pass_seconds(60)
        self.at = self._now

    def moved(self) -> set[str]:
        """The tables that are fresher now: by the last run, and than this moment. The others are as they were."""
        after = freshness(self.database)
        assert set(after) >= set(self.fresh)
        names = {name for name, one in after.items() if one != self.fresh.get(name)}
        for name in names:
            assert self.at <= after[name].fresh_as_of < self._now, name
            assert after[name].run == self.database.case.run
        return names

    @property
    def _now(self) -> datetime:
        return self.database.case.cloud.clock.now()


def test_every_table_of_a_full_load_is_as_fresh_as_its_start(seeded: DeltaCase) -> None:
    fresh = freshness(seeded)
    record = newest(seeded)
    assert set(fresh) == BY_DELTA | IN_FULL
    for name, one in fresh.items():
        rows = seeded.case.tables[name]["rows_in_warehouse"]
        assert one == Fresh(seeded.case.run, record.attempt.number, "full", record.started_at, None, rows)


def test_a_delta_makes_every_table_fresher_whether_it_changed_or_not(shared: DeltaCase) -> None:
    for changes in (["INSERT INTO orders VALUES (6, 'six', 6.5)"], []):
        before = Before(shared)
        shared.change(*changes)
        shared.run_ok()
        assert before.moved() == BY_DELTA | IN_FULL
        after = freshness(shared)
        assert {name: after[name].mode for name in after} == dict.fromkeys(BY_DELTA, "delta") | dict.fromkeys(
            IN_FULL, "full"
        )
        assert after["customers"].row_count is None
        count = shared.case.ask_source("SELECT count(*) FROM orders")[0][0]
        assert after["orders"].row_count == (count if changes else None)
        assert (after["orders"].position or "").startswith("checkpoint:")


def test_what_was_committed_after_the_mark_is_not_said_to_be_there(shared: DeltaCase) -> None:
    shared.run_ok()
    number = int(freshness(shared)["orders"].attempt)
    (record,) = shared.case.cloud.clients.ledger.attempts_between(shared.case.id, number, number)
    assert record.marked_at is not None
    assert freshness(shared)["orders"].fresh_as_of < record.marked_at


def test_without_a_mark_places_of_the_log_say_how_far_a_delta_reads(seeded: DeltaCase) -> None:
    seeded.change("DROP TABLE fleet_mark")
    for changes in (["INSERT INTO orders VALUES (6, 'six', 6.5)"], []):
        before = Before(seeded)
        seeded.change(*changes)
        seeded.run_ok()
        assert before.moved() == BY_DELTA | IN_FULL
        assert not any("nobody knows" in gap for gap in seeded.case.outcome["gaps"])


def test_without_a_mark_and_a_log_that_says_it_nobody_knows_how_far_a_delta_reads(seeded: DeltaCase) -> None:
    with seeded.slot_of_another_reader():
        seeded.change("DROP TABLE fleet_mark", "INSERT INTO orders VALUES (6, 'six', 6.5)")
        before = Before(seeded)
        seeded.run_ok()
        seeded.assert_equal()
        assert before.moved() == IN_FULL
        (gap,) = [one for one in seeded.case.outcome["gaps"] if "nobody knows" in one]
        assert gap.startswith("the source has no mark, and its log does not say that it was read up to ")


def test_a_table_whose_changes_snowflake_refuses_stays_old(shared: DeltaCase) -> None:
    before = Before(shared)
    shared.change("UPDATE orders SET what = 'refused' WHERE id = 1")
    assert shared.run_broken("refused-copy:public.orders")["outcome"] == "partial"
    assert before.moved() == {"customers", "nothing"} | IN_FULL
    shared.run_ok()
    assert before.moved() >= {"orders"}


def test_a_table_that_needs_a_full_load_stays_old_until_it_has_it(shared: DeltaCase) -> None:
    before = Before(shared)
    shared.change("TRUNCATE customers", "INSERT INTO customers VALUES (1, 'after')")
    shared.run_broken("refused-copy:public.customers")
    assert before.moved() == {"orders", "nothing"} | IN_FULL
    shared.run_ok()
    assert freshness(shared)["customers"].mode == "full"


def test_tables_that_wait_behind_an_open_folder_stay_old(shared: DeltaCase) -> None:
    before = Before(shared)
    shared.change("UPDATE orders SET what = 'x'", "DELETE FROM customers WHERE id = 1")
    INTRUDER.table = "orders"
    assert shared.run()["outcome"] != "ok"
    assert before.moved() == IN_FULL
    shared.run_ok()
    assert before.moved() == BY_DELTA | IN_FULL


def test_a_full_load_of_one_table_makes_that_one_fresher(shared: DeltaCase) -> None:
    before = Before(shared)
    case, cases = shared.case, shared.cases
    content = {"run": case.run, "database": case.id, "mode": "full", "tables": ["public.customers"]}
    cases.time.until(cases.execute("database-run", f"narrow-{case.id}", content))
    assert before.moved() == {"customers"}


def test_what_lies_in_a_folder_that_must_not_keeps_no_change_back(shared: DeltaCase) -> None:
    before = Before(shared)
    shared.change("UPDATE orders SET what = 'in a folder with a stray' WHERE id = 1")
    INTRUDER.table = "orders"
    INTRUDER.puts = lambda: shared.case.put(f"{newest(shared).attempt.folder.prefix}/public/strange/stray.parquet")
    try:
        outcome = shared.run()
    finally:
        INTRUDER.puts = None
    assert (outcome["outcome"], outcome["failure_name"]) == ("failed", "StrayObjects")
    assert "orders" in before.moved()
    shared.assert_equal()


def test_a_reconciliation_that_dies_after_any_of_its_effects_says_the_same(cases: Cases) -> None:
    database = DeltaCase(cases)
    database.run("full")
    for effect in range(1, 4):
        before = Before(database)
        database.change(f"UPDATE orders SET what = 'dies after effect {effect}' WHERE id = 1")
        outcome = database.run_broken(f"killed-handler:Reconcile:{effect}:exited")
        assert (outcome["outcome"], outcome["failure_text"]) == ("ok", "")
        assert before.moved() == BY_DELTA


@contextmanager
def without_inserts(database: DeltaCase) -> Iterator[None]:
    database.case.ask_warehouse("REVOKE INSERT ON TABLE OPS.READINGS FROM ROLE FLEET_LOADER")
    try:
        yield
    finally:
        database.case.ask_warehouse("GRANT INSERT ON TABLE OPS.READINGS TO ROLE FLEET_LOADER")


def test_an_insert_that_snowflake_refuses_is_a_gap_of_the_outcome_and_nothing_else(shared: DeltaCase) -> None:
    before = Before(shared)
    shared.change("UPDATE orders SET what = 'unread' WHERE id = 1")
    with without_inserts(shared):
        shared.run_ok()
    (gap,) = [gap for gap in shared.case.outcome["gaps"] if "OPS.FRESHNESS" in gap]
    assert "tables older than they are (Snowflake answers" in gap
    assert before.moved() == set()


def test_an_analyst_joins_it_with_what_there_is(shared: DeltaCase) -> None:
    case = shared.case
    shared.run_ok()
    case.cases.time.pass_seconds(3600)
    query = (
        "SELECT t.TABLE_NAME, f.AGE_SECONDS FROM FLEET.INFORMATION_SCHEMA.TABLES AS t "
        "LEFT JOIN FLEET.OPS.FRESHNESS AS f ON f.TABLE_SCHEMA = t.TABLE_SCHEMA AND f.TABLE_NAME = t.TABLE_NAME "
        f"WHERE t.TABLE_SCHEMA = '{case.id.replace('-', '_').upper()}__PUBLIC'"
    )
    warehouse = case.settings.snowflake.warehouse
    (result,) = case.cloud.snowflake.administer(query, role="FLEET_READER", database="FLEET", warehouse=warehouse)
    ages = dict(map(tuple, result.rows))
    assert set(ages) == {name.upper() for name in BY_DELTA | IN_FULL}
    assert all(3600 <= age < 2 * 3600 for age in ages.values()), ages
