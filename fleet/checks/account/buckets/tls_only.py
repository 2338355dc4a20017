"""The buckets refuse what comes without TLS."""

from __future__ import annotations

from fleet.checks.account.buckets.both import judge_both
from fleet.checks.account_facts import AccountFacts
from fleet.checks.check import Check, Judged


def _judge(facts: AccountFacts) -> Judged | None:
    return judge_both(
        facts,
        lambda one: one.is_tls_only,
        "remark",
        "what comes without TLS is refused",
        "what comes without TLS is answered, too",
    )


CHECK = Check(
    "AWS-BUCKETS-TLS",
    "The bucket's policy is what refuses a request in the clear.",
    "`fleet deploy` puts the policy back; find out who removed it.",
    "https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html",
    _judge,
)
