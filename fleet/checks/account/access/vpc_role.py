"""The role by which DMS puts its instances into the network."""

from __future__ import annotations

from fleet.checks.account.access.account_roles import VPC_ROLE, judge_account_role
from fleet.checks.account_facts import AccountFacts
from fleet.checks.check import Check, Judged


def _judge(facts: AccountFacts) -> Judged:
    return judge_account_role(facts, VPC_ROLE)


CHECK = Check(
    "AWS-DMS-VPC-ROLE",
    "Without it DMS makes no subnet group, and so no replication instance.",
    "`fleet deploy` makes it with account_roles: create. One that the account has already needs "
    "AmazonDMSVPCManagementRole attached, and dms.amazonaws.com in its trust.",
    "https://docs.aws.amazon.com/dms/latest/userguide/security-iam.html",
    _judge,
)
