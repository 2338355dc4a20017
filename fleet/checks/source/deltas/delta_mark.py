"""Whether the source has the mark that a delta reads up to."""

from __future__ import annotations

from fleet.checks.check import Check, Judged
from fleet.checks.source_look import SourceLook, not_looked
from fleet.deltas.tables import why_no_mark
from fleet.failures import Failure


def judge(look: SourceLook) -> Judged | None:
    """For a database that does deltas."""
    if not look.database.deltas:
        return None
    if isinstance(look.census, Failure):
        return not_looked(look.census)
    why = why_no_mark(look.engine, look.database, look.census)
    return Judged("remark", why) if why else Judged("passed", "the mark is there")


CHECK = Check(
    "SRC-DELTA-MARK",
    "Without the mark, no delta can say up to where it reads.",
    "It is one table with one row: `fleet prerequisites DATABASE --deltas`.",
    "docs/deltas.md",
    judge,
)
