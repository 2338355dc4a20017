"""A real MariaDB from the system's package: no port, no account of its own, and gone when its process is.

No wheel carries one. The system's own service is neither used nor started: the server runs on a folder of the caller's,
below a shell that ends it if we are killed.
"""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import socket
import subprocess
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pymysql
import pymysql.cursors

from localcloud.errors import LocalCloudError
from localcloud.servers.server_folder import SystemAccount

_SOCKET_NAME = "mysqld.sock"  # as Debian's package names it
_CONNECT_SECONDS = 10
INSTALL = "apt-get install -y --no-install-recommends mariadb-server"
# Nothing here has to survive a power cut. Character set and zone are given, so that the machine decides nothing.
_SETTINGS = (
    "--skip-networking",
    "--character-set-server=utf8mb4",
    "--default-time-zone=+00:00",
    "--innodb-buffer-pool-size=64M",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-flush-method=nosync",
    "--performance-schema=OFF",
    "--max-connections=200",
    # The log that DMS captures changes from, with what AWS's guide asks for, and the columns' names in it.
    "--server-id=1",
    "--log-bin=mysql-bin",
    "--binlog-format=ROW",
    "--binlog-row-image=FULL",
    "--binlog-row-metadata=FULL",
    "--binlog-expire-logs-seconds=86400",
    # A client that is kept from running for minutes is not given up (10, 30 and 60 seconds by default).
    "--connect-timeout=3600",
    "--net-read-timeout=3600",
    "--net-write-timeout=3600",
)
# $@: the server. Standard input is a pipe from us: its end means that we want the server gone, or are gone ourselves.
_SUPERVISE = 'exec 3<&0; "$@" & server=$!; (read -r _ <&3; kill -TERM "$server") & wait "$server"'
_START_SECONDS = 60
_GLANCE_SECONDS = 0.02


class MariadbMissingError(LocalCloudError):
    """No MariaDB server is installed on this machine."""


class MariadbNotStartedError(LocalCloudError):
    """The MariaDB server did not come up."""


@dataclass(frozen=True)
class Programs:
    """The two programs of MariaDB's server: *install* makes an empty data folder, *server* serves it."""

    install: str
    server: str


def find_programs(path: str | None = None) -> Programs:
    """MariaDB's programs on *path*, the environment's PATH by default.

    Raises:
        MariadbMissingError: One is not there; says which, and the command that installs it.
    """
    searched = os.environ.get("PATH", os.defpath) if path is None else path
    install = _program("mariadb-install-db", searched)
    # Debian's package puts this one into the `sbin` beside the other's `bin`, which is not in everybody's path.
    beside = Path(install).parent.parent / "sbin"
    return Programs(install, _program("mariadbd", os.pathsep.join((searched, str(beside)))))


class EmbeddedMariadb:
    """A running MariaDB whose data and log stand below *folder*. Use it as a context, or `stop` it."""

    ROOT = "root"
    LOGIN = "dms_reader"  # what a secret names: reads everything, writes nothing

    def __init__(self, socket_folder: Path, passwords: dict[str, str]) -> None:
        self._socket_folder = socket_folder
        self._passwords = passwords
        self._held = ExitStack()
        atexit.register(self.stop)

    @classmethod
    def start(cls, folder: Path) -> Self:
        """A server on *folder*, which must be empty or not there, and short enough for a socket's address.

        As root it runs as `nobody`, who must be able to reach the folder.

        Raises `MariadbMissingError` with the command that installs one, `MariadbNotStartedError` with the log's end.
        """
        found = find_programs()
        account = SystemAccount.of_server()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise MariadbNotStartedError(f"{folder} is not empty.", remedy="Name a folder of the server's own.")
        temporary = folder / "tmp"
        temporary.mkdir(mode=0o700)
        for owned in (folder, temporary):
            _give(owned, account)
        # A server that starts removes every temporary table that it finds where it makes its own: those of a server
        # beside it too, in the middle of a query (seen with 10.11). So none shares that place with another.
        programs = {"env": {**os.environ, "TMPDIR": str(temporary)}, **_as_account(account)}
        passwords = {user: secrets.token_urlsafe(18) for user in (cls.ROOT, cls.LOGIN)}
        data, log = folder / "data", folder / "log"
        _initialise(found.install, data, programs)
        # Passwords are set before anyone can connect, and stand in no argument that other users see.
        first = folder / "first.sql"
        first.touch(mode=0o600)
        first.write_text(_accounts(passwords, cls.ROOT, cls.LOGIN))
        _give(first, account)
        where = (f"--datadir={data}", f"--socket={folder / _SOCKET_NAME}", f"--pid-file={folder / 'pid'}")
        process = _launch([found.server, "--no-defaults", *where, f"--init-file={first}", *_SETTINGS], log, programs)
        started = cls(folder, passwords)
        started._held.callback(_end, process)
        started._await(process, log)
        first.unlink()
        return started

    @property
    def host(self) -> str:
        """The folder of the server's socket; our drivers take it in place of a host name."""
        return str(self._socket_folder)

    @property
    def port(self) -> int:
        """What a secret must name: nothing listens on the network."""
        return 3306

    def secret(self) -> dict[str, Any]:
        """The document of a Secrets Manager secret: username, password, host, port. It names no database."""
        password = self._passwords[self.LOGIN]
        return {"username": self.LOGIN, "password": password, "host": self.host, "port": self.port}

    def connect(self, database: str | None = None) -> pymysql.Connection[pymysql.cursors.Cursor]:
        """A connection as root, in which each statement is a transaction of its own."""
        connection = pymysql.connect(
            user=self.ROOT,
            password=self._passwords[self.ROOT],
            database=database,
            charset="utf8mb4",
            autocommit=True,
            ssl_disabled=True,  # a Unix socket; the driver would read all certificates of the machine first
            defer_connect=True,
        )
        connection.connect(_connected_socket(f"{self.host}/{_SOCKET_NAME}"))
        return connection

    def execute(self, database: str | None, *statements: str) -> None:
        """Run *statements* as root, one after the other."""
        with self.connect(database) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def create_database(self, name: str) -> None:
        """Create *name*."""
        self.execute(None, f"CREATE DATABASE {_quoted(name)} CHARACTER SET utf8mb4")

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

    def _await(self, process: subprocess.Popen[Any], log: Path) -> None:
        for _ in range(round(_START_SECONDS / _GLANCE_SECONDS)):
            with suppress(subprocess.TimeoutExpired):
                process.wait(_GLANCE_SECONDS)
                break
            with suppress(pymysql.err.OperationalError):
                self.connect().close()
                return
        self.stop()
        words = log.read_text(errors="replace")[-2000:].strip()
        raise MariadbNotStartedError(f"The MariaDB server on {self.host} did not start: {words}")


def _program(name: str, path: str) -> str:
    found = shutil.which(name, path=path)
    if found is None:
        raise MariadbMissingError(
            f"No MariaDB server on this machine: {name} is not on the PATH.", remedy=f"Run as root: {INSTALL}"
        )
    return found


def _give(path: Path, account: SystemAccount | None) -> None:
    if account:
        os.chown(path, account.uid, account.gid)


def _as_account(account: SystemAccount | None) -> dict[str, Any]:
    return {"user": account.uid, "group": account.gid, "extra_groups": []} if account else {}


def _initialise(program: str, data: Path, arguments: dict[str, Any]) -> None:
    result = subprocess.run(  # noqa: S603  the system's own program, our arguments
        [
            program,
            "--no-defaults",
            f"--datadir={data}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            "--skip-name-resolve",
        ],
        capture_output=True,
        text=True,
        check=False,
        **arguments,
    )
    if result.returncode:
        raise MariadbNotStartedError(f"mariadb-install-db on {data} failed: {(result.stdout + result.stderr).strip()}")


def _accounts(passwords: dict[str, str], root: str, login: str) -> str:
    """Root's password last: who can connect with it finds all the rest. The binary log would keep them as they are."""
    return (
        "SET sql_log_bin = 0;\n"
        f"CREATE USER '{login}'@'localhost' IDENTIFIED BY '{passwords[login]}';\n"
        f"GRANT SELECT, SHOW VIEW, PROCESS, REPLICATION CLIENT, REPLICATION SLAVE ON *.* TO '{login}'@'localhost';\n"
        f"ALTER USER '{root}'@'localhost' IDENTIFIED BY '{passwords[root]}';\n"
    )


def _launch(command: list[str], log: Path, arguments: dict[str, Any]) -> subprocess.Popen[Any]:
    """The shell above the server. A session of its own: Ctrl-C in the terminal is for us, who stop it in order."""
    with log.open("wb") as out:
        return subprocess.Popen(  # noqa: S603
            ["/bin/sh", "-c", _SUPERVISE, "sh", *command],
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=out,
            start_new_session=True,
            **arguments,
        )


def _end(process: subprocess.Popen[Any]) -> None:
    process.communicate()  # which closes our end of the pipe


def _connected_socket(path: str) -> socket.socket:
    """A Unix socket to *path*. The driver would leave its own open when nobody listens. Raises the driver's error."""
    opened = socket.socket(socket.AF_UNIX)
    opened.settimeout(_CONNECT_SECONDS)
    try:
        opened.connect(path)
    except OSError as error:
        opened.close()
        raise pymysql.err.OperationalError(2002, f"Can't connect to local server through {path!r} ({error})") from error
    return opened


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
