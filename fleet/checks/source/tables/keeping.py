"""Whether the tables that are to keep deleted rows can."""

from __future__ import annotations

from fleet.checks.check import Check, Judged
from fleet.checks.source_look import SourceLook, not_looked, say
from fleet.failures import Failure
from fleet.keeping import judge_keeping


def judge(look: SourceLook) -> Judged | None:
    """Nothing is said where `deletes` is `hard` for all that is moved."""
    if isinstance(look.census, Failure):
        return not_looked(look.census)
    kept = [table for table in look.moved if look.database.deletes_of(table.name) != "hard"]
    if not kept:
        return None
    failures = [judge_keeping(look.engine, look.database, table) for table in kept]
    return say(f"{len(kept):,} tables keep deleted rows", [one.text for one in failures if one], "tables")


CHECK = Check(
    "SRC-KEEPING",
    "A deleted row can be kept only where a key says which row it was; such a table is never loaded as if it need not.",
    "Say `deletes: hard` of it in `tables` of databases.yaml, or give it a primary key.",
    "docs/deltas.md",
    judge,
)
