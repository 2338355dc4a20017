"""Whether everything under the schemas is moved, or left out by the registry."""

from __future__ import annotations

from fleet.checks.check import Check, Judged
from fleet.checks.source_look import SourceLook, not_looked, say
from fleet.failures import Failure


def judge(look: SourceLook) -> Judged:
    """What the login may not read, and schemas that are not there, are checks of their own."""
    if isinstance(look.census, Failure):
        return not_looked(look.census)
    barred = {table.name for table in look.barred}
    missing = [
        f"{one.name} ({one.kind}): {one.why}"
        for one in look.account.missing
        if one.kind != "schema" and (one.schema, one.table) not in barred
    ]
    fates = [one.fate for one in look.account.relations if one.kind != "schema"]
    moved, left = fates.count("moved"), fates.count("left out")
    return say(f"{moved:,} moved, {left:,} left out by the registry", missing, "relations")


CHECK = Check(
    "SRC-RELATIONS",
    "What DMS does not move (its kind, a feature, a type, its name) is missing in Snowflake, and the run is partial.",
    "Leave it out with `exclude` in databases.yaml, or give it a form that DMS moves.",
    "docs/decisions/0027-nothing-is-left-out-in-silence.md",
    judge,
)
