"""A MariaDB for the tests that need one."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.servers.mariadb import EmbeddedMariadb


@pytest.fixture(scope="session")
def mariadb() -> Iterator[EmbeddedMariadb]:
    """A real MariaDB, empty, one for each xdist worker. Name databases after your suite."""
    # Not pytest's own folder: that is closed to the account that the server runs under when we are root.
    with tempfile.TemporaryDirectory(prefix="fleet-") as folder, EmbeddedMariadb.start(Path(folder)) as server:
        yield server
