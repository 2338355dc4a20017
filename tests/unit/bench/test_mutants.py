"""Mutants on a tree of two files, and the proof's own against this tree."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from proofs.mutants import MUTANTS, Mutant, MutantNotFoundError, mutated, try_mutant, try_mutants

ROOT = Path(__file__).parents[3]
SOURCE = "def is_enough(rows, wanted):\n    return rows == wanted\n"
TESTS = """
import pytest
from guard import is_enough

@pytest.mark.parametrize("rows", [1, 2], ids=["as many", "too many"])
def test_more_is_not_enough(rows):
    assert is_enough(rows, 1) == (rows == 1)

def test_as_many_is_enough():
    assert is_enough(1, 1)
"""
AT_LEAST = Mutant("takes more", "guard.py", "rows == wanted", "rows >= wanted", ("test_guard.py",))
ALWAYS = Mutant("takes all", "guard.py", "rows == wanted", "bool(rows)", ("test_guard.py::test_as_many_is_enough",))
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
PYTEST = (sys.executable, "-m", "pytest", "-c", os.devnull, "--rootdir", ".")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "guard.py").write_text(SOURCE, encoding="utf-8")
    (tmp_path / "test_guard.py").write_text(TESTS, encoding="utf-8")
    return tmp_path


def test_a_mutant_that_a_test_notices_is_killed_by_that_test_and_is_gone_afterwards(tree: Path) -> None:
    figure = try_mutant(tree, AT_LEAST, PYTEST, ENVIRONMENT)
    killer = "test_guard.py::test_more_is_not_enough[too many]"
    assert figure == ("mutant: takes more", f"killed by {killer}", True)
    assert (tree / "guard.py").read_text(encoding="utf-8") == SOURCE


def test_a_mutant_that_no_test_notices_has_survived(tree: Path) -> None:
    figure = try_mutant(tree, ALWAYS, PYTEST, ENVIRONMENT)
    assert figure == ("mutant: takes all", "SURVIVED all of test_guard.py::test_as_many_is_enough", False)


@pytest.mark.parametrize(
    ("file", "old", "found"), [("guard.py", "rows != wanted", 0), ("guard.py", "rows", 2), ("gone.py", "rows", 0)]
)
def test_a_mutant_whose_text_is_not_there_once_falls_short(tree: Path, file: str, old: str, found: int) -> None:
    figure = try_mutant(tree, Mutant("m", file, old, "x", ("test_guard.py",)), PYTEST, ENVIRONMENT)
    assert figure[1:] == (
        f"the mutant's text is {found} times in {file}, wanted once. Adapt its entry in proofs/mutants.py.",
        False,
    )


@pytest.mark.parametrize(("new", "test"), [("rows ==", "test_guard.py"), ("rows >= wanted", "test_gone.py")])
def test_a_mutant_that_cannot_run_or_has_no_tests_is_not_killed(tree: Path, new: str, test: str) -> None:
    what, value, is_good = try_mutant(
        tree, Mutant("m", "guard.py", "rows == wanted", new, (test,)), PYTEST, ENVIRONMENT
    )
    assert (what, value.partition(":")[0], is_good) == ("mutant: m", "not decided", False)


def test_one_survivor_is_enough_to_fall_short(tree: Path) -> None:
    *_, last = try_mutants(tree, [AT_LEAST, ALWAYS], PYTEST, ENVIRONMENT)
    assert last == ("mutants killed", "1 of 2", False)


def test_the_tree_is_as_it_was_even_if_the_tests_of_a_mutant_break_off(tree: Path) -> None:
    def break_off() -> None:
        with mutated(tree, AT_LEAST):
            assert (tree / "guard.py").read_text(encoding="utf-8") != SOURCE
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_off()
    assert (tree / "guard.py").read_text(encoding="utf-8") == SOURCE


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_each_mutant_of_the_proof_fits_the_code(mutant: Mutant) -> None:
    try:
        changed = mutant.change((ROOT / mutant.file).read_text(encoding="utf-8"))
    except MutantNotFoundError as error:
        pytest.fail(str(error), pytrace=False)
    compile(changed, mutant.file, "exec")
