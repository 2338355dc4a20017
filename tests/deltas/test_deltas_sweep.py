"""The key sweep: what no change has brought or removed is found and mended, and nothing else is called different."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from cases import Cases
from delta_case import DeltaCase, delta_cases
from localcloud.servers.postgres import EmbeddedPostgres


@pytest.fixture(scope="module")
def cases(postgres: EmbeddedPostgres, case_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cases]:
    with delta_cases(tmp_path_factory.mktemp("sweeps"), postgres, case_template) as opened:
        yield opened


@pytest.fixture
def seeded(cases: Cases) -> DeltaCase:
    database = DeltaCase(cases)
    assert database.run_ok() == ["prime", "full"]
    return database


def sweep(database: DeltaCase, asked: bool | list[str] = True) -> dict[str, Any]:
    """A run that sweeps; what it found, by table."""
    outcome = database.run(sweep=asked)
    assert outcome["outcome"] == "ok", outcome["failure_text"]
    return found(database)


def found(database: DeltaCase) -> dict[str, Any]:
    document = json.loads(database.case.read_control(database.case.outcome["document"]))
    return {table["table"]: table for table in document["sweep"]["tables"]}


def test_keys_that_are_equal_are_compared_once(seeded: DeltaCase) -> None:
    seeded.change("INSERT INTO orders VALUES (6, 'six', 6.5)", "UPDATE customers SET id = 9 WHERE id = 1")
    swept = sweep(seeded)
    assert seeded.purposes == ["delta", "full"]
    assert {name: one["keys"] for name, one in swept.items()} == {"orders": 6, "customers": 2, "nothing": 0}
    assert not any("sweep" in gap for gap in seeded.case.outcome["gaps"])
    seeded.assert_equal()


def test_rows_that_were_added_in_snowflake_by_hand_are_deleted(seeded: DeltaCase) -> None:
    warehouse(seeded, 'INSERT INTO {}.ORDERS ("ID", "WHAT") VALUES (70, \'by hand\'), (71, NULL)')
    swept = sweep(seeded)
    assert seeded.purposes == ["delta", "delta", "full"]
    assert (swept["orders"]["surplus"], swept["orders"]["missing"], swept["orders"]["repair"]) == (2, 0, "deletion")
    assert sorted(swept["orders"]["shown"]) == ["70", "71"]
    assert any("found 2 rows of public.orders that no change had removed" in one for one in seeded.case.outcome["gaps"])
    seeded.assert_equal()
    assert seeded.run_ok() == ["delta", "full"]


def warehouse(database: DeltaCase, statement: str) -> None:
    database.case.ask_warehouse(statement.format(database.case.warehouse_schema))
