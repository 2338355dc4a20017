"""A value that arrives by a delta is the value that a full load brings, for every type of PostgreSQL's.

Random tables of random types are loaded in full. Then each row is copied at the source under a new key, and its copy
arrives by a delta; in the warehouse the two are equal in every column. FLEET_DELTA_TABLES says how many tables.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from delta_case import DeltaCase, delta_cases
from fleet.names import warehouse_schema
from fleet.warehouse_columns import OWN_NAMES
from localcloud.servers.postgres import EmbeddedPostgres
from postgresql_columns import SETUP
from postgresql_tables import draw, make

TABLES = int(os.environ.get("FLEET_DELTA_TABLES", "25"))
_COPIES = 1000
TYPES = (
    "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = '{}'::regclass AND attnum > 0"
)


@pytest.fixture(scope="module")
def database(
    postgres: EmbeddedPostgres, case_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DeltaCase]:
    with delta_cases(tmp_path_factory.mktemp("types"), postgres, case_template) as cases:
        found = DeltaCase(cases)
        found.change(SETUP)
        for number, generated in enumerate(draw(TABLES)):
            make(found.case, f"t{number}", generated)
        found.run()
        for number in range(TABLES):
            columns = found.case.ask_source(
                f"SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute "
                f"WHERE attrelid = 't{number}'::regclass AND attnum > 0 AND attname <> 'id'"
            )[0][0]
            found.change(
                f"INSERT INTO t{number} (id, {columns}) SELECT id + {_COPIES}, {columns} FROM t{number}",
                f"UPDATE t{number} SET id = id + {2 * _COPIES} WHERE id < {_COPIES}",
                f"INSERT INTO t{number} (id, {columns}) SELECT id - {2 * _COPIES}, {columns} FROM t{number} "
                f"WHERE id >= {2 * _COPIES}",
            )
        found.run()
        yield found


def test_copies_that_came_by_a_delta_equal_what_a_full_load_brings(database: DeltaCase) -> None:
    found = {name: table for name, table in database.case.tables.items() if name[1:].isdigit()}
    tables = [name for name, table in found.items() if table["mode"] == "delta" and not table["failure"]]
    # The others hold long values, which an update of their key leaves out: they are loaded in full, and say so.
    assert len(tables) >= 0.7 * len(found)
    before = {name: copies(database, name) for name in tables}
    database.run("full")
    after = {name: copies(database, name) for name in tables}
    for name in tables:
        assert before[name], name
        differing = [
            (was[:60], len(was), now[:60], len(now))
            for one, other in zip(before[name], after[name], strict=True)
            for was, now in zip(one, other, strict=True)
            if was != now
        ]
        assert not differing, (name, database.case.ask_source(TYPES.format(name)), differing[:4])


def copies(database: DeltaCase, table: str) -> list[list[str]]:
    """The rows of the warehouse's table without the columns of our own, floats by their digits."""
    where = f"TABLE_NAME = '{table.upper()}' AND TABLE_SCHEMA = '{warehouse_schema(database.case.id, 'public')}'"
    found = database.case.ask_warehouse(f"SELECT COLUMN_NAME FROM FLEET.INFORMATION_SCHEMA.COLUMNS WHERE {where}")
    listed = ", ".join(f'"{name}"' for (name,) in found if name not in OWN_NAMES)
    rows = database.case.ask_warehouse(f"SELECT {listed} FROM {database.case.warehouse_schema}.{table.upper()}")
    return sorted([repr(value) for value in row] for row in rows)
