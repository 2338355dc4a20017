"""What is wrong with the registry, collected whole, because a person mends a file in one go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fleet.errors import MalformedSettingError, RegistryError


@dataclass(frozen=True)
class Finding:
    """One thing to mend. *where*: file and line, or the name of an environment variable."""

    where: str
    line: int
    text: str
    kind: type[RegistryError] = MalformedSettingError

    def __str__(self) -> str:
        return f"{self.where}:{self.line}: {self.text}" if self.line else f"{self.where}: {self.text}"


def raise_findings(findings: Sequence[Finding]) -> None:
    """Nothing, if there are none; else one error that lists them all, file by file and line by line.

    Raises:
        RegistryError: Or its subclass, if every finding is of that one kind.
    """
    if not findings:
        return
    kinds = {finding.kind for finding in findings}
    kind = kinds.pop() if len(kinds) == 1 else RegistryError
    count = "1 thing" if len(findings) == 1 else f"{len(findings)} things"
    raise kind("\n".join([f"the registry has {count} to mend:", *(f"  {finding}" for finding in in_order(findings))]))


def in_order(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The files stay in the order in which they were read; within one, a person goes from top to bottom."""
    order = {where: place for place, where in enumerate(dict.fromkeys(finding.where for finding in findings))}
    return tuple(sorted(findings, key=lambda finding: (order[finding.where], finding.line)))
