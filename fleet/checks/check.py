"""A check: what is looked at before a database is onboarded, why, and what to do where it fails.

One check is one file, in `fleet/checks/source/` for what a source says, in `fleet/checks/account/` for AWS and
Snowflake.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

Facts = TypeVar("Facts")
Verdict = Literal["passed", "remark", "failed", "unknown"]
"""`remark`: runs go on, and somebody should know. `failed`: a run would fail, or lose something without a word.
`unknown`: nobody could look, and `found` says why."""


@dataclass(frozen=True)
class Judged:
    """What a check says of one database or account. *found*: in words, with the names and numbers found."""

    verdict: Verdict
    found: str


@dataclass(frozen=True)
class Check(Generic[Facts]):
    """*code*: its name for ever, as `SRC-RECOVERY-MODEL`. *reason*: why it matters. *remedy*: the next step.

    *source*: public URL of the vendor's rule, or a path of `docs/`. *judge*: pure; None where it does not apply.
    """

    code: str
    reason: str
    remedy: str
    source: str
    judge: Callable[[Facts], Judged | None]


@dataclass(frozen=True)
class Checked:
    """The verdict of one check of *of*, a database or the account, with what a person needs to mend it."""

    of: str
    code: str
    verdict: Verdict
    found: str
    reason: str
    remedy: str
    source: str


def apply_checks(checks: Iterable[Check[Facts]], of: str, facts: Facts) -> tuple[Checked, ...]:
    """What each of *checks* says, in their order; those that do not apply say nothing.

    >>> port = Check[int]("SRC-PORT", "A server listens at a port.", "Name one.", "docs/deploy.md",
    ...                   lambda port: Judged("passed", f"port {port}") if port else None)
    >>> [(one.code, one.verdict, one.found) for one in apply_checks([port], "shop", 5432)]
    [('SRC-PORT', 'passed', 'port 5432')]
    >>> apply_checks([port], "shop", 0)
    ()
    """
    judged = ((check, check.judge(facts)) for check in checks)
    return tuple(
        Checked(of, check.code, one.verdict, one.found, check.reason, check.remedy, check.source)
        for check, one in judged
        if one is not None
    )
