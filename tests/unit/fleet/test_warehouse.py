"""The SQL of the hand-off, as text, and that no name or value can break out of it."""

from __future__ import annotations

import re
from collections.abc import Callable

import sqlglot
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp

from cases import SETTINGS
from fleet.attempts import Attempt
from fleet.drift import TablePlan, plan_table
from fleet.folders import LandedFile
from fleet.manifests import SealedTable
from fleet.quotas import SNOWFLAKE_COPY_FILES
from fleet.tables.catalogue import Table
from fleet.tables.columns import Column
from fleet.warehouse import find_clashes, full_load_statements, literal, look_statement, quote, setup_statements
from fleet.warehouse_columns import WarehouseColumn, table_columns

ATTEMPT = Attempt("night-1", "nyc-flights", "full", 7, "arn")
FLIGHTS = Table(
    "public",
    "flights",
    False,
    (
        Column("flight_id", "bigint", is_nullable=False),
        Column("origin", "character", length=3),
        Column("delay", "numeric", precision=10, scale=2),
        Column("is_late", "boolean"),
        Column("left_at", "timestamp with time zone"),
        Column("notes", "text"),
        Column("scan", "bytea"),
        Column("position", "pg_lsn"),
    ),
    ("flight_id",),
)
ODD = Table("Größe", 'it\'s "odd"\\', True, (Column("a b", "integer"), Column("Ünï", "uuid")))


def sealed(table: Table, rows: int, *names: str) -> SealedTable:
    prefix = ATTEMPT.folder.table_prefix(table.name)
    files = tuple(LandedFile(prefix + name, 9, "etag") for name in names)
    return SealedTable(table.schema, table.table, table.is_view, "loaded" if rows else "empty", rows, rows, files, None)


def statements(table: Table, rows: int, *names: str) -> str:
    return text_of(table, sealed(table, rows, *names), TablePlan(table_columns("postgresql", table)))


def text_of(table: Table, sealed: SealedTable, plan: TablePlan) -> str:
    made = full_load_statements(SETTINGS.snowflake, ATTEMPT, table, sealed, plan)
    return "".join(f"{statement};\n" for statement in made)


def test_the_statements_of_a_full_load_are_as_reviewed(golden: Callable[[str, str], None]) -> None:
    text = [
        f"-- {len(FLIGHTS.columns)} columns, of which DMS does not carry the last; a table in two segments\n",
        statements(FLIGHTS, 336_776, "SEGMENT1_LOAD00000001.parquet", "SEGMENT2_LOAD00000001.parquet"),
        "\n-- a view with a name that must be quoted\n",
        statements(ODD, 2, "LOAD00000001.parquet"),
        "\n-- a table without rows\n",
        statements(FLIGHTS, 0),
    ]
    golden("full_load.sql", "".join(text))


def test_the_statements_for_a_table_that_has_drifted_are_as_reviewed(golden: Callable[[str, str], None]) -> None:
    def drifted(was: str) -> str:
        wanted = table_columns("postgresql", FLIGHTS)
        old = {"DELAY": was, "ORIGIN": "VARCHAR(2)"}
        present = [WarehouseColumn(name, old.get(name, kind)) for name, kind in wanted if name != "NOTES"]
        plan = plan_table(FLIGHTS.name, wanted, [*present, WarehouseColumn("GATE", "VARCHAR(4)")], "partial")
        words = [*plan.changes, plan.drift.text if plan.drift else "green"]
        said = "".join(f"--   {one}\n" for one in words)
        return said + text_of(FLIGHTS, sealed(FLIGHTS, 3, "LOAD00000001.parquet"), plan)

    look = look_statement(SETTINGS.snowflake, ATTEMPT, FLIGHTS, sealed(FLIGHTS, 3, "LOAD00000001.parquet"))
    text = [
        "-- the look\n",
        f"{look};\n",
        "\n-- a new column, wider ones, and one that is gone\n",
        drifted("NUMBER(8,2)"),
        "\n-- a column of another type: the table is replaced\n",
        drifted("VARCHAR(20)"),
    ]
    golden("drifted_load.sql", "".join(text))


def test_the_statements_of_snowflakes_own_objects_are_as_reviewed(golden: Callable[[str, str], None]) -> None:
    made = setup_statements(
        SETTINGS.snowflake,
        landing_bucket=SETTINGS.landing_bucket,
        role_arn="arn:aws:iam::123456789012:role/fleet-snowflake-read",
        external_id="fleet-0001",
    )
    golden("snowflake_setup.sql", "".join(f"{statement};\n" for statement in made))


def test_files_are_named_a_thousand_to_a_copy_and_each_once() -> None:
    names = [f"LOAD{number:08X}.parquet" for number in range(1, 2 * SNOWFLAKE_COPY_FILES.value + 2)]
    copies = re.findall(r"COPY INTO .*", statements(FLIGHTS, 5, *names))
    named = [re.findall(r"'(LOAD[0-9A-F]{8}\.parquet)'", copy) for copy in copies]
    assert [len(one) for one in named] == [1000, 1000, 1]
    assert [name for one in named for name in one] == names


def test_nothing_of_a_table_changes_outside_of_the_transaction() -> None:
    made = statements(FLIGHTS, 5, "LOAD00000001.parquet").splitlines()
    begin, commit = made.index("BEGIN TRANSACTION;"), made.index("COMMIT;")
    changing = [n for n, one in enumerate(made) if one.startswith(("DELETE", "COPY", "INSERT", "MERGE", "UPDATE"))]
    assert changing
    assert all(begin < number < commit for number in changing)
    assert not [one for one in made[begin:commit] if one.startswith(("CREATE", "ALTER", "DROP"))]  # those would commit


@given(st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), max_size=20))
def test_a_value_is_one_literal_of_exactly_its_text(text: str) -> None:
    parsed = sqlglot.parse(f"SELECT {literal(text)}", read="snowflake")
    assert len(parsed) == 1
    assert parsed[0] is not None
    (found,) = parsed[0].find_all(exp.Literal)
    assert found.this == text


@given(st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), min_size=1, max_size=20))
def test_a_name_is_one_identifier_of_exactly_its_text(text: str) -> None:
    parsed = sqlglot.parse(f"SELECT {quote(text)}", read="snowflake")
    assert len(parsed) == 1
    assert parsed[0] is not None
    (found,) = parsed[0].find_all(exp.Identifier)
    assert found.this == text


names = st.text("aAbBé", min_size=1, max_size=2)
catalogues = st.lists(
    st.builds(Table, names, names, st.just(False), st.lists(st.builds(Column, names, st.just("integer"))).map(tuple)),
    unique_by=lambda table: table.name,
    max_size=6,
)


@given(catalogues)
def test_tables_that_do_not_clash_have_places_of_their_own_and_columns_that_copy_can_tell_apart(
    catalogue: list[Table],
) -> None:
    clashes = find_clashes(catalogue, lambda _: "hard")
    kept = [table for table in catalogue if table.name not in clashes]
    targets = [re.search(r"DELETE FROM (.*);", statements(table, 0)) for table in kept]
    assert len({found[1] for found in targets if found}) == len(kept)
    for table in kept:
        columns = [name.upper() for name, _ in table_columns("postgresql", table)]
        assert len(columns) == len(set(columns))
