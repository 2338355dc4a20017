"""What lies in the buckets is encrypted by a key of the fleet's."""

from __future__ import annotations

from fleet.checks.account.buckets.both import judge_both
from fleet.checks.account_facts import AccountFacts, Unseen
from fleet.checks.check import Check, Judged


def _judge(facts: AccountFacts) -> Judged | None:
    return judge_both(
        facts,
        lambda one: one.key if isinstance(one.key, Unseen) else one.key != "",
        "remark",
        "a KMS key encrypts",
        "no KMS key encrypts",
    )


CHECK = Check(
    "AWS-BUCKETS-ENCRYPTED",
    "With S3's own key everybody who may read the bucket reads the rows; the fleet's key is a second lock.",
    "`fleet deploy` puts the key back.",
    "https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-encryption.html",
    _judge,
)
