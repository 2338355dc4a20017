"""What becomes of a warehouse table whose source has changed: laws of the plan, and what the files decide."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.databases import DriftPolicy
from fleet.drift import KnownTable, TablePlan, _holds, _may_alter, needs_look, plan_table
from fleet.failures import Failure
from fleet.tables.catalogue import Table, TableName
from fleet.tables.columns import Column
from fleet.warehouse_columns import OWN_COLUMNS, WarehouseColumn, fingerprint, table_columns, wanted_columns

NAME = TableName("public", "t")
numbers = st.integers(1, 38).flatmap(lambda digits: st.integers(0, digits).map(lambda places: (digits, places)))
kinds = st.one_of(
    numbers.map(lambda one: f"NUMBER({one[0]},{one[1]})"),
    st.integers(1, 50).map(lambda length: f"VARCHAR({length})"),
    st.sampled_from(["DATE", "BOOLEAN", "FLOAT", "TIME", "TIMESTAMP_NTZ(6)", "TIMESTAMP_NTZ(9)", "BINARY(8388608)"]),
)
shapes = st.dictionaries(st.sampled_from("ABCDE"), kinds, max_size=5).map(
    lambda columns: (*(WarehouseColumn(*one) for one in columns.items()), *OWN_COLUMNS)
)
policies: st.SearchStrategy[DriftPolicy] = st.sampled_from(["accept", "partial", "failed"])


@given(shapes, shapes, policies)
def test_a_table_that_is_loaded_holds_all_that_is_wanted_and_is_red_exactly_where_the_policy_says(
    present: tuple[WarehouseColumn, ...], wanted: tuple[WarehouseColumn, ...], policy: DriftPolicy
) -> None:
    plan = plan_table(NAME, wanted, present, policy)
    there, needed = dict(present), dict(wanted)
    gone = there.keys() - needed.keys()
    retyped = [
        name for name in there.keys() & needed.keys()
        if not _holds(there[name], needed[name]) and not _may_alter(there[name], needed[name])
    ]  # fmt: skip
    missed = bool(gone or retyped)
    assert bool(plan.refused) == (missed and policy == "failed")
    if plan.refused:
        assert (plan.columns, plan.drift, plan.added, plan.widened, plan.is_replaced) == (present, None, (), (), False)
        return
    after = dict(plan.columns)
    assert all(_holds(after[name], kind) for name, kind in needed.items())
    assert after.keys() - needed.keys() == (gone if policy == "partial" else set())
    assert bool(plan.drift) == (missed and policy == "partial")
    assert plan.is_replaced == (bool(retyped) or (bool(gone) and policy == "accept"))
    if not plan.is_replaced:  # only what ALTER TABLE takes, and nothing that a reader had is another thing
        assert all(after[name] == kind or _may_alter(kind, after[name]) for name, kind in there.items())
    again = plan_table(NAME, wanted, plan.columns, policy)
    assert (again.columns, again.added, again.widened, again.is_replaced) == (plan.columns, (), (), False)
    assert len(again.changes) == (len(gone) if policy == "partial" else 0)


@given(shapes, policies)
def test_a_table_that_is_not_there_is_made_as_wanted_and_nothing_is_said(
    wanted: tuple[WarehouseColumn, ...], policy: DriftPolicy
) -> None:
    assert plan_table(NAME, wanted, (), policy) == TablePlan(wanted)


def inferred(**types: str) -> list[WarehouseColumn]:
    """The columns of a file of DMS's, with what DMS adds to each."""
    own = [WarehouseColumn("Op", "TEXT"), WarehouseColumn("_fleet_at", "TEXT")]
    return [*own, *(WarehouseColumn(*one) for one in types.items()), WarehouseColumn("_fleet_database", "TEXT")]


@pytest.mark.parametrize(
    ("column", "in_file", "wanted"),
    [
        (Column("a", "numeric", precision=10, scale=2), "NUMBER(10, 2)", "NUMBER(10,2)"),
        (Column("a", "numeric", precision=10, scale=2), "NUMBER(30, 15)", "NUMBER(30,15)"),
        (Column("a", "numeric", precision=10, scale=2), "NUMBER(8, 4)", "NUMBER(12,4)"),
        (Column("a", "numeric", precision=38, scale=10), "NUMBER(28, 20)", "NUMBER(28,20)"),
        (Column("a", "numeric"), "NUMBER(38, 10)", "NUMBER(38,10)"),
        (Column("a", "numeric"), "TEXT", "VARCHAR(16777216)"),
        (Column("a", "smallint"), "NUMBER(38, 0)", "NUMBER(5,0)"),
        (Column("a", "integer"), "NUMBER(12, 3)", "NUMBER(13,3)"),
        (Column("a", "character varying", length=40), "TEXT", "VARCHAR(40)"),
        (Column("a", "boolean"), "BOOLEAN", "BOOLEAN"),
        (Column("a", "timestamp without time zone"), "TIMESTAMP_NTZ", "TIMESTAMP_NTZ(6)"),
        (Column("a", "bytea"), "BINARY", "BINARY(8388608)"),
        (Column("a", "double precision"), "REAL", "FLOAT"),
        (Column("a", "pg_lsn"), "TEXT", "VARCHAR(16777216)"),
        (Column("a", "a type of next year"), "NUMBER(12, 3)", "NUMBER(12,3)"),
    ],
)
def test_a_column_holds_what_its_file_holds_and_as_long_a_text_as_the_catalogue_says(
    column: Column, in_file: str, wanted: str
) -> None:
    found = wanted_columns("postgresql", Table("public", "t", False, (column,)), inferred(a=in_file))
    assert found == (WarehouseColumn("A", wanted), *OWN_COLUMNS)


def test_without_a_file_the_catalogue_decides() -> None:
    table = Table("public", "t", False, (Column("a", "numeric"), Column("b", "pg_lsn")))
    assert wanted_columns("postgresql", table, None) == table_columns("postgresql", table)


@pytest.mark.parametrize(
    ("landed", "name", "words"),
    [
        (inferred(a="TEXT"), "ColumnNotLanded", "column 'b' of the source's catalogue did not land"),
        (inferred(a="TEXT", b="TEXT", c="TEXT"), "ColumnWithoutPlace", "column 'c' landed"),
        (inferred(), "ColumnNotLanded", "columns 'a', 'b' of the source's catalogue did not land"),
    ],
)
def test_a_column_that_only_one_of_file_and_catalogue_has_fails_its_table_by_name(
    landed: list[WarehouseColumn], name: str, words: str
) -> None:
    table = Table("public", "t", False, (Column("a", "text"), Column("b", "text"), Column("left out", "pg_lsn")))
    failure = wanted_columns("postgresql", table, landed)
    assert isinstance(failure, Failure)
    assert (failure.name, words in failure.text) == (name, True)


def test_a_table_is_looked_at_where_its_columns_or_our_types_of_them_are_new() -> None:
    table = Table("public", "t", False, (Column("a", "numeric", precision=10, scale=2),))
    known = KnownTable("public", "t", fingerprint("postgresql", table), (), (), has_landed=True)
    assert not needs_look(known, fingerprint("postgresql", table), has_files=True)
    changed = Table("public", "t", False, (Column("a", "numeric", precision=12, scale=6),))
    assert needs_look(known, fingerprint("postgresql", changed), has_files=True)
    nullable = Table("public", "t", False, (Column("a", "numeric", None, 10, 2, is_nullable=False),))
    assert not needs_look(known, fingerprint("postgresql", nullable), has_files=True)
