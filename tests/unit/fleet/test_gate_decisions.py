"""The gate's decisions: which database is tried, with which table, and what its trial comes to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fleet.databases import Database
from fleet.failures import Failure
from fleet.gate import GateFacts, choose_trial, conclude_trial, has_passed, judge_gate
from fleet.outcomes import TableOutcome
from fleet.tables.catalogue import Census, RelationKind, Table
from fleet.tables.columns import Column

SHOP = Database("shop", "east", "Shop", "one", ("s",))
ID = Column("id", "integer")


def table(name: str, rows: int | None, *, kind: RelationKind = "table", key: tuple[str, ...] = ("id",)) -> Table:
    return Table("s", name, kind == "view", (ID,), key, kind, rows_estimated=rows)


def chosen(*tables: Table, database: Database = SHOP, above_rows: int = 1_000) -> str | None:
    found = choose_trial("postgresql", database, tables, above_rows)
    return found.table if found else None


FACTS = table("facts", 5_000)


def test_a_database_whose_statistics_know_nothing_is_moved_as_a_whole() -> None:
    assert chosen(table("facts", None), table("codes", None), table("sums", 0)) is None


def test_as_many_rows_as_the_limit_are_not_tried() -> None:
    assert chosen(table("facts", 990), table("codes", 10)) is None
    assert chosen(table("facts", 991), table("codes", 10)) == "codes"


@pytest.mark.parametrize("kind", ["view", "partitioned table", "foreign table"])
def test_only_a_plain_table_is_tried(kind: RelationKind) -> None:
    assert chosen(FACTS, table("small", 1, kind=kind), table("codes", 9)) == "codes"


def test_a_table_with_a_key_is_tried_before_a_smaller_one_without() -> None:
    assert chosen(FACTS, table("log", 1, key=()), table("codes", 9)) == "codes"
    assert chosen(FACTS, table("log", 1, key=())) == "log"


def test_a_table_that_snowflake_could_not_take_is_no_trial() -> None:
    clashing = replace(table("small", 1), columns=(ID, Column("ID", "integer")))
    assert chosen(FACTS, clashing, table("codes", 9)) == "codes"
    kept = replace(SHOP, deletes="soft")  # which takes a key
    assert chosen(FACTS, table("log", 1, key=()), database=kept) is None


def test_a_trial_that_would_take_nearly_as_long_as_the_whole_is_not_made() -> None:
    assert chosen(FACTS, table("others", 600)) is None


def test_the_gate_is_open_as_long_as_one_table_can_be_loaded() -> None:
    kept = replace(SHOP, deletes="soft")
    keyless = table("log", 1, key=())
    assert judge_gate(GateFacts("postgresql", kept, Census(("s",), (keyless, table("codes", 9))))) is None
    failure = judge_gate(GateFacts("postgresql", kept, Census(("s",), (keyless,))))
    assert failure is not None
    assert (failure.failure_class, failure.name) == ("not_ready", "NotReady")
    assert "GATE-TABLES: no table of it can be loaded: s.log cannot keep deleted rows" in failure.text


GOOD = TableOutcome("s", "codes", False, "full", 1, 9, 9, 9, 9, 100)
BAD = replace(GOOD, failure=Failure("table_error", "TableNotLoaded", "s.codes: no such type."))


def test_a_trial_lets_the_whole_load_follow_only_if_its_table_has_arrived() -> None:
    stopped = Failure("connection", "SourceLost", "gone")
    ends = [(None, [GOOD]), (None, [BAD]), (stopped, [GOOD]), (None, [])]
    assert [has_passed(failure, tables) for failure, tables in ends] == [True, False, False, False]


def test_a_trial_that_nothing_followed_is_a_failure_whatever_became_of_its_table() -> None:
    said = conclude_trial("s.codes", None, [BAD])
    assert (said.failure_class, said.name) == ("table_error", "TableNotLoaded")
    assert said.text.endswith("stays out of the run: s.codes: no such type.")
    assert conclude_trial("s.codes", None, [GOOD]).name == "NothingMoved"
