"""Whether two names would be one in Snowflake."""

from __future__ import annotations

from fleet.checks.check import Check, Judged
from fleet.checks.source_look import SourceLook, not_looked, say
from fleet.failures import Failure
from fleet.warehouse import find_clashes, rename_columns


def judge(look: SourceLook) -> Judged:
    """By the names that columns have after `renames`."""
    if isinstance(look.census, Failure):
        return not_looked(look.census)
    landed = [rename_columns(table, look.database.renames) for table in look.moved]
    clashes = find_clashes(landed, look.database.deletes_of)
    return say("all names differ", list(dict.fromkeys(one.text for one in clashes.values())), "clashes")


CHECK = Check(
    "SRC-NAME-CLASH",
    "Names in lower and in upper case are one name in Snowflake, and a column of ours must not be overwritten.",
    "Exclude all but one of the tables, or give the column another name with `renames`.",
    "https://docs.snowflake.com/en/sql-reference/identifiers-syntax",
    judge,
)
