"""What is asked of the two roles of fixed names that DMS looks for in every account."""

from __future__ import annotations

from fleet.checks.account_facts import AccountFacts, Unseen, not_seen
from fleet.checks.check import Judged

VPC_ROLE, LOGS_ROLE = "dms-vpc-role", "dms-cloudwatch-logs-role"
DMS = "dms.amazonaws.com"


def judge_account_role(facts: AccountFacts, name: str) -> Judged:
    """Whether the role is there, DMS may assume it, and it may do something."""
    role = facts.roles[name]
    if isinstance(role, Unseen):
        return not_seen(role)
    if role is None:
        if facts.registry.settings.stack.replication.account_roles == "adopt":
            return Judged("failed", f"role {name!r} is not there, and account_roles: adopt says that it is")
        return facts.judge_missing(f"role {name!r}")
    if DMS not in {one.who for one in role.trusted}:
        return Judged("failed", f"{name!r} trusts {', '.join(one.who for one in role.trusted) or 'nobody'}, not {DMS}")
    if role.policies is None or isinstance(role.policies, Unseen):
        return not_seen(role.policies or Unseen("nobody asked for its policies"))
    if not role.policies:
        return Judged("failed", f"{name!r} has no policy, so DMS may do nothing with it")
    return Judged("passed", f"{name!r} is DMS's to assume, with {', '.join(role.policies)}")
