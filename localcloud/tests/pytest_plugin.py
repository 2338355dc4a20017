"""What the suites share: no deadlines for Hypothesis, a SIGINT that is heard, files in memory, a PostgreSQL, a MariaDB.

A plugin of its own, so that suites elsewhere have the same two servers: a `conftest.py` names it in `pytest_plugins`.
"""

from __future__ import annotations

import gc
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from localcloud.servers.mariadb import EmbeddedMariadb, MariadbMissingError, find_programs
from localcloud.servers.postgres import EmbeddedPostgres

settings.register_profile("without times", deadline=None)  # no test asserts how long anything takes
settings.load_profile("without times")

# A shell starts background commands with SIGINT ignored, and every program that a test starts would inherit that.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _has_room(folder: Path) -> bool:
    """Whether *folder* takes all that the suites write, programs of Terraform's among it."""
    if not folder.is_dir():
        return False
    about = os.statvfs(folder)
    return about.f_bavail * about.f_frsize > 4_000_000_000 and not about.f_flag & os.ST_NOEXEC


# Databases are hundreds of small files each, and to make one on a disk takes ten times as long.
_MEMORY = Path("/dev/shm")  # noqa: S108  folders of our own are made in it
if "TMPDIR" not in os.environ and _has_room(_MEMORY):
    os.environ["TMPDIR"] = tempfile.tempdir = str(_MEMORY)

# What is imported stays: to look for garbage among it, hundreds of times, finds none and takes seconds.
gc.disable()


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    """From here on the tests' own garbage is collected."""
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A real PostgreSQL, empty, one for each xdist worker. Name databases after your suite and drop what is large."""
    # Not pytest's own folder: that is closed to the account that the server runs under when we are root.
    with tempfile.TemporaryDirectory(prefix="fleet-") as folder, EmbeddedPostgres.start(Path(folder)) as server:
        yield server


@pytest.fixture(scope="session")
def mariadb() -> Iterator[EmbeddedMariadb]:
    """A real MariaDB, empty, one for each xdist worker. Name databases after your suite. Skips where there is none."""
    try:
        find_programs()
    except MariadbMissingError as error:
        pytest.skip(str(error))
    with tempfile.TemporaryDirectory(prefix="fleet-") as folder, EmbeddedMariadb.start(Path(folder)) as server:
        yield server
