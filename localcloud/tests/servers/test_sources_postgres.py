from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

import psutil
import psycopg
import pytest
from psycopg import errors

from localcloud.servers.postgres import EmbeddedPostgres, ServerNotStartedError

# Starts a server on the folder it is given, says how to reach it, and ends once its input does, without stopping it.
_CHILD = """
import json, sys
from pathlib import Path
from localcloud.servers.postgres import EmbeddedPostgres
server = EmbeddedPostgres.start(Path(sys.argv[1]))
if "left behind" not in server.databases():
    server.create_database("left behind")
print(json.dumps({"conninfo": server.conninfo("left behind"), "folder": str(server.folder)}), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder for a server of the test's own, which the account it runs under can reach."""
    with tempfile.TemporaryDirectory(prefix="fleet-") as path:
        yield Path(path)


def start_in_a_process(folder: Path) -> tuple[subprocess.Popen[str], dict[str, str]]:
    environment = {name: value for name, value in os.environ.items() if name != "XDG_RUNTIME_DIR"}
    child = subprocess.Popen(  # noqa: S603  our own program
        [sys.executable, "-W", "error", "-c", _CHILD, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
        env=environment,
    )
    return child, json.loads(cast("IO[str]", child.stdout).readline())


def server_pid(folder: Path) -> int:
    return int((folder / "server" / "data" / "postmaster.pid").read_text().split()[0])


def wait_until_cut_off(connection: psycopg.Connection) -> None:
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT pg_sleep(60)")
    connection.close()


def test_a_database_made_from_a_template_holds_its_rows(postgres: EmbeddedPostgres) -> None:
    postgres.create_database("sources original")
    with postgres.connect("sources original") as connection:
        connection.execute("CREATE TABLE t AS SELECT generate_series(1, 7) AS n")
    postgres.create_database("sources copy", template="sources original")
    with postgres.connect("sources copy") as connection:
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (7,)
    postgres.drop_database("sources copy")
    assert "sources copy" not in postgres.databases()
    assert "sources original" in postgres.databases()


def test_the_login_of_a_secret_reads_every_table_and_writes_none(postgres: EmbeddedPostgres) -> None:
    postgres.create_database("sources secret")
    with postgres.connect("sources secret") as connection:
        connection.execute('CREATE SCHEMA "Größe"; CREATE TABLE "Größe"."表" AS SELECT 1 AS n')
    secret = postgres.secret("sources secret")
    with psycopg.connect(
        host=secret["host"],
        port=secret["port"],
        user=secret["username"],
        password=secret["password"],
        dbname=secret["dbname"],
    ) as connection:
        assert connection.execute('SELECT n FROM "Größe"."表"').fetchone() == (1,)
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute('DELETE FROM "Größe"."表"')


def test_a_wrong_password_is_refused(postgres: EmbeddedPostgres) -> None:
    secret = postgres.secret("postgres")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(host=secret["host"], user=secret["username"], password="wrong", dbname="postgres")


def test_a_slot_shows_a_change_as_soon_as_it_is_committed(postgres: EmbeddedPostgres) -> None:
    postgres.create_database("sources slot")
    with postgres.connect("sources slot", autocommit=True) as connection:
        connection.execute("CREATE TABLE t (n integer PRIMARY KEY); CREATE PUBLICATION p FOR ALL TABLES")
        connection.execute("SELECT pg_create_logical_replication_slot('sources_slot', 'pgoutput')")
        connection.execute("INSERT INTO t VALUES (1)")
        changes = connection.execute(
            "SELECT data FROM pg_logical_slot_peek_binary_changes('sources_slot', NULL, NULL,"
            " 'proto_version', '1', 'publication_names', 'p')"
        ).fetchall()
        connection.execute("SELECT pg_drop_replication_slot('sources_slot')")
    assert [bytes(data)[:1] for (data,) in changes] == [b"B", b"R", b"I", b"C"]


def test_no_server_outlives_its_process(folder: Path) -> None:
    child, said = start_in_a_process(folder)
    connection = psycopg.connect(said["conninfo"])
    pid = server_pid(folder)
    _, complaints = child.communicate()
    wait_until_cut_off(connection)
    assert (child.returncode, complaints) == (0, "")
    assert not psutil.pid_exists(pid)


def test_no_server_outlives_a_process_that_is_killed(folder: Path) -> None:
    child, said = start_in_a_process(folder)
    connection = psycopg.connect(said["conninfo"])
    child.kill()
    child.communicate()
    wait_until_cut_off(connection)


def test_a_folder_left_by_a_killed_process_is_started_again_at_once_and_in_silence(folder: Path) -> None:
    child, _ = start_in_a_process(folder)
    child.kill()
    child.communicate()
    again, said = start_in_a_process(folder)
    with psycopg.connect(said["conninfo"]) as connection:
        assert connection.execute("SELECT current_database()").fetchone() == ("left behind",)
    _, complaints = again.communicate()
    assert (again.returncode, complaints) == (0, "")


def test_a_server_that_was_killed_itself_recovers_what_it_had(folder: Path) -> None:
    with EmbeddedPostgres.start(folder) as server:
        with server.connect() as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS n")
        os.kill(server_pid(folder), signal.SIGKILL)
    with EmbeddedPostgres.start(folder) as server, server.connect() as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (42,)


def test_a_pid_file_that_names_a_living_stranger_does_not_stop_the_server(folder: Path) -> None:
    EmbeddedPostgres.start(folder).stop()
    pid_file = folder / "server" / "data" / "postmaster.pid"
    pid_file.write_text(f"{os.getppid()}\n{folder}\n0\n5432\n{folder}\n\n0 0\nready\n")
    with EmbeddedPostgres.start(folder) as server:
        assert server.databases() == ()


def test_a_folder_in_use_is_refused_and_its_holder_named(postgres: EmbeddedPostgres) -> None:
    with pytest.raises(ServerNotStartedError, match=f"process {os.getpid()}"):
        EmbeddedPostgres.start(postgres.folder)


def test_a_server_that_cannot_start_says_what_its_log_says(folder: Path) -> None:
    EmbeddedPostgres.start(folder).stop()
    (folder / "server" / "data" / "PG_VERSION").write_text("9.6\n")
    with pytest.raises(ServerNotStartedError, match="initialized by PostgreSQL version"):
        EmbeddedPostgres.start(folder)


def test_a_folder_of_a_version_that_had_another_login_is_made_anew(folder: Path) -> None:
    with EmbeddedPostgres.start(folder) as server:
        server.create_database("old")
    credentials = folder / "credentials.json"
    credentials.write_text(credentials.read_text().replace(EmbeddedPostgres.LOGIN, "somebody"))
    with EmbeddedPostgres.start(folder) as server:
        assert server.databases() == ()
        assert server.secret("postgres")["username"] == EmbeddedPostgres.LOGIN


def test_a_folder_deeper_than_a_sockets_address_will_do(folder: Path) -> None:
    deep = folder / "a checkout, far down" / ("d" * 120)
    for part in (deep.parent, deep):
        part.mkdir(mode=0o755)
    folder.chmod(0o755)
    with EmbeddedPostgres.start(deep) as server:
        socket = Path(server.host)
        assert server.folder == deep.resolve()
        assert server.databases() == ()
    assert not socket.exists()


def test_a_folder_closed_to_everybody_else_will_do(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    with EmbeddedPostgres.start(closed / "sources") as server:
        server.create_database("sources kept")
    with EmbeddedPostgres.start(closed / "sources") as server:
        assert server.databases() == ("sources kept",)
    assert closed.stat().st_mode & 0o777 == 0o700
    shutil.rmtree(server.folder)
