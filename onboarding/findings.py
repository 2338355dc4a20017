"""What is wrong with the registry, collected whole, because a person mends a file in one go."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
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
    # The files stay in the order in which they were read; within one, a person goes from top to bottom.
    order = {where: place for place, where in enumerate(dict.fromkeys(finding.where for finding in findings))}
    ordered = sorted(findings, key=lambda finding: (order[finding.where], finding.line))
    count = "1 thing" if len(findings) == 1 else f"{len(findings)} things"
    raise kind("\n".join([f"the registry has {count} to mend:", *(f"  {finding}" for finding in ordered)]))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A question that names the closest known word, or the known words if none is close.

    >>> did_you_mean("shemas", ["schemas", "server"])
    'Did you mean `schemas`?'
    >>> did_you_mean("colour", ["schemas", "server"])
    'Known: `schemas`, `server`.'
    """
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1)
    if close:
        return f"Did you mean `{close[0]}`?"
    shown = ", ".join(f"`{name}`" for name in names[:20])
    return f"Known: {shown}{', ...' if len(names) > 20 else ''}."
