"""The credentials are of the account that the registry names."""

from __future__ import annotations

from fleet.checks.account_facts import AccountFacts, Unseen, not_seen
from fleet.checks.check import Check, Judged


def _judge(facts: AccountFacts) -> Judged:
    if isinstance(facts.account, Unseen):
        return not_seen(facts.account)
    wanted = facts.registry.settings.account
    if facts.account != wanted:
        return Judged("failed", f"the credentials are of account {facts.account}, the registry says {wanted}")
    return Judged("passed", f"the credentials are of account {wanted}")


CHECK = Check(
    "AWS-ACCOUNT",
    "All that follows was asked with the credentials of the environment: of another account it says nothing.",
    "Take credentials of the registry's account, as AWS_PROFILE does, or mend `account` in registry/settings.yaml.",
    "https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html",
    _judge,
)
