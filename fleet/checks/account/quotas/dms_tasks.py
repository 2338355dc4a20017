"""Replication tasks of the account. DMS says how many there are, and not how many there may be."""

from __future__ import annotations

from fleet.checks.account_facts import AccountFacts, Unseen, not_seen
from fleet.checks.check import Check, Judged
from fleet.names import task_id, task_ids


def _judge(facts: AccountFacts) -> Judged:
    if isinstance(facts.tasks, Unseen):
        return not_seen(facts.tasks)
    settings = facts.registry.settings
    ours = {name for one in facts.registry.databases for name in task_ids(settings.prefix, one.id)}
    needed = len({task_id(settings.prefix, one.id, mode) for one in facts.wanted for mode in one.modes})
    others, most = len(facts.tasks.keys() - ours), settings.limits.dms_tasks
    found = f"{needed:,} needed, {others:,} of others, {most:,} by limits.dms_tasks"
    return Judged("failed" if needed + others > most else "passed", found)


CHECK = Check(
    "AWS-DMS-TASKS",
    "Each database needs a task, and a second one for deltas. Beyond the account's quota, which DMS shows nowhere, it "
    "makes none.",
    "Ask for more in Service Quotas (AWS DMS, tasks) and write what was granted as limits.dms_tasks, or have fewer "
    "databases do deltas.",
    "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Limits.html",
    _judge,
)
