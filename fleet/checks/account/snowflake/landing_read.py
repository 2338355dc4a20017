"""Snowflake reads the landing bucket, by stage, integration and role. A folder that nobody has is listed."""

from __future__ import annotations

from fleet.checks.account_facts import AccountFacts, Unseen, not_seen
from fleet.checks.check import Check, Judged


def _judge(facts: AccountFacts) -> Judged:
    refused, bucket = facts.snowflake.landing_refused, facts.registry.settings.landing_bucket
    if isinstance(refused, Unseen):
        return not_seen(refused)
    if refused:
        return Judged("failed" if facts.is_deployed else "remark", refused)
    return Judged("passed", f"OPS.LANDING lists s3://{bucket}/")


CHECK = Check(
    "SNOW-LANDING-READ",
    "It is what each load does first, and the only proof that trust, external id, role and bucket fit together.",
    "See AWS-SNOWFLAKE-TRUST and SNOW-INTEGRATION; Snowflake keeps an assumed role for up to an hour.",
    "https://docs.snowflake.com/en/sql-reference/sql/list",
    _judge,
)
