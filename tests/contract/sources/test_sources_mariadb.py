"""The MariaDB server that the tests start: its own, and gone when they are."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pymysql
import pytest

from lambdas.sources import mysql
from localcloud.servers.mariadb import (
    EmbeddedMariadb,
    MariadbMissingError,
    MariadbNotStartedError,
    Programs,
    find_programs,
)

_CHILD = """
import sys
from pathlib import Path
from localcloud.servers.mariadb import EmbeddedMariadb
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


def test_a_machine_without_a_server_gets_an_error_that_says_how_to_get_one(tmp_path: Path) -> None:
    wanted = "Run as root: apt-get install -y --no-install-recommends mariadb-server"
    with pytest.raises(MariadbMissingError, match=wanted):
        find_programs(str(tmp_path))


def test_the_server_is_found_in_the_sbin_beside_the_bin_of_the_path(tmp_path: Path) -> None:
    for name in ("bin/mariadb-install-db", "sbin/mariadbd"):
        program = tmp_path / name
        program.parent.mkdir()
        program.touch(mode=0o755)
    found = find_programs(str(tmp_path / "bin"))
    assert found == Programs(str(tmp_path / "bin/mariadb-install-db"), str(tmp_path / "sbin/mariadbd"))
