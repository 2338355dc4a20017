"""Endpoints of the account, and what `limits` says of them."""

from __future__ import annotations

from fleet.checks.account.quotas.room import judge_room
from fleet.checks.account_facts import AccountFacts, DatabaseFacts, Seen, Unseen
from fleet.checks.check import Check, Judged
from fleet.quota_use import ENDPOINTS_PER_DATABASE


def _judge(facts: AccountFacts) -> Judged:
    ours: Seen[int]
    if isinstance(facts.endpoints, Unseen):
        ours = facts.endpoints
    else:
        names = {name for one in facts.registry.databases for name in DatabaseFacts(facts, one).endpoint_ids}
        ours = len(names & facts.endpoints.keys())
    needed = len(facts.wanted) * ENDPOINTS_PER_DATABASE
    return judge_room(facts, "Endpoints", needed, ours, facts.registry.settings.limits.dms_endpoints)


CHECK = Check(
    "AWS-DMS-ENDPOINTS",
    "Each database needs two endpoints. Beyond the account's quota DMS makes none, and a plan that trusts a higher "
    "limits.dms_endpoints is wrong.",
    "Write the account's number as limits.dms_endpoints into registry/settings.yaml, or ask for more in Service Quotas "
    "(AWS DMS, endpoints).",
    "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Limits.html",
    _judge,
)
