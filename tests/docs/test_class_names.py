"""A class name means one thing within a house. Tests are not looked at: each suite may have a class of its own."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOUSES = {
    "the product": ("fleet", "report", "onboarding", "orchestration", "lambdas", "local", "cli"),
    "the local cloud": ("localcloud",),
}
_OF_EACH_HANDLER = {"Request", "Response"}
# Taken twice or more when this test was written. A name leaves the list when its second class has another; none comes.
_STILL_SHARED = {
    "the product": {
        "Answer",
        "Bucket",
        "Calls",
        "Database",
        "Entry",
        "Finding",
        "Functions",
        "Network",
        "Night",
        "Place",
        "Places",
        "Plan",
        "Source",
        "Span",
        "Start",
        "Surroundings",
        "Verdict",
    },
    "the local cloud": {"Account", "AnswerBreaksModelError", "Clock", "Engine", "Instances", "Place", "Table", "Tasks"},
}


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
def test_no_further_class_name_is_taken_twice_in_a_house(house: str) -> None:
    assert set(shared_names(HOUSES[house])) <= _STILL_SHARED[house]


@pytest.mark.parametrize("house", HOUSES)
def test_a_name_that_is_not_shared_any_more_has_left_the_list(house: str) -> None:
    assert _STILL_SHARED[house] <= set(shared_names(HOUSES[house]))
