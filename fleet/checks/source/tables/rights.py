"""Whether the login may read each relation."""

from __future__ import annotations

from fleet.checks.check import Check, Judged
from fleet.checks.source_look import SourceLook, not_looked, say
from fleet.failures import Failure


def judge(look: SourceLook) -> Judged:
    """Row security and broken views are checks of their own."""
    if isinstance(look.census, Failure):
        return not_looked(look.census)
    lacking = [f"{one.name}: {one.barred}" for one in look.barred if not one.barred_by]
    return say(f"the login may read all of {len(look.moved):,} relations", lacking, "relations")


CHECK = Check(
    "SRC-RIGHTS",
    "DMS reads a relation with all of its columns or not at all.",
    "Grant it: `fleet prerequisites DATABASE` writes the statements. Or leave it out with `exclude`.",
    "docs/decisions/0027-nothing-is-left-out-in-silence.md",
    judge,
)
