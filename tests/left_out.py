"""Tests that may be left out, because what they need comes from no package registry: on request only, and loudly."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

# The variable that asks for it and what is untested then, by the fixture that needs the thing.
MAY_BE_LEFT_OUT = {
    "mariadb": ("FLEET_TESTS_WITHOUT_MARIADB", "nothing that reads a MySQL or MariaDB source was tested."),
    "terraform": ("FLEET_TESTS_WITHOUT_TERRAFORM", "nothing was applied by Terraform with AWS's provider."),
}

# What is installed apart, by the fixture that needs it, and what is untested where it is not.
_TOOLCHAINS = Path(__file__).parents[1] / "build" / "toolchains"
INSTALLED_APART = {
    "cdktn": (_TOOLCHAINS / "cdktn/bin/python", "the stacks were not synthesised under CDKTF's continuation."),
    "checkov": (_TOOLCHAINS / "checkov/bin/checkov", "checkov did not read the stacks."),
}


def how_to_leave_out(fixture: str) -> str:
    """What a person may type who cannot have what *fixture* needs."""
    return f"Or leave out the tests that need it: {MAY_BE_LEFT_OUT[fixture][0]}=1 make test"


def leave_out(config: pytest.Config, items: list[pytest.Item], environment: Mapping[str, str] = os.environ) -> None:
    """Deselect what needs something that the environment says to do without."""
    without = {fixture for fixture, (variable, _) in MAY_BE_LEFT_OUT.items() if environment.get(variable)}
    without |= {fixture for fixture, (program, _) in INSTALLED_APART.items() if not program.exists()}
    if left := [item for item in items if without & set(getattr(item, "fixturenames", ()))]:
        items[:] = [item for item in items if item not in left]
        config.hook.pytest_deselected(items=left)


def tell(reporter: pytest.TerminalReporter, environment: Mapping[str, str] = os.environ) -> None:
    """Say at the end that tests were left out."""
    for variable, untested in MAY_BE_LEFT_OUT.values():
        if environment.get(variable):
            reporter.section("tests were left out", red=True, bold=True)
            reporter.line(f"{variable} is set: {untested}", red=True)
    # Under xdist only the workers know what they deselected.
    left = {name for item in reporter.stats.get("deselected", ()) for name in getattr(item, "fixturenames", ())}
    for fixture, (program, untested) in INSTALLED_APART.items():
        if not program.exists() and (fixture in left or reporter.config.getoption("numprocesses", None)):
            reporter.section("tests were left out", red=True, bold=True)
            reporter.line(f"{program} is not there (`make toolchains` installs it): {untested}", red=True)
