"""Snowflake lets the loader in, by its key and with its role."""

from __future__ import annotations

from fleet.checks.account_facts import AccountFacts, Unseen, not_seen
from fleet.checks.check import Check, Judged


def _judge(facts: AccountFacts) -> Judged:
    refused, where = facts.snowflake.refused, facts.registry.settings.snowflake
    if isinstance(refused, Unseen):
        return not_seen(refused)
    if refused:
        return Judged("failed", refused)
    return Judged("passed", f"{where.user} signed in to {where.account} with role {where.role}")


CHECK = Check(
    "SNOW-SIGN-IN",
    "Each load signs in as this user, with a token that the KMS key signs.",
    "Compare account, user and role in the settings with Snowflake's; set the user's RSA_PUBLIC_KEY again with what "
    "`fleet snowflake` prints.",
    "https://docs.snowflake.com/en/developer-guide/sql-api/authenticating",
    _judge,
)
