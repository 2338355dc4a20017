"""What the product does in one place alone: names are built in `fleet/names.py`, raw answers read by clients."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PRODUCT = ("fleet", "report", "changes", "onboarding", "orchestration", "lambdas", "local", "cli")
_NAME = re.compile(r'f"(\{[\w.]*prefix\}-|runs/\{|databases/\{|registry/\{)')
# It makes things of its own beside the fleet, under a prefix of its own.
_OF_ITS_OWN = ROOT / "local/coverage/asking.py"


def modules() -> Iterator[Path]:
    for folder in PRODUCT:
        yield from sorted((ROOT / folder).rglob("*.py"))


def annotations_of(file: Path) -> Iterator[str]:
    """The types in the signatures of *file*'s functions."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            arguments = node.args
            taken = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg)
            found = [one.annotation for one in taken if one is not None]
            yield from (ast.unparse(one) for one in (*found, node.returns) if one is not None)


def test_the_search_finds_the_types_of_a_signature(tmp_path: Path) -> None:
    file = tmp_path / "one.py"
    file.write_text("def f(a: int, *b: str, c: dict[str, Any] = {}) -> list[dict[str, Any]]: ...\n", encoding="utf-8")
    assert list(annotations_of(file)) == ["int", "dict[str, Any]", "str", "list[dict[str, Any]]"]


def test_no_signature_passes_an_untyped_dictionary_on_but_the_clients() -> None:
    found = {
        str(file.relative_to(ROOT))
        for file in modules()
        if not file.is_relative_to(ROOT / "lambdas/clients")
        and any("dict[str, Any]" in one for one in annotations_of(file))
    }
    assert found == set()


def test_names_are_built_in_one_place() -> None:
    allowed = {ROOT / "fleet/names.py", _OF_ITS_OWN}
    found = {
        str(file.relative_to(ROOT)): _NAME.findall(file.read_text("utf-8")) for file in modules() if file not in allowed
    }
    assert {file: names for file, names in found.items() if names} == {}
