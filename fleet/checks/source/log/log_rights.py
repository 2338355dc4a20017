"""Whether the login may read the log."""

from __future__ import annotations

from fleet.checks.check import Check, Judged
from fleet.checks.source_look import SourceLook, not_looked
from fleet.failures import Failure


def judge(look: SourceLook) -> Judged | None:
    """For a database that does deltas."""
    if not look.database.deltas:
        return None
    if isinstance(look.facts, Failure):
        return not_looked(look.facts)
    missing = look.facts.log_rights_missing
    if missing is None:
        return Judged("unknown", "the login may not see its own rights")
    return Judged("failed", f"the login lacks {', '.join(missing)}") if missing else Judged("passed", "it may")


CHECK = Check(
    "SRC-LOG-RIGHTS",
    "DMS reads changes with the login of the server's secret: without these rights the task of a delta fails.",
    "Grant them: `fleet prerequisites DATABASE --deltas` writes the statements.",
    "docs/facts/dms.md",
    judge,
)
