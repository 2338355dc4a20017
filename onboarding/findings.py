"""What is wrong with the registry, collected whole, because a person mends a file in one go."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from fleet.errors import MalformedSettingError, RegistryError

Way = tuple[str | int, ...]
"""The way to a value within an entry: ("exclude", 0)."""


class FilePlace(NamedTuple):
    """Where a value is. *label*: what an error calls the entry that it is in."""

    file: str
    line: int
    label: str


@dataclass(frozen=True)
class Finding:
    """One thing to mend. *where*: file, or the name of an environment variable; *line*: 0 where there is none.

    *inherited*: the text without its entry, where the value at fault is not the entry's own.
    """

    where: str
    line: int
    text: str
    kind: type[RegistryError] = MalformedSettingError
    inherited: str = ""

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


def join_inherited(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """*findings*, those of one value that many entries inherit as one.

    >>> wrong = [Finding("families.yaml", 3, f"{name}: `tags` is x.", inherited=": `tags` is x.") for name in "abc"]
    >>> [str(one) for one in join_inherited(wrong)]
    ['families.yaml:3: a: `tags` is x. (So it is for 2 others.)']
    """
    joined: dict[object, list[Finding]] = {}
    for one in findings:
        key = (one.where, one.line, one.inherited) if one.inherited else id(one)
        joined.setdefault(key, []).append(one)
    return tuple(
        first if not others else replace(first, text=f"{first.text} (So it is for {_count_others(len(others))}.)")
        for first, *others in joined.values()
    )


def _count_others(count: int) -> str:
    return "1 other" if count == 1 else f"{count:,} others"
