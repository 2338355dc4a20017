"""No bucket can be made public."""

from __future__ import annotations

from fleet.checks.account.buckets.both import judge_both
from fleet.checks.account_facts import AccountFacts
from fleet.checks.check import Check, Judged


def _judge(facts: AccountFacts) -> Judged | None:
    return judge_both(
        facts,
        lambda one: one.is_private,
        "failed",
        "public access is blocked",
        "public access is not blocked in all four ways",
    )


CHECK = Check(
    "AWS-BUCKETS-PRIVATE",
    "The files are the sources' rows: one policy or ACL by mistake would show them to everybody.",
    "`fleet deploy` puts the block back; find out who removed it.",
    "https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html",
    _judge,
)
