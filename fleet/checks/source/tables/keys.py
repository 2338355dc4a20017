"""Which tables have no primary key."""

from __future__ import annotations

from fleet.checks.check import Check, Judged
from fleet.checks.source_look import SourceLook, not_looked
from fleet.failures import Failure
from fleet.spelling import list_some


def judge(look: SourceLook) -> Judged:
    """They are copied in full, and no delta, sweep or history is possible of them."""
    if isinstance(look.census, Failure):
        return not_looked(look.census)
    tables = [table for table in look.moved if not table.is_view]
    keyless = [str(table.name) for table in tables if not table.key]
    if keyless:
        return Judged("remark", f"{len(keyless):,} of {len(tables):,} have none: {list_some(keyless, 'tables')}")
    return Judged("passed", f"each of {len(tables):,} tables has one")


CHECK = Check(
    "SRC-KEYS",
    "Without a primary key no row can be found again: the table takes no deltas and keeps no deleted rows.",
    "Give the table a primary key, or leave it as it is: it is loaded in full.",
    "docs/facts/deltas.md",
    judge,
)
