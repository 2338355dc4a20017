"""What the registry says of a database's tables against its catalogue: every entry that leads nowhere is named."""

from __future__ import annotations

from typing import Any

import pytest

from fleet.databases import Database, ParallelLoad, TableRules
from fleet.tables.catalogue import Table
from fleet.tables.registry_entries import judge_entries
from fleet.tables.source_types.column import Column

COLUMNS = (
    Column("id", "integer"),
    Column("Code", "character varying", 10),
    Column("day", "date"),
    Column("at", "timestamp with time zone"),
    Column("price", "numeric", precision=10, scale=2),
    Column("weight", "double precision"),
    Column("note", "text"),
)
TABLES = (
    Table("public", "orders", False, COLUMNS, ("id",)),
    Table("public", "Customers", False, COLUMNS[:1]),
    Table("public", "totals", True, COLUMNS[:1]),
)


def judge(**fields: Any) -> tuple[str, ...]:
    return judge_entries(Database("shop", "s", "Shop", "i", **{"schemas": ("public",), **fields}), TABLES)


def load(column: str, *boundaries: str, table: str = "orders", schema: str = "public") -> ParallelLoad:
    return ParallelLoad(schema, table, column, boundaries)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"exclude": ("public.orders", "public.totals")},
        {"parallel_loads": (load("id", "1", "-2", "3.5"), load("Code", "k", "5"), load("day", "2026-01-01"))},
        {"parallel_loads": (load("at", "2026-01-01 12:00:00"), load("price", "10.5"))},
        # What its family says for databases with another schema:
        {"exclude": ("dbo.sysdiagrams",), "include": ("*", "dbo.orders")},
        {"tables": (TableRules("dbo", "orders", losses="accept"),)},
        {"parallel_loads": (load("id", "1", schema="dbo"),)},
    ],
)
def test_entries_that_fit_are_not_mentioned(fields: dict[str, Any]) -> None:
    assert judge(**fields) == ()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"schemas": ("public", "sales")}, "names 'sales', in which the source's login sees no table or view."),
        ({"schemas": ("Public",)}, "Did you mean public?"),
        ({"exclude": ("public.ordres",)}, "the source's login does not see. Did you mean public.orders?"),
        ({"exclude": ("public.customers",)}, "Did you mean public.Customers?"),
        ({"exclude": ("public.zzzzzzzz",)}, "Remove the entry, or correct the name."),
        (
            {"parallel_loads": (load("id", "1", table="order"),)},
            "of public.order: the source's login sees no such table. Did you mean public.orders?",
        ),
        (
            {"parallel_loads": (load("id", "1", table="totals"),)},
            "it is a view, and DMS cuts tables only. Remove the entry.",
        ),
        ({"parallel_loads": (load("ID", "1"),)}, "it has no column 'ID'; case counts. Did you mean id?"),
        (
            {"parallel_loads": (load("zzzz", "1"),)},
            "no column 'zzzz'; case counts. It has id, Code, day, at, price, weight, note.",
        ),
        (
            {"parallel_loads": (load("id", "1", "m"),)},
            "'m' is no number, and column 'id' is of type integer. Write a number.",
        ),
        ({"parallel_loads": (load("price", "1,5"),)}, "the boundary '1,5' is no number"),
        (
            {"parallel_loads": (load("day", "31.01.2026"),)},
            "'31.01.2026' is no time, and column 'day' is of type date.",
        ),
        (
            {"parallel_loads": (load("note", "m"),)},
            "'note' is of type text, by which DMS cuts no table. Choose another column.",
        ),
        ({"parallel_loads": (load("weight", "1"),)}, "column 'weight' is of type double precision"),
    ],
)
def test_an_entry_that_leads_nowhere_is_named_with_the_next_step(fields: dict[str, Any], said: str) -> None:
    (text,) = judge(**fields)
    assert text.startswith("shop: ")
    assert said in text
    assert text.endswith((".", "?"))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (
            {"exclude_columns": ("public.orders.notes",)},
            "`exclude_columns` names public.orders.notes, which the source's login does not see. "
            "Did you mean public.orders.note?",
        ),
        (
            {"tables": (TableRules("public", "Customers", key=("ID",)),)},
            "says that column 'ID' is of its key, which it has not; case counts. Did you mean id?",
        ),
        (
            {"tables": (TableRules("public", "orders", key=("Code",)),)},
            "declares a key, and it has one at its source (id), which counts. Remove `key`.",
        ),
    ],
)
def test_a_column_or_key_that_leads_nowhere_is_named(fields: dict[str, Any], said: str) -> None:
    (text,) = judge(**fields)
    assert text.endswith(said)


@pytest.mark.parametrize("pattern", ["*.*.password", "public.ORDERS.note", "public.orders.*"])
def test_a_pattern_may_wait_for_columns_to_come(pattern: str) -> None:
    assert judge(exclude_columns=(pattern,)) == ()


def test_every_wrong_entry_has_a_sentence_of_its_own() -> None:
    texts = judge(exclude=("public.a", "public.b"), parallel_loads=(load("ID", "1"), load("id", "x", table="none")))
    assert len(texts) == 4


@pytest.mark.parametrize(
    ("kind", "boundary", "is_right"),
    [
        ("bigint unsigned", "x", False),
        ("int", "x", False),
        ("smallint", "7", True),
        ("varchar", "7", True),
        ("datetime2", "2026-01-31T01:02:03", True),
        ("datetime", "x", False),
        ("longtext", "x", False),
        ("uniqueidentifier", "x", True),
    ],
)
def test_types_of_every_engine_are_known(kind: str, boundary: str, is_right: bool) -> None:
    tables = [Table("dbo", "t", False, (Column("c", kind),))]
    database = Database("d", "s", "D", "i", ("dbo",), parallel_loads=(load("c", boundary, schema="dbo", table="t"),))
    assert (judge_entries(database, tables) == ()) is is_right
