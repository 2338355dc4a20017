"""Leaves out tests that need more than Python, pip and make, where the machine lacks it; the last lines say so in red.

This module is a plugin of pytest, which `conftest.py` names. A test needs something by asking for its fixture.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from debian_postgresql import find_debian_postgresql
from fleet.errors import FleetError
from local.terraform import find
from localcloud.errors import LocalCloudError
from localcloud.servers.mariadb import find_programs
from orchestration.terraform import require_version

REQUIRE = "FLEET_TESTS_REQUIRE"
"""The environment variable with what must not be left out, by fixture, with commas between: CI names what it has."""
_TOOLCHAINS = Path(__file__).parents[1] / "build" / "toolchains"
_MISSING = pytest.StashKey[Mapping[str, str]]()


class ToolchainMissingError(FleetError):
    """A tool that `make toolchains` installs is not there."""


@dataclass(frozen=True)
class Need:
    """What the tests with *fixture* need. *find* raises an error that says what is missing, and how to have it."""

    fixture: str
    find: Callable[[], object]
    untested: str


def toolchain(program: str) -> Path:
    """The *program* (a path below build/toolchains).

    Raises:
        ToolchainMissingError: It is not installed.
    """
    path = _TOOLCHAINS / program
    if not path.exists():
        raise ToolchainMissingError(f"No {path.relative_to(_TOOLCHAINS.parents[1])}.", remedy="Run: make toolchains")
    return path


def _find_terraform() -> None:
    require_version(find().program, {**os.environ, "CHECKPOINT_DISABLE": "1"})


NEEDS = (
    Need("mariadb", find_programs, "what reads a MySQL or MariaDB source"),
    Need("debian_postgresql", find_debian_postgresql, "what PostgreSQL's extensions bring, PostGIS among them"),
    Need("terraform", _find_terraform, "what Terraform does with AWS's own provider"),
    Need("cdktn", lambda: toolchain("cdktn/bin/python"), "the stacks under CDKTF's continuation"),
    Need("checkov", lambda: toolchain("checkov/bin/checkov"), "the stacks as checkov reads them"),
)


def find_missing(needs: Sequence[Need] = NEEDS) -> dict[str, str]:
    """Why this machine has not what each of *needs* is, and how to have it, by fixture; without what it has."""
    missing = {}
    for need in needs:
        try:
            need.find()
        except (FleetError, LocalCloudError) as error:
            missing[need.fixture] = str(error)
    return missing


def pytest_configure(config: pytest.Config) -> None:
    """Look what the machine lacks.

    Raises:
        pytest.UsageError: FLEET_TESTS_REQUIRE names something that is missing, or that no test needs.
    """
    missing = find_missing()
    known = [need.fixture for need in NEEDS]
    for name in filter(None, os.environ.get(REQUIRE, "").replace(" ", "").split(",")):
        if name not in known:
            raise pytest.UsageError(f"{REQUIRE} names {name!r}, wanted some of {', '.join(known)}.")
        if name in missing:
            raise pytest.UsageError(f"{REQUIRE} says that {name} must be there. {missing[name]}")
    config.stash[_MISSING] = missing


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what needs something that is missing. Skipped, not deselected: pytest counts it, in its workers too."""
    for item in items:
        for fixture, why in config.stash[_MISSING].items():
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.skip(reason=why))
                break


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in red what was left out, how many tests that is, why, and how to have it."""
    skipped: list[Any] = terminalreporter.stats.get("skipped", [])
    reasons = [report.longrepr[2].removeprefix("Skipped: ") for report in skipped]
    missing = terminalreporter.config.stash[_MISSING]
    left_out = [(need, count) for need in NEEDS if (count := reasons.count(missing.get(need.fixture, "")))]
    if not left_out:
        return
    terminalreporter.section("tests were left out, because this machine lacks what they need", red=True, bold=True)
    for need, count in left_out:
        said = f"{count} {'test needs' if count == 1 else 'tests need'} {need.fixture}. {missing[need.fixture]}"
        terminalreporter.line(said, red=True)
        terminalreporter.line(f"  Not tested: {need.untested}.", red=True)
