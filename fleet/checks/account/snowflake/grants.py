"""Which privileges a role lacks. What it has by another role is not looked up."""

from __future__ import annotations

from collections.abc import Sequence

from fleet.checks.account_facts import GrantFacts, Seen, Unseen, not_seen
from fleet.checks.check import Judged


def judge_grants(role: str, has: Seen[tuple[GrantFacts, ...]], needed: Sequence[GrantFacts]) -> Judged:
    """Whether *role* has each of *needed*, or owns what it is on."""
    if isinstance(has, Unseen):
        return not_seen(has)
    lacking = [one for one in needed if not {one, GrantFacts("OWNERSHIP", one.on, one.name)} & set(has)]
    if not lacking:
        return Judged("passed", f"{role} has all {len(needed)} privileges")
    named = ", ".join(f"{one.privilege} on {one.on} {one.name}" for one in lacking)
    if by := sorted(one.name for one in has if one.on == "ROLE"):
        return Judged("unknown", f"{role} lacks {named}, or has it by {', '.join(by)}")
    return Judged("failed", f"{role} lacks {named}")
