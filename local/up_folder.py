"""The folder of a local cloud that is up: whose it is, where its endpoint is, and how to end it."""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from fleet.errors import RequestError
from local.admin_paths import TOKEN
from local.own_folder import require_own
from localcloud.http.server import LOOPBACK

_MARK = ".fleet-up"
_LOCK = "up.lock"
_STATE = "up.json"


class AlreadyUpError(RequestError):
    """A local cloud is up on the folder."""


class NotUpError(RequestError):
    """No local cloud is up on the folder."""


@dataclass(frozen=True)
class Up:
    """A local cloud that is up. *token*: known to `fleet reset`; *fleet*: what it was filled with, or nothing;
    *prefix*: how its resources' names begin."""

    endpoint: str
    pid: int
    fleet: str
    databases: int
    token: str
    prefix: str = ""


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """The folder is this process's, however it ends.

    Raises:
        AlreadyUpError: It is another one's, which lives.
        MalformedInputError: It holds something that no `fleet up` made.
    """
    require_own(folder, "fleet up", _MARK)
    with (folder / _LOCK).open("a+", encoding="utf-8") as lock:
        if not _take(lock):
            raise _already_up(folder)
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        state = folder / _STATE
        state.unlink(missing_ok=True)  # of one that was killed
        try:
            yield
        finally:
            state.unlink(missing_ok=True)


def tell(folder: Path, up: Up) -> None:
    """Write down that *up* is there, for `find`."""
    state = folder / _STATE
    state.touch(mode=0o600)
    state.write_text(json.dumps(asdict(up), indent=1), encoding="utf-8")


def ask(up: Up, path: str, body: str = "") -> tuple[int, str]:
    """POST *body* to one of the paths that only who started the local cloud may ask; the status and the answer."""
    connection = http.client.HTTPConnection(LOOPBACK, urlsplit(up.endpoint).port)
    try:
        connection.request("POST", path, body, {TOKEN: up.token})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def find(folder: Path) -> Up:
    """The local cloud that is up on *folder*.

    Raises:
        NotUpError: None is, or it is still coming up.
    """
    with _held_lock(folder):
        try:
            return Up(**json.loads((folder / _STATE).read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise NotUpError(f"The local cloud on {folder} is still coming up.", remedy="Try again.") from None
        except (ValueError, TypeError) as error:
            raise NotUpError(
                f"{folder / _STATE} is not as `fleet up` writes it: {error}.", remedy="`fleet down`, then `fleet up`."
            ) from None


def end(folder: Path) -> int:
    """End the local cloud on *folder* in good order, and wait until it has gone; its process's id.

    Raises:
        NotUpError: None is up.
    """
    with _held_lock(folder) as lock:
        text = lock.read()
        if not text.isdecimal():
            raise NotUpError(f"The local cloud on {folder} is just coming up.", remedy="Try again.")
        pid = int(text)
        os.kill(pid, signal.SIGTERM)  # it holds the lock, so the id is still its own
        fcntl.flock(lock, fcntl.LOCK_EX)  # given when the process is gone
    return pid


@contextmanager
def _held_lock(folder: Path) -> Iterator[IO[str]]:
    refusal = NotUpError(f"No local cloud is up on {folder}.", remedy="Start one with `fleet up`.")
    try:
        lock = (folder / _LOCK).open("r", encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        raise refusal from None
    with lock:
        if _take(lock):
            raise refusal
        yield lock


def _take(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _already_up(folder: Path) -> AlreadyUpError:
    try:
        up = find(folder)
    except NotUpError:
        return AlreadyUpError(f"A local cloud is just coming up or going down on {folder}.", remedy="Try again.")
    return AlreadyUpError(
        f"A local cloud is up on {folder} already: {up.endpoint}, process {up.pid}.",
        remedy="End it with `fleet down`, or name another --folder.",
    )
