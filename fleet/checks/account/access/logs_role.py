"""The role by which DMS writes the logs of its tasks."""

from __future__ import annotations

from fleet.checks.account.access.account_roles import LOGS_ROLE, judge_account_role
from fleet.checks.account_facts import AccountFacts
from fleet.checks.check import Check, Judged


def _judge(facts: AccountFacts) -> Judged:
    return judge_account_role(facts, LOGS_ROLE)


CHECK = Check(
    "AWS-DMS-LOGS-ROLE",
    "Without it tasks leave no log, and a value that was cut is named nowhere else.",
    "`fleet deploy` makes it with account_roles: create. One that the account has already needs "
    "AmazonDMSCloudWatchLogsRole attached, and dms.amazonaws.com in its trust.",
    "https://docs.aws.amazon.com/dms/latest/userguide/security-iam.html",
    _judge,
)
