"""Which keys compare without regard to case, as Snowflake does not."""

from __future__ import annotations

from fleet.checks.check import Check, Judged
from fleet.checks.source_look import SourceLook, not_looked
from fleet.failures import Failure
from fleet.spelling import list_some

_FOLDED_TYPES = frozenset({"citext"})


def judge(look: SourceLook) -> Judged:
    """Of the primary keys of tables that are moved."""
    if isinstance(look.census, Failure):
        return not_looked(look.census)
    if isinstance(look.facts, Failure):
        return not_looked(look.facts)
    moved = {table.name for table in look.moved}
    folded = [
        f"{one.schema}.{one.table}.{one.column} ({one.collation})"
        for one in look.facts.folded
        if (one.schema, one.table) in moved
    ]
    folded += [
        f"{table.name}.{column.name} ({column.type_name})"
        for table in look.moved
        for column in table.columns
        if column.name in table.key and column.type_name in _FOLDED_TYPES
    ]
    if not folded:
        return Judged("passed", "keys compare as they do in Snowflake")
    return Judged("remark", f"`a` and `A` are one key at the source: {list_some(folded, 'columns')}")


CHECK = Check(
    "SRC-COLLATION",
    "Snowflake compares texts by their case. Joins on such a key find less there than at the source.",
    "Join with UPPER(...) in Snowflake, or give the reading views a collation.",
    "https://docs.snowflake.com/en/sql-reference/collation",
    judge,
)
