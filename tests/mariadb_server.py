"""A MariaDB for the tests that need one, and the one way to do without it, which is loud."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from local.sources.mariadb import EmbeddedMariadb, MariadbMissingError

WITHOUT = "FLEET_TESTS_WITHOUT_MARIADB"


@pytest.fixture(scope="session")
def mariadb() -> Iterator[EmbeddedMariadb]:
    """A real MariaDB, empty, one for each xdist worker. Name databases after your suite."""
    # Not pytest's own folder: that is closed to the account that the server runs under when we are root.
    with tempfile.TemporaryDirectory(prefix="fleet-") as folder:
        try:
            server = EmbeddedMariadb.start(Path(folder))
        except MariadbMissingError as error:
            pytest.fail(f"{error} Or leave out the tests that need it: {WITHOUT}=1 make test", pytrace=False)
        with server:
            yield server


def leave_out(config: pytest.Config, items: list[pytest.Item], environment: Mapping[str, str] = os.environ) -> None:
    """Deselect what needs a MariaDB, if the environment asks for that."""
    if environment.get(WITHOUT):
        left = [item for item in items if "mariadb" in getattr(item, "fixturenames", ())]
        items[:] = [item for item in items if item not in left]
        config.hook.pytest_deselected(items=left)


def tell(reporter: pytest.TerminalReporter, environment: Mapping[str, str] = os.environ) -> None:
    """Say at the end that tests were left out."""
    if environment.get(WITHOUT):
        reporter.section("tests were left out", red=True, bold=True)
        reporter.line(f"{WITHOUT} is set: nothing that reads a MySQL or MariaDB source was tested.", red=True)
