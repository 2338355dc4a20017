"""Readers may read what is loaded, now and later."""

from __future__ import annotations

from fleet.checks.account.snowflake.grants import judge_grants
from fleet.checks.account_facts import AccountFacts, GrantFacts, Unseen, not_seen
from fleet.checks.check import Check, Judged


def _judge(facts: AccountFacts) -> Judged:
    where = facts.registry.settings.snowflake
    now = judge_grants(
        where.reader_role,
        facts.snowflake.reader,
        (
            GrantFacts("USAGE", "DATABASE", where.database),
            GrantFacts("USAGE", "SCHEMA", f"{where.database}.OPS"),
            GrantFacts("SELECT", "VIEW", f"{where.database}.OPS.FRESHNESS"),
        ),
    )
    if now.verdict != "passed":
        return now if now.verdict == "unknown" else Judged("remark", now.found)
    if isinstance(facts.snowflake.future, Unseen):
        return not_seen(facts.snowflake.future)
    later = {(one.privilege, one.on) for one in facts.snowflake.future if one.name.startswith(f"{where.database}.")}
    if lacking := {("USAGE", "SCHEMA"), ("SELECT", "TABLE")} - later:
        named = ", ".join(f"{privilege} on future {on.lower()}s" for privilege, on in sorted(lacking))
        return Judged("remark", f"{where.reader_role} lacks {named} of {where.database}")
    return Judged("passed", f"{where.reader_role} may read what is loaded, now and later")


CHECK = Check(
    "SNOW-READER-RIGHTS",
    "Loads go on without these, and nobody can read what they bring.",
    "Run what `fleet snowflake` prints as ACCOUNTADMIN.",
    "https://docs.snowflake.com/en/sql-reference/sql/grant-privilege",
    _judge,
)
