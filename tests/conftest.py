"""What several suites share: local clouds over small databases on the PostgreSQL of the local cloud's own tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from localcloud.servers.postgres import EmbeddedPostgres
from real_terraform import terraform

if TYPE_CHECKING:
    from cases import Case, Cases  # which loads the whole local cloud: what only shares tests out needs none

__all__ = ["terraform"]

pytest_plugins = ["localcloud.tests.pytest_plugin", "left_out"]


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
def case_template(postgres: EmbeddedPostgres) -> str:
    """The database that every case's is a copy of."""
    from cases import make_template

    return make_template(postgres)


# For a module, not the session: moto has one memory for the whole process, so two clouds must not live at once.
@pytest.fixture(scope="module")
def cases(
    request: pytest.FixtureRequest,
    postgres: EmbeddedPostgres,
    case_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Cases]:
    """A local cloud with many small databases, of which each test takes its own; time is still between steps."""
    from cases import CASE_COUNT, Cases

    count = getattr(request.module, "CASE_COUNT", CASE_COUNT)
    with Cases(tmp_path_factory.mktemp("cases"), postgres, case_template, count=count) as opened:
        yield opened


@pytest.fixture
def case(cases: Cases) -> Case:
    """A database that no other test touches, planned under a run of its own, and not yet claimed."""
    return cases.take()
