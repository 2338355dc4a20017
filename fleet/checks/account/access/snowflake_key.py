"""The key that signs in to Snowflake."""

from __future__ import annotations

from fleet.checks.account.access.keys import judge_key
from fleet.checks.account_facts import AccountFacts
from fleet.checks.check import Check, Judged


def _judge(facts: AccountFacts) -> Judged:
    return judge_key(facts, facts.registry.settings.snowflake.key_id, facts.snowflake_key, "SIGN_VERIFY", "RSA_2048")


CHECK = Check(
    "AWS-SNOWFLAKE-KEY",
    "Snowflake takes tokens of an RSA key; the private half never leaves KMS, and KMS must be able to sign.",
    "Enable it or cancel its deletion in KMS; `fleet deploy --stack foundation` makes one for an alias.",
    "https://docs.snowflake.com/en/user-guide/key-pair-auth",
    _judge,
)
