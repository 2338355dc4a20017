"""The key that the server's secret is under is the one that the registry names, and can decrypt."""

from __future__ import annotations

from fleet.checks.account_facts import DatabaseFacts, Unseen, not_seen
from fleet.checks.check import Check, Judged


def _judge(facts: DatabaseFacts) -> Judged | None:
    server = facts.server
    secret = facts.account.secrets[server.secret]
    if secret is None or isinstance(secret, Unseen):
        return None
    if isinstance(secret.key, Unseen):
        return not_seen(secret.key)
    if not secret.key:
        if server.secret_key:
            return Judged("remark", f"the secret is under Secrets Manager's own key, not under {server.secret_key}")
        return Judged("passed", "the secret is under Secrets Manager's own key")
    if not server.secret_key:
        return Judged("failed", f"the secret is under {secret.key}, and server {server.id!r} names no secret_key")
    key = facts.account.keys.get(secret.key)
    if key is None:
        return Judged("failed", f"the secret's key {secret.key} does not exist")
    if isinstance(key, Unseen):
        return not_seen(key)
    if _last(secret.key) != _last(server.secret_key) and not secret.key.startswith("alias/"):
        return Judged("failed", f"the secret is under {secret.key}, server {server.id!r} says {server.secret_key}")
    if key.state != "Enabled":
        return Judged("failed", f"the secret's key {secret.key} is {key.state}, wanted Enabled")
    return Judged("passed", f"the secret is under {secret.key}, as the registry says")


def _last(key: str) -> str:
    """The id in a key's ARN."""
    return key.rpartition("/")[2]


CHECK = Check(
    "AWS-SECRET-KEY",
    "The roles that read the secret may use the key that the registry names and no other.",
    "Write the key's ARN as the server's secret_key into registry/servers.yaml and deploy; enable the key in KMS.",
    "https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html",
    _judge,
)
