"""The database's tasks are there, on the instance that the registry names."""

from __future__ import annotations

from fleet.checks.account_facts import DatabaseFacts, Unseen, not_seen
from fleet.checks.check import Check, Judged
from fleet.databases import Mode
from fleet.names import instance_id, task_id


def _judge(facts: DatabaseFacts) -> Judged:
    tasks, instances = facts.account.tasks, facts.account.instances
    if isinstance(tasks, Unseen):
        return not_seen(tasks)
    if isinstance(instances, Unseen):
        return not_seen(instances)
    by_mode = {mode: task_id(facts.prefix, facts.database.id, mode) for mode in facts.database.modes}
    missing: list[Mode] = [mode for mode in facts.database.modes if by_mode[mode] not in tasks]
    if missing:
        return facts.judge_missing(f"task {', '.join(by_mode[mode] for mode in missing)}", missing)
    names = list(by_mode.values())
    wanted = instance_id(facts.prefix, facts.database.instance)
    instance = instances.get(wanted)
    if instance is None:
        return facts.judge_missing(f"replication instance {wanted}")
    if elsewhere := [name for name in names if tasks[name].instance_arn != instance.arn]:
        return Judged("failed", f"{' and '.join(elsewhere)} is on another instance than {wanted}")
    if instance.status != "available":
        return Judged("failed", f"replication instance {wanted} is {instance.status}, wanted available")
    if failed := [name for name in names if tasks[name].status == "failed"]:
        return Judged("remark", f"{' and '.join(failed)} failed when it ran last")
    return Judged("passed", f"{' and '.join(names)} on {wanted}: {', '.join(tasks[name].status for name in names)}")


CHECK = Check(
    "AWS-TASKS",
    "A run starts these tasks: without them, or with an instance that is not available, it cannot.",
    "`fleet deploy` makes them; of one that failed `fleet report` says why.",
    "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.html",
    _judge,
)
