"""Storage of all replication instances of the account together."""

from __future__ import annotations

from fleet.checks.account.quotas.room import judge_room
from fleet.checks.account_facts import AccountFacts, Seen, Unseen
from fleet.checks.check import Check, Judged
from fleet.names import instance_id


def _judge(facts: AccountFacts) -> Judged:
    settings = facts.registry.settings
    wanted = settings.stack.replication
    sizes = {one.id: one.storage_gigabytes for one in wanted.sizes}
    names = {one.instance for one in facts.wanted}
    needed = sum(sizes.get(name, wanted.storage_gigabytes) for name in names)
    ours: Seen[int]
    if isinstance(facts.instances, Unseen):
        ours = facts.instances
    else:
        found = (facts.instances.get(instance_id(settings.prefix, name)) for name in names)
        ours = sum(one.storage_gigabytes for one in found if one)
    return judge_room(facts, "AllocatedStorage", needed, ours)


CHECK = Check(
    "AWS-DMS-STORAGE",
    "The disks of all replication instances share one quota, in GB; beyond it DMS makes no instance.",
    "Ask for more in Service Quotas (AWS DMS, storage), or lower stack.replication.storage_gigabytes.",
    "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Limits.html",
    _judge,
)
