"""The MariaDB server that the tests start: its own, and gone when they are."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pymysql
import pytest

from lambdas.sources import mysql
from left_out import leave_out, tell
from local.sources.mariadb import EmbeddedMariadb, MariadbMissingError, MariadbNotStartedError

_CHILD = """
import sys
from pathlib import Path
from typing import Any
from local.sources.mariadb import EmbeddedMariadb
server = EmbeddedMariadb.start(Path(sys.argv[1]))
print((Path(sys.argv[1]) / "pid").read_text().strip(), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder(mariadb: EmbeddedMariadb) -> Iterator[Path]:
    """A place that the server's account can reach; only where there is a server to start."""
    with tempfile.TemporaryDirectory(prefix="fleet-") as name:
        yield Path(name)


def test_a_stopped_server_is_gone_and_leaves_no_process(folder: Path) -> None:
    server = EmbeddedMariadb.start(folder)
    process = psutil.Process(int((folder / "pid").read_text()))
    server.stop()
    server.stop()
    assert not process.is_running()
    with pytest.raises(pymysql.err.OperationalError, match="Can't connect"):
        mysql.connect(server.secret())


def test_no_server_outlives_a_process_that_is_killed(folder: Path) -> None:
    child = subprocess.Popen(  # noqa: S603  our own program
        [sys.executable, "-c", _CHILD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    server = psutil.Process(int(child.stdout.readline()))
    child.kill()
    child.communicate()
    server.wait(30)


def test_a_server_that_starts_leaves_alone_what_another_one_holds_for_a_query(
    mariadb: EmbeddedMariadb, folder: Path
) -> None:
    with mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE mysql.held (id int) ENGINE = Aria")
        cursor.execute("SELECT @@tmpdir")
        place = Path(cursor.fetchall()[0][0])
        held = set(place.glob("#sql*"))
        assert held
        with EmbeddedMariadb.start(folder):
            assert set(place.glob("#sql*")) == held
        cursor.execute("INSERT INTO mysql.held VALUES (1)")


def test_a_server_runs_as_nobody_when_we_are_root_and_else_as_us(folder: Path) -> None:
    with EmbeddedMariadb.start(folder):
        user = psutil.Process(int((folder / "pid").read_text())).uids().real
    assert user == (65_534 if os.geteuid() == 0 else os.geteuid())


def test_a_folder_that_holds_something_is_refused(folder: Path) -> None:
    (folder / "data").mkdir()
    with pytest.raises(MariadbNotStartedError, match="not empty"):
        EmbeddedMariadb.start(folder)


def test_the_login_of_a_secret_reads_everything_and_writes_nothing(mariadb: EmbeddedMariadb) -> None:
    mariadb.create_database("login reads")
    mariadb.execute("login reads", "CREATE TABLE t (id int)")
    with mysql.connect(mariadb.secret(), "login reads") as connection, connection.cursor() as cursor:
        assert cursor.execute("SELECT * FROM t") == 0
        with pytest.raises(pymysql.err.OperationalError, match="denied"):
            cursor.execute("DROP TABLE t")


def test_a_machine_without_a_server_is_told_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(MariadbMissingError, match="Run: apt-get install -y --no-install-recommends mariadb-server"):
        EmbeddedMariadb.start(tmp_path, path=str(tmp_path))


class Told:
    """What pytest is told, as its configuration, its hooks and its terminal take it."""

    def __init__(self) -> None:
        self.hook = self
        self.left: list[Any] = []
        self.words: list[str] = []
        self.stats: dict[str, list[Any]] = {}
        self.config = self

    def getoption(self, _name: str, default: object) -> object:
        return default

    def pytest_deselected(self, items: list[Any]) -> None:
        self.left += items

    def section(self, title: str, **_: object) -> None:
        self.words.append(title)

    line = section


@pytest.mark.parametrize(("environment", "is_left_out"), [({"FLEET_TESTS_WITHOUT_MARIADB": "1"}, True), ({}, False)])
def test_tests_are_left_out_only_on_request_and_loudly(
    request: pytest.FixtureRequest, mariadb: EmbeddedMariadb, environment: dict[str, str], is_left_out: bool
) -> None:
    told: Any = Told()
    items: list[Any] = [request.node]
    leave_out(told, items, environment)
    tell(told, environment)
    assert (items, told.left) == (([], [request.node]) if is_left_out else ([request.node], []))
    assert any("nothing that reads a MySQL or MariaDB source was tested" in line for line in told.words) is is_left_out
