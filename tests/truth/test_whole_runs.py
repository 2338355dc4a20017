"""The law of `ok` on whole runs: what arrives in the warehouse is equal to the source value by value, or the outcome
names the relation and the column that is not, and how many values.

FLEET_TRUTH_TABLES says how many random tables one run moves.
"""

from __future__ import annotations

import datetime as dt
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from postgresql_comparison import ask_for

from case_registry import enter
from cases import Case, Cases
from fleet.names import warehouse_name
from fleet.outcomes import Outcome
from fleet.tables.catalogue import Table
from lambdas.attempt_context import read_tables
from lambdas.sources.postgresql_losses import quote
from postgresql_columns import LOB_KILOBYTES, SETUP
from postgresql_tables import draw, make
from truths import read_lines

TABLES = int(os.environ.get("FLEET_TRUTH_TABLES", "40"))
_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001  NTZ values have no zone


@dataclass
class Run:
    """A run over random tables. *cells*: how many were compared, by what became of them."""

    case: Case
    outcome: Outcome
    tables: dict[str, Table]
    cells: Counter[str] = field(default_factory=Counter)


@pytest.fixture(scope="module")
def run(cases: Cases) -> Run:
    case = cases.take()
    case.ask_source("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    case.ask_source(SETUP)
    for number, generated in enumerate(draw(TABLES)):
        make(case, f"t{number}", generated)
    enter(case, lob_max_kilobytes=LOB_KILOBYTES)
    case.go_through("ReleaseDatabase")
    outcome = case.cloud.clients.records.read(case.outcome["document"], Outcome)
    assert outcome is not None
    moved = {table.table: table for table in read_tables(case.typed_attempt, case.cloud.clients)}
    return Run(case, outcome, moved)


def test_each_table_is_equal_or_the_outcome_names_what_is_not(run: Run) -> None:
    assert {table.table for table in run.outcome.tables} == run.tables.keys()
    for table in run.outcome.tables:
        if table.failure is not None:
            assert f"public.{table.table}: " in table.failure.text
            assert " of column c" in table.failure.text, table.failure.text
            run.cells["of tables that failed"] += count_cells(run, table.table)
            continue
        found = find_changed(run, run.tables[table.table])
        named: dict[str, list[int]] = {}
        for loss in table.losses:
            named.setdefault(loss.column, []).append(loss.values or 0)
        assert named.keys() == found.keys(), (table.table, read_lines(run.case))
        for column, values in named.items():  # a value may be lost in two ways
            assert max(values) <= found[column] <= sum(values), (table.table, column, values, found)


def test_the_outcome_is_ok_exactly_where_nothing_is_named(run: Run) -> None:
    named = [table for table in run.outcome.tables if table.failure or table.losses]
    assert run.outcome.outcome == ("partial" if named else "ok")


def test_nine_of_ten_cells_are_carried(run: Run, record_property: Callable[[str, object], None]) -> None:
    record_property("cells", ", ".join(f"{count:,} {kind}" for kind, count in run.cells.items()))
    total = sum(run.cells.values())
    assert run.cells["equal"] >= (0.8 if TABLES >= 200 else 0.7) * total, run.cells
    share = 0.9 if TABLES >= 200 else 0.8  # of few tables, one that fails by chance is much
    assert total - run.cells["of tables that failed"] - run.cells["left out"] >= share * total, run.cells


def count_cells(run: Run, table: str) -> int:
    (count,) = run.case.ask_source(f"SELECT count(*) FROM {table}")[0]
    return count * (len(run.tables[table].columns) - 1)


def find_changed(run: Run, table: Table) -> dict[str, int]:
    """How many values of each column are not in the warehouse as they are at the source, for columns with one."""
    there = columns_there(run, table)
    carried = [column for column in table.columns if warehouse_name(column.name) in there]
    ways = [ask_for(column) for column in carried]
    at_source = run.case.ask_source(f"SELECT {', '.join(way for way, _ in ways)} FROM {table.table} ORDER BY id")
    named = ", ".join(quote(warehouse_name(column.name)) for column in carried)
    arrived = run.case.ask_warehouse(f'SELECT {named} FROM {run.case.warehouse_schema}."{table.table.upper()}"')
    arrived.sort(key=lambda row: row[0])
    changed = Counter[str]()
    for was, now in zip(at_source, arrived, strict=True):
        for column, (_, is_equal), one, other in zip(carried, ways, was, map(plain, now), strict=True):
            same = one is None if other is None else one is not None and is_equal(one, other)
            changed[column.name] += not same
            run.cells["equal" if same else "changed"] += 1
    left_out = {column.name: len(at_source) for column in table.columns if column not in carried}
    run.cells["left out"] += sum(left_out.values())
    return {name: count for name, count in (changed | left_out).items() if count}


def columns_there(run: Run, table: Table) -> set[str]:
    schema = run.case.warehouse_schema.split(".")[1].strip('"')
    return {
        name
        for (name,) in run.case.ask_warehouse(
            f"SELECT COLUMN_NAME FROM FLEET.INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = '{schema}' "
            f"AND TABLE_NAME = '{table.table.upper()}'"
        )
    }


def plain(value: Any) -> Any:
    """Days and microseconds as numbers."""
    if isinstance(value, dt.datetime):
        since = value - _EPOCH
        return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    if isinstance(value, dt.date):
        return (value - _EPOCH.date()).days
    if isinstance(value, dt.time):
        return ((value.hour * 60 + value.minute) * 60 + value.second) * 1_000_000 + value.microsecond
    return value
