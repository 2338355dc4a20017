"""Whether row security hides rows from the login."""

from __future__ import annotations

from fleet.checks.check import Check, Judged
from fleet.checks.source_look import SourceLook, not_looked, say
from fleet.failures import Failure


def judge(look: SourceLook) -> Judged | None:
    """MySQL and MariaDB have none."""
    if look.engine in {"mysql", "mariadb"}:
        return None
    if isinstance(look.census, Failure):
        return not_looked(look.census)
    hidden = [f"{one.name}: {one.barred}" for one in look.barred if one.barred_by == "rows"]
    return say("no row is hidden from the login", hidden, "relations")


CHECK = Check(
    "SRC-ROW-SECURITY",
    "Rows that a policy hides would be missing in Snowflake without a word.",
    "Give the login BYPASSRLS (PostgreSQL), or let the policy's predicate show it all rows (SQL Server).",
    "https://www.postgresql.org/docs/current/ddl-rowsecurity.html",
    judge,
)
