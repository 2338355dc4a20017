"""How long the Parquet files are kept."""

from __future__ import annotations

from fleet.checks.account_facts import AccountFacts, Unseen, not_seen
from fleet.checks.check import Check, Judged


def _judge(facts: AccountFacts) -> Judged | None:
    if facts.landing is None or isinstance(facts.landing, Unseen):
        return None
    days, wanted = facts.landing.expires_days, facts.registry.settings.stack.landing_retention_days
    if isinstance(days, Unseen):
        return not_seen(days)
    if days == 0:
        return Judged("remark", f"files are kept for ever, the registry says {wanted} days")
    found = f"files are kept for {days} days, the registry says {wanted}"
    if days < wanted:
        return Judged("failed", found)
    return Judged("remark" if days > wanted else "passed", found)


CHECK = Check(
    "AWS-LANDING-KEPT",
    "A run that is redriven reads files up to 14 days old: gone, it cannot go on. Kept for ever, they "
    "are paid for ever.",
    "`fleet deploy` puts the bucket's lifecycle back to stack.landing_retention_days.",
    "https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lifecycle-mgmt.html",
    _judge,
)
