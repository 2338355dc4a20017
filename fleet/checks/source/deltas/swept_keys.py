"""Which tables take deltas and cannot have their keys compared."""

from __future__ import annotations

from fleet.checks.check import Check, Judged
from fleet.checks.source_look import SourceLook, not_looked, note
from fleet.deltas.tables import describe_arrivals
from fleet.failures import Failure


def judge(look: SourceLook) -> Judged | None:
    """For a database that does deltas."""
    if not look.database.deltas:
        return None
    if isinstance(look.census, Failure):
        return not_looked(look.census)
    arrivals = describe_arrivals(look.engine, look.database, look.moved, look.census)
    return note("all keys can be compared", [f"{one.table}: {one.why}" for one in arrivals.not_swept], "tables")


CHECK = Check(
    "SRC-SWEPT-KEYS",
    "A key sweep finds what no log has, and leaves such a table out.",
    "Load the table in full now and then: `fleet rerun` or a run of mode `full`.",
    "docs/deltas.md",
    judge,
)
