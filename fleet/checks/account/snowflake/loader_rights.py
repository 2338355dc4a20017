"""What the loader needs at Snowflake is there, and the loader may use it: warehouse, database, OPS, stage, tables."""

from __future__ import annotations

from fleet.checks.account.snowflake.grants import judge_grants
from fleet.checks.account_facts import AccountFacts, GrantFacts
from fleet.checks.check import Check, Judged


def _judge(facts: AccountFacts) -> Judged:
    where = facts.registry.settings.snowflake
    ops = f"{where.database}.OPS"
    needed = (
        GrantFacts("USAGE", "WAREHOUSE", where.warehouse),
        GrantFacts("USAGE", "DATABASE", where.database),
        GrantFacts("CREATE SCHEMA", "DATABASE", where.database),
        GrantFacts("USAGE", "SCHEMA", ops),
        GrantFacts("USAGE", "STAGE", f"{ops}.LANDING"),
        GrantFacts("USAGE", "FILE_FORMAT", f"{ops}.DMS_PARQUET"),
        GrantFacts("SELECT", "TABLE", f"{ops}.APPLIED"),
        GrantFacts("INSERT", "TABLE", f"{ops}.APPLIED"),
        GrantFacts("INSERT", "TABLE", f"{ops}.READINGS"),
    )
    return judge_grants(where.role, facts.snowflake.loader, needed)


CHECK = Check(
    "SNOW-LOADER-RIGHTS",
    "A load uses each of them; a thing that is not there cannot be granted, so that this looks for it too.",
    "Run what `fleet snowflake` prints as ACCOUNTADMIN: it makes and grants what is missing.",
    "https://docs.snowflake.com/en/sql-reference/sql/show-grants",
    _judge,
)
