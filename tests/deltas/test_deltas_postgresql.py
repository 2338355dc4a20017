"""Deltas from a real PostgreSQL through the machines: prime, seed, deltas, and the warehouse equal to the source."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cases import Case, Cases, make_template
from localcloud.servers.postgres import EmbeddedPostgres

MARK = """
CREATE TABLE fleet_mark (id integer PRIMARY KEY, attempt bigint);
INSERT INTO fleet_mark VALUES (1, 0);
GRANT UPDATE ON fleet_mark TO dms_reader;
"""


@pytest.fixture(scope="module")
def cases(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cases]:
    names = [f"case-{number:02}" for number in range(3, 20)]
    changed = {name: {"deltas": True} for name in names}
    with Cases(tmp_path_factory.mktemp("deltas"), postgres, make_template(postgres), changed=changed) as opened:
        yield opened


@pytest.fixture
def case(cases: Cases) -> Case:
    one = cases.take()
    one.ask_source(MARK)
    return one


def run_delta(cases: Cases, case: Case, name: str) -> dict[str, Any]:
    """A run of mode `delta` over the database, to its end; the outcome's record."""
    case.run = name
    cases.run_night(name, mode="delta", databases=[case.id])
    return case.outcome


def rows(case: Case, table: str, columns: str) -> list[list[list[str]]]:
    """What the source and the warehouse hold of a table."""
    source = case.ask_source(f"SELECT {columns} FROM {table} ORDER BY 1")
    target = case.ask_warehouse(f'SELECT {columns.upper()} FROM {case.warehouse_schema}."{table.upper()}"')
    return [sorted([str(value) for value in row] for row in found) for found in (source, target)]


def test_a_first_delta_primes_and_seeds_and_later_ones_bring_changes(cases: Cases, case: Case) -> None:
    first = run_delta(cases, case, "delta-1")
    assert first["outcome"] == "ok", first["failure_text"]
    source, target = rows(case, "orders", "id, what, amount")
    assert source == target
    changes = [
        "INSERT INTO orders VALUES (6, 'six', 6.5); UPDATE orders SET what = 'first' WHERE id = 1; "
        "DELETE FROM orders WHERE id = 2",
        "UPDATE orders SET id = 30 WHERE id = 3; INSERT INTO customers VALUES (3, 'Cy')",
        "DELETE FROM orders WHERE id = 30; INSERT INTO orders VALUES (30, 'new', NULL); UPDATE orders SET what = NULL",
    ]
    for number, change in enumerate(changes, 2):
        case.ask_source(change)
        outcome = run_delta(cases, case, f"delta-{number}")
        assert outcome["outcome"] == "ok", outcome["failure_text"]
        for table, columns in (("orders", "id, what, amount"), ("customers", "id, name"), ("nothing", "id, what")):
            source, target = rows(case, table, columns)
            assert source == target
