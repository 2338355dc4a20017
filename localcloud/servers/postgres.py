"""A real PostgreSQL from a wheel: no port, no account, no system package, and gone when its process is.

The wheel's own `get_server()` creates a system account, opens up every folder above the data and lets a server outlive
a killed process. So the server's programs are run directly, beside a shell that ends the server if we are killed.
"""

from __future__ import annotations

import atexit
import fcntl
import json
import os
import secrets
import signal
import subprocess
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, LiteralString, Self

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from localcloud.errors import MachineError
from localcloud.servers.server_folder import ServerFolder, SystemAccount

# Written whole at each start: what initdb guesses from the machine must not decide anything here.
_SETTINGS = {
    "listen_addresses": "''",
    "port": "5432",
    # Of 80 databases at once each holds the connections of its tables under way, as the scanner keeps them.
    "max_connections": "1000",
    # Nothing here has to survive a power cut, only a killed process. `synchronous_commit` costs next to nothing without
    # fsync, and off it would hide the last commits from change capture: a slot shows flushed changes only.
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "on",
    "checkpoint_timeout": "1h",
    "max_wal_size": "4GB",
    "shared_buffers": "128MB",
    "maintenance_work_mem": "128MB",
    # Change capture: a slot for each database of a large fleet.
    "wal_level": "logical",
    "max_replication_slots": "400",
    "max_logical_replication_workers": "0",
    # Hundreds of databases that hardly change: nothing runs in the background, plans stay the same.
    "autovacuum": "off",
    "io_method": "sync",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "max_worker_processes": "2",
    "log_checkpoints": "off",
    # One round of hashing instead of 4,096 for each login, of which a large night needs tens of thousands.
    "scram_iterations": "1",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "lc_messages": "'C'",
    "lc_monetary": "'C'",
    "datestyle": "'ISO, YMD'",
    "log_min_messages": "warning",
}

_PUBLICATIONS = (Path(__file__).parent / "postgres_publications.sql").read_bytes()
# $1: the server. Standard input is a pipe from us. A line in it means that the server is gone; its end without one
# means that we are, whatever we died of.
_OUTLIVE = 'read -r _ || kill -INT "$1"'
_START_SECONDS = 60
_GLANCE_SECONDS = 0.02


class ServerNotStartedError(MachineError):
    """The embedded PostgreSQL did not come up."""


class EmbeddedPostgres:
    """A running PostgreSQL whose data, log and credentials stand below *folder*. Use it as a context, or `stop` it."""

    SUPERUSER = "postgres"
    LOGIN = "dms_reader"  # what a secret names: reads everything and may replicate, writes nothing

    def __init__(self, place: ServerFolder, passwords: dict[str, str]) -> None:
        self._place = place
        self._passwords = passwords
        # Undone in reverse, by `stop` or when the process ends: the lock goes last.
        self._held = ExitStack()
        atexit.register(self.stop)

    @classmethod
    def start(cls, folder: Path) -> Self:
        """A server on *folder*, made new if there is none. What a killed process left there is recovered.

        Raises `ServerNotStartedError` when a living process uses *folder*, or with the end of the server's log.
        """
        place = ServerFolder.prepare(folder, SystemAccount.of_server())
        with ExitStack() as held:
            held.enter_context(_locked(place))
            place.end_orphans()
            # Written last: a folder without them was being made by a process that was killed. One of an earlier
            # version, which had another login, is made anew too.
            passwords = json.loads(place.credentials.read_text()) if place.credentials.exists() else {}
            if is_new := cls.LOGIN not in passwords:
                passwords = _initialise(place)
            _configure(place)
            process = _launch(place)
            held.callback(place.leave)
            held.callback(_end, process, _watch(process, place))
            server = cls(place, passwords)
            if is_new:
                server._add_login()
                server._add_publications()
                place.credentials.touch(mode=0o600)
                place.credentials.write_text(json.dumps(passwords))
            server._held = held.pop_all()
        return server

    @property
    def folder(self) -> Path:
        """Where the server's files stand: the folder asked for, or a reachable one in its place."""
        return self._place.home

    @property
    def host(self) -> str:
        """The folder of the server's socket; drivers take it in place of a host name."""
        return str(self._place.socket)

    @property
    def port(self) -> int:
        """Part of the socket's name only: nothing listens on the network."""
        return 5432

    def secret(self, database: str) -> dict[str, Any]:
        """The document of a Secrets Manager secret for *database*: username, password, host, port, dbname."""
        return {
            "username": self.LOGIN,
            "password": self._passwords[self.LOGIN],
            "host": self.host,
            "port": self.port,
            "dbname": database,
        }

    def connect(self, database: str = "postgres", *, autocommit: bool = False) -> psycopg.Connection:
        """A connection to *database* as the server's superuser."""
        return psycopg.connect(self.conninfo(database), autocommit=autocommit)

    def conninfo(self, database: str = "postgres") -> str:
        """libpq's connection string for *database* as the server's superuser, for DuckDB's ATTACH."""
        return make_conninfo(
            host=self.host,
            port=self.port,
            user=self.SUPERUSER,
            password=self._passwords[self.SUPERUSER],
            dbname=database,
        )

    def databases(self) -> tuple[str, ...]:
        """The names of the databases that somebody created, in order."""
        with self.connect() as connection:
            rows = connection.execute(
                "SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres' ORDER BY datname"
            ).fetchall()
        return tuple(name for (name,) in rows)

    def create_database(self, name: str, template: str | None = None) -> None:
        """Create *name*, as a copy of *template* if given; nobody may be connected to that."""
        self._administer("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy", name, template or "template1")

    def drop_database(self, name: str) -> None:
        """Drop *name*, throwing out anyone who is connected. Nothing happens if it is not there."""
        self._administer("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def stop(self) -> None:
        """End the server and wait until it is gone. Idempotent."""
        atexit.unregister(self.stop)
        self._held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _administer(self, statement: LiteralString, *names: str) -> None:
        with self.connect(autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*(sql.Identifier(name) for name in names)))

    def _add_login(self) -> None:
        with self.connect() as connection:
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN REPLICATION PASSWORD {} IN ROLE pg_read_all_data, pg_monitor").format(
                    sql.Identifier(self.LOGIN), sql.Literal(self._passwords[self.LOGIN])
                )
            )

    def _add_publications(self) -> None:
        with self.connect("template1") as connection:
            connection.execute(_PUBLICATIONS)


def _locked(place: ServerFolder) -> IO[str]:
    """The lock that says that a living process uses *place*; the system gives it back however that process ends."""
    lock = (place.home / "lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        lock.close()
        raise ServerNotStartedError(
            f"The embedded PostgreSQL on {place.home} belongs to process {holder}, which is running.",
            remedy="End that process first, or name another folder.",
        ) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def _initialise(place: ServerFolder) -> dict[str, str]:
    passwords = {user: secrets.token_urlsafe(18) for user in (EmbeddedPostgres.SUPERUSER, EmbeddedPostgres.LOGIN)}
    password_file = place.write(place.server / "password", passwords[EmbeddedPostgres.SUPERUSER])
    place.clear_data()
    result = subprocess.run(  # noqa: S603  our own program and arguments
        [
            place.programs / "initdb",
            "--pgdata",
            place.data,
            f"--username={EmbeddedPostgres.SUPERUSER}",
            f"--pwfile={password_file}",
            # A wrong password is refused as it should be. The exchange that hides it is left out: the socket is
            # closed to others, and that exchange costs pg8000 4,096 rounds in Python (it refuses fewer).
            "--auth=password",
            "--set=scram_iterations=1",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
            "--no-sync",
            "--no-instructions",
        ],
        capture_output=True,
        text=True,
        check=False,
        **place.as_account(),
    )
    password_file.unlink()
    if result.returncode:
        raise ServerNotStartedError(f"initdb on {place.data} failed: {result.stderr.strip()}")
    return passwords


def _configure(place: ServerFolder) -> None:
    settings = _SETTINGS | {"unix_socket_directories": f"'{place.socket}'", "unix_socket_permissions": "0700"}
    place.write(place.data / "postgresql.conf", "".join(f"{name} = {value}\n" for name, value in settings.items()))


def _launch(place: ServerFolder) -> subprocess.Popen[Any]:
    """The server, once it takes connections."""
    with place.log.open("wb") as log:
        # A session of its own: Ctrl-C in the terminal is for us, who then stop the server in order.
        process = subprocess.Popen(  # noqa: S603
            [place.programs / "postgres", "-D", place.data],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            **place.as_account(),
        )
    for _ in range(round(_START_SECONDS / _GLANCE_SECONDS)):
        with suppress(subprocess.TimeoutExpired):
            process.wait(_GLANCE_SECONDS)
            break
        if place.is_ready():
            return process
    process.kill()
    process.wait()
    log_end = place.log.read_text(errors="replace")[-2000:].strip()
    raise ServerNotStartedError(f"The embedded PostgreSQL on {place.home} did not start: {log_end}")


def _end(process: subprocess.Popen[Any], watcher: subprocess.Popen[Any]) -> None:
    process.send_signal(signal.SIGINT)  # a fast shutdown: connections are cut, nothing is lost
    process.wait()
    watcher.communicate(b"gone\n")


def _watch(process: subprocess.Popen[Any], place: ServerFolder) -> subprocess.Popen[Any]:
    """A shell that ends *process* should we be killed."""
    return subprocess.Popen(  # noqa: S603
        ["/bin/sh", "-c", _OUTLIVE, "sh", str(process.pid)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        **place.as_account(),
    )
