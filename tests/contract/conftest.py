"""Boundaries that several suites speak to."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.sources.postgres import EmbeddedPostgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A real PostgreSQL, empty, one for each xdist worker. Name databases after your suite and drop what is large."""
    # Not pytest's own folder: that is closed to the account that the server runs under when we are root.
    with tempfile.TemporaryDirectory(prefix="fleet-") as folder, EmbeddedPostgres.start(Path(folder)) as server:
        yield server
