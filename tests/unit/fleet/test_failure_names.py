"""The list of the failures' names against the code: every name that code gives is in it, and no other."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleet.failure_names import NAMES
from fleet.failures import CLASSES

ROOT = Path(__file__).parents[3]
HOUSES = ("fleet", "lambdas", "report", "onboarding", "orchestration", "cli", "local")
GIVERS = {"Failure": 1, "Wait": 0, "Death": 0}
"""What carries a failure's name, and the place of the argument that is it."""


def parsed() -> Iterator[tuple[str, ast.Module]]:
    for house in HOUSES:
        for path in sorted((ROOT / house).rglob("*.py")):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8"))


def constants(modules: list[tuple[str, ast.Module]]) -> dict[str, str]:
    """Every name in capitals that some module gives a text to."""
    return {
        target.id: node.value.value
        for _, module in modules
        for node in module.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for target in node.targets
        if isinstance(target, ast.Name) and target.id.lstrip("_").isupper()
    }


def texts_in(node: ast.expr, inside: ast.AST, known: dict[str, str]) -> Iterator[str]:
    """The texts that *node* may be: one of its own, a constant's, or what a variable of the function is given."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp():
            yield from texts_in(node.body, inside, known)
            yield from texts_in(node.orelse, inside, known)
        case ast.Name(id=name) if name in known:
            yield known[name]
        case ast.Name(id=name):
            for one in ast.walk(inside):
                if isinstance(one, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in one.targets):
                    yield from texts_in(one.value, inside, known)


Given = dict[str, set[tuple[str, str | None]]]


@pytest.fixture(scope="module")
def given() -> Given:
    """Each failure's name in the code, with where it is and the class that it has there, if that is a text."""
    modules = list(parsed())
    known = constants(modules)
    found: Given = {}
    for path, module in modules:
        functions = [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef)]
        for inside in (*functions, module):
            for node in ast.walk(inside):
                if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id not in GIVERS:
                    continue
                place = GIVERS[node.func.id]
                if len(node.args) <= place:
                    continue
                first = node.args[0] if node.func.id == "Failure" else None
                kind = first.value if isinstance(first, ast.Constant) else None
                for text in texts_in(node.args[place], inside, known):
                    found.setdefault(text, set()).add((path, str(kind) if kind else None))
    return found


def test_every_name_that_code_gives_a_failure_is_in_the_list(given: Given) -> None:
    missing = {name: sorted(where)[0][0] for name, where in given.items() if name not in NAMES}
    assert not missing, "add it to fleet/failure_names.py: what it means, who owns it, what to do"


def test_no_name_is_in_the_list_that_no_code_gives(given: Given) -> None:
    assert not NAMES.keys() - given.keys(), "no code gives such a failure any more"


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_name_has_every_class_that_code_gives_it(given: Given, name: str) -> None:
    classes = {failure_class for _, failure_class in given.get(name, ()) if failure_class}
    assert classes <= set(NAMES[name].classes)
    assert set(NAMES[name].classes) <= CLASSES.keys()


@pytest.mark.parametrize("name", sorted(NAMES))
def test_what_is_said_of_a_name_are_sentences(name: str) -> None:
    for text in (NAMES[name].means, NAMES[name].remedy):
        assert text[0].isupper() or text[0] == "`"
        assert text.endswith(".")
        assert not text.endswith("..")
    assert name not in NAMES[name].means


def test_the_search_finds_names_in_every_way_that_code_gives_them(given: Given) -> None:
    assert {"TableNotLoaded", "FunctionExited", "TaskDoesNotStop", "SourceNotAnswering"} <= given.keys()
    assert {"ExecutionTooLong", "ExecutionBrokenOff"} <= given.keys(), "a variable that is given one of two"
