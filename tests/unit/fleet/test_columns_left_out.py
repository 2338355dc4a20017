"""Columns that the registry leaves out: which they are, what the mappings say, and what becomes of their tables."""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.databases import Database, Engine, Rename, TableRules
from fleet.dms.mappings import delta_mappings, first_mappings, full_load_mappings
from fleet.dms.removals import find_removals
from fleet.folders import LandedFile
from fleet.parquet_footer import Footer
from fleet.tables.account import find_fate, select_tables, take_account
from fleet.tables.catalogue import Census, Table, TableName
from fleet.tables.columns import Column
from fleet.tables.patterns import matches, may_match_within
from fleet.tables.registry_columns import by_registry, is_left_out, judge_left_out, may_leave_out
from localcloud.dms.rules.mapping_rules import parse
from localcloud.dms.type_tables.column import DmsType

ENGINES: tuple[Engine, ...] = ("sqlserver", "mysql")
SHOP = Database("shop", "s", "Shop", "one", ("dbo",))
names = st.text("aAbB_%x[]", min_size=1, max_size=4)
patterns = st.lists(
    st.builds("{}.{}.{}".format, *[st.sampled_from(["*", "dbo", "a*", "*b", "_", "A_", "ab", "x%"])] * 3), max_size=4
)
tables = st.lists(
    st.builds(
        lambda name, columns: Table("dbo", name, False, tuple(Column(one, "integer") for one in columns)),
        names,
        st.lists(names, min_size=1, max_size=5, unique=True),
    ),
    unique_by=lambda table: table.name,
    max_size=4,
)


@given(st.text("ab*.", max_size=8), st.text("aAbB.", max_size=8))
def test_a_star_is_any_characters_and_nothing_else_does(pattern: str, name: str) -> None:
    assert matches(pattern, name) == fnmatchcase(name, pattern)
    assert matches(pattern, name, ignores_case=True) == fnmatchcase(name.lower(), pattern)


@given(st.text("ab*.", max_size=8), st.text("ab", min_size=1, max_size=3), st.text("ab.", max_size=4))
def test_what_a_pattern_matches_it_may_match_within(pattern: str, table: str, column: str) -> None:
    assert may_match_within(pattern, table) or not matches(pattern, f"{table}.{column}")


@given(tables, patterns, st.sampled_from(["postgresql", "sqlserver"]))
def test_the_rules_leave_out_what_the_patterns_name_and_nothing_else(
    catalogue: list[Table], excluded: list[str], engine: Engine
) -> None:
    shop = replace(SHOP, exclude_columns=tuple(excluded))
    moved = [taken for table in catalogue if (taken := by_registry(shop, table)).columns]
    known = [table.name for table in catalogue]
    if not moved:
        return
    for text in (
        full_load_mappings(shop, moved, known, engine),
        delta_mappings(shop, [replace(one, key=("",)) for one in moved], known, engine),
    ):
        rules = parse(text)
        for table in moved:
            columns = [*table.left_out, *(column.name for column in table.columns)]
            # Two rules for one column, or one on a name that DMS does not transform, would be refused here.
            landed = rules.shape(*table.name, is_view=False).fields([(one, DmsType("INT4")) for one in columns])
            assert [one.name for one in landed if one.source in columns] == [one.name for one in table.columns]


def test_a_column_that_is_not_there_yet_is_left_out_by_the_pattern_itself() -> None:
    shop = replace(SHOP, exclude_columns=("*.*.pin", "dbo.users.card_no"))
    for text in (full_load_mappings(shop, [Table("dbo", "users", False, ())], ()), first_mappings(shop, "full")):
        shape = parse(text).shape("dbo", "users", is_view=False)
        landed = [one.name for one in shape.fields([(name, DmsType("INT4")) for name in ("id", "pin", "card_no")])]
        assert landed == ["id", "_fleet_database"]


def test_of_two_patterns_for_one_column_one_is_a_rule() -> None:
    shop = replace(SHOP, exclude_columns=("*.*.p*", "dbo.*.pin", "*.*.pan"))
    table = by_registry(shop, Table("dbo", "t", False, tuple(Column(one, "integer") for one in ("id", "pin"))))
    shape = parse(full_load_mappings(shop, [table], [table.name])).shape("dbo", "t", is_view=False)
    landed = shape.fields([(name, DmsType("INT4")) for name in ("id", "pin")])
    assert [one.name for one in landed] == ["id", "_fleet_database"]


def test_where_the_collation_decides_on_case_a_pattern_in_another_case_is_no_rule() -> None:
    table = Table("dbo", "t", False, (), left_out=("PIN",))
    found = {engine: find_removals(["*.*.pin"], [table], {table.name: ("dbo", "t")}, engine) for engine in ENGINES}
    assert found == {"sqlserver": (("dbo", "t", "PIN"),), "mysql": (("%", "%", "pin"), ("dbo", "t", "PIN"))}


def test_a_renamed_column_keeps_its_one_rule() -> None:
    shop = replace(SHOP, exclude_columns=("*.*.ab_",), renames=(Rename("dbo", "t", "abc", "d"),))
    table = by_registry(shop, Table("dbo", "t", False, (Column("abc", "integer"), Column("AB_", "integer"))))
    shape = parse(full_load_mappings(shop, [table], [table.name])).shape("dbo", "t", is_view=False)
    landed = shape.fields([("abc", DmsType("INT4")), ("AB_", DmsType("INT4"))])
    assert [one.name for one in landed] == ["d", "_fleet_database"]


@pytest.mark.parametrize(
    ("pattern", "fate", "why"),
    [
        ("dbo.users.*", "left out", "`exclude_columns` leaves out all of its columns"),
        ("*.*.ID", "not moved", "`exclude_columns` names its key column 'id'"),
        ("*.*.card*", "not moved", "`exclude_columns` names its column 'card-no', and DMS applies no rule to a column"),
        ("*.*.pin", "moved", ""),
    ],
)
def test_a_table_that_cannot_be_moved_without_its_columns_is_not_moved_at_all(
    pattern: str, fate: str, why: str
) -> None:
    columns = tuple(Column(name, "integer") for name in ("id", "pin", "card-no"))
    table = Table("dbo", "users", False, columns, ("id",))
    found = find_fate("postgresql", replace(SHOP, exclude_columns=(pattern,)), table, {})
    assert found[0] == fate
    assert found[1].startswith(why)


def test_the_account_names_what_is_left_out_of_what_is_moved_and_that_is_no_gap() -> None:
    columns = (Column("id", "integer"), Column("pin", "integer"))
    census = Census(("dbo",), (Table("dbo", "log", False, columns[:1]), Table("dbo", "users", False, columns)))
    shop = replace(SHOP, exclude=("dbo.log",), exclude_columns=("*.*.pin",))
    account = take_account("postgresql", shop, census, census)
    assert account.columns_left_out == ("dbo.users.pin",)
    assert account.is_complete
    assert account.changes == ()
    (table,) = select_tables("postgresql", shop, census, None)
    assert (table.columns, table.left_out) == (columns[:1], ("pin",))


def test_a_landed_column_that_is_left_out_withholds_its_table_and_names_its_files() -> None:
    shop, file = replace(SHOP, exclude_columns=("*.*.p*",)), LandedFile("k", 1, "e")
    users = TableName("dbo", "users")
    assert may_leave_out(shop, users)
    assert (
        judge_left_out(shop, users, {"id", "price"}, [file], {"k": Footer(1, {}, frozenset({"id", "price"}))}) is None
    )
    failure = judge_left_out(shop, users, {"id"}, [file], {"k": Footer(1, {}, frozenset({"id", "PIN"}))})
    assert failure is not None
    assert failure.name == "LeftOutLanded"
    assert "column 'PIN' landed" in failure.text
    assert "It is in k:" in failure.text
    assert not is_left_out(shop, users, "id")


def test_a_key_of_the_source_counts_before_a_declared_one() -> None:
    shop = replace(SHOP, tables=(TableRules("dbo", "users", key=("pin",)),))
    table = Table("dbo", "users", False, (Column("id", "integer"), Column("pin", "integer")), ("id",))
    assert by_registry(shop, table) == table
    declared = by_registry(shop, replace(table, key=()))
    assert (declared.key, declared.is_key_declared) == (("pin",), True)
