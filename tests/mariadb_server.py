"""A MariaDB for the tests that need one."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from left_out import how_to_leave_out
from local.sources.mariadb import EmbeddedMariadb, MariadbMissingError


@pytest.fixture(scope="session")
def mariadb() -> Iterator[EmbeddedMariadb]:
    """A real MariaDB, empty, one for each xdist worker. Name databases after your suite."""
    # Not pytest's own folder: that is closed to the account that the server runs under when we are root.
    with tempfile.TemporaryDirectory(prefix="fleet-") as folder:
        try:
            server = EmbeddedMariadb.start(Path(folder))
        except MariadbMissingError as error:
            pytest.fail(f"{error} {how_to_leave_out('mariadb')}", pytrace=False)
        with server:
            yield server
