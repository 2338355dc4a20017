"""Debian's PostgreSQL, with the extensions that the wheel has not: contrib and PostGIS."""

from __future__ import annotations

import os
import pwd
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from localcloud.errors import MachineError

_PROGRAMS = Path("/usr/lib/postgresql")
_INSTALL = "apt-get install -y --no-install-recommends postgresql postgresql-contrib postgresql-postgis"
LOGIN, PASSWORD = "reader", "for-this-test-only"


class DebianPostgresqlMissingError(MachineError):
    """This machine has no PostgreSQL of Debian's, or not all of its extensions."""


def find_debian_postgresql() -> Path:
    """The folder with the programs of Debian's newest PostgreSQL.

    Raises:
        DebianPostgresqlMissingError: There is none, or one without contrib or PostGIS.
    """
    versions = sorted(_PROGRAMS.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]), reverse=True)
    for found in versions:
        extensions = Path("/usr/share/postgresql", found.parts[-3], "extension")
        if all((extensions / f"{name}.control").exists() for name in ("citext", "postgis")):
            return found.parent
    raise DebianPostgresqlMissingError(
        "No PostgreSQL of Debian's with contrib and PostGIS on this machine.", remedy=f"Run as root: {_INSTALL}"
    )


@dataclass(frozen=True)
class DebianPostgresql:
    """A running server, which listens on a socket in *folder* alone."""

    folder: Path

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """A connection as the superuser."""
        return psycopg.connect(host=str(self.folder), dbname=database, user="postgres", autocommit=True)

    @property
    def secret(self) -> Mapping[str, Any]:
        """What a secret says of a login that reads everything."""
        return {"host": str(self.folder), "port": 5432, "username": LOGIN, "password": PASSWORD}


@contextmanager
def start() -> Iterator[DebianPostgresql]:
    """A server of its own, which is gone afterwards. It runs as `nobody` where we are root: it refuses root."""
    programs = find_debian_postgresql()
    account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    as_account: dict[str, Any] = (
        {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": ()} if account else {}
    )
    with tempfile.TemporaryDirectory(prefix="fleet-") as made:
        folder = Path(made)
        if account:
            os.chown(folder, account.pw_uid, account.pw_gid)
        run = {"check": True, "capture_output": True, "cwd": folder, **as_account}
        how = ["--auth=trust", "--username=postgres", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8"]
        subprocess.run([programs / "initdb", "-D", folder / "data", *how], **run)  # noqa: S603  our own arguments
        options = f"-k {folder} -c listen_addresses='' -c fsync=off -c autovacuum=off"
        control = [programs / "pg_ctl", "-D", folder / "data", "-w"]
        subprocess.run([*control, "-o", options, "-l", folder / "log", "start"], **run)  # noqa: S603  our own arguments
        try:
            server = DebianPostgresql(folder)
            with server.connect() as connection:
                connection.execute(f"CREATE ROLE {LOGIN} LOGIN PASSWORD '{PASSWORD}' IN ROLE pg_read_all_data")
            yield server
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], **run)  # noqa: S603  our own arguments
