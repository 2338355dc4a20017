"""The role by which Snowflake reads the landing bucket trusts Snowflake's user, and asks for the external id."""

from __future__ import annotations

from fleet.checks.account_facts import AccountFacts, Trusted, Unseen, not_seen
from fleet.checks.check import Check, Judged
from fleet.names import resource_name
from fleet.warehouse import SNOWFLAKE_ROLE


def _judge(facts: AccountFacts) -> Judged:
    settings = facts.registry.settings
    trust, name = settings.stack.snowflake_trust, resource_name(settings.prefix, SNOWFLAKE_ROLE)
    role = facts.roles[name]
    if isinstance(role, Unseen):
        return not_seen(role)
    if not trust.user_arn:
        return Judged("remark", "stack.snowflake_trust names no user of Snowflake's, so that no deploy makes the role")
    if role is None:
        return facts.judge_missing(f"role {name!r}")
    wanted = Trusted(trust.user_arn, trust.external_id)
    if wanted in role.trusted:
        return Judged("passed", f"{name!r} trusts {wanted.who} with the registry's external id")
    found = ", ".join(f"{one.who} with external id {one.external_id!r}" for one in role.trusted) or "nobody"
    return Judged("failed", f"{name!r} trusts {found}; wanted {wanted.who} with external id {wanted.external_id!r}")


CHECK = Check(
    "AWS-SNOWFLAKE-TRUST",
    "With another user or external id Snowflake cannot assume the role, and no load reads a file.",
    "Put what DESC STORAGE INTEGRATION FLEET_LANDING shows into stack.snowflake_trust, and deploy.",
    "https://docs.snowflake.com/en/user-guide/data-load-s3-config-storage-integration",
    _judge,
)
