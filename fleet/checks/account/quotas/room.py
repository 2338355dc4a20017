"""Whether a quota of DMS's has room for what the fleet needs, beside what others have."""

from __future__ import annotations

from fleet.checks.account_facts import AccountFacts, Seen, Unseen, not_seen
from fleet.checks.check import Judged


def judge_room(facts: AccountFacts, name: str, needed: int, ours: Seen[int], claimed: int | None = None) -> Judged:
    """Whether the quota of that *name* (DMS's) holds *needed*. *ours*: how many of those used are the fleet's own;
    *claimed*: what `limits` says the quota is."""
    if isinstance(facts.quotas, Unseen):
        return not_seen(facts.quotas)
    if isinstance(ours, Unseen):
        return not_seen(ours)
    quota = facts.quotas.get(name)
    if quota is None:
        return Judged("unknown", f"DMS names no quota {name!r}, only {', '.join(sorted(facts.quotas)) or 'none'}")
    found = f"{needed:,} needed, {max(0, quota.used - ours):,} of others, {quota.most:,} allowed"
    if needed + max(0, quota.used - ours) > quota.most:
        return Judged("failed", found)
    if claimed is not None and claimed != quota.most:
        return Judged("failed" if claimed > quota.most else "remark", f"{found}; `limits` says {claimed:,}")
    return Judged("passed", found)
