"""The key sweep on a real MariaDB: what its binary log never had is found."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from delta_case import DeltaCase
from localcloud.servers.mariadb import EmbeddedMariadb
from mariadb_cases import MariadbCases

MADE_OF = """
CREATE TABLE orders (id int(9) ZEROFILL PRIMARY KEY, what varchar(40));
INSERT INTO orders VALUES (1, 'one'), (2, 'two'), (3, 'three');
CREATE TABLE codes (code varchar(40) CHARACTER SET latin1, part char(4), day date, big bigint unsigned,
    PRIMARY KEY (code, part, day, big)) COLLATE utf8mb4_bin;
INSERT INTO codes VALUES ('a', 'bc', '2026-11-30', 18446744073709551615), ('ab', 'c', '0987-01-02', 0),
    ('A|é', '', '2026-11-30', 1);
CREATE TABLE binaries (id binary(4) PRIMARY KEY);
CREATE TABLE parents (id int PRIMARY KEY);
CREATE TABLE children (id int PRIMARY KEY, parent int, FOREIGN KEY (parent) REFERENCES parents (id) ON DELETE CASCADE);
INSERT INTO parents VALUES (1), (2);
INSERT INTO children VALUES (1, 1), (2, 2);
CREATE TABLE fleet_mark (id int PRIMARY KEY, attempt bigint);
INSERT INTO fleet_mark VALUES (1, 0);
GRANT UPDATE ON fleet_mark TO dms_reader@localhost
"""


@pytest.fixture(scope="module")
def seeded(mariadb: EmbeddedMariadb, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeltaCase]:
    with MariadbCases(tmp_path_factory.mktemp("mariadb-sweeps"), mariadb, deltas=True) as opened:
        database = DeltaCase(opened, MADE_OF)
        assert database.run()["outcome"] == "ok", database.case.outcome["failure_text"]
        yield database


def sweep(database: DeltaCase) -> dict[str, Any]:
    outcome = database.run(sweep=True)
    assert outcome["outcome"] == "ok", outcome["failure_text"]
    document = json.loads(database.case.read_control(outcome["document"]))
    database.assert_equal(orders="id, what", codes="part, big", parents="id", children="id, parent")
    return {table["table"]: table for table in document["sweep"]["tables"]}


def test_equal_keys_of_all_types_are_equal(seeded: DeltaCase) -> None:
    swept = sweep(seeded)
    assert {name: one["keys"] for name, one in swept.items()} == {
        "orders": 3,
        "codes": 3,
        "parents": 2,
        "binaries": None,
    }
    assert "of type binary" in swept["binaries"]["why"]
    assert seeded.purposes == ["delta", "full"]


def test_rows_that_the_binary_log_never_had_are_found(seeded: DeltaCase) -> None:
    seeded.change(
        "SET sql_log_bin = 0; DELETE FROM orders WHERE id = 2; INSERT INTO codes VALUES ('z', 'z', '2026-01-01', 2)"
    )
    swept = sweep(seeded)
    assert (swept["orders"]["surplus"], swept["orders"]["repair"]) == (1, "deletion")
    assert (swept["codes"]["missing"], swept["codes"]["repair"]) == (1, "full load")
    assert seeded.purposes == ["delta", "delta", "full"]


def test_what_a_foreign_key_takes_along_is_not_swept_because_it_is_loaded_in_full(seeded: DeltaCase) -> None:
    seeded.change("DELETE FROM parents WHERE id = 1")
    assert "children" not in sweep(seeded)
