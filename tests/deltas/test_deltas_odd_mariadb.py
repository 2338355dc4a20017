"""What once ended `ok` and was not equal to its source, or red for ever: each alone, on a real MariaDB."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from delta_case import DeltaCase
from lambdas.sources import mysql
from localcloud.servers.mariadb import EmbeddedMariadb
from mariadb_cases import MariadbCases

MARIADB = """
CREATE TABLE orders (id int PRIMARY KEY, what varchar(40), amount decimal(10, 2));
INSERT INTO orders VALUES (1, 'one', 1.5), (2, 'two', 3);
CREATE TABLE fleet_mark (id int PRIMARY KEY, attempt bigint);
INSERT INTO fleet_mark VALUES (1, 0);
GRANT UPDATE ON fleet_mark TO dms_reader@localhost
"""


@pytest.fixture(scope="module")
def mariadb_cases(mariadb: EmbeddedMariadb, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariadbCases]:
    with MariadbCases(tmp_path_factory.mktemp("broken-mariadb"), mariadb, deltas=True) as opened:
        yield opened


@pytest.fixture
def of_mariadb(mariadb_cases: MariadbCases) -> DeltaCase:
    """A database of MariaDB after its first run in mode `delta`, and a delta after it."""
    database = DeltaCase(mariadb_cases, MARIADB)
    for purposes in (["prime", "full"], ["delta"]):
        assert run_mariadb(database) == purposes
    return database


def run_mariadb(database: DeltaCase) -> list[str]:
    """A run that must be ok and leave the warehouse equal to the source; the purposes of its attempts."""
    outcome = database.run()
    assert outcome["outcome"] == "ok", outcome["failure_text"]
    database.assert_equal(orders="id, what, amount")
    return database.purposes


def test_a_column_of_mariadb_that_is_dropped_and_added_at_once_is_loaded_in_full(of_mariadb: DeltaCase) -> None:
    of_mariadb.change("SELECT SLEEP(1.1)")  # the time of an ALTER is kept in whole seconds
    of_mariadb.change(
        "ALTER TABLE orders DROP COLUMN amount, ADD COLUMN amount decimal(10, 2) DEFAULT 9, ALGORITHM = INSTANT"
    )
    assert run_mariadb(of_mariadb) == ["delta", "full"]


def logs(database: DeltaCase) -> list[tuple[str, int]]:
    """The files of the binary log that there are, and how long they are."""
    secret = database.case.mariadb.secret()  # type: ignore[attr-defined]  a case of MariaDB's
    with mysql.connect(secret, ssl_mode="none") as connection, connection.cursor() as cursor:
        cursor.execute("SHOW BINARY LOGS")
        return [(str(row[0]), int(row[1])) for row in cursor.fetchall()]


@pytest.mark.parametrize("grows", ["further", "in a later file"])
def test_a_binary_log_that_was_reset_begins_the_chain_anew(of_mariadb: DeltaCase, grows: str) -> None:
    of_mariadb.change("FLUSH BINARY LOGS", "INSERT INTO orders VALUES (3, 'before', 1)")
    assert run_mariadb(of_mariadb) == ["delta"]
    *_, (file, size) = logs(of_mariadb)
    of_mariadb.change("RESET MASTER", "INSERT INTO orders VALUES (4, 'lost', 1)")
    while file not in dict(logs(of_mariadb)):
        of_mariadb.change("FLUSH BINARY LOGS")
    if grows == "in a later file":
        of_mariadb.change("FLUSH BINARY LOGS")
    while grows == "further" and dict(logs(of_mariadb))[file] <= size + 5:
        of_mariadb.change("UPDATE orders SET amount = amount + 1")
    assert run_mariadb(of_mariadb) == ["delta", "prime", "full"]
