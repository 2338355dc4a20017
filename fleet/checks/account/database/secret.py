"""The server's secret can be read as DMS and AskSource read it. Its content is never shown."""

from __future__ import annotations

from fleet.checks.account_facts import DatabaseFacts, Unseen, not_seen
from fleet.checks.check import Check, Judged


def _judge(facts: DatabaseFacts) -> Judged:
    name = facts.server.secret
    secret = facts.account.secrets[name]
    if isinstance(secret, Unseen):
        return not_seen(secret)
    if secret is None:
        return Judged("failed", f"secret {name!r} does not exist")
    if isinstance(secret.complaint, Unseen):
        return not_seen(secret.complaint)
    return (
        Judged("failed", secret.complaint) if secret.complaint else Judged("passed", f"{name!r} has its four members")
    )


CHECK = Check(
    "AWS-SECRET",
    "DMS and AskSource sign in with it: without host, port, username and password neither can.",
    "Put a JSON object with host, port, username and password into the secret (docs/deploy.md 3).",
    "https://docs.aws.amazon.com/dms/latest/userguide/security_iam_secretsmanager.html",
    _judge,
)
