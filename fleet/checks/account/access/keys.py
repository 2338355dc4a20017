"""What is asked of a KMS key."""

from __future__ import annotations

from fleet.checks.account_facts import AccountFacts, KeyFacts, Seen, Unseen, not_seen
from fleet.checks.check import Judged


def judge_key(facts: AccountFacts, name: str, key: Seen[KeyFacts | None], usage: str, spec: str) -> Judged:
    """Whether the key is there, enabled, and of the *usage* and *spec*."""
    if isinstance(key, Unseen):
        return not_seen(key)
    if key is None:
        return facts.judge_missing(f"key {name!r}")
    if key.state != "Enabled":
        return Judged("failed", f"{name!r} is {key.state}, wanted Enabled")
    if (key.usage, key.spec) != (usage, spec):
        return Judged("failed", f"{name!r} is for {key.usage} with {key.spec}, wanted {usage} with {spec}")
    return Judged("passed", f"{name!r} is enabled, for {usage} with {spec}")
