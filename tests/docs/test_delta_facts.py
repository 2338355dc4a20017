"""docs/facts/deltas.yaml: every rule of deltas has a test that turns red without it, and says which."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest
from delta_facts_page import PAGE, Rule, page, read_tables

from proofs.delta_rules import RULES
from proofs.mutants import Mutant

ROOT = Path(__file__).parents[2]
MUTANTS = {mutant.name: mutant for mutant in RULES}
ROWS = [rule for table in read_tables() for rule in table.rules]
NAMED = {
    *(f"cause {number}" for number in range(1, 16)),
    *(f"input {number}" for number in (45, 47, 49, 52, 53, 55, 56, 57)),
    *(f"R{number}" for number in range(1, 18)),
    *("C1", "OPS.FRESHNESS"),
}
NOTHING_TO_REMOVE = {"input 55"}
"""Held without a rule of ours: the row says why."""


def test_the_page_says_what_the_file_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: make docs"


def test_every_cause_and_every_rule_has_one_row() -> None:
    assert Counter(rule.id for rule in ROWS) == Counter(NAMED)


@pytest.mark.parametrize("rule", ROWS, ids=lambda rule: rule.id)
def test_a_rule_names_tests_that_exist_and_mutants_that_one_of_them_kills(rule: Rule) -> None:
    for test in rule.tests:
        path, _, name = test.partition("::")
        assert (ROOT / path).is_file(), test
        assert not name or name in _functions(ROOT / path), test
    for name in rule.mutants:
        assert name in MUTANTS
        killers = MUTANTS[name].tests
        assert any(test == killer or test.startswith(f"{killer}::") for test in rule.tests for killer in killers), name


@pytest.mark.parametrize("rule", ROWS, ids=lambda rule: rule.id)
def test_a_rule_that_is_held_has_both_and_any_other_says_why(rule: Rule) -> None:
    if rule.state == "held":
        assert rule.tests
        assert rule.mutants or rule.id in NOTHING_TO_REMOVE
    assert rule.why or (rule.state == "held" and rule.mutants)


def test_every_mutant_is_of_a_rule() -> None:
    assert len(MUTANTS) == len(RULES)
    assert {name for rule in ROWS for name in rule.mutants} == set(MUTANTS)


@pytest.mark.parametrize("mutant", RULES, ids=lambda mutant: mutant.name)
def test_a_mutant_finds_what_it_removes(mutant: Mutant) -> None:
    text = (ROOT / mutant.file).read_text(encoding="utf-8")
    assert mutant.change(text) != text
    for test in mutant.tests:
        path, _, name = test.partition("::")
        assert (ROOT / path).is_file(), test
        assert not name or name in _functions(ROOT / path), test


def _functions(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
