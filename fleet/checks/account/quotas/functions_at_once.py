"""How many functions the account runs at once."""

from __future__ import annotations

from fleet.checks.account_facts import AccountFacts, Unseen, not_seen
from fleet.checks.check import Check, Judged


def _judge(facts: AccountFacts) -> Judged:
    if isinstance(facts.functions_at_once, Unseen):
        return not_seen(facts.functions_at_once)
    most, claimed = facts.functions_at_once, facts.registry.settings.limits.lambda_at_once
    found = f"{most:,} at once, limits.lambda_at_once says {claimed:,}"
    return Judged("remark" if most != claimed else "passed", found)


CHECK = Check(
    "AWS-LAMBDA-AT-ONCE",
    "With fewer functions at once than the plan reckons with a run takes longer; no database fails by it.",
    "Write the account's number as limits.lambda_at_once, or ask for more in Service Quotas (AWS Lambda, concurrent "
    "executions).",
    "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html",
    _judge,
)
