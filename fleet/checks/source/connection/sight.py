"""What the login may be kept from seeing, so that another check cannot say all."""

from __future__ import annotations

from fleet.checks.check import Check, Judged
from fleet.checks.source_look import SourceLook, not_looked
from fleet.failures import Failure


def judge(look: SourceLook) -> Judged:
    """All gaps of census, facts and log, in words."""
    if isinstance(look.census, Failure):
        return not_looked(look.census)
    gaps = list(look.census.gaps)
    gaps += [look.facts.text] if isinstance(look.facts, Failure) else look.facts.unseen
    if look.log is not None:
        gaps += [f"the source's log: {look.log.text}"] if isinstance(look.log, Failure) else look.log.unseen
    return Judged("unknown", "; ".join(gaps)) if gaps else Judged("passed", "the login sees all that was asked for")


CHECK = Check(
    "SRC-SIGHT",
    "What a login does not see is neither copied nor missed.",
    "Grant what is named, or accept that nobody looks: `fleet prerequisites DATABASE` writes the statements.",
    "docs/decisions/0027-nothing-is-left-out-in-silence.md",
    judge,
)
