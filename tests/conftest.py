"""What several suites share: a PostgreSQL, and local clouds over small databases on it."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

from cases import Case, Cases, make_template
from left_out import pytest_collection_modifyitems, pytest_configure, pytest_terminal_summary
from localcloud.servers.postgres import EmbeddedPostgres
from mariadb_server import mariadb
from real_terraform import terraform

__all__ = ["mariadb", "pytest_collection_modifyitems", "pytest_configure", "pytest_terminal_summary", "terraform"]

settings.register_profile("without times", deadline=None)  # no test asserts how long anything takes
settings.load_profile("without times")

# A shell starts background commands with SIGINT ignored, and every program that a test starts would inherit that.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


class ByModule(LoadScopeScheduling):
    """A module's tests go to one worker: what its fixtures make, often a run of a whole fleet, is made once. The suite
    of the stacks goes to one as a whole, for the bindings of AWS take seconds and memory."""

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        return "tests/synthesis" if module.startswith("tests/synthesis/") else module


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByModule:
    """How `make test` shares the tests out."""
    return ByModule(config, log)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--golden", action="store_true", help="write the golden files anew instead of comparing with them")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compares a text with the file of that name in tests/golden; `pytest --golden` writes the file anew instead."""

    def compare(name: str, text: str) -> None:
        file = Path(__file__).parent / "golden" / name
        if request.config.getoption("--golden"):
            file.write_text(text, encoding="utf-8")
        assert file.read_text(encoding="utf-8") == text, "if the change is meant: pytest --golden, and review the diff"

    return compare


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A real PostgreSQL, empty, one for each xdist worker. Name databases after your suite and drop what is large."""
    # Not pytest's own folder: that is closed to the account that the server runs under when we are root.
    with tempfile.TemporaryDirectory(prefix="fleet-") as folder, EmbeddedPostgres.start(Path(folder)) as server:
        yield server


@pytest.fixture(scope="session")
def case_template(postgres: EmbeddedPostgres) -> str:
    """The database that every case's is a copy of."""
    return make_template(postgres)


# For a module, not the session: moto has one memory for the whole process, so two clouds must not live at once.
@pytest.fixture(scope="module")
def cases(postgres: EmbeddedPostgres, case_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cases]:
    """A local cloud with many small databases, of which each test takes its own; time is still between steps."""
    with Cases(tmp_path_factory.mktemp("cases"), postgres, case_template) as opened:
        yield opened


@pytest.fixture
def case(cases: Cases) -> Case:
    """A database that no other test touches, planned under a run of its own, and not yet claimed."""
    return cases.take()
