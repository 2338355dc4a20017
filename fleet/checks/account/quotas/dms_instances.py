"""Replication instances of the account."""

from __future__ import annotations

from fleet.checks.account.quotas.room import judge_room
from fleet.checks.account_facts import AccountFacts, Seen, Unseen
from fleet.checks.check import Check, Judged
from fleet.names import instance_id


def _judge(facts: AccountFacts) -> Judged:
    prefix = facts.registry.settings.prefix
    needed = {instance_id(prefix, one.instance) for one in facts.wanted}
    instances = facts.instances
    ours: Seen[int] = instances if isinstance(instances, Unseen) else len(needed & instances.keys())
    return judge_room(facts, "ReplicationInstances", len(needed), ours)


CHECK = Check(
    "AWS-DMS-INSTANCES",
    "Beyond the account's quota DMS makes no replication instance; those of others count too.",
    "Ask for more in Service Quotas (AWS DMS, replication instances), or put the databases on fewer instances.",
    "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Limits.html",
    _judge,
)
