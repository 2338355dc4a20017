"""Which tables take no deltas, and why."""

from __future__ import annotations

from fleet.checks.check import Check, Judged
from fleet.checks.source_look import SourceLook, not_looked, note
from fleet.deltas.tables import part_tables
from fleet.failures import Failure


def judge(look: SourceLook) -> Judged | None:
    """For a database that does deltas."""
    if not look.database.deltas:
        return None
    if isinstance(look.census, Failure):
        return not_looked(look.census)
    by_delta, others = part_tables(look.engine, look.database, look.moved)
    in_full = [f"{name}: {why}" for name, why in others.items()]
    return note(f"all {len(by_delta):,} tables take deltas", in_full, "relations")


CHECK = Check(
    "SRC-DELTA-TABLES",
    "A table whose changes are not all in the log is loaded in full in delta runs, which takes its time.",
    "Give it what it lacks, or say `without_deltas: full_runs` of it in databases.yaml.",
    "docs/deltas.md",
    judge,
)
