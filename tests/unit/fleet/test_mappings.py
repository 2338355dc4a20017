"""Laws of the table mappings, judged by the rules of the local DMS."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.databases import Database, ParallelLoad
from fleet.dms.mappings import (
    DATABASE_COLUMN,
    escape,
    find_difference,
    find_locators,
    first_mappings,
    full_load_mappings,
)
from fleet.errors import QuotaExceededError
from fleet.failures import Failure
from fleet.quotas import DMS_TABLE_MAPPING_BYTES
from fleet.tables.account import select_tables
from fleet.tables.catalogue import Census, Table, TableName
from fleet.tables.columns import Column
from localcloud.dms.rules.expressions import Expression
from localcloud.dms.rules.mapping_rules import parse
from localcloud.dms.rules.wildcards import matches

NYC = Database("nyc", "s", "NYC", "one", ("public", "a_b", "100%"))
names = st.text("ab_%[]^-'\"é数 ", min_size=1, max_size=6)
tables = st.lists(
    st.builds(Table, st.sampled_from(NYC.schemas), names, st.booleans(), st.just(())),
    unique_by=lambda table: table.name,
    max_size=8,
)


@given(names, names)
def test_an_escaped_name_matches_itself_and_no_other_name(name: str, other: str) -> None:
    assert matches(escape(name), name)
    assert matches(escape(name), other) == (name == other)


@given(st.text(min_size=1, max_size=8))
def test_an_escaped_name_matches_itself_whatever_it_holds(name: str) -> None:
    assert matches(escape(name), name)


@given(tables, st.data())
def test_each_table_that_is_to_move_is_selected_by_one_rule_and_no_other_table_by_any(
    catalogue: list[Table], data: st.DataObject
) -> None:
    moved = [table for table in catalogue if data.draw(st.booleans())]
    if not moved:
        return
    rules = parse(full_load_mappings(NYC, moved, [table.name for table in catalogue])).selections
    for table in catalogue:
        selecting = [rule for rule in rules if rule.selects(table.schema, table.table, is_view=table.is_view)]
        assert len(selecting) == (table in moved), table


@given(tables)
def test_a_name_is_escaped_only_where_it_could_be_taken_for_another_or_begins_a_set(catalogue: list[Table]) -> None:
    locators = find_locators(catalogue, [table.name for table in catalogue])
    for table in catalogue:
        plain = all(
            (other.name == table.name)
            or not (matches(table.schema, other.schema) and matches(table.table, other.table))
            for other in catalogue
        )
        if locators[table.name] != (table.schema, table.table):
            assert not plain or "[" in table.schema + table.table or _differ_by_case(table, catalogue)


def _differ_by_case(table: Table, catalogue: list[Table]) -> bool:
    folded = [(_fold(other.schema), _fold(other.table)) for other in catalogue if other is not table]
    return any(matches(_fold(table.schema), schema) and matches(_fold(table.table), name) for schema, name in folded)


def _fold(name: str) -> str:
    """*name* without regard to case, letter by letter."""
    return "".join(folded if len(folded := letter.casefold()) == 1 else letter for letter in name)


@given(tables.filter(bool))
def test_equal_tables_give_equal_mappings(moved: list[Table]) -> None:
    text = full_load_mappings(NYC, moved, [table.name for table in moved])
    assert full_load_mappings(NYC, tuple(moved), {table.name for table in reversed(moved)}) == text
    assert find_difference(text, text) == ""
    ids = [rule["rule-id"] for rule in json.loads(text)["rules"]]
    assert len(ids) == len(set(ids))


@given(tables.filter(bool))
def test_every_row_of_every_table_gets_the_database_it_is_of(moved: list[Table]) -> None:
    mappings = parse(full_load_mappings(NYC, moved, [table.name for table in moved]))
    for table in moved:
        (column,) = mappings.shape(table.schema, table.table, is_view=table.is_view).fields([])
        assert (column.name, column.expression) == (DATABASE_COLUMN, Expression("'nyc'"))


def test_mappings_longer_than_dms_takes_are_refused_with_the_size_and_a_remedy() -> None:
    many = [Table("public", f"{'x' * 50}{number:06}", False, ()) for number in range(8_900)]
    assert len(full_load_mappings(NYC, many, ()).encode()) <= DMS_TABLE_MAPPING_BYTES.value
    with pytest.raises(
        QuotaExceededError, match=r"nyc's table mappings are [\d,]+ bytes for 13,000 tables.*Narrow `schemas`"
    ):
        full_load_mappings(NYC, [Table("public", f"{'x' * 50}{number:06}", False, ()) for number in range(13_000)], ())


def test_ranges_are_given_only_for_tables_that_move() -> None:
    ranged = Database(
        "nyc", "s", "NYC", "one", ("public",), parallel_loads=(ParallelLoad("public", "t", "id", ("9",)),)
    )
    moved = parse(full_load_mappings(ranged, [Table("public", "t", False, ())], ()))
    assert moved.parallel_load("public", "t") is not None
    assert parse(full_load_mappings(ranged, [Table("public", "u", False, ())], ())).parallel_loads == ()


def test_the_task_that_reads_the_change_log_is_made_with_tables_alone() -> None:
    rules = parse(first_mappings(NYC, "delta")).selections
    for schema in NYC.schemas:
        assert [rule.selects(schema, "any", is_view=False) for rule in rules].count(True) == 1
        assert not any(rule.selects(schema, "any", is_view=True) for rule in rules)


def test_a_task_is_made_with_every_table_and_view_of_its_schemas() -> None:
    rules = parse(first_mappings(NYC, "full")).selections
    for schema in NYC.schemas:
        assert [rule.selects(schema, "any", is_view=True) for rule in rules].count(True) == 1
    assert not any(rule.selects("axb", "any", is_view=False) for rule in rules)


ID = (Column("id", "integer"),)
CENSUS = Census(
    ("public", "a_b", "other"),
    (
        Table("public", "t", False, ID),
        Table("public", "v", True, ID, kind="view"),
        Table("a_b", "t", False, ID),
        Table("other", "t", False, ID),
    ),
)


@pytest.mark.parametrize(
    ("changed", "only", "wanted"),
    [
        ({}, None, ["public.t", "public.v", "a_b.t"]),
        ({"views": False}, None, ["public.t", "a_b.t"]),
        ({"exclude": ("public.t",)}, None, ["public.v", "a_b.t"]),
        ({}, ["a_b.t"], ["a_b.t"]),
        ({}, ["public.v", "public.t"], ["public.t", "public.v"]),
    ],
)
def test_a_load_moves_what_registry_and_input_say(changed: dict, only: list[str] | None, wanted: list[str]) -> None:
    selected = select_tables("postgresql", Database(**{**vars(NYC), **changed}), CENSUS, only)
    assert not isinstance(selected, Failure)
    assert [str(table.name) for table in selected] == wanted


@pytest.mark.parametrize(
    ("changed", "only", "name", "words"),
    [
        ({}, ["public.no"], "TableNotSelected", "no table 'public.no'"),
        ({}, ["other.t"], "TableNotSelected", "no table 'other.t'"),
        ({"exclude": ("public.t",)}, ["public.t"], "TableNotSelected", "no table 'public.t'"),
        (
            {"schemas": ("gone",)},
            None,
            "NothingSelected",
            "4 relations none is moved (public.t: `schemas` does not",
        ),
    ],
)
def test_a_load_that_would_move_less_than_asked_is_refused(
    changed: dict, only: list[str] | None, name: str, words: str
) -> None:
    refusal = select_tables("postgresql", Database(**{**vars(NYC), **changed}), CENSUS, only)
    assert isinstance(refusal, Failure)
    assert (refusal.failure_class, refusal.name) == ("mapping_empty", name)
    assert words in refusal.text


def test_a_name_says_schema_and_table() -> None:
    assert str(TableName("a.b", "c")) == "a.b.c"
