"""What the registry says of tables that the source does not have."""

from __future__ import annotations

from fleet.checks.check import Check, Judged
from fleet.checks.source_look import SourceLook, not_looked, note
from fleet.failures import Failure


def judge(look: SourceLook) -> Judged:
    """Misspelt names cost a night in silence."""
    if isinstance(look.census, Failure):
        return not_looked(look.census)
    return note("each entry fits the source", list(look.account.remarks), "entries")


CHECK = Check(
    "SRC-REGISTRY-ENTRIES",
    "An entry that fits no table of the source does nothing: what was to be left out is moved, and the other way.",
    "Correct the entry in databases.yaml, or take it away.",
    "docs/decisions/0027-nothing-is-left-out-in-silence.md",
    judge,
)
