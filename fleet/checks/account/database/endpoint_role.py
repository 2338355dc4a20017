"""The role by which DMS writes the database's prefix."""

from __future__ import annotations

from fleet.checks.account.access.account_roles import DMS
from fleet.checks.account_facts import DatabaseFacts, Unseen, not_seen
from fleet.checks.check import Check, Judged
from fleet.names import endpoint_role_name


def _judge(facts: DatabaseFacts) -> Judged:
    name = endpoint_role_name(facts.prefix, facts.database.id)
    role = facts.account.roles.get(name)
    if isinstance(role, Unseen):
        return not_seen(role)
    if role is None:
        return facts.judge_missing(f"role {name!r}")
    if DMS not in {one.who for one in role.trusted}:
        return Judged("failed", f"{name!r} trusts {', '.join(one.who for one in role.trusted) or 'nobody'}, not {DMS}")
    return Judged("passed", f"{name!r} is DMS's to assume")


CHECK = Check(
    "AWS-ENDPOINT-ROLE",
    "DMS writes the files by this role alone: without it the task cannot start.",
    "`fleet deploy` makes it, and puts its trust back.",
    "https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Target.S3.html",
    _judge,
)
