"""moto is imported where nothing of the user's reaches it, whichever module comes first."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[1]
FIRST = "localcloud.moto_import"


def imports_of(file: Path) -> list[str]:
    """The modules that *file* imports at its top, in order."""
    found = []
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            found += [one.name for one in node.names]
        if isinstance(node, ast.ImportFrom):
            found.append(node.module or "")
    return found


def of_moto(names: list[str]) -> list[str]:
    return [name for name in names if name.partition(".")[0] == "moto"]


@pytest.mark.parametrize(
    "file",
    [
        pytest.param(file, id=str(file.relative_to(HOUSE)))
        for file in sorted(HOUSE.rglob("*.py"))
        if HOUSE / "tests" not in file.parents and file.stem != "moto_import" and of_moto(imports_of(file))
    ],
)
def test_a_module_that_needs_moto_imports_it_by_way_of_ours(file: Path) -> None:
    names = imports_of(file)
    assert FIRST in names[: names.index(of_moto(names)[0])]


def test_the_process_of_snowflakes_stand_in_does_without_moto() -> None:
    loaded = "import sys, localcloud.snowflake.process; print('moto' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout == "False\n"


def test_a_cloud_begins_in_a_process_whose_variables_name_a_profile_that_is_nowhere() -> None:
    makes_topic = (
        "from localcloud.aws import LocalAws\n"
        "with LocalAws() as aws: print(aws.client('sns').create_topic(Name='reached')['TopicArn'])"
    )
    environment = {"PATH": os.environ["PATH"], "AWS_PROFILE": "nowhere"}
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", makes_topic], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.strip().endswith(":reached")
