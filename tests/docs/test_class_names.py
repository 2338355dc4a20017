"""A class name is unique within a house, but for the two of each handler's contract.

Tests are not looked at: each suite may have a class of its own.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOUSES = {
    "the product": ("fleet", "report", "changes", "onboarding", "orchestration", "lambdas", "local", "cli"),
    "the local cloud": ("localcloud",),
}
_OF_EACH_HANDLER = {"Request", "Response"}


def shared_names(folders: tuple[str, ...]) -> dict[str, list[str]]:
    """The class names that more than one module of *folders* has, with the modules."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for folder in folders:
        for file in sorted(set((ROOT / folder).rglob("*.py")) - set((ROOT / folder / "tests").rglob("*.py"))):
            for node in ast.parse(file.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.ClassDef) and not re.match("_", node.name):
                    found[node.name].append(str(file.relative_to(ROOT)))
    return {name: files for name, files in found.items() if len(files) > 1 and name not in _OF_EACH_HANDLER}


@pytest.mark.parametrize("house", HOUSES)
def test_no_class_name_is_shared_in_a_house(house: str) -> None:
    assert shared_names(HOUSES[house]) == {}
