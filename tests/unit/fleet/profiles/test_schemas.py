"""Which databases are of one schema, and how the others differ; and what differs between two profiles of one."""

from __future__ import annotations

from dataclasses import replace

from fleet.profiles.drift import describe_drift
from fleet.profiles.profile import DatabaseProfile, ProfiledColumn, TableProfile
from fleet.profiles.schemas import DIFFERENCES_SHOWN, group_by_schema, say_groups

ID, NAME = ProfiledColumn("id", "integer", False), ProfiledColumn("name", "varchar(20)", True)
ORDERS = TableProfile("public", "orders", "table", (ID, NAME), ("id",), rows=5_000, size_bytes=4 * 1024**2)
LINES = TableProfile("public", "lines", "table", (ID,), ("id",), rows=9)


def profile(name: str, *tables: TableProfile) -> DatabaseProfile:
    return DatabaseProfile(name, "postgresql", "2026-11-30T01:00:00+00:00", tables)


def in_schema(schema: str, *tables: TableProfile) -> tuple[TableProfile, ...]:
    return tuple(replace(one, schema=schema) for one in tables)


def test_a_fleet_is_said_by_its_schemas_and_each_difference_from_the_largest() -> None:
    alike = [profile(f"a{number}", *in_schema(f"s{number}", ORDERS, LINES)) for number in range(5)]
    longer = replace(ORDERS, columns=(ID, replace(NAME, declared="text")))
    older = [profile(f"b{number}", longer) for number in range(2)]
    odd = profile("odd", replace(ORDERS, key=()), LINES, replace(LINES, table="notes"))
    groups = group_by_schema([odd, *older, *alike])
    assert say_groups(groups) == "5 databases on schema A, 2 on B, 1 unlike"
    assert [group.name for group in groups] == ["A", "B", ""]
    assert groups[0].databases == ("a0", "a1", "a2", "a3", "a4")
    assert groups[1].differences == ("it lacks table lines", "orders.name is text, not varchar(20)")
    assert groups[2].differences == ("it has table notes besides", "orders has the key (), not (id)")


def test_rows_sizes_and_the_order_of_databases_make_no_group() -> None:
    one, other = profile("one", ORDERS), profile("other", replace(ORDERS, rows=7, size_bytes=None))
    assert len(group_by_schema([one, other])) == 1
    assert group_by_schema([one, other]) == group_by_schema([other, one])


def test_nulls_and_the_order_of_columns_make_another_schema() -> None:
    for changed, says in (
        (replace(ORDERS, columns=(NAME, ID)), "orders has its columns in another order"),
        (replace(ORDERS, columns=(ID, replace(NAME, is_nullable=False))), "orders.name is never NULL"),
    ):
        _, other = group_by_schema([profile("one", ORDERS), profile("two", changed)])
        assert other.differences == (says,)


def test_many_differences_are_cut_short() -> None:
    many = [replace(LINES, table=f"t{number}") for number in range(20)]
    _, other = group_by_schema([profile("one", ORDERS), profile("other", ORDERS, *many)])
    assert len(other.differences) == DIFFERENCES_SHOWN + 1
    assert other.differences[-1] == "and 14 more"


def test_drift_names_tables_columns_keys_and_growth() -> None:
    before = profile("shop", ORDERS, LINES)
    grown = replace(
        ORDERS,
        columns=(replace(ID, declared="bigint"), ProfiledColumn("note", "text", True)),
        key=(),
        rows=20_000,
        size_bytes=1024**2,
    )
    assert describe_drift(before, profile("shop", grown, replace(LINES, table="parts"))) == (
        "public.parts is new; it has 9 rows",
        "public.lines is gone; it had 9 rows",
        "public.orders has new columns: note",
        "public.orders has lost columns: name",
        "public.orders.id is bigint, before integer",
        "public.orders has the key (), before (id)",
        "public.orders has 20,000 rows, 4 times the 5,000 before",
        "public.orders takes 1 MB, 0.25 times the 4 MB before",
    )


def test_what_grows_as_tables_do_is_no_drift() -> None:
    before = profile("shop", ORDERS, LINES)
    assert describe_drift(before, profile("shop", replace(ORDERS, rows=7_000), replace(LINES, rows=900))) == ()
