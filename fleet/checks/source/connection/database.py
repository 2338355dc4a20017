"""Whether the server has the database, and the database the schemas that the registry names."""

from __future__ import annotations

from fleet.checks.check import Check, Judged
from fleet.checks.source_look import SourceLook, not_looked, say
from fleet.failures import Failure
from fleet.tables.account import select_tables


def judge(look: SourceLook) -> Judged:
    """A schema that the login does not see is missing, too; and so is all, where nothing is left to move."""
    census = look.census
    if isinstance(census, Failure):
        return Judged("failed", census.text) if census.failure_class == "mapping_empty" else not_looked(census)
    missing = [f"{one.name}: {one.why}" for one in look.account.missing if one.kind == "schema"]
    nothing = select_tables(look.engine, look.database, census, None)
    if isinstance(nothing, Failure):
        missing.append(nothing.text)
    return say(f"{look.database.name_at_source}, with {', '.join(census.schemas)}", missing, "schemas")


CHECK = Check(
    "SRC-DATABASE",
    "A name that is not there moves nothing.",
    "Correct `name_at_source`, `schemas`, `include` or `exclude` in databases.yaml, or grant the login what it lacks.",
    "docs/decisions/0027-nothing-is-left-out-in-silence.md",
    judge,
)
