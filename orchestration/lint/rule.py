"""What a rule of the lint is, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from orchestration.lint.machine import Machine, State

Violations = Iterable[tuple[State | str, str]]
"""Each with the state (or the path of a scope) and the sentence that says what is wrong there."""


@dataclass(frozen=True)
class LintFinding:
    """One violation of the rule *code*. *state*: names from the outermost state inwards, joined by `/`."""

    code: str
    state: str
    message: str

    def __str__(self) -> str:
        return f"{self.state}: {self.message} [{self.code}]"


@dataclass(frozen=True)
class Rule:
    """*title* is what holds if the rule is kept, *why* what happened otherwise, *source* who says so."""

    code: str
    title: str
    why: str
    source: str
    check: Callable[[Machine], Violations]

    def findings(self, machine: Machine) -> list[LintFinding]:
        """Every violation in *machine*."""
        return [
            LintFinding(self.code, place if isinstance(place, str) else place.path, message)
            for place, message in self.check(machine)
        ]


def rule(code: str, *, title: str, why: str, source: str) -> Callable[[Callable[[Machine], Violations]], Rule]:
    """Turn the function below it into the rule that these words describe."""
    return lambda check: Rule(code, title, why, source, check)
