"""Our own lint of the state machines, for what no public linter checks (docs/facts/stepfunctions.md 5)."""

from orchestration.lint.machine import Contract
from orchestration.lint.rule import LintFinding, Rule
from orchestration.lint.rules import RULES, lint

__all__ = ["RULES", "Contract", "LintFinding", "Rule", "lint"]
