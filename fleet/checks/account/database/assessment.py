"""What the newest premigration assessment of the database's tasks found. None has to be there."""

from __future__ import annotations

from fleet.checks.account_facts import AssessmentFacts, DatabaseFacts, Unseen, not_seen
from fleet.checks.check import Check, Judged
from fleet.names import task_id

_UNDER_WAY = frozenset({"starting", "provisioning", "running", "cancelling", "deleting"})


def _judge(facts: DatabaseFacts) -> Judged | None:
    tasks, assessments = facts.account.tasks, facts.account.assessments
    if isinstance(assessments, Unseen):
        return not_seen(assessments)
    if isinstance(tasks, Unseen):
        return not_seen(tasks)
    names = (task_id(facts.prefix, facts.database.id, mode) for mode in facts.database.modes)
    found = {name: assessments[tasks[name].arn] for name in names if name in tasks and tasks[name].arn in assessments}
    if not found:
        return None
    if wrong := {name: one for name, one in found.items() if one.status not in {"passed", *_UNDER_WAY}}:
        # Never more: an item fails for what a full load does not mind, such as a table without a key.
        return Judged("remark", ", ".join(_say(name, one) for name, one in wrong.items()))
    return Judged("passed", ", ".join(_say(name, one) for name, one in found.items()))


def _say(name: str, one: AssessmentFacts) -> str:
    when = f" of {one.made_on:%Y-%m-%d}" if one.made_on else ""
    said = f"the assessment{when} of {name}: {one.status}"
    if isinstance(one.not_passed, Unseen):
        return f"{said} (which items, nobody could see: {one.not_passed.why})"
    return f"{said} ({', '.join(one.not_passed)})" if one.not_passed else said


CHECK = Check(
    "AWS-ASSESSMENT",
    "It names what DMS minds of source, target or task. DMS assesses by itself before some starts.",
    "Each item's page says what it asks of the source; mend that, or have DMS assess again.",
    "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.AssessmentReport.html",
    _judge,
)
